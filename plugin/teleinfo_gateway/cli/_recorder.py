"""What the commands that record share: a reader of a device that keeps what it hears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.recording import RecordingWriter
from teleinfo_gateway.service import stop_signal
from teleinfo_gateway.sources import SourceError, has_speed
from tic import Item, Mode, Statistics

__all__ = ["Recorder"]

_RETRY_S = 1.0


class Recorder:
    """Reads a device and gives the bytes of a recording to ``write`` as things happen.

    A port that goes away is awaited; the recording keeps the gap.
    """

    def __init__(self, device: str, mode: str, write: Callable[[bytes], object]) -> None:
        self._device = device
        self._has_speed = has_speed(device)
        self._reader = LineReader(device, None if mode == "auto" else Mode(mode), self)
        self._writer = RecordingWriter()
        self._write = write
        self._begin_s: float | None = None
        self._lost = False

    @property
    def statistics(self) -> Statistics:
        """What was heard."""
        return self._reader.decoder.statistics

    def opened(self, now_s: float) -> None:
        """The port is open."""
        self._begin_s = now_s if self._begin_s is None else self._begin_s
        baudrate = self._reader.speeds.baudrate if self._has_speed else None
        self._write(self._writer.opened(now_s, baudrate))
        if self._lost:
            self._lost = False
            click.echo(f"{self._device} is back: the recording goes on.", err=True)

    def heard(self, items: Sequence[Item], now_s: float) -> None:  # noqa: ARG002  # the interface
        """Bytes came."""
        self._write(self._writer.received(now_s, self._reader.received))

    def tick(self, now_s: float) -> None:
        """Nothing to do: silence is the time between two records."""

    async def run(self, seconds: float | None) -> None:
        """Record for so long or until a signal.

        Raises :class:`SourceError` if the device cannot be opened at first, and what ``write``
        raises.
        """
        reading = asyncio.create_task(self._read())
        stopped = asyncio.create_task(stop_signal().wait())
        try:
            done, _ = await asyncio.wait(
                {reading, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            reading.cancel()
            stopped.cancel()
            await asyncio.gather(reading, stopped, return_exceptions=True)
        if reading in done:
            reading.result()

    async def _read(self) -> NoReturn:
        while True:
            try:
                await self._reader.read()
            except SourceError as error:
                if self._begin_s is None:
                    raise
                if not self._lost:
                    self._lost = True
                    click.echo(f"{error} (the recording waits for it)", err=True)
                await asyncio.sleep(_RETRY_S)

    def summary(self) -> str:
        """How much was heard, in one line."""
        lasted_s = 0.0 if self._begin_s is None else time.monotonic() - self._begin_s
        heard = self.statistics
        return (
            f"{heard.bytes} bytes of the line in {lasted_s:.0f} s: {heard.frames.total()} frames, "
            f"{heard.refused.total()} groups refused"
        )
