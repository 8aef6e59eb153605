"""Writes what is kept, in one transaction, in the order of the sequence that outputs read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from teleinfo_gateway.history.periods import Grain, local_time, start_of, starts
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.schema import (
    counter,
    event,
    label,
    meter,
    outage,
    period,
    reading,
)
from teleinfo_gateway.history.sums import REACH_S, code, sum_up

__all__ = ["Batch", "Stored", "closed_days", "compare", "store"]

_VALUE, _DETAIL = 128, 2000
"""Characters of an event that are kept; all of ours are far shorter."""

_COLUMNS = tuple(
    column.name
    for column in reading.columns
    if column.name not in {"meter_id", "ts", "seq", "local_dt"}
)


@dataclass(slots=True)
class Batch:
    """What is to be written together; every meter of ``readings`` and ``labels`` is in ``meters``.

    ``meters`` maps an address to the last that is known of it.
    """

    meters: dict[str, MeterRow] = field(default_factory=dict)
    readings: list[ReadingRow] = field(default_factory=list)
    labels: list[LabelRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)

    def __len__(self) -> int:
        """How many rows it has."""
        return len(self.readings) + len(self.labels) + len(self.events)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many readings were new, known already (same meter and second), or of a closed day."""

    new: int = 0
    known: int = 0
    closed: int = 0


def store(
    connection: Connection,
    batch: Batch,
    closed: Mapping[str, frozenset[int]] | None = None,
    *,
    copy: bool = False,
) -> Stored:
    """Write a batch and sum up what it touches.

    ``closed`` maps an address to the days whose readings are gone (:func:`closed_days`); without
    it they are looked up, which is right unless several batches together fill such days.
    ``copy`` says that the labels are rows of another history: changes, in whatever order they come.
    """
    sequence = _Sequence(connection)
    first = {adco: rows[0].ts for adco, rows in _by_address(batch.readings).items()}
    meters = {
        adco: _meter_id(connection, row, min(row.ts, first.get(adco, row.ts)))
        for adco, row in batch.meters.items()
    }
    known = past = new = 0
    for adco, rows in _by_address(batch.readings).items():
        days = _closed(connection, adco, rows[0].ts) if closed is None else closed[adco]
        fresh = [row for row in rows if start_of(Grain.DAY, row.ts) not in days]
        past += len(rows) - len(fresh)
        unknown = _without_known(connection, meters[adco], fresh)
        known += len(fresh) - len(unknown)
        new += len(unknown)
        if unknown:
            connection.execute(
                insert(reading),
                [_reading_row(meters[adco], row, sequence.take()) for row in unknown],
            )
            sum_up(connection, meters[adco], unknown[0].ts, unknown[-1].ts, days)
    for adco, changes in _by_address(batch.labels).items():
        rows = _changes(connection, meters[adco], changes, each=copy)
        if rows:
            connection.execute(insert(label), [{**row, "seq": sequence.take()} for row in rows])
    happened = _without_told(connection, batch.events)
    if happened:
        ids = _ids(connection, {row.adco for row in happened if row.adco is not None})
        connection.execute(
            insert(event), [_event_row(row, ids, sequence.take()) for row in happened]
        )
    sequence.close()
    return Stored(new, known, past)


def compare(connection: Connection, batch: Batch, closed: Mapping[str, frozenset[int]]) -> Stored:
    """What :func:`store` would do with the readings of a batch, without doing it."""
    known = past = new = 0
    for adco, rows in _by_address(batch.readings).items():
        fresh = [row for row in rows if start_of(Grain.DAY, row.ts) not in closed[adco]]
        found = connection.execute(select(meter.c.id).where(meter.c.adco == adco)).scalar()
        unknown = fresh if found is None else _without_known(connection, found, fresh)
        past += len(rows) - len(fresh)
        known += len(fresh) - len(unknown)
        new += len(unknown)
    return Stored(new, known, past)


def closed_days(connection: Connection, adco: str) -> frozenset[int]:
    """The legal days of a meter whose readings are gone but whose energy is known."""
    query = select(meter.c.id, meter.c.kept_from).where(meter.c.adco == adco)
    found = connection.execute(query).first()
    if found is None:
        return frozenset()
    with_sums = select(period.c.start_ts).where(
        period.c.meter_id == found.id,
        period.c.grain == code(Grain.DAY),
        period.c.start_ts < found.kept_from,
    )
    days = set(connection.execute(with_sums).scalars())
    outages = select(outage.c.start_ts, outage.c.end_ts).where(
        outage.c.meter_id == found.id, outage.c.start_ts < found.kept_from
    )
    for start, end in connection.execute(outages):
        days.update(starts(Grain.DAY, start, min(end, found.kept_from)))
    return frozenset(days)


def _closed(connection: Connection, adco: str, first: int) -> frozenset[int]:
    """The closed days, if rows from ``first`` on can touch one."""
    kept_from = select(meter.c.kept_from).where(meter.c.adco == adco)
    if first > connection.execute(kept_from).scalar_one() + REACH_S:
        return frozenset()
    return closed_days(connection, adco)


class _Sequence:
    """The numbers of the rows of a transaction; nobody else gets one until it has ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        locked = select(counter.c.last).where(counter.c.name == "seq").with_for_update()
        self._last = self._first = connection.execute(locked).scalar_one()

    def take(self) -> int:
        """The next number."""
        self._last += 1
        return int(self._last)

    def close(self) -> None:
        """Remember the last number given."""
        if self._last != self._first:
            changed = update(counter).where(counter.c.name == "seq")
            self._connection.execute(changed.values(last=self._last))


def _meter_id(connection: Connection, row: MeterRow, first: int) -> int:
    """The id of a meter that was heard from ``first`` to ``row.ts``."""
    told = {key: value for key, value in row._asdict().items() if value is not None}
    ts = told.pop("ts")
    found = connection.execute(select(meter).where(meter.c.adco == row.adco)).first()
    if found is None:
        added = connection.execute(insert(meter).values(**told, first_seen=first, last_seen=ts))
        assert added.inserted_primary_key is not None  # noqa: S101  # for the type checker
        return int(added.inserted_primary_key[0])
    connection.execute(
        update(meter)
        .where(meter.c.id == found.id)
        .values(
            **(told if ts >= found.last_seen else {}),
            first_seen=min(found.first_seen, first),
            last_seen=max(found.last_seen, ts),
        )
    )
    return int(found.id)


def _ids(connection: Connection, addresses: Collection[str]) -> dict[str, int]:
    query = select(meter.c.adco, meter.c.id).where(meter.c.adco.in_(addresses))
    return {row.adco: row.id for row in connection.execute(query)}


def _by_address(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """Rows by meter, in the order of their time, the last one of each instant."""
    found: dict[str, dict[tuple[Any, ...], Any]] = defaultdict(dict)
    for row in rows:
        found[row.adco][row.ts, getattr(row, "label", "")] = row
    return {adco: [row for _, row in sorted(own.items())] for adco, own in found.items()}


def _without_known(
    connection: Connection, meter_id: int, rows: Sequence[ReadingRow]
) -> list[ReadingRow]:
    if not rows:
        return []
    between = and_(reading.c.meter_id == meter_id, reading.c.ts.between(rows[0].ts, rows[-1].ts))
    known = set(connection.execute(select(reading.c.ts).where(between)).scalars())
    return [row for row in rows if row.ts not in known]


def _reading_row(meter_id: int, row: ReadingRow, seq: int) -> dict[str, object]:
    return {
        "meter_id": meter_id,
        "ts": row.ts,
        "seq": seq,
        "local_dt": local_time(row.ts),
        **{name: row.columns.get(name) for name in _COLUMNS},
    }


def _changes(
    connection: Connection, meter_id: int, rows: Sequence[LabelRow], *, each: bool
) -> list[dict[str, object]]:
    """The rows that say something new: other than the value that stood at their time.

    With ``each``, all that are not there: the one between them may come later.
    """
    concerned = and_(label.c.meter_id == meter_id, label.c.label.in_({row.label for row in rows}))
    stood = (
        select(label.c.label, func.max(label.c.ts).label("ts"))
        .where(concerned, label.c.ts <= rows[0].ts)
        .group_by(label.c.label)
        .subquery()
    )
    query = (
        select(label.c.ts, label.c.label, label.c.value, label.c.horodate)
        .outerjoin(stood, label.c.label == stood.c.label)
        .where(concerned, label.c.ts.between(func.coalesce(stood.c.ts, 0), rows[-1].ts))
    )
    known: dict[tuple[int, str], Any] = {
        (row.ts, row.label): row for row in connection.execute(query)
    }
    says: dict[str, tuple[str, str | None]] = {}
    changes = []
    for key, row in sorted(({(row.ts, row.label): row for row in rows} | known).items()):
        said = row.value, row.horodate
        if key not in known and (each or says.get(row.label) != said):
            changes.append(
                {
                    "meter_id": meter_id,
                    "label": row.label,
                    "ts": row.ts,
                    "value": row.value,
                    "horodate": row.horodate,
                }
            )
        says[row.label] = said
    return changes


def _without_told(connection: Connection, rows: Sequence[EventRow]) -> list[EventRow]:
    """The events that are not there yet: a server may have kept what it could not confirm."""
    if not rows:
        return []
    stamps = [row.ts for row in rows]
    query = select(event.c.ts, event.c.name, event.c.kind, event.c.value, event.c.detail).where(
        event.c.ts.between(min(stamps), max(stamps))
    )
    told = {tuple(row) for row in connection.execute(query)}
    return [
        row
        for row in rows
        if (row.ts, row.name, row.kind, row.value[:_VALUE], row.detail[:_DETAIL]) not in told
    ]


def _event_row(row: EventRow, meters: Mapping[str, int], seq: int) -> dict[str, object]:
    return {
        "seq": seq,
        "meter_id": None if row.adco is None else meters.get(row.adco),
        "name": row.name,
        "ts": row.ts,
        "kind": row.kind,
        "value": row.value[:_VALUE],
        "detail": row.detail[:_DETAIL],
    }
