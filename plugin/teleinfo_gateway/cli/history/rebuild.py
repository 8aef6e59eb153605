"""``teleinfo history rebuild``: energy by period, summed up anew."""

from __future__ import annotations

from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import meter_option, opened_history

__all__ = ["rebuild"]


@click.command(epilog="Example: teleinfo history rebuild --meter house")
@meter_option
@config_option
def rebuild(meter: str | None, config: Path | None) -> None:
    """Sum up energy and power anew from the readings that are kept.

    Sums of days whose readings are gone stay as they are. The gateway may run meanwhile.
    """
    with opened_history(config, "write") as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.cli.history import _sums  # noqa: PLC0415

        with history.database.reading() as connection:
            meters = _sums.chosen_meters(connection, meter)
        if not meters:
            click.echo("The history knows no meter yet: there is nothing to sum up.", err=True)
        for one, counts in _sums.differences(history.database, meters, keep=True):
            changed = _sums.in_words(counts)
            click.echo(f"{_sums.title(one)}: {changed or 'nothing'} changed")
