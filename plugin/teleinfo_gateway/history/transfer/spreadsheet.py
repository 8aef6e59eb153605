"""Texts of meters in CSV files, so that no spreadsheet takes one for a formula. Pure."""

from __future__ import annotations

import re

__all__ = ["guarded", "unguarded"]

# Dashes alone are DEMAIN without a colour: no formula, and not worth an apostrophe.
_FORMULA = re.compile(r"'*[=+@\t\r-](?!-*$)")


def guarded(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What :func:`guarded` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
