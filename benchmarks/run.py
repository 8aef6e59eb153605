"""Every benchmark, one table each, or only those named: ``python benchmarks/run.py latency``."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import import_module
from pathlib import Path

NAMES = (
    *("decoding", "noise", "latency", "startup", "memory", "many_meters"),
    *("history", "history_writes", "page", "mqtt", "mqtt_load", "mqtt_memory"),
    "forwarding",
)


def machine() -> str:
    """What the figures depend on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith(("model name", "Model"))
    ]
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{models[0] if models else 'unknown processor'}, {os.cpu_count()} cores, "
        f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}, "
        f"Linux {platform.release()}; load {load}"
    )


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in NAMES]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(machine())
    begin_s = time.monotonic()
    for name in names or NAMES:
        print(f"\n{import_module(name).run()}", flush=True)
    print(f"\n{time.monotonic() - begin_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
