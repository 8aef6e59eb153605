"""Keeps energy by period in step with the readings: what was touched is summed up again.

There is one way to a sum, whether readings come live, late or from an import, or everything is
summed up anew: hours from readings, days from hours, months from days, years from months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
)

from teleinfo_gateway.history.columns import INDEXES, sample_of
from teleinfo_gateway.history.periods import HOUR_S, Grain, end_of, start_of, starts
from teleinfo_gateway.history.rollup import (
    Outage,
    Sample,
    Sum,
    Tariff,
    roll_up,
)
from teleinfo_gateway.history.schema import outage, period, reading

__all__ = ["REACH_S", "TELLS_ENERGY", "code", "sum_up"]

_CHUNK_S = 7 * 24 * HOUR_S
"""Readings in memory at once: 10,080 of one minute, or 604,800 of one second."""

REACH_S = 3 * 24 * HOUR_S
"""How far a reading can reach into others: to the second one before and after it, each as far away
as three of the longest intervals that a column holds."""

_COARSER = ((Grain.HOUR, Grain.DAY), (Grain.DAY, Grain.MONTH), (Grain.MONTH, Grain.YEAR))

_SAMPLE = [
    reading.c[name]
    for name in (
        *("ts", "interval_s", "optarif", "slot", "papp", "papp_min", "papp_max", "pinj"),
        *INDEXES,
    )
]

TELLS_ENERGY = or_(*(reading.c[name].is_not(None) for name in INDEXES))
"""A reading that has indexes."""


def code(grain: Grain) -> str:
    """The letter of a grain in ``ti_period``."""
    return grain.value[0]


def sum_up(
    connection: Connection, meter: int, first: int, last: int, closed: Collection[int] = ()
) -> None:
    """Sum up anew all that the readings from ``first`` to ``last`` of a meter (its id) are part of.

    ``closed`` holds the beginnings of the legal days whose readings are gone: their hours stay.
    """
    days: set[int] = set()
    start, end = _touched_hours(connection, meter, first, last)
    for chunk in range(start, end, _CHUNK_S):
        until = min(chunk + _CHUNK_S, end)
        outages = _sum_hours(connection, meter, chunk, until, closed)
        days.update(starts(Grain.DAY, chunk, until))
        days.update(start_of(Grain.DAY, ts) for ts in outages)
    for finer, coarser in _COARSER:
        for begin in sorted({start_of(coarser, day) for day in days}):
            _sum_period(connection, meter, finer, coarser, begin)


def _touched_hours(connection: Connection, meter: int, first: int, last: int) -> tuple[int, int]:
    """The hours into which these readings reach, and those into which others did before they came.

    An outage that ends with the first instant of an hour is of the hour before.
    """
    before = _nearest(connection, meter, first, forward=False)
    after = _nearest(connection, meter, last, forward=True)
    begins = [one.ts for one in before if first - one.ts <= REACH_S]
    ends = [one.ts for one in after if one.ts - last <= REACH_S]
    return (
        start_of(Grain.HOUR, min(begins, default=first - 1)),
        end_of(Grain.HOUR, max(ends, default=last)),
    )


def _sum_hours(
    connection: Connection, meter: int, start: int, end: int, closed: Collection[int]
) -> set[int]:
    """Write the hours of ``[start, end)`` and the outages that touch them.

    Gives the beginnings of the outages that were and that are.
    """
    rollup = roll_up(
        [
            *_nearest(connection, meter, start, forward=False),
            *_samples(connection, meter, reading.c.ts.between(start, end - 1)),
            *_nearest(connection, meter, end - 1, forward=True),
        ]
    )
    of_meter = outage.c.meter_id == meter
    touching = and_(of_meter, outage.c.start_ts < end, outage.c.end_ts > start)
    # One that ends in a closed day is known for good.
    stale = {
        row.start_ts
        for row in connection.execute(select(outage.c.start_ts, outage.c.end_ts).where(touching))
        if start_of(Grain.DAY, row.end_ts) not in closed
    }
    fresh = [
        row
        for row in rollup.outages
        if row.start < end and row.end > start and start_of(Grain.DAY, row.end) not in closed
    ]
    connection.execute(delete(outage).where(of_meter, outage.c.start_ts.in_(stale)))
    if fresh:
        connection.execute(insert(outage), [_outage_row(meter, row) for row in fresh])
    hours = {hour for hour in range(start, end, HOUR_S) if start_of(Grain.DAY, hour) not in closed}
    sums = {key: one for key, one in rollup.hours.items() if key[0] in hours}
    _replace(connection, meter, Grain.HOUR, hours, sums)
    return stale | {row.start for row in fresh}


def _sum_period(
    connection: Connection, meter: int, finer: Grain, coarser: Grain, begin: int
) -> None:
    """Write one day, month or year: its parts, and the outages that cross them but not itself."""
    end = end_of(coarser, begin)
    sums: dict[tuple[int, Tariff], Sum] = defaultdict(Sum)
    parts = connection.execute(
        select(
            period.c.optarif,
            period.c.slot,
            func.sum(period.c.wh),
            func.sum(period.c.va_seconds),
            func.min(period.c.papp_min),
            func.max(period.c.papp_max),
            func.sum(period.c.seconds),
            func.sum(case((period.c.va_seconds.is_(None), period.c.seconds), else_=0)),
        )
        .where(
            period.c.meter_id == meter,
            period.c.grain == code(finer),
            period.c.start_ts.between(begin, end - 1),
        )
        .group_by(period.c.optarif, period.c.slot)
    )
    for optarif, slot, wh, va_seconds, low, high, seconds, untold_s in parts:
        sums[begin, Tariff(optarif, slot)] = Sum(
            _whole(wh), _whole(va_seconds), low, high, int(seconds), int(untold_s)
        )
    inside = select(outage).where(
        outage.c.meter_id == meter, outage.c.start_ts >= begin, outage.c.end_ts <= end
    )
    for row in connection.execute(inside):
        if start_of(finer, row.start_ts) != start_of(finer, row.end_ts - 1):
            sums[begin, Tariff(row.optarif, row.slot)].add_wh(row.wh)
    _replace(connection, meter, coarser, [begin], sums)


def _replace(
    connection: Connection,
    meter: int,
    grain: Grain,
    begins: Collection[int],
    sums: Mapping[tuple[int, Tariff], Sum],
) -> None:
    """Put these sums in the place of what stands for the periods that begin at ``begins``."""
    connection.execute(
        delete(period).where(
            period.c.meter_id == meter,
            period.c.grain == code(grain),
            period.c.start_ts.in_(begins),
        )
    )
    if sums:
        connection.execute(
            insert(period),
            [
                {
                    "meter_id": meter,
                    "grain": code(grain),
                    "start_ts": start,
                    **tariff._asdict(),
                    "wh": one.wh,
                    "va_seconds": one.va_seconds_of_all,
                    "papp_min": one.papp_min,
                    "papp_max": one.papp_max,
                    "seconds": one.seconds,
                }
                for (start, tariff), one in sorted(sums.items(), key=lambda item: item[0])
            ],
        )


def _samples(connection: Connection, meter: int, which: ColumnElement[bool]) -> list[Sample]:
    rows = connection.execute(
        select(*_SAMPLE).where(reading.c.meter_id == meter, which).order_by(reading.c.ts)
    ).mappings()
    return [_as_sample(row) for row in rows]


def _nearest(connection: Connection, meter: int, ts: int, *, forward: bool) -> list[Sample]:
    """The nearest sample beyond ``ts``, and the two nearest that tell energy: all that counts."""
    beyond = reading.c.ts > ts if forward else reading.c.ts < ts
    order = reading.c.ts.asc() if forward else reading.c.ts.desc()
    found: dict[int, Sample] = {}
    for which, count in ((beyond, 1), (and_(beyond, TELLS_ENERGY), 2)):
        rows = connection.execute(
            select(*_SAMPLE).where(reading.c.meter_id == meter, which).order_by(order).limit(count)
        )
        found |= {row["ts"]: _as_sample(row) for row in rows.mappings()}
    return [found[key] for key in sorted(found)]


def _as_sample(row: RowMapping) -> Sample:
    return sample_of(row["ts"], cast("Mapping[str, int | str | None]", row))


def _outage_row(meter: int, row: Outage) -> dict[str, object]:
    return {
        "meter_id": meter,
        "start_ts": row.start,
        **row.tariff._asdict(),
        "end_ts": row.end,
        "wh": row.wh,
    }


def _whole(number: object) -> int | None:
    """A sum as the drivers give it: PostgreSQL and MariaDB make decimals of them."""
    return None if number is None else int(str(number))
