"""How the outputs and the bus of a gateway do, as samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.web.metric_table import Sample

__all__ = ["bus_samples", "output_samples"]

_NUMBERS = {
    "teleinfo_output_sent_total": ("sent", "written"),  # the latter of the history
    "teleinfo_output_lost_total": ("lost",),
    "teleinfo_output_connected": ("connected",),
}
_ERRORS = ("failed", "refused", "too_old")
_QUEUES = ("waiting", "backlog")  # the latter of an output that reads the history
"""What outputs call these in their state; each tells some of them."""


def output_samples(
    states: Mapping[str, Mapping[str, str | int | bool]], bus: Bus
) -> Iterator[Sample]:
    """What every output tells of itself, by its name."""
    for name, state in states.items():
        for family, keys in _NUMBERS.items():
            told = [number for key in keys if isinstance(number := state.get(key), int)]
            if told:  # an extension may tell several: a series that is there twice spoils them all
                yield Sample(family, (name,), told[0])
        for key in _ERRORS:
            if isinstance(number := state.get(key), int):
                yield Sample("teleinfo_output_errors_total", (name, key), number)
        queues = [number for key in _QUEUES if isinstance(number := state.get(key), int)]
        waiting = sum(queues) if queues else bus.waiting(name)
        yield Sample("teleinfo_output_queue_length", (name,), waiting)
        with suppress(ValueError):  # an extension may mean something else by it
            oldest_s = datetime.fromisoformat(str(state.get("oldest"))).timestamp()
            yield Sample("teleinfo_output_oldest_timestamp_seconds", (name,), oldest_s)
        yield Sample("teleinfo_output_problem", (name,), bool(state.get("problem")))


def bus_samples(bus: Bus) -> Iterator[Sample]:
    """What lies on the bus, what was lost there, and how long the rest lay."""
    for name, listener in bus.listeners.items():
        yield Sample("teleinfo_bus_queue_length", (name,), bus.waiting(name))
        yield Sample("teleinfo_bus_lost_items_total", (name,), listener.lost)
        yield Sample("teleinfo_bus_wait_seconds", (name,), listener.waits)
