"""``teleinfo history migrate``: bring the tables up to date."""

from __future__ import annotations

from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import opened_history, sql_option

__all__ = ["migrate"]


@click.command(epilog="Example: teleinfo history migrate")
@sql_option
@config_option
def migrate(config: Path | None, *, sql: bool) -> None:
    """Bring the tables of an older version up to date.

    Of a database on a server make a backup first, and stop the gateway. An SQLite file is copied
    beside itself before, here and by every other command.
    """
    with opened_history(config, "look", sql=sql) as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.cli.history._check import stored_version  # noqa: PLC0415
        from teleinfo_gateway.history.database import OlderVersionError  # noqa: PLC0415

        database = history.database
        with database.reading() as connection:
            before = stored_version(connection)
        try:
            database.prepare()
        except OlderVersionError:
            database.migrate()
        with database.reading() as connection:
            after = stored_version(connection)
    if before == after:
        click.echo(f"{database.name}: version {after}, there is nothing to do")
    else:
        click.echo(f"{database.name}: version {before or 'none'} before, {after} now")
