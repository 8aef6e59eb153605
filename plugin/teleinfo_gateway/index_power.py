"""Active power from the steps of energy indexes. Pure: times are monotonic.

Meters tell whole Wh and no active power (PAPP and SINSTS are in VA). Between two instants at
which an index rises the energy is known exactly and only the time is not: a rise happened
somewhere since the frame before. The longer the time between two rises, the better the power
they tell; the higher the power, the shorter the time that is enough.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

_WH_S = 3600
"""Watt-seconds of one Wh, the step of every index."""

_REFRESH_S = 1.0
"""Meters look at their registers once a second: what a frame tells may be as old."""

_GOOD = 0.05
"""Share of the power that may be error; a window is not longer than this needs."""

_FAIR = 0.2
"""The worst share that is told, while a window grows after the load has changed."""

_LONGEST_S = 600.0
"""A longer window would tell of another time of the day; one Wh may take longer."""

_STEADY = 1.25
"""Between two rises another power than the window's, by more than this: the load has changed."""

_SILENCE_S = 60.0
"""After so long without a frame nothing is known of when the index rose."""

_LEAST_GAP_S = 0.5
"""Two frames handed over at once: the second came when the first one should have."""

_HIGHEST_W = 100_000
"""Twice what three phases of 60 A carry: an index that goes faster was set anew."""


@dataclass(frozen=True, slots=True)
class Power:
    """An average over the last ``window_s``, true within ``error_w``."""

    power_w: float
    error_w: float
    window_s: float


@dataclass(frozen=True, slots=True)
class _Rise:
    """``total_wh`` was reached at ``at_s``, give or take half of ``slack_s``."""

    at_s: float
    slack_s: float
    total_wh: int


class IndexPower:
    """The power that the indexes of one direction tell; of them, one rises at a time."""

    def __init__(self) -> None:
        self._indexes: Mapping[str, int] = {}
        self._rose: frozenset[str] = frozenset()
        self._heard_s = -math.inf
        self._quiet_since_s = 0.0
        self._rises: deque[_Rise] = deque()  # from the begin of the window to its end; some 25

    def take(self, indexes: Mapping[str, int], now_s: float) -> None:
        """Take the indexes of a frame, label to Wh; one that lost some of them says nothing."""
        gap_s = now_s - self._heard_s
        if not indexes or indexes.keys() < self._indexes.keys() or gap_s < _LEAST_GAP_S:
            return
        before, self._indexes, self._heard_s = self._indexes, indexes, now_s
        if indexes.keys() != before.keys() or gap_s > _SILENCE_S:
            self._start_over()
            return
        risen_wh = {label: wh - before[label] for label, wh in indexes.items()}
        steps = sum(risen_wh.values())
        if min(risen_wh.values()) < 0 or steps * _WH_S > _HIGHEST_W * gap_s:
            self._start_over()
        elif steps:
            rose = frozenset(label for label, wh in risen_wh.items() if wh)
            if rose != self._rose:  # another tariff: its index had a fraction of its own
                self._rises.clear()
                self._rose = rose
            slack_s = _REFRESH_S + gap_s / steps  # for the last of several steps
            self._rise(_Rise(now_s - slack_s / 2, slack_s, sum(indexes.values())))

    def power(self) -> Power | None:
        """What is known at the last frame taken, or ``None``.

        While the index rests, the power is less than one Wh in the time that has passed: once
        that refutes the window it is told instead, with an error as large.
        """
        if not self._indexes:
            return None
        quiet_s = self._heard_s - self._quiet_since_s
        if len(self._rises) > 1:
            power = _between(self._rises[0], self._rises[-1])
            surely_s = quiet_s - self._rises[-1].slack_s / 2 - _REFRESH_S
            if power.power_w * surely_s <= _WH_S * _STEADY:
                return power if power.error_w <= _FAIR * power.power_w else None
            return Power(_WH_S / quiet_s, _WH_S / quiet_s, quiet_s)
        if quiet_s >= _LONGEST_S:
            return Power(_WH_S / quiet_s, _WH_S / quiet_s, quiet_s)
        return None

    def _start_over(self) -> None:
        self._rises.clear()
        self._rose = frozenset()
        self._quiet_since_s = self._heard_s

    def _rise(self, rise: _Rise) -> None:
        """Let the window end here, and begin where its error allows."""
        rises = self._rises
        if len(rises) > 1 and not _goes_on(_between(rises[0], rises[-1]), rises[-1], rise):
            rises = self._rises = deque([rises[-1]])
        rises.append(rise)
        self._quiet_since_s = rise.at_s
        while len(rises) > 2 and _may_begin(rises[1], rise):
            rises.popleft()


def _between(first: _Rise, last: _Rise) -> Power:
    """The power from one rise to another."""
    window_s = last.at_s - first.at_s
    power_w = _WH_S * (last.total_wh - first.total_wh) / window_s
    return Power(power_w, power_w * (first.slack_s + last.slack_s) / 2 / window_s, window_s)


def _may_begin(first: _Rise, last: _Rise) -> bool:
    power = _between(first, last)
    return power.error_w <= _GOOD * power.power_w or power.window_s > _LONGEST_S


def _goes_on(window: Power, last: _Rise, rise: _Rise) -> bool:
    """Whether the newest rise may come from the power of the window, at the worst of its times."""
    energy_ws = _WH_S * (rise.total_wh - last.total_wh)
    time_s, slack_s = rise.at_s - last.at_s, (rise.slack_s + last.slack_s) / 2
    return (
        window.power_w * (time_s + slack_s) * _STEADY >= energy_ws
        and window.power_w * (time_s - slack_s) <= energy_ws * _STEADY
    )
