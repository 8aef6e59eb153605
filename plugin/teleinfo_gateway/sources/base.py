"""The one interface of all sources, and the choice between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from teleinfo_gateway.errors import GatewayError

OPEN_TIMEOUT_S = 10.0
"""A driver or a server that has not answered by then is treated as absent."""


class SourceError(GatewayError):
    """A source cannot be opened or went away; the text says what to do where that is known."""


Receive = Callable[[bytes], None]
"""Called on the event loop with what has come, never empty."""


class Source(Protocol):
    """An open stream of bytes."""

    @property
    def gone(self) -> asyncio.Future[SourceError]:
        """Done when no more bytes will come; its result says why."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop receiving and free the port at once; may be called twice."""
        raise NotImplementedError


def has_speed(device: str) -> bool:
    """Whether the speed of the line is ours to set: not so behind a plain TCP server."""
    return not device.startswith("socket://")


async def open_source(device: str, baudrate: int, receive: Receive) -> Source:
    """Open ``device``: a path, ``socket://host:port`` or another URL that pyserial knows.

    Raises :class:`SourceError`. The modules are imported when first needed, so that a gateway
    with one serial port does not carry the others.
    """
    if device.startswith("socket://"):
        from teleinfo_gateway.sources.tcp import open_tcp  # noqa: PLC0415  # see above

        return await open_tcp(device, receive)
    if "://" in device:
        from teleinfo_gateway.sources.url import open_url  # noqa: PLC0415  # see above

        return await open_url(device, baudrate, receive)
    from teleinfo_gateway.sources.port import open_port  # noqa: PLC0415  # see above

    return await open_port(device, baudrate, receive)
