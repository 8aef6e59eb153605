"""Groups and frames to bytes, as a meter sends them."""

from __future__ import annotations

from collections.abc import Iterable

from tic.errors import EncodeError
from tic.groups import HT, SP, Group, Reason, checksum, fault
from tic.labels import BY_NAME, Mode

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"


def separator_of(label: str) -> str:
    """The separator a label is usually sent with: SP for historique labels, else HT."""
    known = BY_NAME.get(label)
    return SP if known is not None and known.mode is Mode.HISTORIQUE else HT


def encode_group(group: Group, separator: str | None = None) -> bytes:
    """The bytes of one group, LF to CR, with its checksum.

    ``separator`` is SP or HT; by default that of the label's mode. HT with historique labels is
    what CPT_02E v6 allows meters designed after 2013. Raises :class:`EncodeError` for a group
    that the decoder would refuse.
    """
    label, value, horodate = group
    separator = separator or separator_of(label)
    reason = fault(label, value, horodate)
    if reason is None and separator == SP and not _may_travel_with_sp(label, horodate):
        reason = Reason.FORMAT
    if reason is not None:
        raise EncodeError(label, value, reason)
    fields = [label, value] if horodate is None else [label, horodate, value]
    payload = separator.join(fields).encode("ascii")
    covered = payload + HT.encode() if separator == HT else payload
    return b"\n%b%b%c\r" % (payload, separator.encode(), checksum(covered))


def _may_travel_with_sp(label: str, horodate: str | None) -> bool:
    """Historique labels may, and those outside the table; a horodate may not."""
    return horodate is None and (label not in BY_NAME or separator_of(label) == SP)


def encode_frame(
    groups: Iterable[Group], separator: str | None = None, *, interrupted: bool = False
) -> bytes:
    """STX, the groups in the order given, and ETX; EOT if ``interrupted``."""
    body = b"".join(encode_group(group, separator) for group in groups)
    return STX + body + (EOT if interrupted else ETX)
