"""Which speed to listen at, and when to try the other. Pure: time is passed in.

Nothing on the line tells its speed. Content does: at the right one a group verifies within two
groups' length (Enedis-NOI-CPT_54E sections 4 and 5 give 1200 and 9600 bit/s).
"""

from __future__ import annotations

from tic import Mode

BAUDRATES = {Mode.HISTORIQUE: 1200, Mode.STANDARD: 9600}

TRIAL_S = {Mode.HISTORIQUE: 8.0, Mode.STANDARD: 4.0}
"""Twice the longest frame of each mode: 3 s and 1.7 s of characters."""

PATIENCE_S = sum(TRIAL_S.values()) + 2.0
"""Both speeds once, and what opening takes."""

_PROOF = 3
"""Verified groups that settle it: the checksum alone is right once in 64."""

JUNK = 256
"""Bytes without one verified group that refute a speed: the longest group has 113."""

_GIVE_UP_S = 10.0
"""Without a verified group for so long, a settled speed is in doubt: the operator can switch."""


class SpeedSearch:
    """The speeds to try for one line; a fixed ``mode`` leaves nothing to search."""

    def __init__(self, mode: Mode | None) -> None:
        self._order = (mode,) if mode else (Mode.STANDARD, Mode.HISTORIQUE)
        self._turn = 0
        self._since_s = 0.0
        self._bytes = 0
        self._groups = 0

    @property
    def baudrate(self) -> int:
        """The speed to listen at now."""
        return BAUDRATES[self._order[self._turn]]

    @property
    def searches(self) -> bool:
        """Whether there is another speed to turn to."""
        return len(self._order) > 1

    @property
    def settled(self) -> bool:
        """Whether this speed has proved right."""
        return self._groups >= _PROOF

    def listen(self, now_s: float) -> None:
        """The port was just opened at :attr:`baudrate`."""
        self._since_s = now_s
        self._bytes = 0

    def heard(self, size: int, groups: int, now_s: float) -> None:
        """``size`` bytes came, ``groups`` of them verified."""
        self._bytes += size
        if groups:
            self._groups += groups
            self._since_s = now_s
            self._bytes = 0

    def exhausted(self, now_s: float) -> bool:
        """Whether to turn to the other speed; call :meth:`turn` then."""
        if not self.searches:
            return False
        if self.settled:
            return now_s - self._since_s > _GIVE_UP_S
        patience_s = TRIAL_S[self._order[self._turn]]
        return self._bytes > JUNK or now_s - self._since_s > patience_s

    def turn(self) -> None:
        """Take the other speed."""
        self._turn = (self._turn + 1) % len(self._order)
        self._groups = 0
