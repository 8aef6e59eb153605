"""Sums anew from the readings, and what they then differ from: to repair them, or only to check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from sqlalchemy import Connection, func, select

from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.periods import Grain, end_of, start_of
from teleinfo_gateway.history.queries import KnownMeter
from teleinfo_gateway.history.schema import counter, outage, period, reading
from teleinfo_gateway.history.store import closed_days
from teleinfo_gateway.history.sums import REACH_S, code, sum_up

__all__ = ["Differences", "kept_span", "spans", "sum_anew"]

_WEEKS = 4
"""Of readings summed up in one transaction: half a second at one a minute, seconds on a small
machine; who wants to write meanwhile waits so long, and asks for up to 30 s."""

Differences = Mapping[str, set[int]]
"""``hour``, ``day``, ``month``, ``year`` or ``outage`` to the beginnings of those that differ."""

_Key = tuple[str, int, str, int]


def kept_span(connection: Connection, meter: KnownMeter) -> tuple[int, int] | None:
    """The instants of the first and the last reading that sums can be made of, if there is one."""
    query = select(func.min(reading.c.ts), func.max(reading.c.ts)).where(
        reading.c.meter_id == meter.id, reading.c.ts >= meter.kept_from
    )
    first, last = connection.execute(query).one()
    return None if first is None else (first, last)


def spans(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Pieces of a span that can be summed up one after the other: whole weeks, and its ends."""
    start = first
    while start <= last:
        end = start
        for _ in range(_WEEKS):
            end = end_of(Grain.WEEK, end)
        yield start, min(end - 1, last)
        start = end


def sum_anew(
    database: Database, meter: KnownMeter, span: tuple[int, int], *, keep: bool
) -> Differences:
    """Sum up the readings of a span; with ``keep`` what differs is written, else nothing is.

    Raises ``HistoryError``.
    """
    found: Differences = {}
    with suppress(_Undo), database.writing() as connection:
        # On a server nobody else may change these sums meanwhile: who writes holds this row.
        connection.execute(select(counter.c.last).with_for_update())
        closed = closed_days(connection, meter.adco)
        before = _sums(connection, meter.id, span)
        sum_up(connection, meter.id, *span, closed)
        found = _differing(before, _sums(connection, meter.id, span))
        if not keep:
            raise _Undo
    return found


class _Undo(Exception):  # noqa: N818  # no error: the way to end a transaction without a trace
    """Nothing of this transaction shall stay."""


def _sums(connection: Connection, meter: int, span: tuple[int, int]) -> dict[_Key, object]:
    """The hours of a span and around it, and all that is coarser in the years that it touches."""
    first, last = span[0] - REACH_S, span[1] + REACH_S
    years = start_of(Grain.YEAR, first), end_of(Grain.YEAR, last)
    hours = start_of(Grain.HOUR, first), end_of(Grain.HOUR, last)
    found: dict[_Key, object] = {}
    for grain in (Grain.HOUR, Grain.DAY, Grain.MONTH, Grain.YEAR):
        begin, until = hours if grain is Grain.HOUR else years
        rows = connection.execute(
            select(period).where(
                period.c.meter_id == meter,
                period.c.grain == code(grain),
                period.c.start_ts.between(begin, until - 1),
            )
        )
        found |= {(grain.value, row.start_ts, row.optarif, row.slot): tuple(row) for row in rows}
    crossing = select(outage).where(
        outage.c.meter_id == meter, outage.c.start_ts < hours[1], outage.c.end_ts > hours[0]
    )
    for row in connection.execute(crossing):
        found["outage", row.start_ts, row.optarif, row.slot] = tuple(row)
    return found


def _differing(before: Mapping[_Key, object], after: Mapping[_Key, object]) -> Differences:
    found: dict[str, set[int]] = {}
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            found.setdefault(key[0], set()).add(key[1])
    return found
