"""What the commands on the history share: its database, meters, spans of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from teleinfo_gateway.cli._common import print_faults, program
from teleinfo_gateway.config import Config, find_config, load_config
from teleinfo_gateway.errors import ConfigError, GatewayError, MissingExtraError
from teleinfo_gateway.history.periods import midnight
from tic.horodate import legal_zone

if TYPE_CHECKING:
    from teleinfo_gateway.history.database import Database

__all__ = [
    "BEGINNING",
    "History",
    "from_option",
    "meter_option",
    "opened_history",
    "sql_option",
    "to_option",
]

BEGINNING = (
    "the gateway writes what it reads every five minutes, and sooner when its page asks. "
    "A demonstration keeps its history in a place of its own: its page shows it"
)
"""Why a meter that is read may not be in the history."""

_SERVICE = Path("/var/lib/teleinfo/history.db")

_SQL = {"alembic", "sqlalchemy"}

Use = Literal["read", "write", "fill", "preview", "look"]
"""What a command does with the database: ``read`` what is there, also where nothing can be written;
``write`` to one that is there, or ``fill`` one that may have to be made; ``preview`` what filling
would do; ``look`` at it as it is, whatever its version."""


@dataclass(frozen=True, slots=True)
class History:
    """The database of a configuration; ``exists`` is false while its file was not made yet."""

    config: Config
    database: Database
    exists: bool


@contextmanager
def opened_history(
    config: Path | None, use: Use = "read", *, sql: bool = False
) -> Iterator[History]:
    """The history of a configuration, or of the default one; closed at the end.

    ``sql`` opens the copy that the section ``sql`` names instead.
    A :class:`GatewayError`, also one raised inside, ends the command with 1; faults of the
    configuration with 2.
    """
    path = find_config(config)
    try:
        settings = Config() if path is None else load_config(path)
    except ConfigError as error:
        print_faults(error)
        raise click.exceptions.Exit(2) from None
    place = settings.history
    if sql:
        if settings.sql is None:
            raise click.ClickException("the configuration has no section sql: leave out --sql")
        place = settings.sql.database
    if place is None:
        raise click.ClickException(
            f"the history is switched off in {path} (history: false), nothing is kept. Remove that "
            f"line and start the gateway again"
        )
    try:
        from teleinfo_gateway.history.database import Database  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        if error.name not in _SQL:
            raise
        raise click.ClickException(str(MissingExtraError("the history", "sql"))) from error
    try:
        database = Database(place)
        try:
            yield _ready(History(settings, database, _exists(database.path)), path, use)
        finally:
            database.close()
    except GatewayError as error:
        raise click.ClickException(str(error)) from error


def _ready(history: History, config: Path | None, use: Use) -> History:
    if not history.exists and use not in {"fill", "preview"}:
        raise click.ClickException(_nothing_yet(history.database.path, config))
    if use == "look" or (use == "preview" and not history.exists):
        return history
    try:
        history.database.prepare()
    except GatewayError:
        if use not in {"read", "preview"} or not history.database.readable:
            raise
    return history


def _exists(path: Path | None) -> bool:
    """Whether there is a database: one on a server is made by its owner."""
    return path is None or _is_there(path)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder closed to us: opening it will say so
        return True


def _nothing_yet(database: Path | None, config: Path | None) -> str:
    """Why there is no file, and where another may be: that of the service has its own place."""
    text = f"there is no history yet at {database}: {BEGINNING}"
    if database != _SERVICE and _is_there(_SERVICE):
        return (
            f"{text}. The service keeps one at {_SERVICE}: sudo -u teleinfo "
            f"STATE_DIRECTORY={_SERVICE.parent} {program()} ..."
        )
    return text if config else f"{text}. No configuration was found that names another place"


def _begin(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    return None if text is None else _instant(text, timedelta(0))


def _end(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    return None if text is None else _instant(text, timedelta(days=1))


def _instant(text: str, more: timedelta) -> int:
    """Unix seconds of an ISO instant, legal time without its offset; of a legal day ``more`` on."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(
                "a day is written such as 2026-01-31, an instant such as 2026-01-31T18:30 (legal "
                "time) or 2026-01-31T17:30:00Z"
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=legal_zone(moment))
        return int(moment.timestamp())
    if not 1970 <= day.year < 3000:
        raise click.BadParameter("no meter was heard in this year")
    return midnight(day + more)


meter_option = click.option(
    "--meter",
    metavar="NAME|ADCO",
    help="One meter by its name or address, with those it replaces; otherwise all.",
)

sql_option = click.option(
    "--sql", is_flag=True, help="In the copy that the section sql names, not in the history."
)

from_option = click.option(
    "--from",
    "start",
    callback=_begin,
    metavar="DATE",
    help="From this legal day (2026-01-31) or instant (2026-01-31T18:30) on.",
)

to_option = click.option(
    "--to",
    "end",
    callback=_end,
    metavar="DATE",
    help="To the end of this legal day, or up to this instant.",
)
