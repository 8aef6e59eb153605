"""Rows into files, one a day of each kind."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from teleinfo_gateway.config.files import FilesConfig
from teleinfo_gateway.forwarding import Row, TargetError
from teleinfo_gateway.history.periods import local_day, midnight
from teleinfo_gateway.outputs.files.day import DamagedError, Day, kept_files
from teleinfo_gateway.outputs.files.lines import Kind

__all__ = ["FilesTarget"]

log = logging.getLogger(__name__)

_TIDY_S = 3600.0
_LATE_S = 3600
"""After midnight, rows of the day before may still come."""

_DAYS_AT_ONCE = 7  # a clock that is years ahead for an hour costs a week

_WORDS = {
    errno.ENOENT: "there is no such folder: make it, or is its disk not mounted?",
    errno.ENOTDIR: "this is no folder",
    errno.EACCES: "it may not be written: give it to the user that runs the gateway",
    errno.EPERM: "it may not be written: give it to the user that runs the gateway",
    errno.EROFS: "it is read-only: for a service of systemd, name it in ReadWritePaths=",
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "this user has no more room there: free some space",
    errno.EWOULDBLOCK: "another program writes these files: one gateway has one folder",
}


class FilesTarget:
    """Appends rows to the file of their legal day; packs and lets go the files of days before.

    What is there already is not written again, whatever crash came between.
    """

    in_order = True

    def __init__(self, config: FilesConfig) -> None:
        self._config = config
        self._folder = Path(config.folder)
        self._newest = 0  # time of a row, in unix seconds
        self._tidy_s: float | None = None

    @property
    def address(self) -> str:
        """The folder."""
        return self._config.folder

    def send(self, rows: Sequence[Row]) -> None:
        """Return when all rows are on the disk; raises :class:`TargetError`."""
        by_file: defaultdict[tuple[Kind, date], list[Row]] = defaultdict(list)
        for row in rows:
            by_file[row.kind, local_day(row.ts)].append(row)
        try:
            for (kind, day), those in by_file.items():
                Day(self._folder, kind, day, self._config.format).append(those)
        except DamagedError as error:
            raise TargetError(str(error)) from error
        except OSError as error:
            raise TargetError(f"{self._folder}: {_words(error)}") from error
        # A row that is dated ahead, by a clock that was wrong, makes nothing old.
        self._newest = min(rows[-1].ts, int(time.time()))
        self._tidy()

    def close(self) -> None:
        """No file is open between two calls."""

    def _tidy(self) -> None:
        """Pack and let go, now and then; what fails is tried again at the next time."""
        now_s = time.monotonic()
        if self._tidy_s is not None and now_s - self._tidy_s < _TIDY_S:
            return
        self._tidy_s = now_s
        try:
            if self._config.keep_days is not None:
                self._let_go(local_day(self._newest) - timedelta(days=self._config.keep_days))
            if self._config.compress:
                self._compress()
        except OSError as error:
            log.warning("files: older files of %s stay as they are: %s", self._folder, error)

    def _let_go(self, first: date) -> None:
        old = (file for file in kept_files(self._folder) if file.day < first)
        days = groupby(old, key=lambda file: file.day)
        for _, (_, files) in zip(range(_DAYS_AT_ONCE), days, strict=False):
            for file in files:
                file.path.unlink()

    def _compress(self) -> None:
        for file in kept_files(self._folder):
            over = midnight(file.day + timedelta(days=1)) + _LATE_S <= self._newest
            if over and not file.compressed:
                file.compress()


def _words(error: OSError) -> str:
    number = error.errno or errno.EIO
    return _WORDS.get(number, os.strerror(number))
