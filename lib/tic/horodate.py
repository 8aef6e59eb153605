"""The meter's clock: 13 characters ``SAAMMJJhhmmss`` to an aware instant and back.

Source: Enedis-NOI-CPT_54E section 6.2.1 (format, season letters, degraded mode).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

WINTER = timezone(timedelta(hours=1), "CET")
SUMMER = timezone(timedelta(hours=2), "CEST")


@dataclass(frozen=True, slots=True)
class Horodate:
    """An instant told by a meter.

    ``time`` is aware, with the offset that the season letter gives; ``degraded`` means that the
    meter's clock was not set again after a long outage: do not date anything by it.
    """

    time: datetime
    degraded: bool = False

    @classmethod
    def parse(cls, text: str) -> Horodate | None:
        """The instant of 13 characters, or ``None`` if there is no such date."""
        try:
            local = datetime.strptime(text[1:], "%y%m%d%H%M%S")  # noqa: DTZ007  # zone follows
        except ValueError:
            return None
        zone = {"H": WINTER, "h": WINTER, "E": SUMMER, "e": SUMMER, " ": legal_zone(local)}
        season = text[:1]
        if season not in zone:
            return None
        return cls(local.replace(tzinfo=zone[season]), degraded=season in "he")

    def __str__(self) -> str:
        """The 13 characters a meter sends."""
        local = self.time.astimezone(legal_zone(self.time.astimezone(UTC)))
        letter = "E" if local.utcoffset() == timedelta(hours=2) else "H"
        return (letter.lower() if self.degraded else letter) + local.strftime("%y%m%d%H%M%S")


def legal_zone(moment: datetime) -> timezone:
    """The offset of French legal time at ``moment``: UTC if aware, else legal time itself.

    Summer lasts from the last Sunday of March to the last Sunday of October, 01:00 UTC (directive
    2000/84/EC). The hour that occurs twice in October, told without its season, counts as summer.
    """
    naive = moment.tzinfo is None
    start = _last_sunday(moment.year, 3) + timedelta(hours=2 if naive else 1)
    end = _last_sunday(moment.year, 10) + timedelta(hours=3 if naive else 1)
    return SUMMER if start <= moment.replace(tzinfo=None) < end else WINTER


@lru_cache(maxsize=256)  # asked at every instant of a year
def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31)  # noqa: DTZ001  # a date of legal time
    return last - timedelta(days=(last.weekday() + 1) % 7)
