"""What ``check`` and ``rebuild`` share: sums anew, meter by meter, and what differs in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from teleinfo_gateway.cli.history._progress import progress
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.queries import KnownMeter, known_meters, meter_ids
from teleinfo_gateway.history.rebuild import kept_span, spans, sum_anew

__all__ = ["chosen_meters", "differences", "in_words", "title"]

_ORDER = ("hour", "day", "month", "year", "outage")


def chosen_meters(connection: Connection, key: str | None) -> list[KnownMeter]:
    """The meter of a name or address with those it replaces; without one, every meter."""
    known = known_meters(connection)
    if key is None:
        return known
    ids = meter_ids(connection, key)
    return [one for one in known if one.id in ids]


def differences(
    database: Database, meters: list[KnownMeter], *, keep: bool
) -> Iterator[tuple[KnownMeter, Mapping[str, int]]]:
    """How many sums of each meter differ from what its readings give; ``keep`` corrects them."""
    with database.reading() as connection:
        kept = [(meter, kept_span(connection, meter)) for meter in meters]
    pieces = {meter.adco: list(spans(*span)) if span else [] for meter, span in kept}
    with progress("weeks", 4 * sum(map(len, pieces.values()))) as advance:
        for meter in meters:
            found: dict[str, set[int]] = {}
            for piece in pieces[meter.adco]:
                for kind, begins in sum_anew(database, meter, piece, keep=keep).items():
                    found.setdefault(kind, set()).update(begins)
                advance(4)
            yield meter, {kind: len(found[kind]) for kind in _ORDER if kind in found}


def in_words(counts: Mapping[str, int]) -> str:
    """``3 hours, 1 day``."""
    return ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items())


def title(meter: KnownMeter) -> str:
    """The name and the address of a meter."""
    return f"meter {meter.name} ({meter.adco})" if meter.name else f"meter {meter.adco}"
