"""Decoding one frame, against the Python packages of the package index that can.

Each is given what suits it best, from memory, and the rounds of all are interleaved so that a busy
machine disturbs them alike. The best round counts.

What each verifies: ``tic`` checksum, size, characters and enumerations of each label, horodates;
``teleinfo`` and ``enedis-tic`` the checksum, ``enedis-tic`` also horodates.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

from table import Table
from teleinfo import Parser
from teleinfo.base_vendor import BASE_vendor

from tic import Decoder, Frame, Group

_CAPTURES = Path(__file__).parents[1] / "tests" / "captures"
_FRAMES = {
    "historique, single-phase, HC": "histo-hc-mono-l16c6",
    "historique, single-phase, Tempo": "histo-tempo-mono-linky",
    "standard, single-phase": "std-base-mono-conso",
    "standard, three-phase": "std-base-tri-conso",
}
_REPEATED = 200  # frames in a round
_ROUNDS = 40
_PIECE = 16  # what a serial adapter hands over at a time

Round = Callable[[], object]
_frames = re.compile(rb"\x02[^\x02-\x04]*\x03").findall


class _PortVendor(BASE_vendor):
    """As the package reads its serial ports: one ``read(1)`` per character, here from memory."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def read_char(self) -> str:
        return self._file.read(1).decode("ascii")


class _TextVendor(BASE_vendor):
    """The least a vendor can cost: the next character of a text."""

    def __init__(self, data: bytes) -> None:
        self.read_char = iter(data.decode("ascii")).__next__


def _tic(pieces: Sequence[bytes]) -> int:
    """Groups read; this one counts them, the peers fill dictionaries."""
    decoder = Decoder()
    return sum(
        len(item.groups) for piece in pieces for item in decoder.feed(piece) if type(item) is Frame
    )


def _teleinfo(vendor: type[BASE_vendor], frames: Sequence[bytes]) -> int:
    parser = Parser(vendor(b"\x02" + b"".join(frames)))  # it skips to the first STX, twice
    return sum(len(parser.get_frame()) for _ in frames)


def _enedis_tic(frames: Sequence[bytes]) -> int:
    from enedis_tic.link_layer import FrameFactory  # noqa: PLC0415  # may not be installed

    return sum(len(FrameFactory(frame.decode("ascii")).to_dict()) for frame in frames)


def _candidates(frames: Sequence[bytes]) -> dict[str, Round]:
    stream = b"".join(frames)
    pieces = [stream[at : at + _PIECE] for at in range(0, len(stream), _PIECE)]
    return {
        "tic": partial(_tic, frames),
        "tic, 16 bytes at a time": partial(_tic, pieces),
        "teleinfo 1.3.1, read(1)": partial(_teleinfo, _PortVendor, frames),
        "teleinfo 1.3.1, iterator": partial(_teleinfo, _TextVendor, frames),
        "enedis-tic 0.2.0": partial(_enedis_tic, frames),
    }


def _load(name: str) -> list[bytes]:
    """Frames of a capture, as many as a round needs."""
    whole = _frames((_CAPTURES / f"{name}.tic").read_bytes())
    return (whole * _REPEATED)[:_REPEATED]


def _expected(frames: Sequence[bytes]) -> int:
    decoder = Decoder(partial=True)
    return sum(type(item) is Group for frame in frames for item in decoder.feed(frame))


def _reads_all(candidate: Round, groups: int) -> bool:
    try:
        return candidate() == groups
    except Exception:  # noqa: BLE001  # whatever a peer raises, it has not read the frame
        return False


def _best_us(candidates: dict[str, Round]) -> dict[str, float]:
    """Best time per frame of each, in microseconds, over interleaved rounds."""
    best = dict.fromkeys(candidates, float("inf"))
    for _ in range(_ROUNDS):
        for name, candidate in candidates.items():
            begin = time.perf_counter()
            candidate()
            best[name] = min(best[name], (time.perf_counter() - begin) / _REPEATED * 1e6)
    return best


def run() -> Table:
    logging.getLogger("teleinfo").setLevel(logging.CRITICAL)  # one line for each frame it refuses
    rows = []
    for title, capture in _FRAMES.items():
        frames = _load(capture)
        groups = _expected(frames)
        candidates = _candidates(frames)
        able = {name: each for name, each in candidates.items() if _reads_all(each, groups)}
        best = _best_us(able)
        rows.append((f"{title} ({groups // len(frames)} groups)", "", ""))
        for name in candidates:
            us = best.get(name)
            cells = ("not read", "") if us is None else (f"{us:.1f}", f"{us / best['tic']:.2f}")
            rows.append((f"  {name}", *cells))
    return Table(
        "Decoding one frame, best of interleaved rounds",
        ("", "us/frame", "times tic"),
        rows,
        (
            "not read: not installed, an error, or groups missing; teleinfo knows historique only.",
            "read(1): as it reads a serial port; iterator: the least that its interface costs.",
            "enedis-tic: its decoder alone, given whole frames as text.",
        ),
    )
