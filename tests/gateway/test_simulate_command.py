"""The terminal of a simulated meter, and ``teleinfo simulate``: real ptys, a real process."""

import asyncio
import os
import select
import signal
import stat
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo
from teleinfo_gateway.simulation import (
    Installation,
    SimulatedLine,
    SimulatedMeter,
    SimulationError,
    simulated_meters,
)
from tic import Decoder, Frame, FrameKind, Mode

START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
WAIT_S = 20


def meter_of(mode=Mode.STANDARD, **kind):
    return SimulatedMeter(Installation(mode=mode, **kind), START)


class Reader:
    """What comes from a terminal, with the instant at which each piece came."""

    def __init__(self, path):
        self.terminal = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.pieces = []

    @property
    def data(self):
        return b"".join(data for _, data in self.pieces)

    async def read(self, size):
        """Read until ``size`` bytes are there."""
        loop, enough = asyncio.get_running_loop(), asyncio.Event()

        def take():
            self.pieces.append((loop.time(), os.read(self.terminal, 4096)))
            if len(self.data) >= size:
                enough.set()

        loop.add_reader(self.terminal, take)
        try:
            await asyncio.wait_for(enough.wait(), WAIT_S)
        finally:
            loop.remove_reader(self.terminal)
        return self.data

    def close(self):
        os.close(self.terminal)


@contextmanager
def reader_of(path):
    reader = Reader(path)
    try:
        yield reader
    finally:
        reader.close()


def heard(data):
    """The frames in ``data``, of which nothing but its end may be missing."""
    decoder = Decoder()
    frames = [item for item in decoder.feed(data) if isinstance(item, Frame)]
    assert not decoder.statistics.refused
    assert not decoder.statistics.frames[FrameKind.PARTIAL]
    return frames


# --- the terminal --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
async def test_whole_frames_arrive_byte_for_byte(mode):
    async with SimulatedLine(meter_of(mode), speed=50) as line:
        with reader_of(line.path) as reader:
            data = await reader.read(5000)
    assert data.startswith(b"\x02")
    frames = heard(data)
    assert len(frames) >= 4
    assert {frame.meter for frame in frames} == {line.meter.installation.identity}


async def test_bytes_come_at_the_speed_of_the_line():
    begin_s = asyncio.get_running_loop().time()
    async with SimulatedLine(meter_of(), speed=20) as line:
        with reader_of(line.path) as reader:
            await reader.read(10_000)
    # 960 bytes/s, less the silences, times 20: a busy machine may be late, never early.
    size = 0
    for at_s, data in reader.pieces:
        size += len(data)
        assert size <= 960 * 20 * (at_s - begin_s)
    assert reader.pieces[-1][0] - begin_s < 5


async def test_the_meters_clock_runs_at_the_speed_of_the_line():
    async with SimulatedLine(meter_of(), speed=50) as line:
        with reader_of(line.path) as reader:
            frames = heard(await reader.read(20_000))
    told = [int(frame.groups[2].horodate[-4:]) for frame in frames]  # minutes and seconds
    assert told[0] == 5000
    assert told[-1] - told[0] == pytest.approx(len(told) * 0.926, abs=2)  # 865 bytes and a gap


@pytest.mark.parametrize("canonical", [False, True])
async def test_a_terminal_nobody_reads_blocks_nothing_and_forgets_the_past(canonical):
    async with SimulatedLine(meter_of(), speed=400) as line:
        if canonical:
            wait_for_whole_frames(line.path)
        await asyncio.sleep(0.5)  # in which it would say many times what a terminal holds
        with reader_of(line.path) as reader:
            frames = heard_late(await reader.read(9000))
    seconds = int(frames[0].groups[2].horodate[-4:]) - 5000
    assert seconds > 10


def wait_for_whole_frames(path):
    """Make the terminal hand out nothing before ETX, as a reader of many meters may want."""
    terminal = os.open(path, os.O_RDONLY | os.O_NOCTTY)
    attributes = termios.tcgetattr(terminal)
    attributes[3] |= termios.ICANON
    attributes[6][termios.VEOL] = b"\x03"
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    os.close(terminal)


def heard_late(data):
    """Frames after an overrun; the one that it cut is not whole."""
    items = Decoder().feed(data)
    return [item for item in items if isinstance(item, Frame) and item.kind is FrameKind.LONG]


async def test_what_a_reader_writes_does_not_come_back():
    async with SimulatedLine(meter_of(), speed=50) as line:
        terminal = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(terminal, b"hello\n")
        finally:
            os.close(terminal)
        with reader_of(line.path) as reader:
            assert heard(await reader.read(3000))


async def test_two_meters_share_a_loop():
    house, workshop = simulated_meters(START)
    async with SimulatedLine(house, speed=30) as one, SimulatedLine(workshop, speed=30) as other:
        with reader_of(one.path) as first, reader_of(other.path) as second:
            await asyncio.gather(first.read(3000), second.read(1500))
    assert heard(first.data)[0].mode is Mode.STANDARD
    assert heard(second.data)[0].mode is Mode.HISTORIQUE


# --- the link ------------------------------------------------------------------------------


async def test_a_link_leads_to_the_terminal_and_is_removed(tmp_path):
    link = tmp_path / "linky"
    async with SimulatedLine(meter_of(), link) as line:
        assert str(link.readlink()) == line.path
        assert stat.S_ISCHR(link.stat().st_mode)
    assert not link.is_symlink()


@pytest.mark.parametrize("target", ["/dev/pts/999999", "nowhere"])
async def test_a_link_left_behind_is_replaced(tmp_path, target):
    link = tmp_path / "linky"
    link.symlink_to(target)
    async with SimulatedLine(meter_of(), link) as line:
        assert str(link.readlink()) == line.path


async def test_a_link_to_another_terminal_is_replaced_and_theirs_is_not_removed(tmp_path):
    link = tmp_path / "linky"
    async with SimulatedLine(meter_of(), link):
        async with SimulatedLine(meter_of(), link) as later:
            assert str(link.readlink()) == later.path
            link.unlink()
            link.symlink_to("/dev/null")
        assert link.is_symlink()


async def test_a_file_or_a_link_to_one_is_never_replaced(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("kept")
    link.symlink_to(file)
    for path in (file, link):
        with pytest.raises(SimulationError, match="is no link to a terminal"):
            await SimulatedLine(meter_of(), path).__aenter__()
    assert link.read_text() == "kept"


async def test_a_link_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(SimulationError, match="No such file or directory"):
        await SimulatedLine(meter_of(), tmp_path / "no" / "linky").__aenter__()


# --- the command ---------------------------------------------------------------------------


@contextmanager
def running(*arguments):
    """``teleinfo simulate`` as a process; killed if the test did not end it."""
    program = "from teleinfo_gateway.cli.simulate import simulate; simulate()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def first_line(process):
    ready, _, _ = select.select([process.stdout], [], [], WAIT_S)
    assert ready
    return process.stdout.readline().rstrip("\n")


def read_until(path, wanted):
    """Read from a terminal until ``wanted`` whole frames were heard."""
    terminal = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    decoder, frames = Decoder(), []
    end = time.monotonic() + WAIT_S
    try:
        while len(frames) < wanted and time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                items = decoder.feed(os.read(terminal, 4096))
                frames += [item for item in items if isinstance(item, Frame)]
    finally:
        os.close(terminal)
    assert not decoder.statistics.refused
    return frames


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_a_path_where_frames_are_heard_and_ends_on_a_signal(tmp_path, number):
    link = tmp_path / "linky"
    with running("--mode", "standard", "--speed", 5, "--link", link) as process:
        assert first_line(process) == str(link)
        frames = read_until(link, 3)
        assert {frame.meter for frame in frames} == {"002164000001"}
        process.send_signal(number)
        rest, said = process.communicate(timeout=WAIT_S)
    assert (process.returncode, rest) == (0, "")
    assert f"teleinfo listen {link}" in said
    assert not link.is_symlink()


def test_without_a_link_the_path_is_that_of_the_terminal():
    with running("--phases", "3", "--tariff", "tempo", "--overload", "--speed", 10) as process:
        path = first_line(process)
        assert path.startswith("/dev/pts/")
        kinds = {frame.kind for frame in read_until(path, 25)}
        assert kinds >= {FrameKind.LONG, FrameKind.SHORT, FrameKind.INTERRUPTED}
        process.terminate()
        assert process.wait(WAIT_S) == 0


def test_a_historique_producer_is_refused_as_wrong_use():
    result = CliRunner().invoke(teleinfo, ["simulate", "--producer", "--mode", "historique"])
    assert result.exit_code == 2
    assert "standard mode" in result.stderr
    assert result.stdout == ""


def test_a_link_in_the_way_is_said_and_nothing_is_printed(tmp_path):
    file = tmp_path / "file"
    file.write_text("kept")
    result = CliRunner().invoke(teleinfo, ["simulate", "--link", str(file)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(file) in result.stderr
    assert Path(file).read_text() == "kept"


def test_help_has_an_example():
    result = CliRunner().invoke(teleinfo, ["simulate", "--help"])
    assert result.exit_code == 0
    assert "Example: teleinfo simulate" in result.stdout
