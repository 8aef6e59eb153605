"""From the last byte of a frame to the xPL datagram, through a pty and UDP on lo.

Each frame changes its tariff period, so that each is published at once. All but its last bytes are
written first; the clock starts when the rest is written and stops when the datagram is here, in
this process: the kernel's two wake-ups are part of the figure.
"""

from __future__ import annotations

import os
import statistics
import time

from frames import groups_of, in_period, write_frame
from gateway_process import GatewayProcess, XplEar, devices, xpl_only
from line_writer import open_lines
from table import Table

from teleinfo_gateway.simulation import Installation, Tariff
from tic import Mode, encode_frame

_SAMPLES = 1000
_QUIET_S = 0.005  # between two writes: the gateway sleeps when the next one comes
_FIRST_S = 10.0


def run() -> Table:
    rows = [(mode.value, *_measured(mode)) for mode in Mode]
    return Table(
        "Latency from the last byte to the datagram, ms",
        ("mode", "median", "99 %", "longest", "frames"),
        rows,
        (f"frames: {_SAMPLES} are sent in each mode; one without a message is missing here.",),
    )


def _measured(mode: Mode) -> tuple[str, ...]:
    samples_ms = sorted(_samples_ms(mode))
    percentiles = statistics.quantiles(samples_ms, n=100)
    figures = (percentiles[49], percentiles[98], samples_ms[-1])
    return (*(f"{each:.2f}" for each in figures), str(len(samples_ms)))


def _samples_ms(mode: Mode) -> list[float]:
    frames = _frames(mode)
    (master, slave), *_ = open_lines(1)
    with XplEar() as ear:
        settings = {"devices": devices([os.ttyname(slave)], mode), **xpl_only(ear)}
        with GatewayProcess(settings) as gateway:
            _until_heard(gateway, ear, master, frames)
            latencies = [_latency_ms(ear, master, frames[at % 2]) for at in range(_SAMPLES)]
    os.close(master)
    os.close(slave)
    return [each for each in latencies if each is not None]


def _frames(mode: Mode) -> tuple[bytes, bytes]:
    """Two frames of one meter that differ in their tariff period."""
    groups = groups_of(Installation(mode=mode, tariff=Tariff.HC))
    first, second = (encode_frame(in_period(groups, period)) for period in (1, 2))
    return first, second


def _until_heard(
    gateway: GatewayProcess, ear: XplEar, master: int, frames: tuple[bytes, bytes]
) -> None:
    """Speak until the gateway has opened the port and believes the meter; end with the second."""
    until_s = time.monotonic() + _FIRST_S
    while time.monotonic() < until_s:
        os.write(master, frames[1])
        if ear.hear_basic(0.1) is not None:
            return
    raise gateway.silent("teleinfo.basic")


def _latency_ms(ear: XplEar, master: int, frame: bytes) -> float | None:
    begin_s = write_frame(master, frame, _QUIET_S)
    heard = ear.hear_basic(1.0)
    latency_ms = (time.perf_counter() - begin_s) * 1000
    return None if heard is None else latency_ms
