"""Turns what comes over the bus into rows, and holds them until they are written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.history.event_log import EventLog
from teleinfo_gateway.history.sampling import LabelRow, MeterRow, ReadingRow, Sampler
from teleinfo_gateway.history.store import Batch
from teleinfo_gateway.readings import Event, Reading

__all__ = ["MAX_WAITING", "Gathering"]

log = logging.getLogger(__name__)

MAX_WAITING = 50_000
"""Rows held while the database cannot be written, 10 MB (twice while it is tried): a month of one
meter, an hour of 500."""

_CLOCK_SET = datetime(2026, 1, 1, tzinfo=UTC)
"""A machine without a clock of its own starts in the past; nothing is dated before this program."""

_NO_CLOCK = "the clock of this machine is not set: nothing is kept until it is"


class Gathering:
    """What waits to be written. ``device`` gives the settings of a meter by its name.

    ``lost`` counts the rows that were too many, ``fault`` says what is wrong with what comes.
    """

    def __init__(self, device: Callable[[str], DeviceConfig | None]) -> None:
        self.lost = 0
        self.fault = ""
        self._device = device
        self._rows = Batch()
        self._samplers: dict[str, tuple[str, Sampler]] = {}  # by name, with the address
        self._log = EventLog()

    def __len__(self) -> int:
        """How many rows wait."""
        return len(self._rows)

    def take(self, item: Reading | Event) -> None:
        """Take an item of the bus; the outermost frame: a fault of ours costs this item alone."""
        if item.time < _CLOCK_SET:
            self.fault = _NO_CLOCK
            return
        if self.fault == _NO_CLOCK:
            self.fault = ""
        try:
            if isinstance(item, Reading):
                self._take_reading(item)
            else:
                known = self._samplers.get(item.meter)
                self._rows.events += self._log.take(item, known[0] if known else None)
        except Exception as error:
            fault = f"something of {item.meter} was not kept: {error!r}"
            if fault != self.fault:
                log.exception("history: %s", fault)
                self.fault = fault
        self._stay_below_ceiling()

    def hand_over(self) -> Batch:
        """What waits; from now on, nothing of it does."""
        batch, self._rows = self._rows, Batch()
        return batch

    def put_back(self, batch: Batch) -> None:
        """Have a batch wait again, before what has come meanwhile."""
        later, self._rows = self._rows, batch
        batch.meters |= later.meters
        batch.readings += later.readings
        batch.labels += later.labels
        batch.events += later.events
        self._stay_below_ceiling()

    def _take_reading(self, reading: Reading) -> None:
        device = self._device(reading.meter)
        address, sampler = self._samplers.get(reading.meter, ("", None))
        if sampler is None or address != reading.address:
            sampler = Sampler()
            self._samplers[reading.meter] = reading.address, sampler
        rows = list(sampler.take(reading, device.interval if device else 60))
        for row in rows:
            if isinstance(row, ReadingRow):
                self._rows.readings.append(row)
            elif isinstance(row, LabelRow):
                self._rows.labels.append(row)
        if rows:
            self._rows.meters[reading.address] = MeterRow(
                adco=reading.address,
                ts=rows[-1].ts,
                name=reading.meter,
                mode=reading.mode.value,
                phases=3 if "IINST2" in reading.historique else 1,
                replaces=device.replaces if device else None,
            )

    def _stay_below_ceiling(self) -> None:
        """Lose the oldest rows when too many are waiting."""
        too_many = len(self._rows) - MAX_WAITING
        for rows in (self._rows.events, self._rows.labels, self._rows.readings):
            if too_many > 0:
                gone = min(too_many, len(rows))
                del rows[:gone]
                self.lost += gone
                too_many -= gone
