"""What the history answers, as records. Needs the extra ``[sql]``, unlike the other modules.

Each question runs in a thread, in one transaction: what it says is of one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from starlette.exceptions import HTTPException

from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.history import queries
from teleinfo_gateway.history.database import HistoryError
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.periods import HOUR_S, Grain, end_of, start_of, starts
from teleinfo_gateway.history.queries import Period, UnknownMeterError
from teleinfo_gateway.history.rollup import INJECTED, UNKNOWN, Outage, Sum, Tariff
from teleinfo_gateway.history.schema import period
from teleinfo_gateway.history.series import series
from teleinfo_gateway.history.slot_names import SlotNames
from teleinfo_gateway.history.sums import code
from teleinfo_gateway.web import history_records as records
from teleinfo_gateway.web.cost_answers import Asked, costs
from teleinfo_gateway.web.history_meters import asked_meter
from teleinfo_gateway.web.history_query import (
    UNITS,
    USUAL_S,
    CostQuery,
    EnergyQuery,
    EventsQuery,
    SeriesQuery,
)
from teleinfo_gateway.web.query import Query

__all__ = ["Settings", "ask"]

_MAX_PERIODS = 2000
"""Periods of one answer: 83 days by the hour, five years by the day."""


class Settings(NamedTuple):
    """What the gateway knows itself: its contracts, its meters by name, with the address if known.

    A meter of the configuration has an answer before it is heard: there is nothing yet.
    """

    contracts: Sequence[ContractConfig]
    meters: Mapping[str, str | None]


async def ask(history: HistoryOutput, query: Query, settings: Settings, now: int) -> object:
    """The record that answers a query; raises HTTPException."""
    try:
        return await history.ask(_QUESTIONS[type(query)], query, settings, now)
    except UnknownMeterError as error:
        raise HTTPException(404, str(error)) from error
    except HistoryError as error:
        raise HTTPException(503, f"the history cannot be read: {error}") from error


def _series(
    connection: Connection, query: SeriesQuery, settings: Settings, now: int
) -> records.Series:
    start, end = _checked(query.stretch(now, 24 * HOUR_S))
    meter = asked_meter(connection, query.meter, settings.meters)
    found = series(connection, meter.ids, (start, end), query.values, query.points)
    names = SlotNames(connection, meter.known, settings.contracts, end)
    return records.Series(
        meter=meter.name,
        adco=meter.adco,
        start=_time(start),
        end=_time(end),
        step_s=found.step_s,
        time=found.time,
        slot=found.slot,
        contracts=_contracts_seen(connection, meter.ids, (start, end), names),
        values={
            name: records.CurveTold(UNITS[name], curve.value, curve.min or None, curve.max or None)
            for name, curve in found.curves.items()
        },
    )


def _contracts_seen(
    connection: Connection, ids: Sequence[int], stretch: tuple[int, int], names: SlotNames
) -> list[records.ContractSeen]:
    start, end = stretch
    rows = connection.execute(
        select(period.c.optarif, period.c.slot, func.min(period.c.start_ts))
        .where(
            period.c.meter_id.in_(ids),
            period.c.grain == code(Grain.DAY),
            period.c.start_ts.between(start_of(Grain.DAY, start), end - 1),
            period.c.optarif != "",
            period.c.slot > 0,
        )
        .group_by(period.c.optarif, period.c.slot)
        .order_by(period.c.optarif, period.c.slot)
    )
    first: dict[str, int] = {}
    slots: dict[str, dict[int, str]] = {}
    for optarif, slot, ts in rows:
        first[optarif] = min(ts, first.get(optarif, ts))
        slots.setdefault(optarif, {})[slot] = names(optarif, slot)
    return [
        records.ContractSeen(optarif, _time(ts), slots[optarif])
        for optarif, ts in sorted(first.items(), key=lambda item: item[1])
    ]


def _energy(
    connection: Connection, query: EnergyQuery, settings: Settings, now: int
) -> records.Energy:
    start, end = _checked(query.stretch(now, USUAL_S[query.grain]))
    begins = _begins(query.grain, start, end)
    begin, until = begins[0], end_of(query.grain, begins[-1])
    meter = asked_meter(connection, query.meter, settings.meters)
    told = _EnergyTold(SlotNames(connection, meter.known, settings.contracts, end), now)
    found = {
        one.start: one for one in queries.energy(connection, meter.ids, query.grain, start, end)
    }
    periods = [
        found.get(ts) or Period(ts, end_of(query.grain, ts), {}, [])
        for ts in begins
        if ts <= now or ts in found
    ]
    return records.Energy(
        meter=meter.name,
        adco=meter.adco,
        grain=query.grain,
        periods=[told.period(one) for one in periods],
        total=told.period(_total(periods, begin, until)),
    )


def _total(periods: Iterable[Period], begin: int, until: int) -> Period:
    """All periods as one, by the rule of each: an outage that lies inside belongs to it."""
    sums: dict[Tariff, Sum] = {}
    apart = []
    for one in periods:
        for tariff, part in one.sums.items():
            sums[tariff] = sums.get(tariff, Sum()).plus(part)
        for outage in one.outages:
            if begin <= outage.start and outage.end <= until:
                sums[outage.tariff] = sums.get(outage.tariff, Sum()).plus(Sum(outage.wh))
            else:
                apart.append(outage)
    return Period(begin, until, sums, apart)


class _EnergyTold:
    """Periods as records."""

    def __init__(self, names: SlotNames, now: int) -> None:
        self._names = names
        self._now = now

    def period(self, one: Period) -> records.PeriodEnergy:
        drawn = [part for tariff, part in one.sums.items() if tariff != INJECTED]
        seen = Sum()
        for part in drawn:
            seen = seen.plus(part)
        passed_s = max(min(one.end, self._now) - one.start, 1)
        return records.PeriodEnergy(
            start=_time(one.start),
            end=_time(one.end),
            wh=seen.wh,
            tariffs=self._tariffs(one.sums),
            unknown_wh=_wh(one.sums, UNKNOWN),
            injected_wh=_wh(one.sums, INJECTED),
            seconds=seen.seconds,
            coverage=round(min(seen.seconds / passed_s, 1), 4),
            papp_min=seen.papp_min,
            papp_mean=_mean(drawn),
            papp_max=seen.papp_max,
            outages=self._outages(one.outages),
        )

    def _tariffs(self, sums: Mapping[Tariff, Sum]) -> list[records.TariffEnergy]:
        return [
            records.TariffEnergy(
                optarif=tariff.optarif,
                slot=tariff.slot,
                name=self._names(*tariff),
                wh=one.wh,
                seconds=one.seconds,
                papp_min=one.papp_min,
                papp_mean=_mean([one]),
                papp_max=one.papp_max,
            )
            for tariff, one in sorted(sums.items(), key=lambda item: item[0])
            if tariff not in {UNKNOWN, INJECTED}
        ]

    def _outages(self, outages: Iterable[Outage]) -> list[records.OutageTold]:
        sums: dict[tuple[int, int], dict[Tariff, Sum]] = {}
        for one in outages:
            sums.setdefault((one.start, one.end), {})[one.tariff] = Sum(one.wh)
        return [
            records.OutageTold(
                start=_time(start),
                end=_time(end),
                tariffs=self._tariffs(of_tariffs),
                unknown_wh=_wh(of_tariffs, UNKNOWN),
                injected_wh=_wh(of_tariffs, INJECTED),
            )
            for (start, end), of_tariffs in sums.items()
        ]


def _wh(sums: Mapping[Tariff, Sum], tariff: Tariff) -> int | None:
    return sums[tariff].wh if tariff in sums else None


def _mean(sums: Iterable[Sum]) -> float | None:
    told = list(sums)
    seconds = sum(one.powered_s for one in told)
    return round(sum(one.va_seconds or 0 for one in told) / seconds, 1) if seconds else None


def _costs(connection: Connection, query: CostQuery, settings: Settings, now: int) -> records.Costs:
    start, end = _checked(query.stretch(now, USUAL_S[query.grain]))
    begins = [] if query.grain is None else _begins(query.grain, start, end)
    meter = asked_meter(connection, query.meter, settings.meters)
    return costs(connection, Asked(query, meter, settings.contracts, (start, end), begins), now)


def _events(
    connection: Connection, query: EventsQuery, settings: Settings, _now: int
) -> records.EventPage:
    ids, name = None, None
    if query.meter is not None:
        meter = asked_meter(connection, query.meter, settings.meters)
        ids, name = meter.ids, meter.name
    # One more than is given tells whether there is another page.
    found = queries.events(connection, ids, query.kind, query.before, query.limit + 1, name)
    given = found[: query.limit]
    return records.EventPage(
        [
            records.EventTold(
                seq=one.seq,
                time=_time(one.ts),
                meter=one.meter or None,
                adco=one.adco,
                kind=one.kind,
                value=one.value,
                detail=one.detail,
            )
            for one in given
        ],
        given[-1].seq if len(found) > len(given) else None,
    )


_QUESTIONS: Mapping[type[Query], Callable[[Connection, Any, Settings, int], object]] = {
    SeriesQuery: _series,
    EnergyQuery: _energy,
    CostQuery: _costs,
    EventsQuery: _events,
}


def _checked(stretch: tuple[int, int]) -> tuple[int, int]:
    start, end = stretch
    if start >= end:
        raise HTTPException(
            400, f"from ({_time(start):%Y-%m-%dT%H:%M:%SZ}) must be before to (by default now)"
        )
    return stretch


def _begins(grain: Grain, start: int, end: int) -> list[int]:
    begins = list(islice(starts(grain, start, end), _MAX_PERIODS + 1))
    if len(begins) > _MAX_PERIODS:
        raise HTTPException(
            400,
            f"from and to hold more than {_MAX_PERIODS} periods of a {grain}: bring them closer, "
            f"or choose a longer grain",
        )
    return begins


def _time(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, UTC)
