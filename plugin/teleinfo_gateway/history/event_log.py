"""Which events are kept: each one, but not more of a kind than a person would read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from teleinfo_gateway.history.periods import HOUR_S
from teleinfo_gateway.history.sampling import EventRow
from teleinfo_gateway.readings import Event

_PER_HOUR = 30
"""Events of one kind of one meter; a bad line refuses thousands of values an hour."""


@dataclass(slots=True)
class _Hour:
    """The events of a kind in one hour."""

    number: int
    kept: int = 0
    left_out: int = 0


class EventLog:
    """Turns events into rows; what is too much in an hour becomes one row that counts it."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, str], _Hour] = {}

    def take(self, event: Event, adco: str | None) -> Iterator[EventRow]:
        """The rows to keep for an event."""
        ts = int(event.time.timestamp())
        key = event.meter, event.kind.value
        hour = self._hours.get(key)
        if hour is None or hour.number != ts // HOUR_S:
            if hour is not None and hour.left_out:
                yield EventRow(
                    *(adco, event.meter, ts, event.kind.value, "more"),
                    f"{hour.left_out} more of this kind in the hour before were not kept",
                )
            hour = self._hours[key] = _Hour(ts // HOUR_S)
        if hour.kept < _PER_HOUR:
            hour.kept += 1
            yield EventRow(adco, event.meter, ts, event.kind.value, event.value, event.detail)
        else:
            hour.left_out += 1
