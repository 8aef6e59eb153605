"""A device to decoded items: opens the port and follows the speed of the line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NoReturn, Protocol

from teleinfo_gateway.quality import Quality, QualityMeter
from teleinfo_gateway.sources import (
    Source,
    SourceError,
    Trouble,
    has_speed,
    open_source,
    way_of,
)
from teleinfo_gateway.speeds import SpeedSearch
from teleinfo_gateway.statuses import LinkState
from tic import Decoder, Item, Mode

_TICK_S = 1.0

_HUNG_S = 30.0
"""Without a single byte for so long an adapter, or a server, may hang: the port is opened anew."""


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
        self.decoder = Decoder(mode, partial=True)
        self.speeds = SpeedSearch(mode)
        self.received = b""  # the bytes behind what the listener hears
        self._device = device
        self._has_speed = has_speed(device)
        self._listener = listener
        self._quality = QualityMeter(self.decoder.statistics, time.monotonic(), way_of(device))
        self._byte_s = 0.0  # when the last byte came, or the port was opened
        self._fault: asyncio.Future[SourceError] | None = None  # of the listener

    def quality(self, link: LinkState, now_s: float, trouble: Trouble | None = None) -> Quality:
        """How good the line is, and what to do about it."""
        baudrate = self.speeds.baudrate if self._has_speed else None
        searches = self._has_speed and self.speeds.searches
        return self._quality.report(
            link, now_s, trouble=trouble, baudrate=baudrate, searches=searches
        )

    async def read(self) -> NoReturn:
        """Read until the port cannot be opened or goes away: raises ``SourceError``.

        What the listener raises on hearing bytes comes out here too.
        """
        self._fault = asyncio.get_running_loop().create_future()
        self._quality.restart(time.monotonic())
        while True:
            self.decoder.close()  # what was begun before belongs to another stream
            source = await open_source(self._device, self.speeds.baudrate, self._receive)
            try:
                self._byte_s = time.monotonic()
                self.speeds.listen(self._byte_s)
                self._listener.opened(self._byte_s)
                await self._watch(source, self._fault)
            finally:
                source.close()

    async def _watch(self, source: Source, fault: asyncio.Future[SourceError]) -> None:
        """Return when the port must be opened anew, perhaps at another speed."""
        before = self._quality.overruns or 0
        while True:
            await asyncio.wait(
                {source.gone, fault}, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED
            )
            if fault.done():
                fault.result()
            if source.gone.done():
                raise source.gone.result()
            now_s = time.monotonic()
            if (lost := source.overruns) is not None:
                self._quality.overruns = before + lost
            self._quality.tick(now_s)
            self._listener.tick(now_s)
            if self._has_speed and self.speeds.exhausted(now_s):
                self.speeds.turn()
                return
            if now_s - self._byte_s > _HUNG_S:
                return

    def _receive(self, data: bytes) -> None:
        now_s = self._byte_s = time.monotonic()
        self.received = data
        before = self.decoder.statistics.groups  # those outside a frame prove the speed as well
        items = self.decoder.feed(data)
        self.speeds.heard(len(data), self.decoder.statistics.groups - before, now_s)
        try:
            self._listener.heard(items, now_s)
        except Exception as error:  # noqa: BLE001  # a callback of the loop: read() raises it
            if self._fault is not None and not self._fault.done():
                self._fault.set_exception(error)
