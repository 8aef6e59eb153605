"""Samples of a meter -> energy of each hour and tariff slot, and of outages. Pure.

Between two samples that follow each other closely the energy is known, and split at the hour by
time. Between two that do not, only its sum is known: it is the energy of an outage, and belongs to
an hour, a day, a month or a year only if the whole outage lies inside. So the energy of all hours
plus that of the outages that cross an hour is exactly what the indexes say, to the watt-hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from teleinfo_gateway.history.periods import HOUR_S
from teleinfo_gateway.plausibility import DEFAULT_LIMIT_W


class Tariff(NamedTuple):
    """What energy is counted under: an index of a contract.

    ``optarif`` is the historique option, or the calendar's own name (NGTF) where none stands for
    it; ``slot`` is the number of the supplier index, 1 to 10.
    """

    optarif: str
    slot: int


UNKNOWN = Tariff("", 0)
"""Of energy that the meter counted while its contract changed: only the total tells it."""

INJECTED = Tariff("", -1)
"""Of energy injected into the network."""

_MARGIN_WH = 1000
"""What an index may rise beyond what any installation can draw: a clock may have been set."""

_CLOSE_S = 180
"""Two samples closer than this follow each other: a meter counts as lost after 180 s."""


class Sample(NamedTuple):
    """What a stored reading says of energy and power, at ``ts`` (unix seconds).

    ``interval_s`` is the time expected until the next one. ``optarif`` and ``slot`` are the tariff
    at that time, ``""`` and 0 if unknown. ``slots`` maps a slot to its index in Wh; it is empty if
    the reading lost one. Powers are in VA, ``papp_min`` and ``papp_max`` of the time since the
    sample before.
    """

    ts: int
    interval_s: int
    optarif: str
    slot: int
    slots: Mapping[int, int]
    total: int | None = None
    injected: int | None = None
    papp: int | None = None
    papp_min: int | None = None
    papp_max: int | None = None
    pinj: int | None = None

    @property
    def tariff(self) -> Tariff:
        """The tariff at its time."""
        return Tariff(self.optarif, self.slot)


def is_close(ts: int, interval_s: int, after: int) -> bool:
    """Whether what comes at ``after`` follows what came at ``ts`` and was to be repeated."""
    return after - ts <= max(_CLOSE_S, 3 * interval_s)


@dataclass(slots=True)
class Sum:
    """One tariff of one period. ``wh`` and ``va_seconds`` are ``None`` where nothing told them.

    ``untold_s`` of the ``seconds`` have no power and no part in ``va_seconds``.
    """

    wh: int | None = None
    va_seconds: int | None = None
    papp_min: int | None = None
    papp_max: int | None = None
    seconds: int = 0
    untold_s: int = 0

    @property
    def powered_s(self) -> int:
        """The seconds of which the power is known."""
        return 0 if self.va_seconds is None else self.seconds - self.untold_s

    @property
    def va_seconds_of_all(self) -> int | None:
        """Power times time, where the mean stands for what nothing told."""
        if self.va_seconds is None or not self.powered_s:
            return self.va_seconds
        return round(self.va_seconds * self.seconds / self.powered_s)

    def add_wh(self, wh: int) -> None:
        """Add energy."""
        self.wh = wh if self.wh is None else self.wh + wh

    def see(self, seconds: int, papp: int | None) -> None:
        """Add time in which the meter was heard, and its power meanwhile."""
        self.seconds += seconds
        if papp is None:
            self.untold_s += seconds
        else:
            self.va_seconds = (self.va_seconds or 0) + papp * seconds
            self.span(papp, papp)

    def plus(self, other: Sum) -> Sum:
        """Both together."""
        both = Sum(self.wh, self.va_seconds, self.papp_min, self.papp_max, self.seconds)
        if other.wh is not None:
            both.add_wh(other.wh)
        if other.va_seconds is not None:
            both.va_seconds = (both.va_seconds or 0) + other.va_seconds
        both.span(other.papp_min, other.papp_max)
        both.seconds += other.seconds
        both.untold_s = both.seconds - self.powered_s - other.powered_s
        return both

    def span(self, low: int | None, high: int | None) -> None:
        """Widen the range of power."""
        if low is not None:
            self.papp_min = low if self.papp_min is None else min(low, self.papp_min)
        if high is not None:
            self.papp_max = high if self.papp_max is None else max(high, self.papp_max)


class Outage(NamedTuple):
    """Energy of one tariff counted between two samples that are far apart."""

    start: int
    end: int
    tariff: Tariff
    wh: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """Sums by beginning of the hour and tariff, and the outages."""

    hours: Mapping[tuple[int, Tariff], Sum]
    outages: Sequence[Outage]


def roll_up(samples: Sequence[Sample]) -> Rollup:
    """Sum up the samples of one meter, in the order of their time."""
    hours: dict[tuple[int, Tariff], Sum] = defaultdict(Sum)
    for sample in samples[:1]:
        hours[_hour(sample.ts), sample.tariff].span(sample.papp_min, sample.papp_max)
    for before, after in pairwise(samples):
        _add_time(hours, before, after)
    outages: list[Outage] = []
    for before, after, energy in _energies(list(filter(tells_energy, samples))):
        if follows(before, after):
            for tariff, wh in energy.items():
                for hour, share in _shares(before.ts, after.ts, wh):
                    hours[hour, tariff].add_wh(share)
            continue
        outages += (Outage(before.ts, after.ts, tariff, wh) for tariff, wh in energy.items() if wh)
    for start, end, tariff, wh in outages:
        if _hour(start) == _hour(end - 1):
            hours[_hour(start), tariff].add_wh(wh)
    return Rollup(hours, outages)


def _hour(ts: int) -> int:
    return ts - ts % HOUR_S


def follows(before: Sample, after: Sample) -> bool:
    """Whether the time between two samples counts as seen."""
    return is_close(before.ts, before.interval_s, after.ts)


def _shares(start: int, end: int, amount: int) -> Iterator[tuple[int, int]]:
    """An amount split over the hours of ``[start, end)`` by time, without losing a unit."""
    given = 0
    for hour in range(_hour(start), end, HOUR_S):
        until = amount * (min(hour + HOUR_S, end) - start) // (end - start)
        yield hour, until - given
        given = until


def _add_time(hours: dict[tuple[int, Tariff], Sum], before: Sample, after: Sample) -> None:
    """The time between two samples, if they follow each other, and the powers met in it."""
    if not follows(before, after):
        hours[_hour(after.ts), after.tariff].span(after.papp_min, after.papp_max)
        return
    hours[_hour(before.ts), before.tariff].span(after.papp_min, after.papp_max)
    for hour, seconds in _shares(before.ts, after.ts, after.ts - before.ts):
        hours[hour, before.tariff].see(seconds, before.papp)
        if before.pinj is not None:
            hours[hour, INJECTED].see(seconds, before.pinj)


def tells_energy(sample: Sample) -> bool:
    """Whether a sample has indexes: all of its contract, for a reading that lost one has none."""
    return bool(sample.slots) or sample.total is not None or sample.injected is not None


def _energies(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Sample, dict[Tariff, int]]]:
    """Each two samples one after the other, and the energy between them by tariff.

    It is 0 for the current one; there is none where the indexes cannot be compared. A clock that
    is set puts samples between those of another time: an index that fell and is back above where
    it was counts from there, and one that rises only to fall back at once says nothing.
    """
    pairs = list(pairwise(samples))
    rises = [_rises(*pair) for pair in pairs]
    fell = [
        follows(*pair) and min(rise.values(), default=0) < 0
        for pair, rise in zip(pairs, rises, strict=True)
    ]
    for number, (before, after) in enumerate(pairs):
        energy = _possible(rises[number], before, after)
        if number and fell[number - 1]:
            earlier = samples[number - 1]
            energy = _possible(_rises(earlier, after), earlier, after) or energy
        elif number + 1 < len(pairs) and fell[number + 1] and follows(before, after):
            later = samples[number + 2]
            energy = {} if _possible(_rises(before, later), before, later) else energy
        current = {before.tariff, INJECTED}
        yield before, after, {key: wh for key, wh in energy.items() if wh or key in current}


def _rises(before: Sample, after: Sample) -> dict[Tariff, int]:
    """How much each index rose, below 0 if it fell."""
    found: dict[Tariff, int] = {}
    both = before.slots.keys() & after.slots.keys()
    if both and before.optarif == after.optarif:
        found = {
            Tariff(before.optarif, slot): after.slots[slot] - before.slots[slot] for slot in both
        }
    elif before.total is not None and after.total is not None:
        found = {UNKNOWN: after.total - before.total}
    if before.injected is not None and after.injected is not None:
        found[INJECTED] = after.injected - before.injected
    return found


def _possible(rises: Mapping[Tariff, int], before: Sample, after: Sample) -> Mapping[Tariff, int]:
    """What an installation can draw in that time; nothing if it is another counter."""
    possible_wh = DEFAULT_LIMIT_W * (after.ts - before.ts) // 3600 + _MARGIN_WH
    return rises if all(0 <= wh <= possible_wh for wh in rises.values()) else {}
