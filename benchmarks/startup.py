"""From the start of the program to its first teleinfo.basic, the meter already sending.

The starts are spread over the length of a frame: the rest of the one in progress is lost, then two
whole frames must agree on the meter's address.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

from gateway_process import GatewayProcess, XplEar, devices, speaking_lines, xpl_only
from table import Table

from teleinfo_gateway.simulation import Installation, SimulatedMeter, Tariff
from tic import Mode

_STARTS = 6
_PATIENCE_S = 20.0


def run() -> Table:
    return Table(
        "First message after the start, s",
        ("mode", "one frame", "median", "longest", "starts"),
        [_row(mode) for mode in (Mode.STANDARD, Mode.HISTORIQUE)],
        ("The mode is in the configuration: a pty has no speed to be searched.",),
    )


def _row(mode: Mode) -> tuple[str, ...]:
    frame_s = _frame_s(mode)
    starts_s = []
    with speaking_lines(1, mode) as paths:
        for number in range(_STARTS):
            time.sleep(frame_s * number / _STARTS)  # the one before ended with a frame
            starts_s.append(_start_s(paths[0], mode))
    figures = (frame_s, statistics.median(starts_s), max(starts_s))
    return (mode.value, *(f"{each:.1f}" for each in figures), str(_STARTS))


def _frame_s(mode: Mode) -> float:
    """How long a frame of the simulated meter is on the line."""
    meter = SimulatedMeter(Installation(mode=mode, tariff=Tariff.HC), datetime.now(UTC))
    return len(meter.frame(meter.start)) * meter.installation.byte_s


def _start_s(path: str, mode: Mode) -> float:
    with XplEar() as ear:
        begin_s = time.perf_counter()
        with GatewayProcess({"devices": devices([path], mode), **xpl_only(ear)}) as gateway:
            if ear.hear_basic(_PATIENCE_S) is None:
                raise gateway.silent("teleinfo.basic")
            return time.perf_counter() - begin_s
