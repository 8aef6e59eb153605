"""Tempo: the colours of today and tomorrow, and how many days of each were seen. Pure.

A Tempo day runs from 06:00 to 06:00 legal time, a Tempo year from the 1st of September; it has 22
red days and 43 white ones. Counted is what the meter said while somebody listened: a day that
nobody heard is counted as not seen, and never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tic import Colour
from tic.horodate import legal_zone

_DAY_BEGINS = timedelta(hours=6)
_DAY = timedelta(days=1)

_DOUBT = timedelta(minutes=10)
"""Around 06:00 a clock that is wrong, the meter's or ours, would give a colour to the wrong day."""

_MAX_DAYS = 366
"""Days kept: those of one Tempo year."""

_TODAY = {"B": Colour.BLUE, "W": Colour.WHITE, "R": Colour.RED}  # PTEC HCJB, HPJW...
_TOMORROW = {"BLEU": Colour.BLUE, "BLAN": Colour.WHITE, "ROUG": Colour.RED}  # DEMAIN


@dataclass(frozen=True, slots=True)
class Tempo:
    """The days of the Tempo year that began on ``since``, up to and with today.

    ``today`` and ``tomorrow`` are ``None`` while the meter has not told them.
    """

    today: Colour | None
    tomorrow: Colour | None
    since: date
    blue: int
    white: int
    red: int
    not_seen: int


class TempoCalendar:
    """Counts the days of one contract; an exchange of the meter changes nothing."""

    def __init__(self) -> None:
        self._days: dict[date, Colour] = {}
        self._today: tuple[date, Colour] | None = None
        self._tomorrow: Colour | None = None

    def take(self, historique: Mapping[str, str], time: datetime) -> None:
        """Take the historique labels (derived ones in standard mode) of a frame, aware UTC."""
        period = historique.get("PTEC", "")
        if not period:
            return
        colour = _TODAY.get(period[3:]) if period[2:3] == "J" else None
        if colour is None:  # another contract
            self._today = None
            return
        day = _day_of(time)
        if self._today is None or self._today[0] != day:
            self._tomorrow = None  # of the day before
        self._today = (day, colour)
        if "DEMAIN" in historique:
            self._tomorrow = _TOMORROW.get(historique["DEMAIN"])
        if _day_of(time - _DOUBT) == _day_of(time + _DOUBT):
            self._days[day] = colour
            if len(self._days) > _MAX_DAYS:
                del self._days[min(self._days)]

    def at(self, time: datetime) -> Tempo | None:
        """What is known at an instant; ``None`` if the contract is not Tempo."""
        if self._today is None:
            return None
        day, colour = self._today
        today = _day_of(time)
        since = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
        seen = Counter(colour for day, colour in self._days.items() if since <= day <= today)
        return Tempo(
            today=colour if day == today else None,
            tomorrow=self._tomorrow if day == today else None,
            since=since,
            blue=seen[Colour.BLUE],
            white=seen[Colour.WHITE],
            red=seen[Colour.RED],
            not_seen=(today - since) // _DAY + 1 - seen.total(),
        )


def _day_of(time: datetime) -> date:
    """The Tempo day that an aware instant belongs to."""
    return (time.astimezone(legal_zone(time)) - _DAY_BEGINS).date()
