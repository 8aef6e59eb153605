"""The hub: one program per machine holds the port and repeats each message to the others.

Pure: datagrams, the time of a monotonic clock and the machine's addresses go in; where to send
the same bytes comes out (xPL specification, hubs).
"""

import ipaddress
import logging
from collections.abc import Collection
from dataclasses import dataclass

from xpl._text import number, printable
from xpl.address import Address
from xpl.errors import DecodeError
from xpl.heartbeat import MINUTE_S, interval_minutes
from xpl.message import Message, MessageType

__all__ = ["MAX_CLIENTS", "PORT", "Client", "Hub", "SocketAddress"]

PORT = 3865

# Each message is repeated to every client: forged heartbeats must not turn the hub into an
# amplifier, and no machine of a home runs more xPL programs than this.
MAX_CLIENTS = 256

_REGISTERING = frozenset({"hbeat.app", "config.app"})
_LEAVING = frozenset({"hbeat.end", "config.end"})
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")

_log = logging.getLogger(__name__)

SocketAddress = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Client:
    """A program that the hub serves: where it listens, who it is, until when without a sign."""

    remote_ip: str
    port: int
    source: Address
    interval_min: int
    expires_s: float

    def __str__(self) -> str:
        source = printable(str(self.source), 40)
        return f"{source} at {self.remote_ip}:{self.port}, every {self.interval_min} min"


class Hub:
    """Keeps the register of clients and says to whom a datagram goes.

    `port` is the hub's own, at which nobody can register. Counted are the datagrams `accepted`
    and `rejected`, and the heartbeats `refused` because the register was full.
    """

    def __init__(self, port: int = PORT) -> None:
        self._port = port
        self._clients: dict[SocketAddress, Client] = {}
        self.accepted = 0
        self.rejected = 0
        self.refused = 0

    @property
    def clients(self) -> tuple[Client, ...]:
        """The clients, oldest registration first."""
        return tuple(self._clients.values())

    def receive(
        self, data: bytes, sender: SocketAddress, now_s: float, local: Collection[str]
    ) -> tuple[SocketAddress, ...]:
        """Take in a datagram; return where to send these very bytes.

        A client is registered first and so gets its own heartbeat back; one that leaves still
        hears its farewell. What is not a message goes nowhere: it would hang some clients.
        `local` holds the machine's addresses, those of 127.0.0.0/8 are understood.
        """
        try:
            message = Message.decode(data)
        except DecodeError:
            self.rejected += 1
            return ()
        self.accepted += 1
        is_status = message.type is MessageType.STAT
        if is_status and message.schema in _REGISTERING:
            self._register(message, sender, now_s, local)
        receivers = tuple(self._clients)
        if is_status and message.schema in _LEAVING:
            self._remove(message, sender, local)
        return receivers

    def expire(self, now_s: float) -> tuple[Client, ...]:
        """Drop the clients not heard for twice their interval and a minute; return them."""
        gone = tuple(client for client in self.clients if client.expires_s <= now_s)
        for client in gone:
            del self._clients[client.remote_ip, client.port]
            _log.info("expired: %s", client)
        return gone

    def _register(
        self, message: Message, sender: SocketAddress, now_s: float, local: Collection[str]
    ) -> None:
        key = self._key(message, sender, local)
        if key is None:
            return
        known = key in self._clients
        if not known and len(self._clients) >= MAX_CLIENTS:
            if self.refused == 0:
                _log.warning("full with %d clients, later ones are refused", MAX_CLIENTS)
            self.refused += 1
            return
        interval_min = interval_minutes(message.get("interval"))
        expires_s = now_s + (2 * interval_min + 1) * MINUTE_S
        client = Client(*key, message.source, interval_min, expires_s)
        self._clients[key] = client
        if not known:
            _log.info("registered: %s", client)

    def _remove(self, message: Message, sender: SocketAddress, local: Collection[str]) -> None:
        if _ip(message, sender, local) is None:
            return  # another machine's
        key = self._key(message, sender, local)
        leaving = {key} if key in self._clients else self._keys_of(message.source)
        for key in leaving:
            _log.info("left: %s", self._clients.pop(key))

    def _keys_of(self, source: Address) -> list[SocketAddress]:
        return [key for key, client in self._clients.items() if client.source == source]

    def _key(
        self, message: Message, sender: SocketAddress, local: Collection[str]
    ) -> SocketAddress | None:
        """Return where the sender of a heartbeat listens, or None if not on this machine."""
        remote_ip = _ip(message, sender, local)
        port = number(message.get("port"))
        if remote_ip is None or port is None or not 1 <= port <= 65535 or port == self._port:
            return None
        return remote_ip, port


def _ip(message: Message, sender: SocketAddress, local: Collection[str]) -> str | None:
    """Return the address a heartbeat names, by default that it came from, if it is ours."""
    try:
        address = ipaddress.IPv4Address((message.get("remote-ip") or sender[0]).strip())
    except ValueError:
        return None
    return str(address) if address in _LOOPBACK or str(address) in local else None
