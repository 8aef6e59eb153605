"""The history as forwarders read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, RowMapping, select

from teleinfo_gateway.config.history import HistoryConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding.target import Row
from teleinfo_gateway.history import outbox
from teleinfo_gateway.history.outbox import Entry
from teleinfo_gateway.history.schema import meter

__all__ = ["History", "Outlook", "ReplacedError", "after", "begin", "outlook"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_KEYS = {"meter_id", "ts", "seq", "local_dt", "name"}
_UNKNOWN: Mapping[str, Any] = dict.fromkeys(("adco", "name", "mode", "phases", "replaces"))


class ReplacedError(GatewayError):
    """The history is another one than before: it has not come so far yet."""


class History(Protocol):
    """What is asked of the history."""

    @property
    def config(self) -> HistoryConfig:
        """Where it is."""
        raise NotImplementedError

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


def begin(connection: Connection, name: str, now: int, *, from_start: bool = False) -> int:
    """How far an output has come; one that is new has come to the end, or to nothing yet."""
    outbox.add_cursor(connection, name, now, from_start=from_start)
    return outbox.touch_cursor(connection, name, now)


def outlook(connection: Connection, name: str, seq: int) -> Outlook:
    """What waits for an output that has come to ``seq``. Raises :class:`ReplacedError`."""
    last = _newest(connection, seq)
    first = outbox.after(connection, seq, 1)
    return Outlook(
        backlog=outbox.backlog(connection, seq),
        lost=outbox.lost(connection, name),
        last=last,
        oldest=first[0].row["ts"] if first else None,
    )


def after(connection: Connection, seq: int, limit: int) -> list[Row]:
    """The rows that follow ``seq``, at most ``limit``, with the meter they are of.

    Raises :class:`ReplacedError`.
    """
    _newest(connection, seq)
    entries = outbox.after(connection, seq, limit)
    meters = {row["id"]: row for row in connection.execute(select(meter)).mappings()}
    return [_row(entry, meters) for entry in entries]


def _newest(connection: Connection, seq: int) -> int:
    """The number of the newest row; a file that was put in the place of another one begins anew."""
    last = outbox.last(connection)
    if last < seq:
        raise ReplacedError("the history is another one than before")
    return last


def _row(entry: Entry, meters: Mapping[int, RowMapping]) -> Row:
    known = meters.get(entry.row["meter_id"], _UNKNOWN)
    return Row(
        seq=entry.seq,
        kind=entry.kind,
        adco=known["adco"] or "",
        name=entry.row.get("name", known["name"] or ""),
        ts=entry.row["ts"],
        values={column: value for column, value in entry.row.items() if column not in _KEYS},
        mode=known["mode"],
        phases=known["phases"],
        replaces=known["replaces"],
    )
