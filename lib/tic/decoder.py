"""Bytes to groups and frames: the one state machine of the library.

The decoder cuts on STX, ETX, EOT, LF and CR, never on reads or on lines of text: the last group
of a frame and the frame marks share one "line" (Enedis-NOI-CPT_54E section 5.3.1).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tic.frames import Frame, FrameKind, kind_of, mode_of
from tic.groups import MAX_GROUP, Group, Reason, Refusal, read_group, refusal
from tic.labels import BY_NAME, LABELS, Mode

_STX, _ETX, _EOT, _LF, _CR = 0x02, 0x03, 0x04, 0x0A, 0x0D
_NUL = b"\0"
_SPOKEN, _HIT = 1, 2

_MAX_GROUPS = 256
"""Groups, or refusals, in one frame; a whole frame has at most 69 groups. More means that the
marks are lost: the frame is given up, so that noise never grows memory."""

_MASK = bytes(byte & 0x7F for byte in range(256))
_EVEN = bytes(byte for byte in range(256) if byte.bit_count() % 2 == 0)
_IDENTITIES = frozenset({"ADCO", "ADSC"})

_frames = re.compile(rb"([\x02-\x04])").split
_marks = re.compile(rb"[\x02-\x04\n\r]").finditer
_begins = re.compile(rb"\n[\t -~]{0,%d}" % (MAX_GROUP - 1)).fullmatch  # a group, without its CR
_speaks = re.compile(rb"[!-~]").search

Item = Group | Refusal | Frame
"""What a decoder gives."""


@dataclass(slots=True)
class Statistics:
    """What a decoder has seen since it was made."""

    bytes: int = 0
    groups: int = 0
    eots: int = 0  # frames that the meter itself broke off
    frames: Counter[FrameKind] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)


class Decoder:
    """Turns bytes, cut anywhere, into :class:`Group`, :class:`Refusal` and :class:`Frame` objects.

    A group comes out at its CR, a frame at its ETX. ``mode`` refuses the labels of the other mode;
    ``None`` takes both. With ``partial``, groups outside a whole frame are given too, and then
    gathered in frames of kind ``partial``; without, they are only counted.
    """

    def __init__(self, mode: Mode | None = None, *, partial: bool = False) -> None:
        self.statistics = Statistics()
        self._mode = mode
        self._partial = partial
        foreign = {label.name for label in LABELS if mode is not None and label.mode is not mode}
        self._apart = _IDENTITIES | foreign  # labels that are not simply gathered
        self._pending = b""  # a group begun: its LF and what followed, at most MAX_GROUP bytes
        self._noise = 0  # what was heard outside any group: _SPOKEN, _HIT
        self._overlong = False  # outside any group: the rest of one refused as too long
        self._synchronised = False  # an LF or a frame mark was seen
        self._in_frame = False
        self._identified = False  # the frame in progress has its ADCO or ADSC
        self._groups: list[Group] = []
        self._refused: list[Refusal] = []

    def feed(self, data: bytes) -> list[Item]:
        """What these bytes complete, in order. Never raises, whatever the bytes."""
        self.statistics.bytes += len(data)
        raw = self._pending + data
        items: list[Item] = []
        if not self._noise and _begins(raw):
            self._pending = raw
            return items
        if self._noise or not raw.isascii():
            self._take_bytes(raw, items)
            return items
        *pieces, rest = _frames(raw)  # text, mark, text, mark ..., text
        for text, mark in zip(pieces[::2], pieces[1::2], strict=True):
            if text and (remains := self._take_lines(text, items)):
                self._take_bytes(remains + mark, items)
            else:
                self._synchronised = True
                self._take_mark(mark[0], items)
        self._pending = self._take_lines(rest, items) if rest else b""
        if self._pending and not _begins(self._pending):
            self._take_bytes(self._pending, items)
        return items

    def _take_lines(self, text: bytes, items: list[Item]) -> bytes:
        """The lines ended by CR of an ASCII text without frame marks; the hot path.

        What follows the last CR is given back.
        """
        lines = text.split(b"\r")
        rest = lines.pop()
        if len(self._groups) + len(lines) > _MAX_GROUPS:  # never in a frame: one by one
            self._take_bytes(text[: len(text) - len(rest)], items)
            return rest
        apart = self._apart
        good: list[Group] = []
        for line, chars in zip(lines, text.decode("ascii").split("\r"), strict=False):
            group = read_group(line, chars)
            if group is not None and group[0] not in apart:
                good.append(group)
                continue
            self._take_groups(good, items)
            good = []
            if group is None:  # noise, or bad
                self._take_bytes(line + b"\r", items)
            else:
                self._take_apart(group, line, items)
        self._take_groups(good, items)
        return rest

    def close(self) -> list[Item]:
        """End of input: what was heard of a frame comes out as ``partial``."""
        items: list[Item] = []
        self._pending = b""
        self._noise = self._overlong = False
        self._in_frame = False
        self._end_frame(FrameKind.PARTIAL, items)
        return items

    def _take_bytes(self, raw: bytes, items: list[Item]) -> None:
        """The general way: from mark to mark. A byte above 0x7F counts masked."""
        masked = raw.translate(_MASK)
        begun = -1  # where the LF of the group in progress is
        after = 0  # what follows the last mark
        for match in _marks(masked):
            at = match.start()
            mark = masked[at]
            if begun < 0:
                self._end_noise(masked[after:at], mark, items)
            elif mark == _CR:
                self._end_group(masked[begun:at], raw[begun : at + 1], items)
            elif at > begun + 1:
                self._refuse(_piece(masked[begun:at], raw[begun:at]), items)
            begun = at if mark == _LF else -1
            after = at + 1
            if mark <= _EOT:
                self._take_mark(mark, items)
        self._pending = raw[begun:] if begun >= 0 else b""
        if begun < 0:
            self._noise |= _noise_of(masked[after:])
        elif len(self._pending) > MAX_GROUP:
            self._refuse(refusal(masked[begun:]), items)
            self._pending = b""
            self._noise, self._overlong = _SPOKEN, True

    def _end_noise(self, noise: bytes, mark: int, items: list[Item]) -> None:
        """Bytes outside a group end at a mark; if it is CR, they were a group."""
        lost_its_lf = mark == _CR and self._synchronised and not self._overlong
        if lost_its_lf and (heard := self._noise | _noise_of(noise)) & _SPOKEN:
            reason = Reason.PARITY if heard & _HIT else Reason.CONTROL
            self._refuse(Refusal(reason, None, b""), items)
        self._synchronised |= mark != _CR
        self._noise = self._overlong = False

    def _end_group(self, line: bytes, raw: bytes, items: list[Item]) -> None:
        """LF to checksum; ``raw`` as received, with the CR. An empty line is not a group."""
        if len(line) == 1:
            return
        if len(line) <= MAX_GROUP and _is_hit(raw):
            self._refuse(Refusal(Reason.PARITY, None, line[1:]), items)
            return
        group = read_group(line, line.decode("ascii"))
        if group is None:
            self._refuse(refusal(line), items)
        elif group.label in self._apart:
            self._take_apart(group, line, items)
        else:
            self._take_groups([group], items)

    def _take_apart(self, group: Group, line: bytes, items: list[Item]) -> None:
        """A label of the other mode, else ADCO or ADSC.

        A second identity means that the marks between two frames were lost.
        """
        self._synchronised = True
        if self._mode is not None and BY_NAME[group.label].mode is not self._mode:
            self._refuse(Refusal(Reason.FORMAT, group.label, line[1:]), items)
            return
        if self._identified:
            in_frame = self._in_frame
            self._end_frame(FrameKind.INTERRUPTED, items)
            self._in_frame = in_frame
        self._identified = True
        self._take_groups([group], items)

    def _take_groups(self, groups: list[Group], items: list[Item]) -> None:
        if not groups:
            return
        self._synchronised = True  # each had its LF
        self.statistics.groups += len(groups)
        if self._in_frame or self._partial:
            self._groups += groups
            items += groups
            if len(self._groups) >= _MAX_GROUPS:
                self._end_frame(FrameKind.INTERRUPTED, items)

    def _refuse(self, refusal: Refusal, items: list[Item]) -> None:
        self.statistics.refused[refusal.reason] += 1
        items.append(refusal)
        if self._in_frame or self._partial:
            self._refused.append(refusal)
            if len(self._refused) >= _MAX_GROUPS:
                self._end_frame(FrameKind.INTERRUPTED, items)

    def _take_mark(self, mark: int, items: list[Item]) -> None:
        """STX begins a frame, ETX ends it, EOT or another STX interrupts it."""
        whole = mark == _ETX
        self.statistics.eots += mark == _EOT and self._in_frame
        kind = kind_of(self._groups, self._refused) if whole else FrameKind.INTERRUPTED
        self._end_frame(kind, items)
        self._in_frame = mark == _STX

    def _end_frame(self, kind: FrameKind, items: list[Item]) -> None:
        """Give what was gathered; outside a frame it is ``partial`` whatever the mark says."""
        groups, refused = tuple(self._groups), tuple(self._refused)
        if groups or refused:
            frame = Frame(
                kind if self._in_frame else FrameKind.PARTIAL,
                mode_of(groups) or self._mode or Mode.HISTORIQUE,
                groups,
                refused,
            )
            self.statistics.frames[frame.kind] += 1
            items.append(frame)
            self._groups = []
            self._refused = []
        self._in_frame = self._identified = False


def _noise_of(text: bytes) -> int:
    """What bytes outside any group are: a group without its LF speaks, and may begin with NUL."""
    return (_SPOKEN if _speaks(text) else 0) | (_HIT if _NUL in text else 0)


def _is_hit(raw: bytes) -> bool:
    """Whether a byte of a group came with wrong parity.

    Where the adapter or the kernel checks it, such a byte arrives as NUL; an 8-bit line hands the
    parity over as bit 7.
    """
    return _NUL in raw or (not raw.isascii() and raw.translate(None, _EVEN) != b"")


def _piece(line: bytes, raw: bytes) -> Refusal:
    """A group that another mark cut; the byte that was to end it may have been hit."""
    if len(line) > MAX_GROUP:
        return refusal(line)
    return Refusal(Reason.PARITY if _is_hit(raw) else Reason.CONTROL, None, line[1:])
