"""One TIC group: its checks and its bytes, without any state.

A group is ``LF label SP value SP checksum CR`` or, with HT as separator,
``LF label HT [horodate HT] value HT checksum CR`` (Enedis-NOI-CPT_54E section 5.3).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tic.labels import BY_NAME, LABEL_NAME, Label, Mode

SP = " "
HT = "\t"

MAX_GROUP = 128
"""Bytes from LF to the checksum; the longest real group has 111 (PJOURF+1)."""

_MAX_VALUE = 98
_MIN_LINE = 5  # LF, a label of one character, separator, separator, checksum


class Group(NamedTuple):
    """What one verified group said: ``label``, ``value`` and ``horodate`` as sent, or ``None``."""

    label: str
    value: str
    horodate: str | None = None


class Reason(StrEnum):
    """Why a group was refused, in the order in which the checks are made."""

    TOO_LONG = "too long"
    PARITY = "parity"  # a byte of odd parity on an 8-bit line, or NUL: the kernel's word for one
    CONTROL = "control character"  # a piece of a group: CR or LF lost, or one inside
    CHARSET = "charset"  # a character that no label or no value has
    FORMAT = "format"  # not two or three fields and a checksum
    CHECKSUM = "checksum"
    SIZE = "size"
    VALUE = "value"  # the checksum verifies, the value is not one of this label


@dataclass(frozen=True, slots=True)
class Refusal:
    """A group that was not believed.

    ``label`` is what stands in its place, where that looks like one; ``raw`` the bytes, without
    LF and CR, at most :data:`MAX_GROUP` of them.
    """

    reason: Reason
    label: str | None
    raw: bytes


class _Rule(NamedTuple):
    """What the hot path must know of a label."""

    name: str
    size: int
    matches: Callable[[str], object]
    horodate: Callable[[str], object] | None  # None: the label has no horodate
    spaced: bool  # may be sent with SP


_DAY = (
    r"(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
    r"|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY = r"(?:[02468][048]|[13579][26])0229"
_TIME = r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
_HORODATE = rf"(?:[0-9]{{2}}{_DAY}|{_LEAP_DAY}){_TIME}"
_dated = re.compile(rf"[EHeh]{_HORODATE}").fullmatch
_announced = re.compile(rf"[EHeh ]{_HORODATE}").fullmatch  # DPMn, FPMn: no season


def _rule(label: Label) -> _Rule:
    digits = label.pattern == f"[0-9]{{{label.size}}}" and label.size > 0
    stamp = None
    if label.timestamped:
        stamp = _announced if label.name[:3] in {"DPM", "FPM"} else _dated
    return _Rule(
        label.name,
        label.size,
        str.isdigit if digits else re.compile(label.pattern).fullmatch,
        stamp,
        label.mode is Mode.HISTORIQUE,
    )


# The LF stays with the name: the hot path need not cut it off.
_RULES = {f"\n{label.name}": _rule(label) for label in BY_NAME.values()}

_is_value = re.compile(rf"[ -~]{{0,{_MAX_VALUE}}}").fullmatch
_is_printable = re.compile(r"[ -~]*").fullmatch
_new = tuple.__new__  # a third of the cost of calling the class
_adler32 = zlib.adler32  # its low half is 1 + the sum of the bytes, at half the cost of sum()


def _sums(uncovered: int) -> tuple[int, ...]:
    """For each byte as checksum what the sum of the whole line then ends with; -1 for never."""
    return tuple(
        (uncovered + 2 * check - 0x20) & 0x3F if 0x20 <= check < 0x60 else -1
        for check in range(128)
    )


# Adler's own 1 and LF do not count, nor the last separator if it is SP (CPT_54E 5.3.6).
_SUMS_SP, _SUMS_HT = _sums(1 + 10 + 32), _sums(1 + 10)


def checksum(payload: bytes) -> int:
    """The checksum character of the bytes it covers.

    With SP they end before the last separator, with HT they include it (CPT_54E 5.3.6).
    """
    return (sum(payload) & 0x3F) + 0x20


def read_group(line: bytes, chars: str) -> Group | None:
    """The group of a line, or ``None`` if any check fails: :func:`refusal` then says which.

    ``line`` is LF to checksum, at most ``MAX_GROUP`` bytes below 0x80; ``chars`` the same as text.
    This is the hot path: a standard frame has 38 to 69 groups, a year 10^9.
    """
    fields = chars.split(HT)
    count = len(fields)
    if count == 1:
        key, _, rest = chars.partition(SP)
        value = rest[:-2]
        sums, stamp = _SUMS_SP, None
        if rest[-2:-1] != SP:
            return None
    elif count == 3 and len(fields[2]) == 1:
        key, value, _ = fields
        sums, stamp = _SUMS_HT, None
    elif count == 4 and len(fields[3]) == 1:
        key, stamp, value, _ = fields
        sums = _SUMS_HT
    else:
        return None
    if _adler32(line) & 0x3F != sums[line[-1]]:
        return None
    rule = _RULES.get(key)
    if rule is None:
        return _read_unknown(key, value, stamp)
    name, size, matches, dated, spaced = rule
    if len(value) != size or not matches(value) or (count == 1 and not spaced):
        return None
    if dated is None:
        return None if stamp is not None else _new(Group, (name, value, None))
    return _new(Group, (name, value, stamp)) if stamp is not None and dated(stamp) else None


def _read_unknown(key: str, value: str, stamp: str | None) -> Group | None:
    """A label outside the table passes if it could be one: other meters, later versions."""
    if key[:1] != "\n" or not LABEL_NAME.fullmatch(key, 1) or not _is_value(value):
        return None
    if stamp is not None and not _announced(stamp):
        return None
    return Group(key[1:], value, stamp)


def refusal(line: bytes) -> Refusal:
    """Why :func:`read_group` says ``None`` of a line (LF to checksum, bytes below 0x80)."""
    body = line[1:]
    chars = body.decode("ascii")
    label = re.match(rf"{LABEL_NAME.pattern}(?=[ \t])", chars)
    return Refusal(_reason(body, chars), label and label[0], body[:MAX_GROUP])


def _reason(body: bytes, chars: str) -> Reason:
    if len(body) >= MAX_GROUP:
        return Reason.TOO_LONG
    if not _is_printable(chars.replace(HT, SP)):
        return Reason.CONTROL
    fields = chars.split(HT)
    spaced = len(fields) == 1
    if len(body) < _MIN_LINE - 1 or chars[-2] not in {SP, HT}:
        return Reason.FORMAT
    if spaced:
        label, _, rest = chars.partition(SP)
        fields = [label, rest[:-2], rest[-1:]]
    if len(fields) not in {3, 4} or len(fields[-1]) != 1:
        return Reason.FORMAT
    if checksum(body[:-2] if spaced else body[:-1]) != body[-1]:
        return Reason.CHECKSUM
    # A standard label sent with SP breaks no rule but that of its format.
    stamp = fields[1] if len(fields) == 4 else None
    return fault(fields[0], fields[-2], stamp) or Reason.FORMAT


def fault(label: str, value: str, horodate: str | None) -> Reason | None:
    """The rule that a group breaks once its checksum verifies, or ``None``.

    Exact size first, then characters, enumerations and dates (Enedis-NOI-CPT_54E section 6.2).
    """
    rule = _RULES.get(f"\n{label}")
    if rule is None:
        if not LABEL_NAME.fullmatch(label) or not _is_printable(value):
            return Reason.CHARSET
        if not _is_value(value):
            return Reason.SIZE
        return None if horodate is None or _announced(horodate) else Reason.VALUE
    if len(value) != rule.size:
        return Reason.SIZE
    if not (value.isascii() and rule.matches(value)):
        return Reason.VALUE
    if (rule.horodate is None) != (horodate is None):
        return Reason.FORMAT
    if rule.horodate is not None and horodate is not None and not rule.horodate(horodate):
        return Reason.VALUE
    return None
