"""What a meter counted -> energy in the slots of a contract, that of the meter or another. Pure.

The meter's own contract takes each slot as the meter counted it. Another one gets the energy by the
time at which it was used, hour by hour. An hour in which the slot changes is shared by time, and so
is an outage, of which only the sum is known: that is an estimate, and said to be one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from teleinfo_gateway.config.contracts import ContractConfig, option_of
from teleinfo_gateway.errors import GatewayError
from tic.horodate import legal_zone

__all__ = [
    "UNKNOWN",
    "Hour",
    "NotComparableError",
    "SlotEnergy",
    "Stretch",
    "Use",
    "injected_energy",
    "legal_time",
    "slot_energy",
]

UNKNOWN = 0
"""The slot of energy that the meter counted while nobody could tell the slot."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_HOUR_S = 3600

_TEMPO_BEGINS_S, _TEMPO_OFF_PEAK_S = 6 * _HOUR_S, 22 * _HOUR_S
_EJP_BEGINS_S, _EJP_ENDS_S = 7 * _HOUR_S, 1 * _HOUR_S  # it ends on the next day

_TEMPO_SLOTS = {"": 1, "white": 3, "red": 5}
"""Kind of day to its slot of off-peak hours; that of peak hours is the next one."""

SlotAt = Callable[[date, int], int | None]
"""The slot at a second of a legal day; ``None``: nobody told what kind of day it is."""


class NotComparableError(GatewayError):
    """Energy cannot be put into the slots of a contract: the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a meter: ``start`` is aware UTC, on the hour; ``seconds`` of it were seen.

    ``wh`` is energy by slot, under 0 that whose slot is not known; ``papp_max_va`` the highest
    apparent power, ``None`` if no reading told it.
    """

    start: datetime
    wh: Mapping[int, int]
    injected_wh: int = 0
    seconds: int = _HOUR_S
    papp_max_va: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Energy by slot of which only the sum over a longer time is known: that of an outage."""

    start: datetime
    end: datetime
    wh: Mapping[int, int]
    injected_wh: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What one meter counted from ``start`` to ``end`` (aware UTC) under one option.

    Hours and stretches are taken whole: whoever makes this says which belong to the period.
    ``option`` is OPTARIF, NGTF or the name of an option; ``power_kva`` the subscribed power.
    """

    start: datetime
    end: datetime
    option: str
    hours: Sequence[Hour]
    stretches: Sequence[Stretch] = ()
    power_kva: int | None = None


@dataclass(slots=True)
class SlotEnergy:
    """Energy by legal day and slot: ``UNKNOWN``, or ``None`` where the kind of day is not known.

    ``redistributed``: the slots are those of another contract than the meter's; ``estimated_wh`` of
    the energy was shared by time alone.
    """

    wh: Counter[tuple[date, int | None]] = field(default_factory=Counter)
    redistributed: bool = False
    estimated_wh: int = 0


def slot_energy(contract: ContractConfig, use: Use) -> SlotEnergy:
    """Energy in the slots of a contract; to the watt-hour what the meter counted.

    Raises NotComparableError if the contract is not that of the meter and says too little of when
    its own slots apply.
    """
    option = option_of(use.option)
    if contract.option in {"BASE", option}:
        energy = _by_slot(contract, use, _own_slot(contract))
    elif contract.option == "HC" and option == "TEMPO" and not contract.off_peak:
        energy = _by_slot(contract, use, _tempo_as_off_peak)
    else:
        energy = _by_time(use, *_calendar(contract))
    energy.redistributed = contract.option != option
    return energy


def injected_energy(use: Use) -> Counter[date]:
    """Injected energy by legal day; that of a stretch is shared by time."""
    wh = Counter[date]()
    for hour in use.hours:
        if hour.injected_wh:  # few meters have any, and each contract asks
            wh[legal_time(hour.start).date()] += hour.injected_wh
    for stretch in use.stretches:
        days = _seconds_by_day(stretch)
        for day, part in zip(days, _shares(stretch.injected_wh, days.values()), strict=True):
            wh[day] += part
    return wh


@lru_cache(maxsize=16384)  # the hours of nearly two years, 2 MB: each contract asks for the same
def legal_time(moment: datetime) -> datetime:
    """French legal time of an instant, aware UTC."""
    return moment.astimezone(legal_zone(moment))


def _own_slot(contract: ContractConfig) -> Callable[[int], int]:
    if contract.option == "BASE":
        return lambda _: 1
    known = range(1, len(contract.slot_names) + 1)
    return lambda slot: slot if slot in known else UNKNOWN


def _tempo_as_off_peak(slot: int) -> int:
    """The slot of HC with the off-peak hours of Tempo, which are the same on every day."""
    return 2 - slot % 2 if 1 <= slot <= 6 else UNKNOWN


def _by_slot(contract: ContractConfig, use: Use, slot_of: Callable[[int], int]) -> SlotEnergy:
    energy = SlotEnergy()
    for hour in use.hours:
        day = legal_time(hour.start).date()
        for slot, wh in hour.wh.items():
            energy.wh[day, slot_of(slot)] += wh
    for stretch in use.stretches:
        days = _seconds_by_day(stretch)
        for slot, wh in stretch.wh.items():
            for day, part in zip(days, _shares(wh, days.values()), strict=True):
                energy.wh[day, slot_of(slot)] += part
        if len({id(contract.price_on(day)) for day in days}) > 1:
            energy.estimated_wh += sum(stretch.wh.values())
    return energy


def _seconds_by_day(stretch: Stretch) -> Counter[date]:
    days = Counter[date]()
    for day, _, seconds in _pieces(stretch.start, stretch.end, ()):
        days[day] += seconds
    return days


def _by_time(use: Use, borders_s: Sequence[int], slot_at: SlotAt) -> SlotEnergy:
    energy = SlotEnergy()
    spans = [(hour.start, hour.start + _HOUR, hour.wh) for hour in use.hours]
    spans += [(stretch.start, stretch.end, stretch.wh) for stretch in use.stretches]
    for start, end, slots in spans:
        wh = sum(slots.values())
        pieces = list(_pieces(start, end, borders_s))
        keys = [(day, slot_at(day, second)) for day, second, _ in pieces]
        for key, part in zip(keys, _shares(wh, [piece[2] for piece in pieces]), strict=True):
            energy.wh[key] += part
        if len({slot for _, slot in keys}) > 1:
            energy.estimated_wh += wh
    return energy


def _calendar(contract: ContractConfig) -> tuple[Sequence[int], SlotAt]:
    """The seconds of a day at which the slot may change, and the slot at each."""
    match contract.option:
        case "HC" if contract.off_peak:
            return _off_peak_times(contract)
        case "TEMPO":
            return _tempo_times(contract)
        case "EJP":
            return _ejp_times(contract)
        case "HC":
            missing = "write its times under off_peak"
        case _:
            missing = f"when its slots apply is known to meters with {contract.option} alone"
    raise NotComparableError(f"the contract {contract.name} cannot be compared with: {missing}")


def _off_peak_times(contract: ContractConfig) -> tuple[Sequence[int], SlotAt]:
    times = [(60 * begin, 60 * end) for begin, end in contract.off_peak]

    def slot_at(_: date, second: int) -> int:
        off_peak = any(
            begin <= second < end if begin < end else second >= begin or second < end
            for begin, end in times
        )
        return 1 if off_peak else 2

    return sorted({border for pair in times for border in pair}), slot_at


def _tempo_times(contract: ContractConfig) -> tuple[Sequence[int], SlotAt]:
    kind_of = _kinds(contract)

    def slot_at(day: date, second: int) -> int | None:
        kind = kind_of(day if second >= _TEMPO_BEGINS_S else day - _DAY)
        if kind is None:
            return None
        return _TEMPO_SLOTS[kind] + (_TEMPO_BEGINS_S <= second < _TEMPO_OFF_PEAK_S)

    return (_TEMPO_BEGINS_S, _TEMPO_OFF_PEAK_S), slot_at


def _ejp_times(contract: ContractConfig) -> tuple[Sequence[int], SlotAt]:
    kind_of = _kinds(contract)

    def slot_at(day: date, second: int) -> int | None:
        if _EJP_ENDS_S <= second < _EJP_BEGINS_S:
            return 1  # on every day
        kind = kind_of(day if second >= _EJP_BEGINS_S else day - _DAY)
        return None if kind is None else 1 + (kind == "peak")

    return (_EJP_ENDS_S, _EJP_BEGINS_S), slot_at


def _kinds(contract: ContractConfig) -> Callable[[date], str | None]:
    """``red``, ``white`` or ``peak``, nothing for an ordinary day, ``None`` if not known."""
    special = {
        day: kind
        for stretch in contract.days
        for kind in ("red", "white", "peak")
        for day in getattr(stretch, kind)
    }

    def kind_of(day: date) -> str | None:
        known = any(stretch.since <= day <= stretch.to for stretch in contract.days)
        return special.get(day, "") if known else None

    return kind_of


def _pieces(
    start: datetime, end: datetime, borders_s: Iterable[int]
) -> Iterator[tuple[date, int, int]]:
    """Legal day, its second and the seconds of each part of a span, cut at hours and borders.

    Within an hour of UTC, legal time runs evenly: it is set forward and back on the hour.
    """
    while True:
        stop = min(end, start.replace(minute=0, second=0, microsecond=0) + _HOUR)
        local = legal_time(start)
        first = local.hour * _HOUR_S + local.minute * 60 + local.second
        last = first + max(1, round((stop - start).total_seconds()))
        cuts = [first, *(border for border in borders_s if first < border < last), last]
        for begun, over in pairwise(cuts):
            yield local.date(), begun, over - begun
        start = stop
        if start >= end:
            break


def _shares(wh: int, weights: Iterable[int]) -> Iterator[int]:
    """Whole parts of ``wh`` in proportion to weights, which together are all of it."""
    weights = list(weights)
    total, weight_before, given = sum(weights), 0, 0
    for weight in weights:
        weight_before += weight
        share = wh * weight_before // total - given
        given += share
        yield share
