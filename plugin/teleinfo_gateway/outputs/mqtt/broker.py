"""The broker as the output sees it: connected again and again, for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable

from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.outputs.mqtt.connection import Connection, Heard
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.trouble import BrokerError, twin
from teleinfo_gateway.throttle import Throttle

__all__ = ["Broker"]

log = logging.getLogger(__name__)

_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 60.0
_SETTLED_S = 30.0  # a connection that lasted so long was a good one
_TOO_OFTEN = 3
_FAREWELL_S = 0.5


class Broker:
    """Sends while there is a connection, and drops what cannot be sent.

    ``connected`` is called at each new connection: whatever the broker should know is to be sent
    then, for it may have forgotten everything.
    """

    def __init__(
        self,
        config: MqttConfig,
        client_id: str,
        *,
        will: Message | None,
        connected: Callable[[], None],
        heard: Heard,
    ) -> None:
        self._config = config
        self._will = will
        self._connected = connected
        self._heard = heard
        self._client_id = client_id
        self._old = config.protocol == "3.1.1"
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent = self._lost = 0  # of connections that are over
        self._throttle = Throttle()
        self.connections = 0
        self.problem = ""

    @property
    def protocol(self) -> str:
        """The version of MQTT that is spoken."""
        return "3.1.1" if self._old else "5"

    @property
    def is_connected(self) -> bool:
        """Whether messages are sent."""
        return self._connection is not None

    @property
    def sent(self) -> int:
        """Messages handed over so far."""
        return self._sent + (self._connection.sent if self._connection else 0)

    @property
    def lost(self) -> int:
        """Events that no broker has confirmed."""
        return self._lost + (self._connection.outbox.lost if self._connection else 0)

    @property
    def waiting(self) -> int:
        """Messages that a slow broker has yet to take."""
        return len(self._connection.outbox) if self._connection else 0

    def start(self) -> None:
        """Begin to look for the broker."""
        self._task = asyncio.create_task(self._run(), name="mqtt broker")

    async def stop(self, farewell: Iterable[Message]) -> None:
        """Send the last messages if they can be sent, and leave; takes about a second at most."""
        connection, self._connection = self._connection, None
        if connection is not None:
            for message in farewell:
                connection.publish(message)
            await connection.emptied(_FAREWELL_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def publish(self, message: Message) -> None:
        """Send a message, or drop it while there is no connection."""
        if self._connection is not None:
            self._connection.publish(message)
        elif not message.retain and message.qos:
            self._lost += 1

    def subscribe(self, topics: Iterable[str]) -> None:
        """Hear topics on this connection."""
        topics = list(topics)
        if topics and self._connection is not None:
            self._connection.subscribe(topics)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Hear topics no more."""
        topics = list(topics)
        if topics and self._connection is not None:
            self._connection.unsubscribe(topics)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = _FIRST_RETRY_S
        short = 0  # connections that did not last
        while True:
            began_s = loop.time()
            try:
                reason = await self._serve()
            except GatewayError as error:
                short = 0  # whoever is thrown out for another is let in at once
                self._report(str(error))
                if isinstance(error, BrokerError) and error.other_protocol:
                    self._change_protocol()
            except Exception as error:  # noqa: BLE001  # the outermost frame: it costs time
                self._report(f"a fault of this program: {error!r}", with_traceback=True)
            else:
                short += 1
                if short >= _TOO_OFTEN:
                    reason += f", again and again; maybe {twin(self._client_id)}"
                self._report(f"the connection to {self._config.host} was lost: {reason}")
            if loop.time() - began_s > _SETTLED_S:
                wait_s, short = _FIRST_RETRY_S, 0
            # Not every client of a broker that comes back should knock at the same moment.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            wait_s = min(2 * wait_s, _LAST_RETRY_S)

    async def _serve(self) -> str:
        """Connect, and stay until the end; gives its reason. Raises GatewayError if it fails."""
        connection = Connection(
            self._config, self._client_id, old=self._old, will=self._will, heard=self._heard
        )
        try:
            await connection.open()
            self._connection = connection
            self.connections += 1
            self.problem = ""
            self._log(logging.INFO, f"connected to {self._config.url} by MQTT {self.protocol}")
            self._connected()
            return await asyncio.shield(connection.ended)
        finally:
            self._connection = None
            self._sent += connection.sent
            try:
                await connection.close(_FAREWELL_S)
            finally:
                connection.outbox.clear()
                self._lost += connection.outbox.lost + connection.unconfirmed

    def _change_protocol(self) -> None:
        if self._config.protocol == "auto":
            self._old = not self._old

    def _report(self, problem: str, *, with_traceback: bool = False) -> None:
        """Keep a problem for the status and log it once."""
        if problem != self.problem:
            self.problem = problem
            self._log(logging.WARNING, f"{problem}; trying again", exc_info=with_traceback)

    def _log(self, level: int, text: str, *, exc_info: bool = False) -> None:
        """Write a line into the log, unless connections come and go all the time."""
        if self._throttle.admit(time.monotonic()) is not None:
            log.log(level, "MQTT: %s", text, exc_info=exc_info)
