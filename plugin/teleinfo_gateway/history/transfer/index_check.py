"""Whether the indexes of a row can follow those before it: never back, never a jump. Pure.

The same rules as for what comes from a meter, for rows that may be an hour apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from teleinfo_gateway.history.columns import INDEXES, Row, contract
from teleinfo_gateway.plausibility import DEFAULT_LIMIT_W, power_limit_w

__all__ = ["IndexCheck"]

_MARGIN_WH = 500
"""What an index may rise beyond the power limit: the clocks of two rows may differ by seconds."""

_REBASE_ROWS = 10
"""Rows in a row that agree with each other are what the meter says, whatever was before."""


@dataclass(slots=True)
class _Told:
    """The last indexes of a contract, and when they were told."""

    ts: int
    indexes: Mapping[str, int]


@dataclass(slots=True)
class _Other:
    """A run of rows that contradict what is believed."""

    last: _Told
    rows: int


class IndexCheck:
    """The memory of one meter; each contract has indexes of its own."""

    def __init__(self) -> None:
        self._believed: dict[str, _Told] = {}
        self._other: dict[str, _Other] = {}
        self._limit_w = DEFAULT_LIMIT_W

    def refuses(self, ts: int, columns: Row) -> str:
        """Why the indexes of a row are not believed, or ``""``; rows come in order of time."""
        self._limit_w = _limit_w(columns) or self._limit_w
        indexes = {name: wh for name in INDEXES if isinstance(wh := columns.get(name), int)}
        if not indexes:
            return ""
        option = contract(str(columns.get("optarif") or ""))
        told = _Told(ts, indexes)
        believed = self._believed.get(option)
        reason = self._contradiction(believed, told) if believed else ""
        if reason:
            other = self._other.get(option)
            agrees = other is not None and not self._contradiction(other.last, told)
            rows = other.rows + 1 if other is not None and agrees else 1
            self._other[option] = _Other(told, rows)
            if rows < _REBASE_ROWS:
                return reason
        self._believed[option] = told
        self._other.pop(option, None)
        return ""

    def _contradiction(self, before: _Told, after: _Told) -> str:
        possible_wh = self._limit_w * (after.ts - before.ts) / 3600 + _MARGIN_WH
        for name in before.indexes.keys() & after.indexes.keys():
            risen_wh = after.indexes[name] - before.indexes[name]
            if risen_wh < 0:
                return "an index fell" if after.indexes[name] else "an index fell to 0"
            if risen_wh > possible_wh:
                return "an index jumped"
        return ""


def _limit_w(columns: Row) -> float | None:
    """What the installation can draw, by the subscription that a row tells."""
    told = {
        label: str(columns[name])
        for label, name in (("PREF", "pref"), ("ISOUSC", "isousc"), ("IINST2", "i2"))
        if columns.get(name) is not None
    }
    return power_limit_w(told)
