"""Processor and memory for many meters on ptys, decoded and broadcast: 100, or as many as told.

``python benchmarks/many_meters.py 500`` measures another number.
"""

from __future__ import annotations

import sys

from gateway_process import GatewayProcess, XplEar, devices, speaking_lines, xpl_only
from table import Table

from tic import Mode

_WARM_UP_S = 10.0  # ports are opened, every meter is believed
_MEASURED_S = 20.0


def run(count: int = 100) -> Table:
    rows = [_row(count, mode) for mode in (Mode.STANDARD, Mode.HISTORIQUE)]
    return Table(
        f"{count} meters on ptys, bytes in pieces of 16, interval 1 s",
        ("mode", "% of a core", "messages/s", "CPU ms/message", "resident, MB"),
        rows,
        ("Standard lines run at 9600 bit/s, historique ones at 1200. The writer is not counted.",),
    )


def _row(count: int, mode: Mode) -> tuple[str, ...]:
    with (
        speaking_lines(count, mode) as paths,
        XplEar() as ear,
        GatewayProcess({"devices": devices(paths, mode), **xpl_only(ear)}) as gateway,
    ):
        ear.count(_WARM_UP_S)
        before_s = gateway.cpu_s
        heard = ear.count(_MEASURED_S)
        spent_s = gateway.cpu_s - before_s
        if heard == 0:
            raise gateway.silent("teleinfo.basic")
        return (
            mode.value,
            f"{spent_s / _MEASURED_S * 100:.1f}",
            f"{heard / _MEASURED_S:.0f}",
            f"{spent_s / heard * 1000:.2f}",
            f"{gateway.resident.all_mb:.1f}",
        )


if __name__ == "__main__":
    print(run(int(sys.argv[1])))
