"""Where foreign rows come from: a table of a database, or a file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import (
    ColumnClause,
    Engine,
    StaticPool,
    column,
    create_engine,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import SQLAlchemyError

from teleinfo_gateway.config.history import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.transfer.errors import TransferError
from teleinfo_gateway.history.transfer.files import ORDER, TABLE, load_file
from teleinfo_gateway.secret import is_reference, resolve, without_secret

__all__ = ["LINE", "Row", "Source", "open_source"]

_PAGE = 1000
_SQLITE = "sqlite:///"

LINE = "#"
"""The name of the column that numbers the lines of a file."""

_SERVER_PATIENCE_S = 3600
"""How long MariaDB waits for us to take more rows: writing a week on a slow card takes minutes."""

Row = Mapping[str, object]
"""A row as the driver gives it, by the name of the column in capitals."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table. ``columns`` maps a name in capitals to the name in the database."""

    name: str
    engine: Engine
    table: str
    columns: Mapping[str, str]

    def count(self) -> int:
        """How many rows it has. Raises :class:`TransferError`."""
        with _explained(self.name), self.engine.begin() as connection:
            query = select(func.count()).select_from(table(self.table))
            return int(connection.execute(query).scalar_one())

    def rows(self, order: Sequence[str]) -> Generator[Row]:
        """Every row, ordered by these columns, as a stream that has to be closed.

        Raises :class:`TransferError`.
        """
        columns: list[ColumnClause[object]] = [column(name) for name in self.columns.values()]
        query = (
            select(*columns)
            .select_from(table(self.table, *columns))
            .order_by(*(column(self.columns[name]) for name in order))
            .execution_options(yield_per=_PAGE)
        )
        names = list(self.columns)
        with _explained(self.name), self.engine.begin() as connection:
            if connection.dialect.name == "mysql":
                connection.exec_driver_sql(f"SET SESSION net_write_timeout={_SERVER_PATIENCE_S}")
            with connection.execute(query) as rows:
                for row in rows:
                    yield dict(zip(names, row, strict=True))


@contextmanager
def open_source(text: str, tables: Sequence[str]) -> Iterator[Source]:
    """A source by its URL (or a reference to it) or by the path of a file.

    ``tables`` are the names to look for, best first. Raises :class:`TransferError`.
    """
    url = resolve(text) if is_reference(text) else text
    if "://" not in url:
        connection, names = load_file(Path(url))
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        columns = {LINE: ORDER} | {name.upper(): f"c{n}" for n, name in enumerate(names)}
        source = Source(url, engine, TABLE, columns)
    elif url.startswith(_SQLITE):
        source = _table_of(_sqlite(Path(url.removeprefix(_SQLITE))), url, tables)
    elif url.split("://")[0] in {"mariadb", "mysql", "postgresql"}:
        source = _table_of(_server(url), without_secret(url), tables)
    else:
        raise TransferError(
            f"{without_secret(url)}: a source is the path of a file, or a URL that begins with "
            f"mariadb://, mysql://, postgresql:// or sqlite:///"
        )
    try:
        yield source
    finally:
        source.engine.dispose()


def _sqlite(path: Path) -> Engine:
    """A file of another program: opened so that nothing in it or beside it changes."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        raise TransferError(f"{path}: {error.strerror}") from error
    uri = path.absolute().as_uri()
    return create_engine(f"sqlite:///{uri}?mode=ro&uri=true")


def _server(url: str) -> Engine:
    try:
        config = HistoryConfig(url=url)
    except ValidationError:
        raise TransferError(
            f"{without_secret(url)}: such a URL ends with a / and the name of a database"
        ) from None
    return Database(config).engine


def _table_of(engine: Engine, name: str, tables: Sequence[str]) -> Source:
    with _explained(name), _disposed_if_not_used(engine):
        catalogue = inspect(engine)
        known = [*catalogue.get_table_names(), *catalogue.get_view_names()]
        found = next((each for each in tables if each in known), None)
        if found is None:
            there = ", ".join(sorted(known)[:30]) or "no table at all"
            raise TransferError(
                f"{name}: there is no table {' or '.join(tables)}; it has {there}. --table names "
                f"another"
            )
        columns = {each["name"].upper(): each["name"] for each in catalogue.get_columns(found)}
    return Source(name, engine, found, columns)


@contextmanager
def _disposed_if_not_used(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, RuntimeError) as error:
        # RuntimeError: PyMySQL's, for a way to log in that needs one more package.
        said = getattr(error, "orig", None) or error
        text = said.args[-1] if said.args else type(said).__name__
        raise TransferError(
            f"{name}: it cannot be read: {' '.join(str(text).split())[:300]}"
        ) from error
