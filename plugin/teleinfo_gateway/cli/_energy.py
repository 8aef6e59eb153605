"""What ``teleinfo energy`` shows, gathered from the history. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from teleinfo_gateway.cli._energy_bill import Bill, Bills
from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.history import queries
from teleinfo_gateway.history.periods import Grain, end_of, local_time, start_of, starts
from teleinfo_gateway.history.queries import KnownMeter, Period
from teleinfo_gateway.history.rollup import INJECTED, Tariff
from teleinfo_gateway.history.slot_names import SlotNames
from teleinfo_gateway.history.uses import counted

__all__ = ["Apart", "MeterEnergy", "Question", "Row", "gather"]

_USUAL = {Grain.HOUR: 24, Grain.DAY: 14, Grain.WEEK: 8, Grain.MONTH: 12, Grain.YEAR: 10}
"""Periods shown unless others are asked for: a screen of lines, bars included."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; times are unix seconds, ``meter`` a name or an address or none."""

    meter: str | None
    grain: Grain
    last: int | None
    start: int | None
    end: int | None
    now: int
    compare: bool

    def stretch(self) -> tuple[int, int]:
        """The periods asked for, whole."""
        end = min(self.end or self.now, self.now + 1)
        if self.start is not None:
            return start_of(self.grain, self.start), end_of(
                self.grain, max(end, self.start + 1) - 1
            )
        begin = start_of(self.grain, end - 1)
        for _ in range(1, self.last or _USUAL[self.grain]):
            begin = start_of(self.grain, begin - 1)
        return begin, end_of(self.grain, end - 1)


class Apart(NamedTuple):
    """Energy of a slot that was counted from ``start`` to ``end`` while nobody listened."""

    start: int
    end: int
    slot: str
    wh: int


@dataclass(frozen=True, slots=True)
class Row:
    """A period: ``wh`` by slot, ``seen`` from 0 to 1; ``euros`` ``None`` without a contract."""

    start: int
    end: int
    wh: Mapping[str, int]
    injected_wh: int | None
    seen: float
    apart: Sequence[Apart]
    euros: Decimal | None = None


@dataclass(slots=True)
class MeterEnergy:
    """One meter; ``nothing`` says why there are no rows."""

    name: str | None
    adco: str
    grain: Grain
    slots: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    bill: Bill | None = None
    others: list[Bill] = field(default_factory=list)
    nothing: str = ""


def gather(
    connection: Connection, question: Question, contracts: Sequence[ContractConfig]
) -> list[MeterEnergy]:
    """Each meter that is asked for, the last one heard first. Raises ``UnknownMeterError``."""
    known = {one.id: one for one in queries.known_meters(connection)}
    replaced = {one.replaces for one in known.values()}
    keys = [one.adco for one in known.values() if one.adco not in replaced]
    if question.meter is not None:
        keys = [question.meter]
    chains = [[known[number] for number in queries.meter_ids(connection, key)] for key in keys]
    return [_Gathering(connection, question, chain, contracts).told() for chain in chains]


class _Gathering:
    """One meter and those it replaces."""

    def __init__(
        self,
        connection: Connection,
        question: Question,
        meters: Sequence[KnownMeter],
        contracts: Sequence[ContractConfig],
    ) -> None:
        self._connection = connection
        self._question = question
        self._meters = meters
        self._contracts = contracts
        self._stretch = question.stretch()
        self._ids = [one.id for one in meters]
        self._name = SlotNames(connection, meters, contracts, self._stretch[1])
        self._own = {
            one.option: one
            for one in contracts
            if one.meter is not None and one.meter == meters[0].name
        }

    def told(self) -> MeterEnergy:
        meter, grain = self._meters[0], self._question.grain
        told = MeterEnergy(meter.name, meter.adco, grain)
        start, end = self._stretch
        found = queries.energy(self._connection, self._ids, grain, start, end)
        if not found:
            told.nothing = self._nothing()
            return told
        names = self._names(found)
        told.slots = list(names.values())
        bills = self._bills() if self._question.compare or self._own else None
        by_start = {one.start: one for one in found}
        # Those of a silence, too: their subscription is part of the total.
        first = max(start, min(one.first_seen for one in self._meters))
        until = min(end, self._question.now)
        for ts in starts(grain, min(first, found[0].start), max(until, found[-1].end)):
            one = by_start.get(ts) or Period(ts, end_of(grain, ts), {}, [])
            bill = bills.own(one.start, one.end) if bills else None
            told.rows.append(self._row(one, names, bill.total_euros if bill else None))
        if bills:
            told.bill = bills.own(start, end)
            told.others = bills.others(start, end) if self._question.compare else []
        return told

    def _nothing(self) -> str:
        newest, oldest = self._meters[0], self._meters[-1]
        first, last = local_time(oldest.first_seen), local_time(newest.last_seen)
        start, end = (local_time(ts) for ts in self._stretch)
        return (
            f"{newest.name or newest.adco}: nothing is known from {start} to {end}; the history "
            f"of this meter is from {first} to {last}"
        )

    def _names(self, found: Sequence[Period]) -> dict[Tariff, str]:
        """The slots that something was counted under, and their names, all different."""
        names = {
            tariff: self._name(*tariff) or "other"
            for one in found
            for tariff in sorted(_counted_under(one))
            if tariff != INJECTED
        }
        for apart in ("{0.optarif} {1}", "{1} {0.slot}"):  # two slots may be called alike, too
            often = Counter(names.values())
            names = {
                tariff: apart.format(tariff, name) if often[name] > 1 else name
                for tariff, name in names.items()
            }
        return names

    def _row(self, one: Period, names: Mapping[Tariff, str], euros: Decimal | None) -> Row:
        drawn = {tariff: part for tariff, part in one.sums.items() if tariff != INJECTED}
        seen_s = sum(part.seconds for part in drawn.values())
        passed_s = max(min(one.end, self._question.now) - one.start, 1)
        return Row(
            start=one.start,
            end=one.end,
            wh={names[tariff]: part.wh for tariff, part in drawn.items() if part.wh is not None},
            injected_wh=one.sums[INJECTED].wh if INJECTED in one.sums else None,
            seen=min(seen_s / passed_s, 1.0),
            apart=[
                Apart(each.start, each.end, names.get(each.tariff, "injected"), each.wh)
                for each in one.outages
            ],
            euros=euros,
        )

    def _bills(self) -> Bills:
        known = counted(self._connection, self._meters, *self._stretch, self._question.now)
        return Bills(known, self._own, self._contracts)


def _counted_under(one: Period) -> set[Tariff]:
    told = {tariff for tariff, part in one.sums.items() if part.wh is not None}
    return told | {outage.tariff for outage in one.outages}
