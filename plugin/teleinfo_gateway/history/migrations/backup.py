"""A copy of a database, made before its tables are changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from teleinfo_gateway.errors import GatewayError

__all__ = ["BackupError", "back_up"]


class BackupError(GatewayError):
    """No copy can be made; the text says why."""


def back_up(path: Path, copy: Path) -> None:
    """Copy a SQLite file that may be in use, for its owner alone. Raises :class:`BackupError`.

    It takes room for the copy and for the tables that a migration makes anew, or nothing is done.
    """
    try:
        log = Path(f"{path}-wal")
        needed = 2 * (path.stat().st_size + (log.stat().st_size if log.exists() else 0))
        free = shutil.disk_usage(path.parent).free
        if free < needed:
            raise BackupError(f"{needed / 1e6:.1f} MB are needed there, {free / 1e6:.1f} are free")
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            copy.unlink()
        raise BackupError(str(error)) from error
