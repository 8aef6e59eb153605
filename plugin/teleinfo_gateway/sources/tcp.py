"""A TCP server that hands on the bytes of a serial port, such as ser2net."""

from __future__ import annotations

import asyncio
import os
from urllib.parse import urlsplit

from teleinfo_gateway.sources.base import OPEN_TIMEOUT_S, Receive, SourceError


class TcpSource(asyncio.Protocol):
    """An open connection."""

    def __init__(self, device: str, receive: Receive) -> None:
        self._device = device
        self._receive = receive
        self._transport: asyncio.BaseTransport | None = None
        self.gone: asyncio.Future[SourceError] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what closes the connection."""
        self._transport = transport

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
    url = urlsplit(device)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            _, source = await loop.create_connection(
                lambda: TcpSource(device, receive), url.hostname or "", url.port or 0
            )
    except TimeoutError:
        raise SourceError(f"{device}: no answer within {OPEN_TIMEOUT_S:.0f} s") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise SourceError(f"{device}: {reason}: is the server running there?") from error
    return source
