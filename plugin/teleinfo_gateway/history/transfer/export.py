"""What the history holds as rows of a file: one at a time, in constant memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from sqlalchemy import Column, ColumnElement, Connection, Table, select

from teleinfo_gateway.history.periods import Grain
from teleinfo_gateway.history.schema import event, label, meter, outage, period, reading
from teleinfo_gateway.history.sums import code
from teleinfo_gateway.history.transfer.spreadsheet import guarded

__all__ = ["EXPORTS", "WRITERS", "Selection", "exported"]

_PAGE = 1000
"""Rows fetched at a time."""

_OF_DATABASE = {"meter_id", "seq", "local_dt"}
"""Columns that mean something to this one database only, or that another column says as well."""

Row = tuple[int | str | None, ...]


class _Writes(Protocol):
    def write(self, text: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Meters by their ids (``None``: all) and ``[start, end)`` in unix seconds."""

    meters: Collection[int] | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class _Export:
    """One kind of rows: ``at`` is their time, ``order`` an order that the database has at hand."""

    table: Table
    at: Column[object]
    order: Sequence[Column[object]]
    which: ColumnElement[bool] | None = None

    @property
    def columns(self) -> list[Column[object]]:
        """What is written of the table, beside the time and the meter."""
        left_out = _OF_DATABASE | {self.at.name, "grain"}
        return [column for column in self.table.columns if column.name not in left_out]


def _of(grain: Grain) -> _Export:
    return _Export(
        period,
        period.c.start_ts,
        (period.c.meter_id, period.c.start_ts),
        period.c.grain == code(grain),
    )


EXPORTS: Mapping[str, _Export] = MappingProxyType(
    {
        "readings": _Export(reading, reading.c.ts, (reading.c.meter_id, reading.c.ts)),
        "labels": _Export(label, label.c.ts, (label.c.meter_id, label.c.label, label.c.ts)),
        "events": _Export(event, event.c.ts, (event.c.seq,)),
        "hours": _of(Grain.HOUR),
        "days": _of(Grain.DAY),
        "months": _of(Grain.MONTH),
        "years": _of(Grain.YEAR),
        "outages": _Export(outage, outage.c.start_ts, (outage.c.meter_id, outage.c.start_ts)),
    }
)
"""What can be exported, by name."""


@contextmanager
def exported(
    connection: Connection, what: str, selection: Selection
) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The names of the columns, and the rows.

    First are the time in ISO 8601 (UTC) and in unix seconds, and the address of the meter.
    """
    export = EXPORTS[what]
    query = (
        select(export.at.label("first_ts"), meter.c.adco, *export.columns)
        .outerjoin_from(export.table, meter, meter.c.id == export.table.c.meter_id)
        .order_by(*export.order)
        .execution_options(yield_per=_PAGE)
    )
    if export.which is not None:
        query = query.where(export.which)
    if selection.meters is not None:
        query = query.where(export.table.c.meter_id.in_(selection.meters))
    if selection.start is not None:
        query = query.where(export.at >= selection.start)
    if selection.end is not None:
        query = query.where(export.at < selection.end)
    names = ["time", "ts", "adco", *(column.name for column in export.columns)]
    with connection.execute(query) as rows:  # closed, also if not all of them are taken
        yield names, ((_iso(row[0]), *row) for row in rows)


def _write_csv(file: _Writes, names: Sequence[str], rows: Iterator[Row]) -> int:
    """Write a header and the rows, as RFC 4180 has it but with bare line feeds; how many rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    count = 0
    for row in rows:
        count += 1
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return count


def _write_jsonl(file: _Writes, names: Sequence[str], rows: Iterator[Row]) -> int:
    """Write an object a line, without the columns that say nothing; how many rows."""
    count = 0
    for row in rows:
        count += 1
        told = {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")
    return count


WRITERS: Mapping[str, Callable[[_Writes, Sequence[str], Iterator[Row]], int]] = MappingProxyType(
    {"csv": _write_csv, "jsonl": _write_jsonl}
)
"""What writes names and rows to a file and says how many rows, by the name of the form."""


def _iso(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M:%SZ}"
