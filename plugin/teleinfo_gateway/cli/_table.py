"""A table drawn in place; needs the extra ``[rich]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.live import Live
from rich.table import Table
from rich.text import Text


class _Row(Protocol):
    @property
    def label(self) -> str: ...

    @property
    def value(self) -> str: ...

    @property
    def meaning(self) -> str: ...


@contextmanager
def live_table() -> Iterator[Callable[[str, Sequence[_Row]], None]]:
    """Gives a function that draws a headline and rows over what it drew before."""
    with Live(auto_refresh=False, vertical_overflow="visible") as live:

        def draw(headline: str, rows: Sequence[_Row]) -> None:
            table = Table(title=Text(headline), title_justify="left")
            for heading in ("label", "value", "meaning"):
                table.add_column(heading)
            for row in rows:  # Text: what a meter says is not markup
                table.add_row(Text(row.label), Text(row.value), Text(row.meaning))
            live.update(table, refresh=True)

        yield draw
