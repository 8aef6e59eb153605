"""``teleinfo history vacuum``: give back the room of what was let go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import opened_history

__all__ = ["vacuum"]

_BUSY_S = 30


@click.command(epilog="Example: teleinfo history vacuum")
@config_option
def vacuum(config: Path | None) -> None:
    """Make the file as small as what is in it.

    What is let go leaves room that is used again, so that this is only worth while after
    history.size or history.readings was lowered. It writes the file anew, which takes as much free
    space again.
    """
    with opened_history(config) as history:
        path = history.database.path
        if path is None:
            click.echo(
                f"{history.database.name}: its space is the affair of the server (OPTIMIZE TABLE "
                f"of MariaDB, VACUUM FULL of PostgreSQL); nothing was done.",
                err=True,
            )
            return
        before = _size(path)
        again = _vacuum(path)
        after = _size(path)
    click.echo(f"{path}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now")
    if again:
        click.echo(
            "Another program reads it: the file becomes smaller when that one has ended.", err=True
        )


def _vacuum(path: Path) -> bool:
    """Whether the room can be given back only later; raises ClickException if it cannot at all."""
    from teleinfo_gateway.history.errors import explained  # noqa: PLC0415  # an extra

    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise click.ClickException(
            f"{explained(error, str(path), on_server=False)}. The file is as it was"
        ) from error
    return bool(busy)


def _size(path: Path) -> int:
    """The file and its log."""
    log = Path(f"{path}-wal")
    try:
        return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
