"""``teleinfo history check``: whether the database is sound, and what it covers."""

from __future__ import annotations

from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import opened_history

__all__ = ["check"]


@click.command(epilog="Example: teleinfo history check")
@config_option
def check(config: Path | None) -> None:
    """Check the database: the file, its version, and each sum against its readings.

    Nothing is changed, and the gateway may run meanwhile. Then says what is kept of each meter,
    and what waits for outputs. Exit code 0: all is right; 1: something is not, with advice.
    """
    with opened_history(config, "look") as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.cli.history._check import findings  # noqa: PLC0415

        wrong = 0
        for finding in findings(history.database):
            wrong += bool(finding.advice)
            click.echo(finding.text)
            if finding.advice:
                click.echo(f"  -> {finding.advice}")
    if wrong:
        raise click.exceptions.Exit(1)
