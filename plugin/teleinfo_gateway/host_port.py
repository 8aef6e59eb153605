"""``host:port`` as people write it. Pure."""

import re

__all__ = ["split_host_port"]

_HOST_PORT = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/?#@\[\]]+)):(?P<port>[0-9]{1,5})"
)
_PORTS = range(1, 65536)


def split_host_port(text: str) -> tuple[str, int]:
    """The host, without the brackets of an IPv6 address, and the port; else ValueError."""
    found = _HOST_PORT.fullmatch(text)
    if found is None or int(found["port"]) not in _PORTS:
        raise ValueError("a host, a colon and a port from 1 to 65535 are needed")
    return found["v6"] or found["host"], int(found["port"])
