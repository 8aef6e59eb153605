"""Simulated meters on ptys at the speed of a line: ``line_writer.py COUNT MODE``.

A process of its own, so that what it costs is not counted as the gateway's. Prints the path of
each pty, then writes until it is killed. The bytes come in pieces of 16, as from the FIFO of a
serial port, and the meters take turns: a reader gains nothing by several being ready at once.
"""

from __future__ import annotations

import os
import sys
import termios
import time
import tty
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle

from teleinfo_gateway.simulation import Installation, SimulatedMeter, Tariff
from tic import Mode

PIECE = 16
_SPREAD = 60  # pieces' time within which the meters begin: about one standard frame
_GAP_PIECES = {Mode.HISTORIQUE: 1, Mode.STANDARD: 2}  # silence between frames, in pieces' time


def pieces(meter: SimulatedMeter) -> Iterator[bytes]:
    """What the meter says, each piece taking the same time on the line; empty: silence."""
    byte_s = meter.installation.byte_s
    at = meter.start
    yield from [b""] * (meter.installation.seed % _SPREAD)
    while True:
        frame = meter.frame(at)
        for begin in range(0, len(frame), PIECE):
            yield frame[begin : begin + PIECE]
        gap = _GAP_PIECES[meter.installation.mode]
        at += timedelta(seconds=(len(frame) + gap * PIECE) * byte_s)
        yield from [b""] * gap


def open_lines(count: int) -> list[tuple[int, int]]:
    """Master and slave of so many raw ptys; the slave stays open, or writing would fail."""
    lines = []
    for _ in range(count):
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        lines.append((master, slave))
    return lines


def write(master: int, slave: int, piece: bytes) -> None:
    """Send; a terminal that nobody reads forgets what it holds."""
    try:
        if os.write(master, piece) == len(piece):
            return
    except BlockingIOError:
        pass
    termios.tcflush(slave, termios.TCIFLUSH)


def main(count: int, mode: Mode) -> None:
    start = datetime.now(UTC)
    meters = [
        SimulatedMeter(Installation(mode=mode, tariff=Tariff.HC, seed=seed), start)
        for seed in range(1, count + 1)
    ]
    lines = open_lines(count)
    for _, slave in lines:
        print(os.ttyname(slave), flush=True)
    step_s = PIECE * meters[0].installation.byte_s / count
    due_s = time.monotonic()
    for (master, slave), speech in cycle(
        list(zip(lines, [pieces(meter) for meter in meters], strict=True))
    ):
        if (early_s := due_s - time.monotonic()) > 0:
            time.sleep(early_s)
        due_s += step_s
        if piece := next(speech):
            write(master, slave, piece)


if __name__ == "__main__":
    main(int(sys.argv[1]), Mode(sys.argv[2]))
