"""How long things took, counted in classes: memory never grows. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

__all__ = ["BOUNDS_S", "Durations"]

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the classes: a frame takes a PC half a millisecond and the smallest Raspberry Pi
ten; a frame of its own takes the meter more than a second."""


class Durations:
    """Counts durations; ``sum_s`` is all of them together."""

    def __init__(self) -> None:
        self.sum_s = 0.0
        self._counts = [0] * (len(BOUNDS_S) + 1)

    def take(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds

    def up_to(self) -> tuple[int, ...]:
        """How many took no longer than each bound, and at last how many there were."""
        return tuple(accumulate(self._counts))
