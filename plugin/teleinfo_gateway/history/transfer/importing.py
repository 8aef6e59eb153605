"""Rows of a foreign table -> readings of ours, some days at a time, as often as one likes.

A row is known by its meter and second: a second run adds nothing. Rows are checked like what comes
from a meter; what is refused is counted by its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from statistics import median_low
from typing import TypeAlias

from teleinfo_gateway.history.columns import INDEXES, sample_of
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.index_check import Checked, IndexCheck
from teleinfo_gateway.history.periods import HOUR_S, Grain, start_of
from teleinfo_gateway.history.rollup import Sample, Tariff, roll_up, tells_energy
from teleinfo_gateway.history.sampling import LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.schema import reading
from teleinfo_gateway.history.store import Batch, Stored, closed_days, compare, store
from teleinfo_gateway.history.transfer.errors import TransferError
from teleinfo_gateway.history.transfer.formats import Format
from teleinfo_gateway.history.transfer.sources import LINE, Row, Source
from teleinfo_gateway.history.transfer.values import address_of, whole
from teleinfo_gateway.history.transfer.wall_clock import Timed, instants

__all__ = ["Import", "MeterSummary", "Summary"]

_ENOUGH = 5_000
"""Rows with which a batch ends at the next midnight, 20 MB: four days of one a minute."""

_TOO_MANY = 15_000
"""Rows with which it ends at once."""

_TYPICAL = 24
"""Rows from which the spacing of a source is told; a batch with less has that of the one before."""

_SPACING_S = range(1, HOUR_S + 1)

_EARLIEST_TS = 946_684_800
"""The year 2000: before, no program of this kind was; a clock that was not set says 1970."""

_LATER_S = 86_400
"""How far ahead of ours the clock of another machine may be."""

_Labels: TypeAlias = Sequence[tuple[str, str, str | None]]

_EMPTY = dict.fromkeys(column.name for column in reading.columns)


@dataclass(slots=True)
class MeterSummary:
    """What a source tells of a meter: its span (unix seconds), and energy in Wh by tariff.

    ``outages_wh`` is energy of the time between rows that are far apart, part of ``wh``.
    """

    first: int
    last: int
    wh: Counter[Tariff] = field(default_factory=Counter)
    outages_wh: int = 0


@dataclass(slots=True)
class Summary:
    """What became of the rows: ``refused`` rows and ``left_out`` values by reason.

    ``repeated`` rows have the meter and the second of another one of the source.
    """

    read: int = 0
    new: int = 0
    known: int = 0
    closed: int = 0
    repeated: int = 0
    labels: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    meters: dict[str, MeterSummary] = field(default_factory=dict)

    @property
    def used(self) -> bool:
        """Whether anything of the source was of use, now or before."""
        return bool(self.new or self.known or self.closed or self.labels)


class Import:
    """One run. ``database`` is ``None`` where there is none yet and nothing shall be written.

    ``meter`` is the address of a source that tells none; of one that tells them, only this one is
    taken. ``now`` (unix seconds) bounds what can be true.
    """

    def __init__(
        self,
        source: Source,
        kind: Format,
        database: Database | None,
        *,
        meter: str | None,
        now: int,
        dry_run: bool,
    ) -> None:
        self.summary = Summary()
        self._source = source
        self._kind = kind
        self._database = database
        self._meter = meter
        self._latest = now + _LATER_S
        self._dry_run = dry_run
        self._time = self._column(kind.times, "a column with the time")
        self._column(kind.needs, "a column with power or an index")
        self._address = next((name for name in kind.meters if name in source.columns), None)
        if self._address is None and meter is None:
            raise TransferError(
                f"{source.name}: it does not tell which meter was read: add --meter with its "
                f"address, 12 characters"
            )
        self._number = next((name for name in ("ID", LINE) if name in source.columns), None)

    def run(self, advance: Callable[[int], None]) -> Summary:
        """Take every row; ``advance`` hears of how many were read since it was last called.

        Raises :class:`TransferError` and ``HistoryError``.
        """
        order = [self._address, self._time, self._number]
        with closing(self._source.rows([name for name in order if name])) as rows:
            located = self._located(rows, advance)
            for adco, own in groupby(located, key=lambda each: each[0]):
                self._take_meter(adco, (row for _, row in own))
        return self.summary

    def _column(self, names: Sequence[str], what: str) -> str:
        found = next((name for name in names if name in self._source.columns), None)
        if found is None:
            there = ", ".join(list(self._source.columns)[:40])
            raise TransferError(
                f"{self._source.name}: the table {self._source.table} lacks {what}, which is one "
                f"of {', '.join(names)}; it has {there}. Is this the right --format?"
            )
        return found

    def _located(
        self, rows: Iterator[Row], advance: Callable[[int], None]
    ) -> Iterator[tuple[str, Timed[Row]]]:
        """The rows with their meter and the time they tell, meter by meter."""
        for row in rows:
            self.summary.read += 1
            if self.summary.read % 1000 == 0:
                advance(1000)
            adco = address_of(row[self._address]) if self._address else self._meter
            time = self._kind.time(row, self._time)
            if adco is None:
                self.summary.refused["no address of a meter"] += 1
            elif self._meter not in {None, adco}:
                self.summary.refused["of another meter"] += 1
            elif time is None:
                self.summary.refused["no time"] += 1
            else:
                number = whole(row[self._number]) if self._number else None
                yield adco, Timed(time, row, number, self._kind.energy(row))
        advance(self.summary.read % 1000)

    def _take_meter(self, adco: str, rows: Iterator[Timed[Row]]) -> None:
        writer = _Writer(self._database, adco, self._kind, self.summary, dry_run=self._dry_run)
        take = self._kind.taker(adco)
        indexes = IndexCheck[_Labels]()
        for ts, row in instants(rows):
            if ts is None:
                self.summary.refused["a time that no legal clock showed"] += 1
                continue
            if not _EARLIEST_TS <= ts <= self._latest:
                self.summary.refused["a time before 2000 or in the future"] += 1
                continue
            told = take(row, self.summary.left_out)
            if told.columns is None:
                writer.add(ts, None, told.labels)
            else:
                checked = indexes.take(ReadingRow(adco, ts, told.columns), told.labels)
                self._add(checked, writer)
        self._add(indexes.rest(), writer)
        writer.write()

    def _add(self, checked: Iterable[Checked[_Labels]], writer: _Writer) -> None:
        for (_, ts, columns), labels, refused in checked:
            if refused:
                self.summary.left_out[f"indexes: {refused}"] += 1
            writer.add(ts, columns | dict.fromkeys(INDEXES) if refused else columns, labels)


class _Writer:
    """Gathers the rows of a meter and writes them."""

    def __init__(
        self,
        database: Database | None,
        adco: str,
        kind: Format,
        summary: Summary,
        *,
        dry_run: bool,
    ) -> None:
        self._database = database
        self._adco = adco
        self._mode = kind.mode.value if kind.mode else None
        self._summary = summary
        self._dry_run = dry_run
        self._batch = Batch()
        self._labels: dict[str, tuple[str, str | None]] = {}
        self._first = self._last = 0  # of the batch
        self._spacing_s: int | None = None
        self._phases: int | None = None
        self._tail: list[Sample] = []  # the last sample, before it the last with energy
        self._closed: frozenset[int] = frozenset()
        if database is not None:
            with database.reading() as connection:
                self._closed = closed_days(connection, adco)

    def add(
        self,
        ts: int,
        columns: dict[str, int | str | None] | None,
        labels: _Labels,
    ) -> None:
        """Take a row; what was gathered before is written now and then."""
        batch = self._batch
        midnight = len(batch) and start_of(Grain.DAY, ts) > self._last
        week = midnight and start_of(Grain.WEEK, ts) > self._last
        if week or (midnight and len(batch) >= _ENOUGH) or len(batch) >= _TOO_MANY:
            self.write()
            batch = self._batch
        self._first = self._first if len(batch) else ts
        self._last = ts
        for label, value, horodate in labels:
            if self._labels.get(label) != (value, horodate):
                self._labels[label] = value, horodate
                batch.labels.append(LabelRow(self._adco, ts, label, value, horodate))
                self._summary.labels += 1
        if columns is not None:
            batch.readings.append(ReadingRow(self._adco, ts, columns))
            if columns.get("i2") is not None:
                self._phases = 3
            elif columns.get("i1") is not None:
                self._phases = self._phases or 1

    def write(self) -> None:
        """Write what was gathered."""
        batch, self._batch = self._batch, Batch()
        if not len(batch):
            return
        of_second = {row.ts: row for row in batch.readings}
        self._summary.repeated += len(batch.readings) - len(of_second)
        batch.readings = [of_second[ts] for ts in sorted(of_second)]
        self._set_spacing(batch.readings)
        self._sum_up(batch.readings)
        stored = self._store(batch)
        self._summary.new += stored.new
        self._summary.known += stored.known
        self._summary.closed += stored.closed

    def _store(self, batch: Batch) -> Stored:
        if self._database is None:
            return Stored(new=len(batch.readings))
        closed = {self._adco: self._closed}
        if self._dry_run:
            with self._database.reading() as connection:
                return compare(connection, batch, closed)
        meter = MeterRow(self._adco, self._last, None, self._mode, self._phases, None)
        batch.meters[self._adco] = meter
        with self._database.writing() as connection:
            store(connection, Batch({self._adco: meter._replace(ts=self._first)}), closed)
            return store(connection, batch, closed)

    def _set_spacing(self, rows: Sequence[ReadingRow]) -> None:
        """The time until the next row, where it is not told: what is usual in this batch."""
        steps = [after.ts - before.ts for before, after in pairwise(rows)]
        if steps and (len(steps) >= _TYPICAL or self._spacing_s is None):
            usual = median_low(steps)
            self._spacing_s = max(_SPACING_S[0], min(usual, _SPACING_S[-1]))
        for row in rows:
            row.columns.setdefault("interval_s", self._spacing_s or 60)

    def _sum_up(self, rows: Sequence[ReadingRow]) -> None:
        """Add energy by tariff, as the source tells it."""
        if not rows:
            return
        meters = self._summary.meters
        meter = meters.setdefault(self._adco, MeterSummary(rows[0].ts, rows[0].ts))
        meter.last = max(meter.last, rows[-1].ts)
        after = self._tail[-1].ts if self._tail else 0
        later = (row for row in rows if row.ts > after)
        samples = [*self._tail, *(sample_of(row.ts, _EMPTY | row.columns) for row in later)]
        sums = roll_up(samples)
        for (_, tariff), one in sums.hours.items():
            if one.wh is not None:
                meter.wh[tariff] += one.wh
        for outage in sums.outages:
            meter.outages_wh += outage.wh
            if start_of(Grain.HOUR, outage.start) != start_of(Grain.HOUR, outage.end - 1):
                meter.wh[outage.tariff] += outage.wh
        energetic = [sample for sample in samples if tells_energy(sample)]
        self._tail = [*energetic[-1:], *(samples[-1:] if samples[-1:] != energetic[-1:] else [])]
