"""Where bytes come from: serial ports, TCP servers, datagrams, and the other URLs of pyserial.

A source hands over bytes as they come and says once, with a reason, that it is gone. It knows
nothing of TIC.
"""

from __future__ import annotations

from teleinfo_gateway.sources.base import Receive, Source, SourceError, Trouble, Way

__all__ = ["Source", "SourceError", "Trouble", "Way", "has_speed", "open_source", "way_of"]


def has_speed(device: str) -> bool:
    """Whether the speed of the line is ours to set: not where another program reads the port."""
    return not device.startswith(("socket://", "udp://"))


def way_of(device: str) -> Way:
    """How the bytes of a device come here."""
    if device.startswith("udp://"):
        return Way.DATAGRAMS
    return Way.SERVER if "://" in device else Way.PORT


async def open_source(device: str, baudrate: int, receive: Receive) -> Source:
    """Open ``device``: a path, ``socket://host:port``, ``udp://address:port`` or a URL of pyserial.

    Raises :class:`SourceError`. The modules are imported when first needed, so that a gateway
    with one serial port does not carry the others.
    """
    if device.startswith("socket://"):
        from teleinfo_gateway.sources.tcp import open_tcp  # noqa: PLC0415  # see above

        return await open_tcp(device, receive)
    if device.startswith("udp://"):
        from teleinfo_gateway.sources.udp import open_udp  # noqa: PLC0415  # see above

        return await open_udp(device, receive)
    if "://" in device:
        from teleinfo_gateway.sources.url import open_url  # noqa: PLC0415  # see above

        return await open_url(device, baudrate, receive)
    from teleinfo_gateway.sources.port import open_port  # noqa: PLC0415  # see above

    return await open_port(device, baudrate, receive)
