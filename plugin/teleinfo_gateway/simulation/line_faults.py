"""A bad line: what becomes of a meter's bytes on their way to a reader. Pure, the same by seed."""

import math
from collections.abc import Mapping
from itertools import accumulate
from operator import itemgetter
from random import Random

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.fault_base import Fault

__all__ = ["LineFault", "LineFaults", "Span"]

_STX, _EOT, _LF, _CR, _NUL = b"\x02", b"\x04", b"\n", b"\r", b"\0"

Span = tuple[int, int]
"""Damaged bytes: positions of the first and after the last; equal where a byte was put between two.

A group that stands at ``begin`` to ``end`` (after its CR) is whole unless a span has
``span[0] < end and span[1] > begin``.
"""


class LineFault(Fault):
    """What can become of a byte; ``usual`` is a rate for each byte."""

    BIT_FLIP = "bit-flip", 0.001, "a wrong bit; nobody checks the parity"
    BIT_FLIP_PARITY = "bit-flip-parity", 0.001, "a wrong bit that the parity tells: NUL comes"
    HIGH_BYTE = "high-byte", 0.0005, "any byte over 0x7F instead"
    LOST_BYTE = "lost-byte", 0.0005, "a byte lost"
    ADDED_BYTE = "added-byte", 0.0005, "any byte up to 0x7F too many"
    NUL = "nul", 0.0005, "a NUL too many, as a broken line gives"
    LOST_LF = "lost-lf", 0.0002, "the next LF lost"
    LOST_CR = "lost-cr", 0.0002, "the next CR lost"
    MERGED = "merged", 0.0002, "the next CR lost, to the LF behind it: two groups in one"
    TRUNCATED = "truncated", 0.0001, "the rest of the frame lost, its ETX too"
    EOT = "eot", 0.0001, "EOT behind the next CR, the rest of the frame not sent"


_WAITS_FOR = {
    LineFault.LOST_LF: _LF,
    LineFault.LOST_CR: _CR,
    LineFault.MERGED: _CR,
    LineFault.EOT: _CR,
}
_ENDS_WITH = {LineFault.MERGED: (_LF, 1), LineFault.TRUNCATED: (_STX, 0), LineFault.EOT: (_STX, 0)}
"""Faults that swallow what follows: up to which byte, and whether that is lost too."""

_IN_FRONT = {LineFault.ADDED_BYTE, LineFault.NUL}

_Hit = tuple[int, LineFault, float]
"""Position, fault, and the random number in 0..1 from which it takes what it needs."""


class LineFaults:
    """Damages a stream of bytes, given in pieces of any size; they change nothing.

    ``rates`` has, for each fault, how many of them a byte meets on average, 0 to 1; together at
    most 1, else :class:`SimulationError`. A fault that waits for LF or CR hits the next one, so
    that rates of different faults compare. What falls on a byte already hit, or lost, has no
    effect. The positions of the faults depend on ``seed`` and on nothing else.
    """

    def __init__(self, rates: Mapping[LineFault, float], seed: int = 1) -> None:
        total = sum(rates.values())
        if not (all(0 <= rate <= 1 for rate in rates.values()) and total <= 1):
            raise SimulationError(
                "faults of the line are rates for each byte: 0 to 1, and at most 1 together"
            )
        self._faults = [fault for fault, rate in rates.items() if rate > 0]
        self._weights = list(accumulate(rate for rate in rates.values() if rate > 0))
        self._random = Random(f"line {seed}")  # noqa: S311  # noise, not a secret
        # Bytes without a fault are as many as a geometric distribution says: one random number
        # for each fault, not for each byte.
        self._scale = -1 / math.log1p(-total) if 0 < total < 1 else 0.0
        self._gap = self._draw_gap()  # bytes from the next one to the next fault
        self._waiting: dict[LineFault, float] = {}  # those whose LF or CR has not come yet
        self._swallows: tuple[bytes, int] | None = None

    def damage(self, data: bytes) -> bytes:
        """What arrives of the next bytes of the stream."""
        return self.damage_with_marks(data)[0]

    def damage_with_marks(self, data: bytes) -> tuple[bytes, list[Span]]:
        """What arrives of ``data``, and where ``data`` was damaged; the spans are in order."""
        if not self._faults:
            return data, []
        arrived = bytearray()
        marks: list[Span] = []
        at = 0  # the first byte not dealt with
        if self._swallows is not None:
            at = self._swallowed(data, at)
            marks.append((0, at))
        for target, fault, dice in self._hits(data):
            if target < at:
                continue
            arrived += data[at:target]
            arrived += _arrives(fault, data[target], dice)
            begin = target + (fault is LineFault.EOT)  # its CR is whole
            at = end = target + 1
            if fault in _ENDS_WITH:
                self._swallows = _ENDS_WITH[fault]
                at = end = self._swallowed(data, at)
            elif fault in _IN_FRONT:
                end = begin
            marks.append((begin, end))
        arrived += data[at:]
        return bytes(arrived), marks

    def _hits(self, data: bytes) -> list[_Hit]:
        """The faults that hit these bytes, by position; of those at one place, in order drawn.

        At most one of each fault waits: two that wait for the same LF are one.
        """
        drawn: list[_Hit] = [(0, fault, dice) for fault, dice in self._waiting.items()]
        self._waiting = {}
        while self._gap < len(data):
            fault = self._random.choices(self._faults, cum_weights=self._weights)[0]
            drawn.append((self._gap, fault, self._random.random()))
            self._gap += 1 + self._draw_gap()
        self._gap -= len(data)
        hits: list[_Hit] = []
        for drawn_at, fault, dice in drawn:
            at = drawn_at
            if fault in _WAITS_FOR:
                at = -1 if fault in self._waiting else data.find(_WAITS_FOR[fault], at)
            if at < 0:
                self._waiting.setdefault(fault, dice)
            else:
                hits.append((at, fault, dice))
        hits.sort(key=itemgetter(0))
        return hits

    def _draw_gap(self) -> int:
        return int(-math.log(1 - self._random.random()) * self._scale)

    def _swallowed(self, data: bytes, at: int) -> int:
        """Where the bytes that arrive go on, after those swallowed from ``at`` on."""
        until, also = self._swallows or (_STX, 0)
        found = data.find(until, at)
        if found < 0:
            return len(data)
        self._swallows = None
        return found + also


def _arrives(fault: LineFault, byte: int, dice: float) -> bytes:
    """What a reader gets instead of the byte that was hit."""
    match fault:
        case LineFault.BIT_FLIP:
            return bytes((byte ^ 1 << int(dice * 7),))
        case LineFault.BIT_FLIP_PARITY:
            return _NUL
        case LineFault.HIGH_BYTE:
            return bytes((0x80 + int(dice * 0x80),))
        case LineFault.ADDED_BYTE:
            return bytes((int(dice * 0x80), byte))
        case LineFault.NUL:
            return bytes((0, byte))
        case LineFault.EOT:
            return bytes((byte,)) + _EOT
        case _:
            return b""
