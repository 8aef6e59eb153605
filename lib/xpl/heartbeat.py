"""Heartbeats: when a program behind a hub says that it lives, and how it finds the hub.

Pure: the caller passes the time of a monotonic clock, in seconds, and sends what comes back.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from xpl._text import number
from xpl.address import Address
from xpl.errors import IllegalIntervalError
from xpl.message import Message, MessageType

__all__ = [
    "ANSWER_DELAY_S",
    "DEFAULT_INTERVAL_MIN",
    "MAX_INTERVAL_MIN",
    "MIN_INTERVAL_MIN",
    "Heartbeat",
    "Presence",
    "check_interval",
    "interval_minutes",
]

MINUTE_S = 60.0
DEFAULT_INTERVAL_MIN = 5
MIN_INTERVAL_MIN = 5
MAX_INTERVAL_MIN = 30
DISCOVERY_S = 3.0  # between two heartbeats while a hub is looked for...
DISCOVERY_FOR_S = 120.0  # ...during this time,
SLOW_DISCOVERY_S = 30.0  # and for ever after
LOST_AFTER = 2  # heartbeats in a row after which nothing at all was heard
ANSWER_DELAY_S = (2.0, 6.0)  # a request reaches everybody: answers must not collide


@dataclass(frozen=True, slots=True)
class Presence:
    """What a program says of itself in a heartbeat."""

    source: Address
    port: int
    remote_ip: str
    interval_min: int
    version: str | None = None
    configured: bool = True

    def message(self, kind: str) -> Message:
        """Build the heartbeat of this kind ("app", or "end" on leaving)."""
        body = [
            ("interval", str(self.interval_min)),
            ("port", str(self.port)),
            ("remote-ip", self.remote_ip),
        ]
        if self.version is not None:
            body.append(("version", self.version))
        return Message(
            MessageType.STAT,
            source=self.source,
            schema=f"{'hbeat' if self.configured else 'config'}.{kind}",
            body=body,
        )


class Heartbeat:
    """The clockwork of one program: hub discovery, normal pace, answers to requests.

    `answer_delay_s` returns the random delay of an answer, see ANSWER_DELAY_S.
    """

    def __init__(self, interval_min: int, answer_delay_s: Callable[[], float]) -> None:
        self.interval_min = interval_min
        self.hub_found = False
        self._answer_delay_s = answer_delay_s
        self._searching_since_s = 0.0
        self._unheard = 0
        self._beat_at_s = math.inf
        self._answer_at_s = math.inf

    @property
    def wake_up_s(self) -> float:
        """When `due` wants to be asked next."""
        return min(self._beat_at_s, self._answer_at_s)

    def start(self, now_s: float) -> None:
        """Begin to look for a hub: a heartbeat is due at once."""
        self.hub_found = False
        self._searching_since_s = now_s
        self.hurry(now_s)

    def hurry(self, now_s: float) -> None:
        """Make a heartbeat due at once."""
        self._beat_at_s = now_s

    def heard(self, now_s: float) -> None:
        """Note a valid message on the private port: only a hub sends there."""
        self._unheard = 0
        if not self.hub_found:
            self.hub_found = True
            self.hurry(now_s)

    def request(self, now_s: float) -> None:
        """Note a request for heartbeats; those that come before the answer share it."""
        if self._answer_at_s == math.inf:
            self._answer_at_s = now_s + self._answer_delay_s()

    def due(self, now_s: float) -> bool:
        """Return whether one heartbeat must leave now."""
        answer = now_s >= self._answer_at_s
        if answer:
            self._answer_at_s = math.inf
        if now_s < self._beat_at_s:
            return answer
        if self.hub_found and self._unheard >= LOST_AFTER:
            self.start(now_s)
        self._unheard += 1
        self._beat_at_s = now_s + self._pace_s(now_s)
        return True

    def _pace_s(self, now_s: float) -> float:
        if self.hub_found:
            return self.interval_min * MINUTE_S
        searched_s = now_s - self._searching_since_s
        return DISCOVERY_S if searched_s < DISCOVERY_FOR_S else SLOW_DISCOVERY_S


def check_interval(minutes: int) -> None:
    """Raise IllegalIntervalError unless a program may choose this heartbeat interval."""
    if not MIN_INTERVAL_MIN <= minutes <= MAX_INTERVAL_MIN:
        raise IllegalIntervalError(
            f"a heartbeat interval is {MIN_INTERVAL_MIN} to {MAX_INTERVAL_MIN} minutes, "
            f"not {minutes}",
            minutes,
        )


def interval_minutes(text: str | None) -> int:
    """Read the interval of somebody's heartbeat: 1 to 30 minutes, 5 if missing or unreadable."""
    minutes = number(text)
    return DEFAULT_INTERVAL_MIN if minutes is None else min(max(minutes, 1), MAX_INTERVAL_MIN)
