"""The plugin manager: owns the meters and the outputs; starts, stops and reloads them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import Config, DeviceConfig
from teleinfo_gateway.errors import Fault, GatewayError
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs import Output
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.wiring import SECTIONS, make_outputs

if TYPE_CHECKING:
    from teleinfo_gateway.history.output import HistoryOutput

log = logging.getLogger(__name__)


class UnknownMeterError(GatewayError):
    """No meter has this name; the text lists those that exist."""


class PluginManager:
    """Runs one reader for each ``teleinfo.electric_meter`` of a configuration, and the outputs.

    ``demonstration`` says that the meters are simulated and what is told of their past is invented.
    ``read_again`` reads the configuration and calls :meth:`reload`, where there is a file.
    """

    def __init__(
        self,
        config: Config,
        *,
        demonstration: bool = False,
        read_again: Callable[[], Coroutine[object, object, Sequence[Fault]]] | None = None,
    ) -> None:
        self.demonstration = demonstration
        self._read_again = read_again
        self._reloads: set[asyncio.Task[int]] = set()
        self.bus = Bus()
        self.status = Status.STOPPED
        self.since = datetime.now(UTC)  # of the status
        self._started_s = time.monotonic()
        self._config = config
        self._meters: dict[str, Meter] = {}
        self._outputs: dict[str, Output] = {}
        self._kinds: dict[str, list[Output]] = {}

    @property
    def config(self) -> Config:
        """What it runs."""
        return self._config

    @property
    def history(self) -> HistoryOutput | None:
        """The history, unless it is switched off or not installed."""
        return cast("HistoryOutput | None", self._outputs.get("history"))

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
        for kind in SECTIONS:
            self._begin(kind, self._config)
        for device in self._config.devices:
            self._add(device)
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)

    async def stop(self) -> None:
        """Stop every meter, then the outputs, which take leave of their networks."""
        self._set_status(Status.STOP_REQUEST)
        await asyncio.gather(*(meter.stop() for meter in self._meters.values()))
        stops = (output.stop() for output in self._outputs.values())
        for problem in await asyncio.gather(*stops, return_exceptions=True):
            if problem is not None:  # the others have stopped nevertheless
                log.error("an output has not stopped as it should", exc_info=problem)
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
        for kind, sections in SECTIONS.items():
            if any(getattr(config, each) != getattr(self._config, each) for each in sections):
                for output in self._kinds.pop(kind, []):
                    del self._outputs[output.name]
                    await output.stop()
                self._begin(kind, config)
        self._config = config
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)
        log.info("configuration reloaded: %d meters kept, %d stopped", len(kept), len(gone))

    def request_reload(self) -> asyncio.Task[int] | None:
        """Have the configuration read again; gives the number of its faults, later.

        ``None`` if there is no file. Whoever asks may be replaced by what is read.
        """
        if self._read_again is None:
            return None
        task = asyncio.create_task(_faults(self._read_again()))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
        return task

    def _add(self, device: DeviceConfig) -> None:
        meter = Meter(device, self.bus)
        self._meters[device.name] = meter
        meter.start()

    def device(self, name: str) -> DeviceConfig | None:
        """The settings of a meter; its last reading may still travel when it is gone."""
        meter = self._meters.get(name)
        return None if meter is None else meter.config

    def interval_s(self, name: str) -> float:
        """The interval of a meter."""
        device = self.device(name)
        return 0.0 if device is None else device.interval

    def _begin(self, kind: str, config: Config) -> None:
        """Start the outputs of a kind, as far as they are wanted and installed."""
        self._kinds[kind] = make_outputs(kind, config, self)
        for output in self._kinds[kind]:
            self._outputs[output.name] = output
            output.start()

    def _set_status(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            self.since = datetime.now(UTC)
            self.bus.publish(Event(EventKind.STATUS, "", self.since, status))


async def _faults(reading: Coroutine[object, object, Sequence[Fault]]) -> int:
    return len(await reading)
