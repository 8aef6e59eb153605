"""The machine's IPv4 interfaces on Linux, and which of them xPL should use."""

import array
import fcntl
import ipaddress
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xpl.errors import InterfaceError

__all__ = ["Interface", "addresses", "broadcasting", "choose", "default_routes"]

# netdevice(7): the requests, and struct ifreq (a name, then a union as large as struct ifmap).
_SIOCGIFCONF = 0x8912
_SIOCGIFFLAGS = 0x8913
_SIOCGIFBRDADDR = 0x8919
_SIOCGIFNETMASK = 0x891B
_NAME_BYTES = 16
_IFREQ_BYTES = _NAME_BYTES + struct.calcsize("LLHBBB3x")
_ADDRESS = slice(20, 24)  # behind the name: family, port, then the address
_IFF_UP = 0x1
_IFF_BROADCAST = 0x2
_IFF_LOOPBACK = 0x8
_UNSET = "0.0.0.0"  # noqa: S104  # no address to bind to: lo, or `ip address add` without brd

_MAX_ADDRESSES = 1024  # the answer is cut there; a machine with more still finds its first ones

_RTF_UP = 0x1
_RTF_REJECT = 0x200


@dataclass(frozen=True, slots=True)
class Interface:
    """Where messages leave: a name, our address on it, and its directed broadcast address."""

    name: str
    address: str
    broadcast: str


def addresses(descriptor: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield (interface, address, ifreq) for each IPv4 address; `descriptor` is any socket's.

    The kernel finds the same address again by its ifreq. Raises OSError.
    """
    buffer = array.array("B", bytes(_IFREQ_BYTES * _MAX_ADDRESSES))
    start, length = buffer.buffer_info()
    answer = fcntl.ioctl(descriptor, _SIOCGIFCONF, struct.pack("iP", length, start))
    (used,) = struct.unpack_from("i", answer)
    found = buffer.tobytes()[:used]
    for at in range(0, used, _IFREQ_BYTES):
        ifreq = found[at : at + _IFREQ_BYTES]
        name = ifreq[:_NAME_BYTES].rstrip(b"\0").decode()
        yield name, _dotted(ifreq), ifreq


def broadcasting(descriptor: int) -> Iterator[Interface]:
    """Yield each address through which broadcasts can leave. Raises OSError."""
    for name, address, ifreq in addresses(descriptor):
        try:
            broadcast = _broadcast(descriptor, address, ifreq)
        except OSError:
            continue  # unplugged since the list was made
        if broadcast not in {None, address}:
            yield Interface(name, address, str(broadcast))


def _broadcast(descriptor: int, address: str, ifreq: bytes) -> str | None:
    """Return the directed broadcast address, or None if the interface is down or has none."""
    flags = _flags(descriptor, ifreq)
    if not flags & _IFF_UP or not flags & (_IFF_BROADCAST | _IFF_LOOPBACK):
        return None
    broadcast = _dotted(fcntl.ioctl(descriptor, _SIOCGIFBRDADDR, ifreq))
    if broadcast != _UNSET:
        return broadcast
    netmask = _dotted(fcntl.ioctl(descriptor, _SIOCGIFNETMASK, ifreq))
    return str(ipaddress.IPv4Network(f"{address}/{netmask}", strict=False).broadcast_address)


def _flags(descriptor: int, ifreq: bytes) -> int:
    answer = fcntl.ioctl(descriptor, _SIOCGIFFLAGS, ifreq)
    (flags,) = struct.unpack_from("H", answer, _NAME_BYTES)
    return int(flags)


def _dotted(ifreq: bytes) -> str:
    return str(ipaddress.IPv4Address(ifreq[_ADDRESS]))


def default_routes(table: str) -> Sequence[str]:
    """Return the interfaces with a default route, best first; `table` is /proc/net/route."""
    routes = []
    for row in table.splitlines()[1:]:
        name, destination, _, flags, _, _, metric, mask, *_ = row.split()
        usable = int(flags, 16) & (_RTF_UP | _RTF_REJECT) == _RTF_UP
        if usable and int(destination, 16) == int(mask, 16) == 0:
            routes.append((int(metric), name))
    return [name for _, name in sorted(routes)]


def choose(name: str, interfaces: Iterable[Interface], routes: Sequence[str]) -> Interface:
    """Return the interface with this name; "auto" is that of the default route, else lo.

    A default route that cannot broadcast (a VPN) is passed over. Raises InterfaceError.
    """
    by_name: dict[str, Interface] = {}
    for interface in interfaces:
        by_name.setdefault(interface.name, interface)
    wanted = (*routes, "lo") if name == "auto" else (name,)
    for candidate in wanted:
        if candidate in by_name:
            return by_name[candidate]
    there = ", ".join(f"{each.name} ({each.address})" for each in by_name.values()) or "none"
    raise InterfaceError(f"no interface {name!r} that can broadcast; there are: {there}", name)
