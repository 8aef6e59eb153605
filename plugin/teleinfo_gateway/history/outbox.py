"""The sequence that durable outputs read, each behind a cursor of its own.

Readings, changed labels and events carry a number, ``seq``, that only grows and becomes visible in
its order. An output asks for what follows its cursor, and moves it once its target has confirmed.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from teleinfo_gateway.history.schema import counter, cursor, event, label, reading

__all__ = [
    "Cursor",
    "Entry",
    "add_cursor",
    "after",
    "backlog",
    "count_lost",
    "cursors",
    "forget_cursors",
    "keep_cursors",
    "last",
    "lost",
    "move_cursor",
    "slowest",
    "touch_cursor",
]

Kind = Literal["reading", "label", "event"]

_TABLES: dict[Kind, Table] = {"reading": reading, "label": label, "event": event}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: ``kind`` is ``reading``, ``label`` or ``event``, ``row`` its columns by name."""

    seq: int
    kind: Kind
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an output has read; ``lost`` rows were gone before it did, ``backlog`` wait."""

    name: str
    seq: int
    lost: int
    backlog: int


def add_cursor(connection: Connection, name: str, now: int, *, from_start: bool = False) -> None:
    """Make the cursor of an output, unless it exists: at the end, or before all that is kept."""
    if connection.execute(select(cursor.c.seq).where(cursor.c.name == name)).first() is None:
        seq = 0 if from_start else last(connection)
        connection.execute(insert(cursor).values(name=name, seq=seq, lost=0, updated_ts=now))


def touch_cursor(connection: Connection, name: str, now: int) -> int:
    """How far an output has read; its cursor is in use."""
    own = cursor.c.name == name
    connection.execute(update(cursor).where(own).values(updated_ts=now))
    return int(connection.execute(select(cursor.c.seq).where(own)).scalar_one())


def keep_cursors(
    connection: Connection, names: Collection[str], unused_since: int | None = None
) -> None:
    """Forget the cursors of all other outputs.

    ``unused_since`` spares those that were used later: of gateways that share the database.
    """
    gone = delete(cursor).where(cursor.c.name.not_in(names))
    if unused_since is not None:
        gone = gone.where(cursor.c.updated_ts < unused_since)
    connection.execute(gone)


def forget_cursors(connection: Connection, names: Collection[str]) -> None:
    """Forget the cursors of these outputs: nothing is kept for them any more."""
    connection.execute(delete(cursor).where(cursor.c.name.in_(names)))


def after(connection: Connection, seq: int, limit: int) -> list[Entry]:
    """The rows that follow ``seq``, at most ``limit``, in the order of the sequence."""
    # What is written between these queries is for the next time: only one table might show it.
    stretch = seq, last(connection)
    merged = heapq.merge(
        *(_of(connection, kind, table, stretch, limit) for kind, table in _TABLES.items()),
        key=lambda entry: entry.seq,
    )
    return list(islice(merged, limit))


def move_cursor(connection: Connection, name: str, seq: int, now: int) -> None:
    """Remember that an output's target has everything up to and with ``seq``; never moves back.

    A cursor that was forgotten meanwhile comes back.
    """
    if seq > last(connection):  # of a history that was replaced meanwhile
        return
    add_cursor(connection, name, now, from_start=True)
    forward = update(cursor).where(cursor.c.name == name, cursor.c.seq < seq)
    connection.execute(forward.values(seq=seq, updated_ts=now))


def cursors(connection: Connection) -> list[Cursor]:
    """Every cursor, by name."""
    rows = connection.execute(select(cursor).order_by(cursor.c.name)).all()
    return [Cursor(row.name, row.seq, row.lost, backlog(connection, row.seq)) for row in rows]


def backlog(connection: Connection, seq: int) -> int:
    """How many rows follow ``seq``."""
    return sum(
        connection.execute(
            select(func.count()).select_from(table).where(table.c.seq > seq)
        ).scalar_one()
        for table in _TABLES.values()
    )


def lost(connection: Connection, name: str) -> int:
    """How many rows were gone before an output has read them."""
    found = connection.execute(select(cursor.c.lost).where(cursor.c.name == name)).scalar()
    return int(found or 0)


def count_lost(connection: Connection, table: Table, doomed: ColumnElement[bool]) -> None:
    """Add to each cursor the rows of ``table`` that are about to go and that it has not read."""
    for row in connection.execute(select(cursor.c.name, cursor.c.seq)).all():
        unread = select(func.count()).select_from(table).where(doomed, table.c.seq > row.seq)
        going = connection.execute(unread).scalar_one()
        if going:
            connection.execute(
                update(cursor).where(cursor.c.name == row.name).values(lost=cursor.c.lost + going)
            )


def slowest(connection: Connection) -> int | None:
    """What every output has read; ``None`` without outputs."""
    return connection.execute(select(func.min(cursor.c.seq))).scalar()


def last(connection: Connection) -> int:
    """The number of the newest row that can be seen."""
    query = select(counter.c.last).where(counter.c.name == "seq")
    return int(connection.execute(query).scalar_one())


def _of(
    connection: Connection, kind: Kind, table: Table, stretch: tuple[int, int], limit: int
) -> Iterator[Entry]:
    seq, newest = stretch
    which = select(table).where(table.c.seq > seq, table.c.seq <= newest)
    rows = connection.execute(which.order_by(table.c.seq).limit(limit))
    for row in rows.mappings():
        yield Entry(row["seq"], kind, dict(row))
