"""Times of foreign tables -> instants: most hold the wall clock of a server, without its offset.

It is taken for French legal time. In the hour that occurs twice in October the rows are put in the
order in which they were written, by their number or, if that follows the clock, by their indexes;
where the clock steps back, winter begins. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from itertools import groupby, islice, pairwise
from typing import Generic, NamedTuple, TypeVar

from teleinfo_gateway.history.periods import local_time
from tic.horodate import SUMMER, WINTER, legal_zone

__all__ = ["Timed", "instants", "time_of"]

_STEP_BACK_S = 60
"""What a clock that is set right may go back without its being the end of summer time."""

_MAX_WAITING = 20_000
"""Rows of the hour that occurs twice: those of 2 hours are 7200, one a second."""

_UNIX = range(10**8, 10**10)
"""Seconds since 1970 from 1973 to 2286; a number beyond is something else."""

_T = TypeVar("_T")


class Timed(NamedTuple, Generic[_T]):
    """A row and its time, naive if it is that of a wall clock.

    ``number`` grows in the order of writing, ``energy`` with the indexes; ``None`` if not told.
    """

    time: datetime
    row: _T
    number: int | None = None
    energy: int | None = None


def time_of(value: object) -> datetime | None:
    """A value of a column of time: unix seconds, a date and time, or their text; else ``None``."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = int(text) if text.isdecimal() and text.isascii() else text
            value = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return None
    if isinstance(value, int | float | Decimal):
        return datetime.fromtimestamp(int(value), UTC) if int(value) in _UNIX else None
    return value if isinstance(value, datetime) else None


def instants(rows: Iterable[Timed[_T]]) -> Iterator[tuple[int | None, _T]]:
    """The rows of one meter in the order of their unix seconds.

    ``rows`` are in the order of their time as told. A time that the wall clock never showed, in
    March, has ``None``.
    """
    for twice, group in groupby(rows, key=lambda row: _occurs_twice(row.time)):
        if not twice:
            yield from ((_instant(row.time), row.row) for row in group)
        while twice and (waiting := list(islice(group, _MAX_WAITING))):
            yield from _resolved(waiting)


def _occurs_twice(time: datetime) -> bool:
    """Whether a wall clock shows this in summer, and again in winter."""
    local = local_time(int(time.timestamp())) if time.tzinfo else time
    return (
        local.month == 10
        and local.hour == 2
        and legal_zone(local) is SUMMER
        and legal_zone(local.replace(hour=3)) is WINTER
    )


def _instant(local: datetime) -> int | None:
    if local.tzinfo is not None:
        return int(local.timestamp())
    ts = int(local.replace(tzinfo=legal_zone(local)).timestamp())
    return ts if local_time(ts) == local.replace(microsecond=0) else None


def _resolved(rows: list[Timed[_T]]) -> Iterator[tuple[int, _T]]:
    """The rows of the hour that occurs twice."""
    summer, winter = _halves([row for row in rows if row.time.tzinfo is None])
    resolved = [
        *(_in_zone(row, SUMMER) for row in summer),
        *(_in_zone(row, WINTER) for row in winter),
        *(_in_zone(row, row.time.tzinfo) for row in rows if row.time.tzinfo is not None),
    ]
    yield from sorted(resolved, key=lambda item: item[0])


def _halves(rows: list[Timed[_T]]) -> tuple[list[Timed[_T]], list[Timed[_T]]]:
    """Those of summer and those of winter, by the first order in which the clock steps back."""
    by_number = sorted(rows, key=lambda row: row.number or 0)
    by_energy = sorted(rows, key=lambda row: row.energy or 0)
    for ordered in (by_number, by_energy):
        border = _step_back(ordered)
        if border:
            return ordered[:border], ordered[border:]
    return rows, []


def _in_zone(row: Timed[_T], zone: tzinfo | None) -> tuple[int, _T]:
    return int(row.time.replace(tzinfo=zone).timestamp()), row.row


def _step_back(rows: list[Timed[_T]]) -> int:
    """The number of the row with which winter begins; 0 if the clock never steps back."""
    steps = [
        ((before.time - after.time).total_seconds(), number)
        for number, (before, after) in enumerate(pairwise(rows), 1)
    ]
    back_s, number = max(steps, default=(-1.0, 0))
    hourly = len(rows) == 2 and back_s == 0
    return number if back_s > _STEP_BACK_S or hourly else 0
