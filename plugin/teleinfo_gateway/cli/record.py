"""``teleinfo record``: the bytes of a line in a file, with their times."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

import click

from teleinfo_gateway.cli._common import mode_option
from teleinfo_gateway.cli._recorder import Recorder
from teleinfo_gateway.recording import RecordingError
from teleinfo_gateway.sources import SourceError

__all__ = ["record"]


@click.command(epilog="Example: teleinfo record /dev/ttyUSB0 fault.ticrec --seconds 60")
@click.argument("device")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@mode_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    help="When to end; otherwise Ctrl-C or SIGTERM ends it.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def record(device: str, file: Path, mode: str, seconds: float | None, *, force: bool) -> None:
    """Keep every byte heard on DEVICE in FILE, and when it came.

    DEVICE is a port such as /dev/ttyUSB0, socket://host:port or udp://address:port. If it goes away
    the recording waits for it. FILE is made when DEVICE is open; what is in it stays readable
    whatever happens.
    """
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists: choose another name, or --force replaces it")
    with closing(_File(file, force=force)) as output:
        recorder = Recorder(device, mode, output.write)
        click.echo(f"Recording {device} in {file}; Ctrl-C ends.", err=True)
        try:
            asyncio.run(recorder.run(seconds))
            output.secure()
        except SourceError as error:
            raise click.ClickException(str(error)) from error
        except RecordingError as error:
            raise click.ClickException(f"{error}. Kept: {recorder.summary()}") from error
    click.echo(f"{file}: {recorder.summary()}.", err=True)


class _File:
    """A file that is made at the first byte; every method may raise :class:`RecordingError`.

    Nothing is held back: a program that is killed leaves all it heard to the kernel.
    """

    def __init__(self, path: Path, *, force: bool) -> None:
        self._path = path
        self._flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
        self._descriptor = -1

    def write(self, data: bytes) -> None:
        """Append."""
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, self._flags, 0o666)
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise RecordingError(f"{self._path}: {error.strerror}") from error

    def secure(self) -> None:
        """Wait until all of it is on the disk."""
        try:
            if self._descriptor >= 0:
                os.fsync(self._descriptor)
        except OSError as error:
            raise RecordingError(f"{self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Harmless if nothing was written."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
