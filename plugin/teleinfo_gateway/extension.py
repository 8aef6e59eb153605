"""What an output of somebody else's package works with, and how it is found.

Such a package has an entry point in the group ``teleinfo_gateway.outputs``. Its name is the key
below ``extensions:`` in the configuration; it is a function ``(settings, gateway) -> Output``,
called with what stands below that key. Everything it needs is in this module.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Protocol

from teleinfo_gateway.bus import Bus, Subscription
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding import RefusedError, Row, Target, TargetError
from teleinfo_gateway.outputs import Output
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.snapshot import Snapshot

__all__ = [
    "GROUP",
    "Bus",
    "Event",
    "EventKind",
    "ExtensionError",
    "Gateway",
    "Output",
    "Reading",
    "RefusedError",
    "Row",
    "Settings",
    "Snapshot",
    "Subscription",
    "Target",
    "TargetError",
    "extension_output",
]

log = logging.getLogger(__name__)

GROUP = "teleinfo_gateway.outputs"

_STOP_S = 2.0  # an output has one second, see Output

Settings = Mapping[str, object]
"""What stands in the configuration, as YAML gives it: text, numbers, booleans, lists, mappings."""


class ExtensionError(GatewayError):
    """The settings of an extension cannot be used; the text says what to change."""


class Gateway(Protocol):
    """What an extension may use of the gateway."""

    bus: Bus
    """Where readings and events travel: subscribe in ``start``, unsubscribe in ``stop``."""

    def interval_s(self, name: str) -> float:
        """The interval of a meter, by its name."""
        raise NotImplementedError

    def forward(self, name: str, target: Target) -> Output | None:
        """A durable output: every row of the history goes to ``target``, through any outage.

        ``name`` is that of the extension. ``None`` if there is no history.
        """
        raise NotImplementedError


def extension_output(name: str, settings: Settings, gateway: Gateway) -> Output | None:
    """The output of an extension; ``None`` if there is no such extension, or if it fails."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        installed = ", ".join(sorted(known)) or "none"
        log.error("extensions.%s: no such output is installed; there are: %s", name, installed)
        return None
    try:
        output = known[name].load()(settings, gateway)
    except GatewayError as error:
        log.error("extensions.%s: %s", name, error)
        return None
    except Exception:  # the outermost frame of foreign code: it costs its own output alone
        log.exception("extensions.%s: it cannot be started", name)
        return None
    return None if output is None else _Guest(name, output)


class _Guest:
    """An output whose faults stay its own."""

    def __init__(self, name: str, output: Output) -> None:
        self.name = f"extension-{name}"
        self._output = output
        self._problem = ""

    def start(self) -> None:
        """Begin."""
        try:
            self._output.start()
        except Exception as error:  # noqa: BLE001  # see extension_output
            self._fault(error)

    async def stop(self) -> None:
        """End."""
        task = asyncio.create_task(self._leave())
        await asyncio.wait({task}, timeout=_STOP_S)
        if not task.done():
            task.cancel()
            self._fault(TimeoutError(f"it has not stopped within {_STOP_S:.0f} s"))
        elif not task.cancelled() and (error := task.exception()) is not None:
            self._fault(error)

    async def _leave(self) -> None:
        """So that whatever ``stop`` is, even no coroutine function, fails in the task."""
        await self._output.stop()

    def state(self) -> Mapping[str, str | int | bool]:
        """What the output tells, and what it has failed at."""
        try:
            state = {str(key): _plain(value) for key, value in self._output.state().items()}
        except Exception as error:  # noqa: BLE001  # see extension_output
            self._fault(error)
            state = {}
        return state | {"problem": self._problem or state.get("problem", "")}

    def _fault(self, error: BaseException) -> None:
        """Keep a fault for the status and log it once: the state is asked for again and again."""
        problem = f"a fault of the extension: {type(error).__name__}"
        if problem != self._problem:
            self._problem = problem
            log.error("%s: %s", self.name, problem, exc_info=error)


def _plain(value: object) -> str | int | bool:
    """A value that the page, the API and the metrics can tell."""
    return value if isinstance(value, str | int) else str(value)
