"""Bytes in at a pty, datagrams out: what the gateway says of every capture, byte for byte.

Each capture is played three times, as a meter repeats itself (an address counts once two frames in
a row told it, and two captures hold less than one frame). The line's clock is the number of
characters sent, so that interval and repetition are those of a real line, however slow the machine.

To write the golden files again after a change that is meant, then read what became of them::

    MAKE_GOLDEN=1 .venv/bin/pytest tests/gateway/test_golden.py
"""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from xpl import Message

CAPTURES = Path(__file__).parents[1] / "captures"
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in CAPTURES.glob("*.tic"))
MAKE = "MAKE_GOLDEN" in os.environ

TIMES = 3
INTERVAL_S = 2
BITS = 10  # a character on the line


def baudrate(name):
    return 9600 if "std" in name and "histo" not in name else 1200


def pieces(data):
    """As it comes on a line: a frame at a time."""
    return [piece for piece in re.split(rb"(?<=[\x03\x04])", data) if piece]


class LineClock:
    """Tells the time by what the line has carried; starts where a machine's clock may be."""

    def __init__(self, baudrate):
        self._character_s = BITS / baudrate
        self.now_s = 1_000_000.0

    def carry(self, data):
        self.now_s += len(data) * self._character_s

    def monotonic(self):
        return self.now_s


@pytest.fixture
def play(manager, line, ears, until, monkeypatch):
    """The function that plays a capture and gives the datagrams that the gateway sent."""

    async def played(name):
        clock = LineClock(baudrate(name))
        monkeypatch.setattr(
            "teleinfo_gateway.outputs.xpl.output.time", SimpleNamespace(monotonic=clock.monotonic)
        )
        running = manager(line, interval=INTERVAL_S, instance="golden")
        meter, output = running.meter("house"), running.outputs["xpl"]
        await until(lambda: output.state()["sent"])  # its first heartbeat
        await line.opened(meter)
        for piece in pieces((CAPTURES / f"{name}.tic").read_bytes() * TIMES):
            clock.carry(piece)
            await line.send(piece)
            await until(lambda: meter.statistics.bytes == line.sent)
            await until(lambda: not output._subscription._items)
        await running.stop()
        return [data for data in ears.heard() if b"hbeat." not in data]

    return played


@pytest.mark.parametrize("name", NAMES)
async def test_what_a_capture_becomes_on_the_network(name, play):
    datagrams = await play(name)
    for datagram in datagrams:
        assert Message.decode(datagram).encode() == datagram
    said = b"".join(datagrams)
    golden = GOLDEN / f"{name}.xpl"
    if MAKE:
        golden.write_bytes(said)
    assert said.decode() == golden.read_bytes().decode()


def test_every_golden_file_has_its_capture():
    assert sorted(path.stem for path in GOLDEN.glob("*.xpl")) == NAMES
