"""A ceiling on the lines that one thing may write into the log. Pure: time is passed in."""

from __future__ import annotations

_BURST = 10
"""Lines at once: an adapter that is unplugged and put back some times is told in full."""

_EVERY_S = 300.0
"""Then one line in so long: under 300 a day for a contact that is loose for ever."""


class Throttle:
    """Lets a burst of lines through, then one from time to time."""

    def __init__(self) -> None:
        self._lines = float(_BURST)  # that may still pass
        self._at_s: float | None = None
        self._held = 0

    def admit(self, now_s: float) -> int | None:
        """Whether a line may be written: how many were held back before it, or ``None``."""
        if self._at_s is not None:
            self._lines = min(self._lines + (now_s - self._at_s) / _EVERY_S, _BURST)
        self._at_s = now_s
        if self._lines < 1:
            self._held += 1
            return None
        self._lines -= 1
        held, self._held = self._held, 0
        return held
