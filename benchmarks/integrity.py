"""How many wrong values a damaged line gets published: ``make bench-integrity``.

Simulated meters speak, the line damages their bytes, and what the gateway believes is held against
what the meters said. A value is recovered if its group arrived whole and it was believed; it is
wrong if the meter did not say it in the last 60 frames (an index: neither that nor anything
between the least and the highest of them).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from table import Table

from teleinfo_gateway.integrity import Integrity
from teleinfo_gateway.simulation import (
    Installation,
    LineFault,
    LineFaults,
    SimulatedMeter,
    Tariff,
)
from tic import BY_NAME, Decoder, Frame, Group, Kind, Mode

_START = datetime(2026, 1, 10, 12, tzinfo=UTC)
_FRAME_S = {Mode.HISTORIQUE: 2.3, Mode.STANDARD: 1.0}
_MEMORY = 60  # frames: an index is told for half a minute after it was last confirmed
_IDENTITIES = {"ADCO", "ADSC"}

_KINDS = {
    "bit flips": LineFault.BIT_FLIP,
    "bit flips, parity checked": LineFault.BIT_FLIP_PARITY,
    "lost bytes": LineFault.LOST_BYTE,
    "added bytes": LineFault.ADDED_BYTE,
    "merged groups": LineFault.MERGED,
}
_RATES = (0.001, 0.01, 0.05)
_HEADLINE = (LineFault.BIT_FLIP, 0.01)


@dataclass(slots=True)
class Count:
    """What became of the values of one run."""

    frames: int = 0
    whole: int = 0
    right: int = 0
    wrong: int = 0
    wrong_indexes: int = 0

    def row(self, *names: str) -> Sequence[str]:
        """The cells of the table."""
        return [
            *names,
            f"{self.frames}",
            f"{self.right / self.whole:.2%}",
            f"{self.wrong}",
            f"{self.wrong_indexes}",
        ]


@dataclass(slots=True)
class Truth:
    """What a meter said lately."""

    frames: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=_MEMORY))

    def has(self, label: str, value: str) -> bool:
        """Whether the meter said ``value``, or an index on the way to it."""
        said = {frame[label] for frame in self.frames if label in frame}
        if value in said:
            return True
        is_index = BY_NAME[label].kind is Kind.INDEX
        return is_index and bool(said) and min(said) <= value <= max(said)


def run(mode: Mode, fault: LineFault, rate: float, frames: int) -> Count:
    """Let one meter speak over one bad line."""
    meter = SimulatedMeter(Installation("bench", mode, Tariff.TEMPO, seed=3), _START)
    line = LineFaults({fault: rate}, seed=1)
    decoder, integrity, truth, count = Decoder(partial=True), Integrity(), Truth(), Count(frames)
    for number in range(frames):
        now_s = number * _FRAME_S[mode]
        sent = meter.frame(_START + timedelta(seconds=now_s))
        arrived, damaged = line.damage_with_marks(sent)
        said = _groups(sent)
        truth.frames.append({group.label: group.value for group, _, _ in said})
        count.whole += sum(
            not any(first < end and last > begin for first, last in damaged)
            for group, begin, end in said
            if group.label not in _IDENTITIES
        )
        for item in decoder.feed(arrived):
            if isinstance(item, Frame):
                _check(integrity.judge(item, now_s).values, truth, count)
    return count


def _groups(sent: bytes) -> list[tuple[Group, int, int]]:
    """The groups of a frame as sent, each with where it begins and ends."""
    groups = []
    begin = sent.find(b"\n")
    while begin >= 0:
        end = sent.index(b"\r", begin) + 1
        [group] = Decoder(partial=True).feed(sent[begin:end])
        assert isinstance(group, Group)  # noqa: S101  # the simulator makes no mistakes
        groups.append((group, begin, end))
        begin = sent.find(b"\n", end)
    return groups


def _check(believed: dict[str, str], truth: Truth, count: Count) -> None:
    for label, value in believed.items():
        if label in _IDENTITIES:
            continue
        if truth.has(label, value):
            count.right += 1
        else:
            count.wrong += 1
            count.wrong_indexes += BY_NAME[label].kind is Kind.INDEX


def tables(headline_frames: int = 100_000, frames: int = 3_000) -> list[Table]:
    """The promise in many frames, then every kind of damage in fewer."""
    figures = ("frames", "recovered", "wrong values", "wrong indexes")
    columns = ("damage", "bytes hit", "mode", *figures)
    fault, rate = _HEADLINE
    promise = [
        run(mode, fault, rate, headline_frames).row(fault.value, f"{rate:.1%}", mode)
        for mode in Mode
    ]
    rest = [
        run(mode, fault, rate, frames).row(name, f"{rate:.1%}", mode)
        for name, fault in _KINDS.items()
        for rate in _RATES
        for mode in Mode
    ]
    return [
        Table("Integrity: bit flips that no parity check sees", columns, promise),
        Table("Integrity: every kind of damage", columns, rest),
    ]


if __name__ == "__main__":
    for table in tables(*map(int, sys.argv[1:])):
        print(table, end="\n\n", flush=True)
