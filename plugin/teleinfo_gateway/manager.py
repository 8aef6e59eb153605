"""The plugin manager: owns the meters and the outputs; starts, stops and reloads them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import Config, DeviceConfig
from teleinfo_gateway.errors import GatewayError, MissingExtraError
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs import Output
from teleinfo_gateway.outputs.xpl import XplOutput
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.statuses import Status

if TYPE_CHECKING:
    from teleinfo_gateway.history.output import HistoryOutput

log = logging.getLogger(__name__)

_SQL = {"alembic", "sqlalchemy"}


class UnknownMeterError(GatewayError):
    """No meter has this name; the text lists those that exist."""


class PluginManager:
    """Runs one reader for each ``teleinfo.electric_meter`` of a configuration, and the outputs.

    ``demonstration`` says that the meters are simulated and what is told of their past is invented.
    """

    def __init__(self, config: Config, *, demonstration: bool = False) -> None:
        self.demonstration = demonstration
        self.bus = Bus()
        self.status = Status.STOPPED
        self.since = datetime.now(UTC)  # of the status
        self._started_s = time.monotonic()
        self._config = config
        self._meters: dict[str, Meter] = {}
        self._outputs: dict[str, Output] = {}
        self._history: HistoryOutput | None = None

    @property
    def config(self) -> Config:
        """What it runs."""
        return self._config

    @property
    def history(self) -> HistoryOutput | None:
        """The history, unless it is switched off or not installed."""
        return self._history

    @property
    def uptime_s(self) -> float:
        """Seconds since the gateway was started."""
        return time.monotonic() - self._started_s

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The meters by name, in the order of the configuration."""
        return self._meters

    @property
    def outputs(self) -> Mapping[str, Output]:
        """The outputs by name."""
        return self._outputs

    def meter(self, name: str) -> Meter:
        """One meter. Raises :class:`UnknownMeterError`."""
        try:
            return self._meters[name]
        except KeyError:
            known = ", ".join(self._meters) or "none"
            raise UnknownMeterError(f"no meter is called {name!r}; there are: {known}") from None

    def start(self) -> None:
        """Start the outputs, then every meter."""
        self._set_status(Status.STARTING)
        self._apply_xpl(self._config)
        self._apply_history(self._config)
        for device in self._config.devices:
            self._add(device)
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)

    async def stop(self) -> None:
        """Stop every meter, then the outputs, which take leave of their networks."""
        self._set_status(Status.STOP_REQUEST)
        await asyncio.gather(*(meter.stop() for meter in self._meters.values()))
        await asyncio.gather(*(output.stop() for output in self._outputs.values()))
        self._set_status(Status.STOPPED)

    async def reload(self, config: Config) -> None:
        """Take another configuration; what it leaves unchanged keeps running.

        A meter that was stopped by hand and is unchanged stays stopped.
        """
        old = {meter.config: meter for meter in self._meters.values()}
        gone = [meter for device, meter in old.items() if device not in config.devices]
        await asyncio.gather(*(meter.stop() for meter in gone))
        kept = {device: meter for device, meter in old.items() if device in config.devices}
        self._meters = {}
        for device in config.devices:
            if device in kept:
                self._meters[device.name] = kept[device]
            else:
                self._add(device)
        if config.xpl != self._config.xpl:
            if output := self._outputs.pop("xpl", None):
                await output.stop()
            self._apply_xpl(config)
        if config.history != self._config.history:
            if output := self._outputs.pop("history", None):
                await output.stop()
            self._history = None
            self._apply_history(config)
        self._config = config
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)
        log.info("configuration reloaded: %d meters kept, %d stopped", len(kept), len(gone))

    def _add(self, device: DeviceConfig) -> None:
        meter = Meter(device, self.bus)
        self._meters[device.name] = meter
        meter.start()

    def _apply_xpl(self, config: Config) -> None:
        if config.xpl is not None:
            self._begin(XplOutput(config.xpl, self.bus, self._interval_s))

    def _apply_history(self, config: Config) -> None:
        """The database packages are imported here: who has no history does not carry them."""
        if config.history is None:
            return
        try:
            from teleinfo_gateway.history.output import HistoryOutput  # noqa: PLC0415  # see above
        except ModuleNotFoundError as error:
            if error.name not in _SQL:
                raise
            log.warning("no history: %s", MissingExtraError("the history", "sql"))
            return
        self._history = HistoryOutput(config.history, self.bus, self._device)
        self._begin(self._history)

    def _begin(self, output: Output) -> None:
        self._outputs[output.name] = output
        output.start()

    def _device(self, name: str) -> DeviceConfig | None:
        """The settings of a meter; its last reading may still travel when it is gone."""
        meter = self._meters.get(name)
        return None if meter is None else meter.config

    def _interval_s(self, name: str) -> float:
        device = self._device(name)
        return 0.0 if device is None else device.interval

    def _set_status(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            self.since = datetime.now(UTC)
            self.bus.publish(Event(EventKind.STATUS, "", self.since, status))
