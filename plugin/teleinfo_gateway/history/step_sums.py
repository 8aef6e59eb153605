"""What the steps of a chart add up to: means, ranges, and the tariff slot of most of each. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

__all__ = ["Curve", "StepSums"]


@dataclass(slots=True)
class Curve:
    """One value over time: of a step the mean, of an index the highest, of a label the last.

    ``min`` and ``max`` are of ``papp`` only: the lowest and highest of all frames of the step.
    """

    value: list[float | None] = field(default_factory=list)
    min: list[int | None] = field(default_factory=list)
    max: list[int | None] = field(default_factory=list)


class StepSums:
    """What the steps of a series add up to."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._sums: dict[str, dict[int, list[float]]] = defaultdict(
            lambda: defaultdict(lambda: [0, 0])
        )
        self._range: dict[int, tuple[int | None, int | None]] = {}
        self._slots: dict[int, Counter[int]] = defaultdict(Counter)

    def add(self, name: str, step: int, amount: float, weight: float) -> None:
        """Add to a mean."""
        one = self._sums[name][step]
        one[0] += amount
        one[1] += weight

    def raise_to(self, name: str, step: int, amount: float) -> None:
        """Tell a value of which the highest counts."""
        self._sums[name][step] = [max(amount, self._sums[name][step][0]), 1]

    def widen(self, step: int, low: int | None, high: int | None) -> None:
        """Widen the range of ``papp``."""
        known_low, known_high = self._range.get(step, (None, None))
        self._range[step] = (
            min((one for one in (low, known_low) if one is not None), default=None),
            max((one for one in (high, known_high) if one is not None), default=None),
        )

    def weigh(self, step: int, slot: int | None, weight: int) -> None:
        """Count time, or readings, of a tariff slot."""
        if slot:
            self._slots[step][slot] += weight

    def slots(self) -> list[int | None]:
        """The slot of most of each step."""
        return [
            self._slots[step].most_common(1)[0][0] if self._slots.get(step) else None
            for step in range(self._steps)
        ]

    def curve(self, name: str) -> Curve:
        """The means of a value, or the highest."""
        sums = self._sums[name]
        curve = Curve(
            [
                round(sums[step][0] / sums[step][1], 1) if step in sums and sums[step][1] else None
                for step in range(self._steps)
            ]
        )
        if name == "papp":
            curve.min = [self._range.get(step, (None, None))[0] for step in range(self._steps)]
            curve.max = [self._range.get(step, (None, None))[1] for step in range(self._steps)]
        return curve
