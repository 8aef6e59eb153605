"""A value of a foreign column -> the text that the meter had sent, checked like it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache

from tic import BY_NAME, Kind

__all__ = ["ADDRESS", "address_of", "as_text", "value_of", "whole"]

ADDRESS = re.compile(BY_NAME["ADCO"].pattern)

_PADDED_WITH_ZEROS = {
    *(Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.DURATION, Kind.NUMBER),
    *(Kind.IDENTITY, Kind.REGISTER),
}
_NUMBER = re.compile(r"([0-9]{1,18})(?:\.0+)?")


def value_of(label: str, value: object, left_out: Counter[str]) -> str | None:
    """The text of a label, its padding restored; ``None`` if there is none, or a wrong one.

    A wrong one is counted in ``left_out``.
    """
    text = as_text(value)
    if text is None:
        return None
    known = BY_NAME[label]
    if known.kind in _PADDED_WITH_ZEROS:
        text = text.strip().zfill(known.size)
    elif known.kind is Kind.TEXT:
        text = text.ljust(known.size)
    elif label in {"OPTARIF", "PTEC"}:
        text = text.strip()
        text = "BBR(" if text == "BBR" else text.ljust(known.size, ".")
    if _pattern(label).fullmatch(text):
        return text
    left_out[f"{label} has a value that no meter sends"] += 1
    return None


def address_of(value: object) -> str | None:
    """The 12 characters of an address, also of a number that lost its zeros; else ``None``."""
    text = (as_text(value) or "").strip().upper()
    text = text.zfill(12) if text else ""
    return text if ADDRESS.fullmatch(text) else None


def as_text(value: object) -> str | None:
    """What a driver gives for a number or a text, without a fraction that is 0."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, float | Decimal):
        text = format(value, "f")
    elif isinstance(value, str | int):
        text = str(value)
    else:
        return None
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text or None


def whole(value: object) -> int | None:
    """A number without a fraction, or ``None``."""
    text = as_text(value)
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=len(BY_NAME))
def _pattern(label: str) -> re.Pattern[str]:
    return re.compile(BY_NAME[label].pattern)
