"""A row of an own export -> what it was in the database, checked against the types there."""

from __future__ import annotations

import re
from collections import Counter

from sqlalchemy import BigInteger, Integer, SmallInteger, String

from teleinfo_gateway.history.columns import INDEXES, contract
from teleinfo_gateway.history.columns import Row as Columns
from teleinfo_gateway.history.schema import label, reading
from teleinfo_gateway.history.transfer.sources import Row
from teleinfo_gateway.history.transfer.spreadsheet import unguarded
from teleinfo_gateway.history.transfer.values import whole
from tic import INDEX_LABELS

__all__ = ["own_label", "own_reading"]

_MAX = {SmallInteger: 2**15 - 1, Integer: 2**31 - 1, BigInteger: 999_999_999}
"""By type of a column; every big integer told by a meter is an index of nine digits."""

_OF_DATABASE = {"meter_id", "ts", "seq", "local_dt"}
_NUMBERS = {
    column.name: _MAX[type(column.type)]
    for column in reading.columns
    if isinstance(column.type, Integer) and column.name not in _OF_DATABASE
}
_TEXTS = {
    column.name: column.type.length or 0
    for table in (reading, label)
    for column in table.columns
    if isinstance(column.type, String)
}
_printable = re.compile(r"[ -~]+").fullmatch


def own_reading(row: Row, left_out: Counter[str]) -> Columns:
    """The columns of a reading, its indexes only if all are right; what is wrong is counted."""
    found: Columns = {}
    for name in [*_NUMBERS, *_TEXTS]:
        told = row.get(name.upper())
        if told is None:
            continue
        value = _number(name, told) if name in _NUMBERS else _text(name, told)
        if value is None:
            left_out[f"{name} has a value that no meter sends"] += 1
        else:
            found[name] = value
    if not _tells_every_index(row, found):
        for name in INDEXES:
            found.pop(name, None)
    return found


def own_label(row: Row, left_out: Counter[str]) -> tuple[str, str, str | None] | None:
    """A label, its value and its horodate; ``None``, and counted, if one of them is wrong."""
    name, value = (_text(each, row.get(each.upper())) for each in ("label", "value"))
    told = row.get("HORODATE")
    horodate = None if told is None else _text("horodate", told)
    if name is None or value is None or (horodate is None) is not (told is None):
        left_out["a label that no meter sends"] += 1
        return None
    return name, value, horodate


def _number(name: str, told: object) -> int | None:
    number = whole(told)
    return number if number is not None and number <= _NUMBERS[name] else None


def _text(name: str, told: object) -> str | None:
    text = unguarded(told) if isinstance(told, str) else str(told)
    return text if len(text) <= _TEXTS[name] and _printable(text) else None


def _tells_every_index(row: Row, found: Columns) -> bool:
    if any(row.get(name.upper()) is not None and name not in found for name in INDEXES):
        return False
    slots = INDEX_LABELS.get(contract(str(found.get("optarif", ""))), ())
    told = [f"idx{slot:02}" in found for slot in range(1, len(slots) + 1)]
    return all(told) or not any(told)
