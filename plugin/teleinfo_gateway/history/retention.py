"""What is let go, and when: readings, labels and events by age and by size; sums never.

What an output has not read outlives its age, not its size: the loss is then counted at its cursor.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from teleinfo_gateway.history.outbox import count_lost, slowest
from teleinfo_gateway.history.periods import Grain, end_of, start_of
from teleinfo_gateway.history.schema import counter, event, label, meter, reading
from teleinfo_gateway.history.sums import TELLS_ENERGY

__all__ = ["first_free", "forget_before", "forget_oldest_day", "size_bytes"]

_ALL = 2**63 - 1
"""Read by every output, as there is none."""


def forget_before(connection: Connection, ts: int) -> int:
    """Let go what is older than the legal day of ``ts`` and read by every output; how many rows."""
    read = slowest(connection)
    return _forget(connection, start_of(Grain.DAY, ts), _ALL if read is None else read)


def first_free(connection: Connection) -> int | None:
    """The instant from which on something can be let go; ``None`` without readings and events."""
    return min((max(kept_from, ts) for kept_from, ts in _free(connection)), default=None)


def forget_oldest_day(connection: Connection) -> int | None:
    """Let go the oldest legal day, read or not; how many rows, ``None`` if only the newest is left.

    Each call lets go another day, even if nothing of it takes room.
    """
    ends = (max(kept_from, end_of(Grain.DAY, ts)) for kept_from, ts in _free(connection))
    before = min(ends, default=None)
    newest = (select(func.max(column)) for column in (meter.c.last_seen, event.c.ts))
    last = max(connection.execute(query).scalar() or 0 for query in newest)
    if before is None or before > last:
        return None
    return _forget(connection, before, None)


def size_bytes(connection: Connection) -> int:
    """What the rows of a SQLite file take, without the pages that are free for new ones."""
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _forget(connection: Connection, before: int, read: int | None) -> int:
    """Let go what is older than ``before``; with ``read``, only up to this number."""
    connection.execute(select(counter.c.last).with_for_update())  # nobody writes meanwhile
    gone = 0
    for row in connection.execute(select(meter.c.id, meter.c.kept_from)).all():
        needed = _needed(connection, row.id, before)
        if needed:
            doomed = and_(
                reading.c.meter_id == row.id, reading.c.ts < before, reading.c.ts.not_in(needed)
            )
            connection.execute(
                update(meter)
                .where(meter.c.id == row.id)
                .values(kept_from=max(row.kept_from, before))
            )
            gone += _delete(connection, reading, doomed, read)
    gone += _delete(connection, event, event.c.ts < before, read)
    stale = (
        select(label.c.meter_id, label.c.label, func.max(label.c.ts))
        .where(label.c.ts < before)
        .group_by(label.c.meter_id, label.c.label)
        .having(func.count() > 1)
    )
    for meter_id, name, last in connection.execute(stale).all():
        # The last one stays: it is what the label still says.
        doomed = and_(label.c.meter_id == meter_id, label.c.label == name, label.c.ts < last)
        gone += _delete(connection, label, doomed, read)
    return gone


def _free(connection: Connection) -> Iterator[tuple[int, int]]:
    """The oldest reading of each meter that need not stay, and the oldest event, as an instant.

    Before it, since when the readings of the meter are kept. The readings that must stay may be far
    older: they are the last before a long pause, or the last of all.
    """
    for row in connection.execute(select(meter.c.id, meter.c.kept_from)).all():
        needed = _needed(connection, row.id, row.kept_from)
        free = and_(reading.c.meter_id == row.id, reading.c.ts.not_in(needed))
        oldest = connection.execute(select(func.min(reading.c.ts)).where(free)).scalar()
        if oldest is not None:
            yield row.kept_from, oldest
    first = connection.execute(select(func.min(event.c.ts))).scalar()
    if first is not None:
        yield 0, first


def _needed(connection: Connection, meter_id: int, before: int) -> set[int]:
    """The readings older than ``before`` with which the first hour kept begins: the last ones.

    They are the last two that tell energy, and the last of all, which tells power.
    """
    last = (
        select(reading.c.ts)
        .where(reading.c.meter_id == meter_id, reading.c.ts < before)
        .order_by(reading.c.ts.desc())
    )
    queries = last.limit(1), last.where(TELLS_ENERGY).limit(2)
    return {ts for query in queries for ts in connection.execute(query).scalars()}


def _delete(
    connection: Connection, table: Table, doomed: ColumnElement[bool], read: int | None
) -> int:
    if read is None:
        count_lost(connection, table, doomed)
    else:
        doomed = and_(doomed, table.c.seq <= read)
    return connection.execute(delete(table).where(doomed)).rowcount
