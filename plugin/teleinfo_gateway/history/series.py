"""Series of values for charts: a few hundred points of any stretch of time.

A short stretch is given reading by reading, a longer one in steps: from readings, or for powers
over months from the sums of the hours. Where nothing was heard, the values are ``None``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from sqlalchemy import Connection, and_, case, func, select

from teleinfo_gateway.history.columns import INDEXES, NUMBERS
from teleinfo_gateway.history.periods import HOUR_S, Grain
from teleinfo_gateway.history.rollup import INJECTED, is_close
from teleinfo_gateway.history.schema import label, period, reading
from teleinfo_gateway.history.step_sums import Curve, StepSums
from teleinfo_gateway.history.sums import code

__all__ = ["Curve", "Series", "series"]

_STEPS_S = (
    *(10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800),
    *(HOUR_S * hours for hours in (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 7 * 24, 28 * 24)),
)

_MAX_READINGS = 100_000
"""Readings summed up for one answer, two months of one minute; beyond, those that begin an hour."""

_BEGINS_HOUR_S = 180
"""The first reading of an hour comes within this time, whatever the interval of the meter."""

_OF_HOURS = {"papp", "pinj"}


@dataclass(frozen=True, slots=True)
class Series:
    """Points at ``time`` (unix seconds); with ``step_s`` each stands for the step it begins.

    ``step_s`` is 0 where each point is a reading. ``slot`` is the tariff slot of most of a step.
    """

    step_s: int
    time: list[int]
    slot: list[int | None]
    curves: Mapping[str, Curve]


def series(
    connection: Connection,
    meters: Collection[int],
    stretch: tuple[int, int],
    names: Sequence[str],
    points: int,
) -> Series:
    """At most about ``points`` points from ``stretch[0]`` up to ``stretch[1]`` (unix seconds).

    ``names`` are columns of ``ti_reading`` or numeric labels that have none.
    """
    start, end = stretch
    columns = [name for name in names if name in NUMBERS]
    if _are_few(connection, meters, stretch, points):
        found = _readings(connection, meters, start, end, columns)
    else:
        step_s = _step_s(stretch, points, _spacing_s(connection, meters, end))
        found = _steps(connection, meters, stretch, columns, step_s)
    labels = {
        name: _label(connection, meters, name, found) for name in names if name not in NUMBERS
    }
    return Series(
        found.step_s,
        found.time,
        found.slot,
        {name: (found.curves | labels)[name] for name in names},
    )


@dataclass(slots=True)
class _Points:
    """A series being made."""

    step_s: int
    time: list[int]
    slot: list[int | None]
    curves: dict[str, Curve]


def _are_few(
    connection: Connection, meters: Collection[int], stretch: tuple[int, int], points: int
) -> bool:
    """Whether there are no more than ``points`` readings."""
    inside = reading.c.meter_id.in_(meters), reading.c.ts.between(stretch[0], stretch[1] - 1)
    beyond = select(reading.c.ts).where(*inside).order_by(reading.c.ts).offset(points).limit(1)
    return connection.execute(beyond).first() is None


def _spacing_s(connection: Connection, meters: Collection[int], end: int) -> int:
    """Seconds between two readings, as the last one told."""
    last = (
        select(reading.c.interval_s)
        .where(reading.c.meter_id.in_(meters), reading.c.ts < end)
        .order_by(reading.c.ts.desc())
        .limit(1)
    )
    return max(connection.execute(last).scalar() or 60, 1)


def _step_s(stretch: tuple[int, int], points: int, spacing_s: int) -> int:
    """The finest step that holds a reading or two and gives no more than ``points``."""
    least = max((stretch[1] - stretch[0]) / points, 2 * spacing_s)
    longest = _STEPS_S[-1]
    return next((step for step in _STEPS_S if step >= least), longest * ceil(least / longest))


def _readings(
    connection: Connection, meters: Collection[int], start: int, end: int, columns: Sequence[str]
) -> _Points:
    """Every reading; a point without values stands where one is missing."""
    names = dict.fromkeys([*columns, "papp_min", "papp_max"])
    rows = connection.execute(
        select(
            reading.c.ts,
            reading.c.interval_s,
            reading.c.slot.label("tariff_slot"),
            *(reading.c[name] for name in names),
        )
        .where(reading.c.meter_id.in_(meters), reading.c.ts.between(start, end - 1))
        .order_by(reading.c.ts)
    )
    points = _Points(0, [], [], {name: Curve() for name in columns})
    expected = None
    for row in rows.mappings():
        if expected is not None and not is_close(*expected, row["ts"]):
            _append(points, sum(expected), None, {})
        _append(points, row["ts"], row["tariff_slot"], {name: row[name] for name in names})
        expected = row["ts"], row["interval_s"]
    return points


def _append(points: _Points, ts: int, slot: int | None, values: Mapping[str, int | None]) -> None:
    points.time.append(ts)
    points.slot.append(slot)
    for name, curve in points.curves.items():
        curve.value.append(values.get(name))
        if name == "papp":
            curve.min.append(values.get("papp_min"))
            curve.max.append(values.get("papp_max"))


def _steps(
    connection: Connection,
    meters: Collection[int],
    stretch: tuple[int, int],
    columns: Sequence[str],
    step_s: int,
) -> _Points:
    base = stretch[0] - stretch[0] % step_s
    times = list(range(base, stretch[1], step_s))
    sums = StepSums(len(times))
    hourly = step_s >= HOUR_S
    rest = [name for name in columns if not (hourly and name in _OF_HOURS)]
    if hourly:
        _add_hours(connection, meters, times, step_s, sums)
    if rest or not hourly:
        _add_readings(connection, meters, times, step_s, rest, sums)
    return _Points(step_s, times, sums.slots(), {name: sums.curve(name) for name in columns})


def _add_hours(
    connection: Connection,
    meters: Collection[int],
    times: Sequence[int],
    step_s: int,
    sums: StepSums,
) -> None:
    """Powers from the sums of the hours."""
    step = ((period.c.start_ts - times[0]) // step_s).label("step")
    rows = connection.execute(
        select(
            step,
            period.c.slot.label("tariff_slot"),
            func.sum(period.c.va_seconds),
            func.sum(case((period.c.va_seconds.is_not(None), period.c.seconds), else_=0)),
            func.sum(period.c.seconds),
            func.min(period.c.papp_min),
            func.max(period.c.papp_max),
        )
        .where(
            period.c.meter_id.in_(meters),
            period.c.grain == code(Grain.HOUR),
            period.c.start_ts.between(times[0], times[-1] + step_s - 1),
        )
        .group_by(step, period.c.slot)
    )
    for number, slot, va_seconds, powered_s, seconds, low, high in rows:
        name = "pinj" if slot == INJECTED.slot else "papp"
        if va_seconds is not None:
            sums.add(name, int(number), float(va_seconds), float(powered_s))
        if name == "papp":
            sums.widen(int(number), low, high)
            sums.weigh(int(number), slot, int(seconds))


def _add_readings(
    connection: Connection,
    meters: Collection[int],
    times: Sequence[int],
    step_s: int,
    columns: Sequence[str],
    sums: StepSums,
) -> None:
    step = ((reading.c.ts - times[0]) // step_s).label("step")
    highest = {name for name in columns if name in INDEXES}
    query = (
        select(
            step,
            reading.c.slot.label("tariff_slot"),
            func.count(),
            func.min(reading.c.papp_min),
            func.max(reading.c.papp_max),
            *(
                one
                for name in columns
                for one in (
                    (func.max if name in highest else func.sum)(reading.c[name]),
                    func.count(reading.c[name]),
                )
            ),
        )
        .where(
            reading.c.meter_id.in_(meters),
            reading.c.ts.between(times[0], times[-1] + step_s - 1),
        )
        .group_by(step, reading.c.slot)
        .order_by(step)
    )
    if (times[-1] - times[0]) / _spacing_s(connection, meters, times[-1]) > _MAX_READINGS:
        query = query.where(reading.c.ts % HOUR_S < _BEGINS_HOUR_S)
    for number, slot, count, low, high, *values in connection.execute(query):
        if step_s < HOUR_S:  # longer ones have them from the hours
            sums.widen(int(number), low, high)
            sums.weigh(int(number), slot, count)
        for name, amount, weight in zip(columns, values[::2], values[1::2], strict=True):
            if amount is not None and name in highest:
                sums.raise_to(name, int(number), float(amount))
            elif amount is not None:
                sums.add(name, int(number), float(amount), weight)


def _label(connection: Connection, meters: Collection[int], name: str, points: _Points) -> Curve:
    """A label that is kept when it changes: at each point, what it said then."""
    if not points.time:
        return Curve()
    first, last = points.time[0], points.time[-1] + points.step_s
    concerned = and_(label.c.meter_id.in_(meters), label.c.label == name)
    stood = select(func.max(label.c.ts)).where(concerned, label.c.ts <= first).scalar_subquery()
    rows = connection.execute(
        select(label.c.ts, label.c.value)
        .where(concerned, label.c.ts.between(func.coalesce(stood, first), last))
        .order_by(label.c.ts)
    ).all()
    curve = Curve()
    told: float | None = None
    position = 0
    for ts in points.time:
        until = ts + max(points.step_s - 1, 0)
        while position < len(rows) and rows[position].ts <= until:
            value = rows[position].value
            told = int(value) if value.isdecimal() else None
            position += 1
        curve.value.append(told)
    return curve
