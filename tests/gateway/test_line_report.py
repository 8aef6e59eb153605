"""What is told of a line's quality, and where: the API, the log, ``listen``; real ptys."""

import asyncio
import fcntl
import logging
import threading
import time

import pytest

from teleinfo_gateway import meter as meter_module
from teleinfo_gateway import reader
from teleinfo_gateway.cli import listen as listen_module
from teleinfo_gateway.cli.status import _row
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.link import Link
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.sources import port
from teleinfo_gateway.sources.threads import in_thread
from teleinfo_gateway.statuses import LinkState, Status
from teleinfo_gateway.web.representation import meter_states
from tic import Group, encode_frame

FRAME = encode_frame(
    [Group("ADCO", "021528603314"), Group("BASE", "000012345"), Group("PAPP", "00500")]
)
BAD = FRAME.replace(b"00500", b"00501")  # its checksum is wrong
HIT = FRAME.replace(b"00500", b"00\x0000")  # a byte of wrong parity
EOT = FRAME[:-1] + b"\x04"


@pytest.fixture
def quick(monkeypatch):
    """The clock of the reader, quicker."""
    monkeypatch.setattr(reader, "_TICK_S", 0.01)


@pytest.fixture
async def start(bus):
    """The function that starts a meter on a wire."""
    started = []

    def begin(line, **settings):
        started.append(Meter(DeviceConfig(name="house", device=line.path, **settings), bus))
        started[-1].start()
        return started[-1]

    yield begin
    for each in started:
        await each.stop()


# --- the API


async def test_the_api_tells_the_quality_of_a_line(manager, line, until):
    gateway = manager(line)
    house = gateway.meter("house")
    await line.opened(house)
    await line.send(FRAME * 7 + BAD + HIT + EOT)
    await until(lambda: house.statistics.bytes == line.sent)
    [told] = meter_states(gateway)
    assert (told.groups, told.parity_hits, told.eots, told.overruns) == (28, 1, 1, None)
    assert told.refused == {"checksum": 1, "parity": 1}
    assert told.error_rate == {"1": 0.0667, "15": 0.0667, "60": 0.0667}
    assert told.bytes_per_second > 0
    assert told.advice == ""


async def test_before_anything_is_heard_rates_are_not_known(manager, line):
    [told] = meter_states(manager(line))
    assert told.error_rate == {"1": None, "15": None, "60": None}
    assert (told.bytes_per_second, told.overruns, told.advice) == (0.0, None, "")


async def test_an_advice_is_told_while_the_meter_is_read(manager, line, quick, until):
    gateway = manager(line)
    house = gateway.meter("house")
    await line.opened(house)
    await line.send(FRAME * 8 + BAD * 8)
    await until(lambda: meter_states(gateway)[0].advice)
    told = meter_states(gateway)[0]
    assert told.advice == "weak signal: check the wires"
    assert _row(told)[-1] == told.advice
    await house.stop()
    assert meter_states(gateway)[0].advice == ""


async def test_status_tells_the_advice_or_what_the_link_says(manager, line, tmp_path, until):
    missing = DeviceConfig(name="missing", device=str(tmp_path / "nothing"))
    gateway = manager(line, missing)
    await until(lambda: gateway.meter("missing").link.state is LinkState.NO_PORT)
    house, absent = meter_states(gateway)
    assert _row(house)[-1] == ""
    assert absent.advice.startswith("unplugged")
    assert _row(absent)[-1] == absent.link_detail  # it names the port as well


async def test_bytes_that_the_kernel_lost_are_counted_over_every_opening(
    start, line, quick, until, monkeypatch
):
    """Only the driver's counters are replaced: a pty has none."""
    really, lost = fcntl.ioctl, [1000]

    def ioctl(descriptor, request, *arguments):
        if request != port.termios.TIOCGICOUNT:
            return really(descriptor, request, *arguments)
        return port._COUNTERS.pack(*[77] * 7, lost[0], 77, 77, 5, *[77] * 9)

    monkeypatch.setattr(port.fcntl, "ioctl", ioctl)
    monkeypatch.setattr(reader, "_HUNG_S", 0.2)
    house = start(line, mode="historique")
    opened = []
    monkeypatch.setattr(house, "opened", opened.append)

    def overruns():
        return house.quality(time.monotonic()).overruns

    await until(lambda: overruns() == 0)
    lost[0] += 3
    await until(lambda: overruns() == 3)
    seen = len(opened)
    await until(lambda: len(opened) > seen)
    lost[0] += 4
    await until(lambda: overruns() == 7)


# --- the log


@pytest.fixture
def told(caplog, monkeypatch, quick):
    """The function that gives the lines of the log; advice is looked for all the time."""
    monkeypatch.setattr(meter_module, "_ADVICE_EVERY_S", 0.05)
    caplog.set_level(logging.INFO, "teleinfo_gateway.meter")
    return lambda: [record.getMessage() for record in caplog.records]


async def test_an_advice_is_logged_once_with_its_figure(start, line, told, until):
    house = start(line)
    await line.opened(house)
    await line.send(FRAME * 10 + BAD * 10)
    await until(lambda: len(told()) >= 2)
    for _ in range(20):
        await line.send(FRAME + BAD)
        await asyncio.sleep(0.02)
    assert told()[0] == "meter house: ok"
    assert len(told()) == 2
    assert told()[1].startswith("meter house: weak signal: check the wires (1")
    assert told()[1].endswith("% of the groups refused in a minute)")


async def test_what_the_link_told_is_not_told_again_as_advice(
    start, line, told, until, capture, tmp_path
):
    house = start(line)
    await line.opened(house)
    await line.send(capture("synthetic-histo-veille-adco-only"))
    await until(lambda: house.link.state is LinkState.STANDBY)
    await asyncio.sleep(0.3)
    assert house.quality(time.monotonic()).advice in house.link.detail
    assert len(told()) == 1


# --- a driver that hangs


async def test_a_driver_that_hangs_costs_one_thread_however_long(start, line, until, monkeypatch):
    """Only the blocking call is replaced: no driver here can be made to hang."""
    free, really, calls = threading.Event(), port._open, []

    def hang(*arguments):
        calls.append(arguments)
        free.wait(20)
        return really(*arguments)

    monkeypatch.setattr(port, "_open", hang)
    monkeypatch.setattr(port, "OPEN_TIMEOUT_S", 0.05)
    house = start(line)
    await until(lambda: house._tries >= 4)
    assert "did not open" in house.link.detail
    assert len(calls) == 1
    free.set()
    monkeypatch.setattr(port, "_open", really)
    await line.opened(house)
    await until(lambda: house.link.state is LinkState.SEARCHING)


async def test_a_meter_that_is_stopped_and_started_at_once_does_not_think_its_driver_hangs(
    start, line, until
):
    house = start(line)
    for _ in range(20):
        await asyncio.sleep(0)
        await house.stop()
        house.start()
    await line.opened(house)
    await line.send(FRAME * 3)
    await until(lambda: house.link.state is LinkState.OK)
    assert house.status is Status.ALIVE


async def test_a_port_that_opens_in_the_moment_of_giving_up_is_closed():
    closed = []
    opening = asyncio.create_task(in_thread("open it", lambda: "port", closed.append))
    await asyncio.sleep(0)
    for thread in threading.enumerate():
        if thread.name == "open it":
            thread.join(5)
    asyncio.get_running_loop().call_soon(opening.cancel)  # behind the result, which waits there
    await asyncio.gather(opening, return_exceptions=True)
    assert opening.cancelled()
    assert closed == ["port"]


# --- teleinfo listen


class Silence:
    def opened(self, now_s): ...

    def tick(self, now_s): ...

    def heard(self, items, now_s): ...


def test_the_condition_of_a_line_is_told_in_one_line():
    line = LineReader("/dev/teleinfo", None, Silence())
    link = Link(lambda *_: None, 0.0)
    now_s = time.monotonic()
    assert listen_module.condition(line, link, now_s) == (
        "0 bytes/s, 0 EOT, refused in 1, 15, 60 min: -, -, -"
    )
    line._receive(FRAME * 9 + BAD * 9 + EOT)
    line._quality.overruns = 0
    assert listen_module.condition(line, link, now_s + 30) == (
        "35 bytes/s, 1 EOT, 0 overruns, refused in 1, 15, 60 min: 15.8%, 15.8%, 15.8%. "
        "weak signal: check the wires"
    )


async def test_in_a_pipe_the_condition_goes_to_standard_error(
    teleinfo, line, talking, until, monkeypatch, capsys
):
    program = await teleinfo("listen", line.path)
    await program.line("Listening on")
    talking(line, FRAME + BAD)
    said = await program.line("bytes/s")
    assert "weak signal: check the wires" in said


async def test_without_an_advice_it_comes_once_a_minute(line, talking, monkeypatch, capsys, until):
    """In this process, so that the minute can be made short."""
    monkeypatch.setattr(listen_module, "_CONDITION_EVERY_S", 0.3)
    talking(line, FRAME)
    task = asyncio.create_task(listen_module._listen(line.path, listen_module._Heard(None)))
    said, began_s = [], time.monotonic()
    await until(lambda: said.append(capsys.readouterr().err) or "".join(said).count("bytes/s") >= 3)
    assert time.monotonic() - began_s > 0.9
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
