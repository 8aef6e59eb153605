"""One database of the history: where it is, how it is opened, which version it has.

SQLite is opened in WAL mode: readers and one writer do not wait for each other, and a power cut
costs the last commits, never the file (SQLite documentation, "Write-Ahead Logging").
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from teleinfo_gateway.config_history import HistoryConfig
from teleinfo_gateway.errors import GatewayError, MissingExtraError
from teleinfo_gateway.history.migrations import REVISIONS
from teleinfo_gateway.history.schema import counter, metadata, version
from teleinfo_gateway.secret import resolve, without_secret

__all__ = ["Database", "HistoryError", "OlderVersionError", "default_path"]

_BUSY_S = 30
"""How long to wait for another program that writes; an import commits far more often."""

_CONNECT_S = 5

_DRIVERS = {
    "mariadb": ("mariadb+pymysql", "mariadb"),
    "mysql": ("mysql+pymysql", "mariadb"),
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
}
"""Scheme of a URL to SQLAlchemy's name of it and the extra that brings its driver."""

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "temp_store = MEMORY",
    "journal_size_limit = 4194304",  # a large import would leave its whole log behind
)

_ADVICE = {
    "SQLITE_FULL": "the disk is full: free some space, or lower history.size",
    "SQLITE_READONLY": "it cannot be written: give this user the right to write file and folder",
    "SQLITE_CANTOPEN": "it cannot be opened: does its folder exist, and may this user write there?",
    "SQLITE_CORRUPT": "the file is damaged: 'teleinfo history check' says more; restore a copy, "
    "or move it away and a new one begins",
    "SQLITE_NOTADB": "this file is not a database: name another in history.path, or move it away",
    "SQLITE_BUSY": f"another program has held it for {_BUSY_S} s: end it",
    "SQLITE_IOERR": "the disk fails: look at the messages of the kernel (dmesg)",
}


class HistoryError(GatewayError):
    """The database cannot be used now; the text says where it is, why, and what to do."""


class OlderVersionError(HistoryError):
    """A database on a server has an older schema, and only its owner can make a backup of it."""


def default_path() -> Path:
    """The file of ``history.path: auto``: in the state folder of the service or of the user."""
    if folder := os.environ.get("STATE_DIRECTORY"):  # systemd's StateDirectory=
        return Path(folder.split(":")[0], "history.db")
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state, "teleinfo", "history.db")
    if os.geteuid() == 0 or "HOME" not in os.environ:
        return Path("/var/lib/teleinfo/history.db")
    return Path(os.environ["HOME"], ".local/state/teleinfo/history.db")


class Database:
    """Connections to one database. Raises :class:`MissingExtraError` without its driver."""

    def __init__(self, config: HistoryConfig) -> None:
        self.path: Path | None = None
        if config.url is None:
            self.path = default_path() if config.path == "auto" else Path(config.path)
            self.name = str(self.path)
            self._url = URL.create("sqlite", database=str(self.path))
        else:
            url = resolve(config.url)
            self.name = without_secret(url)
            self._url = _with_driver(url, self.name)
        self.engine = self._engine()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database. Raises :class:`HistoryError`."""
        with self._explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the only writer: others wait. Raises :class:`HistoryError`."""
        engine = self.engine.execution_options(writes=True)
        with self._explained(), engine.begin() as connection:
            yield connection

    def prepare(self) -> None:
        """Make the tables of an empty database; bring those of an older version up to date.

        Raises :class:`HistoryError`: the database cannot be used, or was made by a newer version;
        :class:`OlderVersionError`: it is older, and on a server.
        """
        if self.path is not None:
            self._make_file(self.path)
        with self.reading() as connection:
            found = _version(connection)
        if found == REVISIONS[-1]:
            return
        if found is None:
            with self.writing() as connection:
                _create(connection)
        elif found not in REVISIONS:
            raise HistoryError(
                f"{self.name}: a newer version of this program made it (schema {found}, this one "
                f"knows {REVISIONS[-1]}): install that version, or name another database"
            )
        elif self.path is None:
            raise OlderVersionError(
                f"{self.name}: its schema {found} is older than {REVISIONS[-1]}. Make a backup "
                f"of it, then run: teleinfo history migrate"
            )
        else:
            self._back_up(self.path, found)
            self.migrate()

    def migrate(self) -> None:
        """Bring the tables up to date, without a backup."""
        from teleinfo_gateway.history.migrations.runner import upgrade  # noqa: PLC0415  # 0.4 s

        with self.writing() as connection:
            upgrade(connection)

    def explain(self, error: SQLAlchemyError) -> HistoryError:
        """What an error of the database means for its owner."""
        cause = getattr(error, "orig", None) or error
        code = str(getattr(cause, "sqlite_errorname", ""))
        advice = next((text for name, text in _ADVICE.items() if code.startswith(name)), None)
        if advice is None:
            said = " ".join(str(cause).split())
            advice = said[:300] or type(cause).__name__
        return HistoryError(f"{self.name}: {advice}")

    def _engine(self) -> Engine:
        if self.path is None:
            return create_engine(
                self._url,
                connect_args={"connect_timeout": _CONNECT_S},
                isolation_level="READ COMMITTED",
                pool_pre_ping=True,
                pool_size=3,
            )
        engine = create_engine(self._url, connect_args={"timeout": _BUSY_S}, pool_size=3)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise self.explain(error) from error

    def _make_file(self, path: Path) -> None:
        """The folder and an empty file; what a house consumes is for nobody else to read."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise HistoryError(
                f"{path}: it cannot be opened for writing ({error.strerror}): give this user the "
                f"right to write there, or name another file in history.path"
            ) from error

    def _back_up(self, path: Path, version: str) -> None:
        copy = path.with_name(f"{path.name}.schema-{version}")
        try:
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        except sqlite3.Error as error:
            copy.unlink(missing_ok=True)
            raise HistoryError(
                f"{path}: its schema {version} must be brought up to date, but the backup {copy} "
                f"cannot be made first ({error})"
            ) from error


def _with_driver(url: str, name: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise HistoryError(f"{name}: this is not the URL of a database") from None
    if parsed.drivername not in _DRIVERS:
        raise HistoryError(f"{name}: a URL begins with {', '.join(sorted(_DRIVERS))}")
    driver, extra = _DRIVERS[parsed.drivername]
    complete = parsed.set(drivername=driver)
    try:
        complete.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the driver for {parsed.drivername}", extra) from error
    return complete


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction behind our back
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at once: a transaction that asks for it later may be refused it."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: Connection) -> str | None:
    """The version of the tables; ``None`` if there are none."""
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar()


def _create(connection: Connection) -> None:
    """The newest tables at once: a test holds them against what the migrations make."""
    metadata.create_all(connection)
    if connection.execute(select(counter)).first() is None:
        connection.execute(counter.insert().values(name="seq", last=0))
    connection.execute(version.insert().values(version_num=REVISIONS[-1]))
