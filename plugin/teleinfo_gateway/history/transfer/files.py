"""CSV and JSON lines as a table of a temporary database, so that a file is read like a server.

It can then be sorted by meter and time whatever its length; SQLite keeps it on the disk, in
``$SQLITE_TMPDIR`` or ``/var/tmp``, and it is gone when it is closed.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from teleinfo_gateway.history.transfer.errors import TransferError

__all__ = ["ORDER", "TABLE", "load_file"]

TABLE = "file"
ORDER = "line"
"""The column that holds the order of the file."""

_PAGE = 1000
_MAX_COLUMNS = 200
"""More than any table of readings has; a file with more is another thing."""

_MAX_LINE = 1 << 20
"""Characters of a line; the longest row of a table of readings has a thousandth of it."""

_NOTHING = {"", "NULL", "\\N"}
"""What phpMyAdmin and the clients of MariaDB and PostgreSQL write for a value that is not there."""

_Cells = Sequence[object]


def load_file(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    """The file as ``TABLE`` of a database, its columns ``c0``, ``c1`` ..., and their names.

    Raises :class:`TransferError`.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            first = _first_line(file)
            if first.lstrip().startswith("{"):
                names = _keys(file)
                file.seek(0)
                rows = _objects(file, names)
            else:
                names, rows = _records(file, first)
            return _loaded(names, rows), names
    except OSError as error:
        raise TransferError(f"{path}: {error.strerror}") from error
    except (csv.Error, ValueError) as error:  # ValueError: of JSON, or of ours
        raise TransferError(f"{path}: {error}") from error
    except sqlite3.Error as error:
        raise TransferError(
            f"{path}: it is sorted in a temporary file, which cannot be written ({error}): free "
            f"some space in /var/tmp, or name another folder in SQLITE_TMPDIR"
        ) from error


def _first_line(file: TextIO) -> str:
    first = file.readline(_MAX_LINE)
    file.seek(0)
    if not first.strip():
        raise ValueError("there is nothing in it: a header or a JSON object is needed")
    return first


def _records(file: TextIO, first: str) -> tuple[list[str], Iterator[_Cells]]:
    """The header of a CSV file, and its rows; fields are separated by ``,``, ``;`` or tabs."""
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(file, delimiter=delimiter)
    names = [name.strip() for name in next(reader)]
    if not 2 <= len(names) <= _MAX_COLUMNS:
        raise ValueError("the first line is no header with names of columns")

    def rows() -> Iterator[_Cells]:
        for cells in reader:
            if len(cells) > len(names):
                raise ValueError(f"line {reader.line_num} has more fields than the header")
            told = [None if cell in _NOTHING else cell for cell in cells]
            yield [*told, *[None] * (len(names) - len(cells))]

    return names, rows()


def _keys(file: TextIO) -> list[str]:
    """Every key of the objects, one a line."""
    keys: dict[str, None] = {}
    for found in _parsed(file):
        keys |= dict.fromkeys(found)
        if len(keys) > _MAX_COLUMNS:
            raise ValueError(f"its objects have more than {_MAX_COLUMNS} different keys")
    return list(keys)


def _objects(file: TextIO, names: Sequence[str]) -> Iterator[_Cells]:
    for found in _parsed(file):
        cells = [found.get(name) for name in names]
        yield [cell if isinstance(cell, str | int | float) else None for cell in cells]


def _parsed(file: TextIO) -> Iterator[dict[str, object]]:
    for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), ""), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ValueError(f"line {number} is no JSON object")
        yield found


def _loaded(names: Sequence[str], rows: Iterable[_Cells]) -> sqlite3.Connection:
    columns = [f"c{number}" for number in range(len(names))]
    database = sqlite3.connect("", check_same_thread=False)
    database.execute(f"CREATE TABLE {TABLE} ({ORDER} INTEGER PRIMARY KEY, {', '.join(columns)})")
    insert = (
        f"INSERT INTO {TABLE} ({', '.join(columns)}) "  # noqa: S608  # names made above
        f"VALUES ({', '.join('?' * len(columns))})"
    )
    rows = iter(rows)
    while page := list(islice(rows, _PAGE)):
        database.executemany(insert, page)
    database.commit()
    return database
