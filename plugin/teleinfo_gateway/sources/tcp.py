"""A TCP server that hands on the bytes of a serial port, such as ser2net."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

from teleinfo_gateway.host_port import split_host_port
from teleinfo_gateway.sources.base import OPEN_TIMEOUT_S, Receive, SourceError
from teleinfo_gateway.sources.threads import in_thread

_KEEPALIVE = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 10,  # seconds
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 5,  # seconds
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 4,
}
"""A server that lost its power says nothing, and neither do we: after 30 s it counts as gone."""

_UNKNOWN = {socket.EAI_NONAME, socket.EAI_NODATA}
"""What a look-up answers for a name that has no address, whoever is asked."""


class TcpSource(asyncio.Protocol):
    """An open connection."""

    def __init__(self, device: str, receive: Receive) -> None:
        self._device = device
        self._receive = receive
        self._transport: asyncio.BaseTransport | None = None
        self.gone: asyncio.Future[SourceError] = asyncio.get_running_loop().create_future()
        self.overruns = None  # the server may know

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what closes the connection."""
        self._transport = transport
        for option, value in _KEEPALIVE.items():
            transport.get_extra_info("socket").setsockopt(*option, value)

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on."""
        self._receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why it ended."""
        if not self.gone.done():
            reason = str(exc) if exc else "the server closed the connection"
            self.gone.set_result(SourceError(f"{self._device}: {reason}"))

    def close(self) -> None:
        """Leave at once."""
        if self._transport is not None:
            self._transport.abort()  # type: ignore[attr-defined]  # asyncio gives a Transport


async def open_tcp(device: str, receive: Receive) -> TcpSource:
    """Connect to ``socket://host:port``."""
    try:
        host, port = split_host_port(device.removeprefix("socket://"))
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            return await _connect(host, port, lambda: TcpSource(device, receive))
    except UnicodeError as error:
        raise SourceError(f"{device}: this cannot be the name of a host") from error
    except ValueError as error:
        raise SourceError(f"{device}: {error}") from error
    except TimeoutError:
        raise SourceError(f"{device}: no answer within {OPEN_TIMEOUT_S:.0f} s") from None
    except socket.gaierror as error:
        if error.errno not in _UNKNOWN:
            raise SourceError(f"{device}: {host} was not looked up: {error.strerror}") from error
        raise SourceError(f"{device}: no host is known by the name {host}") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise SourceError(f"{device}: {reason}: is the server running there?") from error


async def _connect(host: str, port: int, source: Callable[[], TcpSource]) -> TcpSource:
    """Try each address of the host. Raises ``OSError``, ``UnicodeError`` for what is no name.

    A name is looked up in a thread of its own: the loop's executor would make the end of the
    program, and the other meters, wait for a name server that does not answer.
    """
    addresses = await in_thread(
        f"look up {host}",
        lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
        discard=lambda _: None,
    )
    failure = OSError(f"{host} has no address")
    for *_, address in addresses:
        try:
            _, connected = await asyncio.get_running_loop().create_connection(source, *address[:2])
        except OSError as error:
            failure = error
        else:
            return connected
    raise failure
