"""Hours, days, weeks, months and years of French legal time, as instants. Pure.

Instants are whole unix seconds. A day lasts 23, 24 or 25 hours; hours begin on the hour in UTC too,
because legal time differs from it by whole hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from tic.horodate import legal_zone

HOUR_S = 3600


class Grain(StrEnum):
    """The length of a period."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


def start_of(grain: Grain, ts: int) -> int:
    """The beginning of the period that an instant belongs to."""
    if grain is Grain.HOUR:
        return ts - ts % HOUR_S
    return midnight(_first_day(grain, local_day(ts)))


def end_of(grain: Grain, ts: int) -> int:
    """The end of that period, which is the beginning of the next one."""
    if grain is Grain.HOUR:
        return ts - ts % HOUR_S + HOUR_S
    day = _first_day(grain, local_day(ts))
    match grain:
        case Grain.DAY:
            return midnight(day + timedelta(days=1))
        case Grain.WEEK:
            return midnight(day + timedelta(days=7))
        case Grain.MONTH:
            return midnight((day + timedelta(days=31)).replace(day=1))
        case _:
            return midnight(date(day.year + 1, 1, 1))


def starts(grain: Grain, start: int, end: int) -> Iterator[int]:
    """The beginnings of the periods that overlap ``[start, end)``, in order."""
    ts = start_of(grain, start)
    while ts < end:
        yield ts
        ts = end_of(grain, ts)


def local_time(ts: int) -> datetime:
    """Legal time as a wall clock shows it: naive, because databases store it so."""
    return datetime.fromtimestamp(ts + _offset_s(ts), UTC).replace(tzinfo=None)


def local_day(ts: int) -> date:
    """The legal day of an instant."""
    return local_time(ts).date()


@lru_cache(maxsize=1024)  # the days of nearly three years; one costs 3 µs
def midnight(day: date) -> int:
    """The instant at which a legal day begins."""
    local = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # legal time
    return int(local.replace(tzinfo=legal_zone(local)).timestamp())


def _offset_s(ts: int) -> int:
    return _offset_of_hour_s(ts - ts % HOUR_S)


@lru_cache(maxsize=1024)  # six weeks of hours
def _offset_of_hour_s(hour: int) -> int:
    offset = legal_zone(datetime.fromtimestamp(hour, UTC)).utcoffset(None)
    return int(offset.total_seconds())


def _first_day(grain: Grain, day: date) -> date:
    match grain:
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.YEAR:
            return date(day.year, 1, 1)
        case _:
            return day
