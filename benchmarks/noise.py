"""100 MB of noise through the decoder: no exception, no growth of memory, how fast."""

from __future__ import annotations

import random
import time

from gateway_process import resident_of
from table import Table

from tic import Decoder

_READ = 4096  # bytes in one feed, as the gateway reads
_MB = 1_003_520  # in whole reads
_SETTLED_MB = 3  # by then every buffer has its size
_KINDS = (
    ("8 bits", 80, bytes(range(256))),
    ("7 bits", 20, bytes(byte & 0x7F for byte in range(256))),
)


def run() -> Table:
    return Table(
        "Noise through tic.Decoder",
        ("", "MB", "MB/s", "growth, MB", "refused", "believed"),
        [_row(*kind) for kind in _KINDS],
        (
            f"growth: of the resident memory since the first {_SETTLED_MB} MB, at its highest.",
            "refused: pieces of noise that stood where a group may; believed: taken for a group.",
        ),
    )


def _row(name: str, size_mb: int, mask: bytes) -> tuple[str, ...]:
    source = random.Random(20261122)  # noqa: S311  # the same noise each time
    decoder = Decoder(partial=True)
    spent_s = 0.0
    resident = []
    for _ in range(size_mb):
        for _ in range(_MB // _READ):
            noise = source.randbytes(_READ).translate(mask)
            begin_s = time.perf_counter()
            decoder.feed(noise)
            spent_s += time.perf_counter() - begin_s
        resident.append(resident_of("self").all_mb)
    seen = decoder.statistics
    return (
        name,
        str(size_mb),
        f"{size_mb / spent_s:.0f}",
        f"{max(resident) - resident[_SETTLED_MB - 1]:.2f}",
        f"{sum(seen.refused.values()):,}",
        f"{seen.groups:,}",
    )
