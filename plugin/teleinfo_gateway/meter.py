"""One ``teleinfo.electric_meter``: line, integrity, readings."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.integrity import Integrity
from teleinfo_gateway.link import Link
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.sensors import SensorTable
from teleinfo_gateway.sources import SourceError
from teleinfo_gateway.statuses import LinkState, Status
from tic import Frame, HistoriqueView, Item, Mode, Statistics

log = logging.getLogger(__name__)

_RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Waits between two tries to open a port; the last one is kept for ever, so that an adapter that
is plugged in again is read within two seconds."""


class Meter:
    """Reads one meter for ever and tells what it believes.

    A fault of the port never leaves this object; it shows in :attr:`link`.
    """

    def __init__(self, config: DeviceConfig, bus: Bus) -> None:
        self.config = config
        self.status = Status.STOPPED
        self.since = datetime.now(UTC)  # of the status
        self.sensors = SensorTable()
        self.link = Link(self._link_changed, time.monotonic())
        self.link_since = self.since
        self.mode: Mode | None = None
        self._bus = bus
        self._reader = LineReader(
            config.device, None if config.mode == "auto" else Mode(config.mode), self
        )
        self._integrity = Integrity()
        self._historique = HistoriqueView()
        self._tries = 0  # to open the port, since bytes last came
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The configured name."""
        return self.config.name

    @property
    def address(self) -> str | None:
        """ADCO or ADSC, once two frames in a row told it."""
        return self._integrity.address

    @property
    def statistics(self) -> Statistics:
        """What was heard on the line so far."""
        return self._reader.decoder.statistics

    def start(self) -> None:
        """Begin to read; does nothing if it reads already."""
        if self._task is None:
            self._set_status(Status.STARTING)
            self.link.restart(time.monotonic())
            self._task = asyncio.create_task(self._supervise(), name=f"meter {self.name}")

    async def stop(self) -> None:
        """Stop and give the port back; does nothing if it is stopped."""
        if self._task is not None:
            task, self._task = self._task, None
            self._set_status(Status.STOP_REQUEST)
            task.cancel()
            await asyncio.wait({task})
            if self._task is None:  # it may have been started again meanwhile
                self._set_status(Status.STOPPED)

    async def _supervise(self) -> None:
        """The outermost loop of a meter: a fault of ours costs a restart, not the gateway."""
        while True:
            self._set_status(Status.ALIVE)
            try:
                await self._reader.read()
            except SourceError as error:
                self.link.no_port(str(error))
            except Exception:
                log.exception("meter %s: the reader failed and starts again", self.name)
                self._set_status(Status.DEAD)
            await asyncio.sleep(_RETRY_S[min(self._tries, len(_RETRY_S) - 1)])
            self._tries += 1

    def opened(self, now_s: float) -> None:
        """The port is open."""
        self.link.opened(now_s)

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        self.link.tick(now_s)

    def heard(self, items: Sequence[Item], now_s: float) -> None:
        """Bytes from the line, decoded."""
        for item in items:
            if type(item) is Frame:
                self._take_frame(item, now_s)
        self._tries = 0

    def _take_frame(self, frame: Frame, now_s: float) -> None:
        if self._integrity.in_standby(frame):
            self._forget_other_meter()
            self.sensors.hear(self.address or "", datetime.now(UTC), now_s)
            self.link.frame(now_s, standby=True)
            return
        values = self._integrity.believe(frame)
        if values is None:
            return
        self._forget_other_meter()
        self.mode = frame.mode
        historique = values
        if frame.mode is Mode.STANDARD:
            groups = self._historique.translate(values)
            historique = {group.label: group.value for group in groups}
        reading = Reading(
            meter=self.name,
            address=self.address or "",
            time=datetime.now(UTC),
            mode=frame.mode,
            kind=frame.kind,
            # A label that was left out as doubtful was sent: it must not count as ended.
            complete=not frame.refused and all(group.label in values for group in frame.groups),
            values=values,
            historique=historique,
        )
        self.sensors.update(reading, now_s)
        self.link.frame(now_s)
        self._bus.publish(reading)

    def _forget_other_meter(self) -> None:
        """After an exchange of the meter, nothing that the one before said is true any more."""
        before = self.sensors["ADCO"].last_value
        if before is not None and before != self.address:
            log.warning("meter %s: %s is there instead of %s", self.name, self.address, before)
            self.sensors = SensorTable()
            self._historique = HistoriqueView()

    def _set_status(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            self.since = datetime.now(UTC)
            self._bus.publish(Event(EventKind.STATUS, self.name, self.since, status))

    def _link_changed(self, state: LinkState, detail: str) -> None:
        self.link_since = datetime.now(UTC)
        level = logging.INFO if state in {LinkState.OK, LinkState.SEARCHING} else logging.WARNING
        log.log(level, "meter %s: %s%s", self.name, state, f" ({detail})" if detail else "")
        self._bus.publish(Event(EventKind.LINK, self.name, self.link_since, state, detail))
