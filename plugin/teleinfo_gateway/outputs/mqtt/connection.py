"""One connection to a broker, from its opening to its end: paho-mqtt on the event loop.

Only the opening has a thread, as names are looked up and files read there. What follows would gain
nothing from one: paho's own would take turns with the event loop for each message.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.outbox import Outbox
from teleinfo_gateway.outputs.mqtt.tls import broker_tls
from teleinfo_gateway.outputs.mqtt.trouble import end_of, judge, unreachable
from teleinfo_gateway.secret import resolve

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

_T = TypeVar("_T")

__all__ = ["Connection", "Heard"]

_CONNECT_S = 5.0  # to open the TCP connection, and again for the broker's answer
_KEEPALIVE_S = 30
_BEAT_S = 1.0  # between two looks at what is due by time
_WINDOW = 50
"""Messages in the hands of paho, which has no ceiling of its own for QoS 0: what a broker does not
take waits in the outbox, where a newer state replaces it."""

_MAX_PACKET = 1 << 18
"""Bytes of a message that we are ready to hear; what was announced of a meter is the longest. A
broker of MQTT 3.1.1 cannot be told."""

Heard = Callable[[str, str, bool], None]
"""Called with the topic, the text, and whether the broker had kept it (retained)."""


class Connection:
    """Begins unopened; once it has ended it is of no use any more.

    ``ended`` is set to the reason.
    """

    def __init__(
        self, config: MqttConfig, client_id: str, *, old: bool, will: Message | None, heard: Heard
    ) -> None:
        self._config = config
        self._client_id = client_id
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[ReasonCode | None] = self._loop.create_future()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self.outbox = Outbox()
        self.sent = 0
        self._acknowledged = 0
        self._unconfirmed: set[int] = set()  # events, by what paho calls them
        self._window = _WINDOW
        self._emptied: asyncio.Future[None] = self._loop.create_future()
        self._beats: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()  # for the two that follow
        self._is_dialled = False
        self._closed = False
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv311 if old else MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = _CONNECT_S
        self._client.on_socket_open = self._on_socket_open
        if will is not None:
            self._client.will_set(*will)

    async def open(self) -> None:
        """Connect and be let in. Raises BrokerError, or what a file or a secret does."""
        try:
            await run_detached(self._dial)
            self._attend()
            async with asyncio.timeout(_CONNECT_S):
                answer = await self._answer
        except (OSError, UnicodeError) as error:
            raise unreachable(self._config, error) from error
        judge(self._config, answer)

    def _dial(self) -> None:
        """In a thread of its own: names are looked up, files read, TLS is shaken hands about."""
        config, client = self._config, self._client
        if config.username is not None:
            password = None if config.password is None else resolve(config.password)
            client.username_pw_set(config.username, password)
        if config.has_tls:
            client.tls_set_context(broker_tls(config.tls))
        properties = None
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = _MAX_PACKET
        if client.connect(config.host, config.port, _KEEPALIVE_S, properties=properties):
            raise ConnectionResetError("the connection was closed at once")
        with self._lock:
            if not self._closed:
                self._is_dialled = True
                return
        client.disconnect()  # nobody waits for it any more

    def _on_socket_open(self, _client: object, _data: object, line: paho.SocketLike) -> None:
        """In the thread that dials, before anything is said: the broker need not know us then."""
        if self._closed:
            line.close()
            raise ConnectionAbortedError
        if isinstance(line, socket.socket):  # or an event waits 40 ms behind a value, see tcp(7)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _attend(self) -> None:
        """Let the event loop do what is to be done from here on."""
        client = self._client
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        line = client.socket()
        if line is not None:
            self._loop.add_reader(line, self._serve, client.loop_read)
        self._beat()

    def _on_socket_close(self, _client: object, _data: object, line: paho.SocketLike) -> None:
        self._loop.remove_reader(line)

    def _on_socket_register_write(
        self, client: paho.Client, _data: object, line: paho.SocketLike
    ) -> None:
        self._loop.add_writer(line, self._serve, client.loop_write)

    def _on_socket_unregister_write(
        self, _client: object, _data: object, line: paho.SocketLike
    ) -> None:
        self._loop.remove_writer(line)

    def _serve(self, work: Callable[[], object]) -> None:
        """Have paho read or write; what is no MQTT ends the connection."""
        try:
            work()
        except Exception:  # noqa: BLE001  # whatever a parser makes of bytes that are no MQTT
            _settle(self.ended, "it sent what is no MQTT")
            _settle(self._answer, None)
        line = self._client.socket()
        if isinstance(line, ssl.SSLSocket) and line.pending():  # which the loop cannot see
            self._loop.call_soon(self._serve, self._client.loop_read)

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

    @property
    def unconfirmed(self) -> int:
        """Events that were sent, of which the broker has not said that it has them."""
        return len(self._unconfirmed)

    async def emptied(self, within_s: float) -> None:
        """Wait until the broker has taken everything, or until it is too late."""
        if self.outbox or self.sent > self._acknowledged:
            self._emptied = self._loop.create_future()
            either: set[asyncio.Future[Any]] = {self._emptied, self.ended}
            await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)

    async def close(self, within_s: float) -> None:
        """Take leave; if the broker has not taken everything, cut it off: the will then speaks."""
        idle = not self.outbox and self.sent == self._acknowledged
        with self._lock:
            self._closed = True
            if not self._is_dialled:  # the thread that dials finds that it is closed
                return
        if self._beats is not None:
            self._beats.cancel()
        if idle:
            self._client.disconnect()
        try:
            if idle and self._client.socket() is not None:
                await asyncio.wait({self.ended}, timeout=within_s)
        finally:
            line = self._client.socket()
            if isinstance(line, socket.socket):
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                if not idle:
                    self._client.disconnect()
                self._client.loop_write()  # what waits there meets the end, and paho closes it

    def _drain(self) -> None:
        while self.sent - self._acknowledged < self._window:
            message = self.outbox.take()
            if message is None:
                return
            self.sent += 1
            info = self._client.publish(*message)
            if message.qos and not message.retain:
                self._unconfirmed.add(info.mid)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:  # it ends: on_disconnect is on its way
                return

    def _beat(self) -> None:
        self._beats = self._loop.call_later(_BEAT_S, self._beat)
        self._client.loop_misc()

    def _on_connect(
        self,
        _client: object,
        _data: object,
        _flags: object,
        answer: ReasonCode,
        properties: Properties | None,
    ) -> None:
        # How much the broker wants to confirm at a time (MQTT-3.3.4-9); paho does not heed it.
        self._window = min(_WINDOW, getattr(properties, "ReceiveMaximum", _WINDOW))
        _settle(self._answer, answer)

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, *_more: object
    ) -> None:
        _settle(self.ended, end_of(reason.getName(), self._client_id))
        _settle(self._answer, None)  # unless there was one

    def _on_publish(self, _client: object, _data: object, mid: int, *_more: object) -> None:
        self._acknowledged += 1
        self._unconfirmed.discard(mid)
        if self.outbox:
            self._loop.call_soon(self._drain)  # others have their turn between two windows
        elif self._acknowledged == self.sent:
            _settle(self._emptied, None)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        text = message.payload.decode("utf-8", "replace")
        self._loop.call_soon(self._heard, message.topic, text, message.retain)


def _settle(future: asyncio.Future[_T], value: _T) -> None:
    if not future.done():
        future.set_result(value)
