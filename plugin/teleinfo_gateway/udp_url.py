"""``udp://address:port?from=sender``: where datagrams are awaited, and whose are taken. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from teleinfo_gateway.host_port import split_host_port

__all__ = ["SCHEME", "UdpUrl", "parse_udp_url"]

SCHEME = "udp://"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class UdpUrl:
    """An address of this machine, a port, and the senders that are named, if any are."""

    address: _Address
    port: int
    senders: _Network | None = None

    @property
    def is_open(self) -> bool:
        """Whether machines that nobody named can reach it."""
        return self.senders is None and not self.address.is_loopback

    def takes(self, sender: str) -> bool:
        """Whether datagrams of this address are taken.

        If no sender is named those of private networks are: nothing comes from the Internet.
        """
        address = ipaddress.ip_address(sender.partition("%")[0])  # fe80::1%eth0
        address = getattr(address, "ipv4_mapped", None) or address  # of a socket for both
        return address.is_private if self.senders is None else address in self.senders


def parse_udp_url(device: str) -> UdpUrl:
    """Read a URL that begins with :data:`SCHEME`; else ValueError, which says what is wrong."""
    place, asked, query = device.removeprefix(SCHEME).partition("?")
    host, port = split_host_port(place)
    key, _, sender = query.partition("=")
    if asked and key != "from":
        raise ValueError("after the port comes nothing, or ?from= and the address of the sender")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(
            "an address of this machine is needed, not a name; 0.0.0.0 is every one of them"
        ) from None
    try:
        senders = ipaddress.ip_network(sender) if asked else None
    except ValueError:
        raise ValueError(
            "after from= an address is needed, such as 192.168.1.5, or a network, 192.168.1.0/24"
        ) from None
    return UdpUrl(address, port, senders)
