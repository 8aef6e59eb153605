"""French legal time: when a household gets up and a tariff changes."""

from datetime import UTC, date, datetime, time

from tic.horodate import Horodate, legal_zone

__all__ = ["from_legal", "horodate", "to_legal"]


def to_legal(at: datetime) -> datetime:
    """The aware instant ``at``, told in legal time."""
    return at.astimezone(legal_zone(at.astimezone(UTC)))


def from_legal(day: date, clock: time) -> datetime:
    """The instant at which ``clock`` is shown on ``day``."""
    naive = datetime.combine(day, clock)
    return naive.replace(tzinfo=legal_zone(naive))


def horodate(at: datetime) -> str:
    """The 13 characters a meter sends for an aware instant."""
    return str(Horodate(at))
