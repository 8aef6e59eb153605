"""One table per benchmark, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """What a benchmark found: a title, the columns, the rows, and what to know to read them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns))]
        text = ["  ".join(_cells(line, widths)).rstrip() for line in lines]
        rule = "  ".join("-" * width for width in widths)
        notes = [f"  {note}" for note in self.notes]
        return "\n".join([self.title, "", text[0], rule, *text[1:], *notes])


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
