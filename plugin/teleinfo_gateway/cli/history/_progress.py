"""How far a long command is, on standard error; nothing where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

__all__ = ["progress"]

_EVERY_S = 5.0


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told of each step forward; ``total`` is the sum of all steps.

    A bar with the extra ``[rich]``, else a line now and then.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415  # an extra
        from rich.progress import Progress  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        yield _lines(what, total)
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def _lines(what: str, total: int) -> Callable[[int], None]:
    done = 0
    told_s = time.monotonic()

    def advance(steps: int) -> None:
        nonlocal done, told_s
        done += steps
        if time.monotonic() - told_s >= _EVERY_S:
            told_s = time.monotonic()
            click.echo(f"{what}: {done} of {total}", err=True)

    return advance
