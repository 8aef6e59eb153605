"""The plugin manager: owns the meters and the outputs; starts, stops and reloads them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import Config, DeviceConfig
from teleinfo_gateway.errors import Fault, GatewayError
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs import Output
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.wiring import KINDS, changed_kinds, durable_outputs, make_outputs

if TYPE_CHECKING:
    from teleinfo_gateway.history.output import HistoryOutput

log = logging.getLogger(__name__)


class UnknownMeterError(GatewayError):
    """No meter has this name; the text lists those that exist."""


class PluginManager:
    """Runs one reader for each ``teleinfo.electric_meter`` of a configuration, and the outputs.

    Meters put readings and events on the bus, outputs take them from there; neither knows of the
    other. Whoever calls :meth:`start`, :meth:`reload` and :meth:`stop` calls one at a time.

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
        self.bus = Bus()
        self.status = Status.STOPPED
        self.since = datetime.now(UTC)  # of the status
        self._started_s = time.monotonic()
        self._config = config
        self._meters: dict[str, Meter] = {}
        self._outputs: dict[str, list[Output]] = {}  # by their kind
        self._read_again = read_again
        self._reloads: set[asyncio.Task[int]] = set()

    # --- what it runs

    @property
    def config(self) -> Config:
        """What it runs."""
        return self._config

    @property
    def uptime_s(self) -> float:
        """Seconds since the gateway was started."""
        return time.monotonic() - self._started_s

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The meters by name, in the order of the configuration."""
        return self._meters

    def meter(self, name: str) -> Meter:
        """One meter. Raises :class:`UnknownMeterError`."""
        try:
            return self._meters[name]
        except KeyError:
            known = ", ".join(self._meters) or "none"
            raise UnknownMeterError(f"no meter is called {name!r}; there are: {known}") from None

    def device(self, name: str) -> DeviceConfig | None:
        """The settings of a meter; its last reading may still travel when it is gone."""
        meter = self._meters.get(name)
        return None if meter is None else meter.config

    def interval_s(self, name: str) -> float:
        """The interval of a meter."""
        device = self.device(name)
        return 0.0 if device is None else device.interval

    @property
    def outputs(self) -> Mapping[str, Output]:
        """The outputs by name, in the order of their start."""
        return {output.name: output for kind in KINDS for output in self._outputs.get(kind, ())}

    @property
    def history(self) -> HistoryOutput | None:
        """The history, unless it is switched off or not installed."""
        return cast("HistoryOutput | None", next(iter(self._outputs.get("history", ())), None))

    # --- its life

    def start(self) -> None:
        """Start the outputs, then every meter: no output misses a first reading."""
        self._set_status(Status.STARTING)
        self._start_outputs(KINDS)
        self._start_meters()
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)

    async def stop(self) -> None:
        """Stop every meter, then the outputs, which take leave of their networks."""
        self._set_status(Status.STOP_REQUEST)
        await _stop_meters(self._meters.values())
        await _stop_outputs(self.outputs.values())
        self._set_status(Status.STOPPED)

    async def reload(self, config: Config) -> None:
        """Take another configuration; what it leaves unchanged keeps running.

        A meter that was stopped by hand and is unchanged stays stopped.
        """
        wanted = set(config.devices)
        gone = [meter for meter in self._meters.values() if meter.config not in wanted]
        changed = changed_kinds(self._config, config)
        await _stop_meters(gone)
        for meter in gone:
            del self._meters[meter.name]
        await _stop_outputs([each for kind in changed for each in self._outputs.pop(kind, ())])
        self._config = config
        self._start_outputs(changed)
        if self.history is not None:
            self.history.keep_for(durable_outputs(config))
        kept = self._start_meters()
        self._set_status(Status.ALIVE if self._meters else Status.NOT_CONFIGURED)
        log.info("configuration reloaded: %d meters kept, %d stopped", kept, len(gone))

    def request_reload(self) -> asyncio.Task[int] | None:
        """Have the configuration read again; gives the number of its faults, later.

        ``None`` if there is no file. Whoever asks may be replaced by what is read.
        """
        if self._read_again is None:
            return None
        task = asyncio.create_task(_count(self._read_again()))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
        return task

    # --- its parts

    def _start_outputs(self, kinds: Iterable[str]) -> None:
        """Start the outputs of some kinds, as far as they are wanted and installed."""
        for kind in kinds:
            self._outputs[kind] = make_outputs(kind, self)
            for output in self._outputs[kind]:
                output.start()

    def _start_meters(self) -> int:
        """Have exactly the meters of the configuration; gives how many of them ran before."""
        before = {meter.config: meter for meter in self._meters.values()}
        self._meters = {}
        for device in self._config.devices:
            self._meters[device.name] = before.get(device) or Meter(device, self.bus)
            if device not in before:
                self._meters[device.name].start()
        return len(before.keys() & set(self._config.devices))

    def _set_status(self, status: Status) -> None:
        if status is not self.status:
            self.status = status
            self.since = datetime.now(UTC)
            self.bus.publish(Event(EventKind.STATUS, "", self.since, status))


async def _stop_meters(meters: Iterable[Meter]) -> None:
    await asyncio.gather(*(meter.stop() for meter in meters))


async def _stop_outputs(outputs: Iterable[Output]) -> None:
    """Stop outputs at the same time, what reads the history before the history itself."""
    stops = [output.stop() for output in reversed(list(outputs))]
    for problem in await asyncio.gather(*stops, return_exceptions=True):
        if problem is not None:  # the others have stopped nevertheless
            log.error("an output has not stopped as it should", exc_info=problem)


async def _count(faults: Coroutine[object, object, Sequence[Fault]]) -> int:
    return len(await faults)
