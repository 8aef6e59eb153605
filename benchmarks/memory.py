"""Resident memory of the gateway with one meter: xPL alone, and everything there is."""

from __future__ import annotations

import subprocess
import sys
import time
from http.client import HTTPConnection
from tempfile import TemporaryDirectory

from gateway_process import (
    GatewayProcess,
    Resident,
    XplEar,
    devices,
    free_port,
    resident_of,
    speaking_lines,
    stop,
    xpl_only,
)
from table import Table

from tic import Mode

_RUN_S = 15.0
_PAGES = (
    "/api/status",
    "/api/meters",
    "/api/sensors",
    "/api/openapi.json",
    "/api/energy?grain=day",
)
_REQUESTS = 25  # of each page


def run() -> Table:
    found = {"python alone": _python()}
    with speaking_lines(1, Mode.STANDARD) as paths:
        meter = devices(paths, Mode.STANDARD)
        found["xPL only"] = _xpl_only(meter)
        found["xPL, embedded hub, HTTP API, history"] = _everything(meter)
    return Table(
        f"Resident memory with one meter after {_RUN_S:.0f} s, MB",
        ("", "all", "own"),
        [(name, f"{each.all_mb:.1f}", f"{each.own_mb:.1f}") for name, each in found.items()],
        ("10^6 bytes; all: VmRSS, with libraries; own: RssAnon, what no other process shares.",),
    )


def _python() -> Resident:
    """The interpreter, waiting for its input."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        if process.stdout is not None:
            process.stdout.readline()
        try:
            return resident_of(process.pid)
        finally:
            stop(process)


def _xpl_only(meter: list[dict[str, object]]) -> Resident:
    with XplEar() as ear, GatewayProcess({"devices": meter, **xpl_only(ear)}) as gateway:
        if ear.count(_RUN_S) < 2:
            raise gateway.silent("teleinfo.basic")
        return gateway.resident


def _everything(meter: list[dict[str, object]]) -> Resident:
    hub, web = free_port(), free_port()
    settings: dict[str, object] = {
        "devices": meter,
        "xpl": {"interface": "lo", "port": hub, "hub": "always"},
        "web": {"listen": f"127.0.0.1:{web}"},
    }
    with TemporaryDirectory() as folder:
        settings["history"] = {"path": f"{folder}/history.db"}
        with GatewayProcess(settings) as gateway:
            time.sleep(_RUN_S)
            for page in _PAGES * _REQUESTS:
                connection = HTTPConnection("127.0.0.1", web, timeout=5)
                connection.request("GET", page)
                if connection.getresponse().status != 200:
                    raise gateway.silent(page)
                connection.close()
            return gateway.resident
