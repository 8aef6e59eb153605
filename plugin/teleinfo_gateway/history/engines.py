"""Connections to a database of the history: to an SQLite file, or to a server by its URL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.history.errors import BUSY_S, HistoryError

__all__ = ["file_engine", "plain_connection", "server_engine"]

_CONNECT_S = 5
_ANSWER_S = 120
"""A server that says nothing for so long is gone; the slowest is asked for an index of a table."""

_OPTIONS = {
    "mariadb": {"read_timeout": _ANSWER_S, "write_timeout": _ANSWER_S},
    "postgresql": {"keepalives_idle": _ANSWER_S // 2, "tcp_user_timeout": _ANSWER_S * 1000},
}
"""By extra: without them, the end of a network is waited for, for ever."""

_DRIVERS = {
    "mariadb": ("mysql+pymysql", "mariadb"),  # tables have their mysql_ options
    "mysql": ("mysql+pymysql", "mariadb"),
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
}
"""Scheme of a URL to SQLAlchemy's name of it and the extra that brings its driver."""

_PRAGMAS = (
    "synchronous = NORMAL",
    "temp_store = MEMORY",
    "journal_size_limit = 4194304",  # a large import would leave its whole log behind
)


def file_engine(path: Path) -> Engine:
    """Connections to a file; with the execution option ``writes``, one that may write at once."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, pool_size=3)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def plain_connection(path: Path) -> sqlite3.Connection:
    """One connection to a file as Python makes it, to look what it is."""
    return sqlite3.connect(path, timeout=BUSY_S)


def server_engine(url: str, name: str) -> Engine:
    """Connections to a server; ``name`` is its URL without the password.

    Raises :class:`HistoryError` for the URL, :class:`MissingExtraError` without its driver.
    """
    complete, extra = _with_driver(url, name)
    return create_engine(
        complete,
        connect_args={"connect_timeout": _CONNECT_S, **_OPTIONS[extra]},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=3,
    )


def _with_driver(url: str, name: str) -> tuple[URL, str]:
    """The URL as SQLAlchemy wants it, and the extra that brings its driver."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise HistoryError(f"{name}: this is not the URL of a database") from None
    if parsed.drivername not in _DRIVERS:
        raise HistoryError(f"{name}: a URL begins with {', '.join(sorted(_DRIVERS))}")
    if "@" in (parsed.host or ""):
        raise HistoryError(f"{name}: write an @ in the password as %40")
    driver, extra = _DRIVERS[parsed.drivername]
    complete = parsed.set(drivername=driver)
    try:
        complete.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the driver for {parsed.drivername}", extra) from error
    except ImportError as error:  # psycopg without the library of PostgreSQL
        reason = str(error).partition("\n")[0]
        raise HistoryError(f"{name}: its driver does not work ({reason}): install libpq") from error
    return complete, extra


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction behind our back
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at once: a transaction that asks for it later may be refused it."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
