"""The task that turns readings into xPL messages, with its client and, if wanted, its hub."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping

from teleinfo_gateway import __version__
from teleinfo_gateway.bus import Bus, Subscription
from teleinfo_gateway.config import XplConfig
from teleinfo_gateway.outputs.xpl import schema
from teleinfo_gateway.publication import Publication
from teleinfo_gateway.readings import Reading
from tic import Mode
from xpl import (
    Address,
    HubPortTakenError,
    HubServer,
    Message,
    MessageType,
    XplClient,
    XplError,
    instance_from_hostname,
)

log = logging.getLogger(__name__)

_RETRY_S = 5.0  # a network that is not there yet
_FAREWELL_S = 0.05  # our hub repeats what has come to it; a loopback takes microseconds


class XplOutput:
    """Sends what every meter says. ``interval_s`` tells the interval of a meter by its name."""

    name = "xpl"

    def __init__(self, config: XplConfig, bus: Bus, interval_s: Callable[[str], float]) -> None:
        self.config = config
        self._bus = bus
        self._raw = config.values == "raw"
        self._interval_s = interval_s
        self._instance = config.instance
        if config.instance == "auto":
            self._instance = instance_from_hostname(socket.gethostname())
        self._source = Address(config.vendor, "teleinfo", self._instance)
        self._client = XplClient(
            self._source, config.interface, port=config.port, version=__version__
        )
        self._hub: HubServer | None = None
        self._problem = ""
        self._publications: dict[str, tuple[str, Publication]] = {}  # with the address
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Join the xPL network."""
        self._subscription = self._bus.subscribe(name=self.name)
        self._task = asyncio.create_task(self._run(self._subscription), name="output xpl")

    async def stop(self) -> None:
        """Send ``hbeat.end`` and leave."""
        if self._task is None or self._subscription is None:
            return
        self._bus.unsubscribe(self._subscription)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None
        await self._client.stop()
        if self._hub is not None:
            await asyncio.sleep(_FAREWELL_S)
            await self._hub.stop()
            self._hub = None

    def state(self) -> Mapping[str, str | int | bool]:
        """Source, network, hub and counters."""
        interface = self._client.interface
        return {
            "source": str(self._source),
            "interface": interface.name if interface else "",
            "broadcast": interface.broadcast if interface else "",
            "port": self.config.port,
            "hub": "embedded" if self._hub else "found" if self._client.hub_found else "none",
            "sent": self._client.sent,
            "failed": self._client.failed,
            "lost": self._subscription.lost if self._subscription else 0,
            "problem": self._problem,
        }

    async def _run(self, subscription: Subscription) -> None:
        await self._join()
        async for item in subscription:
            if isinstance(item, Reading):
                self._supervise(item)

    def _supervise(self, reading: Reading) -> None:
        """The outermost frame of the output: a fault of ours costs a message, not the output."""
        try:
            self._tell(reading)
        except Exception as error:
            problem = f"a reading of {reading.meter} was not told: {error!r}"
            if problem != self._problem:
                log.exception("xPL: %s", problem)
                self._problem = problem

    async def _join(self) -> None:
        """Start the hub if one is wanted, then the client; wait for a network as long as it takes.

        The hub first: the client's first heartbeat then finds it.
        """
        await self._start_hub()
        problem = self._problem  # of the hub; those of the network are over once it is there
        while True:
            try:
                await self._client.start()
            except XplError as error:
                self._report(f"{error}; trying again every {_RETRY_S:.0f} s")
                await asyncio.sleep(_RETRY_S)
            else:
                break
        self._problem = problem
        state = self.state()
        log.info(
            "xPL: %s sends to %s on %s, port %d",
            *(state[key] for key in ("source", "broadcast", "interface", "port")),
        )

    async def _start_hub(self) -> None:
        if self.config.hub == "never":
            return
        hub = HubServer(self.config.port)
        try:
            await hub.start()
        except HubPortTakenError as error:
            if self.config.hub == "always":
                self._report(f"hub: always, but {error}")
            else:
                log.info("xPL: a hub runs here already, it is used")
        except XplError as error:
            self._report(f"the hub cannot start: {error}")
        else:
            self._hub = hub
            log.info("xPL: no hub ran here, one was started on UDP port %d", self.config.port)

    def _report(self, problem: str) -> None:
        """Keep a problem for the status and log it once."""
        if problem != self._problem:
            self._problem = problem
            log.error("xPL: %s", problem)

    def _tell(self, reading: Reading) -> None:
        """Send what is due of a reading; an overload before everything else."""
        before, publication = self._publications.get(reading.meter, ("", Publication()))
        if before != reading.address:  # the first reading, or another meter on this line
            publication = Publication()
            self._publications[reading.meter] = reading.address, publication
        now_s = time.monotonic()
        short = publication.short(reading, now_s)
        if short is not None:
            self._say(schema.SHORT, short)
            if self.config.short_also_basic:
                currents = {key: short[key] for key in short if not key.startswith("ADIR")}
                self._say(schema.BASIC, currents)
        basic = publication.basic(reading, self._interval_s(reading.meter), now_s)
        if basic is not None:
            self._say(schema.BASIC, basic)
            if self.config.standard and reading.mode is Mode.STANDARD:
                for body in schema.standard_bodies(
                    reading, raw=self._raw, device=self.config.device
                ):
                    self._send(schema.STANDARD, body)

    def _say(self, name: str, values: Mapping[str, str]) -> None:
        self._send(name, schema.body(name, values, raw=self._raw, device=self.config.device))

    def _send(self, name: str, body: schema.Body) -> None:
        message = Message(MessageType.STAT, source=self._source, schema=name, body=body)
        try:
            self._client.send(message)
        except XplError as error:
            self._report(f"a {name} message was not sent: {error}")
