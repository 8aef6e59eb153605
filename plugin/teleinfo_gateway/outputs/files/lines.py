"""Rows as lines of a file, and which row a line is. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timezone
from typing import Literal, Protocol

from sqlalchemy import Table

from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.history.periods import local_time
from teleinfo_gateway.history.schema import event, label, reading

__all__ = ["COLUMNS", "FORMATS", "Format", "Kind", "key_of"]

Kind = Literal["reading", "label", "event"]

_KEY = ("seq", "time", "adco")
_FIRST = (*_KEY, "name")
_NOT_SHOWN = {"meter_id", "ts", "local_dt", *_FIRST}

_TABLES: Mapping[Kind, Table] = {"reading": reading, "label": label, "event": event}
COLUMNS = {
    kind: (*_FIRST, *(column.name for column in table.c if column.name not in _NOT_SHOWN))
    for kind, table in _TABLES.items()
}
"""What a line of each kind holds, in order."""


class Format(Protocol):
    """How rows are written. Every line ends with the only line feed in it."""

    def head(self, kind: Kind) -> bytes:
        """What a file begins with."""
        raise NotImplementedError

    def line(self, row: Row) -> bytes:
        """A row."""
        raise NotImplementedError

    def is_whole(self, line: bytes, kind: Kind) -> bool:
        """Whether a line was written to its end."""
        raise NotImplementedError


class _Csv:
    """RFC 4180 with a line of names; what is not known is empty."""

    def head(self, kind: Kind) -> bytes:
        return _as_csv(COLUMNS[kind])

    def line(self, row: Row) -> bytes:
        return _as_csv("" if value is None else value for value in _members(row).values())

    def is_whole(self, line: bytes, kind: Kind) -> bool:
        try:
            cells = next(csv.reader([line.decode()], strict=True))
        except (ValueError, csv.Error, StopIteration):
            return False
        return len(cells) == len(COLUMNS[kind]) and cells[0].isdecimal()


class _Jsonl:
    """One JSON object a line; what is not known is left out."""

    def head(self, kind: Kind) -> bytes:  # noqa: ARG002  # there is none
        return b""

    def line(self, row: Row) -> bytes:
        known = {name: value for name, value in _members(row).items() if value is not None}
        return json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def is_whole(self, line: bytes, kind: Kind) -> bool:  # noqa: ARG002  # as above
        try:
            return "seq" in json.loads(line)
        except (ValueError, TypeError, RecursionError):
            return False


FORMATS: Mapping[str, Format] = {"csv": _Csv(), "jsonl": _Jsonl()}


def key_of(line: bytes) -> bytes:
    """What tells a row from all others: number, time and meter, as they begin the line."""
    return b",".join(line.split(b",", len(_KEY))[: len(_KEY)])


def _as_csv(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _members(row: Row) -> dict[str, int | str | None]:
    members: dict[str, int | str | None] = dict.fromkeys(COLUMNS[row.kind])
    members |= {name: row.values.get(name) for name in members}
    members |= {"seq": row.seq, "time": _time(row.ts), "adco": row.adco, "name": row.name}
    return {name: _on_one_line(value) for name, value in members.items()}


def _on_one_line(value: int | str | None) -> int | str | None:
    """Text from meters is data: a line feed in it would be taken for the end of the row."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(char if char.isprintable() else " " for char in value)


def _time(ts: int) -> str:
    """French legal time with its offset, so that it can be read and is still an instant."""
    instant = datetime.fromtimestamp(ts, UTC)
    offset = local_time(ts) - instant.replace(tzinfo=None)
    return instant.astimezone(timezone(offset)).isoformat()
