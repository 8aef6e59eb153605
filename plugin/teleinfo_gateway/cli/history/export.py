"""``teleinfo history export``: what was kept, as a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import from_option, meter_option, opened_history, to_option

__all__ = ["export"]

_WHAT = ("readings", "labels", "events", "hours", "days", "months", "years", "outages")


@click.command(epilog="Example: teleinfo history export --from 2026-01-01 --output january.csv")
@meter_option
@from_option
@to_option
@click.option(
    "--what",
    type=click.Choice(_WHAT),
    default="readings",
    show_default=True,
    help="Which rows; hours to years are energy by tariff.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="CSV with a header, or a JSON object a line.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it, a new file; otherwise standard output.",
)
@config_option
def export(  # noqa: PLR0913  # one argument an option
    *,
    meter: str | None,
    start: int | None,
    end: int | None,
    what: str,
    kind: str,
    output: Path | None,
    config: Path | None,
) -> None:
    """Write what the history holds as CSV or JSON lines.

    Energy is in Wh, power in VA, times are ISO 8601 in UTC beside unix seconds. 'teleinfo history
    import --format csv' reads readings and labels back.
    """
    if output is not None and output.exists():
        raise click.ClickException(f"{output} exists: choose another name")
    with opened_history(config) as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.history.queries import meter_ids  # noqa: PLC0415
        from teleinfo_gateway.history.transfer.export import (  # noqa: PLC0415
            WRITERS,
            Selection,
            exported,
        )

        with history.database.reading() as connection:
            meters = None if meter is None else meter_ids(connection, meter)
            selection = Selection(meters, start, end)
            with _opened(output) as file, exported(connection, what, selection) as (names, rows):
                count = WRITERS[kind](file, names, rows)
    click.echo(f"{output or 'standard output'}: {count} {what}.", err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """A new file, which is no more if not all could be written; or standard output."""
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("x", encoding="utf-8", newline="") as file:
            try:
                yield file
                file.flush()
            except BaseException:
                output.unlink()
                raise
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error
