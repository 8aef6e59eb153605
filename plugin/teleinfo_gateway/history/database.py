"""One database of the history: where it is, how it is opened, which version it has.

SQLite is opened in WAL mode: readers and one writer do not wait for each other, and a power cut
costs the last commits, never the file (SQLite documentation, "Write-Ahead Logging").
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

from teleinfo_gateway.config.history import HistoryConfig
from teleinfo_gateway.history.engines import file_engine, plain_connection, server_engine
from teleinfo_gateway.history.errors import (
    HistoryError,
    OlderVersionError,
    UnwritableError,
    explained,
)
from teleinfo_gateway.history.migrations import REVISIONS, VERSION_TABLE
from teleinfo_gateway.history.migrations.backup import BackupError, back_up
from teleinfo_gateway.history.schema import counter, metadata, version
from teleinfo_gateway.secret import resolve, without_secret
from teleinfo_gateway.state import default_folder

__all__ = ["Database", "HistoryError", "OlderVersionError", "UnwritableError", "default_path"]

log = logging.getLogger(__name__)


def default_path() -> Path:
    """The file of ``history.path: auto``: in the state folder of the service or of the user."""
    return default_folder() / "history.db"


class Database:
    """One database of a configuration. Raises what :func:`server_engine` raises.

    It is ``readable`` once :meth:`prepare` has found tables of this version.
    """

    def __init__(self, config: HistoryConfig) -> None:
        self.path: Path | None = None
        self.readable = False
        self._files: dict[Path, tuple[int, int] | None] = {}  # that are open
        self._given_up: HistoryError | None = None  # after a migration that failed
        if config.url is None:
            self.path = default_path() if config.path == "auto" else Path(config.path)
            self.name = str(self.path)
            self.engine = file_engine(self.path)
        else:
            url = resolve(config.url)
            self.name = without_secret(url)
            self.engine = server_engine(url, self.name)

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

    @property
    def moved(self) -> bool:
        """Whether another file, or none, is now where the one that is open was."""
        if self.path is None or self._files.get(self.path) is None:
            return False
        return _identity(self.path) != self._files[self.path]

    def prepare(self) -> None:
        """Make the tables of an empty database; bring those of an older version up to date.

        Raises :class:`HistoryError`: the database cannot be used or not be written, is another
        program's, or was made by a newer version; :class:`OlderVersionError`: it is older, and on
        a server.
        """
        if self._given_up is not None:
            raise self._given_up
        self.close()  # a connection may be to a file that was moved away meanwhile
        opened = None
        if self.path is not None:
            with self._looking():
                self._prepare_file(self.path)
            opened = _identity(self.path)
        try:
            self._prepare_tables()
        finally:
            self._files = {file: _identity(file) for file in self._own_files()}
            if self.path is not None:  # it may have been moved meanwhile
                self._files[self.path] = opened

    def migrate(self) -> None:
        """Bring the tables up to date, without a backup. Raises :class:`HistoryError`."""
        from alembic.util import CommandError  # noqa: PLC0415  # 0.4 s

        from teleinfo_gateway.history.migrations.runner import upgrade  # noqa: PLC0415  # the same

        try:
            with self.writing() as connection:
                upgrade(connection)
        except CommandError as error:
            raise HistoryError(f"{self.name}: {error}") from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, RuntimeError) as error:
            # RuntimeError: PyMySQL's, for a way to log in that needs one more package.
            raise explained(error, self.name, on_server=self.path is None) from error

    def _own_files(self) -> list[Path]:
        """The file, and the two that SQLite keeps beside it."""
        return [Path(f"{self.path}{end}") for end in ("", "-wal", "-shm")] if self.path else []

    def _prepare_file(self, path: Path) -> None:
        """The folder and an empty file; what a house consumes is for nobody else to read."""
        if self.moved:
            self._let_go()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                os.close(os.open(path, os.O_RDONLY | os.O_CREAT))  # O_CREAT refuses a folder
            else:  # what stands beside a new file is of one that is gone
                for file in self._own_files()[1:]:
                    file.unlink(missing_ok=True)
        except OSError as error:
            raise HistoryError(
                f"{path}: it cannot be opened ({error.strerror}): give this user the right to "
                f"read and write there, or name another file in history.path"
            ) from error
        with self._explained(), closing(plain_connection(path)) as connection:
            query = r"SELECT name FROM sqlite_master WHERE type = 'table'"
            tables = {name for (name,) in connection.execute(query)}
            if tables and VERSION_TABLE not in tables:
                raise HistoryError(
                    f"{path}: this is the database of another program, with a table "
                    f"{min(tables)[:40]!r}: name another file in history.path"
                )
            connection.execute("PRAGMA journal_mode = WAL")

    def _let_go(self) -> None:
        """Close a file that is gone; its log would be taken for that of the one in its place."""
        log.warning("%s: the file was deleted or replaced; the one there now is used", self.path)
        for file in self._own_files()[1:]:
            if file.exists() and _identity(file) == self._files[file]:
                file.unlink()
        self._files = {}

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Not readable if this fails; else who reads it may go on meanwhile."""
        try:
            yield
        except HistoryError:
            self.readable = False
            raise

    def _prepare_tables(self) -> None:
        with self._looking():
            with self.reading() as connection:
                found = _version(connection)
            if found not in {None, *REVISIONS}:
                raise HistoryError(
                    f"{self.name}: a newer version of this program made it (schema {found}, this "
                    f"one knows {REVISIONS[-1]}): install that version, or name another database"
                )
        self.readable = found == REVISIONS[-1]
        if found is not None and not self.readable:
            self._bring_up_to_date(found)
            self.readable = True
        with self.writing() as connection:
            if _version(connection) is None:
                _create(connection)
            else:  # says whether it can be written: SQLite finds out late
                connection.execute(update(counter).values(last=counter.c.last))
        self.readable = True

    def _bring_up_to_date(self, found: str) -> None:
        """Migrate; a file after a backup. Once only: the next try would write as much again."""
        if self.path is None:
            raise OlderVersionError(
                f"{self.name}: its schema {found} is older than {REVISIONS[-1]}. Make a backup "
                f"of it, then run: teleinfo history migrate"
            )
        copy = self.path.with_name(f"{self.path.name}.schema-{found}")
        try:
            back_up(self.path, copy)
        except BackupError as error:
            raise HistoryError(
                f"{self.path}: its schema {found} must be brought up to date, but its backup "
                f"{copy} cannot be made first: {error}"
            ) from error
        log.info("%s: schema %s -> %s; a copy is in %s", self.path, found, REVISIONS[-1], copy)
        try:
            self.migrate()
        except HistoryError as error:
            self._given_up = HistoryError(
                f"{error}. It could not be brought up to date from schema {found} to "
                f"{REVISIONS[-1]} and is as it was; {copy} is a copy. Start again to try again"
            )
            raise self._given_up from error


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file this is, whatever it is called; ``None`` if there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
