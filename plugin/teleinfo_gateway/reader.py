"""A device to decoded items: opens the port and follows the speed of the line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NoReturn, Protocol

from teleinfo_gateway.sources import Source, SourceError, has_speed, open_source
from teleinfo_gateway.speeds import SpeedSearch
from tic import Decoder, Item, Mode

_TICK_S = 1.0


class Listener(Protocol):
    """Who reads a line; times are monotonic."""

    def opened(self, now_s: float) -> None:
        """The port is open."""
        raise NotImplementedError

    def heard(self, items: Sequence[Item], now_s: float) -> None:
        """Bytes came, and completed these items, perhaps none."""
        raise NotImplementedError

    def tick(self, now_s: float) -> None:
        """About a second has passed."""
        raise NotImplementedError


class LineReader:
    """Reads one device for a listener; ``mode`` ``None`` finds speed and mode by content."""

    def __init__(self, device: str, mode: Mode | None, listener: Listener) -> None:
        self.decoder = Decoder(mode)
        self.speeds = SpeedSearch(mode)
        self._device = device
        self._listener = listener
        self._fault: asyncio.Future[SourceError] | None = None  # of the listener

    async def read(self) -> NoReturn:
        """Read until the port cannot be opened or goes away: raises ``SourceError``.

        What the listener raises on hearing bytes comes out here too.
        """
        self._fault = asyncio.get_running_loop().create_future()
        while True:
            self.decoder.close()  # what was begun before belongs to another stream
            source = await open_source(self._device, self.speeds.baudrate, self._receive)
            try:
                self.speeds.listen(time.monotonic())
                self._listener.opened(time.monotonic())
                await self._watch(source, self._fault)
            finally:
                source.close()
            self.speeds.turn()

    async def _watch(self, source: Source, fault: asyncio.Future[SourceError]) -> None:
        """Return when another speed must be tried."""
        searching = has_speed(self._device)
        while not source.gone.done():
            await asyncio.wait(
                {source.gone, fault}, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED
            )
            if fault.done():
                fault.result()
            now_s = time.monotonic()
            self._listener.tick(now_s)
            if searching and self.speeds.exhausted(now_s):
                return
        raise source.gone.result()

    def _receive(self, data: bytes) -> None:
        now_s = time.monotonic()
        before = self.decoder.statistics.groups  # those outside a frame prove the speed as well
        items = self.decoder.feed(data)
        self.speeds.heard(len(data), self.decoder.statistics.groups - before, now_s)
        try:
            self._listener.heard(items, now_s)
        except Exception as error:  # noqa: BLE001  # a callback of the loop: read() raises it
            if self._fault is not None and not self._fault.done():
                self._fault.set_exception(error)
