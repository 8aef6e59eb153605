"""Which of several lines that hear one meter is told: its topics are those of one line. Pure."""

from __future__ import annotations

from teleinfo_gateway.outputs.mqtt.view import View

__all__ = ["Holders"]


class Holders:
    """The line that a meter was first heard on has its topics for as long as it hears the meter.

    Otherwise each of them would say of the other's reader, line and availability what is not true.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[View]] = {}  # by key; the first one is told

    @property
    def problem(self) -> str:
        """Which lines hear a meter and are not told, and why."""
        return "; ".join(
            f"{other.name} hears the same meter as {holder.name}, by whose line alone it is told"
            for holder, *others in self._lines.values()
            for other in others
            if other.available
        )

    def holds(self, view: View) -> bool:
        """Whether its meter, which has a key, is told by this line."""
        lines = self._lines.setdefault(view.key, [])
        if view not in lines:
            lines.append(view)
        if not lines[0].available:
            lines.sort(key=lambda line: not line.available)  # else they keep their order
        return lines[0] is view

    def release(self, view: View, key: str) -> None:
        """A line does not hear the meter with this key any more."""
        lines = self._lines.get(key, [])
        if view in lines:
            lines.remove(view)
        if not lines:
            self._lines.pop(key, None)
