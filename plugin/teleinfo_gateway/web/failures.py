"""Wrong tokens and passwords by address: how many tries somebody has had. Pure."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable

__all__ = ["Failures"]


class Failures:
    """Failures of an address, each counted for a minute from the first one, and those of all.

    All addresses together may have ``limit_of_all`` in a minute, which is for what can be guessed.
    """

    LIMIT = 10
    _MINUTE_S = 60.0
    _MAX_ADDRESSES = 1000  # the oldest is forgotten first; a network at home has fewer

    def __init__(self, clock: Callable[[], float], limit_of_all: float = math.inf) -> None:
        self._clock = clock
        self._limit_of_all = limit_of_all
        self._since: dict[str, tuple[float, int]] = {}
        self._of_all = clock(), 0

    def too_many(self, address: str) -> bool:
        """Whether an address, or all of them together, have had their tries."""
        return self._of(_network(address))[1] >= self.LIMIT or self._all()[1] >= self._limit_of_all

    def add(self, address: str) -> int:
        """Count one more; how many of this address there were."""
        network = _network(address)
        since_s, times = self._of(network)
        if network not in self._since and len(self._since) >= self._MAX_ADDRESSES:
            del self._since[next(iter(self._since))]
        self._since[network] = since_s, times + 1
        all_since_s, of_all = self._all()
        self._of_all = all_since_s, of_all + 1
        return times + 1

    def forget(self, address: str) -> None:
        """It was none: take one back."""
        network = _network(address)
        since_s, times = self._of(network)
        if times:
            self._since[network] = since_s, times - 1
        all_since_s, of_all = self._all()
        self._of_all = all_since_s, max(0, of_all - 1)

    def _of(self, network: str) -> tuple[float, int]:
        now_s = self._clock()
        since_s, times = self._since.get(network, (now_s, 0))
        if now_s - since_s < self._MINUTE_S:
            return since_s, times
        del self._since[network]
        return now_s, 0

    def _all(self) -> tuple[float, int]:
        now_s = self._clock()
        since_s, _ = self._of_all
        return self._of_all if now_s - since_s < self._MINUTE_S else (now_s, 0)


def _network(address: str) -> str:
    """An IPv4 address; of IPv6 the first 64 bits, for one machine has all that begin so."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:  # as who listens to both gets to see it
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
