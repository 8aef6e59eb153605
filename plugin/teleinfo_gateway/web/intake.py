"""Puts sent readings into the history. Needs the extra ``[sql]``."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from teleinfo_gateway.history.columns import INDEXES, labels_of
from teleinfo_gateway.history.index_check import contradiction
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.schema import meter, reading
from teleinfo_gateway.history.store import Batch
from teleinfo_gateway.history.sums import TELLS_ENERGY
from teleinfo_gateway.readings import Reading
from teleinfo_gateway.web.records import ReadingRefused, Taken
from teleinfo_gateway.web.sent_readings import (
    Sent,
    UnbelievedError,
    believed,
    limit_of,
    row_of,
)
from tic import HistoriqueView

__all__ = ["Intake"]

_MAX_REASONS = 20
"""Refusals that an answer explains: when a sender is wrong, its readings are wrong alike."""

_RESTARTS = 10
"""Readings in a row that agree that an index was set back: then it was (see IndexTrust)."""

_MAX_METERS = 1000
"""Meters of which contrary readings are remembered; the oldest is forgotten first."""


class _Candidate(NamedTuple):
    """A reading that is believed by itself, with its place in the request."""

    number: int
    reading: Reading
    row: ReadingRow


class Intake:
    """Takes in the readings of all senders, one request after the other."""

    def __init__(self) -> None:
        self._taking = asyncio.Lock()
        self._contrary: dict[str, tuple[ReadingRow, int]] = {}

    async def take(
        self, history: HistoryOutput, sent: Sent, local: Mapping[str, str | None]
    ) -> Taken:
        """Check and store; ``local`` maps this gateway's own meters to their addresses, if known.

        Raises HistoryError.
        """
        refused: list[ReadingRefused] = []
        candidates = _candidates(sent, local, refused)
        async with self._taking:  # what is checked must still hold when it is stored
            kept = await history.ask(self._checked, candidates, refused)
            stored = await history.keep(_batch(kept)) if kept else None
        new, closed = (stored.new, stored.closed) if stored else (0, 0)
        refused.sort(key=lambda one: one.reading)
        return Taken(
            stored=new,
            known=len(kept) - new - closed,
            closed=closed,
            refused=len(refused),
            reasons=refused[:_MAX_REASONS],
        )

    def _checked(
        self,
        connection: Connection,
        candidates: list[_Candidate],
        refused: list[ReadingRefused],
    ) -> list[_Candidate]:
        """Those whose indexes can follow what is stored, and be followed by it."""
        kept: list[_Candidate] = []
        last: dict[str, ReadingRow] = {}  # of this request, with indexes
        for one in candidates:
            reason = self._reason(connection, one, last.get(one.row.adco))
            if reason is not None:
                refused.append(ReadingRefused(one.number, reason))
                continue
            kept.append(one)
            if _tells_energy(one.row):
                last[one.row.adco] = one.row
        return kept

    def _reason(
        self, connection: Connection, one: _Candidate, last: ReadingRow | None
    ) -> str | None:
        """Why a reading is not taken."""
        row, limit_w = one.row, limit_of(one.reading)
        if not _tells_energy(row):
            return None
        before = _neighbour(connection, row, after=None if last is None else last.ts) or last
        following = _neighbour(connection, row, later=True)
        found = before and contradiction(before, row, limit_w)
        if found is None and following is not None:
            found = contradiction(row, following, limit_w)
        if found is None:
            self._contrary.pop(row.adco, None)
            return None
        if found.fell and following is None and self._restarts(row, limit_w):
            return None
        return found.reason

    def _restarts(self, row: ReadingRow, limit_w: float) -> bool:
        """Whether so many readings in a row contradict what is stored and agree with each other.

        Without this, one damaged index that is too high would shut out all that follow.
        """
        told, times = self._contrary.pop(row.adco, (row, 0))
        agrees = told.ts < row.ts and contradiction(told, row, limit_w) is None
        times = times + 1 if agrees else 1
        if times >= _RESTARTS:
            return True
        self._contrary[row.adco] = row, times
        if len(self._contrary) > _MAX_METERS:
            del self._contrary[next(iter(self._contrary))]
        return False


def _candidates(
    sent: Sent, local: Mapping[str, str | None], refused: list[ReadingRefused]
) -> list[_Candidate]:
    """What can be believed without the history, in the order of time."""
    views: defaultdict[str, HistoriqueView] = defaultdict(HistoriqueView)
    now = datetime.now(UTC)
    found = []
    for number, one in sorted(enumerate(sent.readings), key=lambda item: item[1].time):
        view = views[one.values.get("ADSC", "")]
        try:
            told = believed(one, sent.meter, view, now)
            _check_name(told, local)
        except UnbelievedError as error:
            refused.append(ReadingRefused(number, str(error)))
        else:
            found.append(_Candidate(number, told, row_of(told, sent.interval)))
    return found


def _check_name(told: Reading, local: Mapping[str, str | None]) -> None:
    """A name means one meter: a sender can neither take that of another nor give this one two."""
    own = next((name for name, address in local.items() if address == told.address), None)
    if told.meter in local and told.meter != own:
        raise UnbelievedError(f"another meter is called {told.meter} here")
    if told.meter and own is not None and told.meter != own:
        raise UnbelievedError(f"this meter is called {own} here")


def _neighbour(
    connection: Connection, row: ReadingRow, *, after: int | None = None, later: bool = False
) -> ReadingRow | None:
    """The nearest stored reading before a row (and ``after`` an instant), or the nearest later."""
    beyond = reading.c.ts > row.ts if later else reading.c.ts < row.ts
    query = (
        select(reading)
        .join(meter, meter.c.id == reading.c.meter_id)
        .where(meter.c.adco == row.adco, beyond, TELLS_ENERGY)
        .order_by(reading.c.ts.asc() if later else reading.c.ts.desc())
        .limit(1)
    )
    if after is not None:
        query = query.where(reading.c.ts > after)
    found = connection.execute(query).mappings().first()
    if found is None:
        return None
    return ReadingRow(row.adco, found["ts"], {str(key): found[key] for key in found})


def _tells_energy(row: ReadingRow) -> bool:
    return any(row.columns.get(name) is not None for name in INDEXES)


def _batch(kept: list[_Candidate]) -> Batch:
    batch = Batch()
    for one in kept:
        told, row = one.reading, one.row
        batch.readings.append(row)
        batch.labels += (LabelRow(row.adco, row.ts, *label) for label in labels_of(told))
        batch.meters[row.adco] = MeterRow(
            adco=row.adco,
            ts=row.ts,
            name=told.meter or None,
            mode=told.mode.value,
            phases=3 if "IINST2" in told.historique else 1 if "IINST" in told.historique else None,
            replaces=None,
        )
    return batch
