"""Sockets and the event loop: everything of this library that touches the machine."""

import asyncio
import errno
import logging
import os
import random
import signal
import socket
import stat
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from xpl.address import Address
from xpl.configuration import Configuration
from xpl.endpoint import Endpoint
from xpl.errors import DecodeError, EncodeError, HubPortTakenError, NetworkError
from xpl.heartbeat import ANSWER_DELAY_S
from xpl.hub import PORT, Client, Hub, SocketAddress
from xpl.interface import Interface, addresses, broadcasting, choose, default_routes
from xpl.message import Message, check_pair

__all__ = ["HubServer", "Stop", "XplClient", "broadcast", "find_interface", "interfaces", "run"]

_ANY_ADDRESS = "0.0.0.0"  # noqa: S104  # some hubs deliver by broadcast, which only this sees
_MAX_DATAGRAM = 65535
_BURST = 64  # datagrams read in one go, so that a flood cannot starve the rest of the program
_LOOK_AGAIN_S = 60.0  # how old the knowledge of the machine's addresses may be

_log = logging.getLogger(__name__)


def interfaces() -> tuple[Interface, ...]:
    """Return the machine's IPv4 interfaces that are up and can broadcast. Raises NetworkError."""
    with _udp_socket() as probe:
        return tuple(broadcasting(probe.fileno()))


def find_interface(name: str = "auto") -> Interface:
    """Return the interface with this name; "auto" is that of the default route, else lo.

    Raises InterfaceError, which lists the interfaces that exist, or NetworkError.
    """
    try:
        routes = default_routes(Path("/proc/net/route").read_text(encoding="ascii"))
    except OSError:
        routes = ()  # a jail without /proc
    return choose(name, interfaces(), routes)


def broadcast(message: Message, interface: Interface | str = "auto", *, port: int = PORT) -> None:
    """Send one message from a program that does not want to stay.

    Raises EncodeError, InterfaceError or NetworkError.
    """
    data = message.encode()
    out = _resolve(interface)
    with _udp_socket() as udp:
        try:
            udp.sendto(data, (out.broadcast, port))
        except OSError as error:
            raise NetworkError(
                f"cannot send to {out.broadcast}: {error.strerror}", error
            ) from error


def _resolve(interface: Interface | str) -> Interface:
    return find_interface(interface) if isinstance(interface, str) else interface


def _udp_socket() -> socket.socket:
    try:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    except OSError as error:  # no descriptor left
        raise NetworkError(f"cannot open a UDP socket: {error.strerror}", error) from error
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return udp


class _UdpPort:
    """A UDP port read by the running event loop; no reuse option, so that it is ours alone.

    Raises HubPortTakenError or NetworkError.
    """

    def __init__(self, port: int, receive: Callable[[bytes, SocketAddress], None]) -> None:
        self._socket = _udp_socket()
        try:
            self._socket.bind((_ANY_ADDRESS, port))
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE:
                raise HubPortTakenError(
                    f"UDP port {port} is in use: another hub runs on this machine", port
                ) from error
            raise NetworkError(f"cannot open UDP port {port}: {error.strerror}", error) from error
        self.number: int = self._socket.getsockname()[1]
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def send(self, data: bytes, to: SocketAddress) -> None:
        """Send at once. Raises OSError."""
        self._socket.sendto(data, to)

    def local_addresses(self) -> frozenset[str]:
        """Return every IPv4 address of the machine."""
        return frozenset(address for _, address, _ in addresses(self._socket.fileno()))

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_BURST):
            try:
                data, sender = self._socket.recvfrom(_MAX_DATAGRAM)
            except OSError:
                return  # nothing left, or closed by the receiver
            self._receive(data, sender)


class XplClient:
    """A program behind a hub: it sends broadcasts, says that it lives, and hears the others.

    `interface` is an Interface, or a name ("auto") that is looked up again when a send fails
    and each minute, so that a machine may change its network. `on_message` gets what is meant
    for this address, its groups or everyone, except its own echoes; with `everything` also what
    is meant for others. A `configuration` makes the device configurable from outside (it then
    governs instance and interval); `on_configured` is called with each new one, to save it.

    Raises IllegalAddressError, IllegalIntervalError or another EncodeError for its own settings.
    """

    def __init__(  # noqa: PLR0913  # keywords, each with a default
        self,
        source: Address,
        interface: Interface | str = "auto",
        *,
        port: int = PORT,
        on_message: Callable[[Message], None] | None = None,
        heartbeat_interval_min: int = 5,
        version: str | None = None,
        configuration: Configuration | None = None,
        on_configured: Callable[[Configuration], None] | None = None,
        everything: bool = False,
    ) -> None:
        source.check()
        if version is not None:
            check_pair("version", version)
        self._wanted = interface
        self._hub_port = port
        self._on_message = on_message
        self._on_configured = on_configured
        self._endpoint = Endpoint(
            source,
            _answer_delay_s,
            interval_min=heartbeat_interval_min,
            version=version,
            configuration=configuration,
            everything=everything,
        )
        self._interface: Interface | None = None
        self._udp: _UdpPort | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False
        self.sent = 0
        self.failed = 0
        self.received = 0
        self.rejected = 0

    @property
    def source(self) -> Address:
        """The address under which this program speaks."""
        return self._endpoint.source

    @property
    def interface(self) -> Interface | None:
        """Where messages leave; None before the start."""
        return self._interface

    @property
    def hub_found(self) -> bool:
        """Whether a hub has been heard lately; sending does not need one."""
        return self._endpoint.hub_found

    async def start(self) -> None:
        """Open a free port and send the first heartbeat; does not wait for a hub.

        Raises InterfaceError or NetworkError.
        """
        self._interface = _resolve(self._wanted)
        self._udp = _UdpPort(0, self._received)
        self._failing = False
        where = (self._udp.number, self._interface.address)
        self._transmit(self._endpoint.start(*where, self._now_s()))
        self._plan()

    async def stop(self) -> None:
        """Say goodbye and close; harmless when not started."""
        if self._udp is None or self._timer is None:
            return
        self._transmit([self._endpoint.end()])
        self._timer.cancel()
        self._timer = None
        self._udp.close()
        self._udp = None

    def send(self, message: Message) -> bool:
        """Broadcast at once; return whether the system took the message.

        A failure of the network is counted and logged once, never raised. Raises EncodeError.
        """
        data = message.encode()
        error = self._try(data)
        if error is not None and self._look_again():
            error = self._try(data)
        if error is not None:
            self.failed += 1
            if not self._failing:
                _log.warning("cannot send, further failures are only counted: %s", error)
        else:
            self.sent += 1
            if self._failing:
                _log.info("sending works again, after %d failures in all", self.failed)
        self._failing = error is not None
        return error is None

    def _try(self, data: bytes) -> str | None:
        """Send; return what was wrong."""
        if self._udp is None or self._interface is None:
            return "the client is not started"
        try:
            self._udp.send(data, (self._interface.broadcast, self._hub_port))
        except OSError as error:
            return f"{self._interface.broadcast} through {self._interface.name}: {error.strerror}"
        return None

    def _look_again(self) -> bool:
        """Look up the interface by its name; return whether it has changed."""
        if self._udp is None or isinstance(self._wanted, Interface):
            return False
        try:
            found = find_interface(self._wanted)
        except NetworkError:
            return False  # it may come back; until then sends fail, and say so
        if found == self._interface:
            return False
        _log.info("now on %s (%s)", found.name, found.address)
        self._interface = found
        asyncio.get_running_loop().call_soon(self._moved)
        return True

    def _moved(self) -> None:
        if self._udp is not None and self._interface is not None:
            self._transmit(self._endpoint.move(self._interface.address, self._now_s()))
            self._plan()

    def _received(self, data: bytes, _sender: SocketAddress) -> None:
        try:
            message = Message.decode(data)
        except DecodeError:
            self.rejected += 1
            return
        self.received += 1
        before = self._endpoint.configuration
        heard = self._endpoint.hear(message, self._now_s())
        self._transmit(heard.replies)
        self._plan()
        setup = self._endpoint.configuration
        if self._on_configured is not None and setup is not None and setup is not before:
            self._on_configured(setup)
        if self._on_message is not None and heard.deliver:
            self._on_message(message)

    def _transmit(self, messages: Iterable[Message]) -> None:
        """Send what the protocol itself wants to say."""
        for message in messages:
            try:
                self.send(message)
            except EncodeError as error:  # a configuration too large to be told
                _log.warning("cannot answer: %s", error)

    def _plan(self) -> None:
        """Have `_tick` called when the next heartbeat is due, and at least each minute."""
        wake_up_s = min(self._endpoint.wake_up_s, self._now_s() + _LOOK_AGAIN_S)
        if self._timer is not None:
            if self._timer.when() <= wake_up_s:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(wake_up_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._look_again()
        self._transmit(self._endpoint.tick(self._now_s()))
        self._plan()

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()


class HubServer:
    """The hub of this machine. Port 0 takes a free one, see `port` after the start."""

    def __init__(self, port: int = PORT) -> None:
        self.port = port
        self._hub = Hub(port)
        self._udp: _UdpPort | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._local: frozenset[str] = frozenset()
        self._unreachable: set[SocketAddress] = set()

    def clients(self) -> tuple[Client, ...]:
        """Return the programs that the hub serves now."""
        return self._hub.clients

    async def start(self) -> None:
        """Take the port. Raises HubPortTakenError if another hub runs here, or NetworkError."""
        self._udp = _UdpPort(self.port, self._received)
        self.port = self._udp.number
        self._hub = Hub(self.port)
        self._each_minute()

    async def stop(self) -> None:
        """Free the port and forget the clients; harmless when not started."""
        if self._udp is None or self._timer is None:
            return
        self._timer.cancel()
        self._udp.close()
        self._udp = None
        self._hub = Hub(self.port)

    def _received(self, data: bytes, sender: SocketAddress) -> None:
        now_s = asyncio.get_running_loop().time()
        for receiver in self._hub.receive(data, sender, now_s, self._local):
            self._forward(data, receiver)

    def _forward(self, data: bytes, receiver: SocketAddress) -> None:
        if self._udp is None:
            return
        try:
            self._udp.send(data, receiver)
        except OSError as error:
            if receiver not in self._unreachable:
                self._unreachable.add(receiver)
                _log.warning("cannot forward to %s:%d: %s", *receiver, error.strerror)

    def _each_minute(self) -> None:
        if self._udp is None:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOK_AGAIN_S, self._each_minute)
        self._local = self._udp.local_addresses()
        self._hub.expire(loop.time())
        self._unreachable &= {(client.remote_ip, client.port) for client in self._hub.clients}


class Stop:
    """The wish that a program ends: by a signal, by its reader, by itself."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether the program should end."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask the program to end."""
        self._event.set()

    def when_unread(self, descriptor: int) -> None:
        """Ask so when nobody reads this pipe any more (`| head`); other files are left alone."""
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            asyncio.get_running_loop().add_reader(descriptor, self.request)

    def on_signal(self, number: signal.Signals, act: Callable[[], object]) -> None:
        """Call `act` when this signal comes."""
        asyncio.get_running_loop().add_signal_handler(number, act)

    async def wait(self, timeout_s: float | None = None) -> None:
        """Wait until asked, or for so long."""
        waiting = asyncio.ensure_future(self._event.wait())
        await asyncio.wait({waiting}, timeout=timeout_s)
        waiting.cancel()


def run(program: Callable[[Stop], Coroutine[Any, Any, int]]) -> int:
    """Run a program until it returns its exit code; SIGINT and SIGTERM ask it to stop."""

    async def supervised() -> int:
        stop = Stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            stop.on_signal(number, stop.request)
        return await program(stop)

    return asyncio.run(supervised())


def _answer_delay_s() -> float:
    return random.uniform(*ANSWER_DELAY_S)  # noqa: S311  # spreads answers, keeps no secret
