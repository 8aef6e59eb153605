"""Datagrams of another machine that reads a meter, such as those of hallard's ``teleinfo``."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import time
from typing import Any

from teleinfo_gateway.raw_frames import MAX_FRAME
from teleinfo_gateway.sources.base import Receive, SourceError, Trouble
from teleinfo_gateway.throttle import Throttle
from teleinfo_gateway.udp_url import UdpUrl, parse_udp_url

log = logging.getLogger(__name__)

_ADVICE = {
    errno.EADDRINUSE: "another program has this UDP port: stop it, or take the next port, to which "
    "each frame is sent as well",
    errno.EADDRNOTAVAIL: "this machine has no such address: write one of its own, or 0.0.0.0",
    errno.EACCES: "permission denied: ports below 1024 are for the system",
}


class UdpSource(asyncio.DatagramProtocol):
    """An open UDP port; ``refused`` counts the datagrams that were not taken."""

    def __init__(self, device: str, url: UdpUrl, receive: Receive) -> None:
        self._device = device
        self._url = url
        self._receive = receive
        self._throttle = Throttle()
        self._transport: asyncio.BaseTransport | None = None
        self.refused = 0
        self.gone: asyncio.Future[SourceError] = asyncio.get_running_loop().create_future()
        self.overruns = None  # a datagram that is lost is lost whole

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what closes the port."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Hand on what a known sender says; it is checked as what comes from a wire."""
        sender = addr[0]
        if not self._url.takes(sender):
            self._refuse(f"not taken from {sender}; if it sends your meter: ?from={sender}")
        elif len(data) > MAX_FRAME:
            self._refuse(f"of {len(data)} bytes from {sender}: no frame is so long")
        elif data:
            self._receive(data)

    def _refuse(self, text: str) -> None:
        self.refused += 1
        if self._throttle.admit(time.monotonic()) is not None:
            log.warning("%s: a datagram %s (%d refused)", self._device, text, self.refused)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say why it ended."""
        if not self.gone.done():
            self.gone.set_result(SourceError(f"{self._device}: {exc or 'the port was closed'}"))

    def close(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.abort()  # type: ignore[attr-defined]  # asyncio gives a DatagramTransport


async def open_udp(device: str, receive: Receive) -> UdpSource:
    """Await datagrams at ``udp://address:port``, from the senders that :mod:`udp_url` says."""
    try:
        url = parse_udp_url(device)
        port = _bound(url)
    except ValueError as error:
        raise SourceError(f"{device}: {error}") from error
    except OSError as error:
        number = error.errno or errno.EIO
        reason = _ADVICE.get(number) or os.strerror(number)
        trouble = Trouble.BUSY if number == errno.EADDRINUSE else Trouble.OTHER
        raise SourceError(f"{device}: {reason}", trouble) from error
    _, source = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: UdpSource(device, url, receive), sock=port
    )
    return source


def _bound(url: UdpUrl) -> socket.socket:
    """A socket at this address; raises ``OSError``. One at ``[::]`` hears IPv4 as well."""
    ipv6 = url.address.version == 6
    port = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if ipv6:
            port.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        port.setblocking(False)
        port.bind((str(url.address), url.port))
    except OSError:
        port.close()
        raise
    return port
