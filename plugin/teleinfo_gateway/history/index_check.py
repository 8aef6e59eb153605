"""Whether the indexes of one row can follow those of another: never back, never a jump. Pure.

The same rules as for what comes from a meter, for rows that may be an hour apart: those of an
import, and those that another machine sends.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from teleinfo_gateway.history.columns import INDEXES, Row, contract
from teleinfo_gateway.history.sampling import ReadingRow
from teleinfo_gateway.plausibility import DEFAULT_LIMIT_W, power_limit_w

__all__ = ["Checked", "Contradiction", "IndexCheck", "contradiction"]

_MARGIN_WH = 500
"""What an index may rise beyond the power limit: clocks are set, and seconds are rounded."""

_RESTARTS = 10
"""Rows in a row that agree with each other are what the meter says, whatever was before."""

_MAX_WAITING = 1000
"""Rows that wait for it; more than a few come only without indexes."""

_TOTALS = ("idx_total", "idx_inj")
_SLOT_INDEXES = tuple(name for name in INDEXES if name not in _TOTALS)

_T = TypeVar("_T")


class Contradiction(NamedTuple):
    """Why one row cannot follow another: an index ``fell``, or else it rose too far."""

    fell: bool
    reason: str


def contradiction(before: ReadingRow, after: ReadingRow, limit_w: float) -> Contradiction | None:
    """What the indexes of two rows of a meter say against each other.

    Those of a slot are compared under one contract alone; ``limit_w`` is what the installation can
    draw.
    """
    same = _contract_of(before) == _contract_of(after)
    possible_wh = limit_w * (after.ts - before.ts) / 3600 + _MARGIN_WH
    for column in (*_TOTALS, *(_SLOT_INDEXES if same else ())):
        told, then = before.columns.get(column), after.columns.get(column)
        if not isinstance(told, int) or not isinstance(then, int):
            continue
        if then < told:
            return Contradiction(True, f"the index {column} cannot fall from {told} to {then}")
        if then - told > possible_wh:
            return Contradiction(
                False,
                f"the index {column} cannot rise from {told} to {then} in {after.ts - before.ts} s",
            )
    return None


class Checked(NamedTuple, Generic[_T]):
    """A row with what came with it, and why its indexes are not believed, or ``""``."""

    row: ReadingRow
    more: _T
    refused: str


class IndexCheck(Generic[_T]):
    """The memory of one meter whose rows come in the order of their time.

    A row that contradicts those before waits, and what comes after it, until it is known whether
    the rows after it agree with it: so many of them are believed, and it with them. What lies
    between them and what was believed before is no energy: the rollup knows what no installation
    can draw.
    """

    def __init__(self) -> None:
        self._believed: ReadingRow | None = None
        self._other: ReadingRow | None = None  # the last of a run that contradicts it
        self._run = 0
        self._waiting: list[Checked[_T]] = []
        self._limit_w = DEFAULT_LIMIT_W

    def take(self, row: ReadingRow, more: _T) -> list[Checked[_T]]:
        """The rows of which it is known now, in their order."""
        self._limit_w = _limit_w(row.columns) or self._limit_w
        one = Checked(row, more, "")
        if all(row.columns.get(name) is None for name in INDEXES):
            if not self._waiting:
                return [one]
            self._waiting.append(one)
            return self.rest() if len(self._waiting) >= _MAX_WAITING else []
        found = self._believed and contradiction(self._believed, row, self._limit_w)
        if not found:
            self._believe(row)
            return [*self.rest(), one]
        agrees = self._other is not None and contradiction(self._other, row, self._limit_w) is None
        settled = [] if agrees else self.rest()
        self._run = self._run + 1 if agrees else 1
        self._other = row
        if self._run >= _RESTARTS:
            self._believe(row)
            return [*(each._replace(refused="") for each in self.rest()), one]
        reason = "an index fell" if found.fell else "an index jumped"
        self._waiting.append(one._replace(refused=reason))
        return settled

    def rest(self) -> list[Checked[_T]]:
        """The rows that still wait: nothing that agrees with them has come."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _believe(self, row: ReadingRow) -> None:
        self._believed, self._other, self._run = row, None, 0


def _contract_of(row: ReadingRow) -> str:
    return contract(str(row.columns.get("optarif") or ""))


def _limit_w(columns: Row) -> float | None:
    """What the installation can draw, by the subscription that a row tells."""
    told = {
        label: str(columns[name])
        for label, name in (("PREF", "pref"), ("ISOUSC", "isousc"), ("IINST2", "i2"))
        if columns.get(name) is not None
    }
    return power_limit_w(told)
