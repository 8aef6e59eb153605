"""Frames in datagrams, as hallard's ``teleinfo`` (1.0.8) sends them and hears them.

Each frame is one datagram, STX to ETX inclusive, sent to a port and to the next one, so that two
programs of a machine can listen.
"""

from __future__ import annotations

import ipaddress
import os
import socket

from teleinfo_gateway.errors import GatewayError

__all__ = ["UdpError", "UdpSender"]


class UdpError(GatewayError):
    """A frame did not leave; the next one may."""


class UdpSender:
    """Sends to an address, which may be that of all machines of a network; never waits."""

    def __init__(self, to: str, port: int) -> None:
        self._to = to
        self._ports = port, port + 1
        self._ipv6 = ipaddress.ip_address(to).version == 6
        self._socket: socket.socket | None = None

    def send(self, frame: bytes) -> None:
        """Send a frame to both ports. Raises :class:`UdpError`."""
        try:
            if self._socket is None:
                self._socket = self._open()
            for port in self._ports:
                self._socket.sendto(frame, (self._to, port))
        except OSError as error:
            self.close()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise UdpError(f"nothing can be sent to {self._to}: {reason}") from error

    def _open(self) -> socket.socket:
        new = socket.socket(socket.AF_INET6 if self._ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        new.setblocking(False)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return new

    def close(self) -> None:
        """Give the socket back; sending again opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
