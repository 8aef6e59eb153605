"""Whoever listens to frames by UDP: two sockets at neighbouring ports, as hallard's receivers."""

import asyncio
import socket
from contextlib import suppress

from ..free_ports import free_port

WAIT_S = 20


class UdpPair:
    """Bound at ``host``, which may be the broadcast address of loopback."""

    def __init__(self, host="127.0.0.1"):
        while True:
            self.port = free_port()
            self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
            try:
                for offset, each in enumerate(self.sockets):
                    each.setblocking(False)
                    each.bind((host, self.port + offset))
            except OSError:
                self.close()
            else:
                return

    async def datagram(self, which=0):
        """The next datagram at one of the ports."""
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.sockets[which], 65535)

    def heard(self, which=0):
        """The datagrams that have come there by now."""
        datagrams = []
        with suppress(BlockingIOError):
            while True:
                datagrams.append(self.sockets[which].recv(65535))
        return datagrams

    def close(self):
        for each in self.sockets:
            each.close()
