"""What a running history does with its database, in the one thread at a time that writes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from math import inf

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import keep_cursors
from teleinfo_gateway.history.retention import (
    first_free,
    forget_before,
    forget_oldest_day,
    size_bytes,
)
from teleinfo_gateway.history.store import Batch, Stored, store

__all__ = ["Keeper"]

_LET_GO_S = 7 * 86400  # at a time: a clock that is years ahead for an hour costs a week
_ABANDONED_S = 90 * 86400  # an output of another gateway that shares the database, unused so long


class Keeper:
    """Opens the database, stores what was gathered, lets go what is too old or too much.

    Its methods block, and raise :class:`GatewayError` when the database cannot be used. It is
    ``ready`` once the tables were looked at; whoever sees it fail sets that back.
    """

    def __init__(self, config: HistoryConfig, readers: frozenset[str]) -> None:
        self.config = config
        self.readers = readers
        self.database: Database | None = None
        self.ready = False
        self.written = 0  # readings
        self.size = 0  # bytes
        self.last_commit: datetime | None = None
        self.committed_s = -inf
        self._cursors_kept = False

    def open(self) -> Database:
        """The database with its tables: where it is now, if its file was replaced."""
        if self.database is None:
            self.database = Database(self.config)
        if not self.ready or self.database.moved:
            self.database.prepare()
            if not self._cursors_kept:
                self._keep_cursors(self.database)
                self._cursors_kept = True
            self.ready = True
        return self.database

    def close(self) -> None:
        """Close every connection."""
        if self.database is not None:
            self.database.close()

    def store(self, batch: Batch) -> Stored:
        """Write a batch; an empty one tells whether the database can be used."""
        database = self.open()
        if not len(batch):
            return Stored()
        with database.writing() as connection:
            stored = store(connection, batch)
        self.written += len(batch.readings)
        self.last_commit = datetime.now(UTC)
        self.committed_s = time.monotonic()
        return stored

    def forget_old(self) -> None:
        """Let go a week of what is too old."""
        oldest = int((datetime.now(UTC) - timedelta(days=self.config.readings)).timestamp())
        with self.open().writing() as connection:
            first = first_free(connection)
            if first is not None and first < oldest:
                forget_before(connection, min(oldest, first + _LET_GO_S))

    def forget_a_day(self) -> bool:
        """Let go the oldest day of a file that is too large; whether there may be another."""
        database = self.open()
        if database.path is None:
            return False
        with database.writing() as connection:
            self.size = size_bytes(connection)
            if self.size <= self.config.size * 1_000_000:
                return False
            return forget_oldest_day(connection) is not None

    def _keep_cursors(self, database: Database) -> None:
        """Once: forget those of outputs that were taken out while no gateway ran."""
        shared = database.path is None
        since = int(time.time()) - _ABANDONED_S if shared else None
        with database.writing() as connection:
            keep_cursors(connection, self.readers, since)
