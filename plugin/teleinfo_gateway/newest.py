"""What waits to be told to one who takes it slowly: of each thing the newest value. Pure.

Who receives a value without its time takes it for one of now: what has waited for too long is
dropped, for it would become a wrong one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from teleinfo_gateway.sensors import TIMEOUT_S

__all__ = ["KEEP_S", "Newest"]

KEEP_S = TIMEOUT_S["ADCO"]
"""A meter that has said nothing for so long is lost, and what it said is no news any more."""

_Value = TypeVar("_Value")


class Newest(Generic[_Value]):
    """One value for each key, so that what waits has a ceiling; ``too_old`` counts the dropped.

    Keys take turns: a value that cannot be sent, or comes faster than it can be, stops no other.
    """

    def __init__(self) -> None:
        self.too_old = 0
        self._waiting: dict[Hashable, tuple[_Value, float]] = {}  # and when it was said

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, key: Hashable, value: _Value, now_s: float) -> None:
        """Add a value; it takes the place of the one that waits."""
        self._waiting[key] = value, now_s

    def turn(self, now_s: float) -> tuple[Hashable, _Value] | None:
        """Whose turn it is; it waits on, behind the others, until it is ``done``."""
        self.forget(now_s)
        key = next(iter(self._waiting), None)
        if key is None:
            return None
        self._waiting[key] = self._waiting.pop(key)
        return key, self._waiting[key][0]

    def done(self, key: Hashable, value: _Value) -> None:
        """A value need not wait any more; a newer one does."""
        if key in self._waiting and self._waiting[key][0] is value:
            del self._waiting[key]

    def forget(self, now_s: float) -> None:
        """Drop what is too old."""
        old = [key for key, (_, said_s) in self._waiting.items() if now_s - said_s > KEEP_S]
        for key in old:
            del self._waiting[key]
        self.too_old += len(old)
