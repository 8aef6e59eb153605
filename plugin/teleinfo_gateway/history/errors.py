"""What is wrong with a database, in the words of its owner."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from teleinfo_gateway.errors import GatewayError

__all__ = ["BUSY_S", "HistoryError", "OlderVersionError", "UnwritableError", "explained"]

BUSY_S = 30
"""How long to wait for another program that writes; an import commits far more often."""

_FULL = "the disk is full: free some space"

_ADVICE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR_SHMSIZE": _FULL,
    "SQLITE_READONLY": "it cannot be written: give this user the right to write file and folder",
    "SQLITE_CANTOPEN": "it cannot be opened: does its folder exist, and may this user write there?",
    "SQLITE_CORRUPT": "the file is damaged: 'teleinfo history check' says more; restore a copy, "
    "or move it away and a new one begins",
    "SQLITE_NOTADB": "this file is not a database: name another in history.path, or move it away",
    "SQLITE_BUSY": f"another program has held it for {BUSY_S} s: end it",
    "SQLITE_IOERR": "the disk fails: look at the messages of the kernel (dmesg)",
}


class HistoryError(GatewayError):
    """The database cannot be used now; the text says where it is, why, and what to do."""


class OlderVersionError(HistoryError):
    """A database on a server has an older schema, and only its owner can make a backup of it."""


class UnwritableError(HistoryError):
    """These rows will never be taken, while others may be."""


def explained(error: Exception, name: str, *, on_server: bool) -> HistoryError:
    """What an error of SQLAlchemy or of a driver means for the owner of the database ``name``."""
    cause = getattr(error, "orig", None) or error
    code = str(getattr(cause, "sqlite_errorname", ""))
    for beginning, advice in _ADVICE.items():
        if code.startswith(beginning):
            return HistoryError(f"{name}: {advice}")
    said = " ".join(str(cause.args[-1] if cause.args else "").split())[:300]
    text = f"{name}: {said or type(cause).__name__}"
    if isinstance(error, DataError | IntegrityError):
        return UnwritableError(text)
    if on_server and isinstance(error, DBAPIError) and error.statement is None:
        text += "; does the server run, and is its URL right?"
    return HistoryError(text)
