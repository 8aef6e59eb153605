"""Who is logged in: random keys, of which the hashes are kept, in memory alone. Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

__all__ = ["Sessions"]

_DAY_S = 86_400.0


class Sessions:
    """Each ends when it was not used for a week, and after thirty days in any case."""

    IDLE_S = 7 * _DAY_S
    LIFE_S = 30 * _DAY_S
    _MAX = 100
    """More than the browsers of a home; the one that rested longest ends first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[bytes, tuple[float, float]] = {}  # begun and last used; oldest use first

    def begin(self) -> str:
        """The key of a new session: 256 random bits as text."""
        key = secrets.token_urlsafe(32)
        if len(self._open) >= self._MAX:
            del self._open[next(iter(self._open))]
        now_s = self._clock()
        self._open[_hash(key)] = now_s, now_s
        return key

    def use(self, key: str) -> bool:
        """Whether a session has this key; it rests no longer."""
        hashed = _hash(key)
        found = self._open.pop(hashed, None)
        if found is None:
            return False
        now_s = self._clock()
        begun_s, used_s = found
        if now_s - used_s >= self.IDLE_S or now_s - begun_s >= self.LIFE_S:
            return False
        self._open[hashed] = begun_s, now_s
        return True

    def end(self, key: str) -> None:
        """End the session of a key, if there is one."""
        self._open.pop(_hash(key), None)

    def end_all(self) -> None:
        """End every session."""
        self._open.clear()


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
