"""Ports for the servers that tests start."""

import random
import socket

_FIRST, _LAST = 10_000, 32_767
"""Below the ports that Linux gives to clients (``ip_local_port_range``): a port that is free now is
not taken by the next connection of whatever else runs."""


def free_port():
    """A port that is free for TCP and UDP."""
    while True:
        port = random.randint(_FIRST, _LAST)  # noqa: S311  # only to be another one than others use
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                for each in tcp, udp:
                    each.bind(("", port))
            except OSError:
                continue
            return port
