"""Which rows are sent next: the newest first, then what was missed. Pure."""

from __future__ import annotations

__all__ = ["Progress"]

_FAR = 1000
"""So many rows behind, it is catching up; less is the newest itself."""


class Progress:
    """Everything up to ``low`` is at the target, and what lies between ``missed`` and ``live``.

    What lies between ``low`` and ``missed`` is the gap that an outage left.
    """

    def __init__(self, seq: int, *, in_order: bool) -> None:
        self.low = self.missed = self.live = seq
        self._in_order = in_order

    @property
    def has_gap(self) -> bool:
        """Whether rows were passed over for newer ones."""
        return self.low < self.missed

    @property
    def confirmed(self) -> int:
        """What need never be sent again, even after a crash."""
        return self.low if self.has_gap else self.live

    def look_ahead(self, last: int) -> None:
        """``last`` is the newest row there is: far behind it, go on with the newest."""
        if not self._in_order and last - self.live > _FAR:
            self.missed = self.live = last

    def sent_live(self, seq: int) -> None:
        """The rows after ``live`` up to ``seq`` are at the target."""
        self.live = seq
        if not self.has_gap:
            self.low = self.missed = seq

    def sent_missed(self, seq: int) -> None:
        """The rows after ``low`` up to ``seq`` are at the target."""
        self.low = min(seq, self.missed)
        if not self.has_gap:
            self.low = self.missed = self.live
