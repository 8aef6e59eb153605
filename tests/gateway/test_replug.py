"""Adapters that are pulled out, put back, renamed, or that hang: real ptys behind a stable name."""

import asyncio
import gc
import itertools
import logging
import os
import termios
import threading
import time
import tracemalloc
import tty
from contextlib import suppress
from pathlib import Path

import pytest

from teleinfo_gateway import meter as meter_module
from teleinfo_gateway import reader
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.statuses import LinkState
from tic import Group, encode_frame

FRAME = encode_frame(
    [Group("ADCO", "021528603314"), Group("BASE", "000012345"), Group("PAPP", "00500")]
)
RECOVERY_S = 2.0


class Adapter:
    """A port with a name that outlives it, as udev makes one; a new device at each plugging-in."""

    def __init__(self, folder):
        self.path = str(folder / "teleinfo")
        self.names = set()
        self.master = -1

    def plug_in(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        self.names.add(name)
        os.close(slave)
        os.set_blocking(self.master, False)
        new = Path(f"{self.path}.new")
        new.symlink_to(name)
        new.rename(self.path)

    def unplug(self):
        """The link may be gone before the device or after it; here, after."""
        if self.master >= 0:
            os.close(self.master)
            os.unlink(self.path)  # noqa: PTH108  # a str
            self.master = -1

    def say(self, data):
        with suppress(BlockingIOError):  # nobody has read for long
            os.write(self.master, data)

    async def heard_by(self, meter):
        """Say a frame again and again until it is believed; gives the seconds that it took."""
        began_s = time.monotonic()
        async with asyncio.timeout(20):
            while meter.link.state is not LinkState.OK:
                self.say(FRAME)
                await asyncio.sleep(0.001)
        return time.monotonic() - began_s


@pytest.fixture
def adapter(tmp_path):
    it = Adapter(tmp_path)
    yield it
    it.unplug()


@pytest.fixture
async def start(bus):
    """The function that starts a meter on a device."""
    started = []

    def begin(device, **settings):
        started.append(Meter(DeviceConfig(name="house", device=device, **settings), bus))
        started[-1].start()
        return started[-1]

    yield begin
    for each in started:
        await each.stop()


async def lost(meter, until):
    await until(lambda: meter.link.state is LinkState.NO_PORT)


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def kept_since_started():
    """The bytes that the gateway and what it runs on keep; what measures coverage grows, too."""
    gc.collect()
    ours = ("teleinfo_gateway", "tic", "serial", "asyncio", "logging")
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, f"*/{package}/*") for package in ours]
    )
    tracemalloc.stop()
    return sum(trace.size for trace in snapshot.traces)


# --- unplugged and put back


@pytest.mark.timeout(180)
async def test_a_thousand_times_unplugged_and_read_again_without_growth(
    start, adapter, until, monkeypatch
):
    """The first wait is cut short, so that a thousand take no minute; the others are real."""
    monkeypatch.setattr(meter_module, "_RETRY_S", (0.002, *meter_module._RETRY_S))
    meter = start(adapter.path)
    slowest_s, at_first = 0.0, None
    for cycle in range(1000):
        adapter.plug_in()
        slowest_s = max(slowest_s, await adapter.heard_by(meter))
        adapter.unplug()
        await lost(meter, until)
        if cycle == 100:  # everything that is made once is made by now
            gc.collect()
            tracemalloc.start()
            at_first = descriptors(), threading.active_count()
    await asyncio.sleep(0.05)  # the last thread that opened a port
    grown = kept_since_started()
    assert slowest_s < RECOVERY_S
    assert meter.address == "021528603314"
    assert (descriptors(), threading.active_count()) <= at_first
    assert grown < 50_000


@pytest.mark.parametrize("absent_s", [0.0, 0.4, 2.5])
async def test_whatever_the_absence_it_is_read_within_two_seconds(start, adapter, until, absent_s):
    """With the real waits, of which the last one is kept for ever."""
    meter = start(adapter.path)
    adapter.plug_in()
    await adapter.heard_by(meter)
    adapter.unplug()
    await lost(meter, until)
    since = meter.link_since
    await asyncio.sleep(absent_s)
    adapter.plug_in()
    assert await adapter.heard_by(meter) < RECOVERY_S
    assert meter.link_since > since


async def test_a_device_that_comes_back_under_another_name_is_followed(start, adapter, until):
    """The old one is still held by somebody, so that its name is not free."""
    meter = start(adapter.path)
    adapter.plug_in()
    await adapter.heard_by(meter)
    holds = os.open(os.readlink(adapter.path), os.O_RDWR | os.O_NOCTTY)  # noqa: PTH115  # a str
    adapter.unplug()
    await lost(meter, until)
    adapter.plug_in()
    await adapter.heard_by(meter)
    os.close(holds)
    assert len(adapter.names) == 2
    assert meter.address == "021528603314"


async def test_each_change_has_its_time(start, adapter, bus, until):
    told = bus.subscribe()
    meter = start(adapter.path)
    await lost(meter, until)
    adapter.plug_in()
    await adapter.heard_by(meter)
    adapter.unplug()
    await lost(meter, until)
    events = [e for e in told._items if isinstance(e, Event) and e.kind is EventKind.LINK]
    assert [event.value for event in events] == ["no-port", "searching", "ok", "no-port"]
    times = [event.time for event in events]
    assert times == sorted(times)
    assert meter.link_since == times[-1]


async def test_the_advice_is_to_plug_it_in(start, adapter, until):
    meter = start(adapter.path)
    await lost(meter, until)
    assert meter.quality(time.monotonic()).advice.startswith("unplugged")
    adapter.plug_in()
    await adapter.heard_by(meter)
    assert meter.quality(time.monotonic()).advice == ""


# --- adapters that hang


@pytest.mark.parametrize("settings", [{}, {"mode": "historique"}, {"mode": "standard"}])
async def test_a_port_that_gives_nothing_is_opened_anew(
    start, adapter, until, monkeypatch, settings
):
    """Also with a fixed mode, where there is no other speed to try."""
    monkeypatch.setattr(reader, "_TICK_S", 0.01)
    monkeypatch.setattr(reader, "_HUNG_S", 0.1)
    adapter.plug_in()
    meter = start(adapter.path, **settings)
    opened = []
    monkeypatch.setattr(meter, "opened", opened.append)
    await until(lambda: len(opened) >= 3)
    assert meter.link.state is LinkState.SEARCHING
    assert min(b - a for a, b in itertools.pairwise(opened)) > 0.1


async def test_a_port_that_talks_is_left_open(start, adapter, until, monkeypatch):
    monkeypatch.setattr(reader, "_TICK_S", 0.01)
    monkeypatch.setattr(reader, "_HUNG_S", 0.2)
    adapter.plug_in()
    meter = start(adapter.path, mode="historique")
    await adapter.heard_by(meter)
    opened = []
    monkeypatch.setattr(meter, "opened", opened.append)
    for _ in range(10):
        adapter.say(b"x")  # whatever it says
        await asyncio.sleep(0.05)
    assert not opened


def end_of_file(master):
    """Let the next read of the other end return nothing though there was something to read.

    As a driver does whose adapter is gone or hangs. A terminal does it in canonical mode at ^D.
    """
    settings = termios.tcgetattr(master)
    settings[3] |= termios.ICANON
    settings[6][termios.VEOF] = b"\x04"
    termios.tcsetattr(master, termios.TCSANOW, settings)
    os.write(master, b"\x04")


async def test_endless_empty_reads_neither_spin_nor_flood_the_log(start, adapter, until, caplog):
    caplog.set_level(logging.DEBUG)
    adapter.plug_in()
    meter = start(adapter.path)
    tries = []
    opened = meter.opened
    meter.opened = lambda now_s: (tries.append(now_s), opened(now_s), end_of_file(adapter.master))
    spent_s, began_s = time.process_time(), time.monotonic()
    await until(lambda: len(tries) >= 6)
    lasted_s = time.monotonic() - began_s
    assert lasted_s > 2  # after the first tries one a second
    assert time.process_time() - spent_s < 0.2 * lasted_s
    assert meter.link.state is LinkState.NO_PORT
    told = [r.getMessage() for r in caplog.records if r.name.startswith("teleinfo_gateway")]
    assert told == [
        f"meter house: no-port ({adapter.path}: the port does not answer: was it unplugged?)"
    ]
    meter.opened = opened
    await adapter.heard_by(meter)


async def test_a_server_that_hangs_up_at_once_is_not_besieged(start, until, caplog):
    caplog.set_level(logging.DEBUG)
    visits = []

    async def hang_up(_, writer):
        visits.append(time.monotonic())
        writer.write(b"\r\n")  # bytes alone are no success
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1")
    async with server:
        start(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await until(lambda: len(visits) >= 6)
    assert visits[-1] - visits[0] > 2
    told = [r for r in caplog.records if r.name.startswith("teleinfo_gateway")]
    assert len(told) <= 12


async def test_a_contact_that_is_loose_for_ever_does_not_flood_the_log(
    start, adapter, until, caplog, monkeypatch
):
    monkeypatch.setattr(meter_module, "_RETRY_S", (0.002,))
    caplog.set_level(logging.DEBUG)
    meter = start(adapter.path)
    for _ in range(30):
        adapter.plug_in()
        await adapter.heard_by(meter)
        adapter.unplug()
        await lost(meter, until)
    told = [r for r in caplog.records if r.name.startswith("teleinfo_gateway")]
    assert len(told) == 10


async def test_a_fault_of_ours_that_returns_with_every_frame_neither_spins_nor_floods(
    start, adapter, until, caplog, monkeypatch
):
    adapter.plug_in()
    meter = start(adapter.path)
    await adapter.heard_by(meter)
    faults = []

    def fail(frame, now_s):
        faults.append(now_s)
        raise ValueError("a fault of ours")

    monkeypatch.setattr(meter, "_take_frame", fail)
    began_s = time.monotonic()

    def again():
        adapter.say(FRAME)
        return len(faults) >= 5

    await until(again)
    assert time.monotonic() - began_s > 1
    assert 1 <= caplog.text.count("Traceback") <= 10
