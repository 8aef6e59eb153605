"""One ``teleinfo.electric_meter``: line, integrity, readings."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from teleinfo_gateway.announcements import Announcements
from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.durations import Durations
from teleinfo_gateway.estimate import Estimator
from teleinfo_gateway.integrity import Change, Integrity
from teleinfo_gateway.link import Link
from teleinfo_gateway.quality import Quality
from teleinfo_gateway.raw_frames import FrameCutter
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.sensors import SensorTable
from teleinfo_gateway.snapshot import Snapshot
from teleinfo_gateway.sources import SourceError, Trouble
from teleinfo_gateway.statuses import LinkState, Status
from teleinfo_gateway.throttle import Throttle
from tic import Frame, FrameKind, HistoriqueView, Item, Mode, Statistics

log = logging.getLogger(__name__)

_RETRY_S = (0.05, 0.2, 0.5, 1.0)
"""Waits between two tries to open a port; the last one is kept for ever, so that an adapter that
is plugged in again is read within two seconds, even if its driver takes one of them."""

_ADVICE_EVERY_S = 10.0

WHOLE = frozenset({FrameKind.LONG, FrameKind.SHORT, FrameKind.STANDBY})
"""The kinds of frames that came from their first mark to their last one."""


class Meter:
    """Reads one meter for ever and tells what it believes.

    A fault of the port never leaves this object; it shows in :attr:`link`. ``said`` is what the
    meter says, ``said_s`` (monotonic) when it last did. ``refusals`` counts the values that were
    not believed, by reason, ``damaged_frames`` the whole frames of which groups were refused, and
    ``delays`` how long it took from the last byte of a frame to its reading on the bus.
    """

    def __init__(self, config: DeviceConfig, bus: Bus) -> None:
        self.config = config
        self.status = Status.STOPPED
        self.since = datetime.now(UTC)  # of the status
        self.sensors = SensorTable()
        self.estimator = Estimator()
        self.said = Snapshot()
        self.said_s: float | None = None
        self.refusals: Counter[str] = Counter()
        self.damaged_frames = 0
        self.delays = Durations()
        self.link = Link(self._link_changed, time.monotonic())
        self.link_since = self.since
        self.mode: Mode | None = None
        self._bus = bus
        self._reader = LineReader(
            config.device, None if config.mode == "auto" else Mode(config.mode), self
        )
        self._cutter: FrameCutter | None = None  # while somebody wants raw frames
        self._integrity = Integrity()
        self._historique = HistoriqueView()
        self._announcements = Announcements()
        self._tries = 0  # to open the port, since a frame last came
        self._trouble: Trouble | None = None  # of the port, the last time there was one
        self._advice = ""  # the last one that was logged
        self._advice_s = 0.0  # when to look for another
        self._throttle = Throttle()
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

    def quality(self, now_s: float) -> Quality:
        """How good the line is, and what to do about it."""
        return self._reader.quality(self.link.state, now_s, self._trouble)

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
                self._trouble = error.trouble
                self.link.no_port(str(error))
            except Exception:  # noqa: BLE001  # logged, unless it comes again and again
                self._log(logging.ERROR, "the reader failed and starts again", exc_info=True)
                self._set_status(Status.DEAD)
            await asyncio.sleep(_RETRY_S[min(self._tries, len(_RETRY_S) - 1)])
            self._tries += 1

    def opened(self, now_s: float) -> None:  # noqa: ARG002  # the interface
        """The port is open; a hung adapter can be opened too, so that this proves nothing yet."""
        self._cutter = None  # what was begun before belongs to another stream

    def tick(self, now_s: float) -> None:
        """Time has passed, and the port is still open."""
        self.link.opened(now_s)
        self.link.tick(now_s)
        if now_s >= self._advice_s:
            self._advice_s = now_s + _ADVICE_EVERY_S
            self._log_advice(now_s)

    def heard(self, items: Sequence[Item], now_s: float) -> None:
        """Bytes from the line, decoded."""
        self.link.opened(now_s)
        for item in items:
            if type(item) is not Frame:
                continue
            if item.refused and item.kind in WHOLE:
                self.damaged_frames += 1
            if item.groups:
                self._take_frame(item, now_s)
                self._tries = 0
        self._pass_on(self._reader.received)

    def _pass_on(self, data: bytes) -> None:
        """Give frames as they came to who wants them; nothing that a wrong speed makes of them."""
        if not self._bus.raw_frames.wanted:
            self._cutter = None
            return
        self._cutter = self._cutter or FrameCutter()
        for frame in self._cutter.feed(data):
            if self._reader.speeds.settled:
                self._bus.raw_frames.publish(self.name, frame)

    def _take_frame(self, frame: Frame, now_s: float) -> None:
        judgement = self._integrity.judge(frame, now_s)
        for change in judgement.changes:
            self._note_change(change)
        for refused in judgement.refused:
            self.refusals[refused.reason] += 1
            self._event(
                EventKind.REFUSED,
                f"{refused.label} {refused.value}",
                f"{refused.reason}: expected {refused.expected}",
            )
        if judgement.standby:
            self.sensors.hear(self.address or "", datetime.now(UTC), now_s)
            self.link.frame(now_s, standby=True)
        if not judgement.values:
            return
        self.mode = frame.mode
        values = judgement.values
        reading = Reading(
            meter=self.name,
            address=self.address or "",
            time=datetime.now(UTC),
            mode=frame.mode,
            kind=frame.kind,
            complete=frame.kind in {FrameKind.LONG, FrameKind.SHORT}
            and not (frame.refused or judgement.refused),
            values=values,
            historique=self._as_historique(frame, values),
            horodates={
                label: horodate
                for label, value, horodate in frame.groups
                if horodate is not None and values.get(label) == value
            },
        )
        self.sensors.update(reading, now_s)
        self.estimator.update(reading, now_s)
        self.said.take(reading)
        self.said_s = now_s
        self.link.frame(now_s)
        self._bus.publish(reading)
        self.delays.take(time.monotonic() - now_s)
        for kind, value, detail in self._announcements.take(reading):
            self._tell(Event(kind, self.name, reading.time, value, detail))

    def _as_historique(self, frame: Frame, values: Mapping[str, str]) -> Mapping[str, str]:
        """The historique labels; a piece of a standard frame tells neither phases nor contract."""
        if frame.mode is Mode.HISTORIQUE:
            return values
        if frame.kind is not FrameKind.LONG:
            return {"ADCO": self.address or ""}
        return {group.label: group.value for group in self._historique.translate(values)}

    def _note_change(self, change: Change) -> None:
        """Tell what is new; nothing that another meter said is true any more."""
        if change.what == "exchange":
            self._historique = HistoriqueView()
            self._announcements = Announcements()
            self.sensors = SensorTable()
        self._log(logging.WARNING, f"{change.what}, {change.before} -> {change.after}")
        self._event(EventKind.CHANGE, change.what, f"{change.before} -> {change.after}")

    def _event(self, kind: EventKind, value: str, detail: str) -> None:
        self._tell(Event(kind, self.name, datetime.now(UTC), value, detail))

    def _tell(self, event: Event) -> None:
        self.said.note(event)
        self._bus.publish(event)

    def _set_status(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            self.since = datetime.now(UTC)
            self._bus.publish(Event(EventKind.STATUS, self.name, self.since, status))

    def _link_changed(self, state: LinkState, detail: str) -> None:
        self.link_since = datetime.now(UTC)
        level = logging.INFO if state in {LinkState.OK, LinkState.SEARCHING} else logging.WARNING
        self._log(level, f"{state} ({detail})" if detail else state)
        self._bus.publish(Event(EventKind.LINK, self.name, self.link_since, state, detail))

    def _log_advice(self, now_s: float) -> None:
        """Tell an advice once, until there is another; the link has its own line for its detail."""
        if self.link.state in {LinkState.NO_PORT, LinkState.STANDBY}:
            return
        quality = self.quality(now_s)
        if quality.advice and quality.advice != self._advice:
            rate = quality.error_rates[1]
            share = "" if rate is None else f" ({rate:.1%} of the groups refused in a minute)"
            self._log(logging.WARNING, f"{quality.advice}{share}")
        self._advice = quality.advice

    def _log(self, level: int, text: str, *, exc_info: bool = False) -> None:
        """Write a line into the log, unless there were too many of this meter."""
        held = self._throttle.admit(time.monotonic())
        if held is not None:
            more = f" ({held} lines before this one were left out)" if held else ""
            log.log(level, "meter %s: %s%s", self.name, text, more, exc_info=exc_info)
