"""The history as forwarders read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, select

from teleinfo_gateway.forwarding.target import Row
from teleinfo_gateway.history import outbox
from teleinfo_gateway.history.outbox import Cursor, Entry
from teleinfo_gateway.history.schema import meter

__all__ = ["History", "Outlook", "after", "begin", "outlook"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_KEYS = {"meter_id", "ts", "seq", "local_dt", "name"}


class History(Protocol):
    """What is asked of the history."""

    async def ask(
        self,
        question: Callable[Concatenate[Connection, _P], _T],
        *arguments: _P.args,
        **named: _P.kwargs,
    ) -> _T:
        """What a function finds, with all that was heard until a minute ago."""
        raise NotImplementedError

    async def change(
        self,
        job: Callable[Concatenate[Connection, _P], _T],
        *arguments: _P.args,
        **named: _P.kwargs,
    ) -> _T:
        """Run a function that writes, in its turn."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for an output: how many rows since when, how many were gone before it read them.

    ``last`` is the newest row; ``oldest`` are unix seconds, ``None`` if nothing waits.
    """

    backlog: int
    lost: int
    last: int
    oldest: int | None


def begin(connection: Connection, name: str, now: int) -> int:
    """How far an output has come; one that is new begins with what comes from now on."""
    outbox.add_cursor(connection, name, now)
    return _cursor(connection, name).seq


def outlook(connection: Connection, name: str) -> Outlook:
    """What waits for an output."""
    found = _cursor(connection, name)
    first = outbox.after(connection, found.seq, 1)
    oldest = first[0].row["ts"] if first else None
    return Outlook(found.backlog, found.lost, outbox.last(connection), oldest)


def after(connection: Connection, seq: int, limit: int) -> list[Row]:
    """The rows that follow ``seq``, at most ``limit``, with the meter they are of."""
    entries = outbox.after(connection, seq, limit)
    query = select(meter.c.id, meter.c.adco, meter.c.name)
    meters = {row.id: (row.adco, row.name or "") for row in connection.execute(query)}
    return [_row(entry, meters) for entry in entries]


def _cursor(connection: Connection, name: str) -> Cursor:
    return next(each for each in outbox.cursors(connection) if each.name == name)


def _row(entry: Entry, meters: dict[int, tuple[str, str]]) -> Row:
    adco, name = meters.get(entry.row["meter_id"], ("", ""))
    values = {column: value for column, value in entry.row.items() if column not in _KEYS}
    return Row(
        seq=entry.seq,
        kind=entry.kind,
        adco=adco,
        name=entry.row.get("name", name),
        ts=entry.row["ts"],
        values=values,
    )
