"""The files of one day and kind, which take every row once.

A day has one file. Only what comes after it was compressed, or from a version with other columns,
begins another: ``readings-2026-01-14.csv.gz``, ``readings-2026-01-14.2.csv``.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import BinaryIO

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.outputs.files.lines import FORMATS, Kind, key_of

__all__ = ["DamagedError", "Day", "KeptFile", "kept_files"]

_TAIL = 1 << 20
"""Bytes at the end of a file in which a row is looked for that comes again: what was written last,
a thousand rows at most."""

_NAME = re.compile(
    r"(readings|labels|events)-([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.[0-9]+)?\.(?:csv|jsonl)(\.gz)?"
)
_MODE = 0o640  # who is at home and who is not can be read in them
_GZ = ".gz"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that an output like this one has written."""

    path: Path
    day: date
    compressed: bool

    def compress(self) -> None:
        """Put a compressed file in its place; at any moment one of them is whole."""
        target = self.path.with_name(self.path.name + _GZ)
        if not target.exists():
            unfinished = target.with_name(target.name + ".tmp")
            try:
                with self.path.open("rb") as plain, unfinished.open("wb") as file:
                    os.fchmod(file.fileno(), _MODE)
                    with gzip.GzipFile(self.path.name, "wb", fileobj=file) as packed:
                        shutil.copyfileobj(plain, packed)
                    _sync(file)
            except OSError:  # half of it would take the room that rows need
                unfinished.unlink(missing_ok=True)
                raise
            unfinished.rename(target)
            _sync_folder(target.parent)
        self.path.unlink()


def kept_files(folder: Path) -> Iterator[KeptFile]:
    """Every file of a folder that has the name of one of ours, the oldest day first."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name.partition("-")[2]):
        if found := _NAME.fullmatch(path.name):
            with suppress(ValueError):  # no day of any year
                day = date.fromisoformat(found[2])
                yield KeptFile(path, day, compressed=found[3] is not None)


class DamagedError(GatewayError):
    """A compressed file of a day cannot be read, so that nobody knows which rows it has."""


class Day:
    """The files of rows of one kind whose legal day is ``day``."""

    def __init__(self, folder: Path, kind: Kind, day: date, format_: str) -> None:
        self._folder = folder
        self._kind = kind
        self._begin = f"{kind}s-{day}"
        self._suffix = f".{format_}"
        self._format = FORMATS[format_]

    def append(self, rows: Sequence[Row]) -> None:
        """Write what is not there yet; it is on the disk then.

        Raises OSError, as if it had not, and :class:`DamagedError`.
        """
        lines = {key_of(line): line for line in map(self._format.line, rows)}
        for number in count(1):
            path = self._folder / f"{self._begin}{f'.{number}' * (number > 1)}{self._suffix}"
            packed = path.with_name(path.name + _GZ)
            if packed.exists():
                _drop_known(lines, _packed_tail(packed))
                continue
            if not lines:
                return
            with open(path, "ab+", buffering=0, opener=_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = self._mend(file)
                _drop_known(lines, _tail(file))
                if is_ours:
                    self._write(file, lines.values())
                    return

    def _mend(self, file: BinaryIO) -> bool:
        """Cut off what a crash left of a line; whether these columns are the ones of the file."""
        head = self._format.head(self._kind)
        file.seek(0)
        begin = file.read(len(head))
        if begin != head:
            if not head.startswith(begin.partition(b"\0")[0]):  # a power cut leaves zeros
                return False
            file.truncate(0)
        size = os.fstat(file.fileno()).st_size
        end = size - len(head)
        tail = _tail(file)[-end:] if end > 0 else b""
        whole = tail
        while whole and not (
            whole.endswith(b"\n") and self._format.is_whole(_last_line(whole), self._kind)
        ):
            whole = whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]
        if len(whole) < len(tail):
            file.truncate(size - len(tail) + len(whole))
        return True

    def _write(self, file: BinaryIO, lines: Collection[bytes]) -> None:
        if not lines:
            return
        size = os.fstat(file.fileno()).st_size
        if not size:
            os.fchmod(file.fileno(), _MODE)  # a service may be told to create nothing so readable
        data = memoryview(b"".join([b"" if size else self._format.head(self._kind), *lines]))
        try:
            while data:
                data = data[file.write(data) :]
            _sync(file)
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise
        if not size:
            _sync_folder(self._folder)


def _tail(file: BinaryIO) -> bytes:
    """The end of a file, from the beginning of a line or from within one."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
    return file.read(_TAIL)


def _packed_tail(path: Path) -> bytes:
    tail = b""
    try:
        with gzip.open(path) as file:
            while piece := file.read(_TAIL):
                tail = (tail + piece)[-_TAIL:]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedError(f"{path}: this file is damaged: move it out of its folder") from error
    return tail


def _drop_known(lines: dict[bytes, bytes], tail: bytes) -> None:
    """Forget what stands at the end of a file already; ``lines`` have the keys of their rows."""
    for line in tail.split(b"\n"):
        lines.pop(key_of(line), None)


def _last_line(lines: bytes) -> bytes:
    return lines[lines[:-1].rfind(b"\n") + 1 :]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _MODE)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
