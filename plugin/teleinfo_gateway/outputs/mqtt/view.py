"""One meter as the formats see it: what it says, what is reckoned, and how its reader does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.snapshot import Snapshot
from teleinfo_gateway.statuses import LinkState, Status
from tic import Mode

__all__ = ["View"]

_ADDRESSES = ("ADCO", "ADSC")
_DELIVERY_POINT = "PRM"


class View:
    """Everything that a format may know of one meter.

    ``key`` stands for the meter in topics: its address, ``""`` before that is known. With
    ``alias`` the configured name takes the place of the address everywhere, and the delivery point
    is left out: nothing that a format sees identifies the meter.
    """

    def __init__(self, name: str, *, alias: bool = False) -> None:
        self.name = name
        self.said = Snapshot()
        self.estimate = Estimate()
        self.status = Status.UNKNOWN
        self.link = LinkState.SEARCHING
        self.available = False
        self.error_percent: float | None = None
        self.now_s = 0.0  # monotonic: when a format is asked
        self.remembered_key = ""  # of an earlier run
        self._alias = alias

    @property
    def key(self) -> str:
        """What stands for the meter in topics and identifiers."""
        return self.name if self._alias else self.said.address or self.remembered_key

    @property
    def has_alias(self) -> bool:
        """Whether the address must not be told."""
        return self._alias

    @property
    def values(self) -> Mapping[str, str]:
        """Every label last told, as sent."""
        return self._masked(self.said.values) if self._alias else self.said.values

    @property
    def historique(self) -> Mapping[str, str]:
        """The historique labels, which in standard mode are derived."""
        return self._masked(self.said.historique) if self._alias else self.said.historique

    @property
    def horodates(self) -> Mapping[str, str]:
        """The meter's own time of those values that it dates."""
        return self.said.horodates

    @property
    def mode(self) -> Mode | None:
        """The language of the last reading."""
        return self.said.mode

    @property
    def time(self) -> datetime | None:
        """When the last reading was heard, aware UTC."""
        return self.said.time

    @property
    def overload(self) -> str:
        """``none``, or what is exceeded: ``1``, ``1,3``, ``power``."""
        return self.said.overload

    @property
    def slot(self) -> int | None:
        """The supplier index that counts now, 1 to 10."""
        return self.said.slot

    @property
    def three_phase(self) -> bool:
        """Whether the meter has three phases."""
        return self.said.three_phase

    def _masked(self, values: Mapping[str, str]) -> Mapping[str, str]:
        return {
            label: self.name if label in _ADDRESSES else value
            for label, value in values.items()
            if label != _DELIVERY_POINT
        }
