"""The pty behind which a simulated meter speaks, at the speed of a real line."""

import asyncio
import fcntl
import os
import struct
import termios
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.line_faults import LineFaults
from teleinfo_gateway.simulation.meter import SimulatedMeter
from teleinfo_gateway.simulation.terminal import make_link, make_raw, remove_link

__all__ = ["SimulatedLine"]

_GAP_S = 0.025  # silence between two frames: 16.7 to 33.4 ms (Enedis-NOI-CPT_54E)
_TICK_S = 0.04
"""Time between two writes. A wake-up costs more than its bytes: this often, a hundred meters on one
loop take some percent of a core, and a reader still sees a frame arrive in twenty pieces."""
_TICK_BYTES = 1024  # at high speed; a quarter of what a terminal holds
_TERMINAL_BYTES = 4095
"""What a Linux terminal holds for its reader; beyond, its queues hold four times as much."""


class SimulatedLine:
    """A terminal on which ``meter`` speaks while the ``async with`` block lasts.

    ``path`` is the terminal; ``link``, if given, becomes a symbolic link to it and is removed at
    the end. It may replace a link that leads nowhere or to another terminal, nothing else:
    :class:`SimulationError`. ``speed`` multiplies both the pace of the line and that of the
    meter's clock, so that frames stay consistent: a day passes in 86400 / ``speed`` seconds. Where
    the machine is too slow for it, simulated time slows down; no byte is left out. ``faults`` says
    what becomes of the bytes on their way.

    Nothing here blocks: what nobody reads is dropped, as on a real line.
    """

    def __init__(
        self,
        meter: SimulatedMeter,
        link: Path | None = None,
        speed: float = 1.0,
        faults: LineFaults | None = None,
    ) -> None:
        self.meter = meter
        self.link = link
        self.speed = speed
        self.path = ""
        self._faults = faults or LineFaults({})
        self._pending = b""  # of the frame in progress
        self._sent_s = 0.0  # how far the line is, in simulated seconds since the meter's start
        self._origin_s = 0.0  # of the loop's clock, when the line was at 0

    async def __aenter__(self) -> Self:
        try:
            self._master, self._slave = os.openpty()
        except OSError as error:
            raise SimulationError(f"no pseudo-terminal: {error.strerror}") from error
        make_raw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        if self.link is not None:
            try:
                make_link(self.link, self.path)
            except BaseException:
                self._close()
                raise
        self._loop = asyncio.get_running_loop()
        self._origin_s = self._loop.time()
        self._timer: asyncio.Handle = self._loop.call_soon(self._tick)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self.link is not None:
            remove_link(self.link, self.path)
        self._close()

    def _close(self) -> None:
        # The slave end was kept open: without it a write fails whenever no reader is there.
        os.close(self._slave)
        os.close(self._master)

    def _tick(self) -> None:
        """Send what the line would have carried since the last time."""
        byte_s = self.meter.installation.byte_s  # a meter can switch its mode
        tick_s = min(_TICK_S, _TICK_BYTES * byte_s / self.speed)
        self._timer = self._loop.call_later(tick_s, self._tick)
        due_s = (self._loop.time() - self._origin_s) * self.speed
        most_s = 2 * _TICK_BYTES * byte_s
        if due_s - self._sent_s > most_s:  # late: the clock of the simulation waits
            self._origin_s += (due_s - self._sent_s - most_s) / self.speed
            due_s = self._sent_s + most_s
        self._write(self._faults.damage(self._spoken(due_s)))

    def _spoken(self, due_s: float) -> bytes:
        """The bytes of the line from where it is until ``due_s``."""
        spoken = bytearray()
        while True:
            if not self._pending:
                if self._sent_s + _GAP_S > due_s:
                    return bytes(spoken)
                self._sent_s += _GAP_S
                begin = self.meter.start + timedelta(seconds=self._sent_s)
                self._pending = self.meter.frame(begin)
            byte_s = self.meter.installation.byte_s
            count = min(int((due_s - self._sent_s) / byte_s), len(self._pending))
            if count == 0 and self._pending:
                return bytes(spoken)
            spoken += self._pending[:count]
            self._pending = self._pending[count:]
            self._sent_s += count * byte_s

    def _write(self, data: bytes) -> None:
        """Send ``data``. A terminal that is full forgets everything instead.

        Who reads at last then hears the meter of now, not that of an hour ago.
        """
        waiting = struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4)))[0]
        try:
            full = waiting >= _TERMINAL_BYTES or os.write(self._master, data) < len(data)
        except BlockingIOError:
            full = True
        if full:
            termios.tcflush(self._slave, termios.TCIFLUSH)
