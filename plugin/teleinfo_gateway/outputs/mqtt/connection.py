"""One connection to a broker, from its opening to its end: paho-mqtt and its network thread."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from teleinfo_gateway.config_mqtt import MqttConfig
from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.outbox import Outbox
from teleinfo_gateway.outputs.mqtt.tls import broker_tls
from teleinfo_gateway.secret import resolve

if TYPE_CHECKING:
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_T = TypeVar("_T")

__all__ = ["BrokerError", "Connection"]

_CONNECT_S = 5.0  # to open the TCP connection, and again for the broker's answer
_KEEPALIVE_S = 30
_WINDOW = 50
"""Messages in the hands of paho, which has no ceiling of its own for QoS 0: what a broker does not
take waits in the outbox, where a newer state replaces it."""

_MAX_HEARD = 1000
"""Messages heard that wait for the event loop: nobody has so much to command."""

Heard = Callable[[str, str, bool], None]
"""Called with the topic, the text, and whether the broker had kept it (retained)."""


class BrokerError(GatewayError):
    """There is no connection; the text says why and what to do.

    ``other_protocol`` says that the broker may speak the other version of MQTT.
    """

    def __init__(self, text: str, *, other_protocol: bool = False) -> None:
        super().__init__(text)
        self.other_protocol = other_protocol


class Connection:
    """Begins unopened; once it has ended it is of no use any more.

    ``ended`` is set to the reason. Everything but paho's callbacks runs on the event loop.
    """

    def __init__(
        self, config: MqttConfig, client_id: str, *, old: bool, will: Message | None, heard: Heard
    ) -> None:
        self._config = config
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[ReasonCode | None] = self._loop.create_future()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self.outbox = Outbox()
        self.sent = 0
        self._acknowledged = 0  # written by the network thread only
        self._waiting = 0  # messages heard, for the event loop
        self._closed = False
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv311 if old else MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_S
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        if will is not None:
            client.will_set(*will)

    async def open(self) -> None:
        """Connect and be let in. Raises :class:`BrokerError`."""
        broker = f"{self._config.host}:{self._config.port}"
        try:
            await run_detached(self._dial)
            async with asyncio.timeout(_CONNECT_S):
                answer = await self._answer
        except ssl.SSLCertVerificationError as error:
            raise BrokerError(
                f"{broker} shows a certificate that is not trusted: {error.verify_message}. "
                "mqtt.tls.ca names the authority that signed it, mqtt.tls.server_name its name"
            ) from error
        except ssl.SSLError as error:
            raise BrokerError(
                f"{broker} cannot be spoken to by TLS: {error.reason or error}. Is this its port "
                "for TLS, and does it want mqtt.tls.certificate?"
            ) from error
        except TimeoutError as error:
            raise BrokerError(f"{broker} does not answer: is it a broker, and is it on?") from error
        except OSError as error:
            raise BrokerError(f"{broker} cannot be reached: {_reason(error)}") from error
        self._judge(broker, answer)

    def _dial(self) -> None:
        """In a thread of its own: names are looked up, files read, TLS is shaken hands about."""
        config = self._config
        if config.username is not None:
            password = None if config.password is None else resolve(config.password)
            self._client.username_pw_set(config.username, password)
        if config.has_tls:
            self._client.tls_set_context(broker_tls(config.tls))
        self._client.connect(config.host, config.port, _KEEPALIVE_S)
        self._client.loop_start()
        if self._closed:  # nobody waits for it any more
            self._client.disconnect()

    def _judge(self, broker: str, answer: ReasonCode | None) -> None:
        if answer is None:
            hint = "is this its port without TLS?"
            if self._config.has_tls:
                hint = "is this its port for TLS, and does it want mqtt.tls.certificate?"
            raise BrokerError(
                f"{broker} closed the connection at once: is it a broker, and {hint}",
                other_protocol=True,
            )
        if not answer.is_failure:
            return
        name = answer.getName()
        match name:
            case "Bad user name or password" | "Not authorized":
                who = self._config.username
                user = "us without a user name" if who is None else f"the user {who!r}"
                raise BrokerError(
                    f"{broker} does not let {user} in: set mqtt.username and mqtt.password to what "
                    "the broker knows"
                )
            case "Unsupported protocol version":
                raise BrokerError(
                    f"{broker} does not speak this version of MQTT: set mqtt.protocol to auto",
                    other_protocol=True,
                )
            case _:
                raise BrokerError(f"{broker} refuses the connection: {name}")

    def subscribe(self, topics: Iterable[str]) -> None:
        """Hear topics, by QoS 1; what the broker keeps of them comes first."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Hear topics no more."""
        self._client.unsubscribe(list(topics))

    def publish(self, message: Message) -> None:
        """Send a message as soon as the broker takes it."""
        self.outbox.put(message)
        self._drain()

    async def emptied(self, within_s: float) -> None:
        """Wait until the broker has taken everything, or until it is too late."""
        end_s = self._loop.time() + within_s
        while (self.outbox or self.sent > self._acknowledged) and not self.ended.done():
            if self._loop.time() > end_s:
                return
            await asyncio.sleep(0.005)

    async def close(self, within_s: float) -> None:
        """Take leave; a broker that does not listen is cut off."""
        self._closed = True
        if self._client.socket() is None:
            return
        self._client.disconnect()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.shield(self.ended)
        line = self._client.socket()
        if not self.ended.done() and isinstance(line, socket.socket):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _drain(self) -> None:
        while self.sent - self._acknowledged < _WINDOW:
            message = self.outbox.take()
            if message is None:
                return
            self.sent += 1
            info = self._client.publish(*message)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:  # it ends: on_disconnect is on its way
                return

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        """From the network thread to the event loop."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(function, *arguments)

    def _on_connect(
        self,
        _client: paho.Client,
        _data: object,
        _flags: paho.ConnectFlags,
        answer: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._tell(_settle, self._answer, answer)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._tell(_settle, self.ended, reason.getName())
        self._tell(_settle, self._answer, None)  # unless there was one

    def _on_publish(
        self,
        _client: paho.Client,
        _data: object,
        _number: int,
        _reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._acknowledged += 1
        if self.outbox:
            self._tell(self._drain)

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if self._waiting >= _MAX_HEARD:
            return
        self._waiting += 1
        text = message.payload.decode("utf-8", "replace")
        self._tell(self._hear, message.topic, text, message.retain)

    def _hear(self, topic: str, text: str, retained: bool) -> None:
        self._waiting -= 1
        self._heard(topic, text, retained)


def _settle(future: asyncio.Future[_T], value: _T) -> None:
    if not future.done():
        future.set_result(value)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there: is the broker running, and is this its port?"
    if isinstance(error, socket.gaierror):
        return "no machine has this name: look at mqtt.url"
    return error.strerror or str(error)
