"""What of a meter's readings is kept, and when. Pure.

One reading each interval, at the first frame of an hour and at a change of tariff; between them
only the range of power. A text or a code that changes is kept at once, a number that has no column
of its own with the next reading; so is what a label says that the table of labels does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from teleinfo_gateway.history.columns import Row, columns_of, labels_of
from teleinfo_gateway.history.periods import HOUR_S
from teleinfo_gateway.history.rollup import is_close
from teleinfo_gateway.readings import Reading
from tic import BY_NAME, FrameKind, Kind

_EARLY_S = 1
"""Readings have whole seconds here: without it, every second interval would be one frame late."""

_NUMBERS = {Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.DURATION, Kind.NUMBER}


class MeterRow(NamedTuple):
    """A meter that was heard at ``ts``; ``replaces`` is the address of the one before it."""

    adco: str
    ts: int
    name: str | None
    mode: str | None
    phases: int | None
    replaces: str | None


class EventRow(NamedTuple):
    """Something that happened to a meter, or to the gateway (``name`` is ``""``).

    ``adco`` is ``None`` until the meter has told it.
    """

    adco: str | None
    name: str
    ts: int
    kind: str
    value: str
    detail: str


class ReadingRow(NamedTuple):
    """A reading to keep: the columns of ``ti_reading`` but those of the database itself."""

    adco: str
    ts: int
    columns: Row


class LabelRow(NamedTuple):
    """The value of a label since ``ts``; ``horodate`` is the meter's own time of it."""

    adco: str
    ts: int
    label: str
    value: str
    horodate: str | None


class Sampler:
    """Picks what is kept of one meter, in the order of time."""

    def __init__(self) -> None:
        self._kept_ts: int | None = None  # of the last one kept, or just before the first heard
        self._tariff: tuple[object, object] | None = None
        self._low: int | None = None
        self._high: int | None = None
        self._labels: dict[str, tuple[str, str | None]] = {}

    def take(self, reading: Reading, interval_s: int) -> Iterator[ReadingRow | LabelRow]:
        """What is to be kept of a reading; ``interval_s`` is the meter's interval."""
        ts = int(reading.time.timestamp())
        if reading.kind is not FrameKind.LONG:
            return
        row = columns_of(reading)
        if not self._goes_on(ts, interval_s):
            self._low = self._high = None  # of another time, which this one would else have
        self._widen(row.get("papp"))
        due = self._due(ts, row, interval_s, complete=reading.complete)
        for label, value, horodate in labels_of(reading):
            if self._changed(label, value, horodate, due=due):
                yield LabelRow(reading.address, ts, label, value, horodate)
        if due:
            row |= {"interval_s": interval_s, "papp_min": self._low, "papp_max": self._high}
            self._low = self._high = None
            yield ReadingRow(reading.address, ts, row)

    def _goes_on(self, ts: int, interval_s: int) -> bool:
        """Whether no outage and no clock that was set lies between this and the last one kept."""
        kept_ts = self._kept_ts
        return kept_ts is not None and kept_ts <= ts and is_close(kept_ts, interval_s, ts)

    def _widen(self, papp: int | str | None) -> None:
        if isinstance(papp, int):
            self._low = papp if self._low is None else min(self._low, papp)
            self._high = papp if self._high is None else max(self._high, papp)

    def _due(self, ts: int, row: Row, interval_s: int, *, complete: bool) -> bool:
        """Whether to keep this reading; a damaged one only if no whole one comes for long."""
        if self._kept_ts is None or ts < self._kept_ts:  # the first, or the clock was set back
            self._kept_ts, self._tariff = ts - 1, None
        waited = ts - self._kept_ts
        tariff = row.get("optarif"), row.get("ptec")
        due = (
            waited >= interval_s - _EARLY_S
            or ts // HOUR_S > self._kept_ts // HOUR_S
            or tariff != self._tariff
        )
        due = due and waited > 0 and (complete or waited >= 2 * interval_s)
        if due:
            self._kept_ts = ts
            self._tariff = tariff
        return due

    def _changed(self, label: str, value: str, horodate: str | None, *, due: bool) -> bool:
        known = BY_NAME.get(label)
        may_be_number = known is None or known.kind in _NUMBERS
        if may_be_number and not due and label in self._labels:
            return False
        if self._labels.get(label) == (value, horodate):
            return False
        self._labels[label] = (value, horodate)
        return True
