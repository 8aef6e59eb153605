"""Where readings go: one module or folder for each output, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Output(Protocol):
    """An output takes readings from the bus in a task of its own and cannot stop another one."""

    name: str

    def start(self) -> None:
        """Begin; what is missing (a network, a broker) is waited for."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End and take leave of the other side; at most one second."""
        raise NotImplementedError

    def state(self) -> Mapping[str, str | int | bool]:
        """What a person may want to know of it, for the status page."""
        raise NotImplementedError
