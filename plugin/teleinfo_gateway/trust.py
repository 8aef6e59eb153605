"""When one value of one label is believed, by what was told before. Pure; times are monotonic.

A value that is neither impossible nor supported waits: the next frame confirms it, or it is
refused then. What a trust returns as believed was told by the meter now or one frame ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Refusal(NamedTuple):
    """A value, why it is not believed, and what was expected."""

    value: str
    reason: str
    expected: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``believed`` is ``None`` while there is nothing to believe; ``rebased`` marks a new start."""

    believed: str | None
    refused: Refusal | None = None
    rebased: bool = False


class Trust(Protocol):
    """The memory of one label."""

    def take(self, value: str, now_s: float, limit_w: float, doubt: str) -> Verdict:
        """Judge the next value; ``doubt`` says what in the same frame contradicts it, or ``""``.

        ``limit_w`` is the power that the installation can draw at most.
        """
        raise NotImplementedError


class AtOnce:
    """For overloads, announcements and tariff codes: believed at once unless contradicted."""

    def take(self, value: str, now_s: float, limit_w: float, doubt: str) -> Verdict:  # noqa: ARG002
        """See :class:`Trust`."""
        return Verdict(None, Refusal(value, "contradicted", doubt)) if doubt else Verdict(value)


class TwiceTold:
    """For texts, registers and settings: a new value is believed when it is told again."""

    def __init__(self) -> None:
        self._believed: str | None = None
        self._waiting: str | None = None

    def take(self, value: str, now_s: float, limit_w: float, doubt: str) -> Verdict:  # noqa: ARG002
        """See :class:`Trust`."""
        dropped = self._waiting if self._waiting != value else None
        refused = None
        if dropped is not None:
            refused = Refusal(dropped, "told once", "the same value in the next frame")
        if doubt or value not in {self._believed, self._waiting}:
            self._waiting = value
            return Verdict(None, refused)
        self._believed, self._waiting = value, None
        return Verdict(value, refused)


class Steady:
    """For power, current and voltage: a lone outlier waits for the next frame.

    A value is an outlier if its frame contradicts it, or if it is more than ``ceiling`` times the
    power limit: it is believed when the next one is near it. The first value of all is only
    remembered: a damaged label is another label.
    """

    def __init__(self, near: int, ceiling: float) -> None:
        self._near = near  # in the unit of the label: what says nothing
        self._ceiling = ceiling  # in the unit of the label, per W
        self._known = False
        self._waiting: int | None = None

    def take(self, value: str, now_s: float, limit_w: float, doubt: str) -> Verdict:  # noqa: ARG002
        """See :class:`Trust`."""
        number = int(value)
        waiting, self._waiting = self._waiting, None
        refused = None
        if waiting is not None:
            if abs(number - waiting) <= max(self._near, waiting // 4):
                return Verdict(value)
            text = str(waiting).zfill(len(value))
            refused = Refusal(text, "lone outlier", f"about {value}, told next")
        if doubt or number > self._ceiling * limit_w:
            self._waiting = number
            return Verdict(None, refused)
        known, self._known = self._known, True
        return Verdict(value if known else None, refused)


_MARGIN_WH = 500
"""What an index may rise beyond the power limit: between two frames nearly nothing passes, but
a reader that was stopped, or a recording that was cut, must not be refused."""

_REBASE_FRAMES = 10
_REBASE_S = 30.0
"""An index that goes its own way for so long is what the meter says, whatever it said before."""


_FRESH_S = 30.0
"""An index that was last confirmed longer ago is not told until it is confirmed again."""


class IndexTrust:
    """For energy indexes: they never fall, never jump, and are believed one frame late.

    A value becomes believed when the next frame tells no less: a damaged one, too high, is
    unmasked by the true value that follows.
    """

    def __init__(self) -> None:
        self._believed: _Told | None = None
        self._waiting: _Told | None = None
        self._other: _Other | None = None

    def take(self, value: str, now_s: float, limit_w: float, doubt: str) -> Verdict:
        """See :class:`Trust`."""
        told = _Told(int(value), value, now_s)
        believed = self._believed
        if believed is None:
            return self._first(told, limit_w, doubt)
        if doubt:
            return self._answer(now_s)
        reason = believed.refutes(told, limit_w)
        if reason:
            return self._contrary(believed, told, limit_w, reason)
        self._other = None
        waiting, self._waiting = self._waiting, told
        refused = None
        if told.wh == believed.wh:
            self._believed = told
        elif waiting is not None and told.wh >= waiting.wh:
            self._believed = waiting
        if waiting is not None and told.wh < waiting.wh:
            expected = f"at most {told.text}, told next"
            refused = Refusal(waiting.text, "lone outlier", expected)
        return self._answer(now_s, refused)

    def _answer(self, now_s: float, refused: Refusal | None = None) -> Verdict:
        """What is believed, unless it is too old to be told as new."""
        believed = self._believed
        fresh = believed is not None and now_s - believed.at_s <= _FRESH_S
        return Verdict(believed.text if believed is not None and fresh else None, refused)

    def _first(self, told: _Told, limit_w: float, doubt: str) -> Verdict:
        """Nothing is believed yet: two values in a row that agree begin it."""
        waiting = self._waiting
        self._waiting = None if doubt else told
        if doubt or waiting is None or waiting.refutes(told, limit_w):
            return Verdict(None)
        self._believed = waiting
        return Verdict(waiting.text)

    def _contrary(self, believed: _Told, told: _Told, limit_w: float, reason: str) -> Verdict:
        """A value that cannot follow what is believed; after a while it is the meter's word."""
        refused = Refusal(told.text, reason, f"{believed.text} or a little more")
        other = self._other
        if other is None or other.last.refutes(told, limit_w):
            self._other = _Other(told, told.at_s, 1)
            return self._answer(told.at_s, refused)
        self._other = _Other(told, other.since_s, other.times + 1)
        if self._other.times < _REBASE_FRAMES or told.at_s - other.since_s < _REBASE_S:
            return self._answer(told.at_s, refused)
        self._believed, self._waiting, self._other = other.last, told, None
        return Verdict(other.last.text, rebased=True)


class _Told(NamedTuple):
    """An index, and when it was told."""

    wh: int
    text: str
    at_s: float

    def refutes(self, later: _Told, limit_w: float) -> str:
        """Why ``later`` cannot follow this value, or ``""``."""
        if later.wh < self.wh:
            return "an index never falls"
        risen_wh = later.wh - self.wh
        possible_wh = limit_w * (later.at_s - self.at_s) / 3600 + _MARGIN_WH
        return "an index never jumps" if risen_wh > possible_wh else ""


class _Other(NamedTuple):
    """A run of indexes that contradicts what is believed."""

    last: _Told
    since_s: float
    times: int
