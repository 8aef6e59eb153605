"""One meter on a real pty: what it believes, and what happens to its line."""

import asyncio
import logging
import os
import termios
import time
from itertools import pairwise

import pytest

from teleinfo_gateway import link, reader
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.sources import port
from teleinfo_gateway.statuses import LinkState, Status
from tic import FrameKind, Group, Mode, encode_frame

HISTORIQUE = "histo-hc-mono-l16c6"
STANDARD = "std-base-tri-conso"
ADCO = "021528603314"
ANNOUNCED = {EventKind.OVERLOAD, EventKind.TARIFF, EventKind.TOMORROW, EventKind.PEAK}


def frame(*groups, address=ADCO):
    return encode_frame([Group("ADCO", address), *(Group(*group) for group in groups)])


class Heard:
    """Everything that one listener of the bus heard."""

    def __init__(self, bus):
        self._subscription = bus.subscribe()

    @property
    def items(self):
        return list(self._subscription._items)

    @property
    def readings(self):
        return [item for item in self.items if isinstance(item, Reading)]

    def events(self, kind):
        return [item for item in self.items if isinstance(item, Event) and item.kind is kind]


@pytest.fixture
def heard(bus):
    return Heard(bus)


@pytest.fixture
async def meter(bus, heard, device):
    """The function that starts a meter on a wire, or on another device."""
    started = []

    async def start(on, **settings):
        config = device(on, **settings)
        started.append(Meter(config, bus))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
def quick(monkeypatch):
    """The clock of the reader, quicker: what is waited for are seconds of silence."""
    monkeypatch.setattr(reader, "_TICK_S", 0.01)


# --- what it believes


async def test_a_frame_becomes_a_reading(meter, line, heard, capture, until):
    house = await meter(line)
    await line.opened(house)
    await line.send(capture(HISTORIQUE))
    await until(lambda: len(heard.readings) == 4)  # the first of five says who it is
    reading = heard.readings[0]
    assert (reading.meter, reading.address) == ("house", ADCO)
    assert (reading.mode, reading.kind, reading.complete) == (
        Mode.HISTORIQUE,
        FrameKind.LONG,
        True,
    )
    assert reading.time.tzinfo is not None
    assert reading.values == reading.historique
    assert reading.values["HCHP"] == "002035628"
    assert house.sensors["HCHP"].last_value == "002035628"
    assert (house.address, house.mode) == (ADCO, Mode.HISTORIQUE)
    assert house.link.state is LinkState.OK
    assert house.statistics.groups == 55


async def test_a_standard_frame_tells_the_historique_labels_too(meter, line, heard, capture, until):
    house = await meter(line)
    await line.opened(house)
    await line.send(capture(STANDARD))
    await until(lambda: heard.readings)
    reading = heard.readings[0]
    assert reading.mode is Mode.STANDARD
    assert "SINSTS1" in reading.values
    assert "ADCO" not in reading.values
    assert reading.historique["ADCO"] == reading.values["ADSC"] == reading.address
    assert reading.historique["IINST3"] == reading.values["IRMS3"]
    await until(lambda: house.statistics.bytes == line.sent)
    assert house.sensors["PAPP"].last_value == heard.readings[-1].historique["PAPP"]


async def test_a_reading_that_lost_a_group_is_not_complete(meter, line, heard, until):
    house = await meter(line)
    await line.opened(house)
    whole = frame(("PTEC", "HP.."), ("PAPP", "00500"))
    await line.send(whole + whole + whole.replace(b"00500", b"00501"))  # its checksum is wrong
    await until(lambda: len(heard.readings) == 2)
    assert [reading.complete for reading in heard.readings] == [True, False]
    assert "PAPP" not in heard.readings[1].values


async def test_a_label_that_contradicts_itself_is_left_out_and_has_not_ended(
    meter, line, heard, until
):
    house = await meter(line)
    await line.opened(house)
    overload = frame(("ADIR1", "024"), ("IINST1", "024"))
    await line.send(overload * 2 + frame(("ADIR1", "024"), ("ADIR1", "025"), ("IINST1", "025")))
    await until(lambda: len(heard.readings) == 2)
    doubtful = heard.readings[1]
    assert "ADIR1" not in doubtful.values
    assert not doubtful.complete
    assert house.sensors["ADIR1"].last_value == "024"


async def test_nothing_is_told_of_a_meter_in_standby_but_that_it_is(
    meter, line, heard, capture, until
):
    house = await meter(line)
    await line.opened(house)
    await line.send(capture("synthetic-histo-veille-adco-only"))
    await until(lambda: house.link.state is LinkState.STANDBY)
    assert "ask Enedis" in house.link.detail
    assert house.address == house.sensors["ADCO"].last_value
    assert not heard.readings


async def test_nothing_is_told_of_a_meter_without_an_address(meter, line, heard, capture, until):
    house = await meter(line)
    await line.opened(house)
    await line.send(capture("histo-hc-mono-masked"))
    await until(lambda: house.statistics.bytes == line.sent)
    assert house.statistics.groups
    assert not heard.readings
    assert house.link.state is LinkState.SEARCHING


async def test_after_an_exchange_nothing_of_the_other_meter_is_left(
    meter, line, heard, until, caplog
):
    house = await meter(line)
    await line.opened(house)
    await line.send(frame(("HCHP", "009999999"), ("PAPP", "00500")) * 2)
    await until(lambda: heard.readings)
    await line.send(frame(("BASE", "000000001"), address="061961361253") * 3)
    await until(lambda: house.statistics.bytes == line.sent)
    seen = {sensor.reference: sensor.last_value for sensor in house.sensors.seen()}
    assert seen == {"adco": "061961361253", "base": "000000001"}
    assert "exchange, 021528603314 -> 061961361253" in caplog.text


async def test_after_an_exchange_the_other_meter_announces_nothing_as_new(
    meter, line, heard, until
):
    house = await meter(line)
    await line.opened(house)
    await line.send(frame(("PTEC", "HPJB"), ("DEMAIN", "----")) * 2)
    await until(lambda: heard.readings)
    await line.send(frame(("PTEC", "HCJR"), ("DEMAIN", "ROUG"), address="061961361253") * 3)
    await until(lambda: house.statistics.bytes == line.sent)
    assert heard.readings[-1].values["DEMAIN"] == "ROUG"
    assert not any(heard.events(kind) for kind in ANNOUNCED)


async def test_an_exchange_is_noticed_in_standby_too(meter, line, until):
    house = await meter(line)
    await line.opened(house)
    await line.send(frame(("HCHP", "009999999")) * 2)
    await until(lambda: house.address)
    await line.send(frame(address="061961361253") * 2)
    await until(lambda: house.link.state is LinkState.STANDBY)
    assert [sensor.reference for sensor in house.sensors.seen()] == ["adco"]


# --- what it announces


@pytest.fixture
def hear(meter, line, capture, until):
    """The function that lets a meter hear the whole of a capture."""

    async def all_of(name):
        house = await meter(line)
        await line.opened(house)
        await line.send(capture(name))
        await until(lambda: house.statistics.bytes == line.sent)

    return all_of


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("synthetic-histo-adps-mono", ["overload 1", "overload none"]),
        (
            "synthetic-histo-hc-tri-short-frames",
            ["overload 2", "overload 1,2,3", "overload none"],
        ),
        (  # an index of its last frame is refused, so that the notice may not be over
            "synthetic-histo-ejp-mono",
            ["peak notice", "tariff PM..", "peak peak", "tariff HN.."],
        ),
        ("histo-tempo-mono-linky", []),
        ("std-tempo-mono-red-day", []),
        ("std-tri-garbled", []),
    ],
)
async def test_what_cannot_wait_is_announced_once(hear, heard, name, told):
    await hear(name)
    assert [
        f"{item.kind} {item.value}"
        for item in heard.items
        if isinstance(item, Event) and item.kind in ANNOUNCED
    ] == told


async def test_an_announcement_follows_the_reading_that_tells_it(hear, heard):
    await hear("synthetic-histo-adps-mono")
    reading, event = next(
        pair for pair in pairwise(heard.items) if getattr(pair[1], "kind", "") in ANNOUNCED
    )
    assert isinstance(reading, Reading)
    assert reading.values["ADPS"] == "046"
    assert (event.meter, event.time) == (reading.meter, reading.time)
    assert event.detail == "phase 1: 46 A of 45 A"


# --- its statuses


async def test_a_meter_lives_in_domogiks_words(meter, line, heard):
    house = await meter(line)
    await line.opened(house)
    await house.stop()
    assert [event.value for event in heard.events(EventKind.STATUS)] == [
        Status.STARTING,
        Status.ALIVE,
        Status.STOP_REQUEST,
        Status.STOPPED,
    ]


async def test_to_start_or_stop_twice_is_harmless(meter, line, heard):
    house = await meter(line)
    task = house._task
    house.start()
    assert house._task is task
    await house.stop()
    await house.stop()
    assert house.status is Status.STOPPED


async def test_a_stopped_meter_gives_its_port_back_and_can_read_again(
    meter, line, heard, talking, until
):
    house = await meter(line)
    talking(line, HISTORIQUE)
    await until(lambda: heard.readings)
    await house.stop()
    told = len(heard.readings)
    os.close(os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    await asyncio.sleep(0.05)
    assert len(heard.readings) == told
    house.start()
    await until(lambda: len(heard.readings) > told)
    assert house.link.state is LinkState.OK


@pytest.mark.parametrize("place", ["reading the port", "hearing a frame"])
async def test_a_fault_of_ours_costs_a_restart(meter, line, heard, talking, until, place):
    house = await meter(line)
    await house.stop()
    faults = [ValueError("a fault of ours")]
    owner, name = (house._reader, "read") if place == "reading the port" else (house, "_take_frame")
    really = getattr(owner, name)

    def faulty(*arguments):
        if faults:
            raise faults.pop()
        return really(*arguments)

    setattr(owner, name, faulty)
    house.start()
    talking(line, HISTORIQUE)
    await until(lambda: house.status is Status.DEAD)
    await until(lambda: house.status is Status.ALIVE)
    await until(lambda: heard.readings)


# --- its port


@pytest.fixture
def adapter(tmp_path, wire):
    """A port with a name that outlives it, as udev makes one; plugged in more than once."""

    class Adapter:
        path = str(tmp_path / "teleinfo")

        def plug_in(self):
            self.line = wire()
            (tmp_path / "next").symlink_to(self.line.path)
            (tmp_path / "next").rename(self.path)
            return self.line

        def unplug(self):
            os.unlink(self.path)  # noqa: PTH108  # a str
            self.line.close()

    return Adapter()


async def test_a_port_that_is_not_there_yet_is_waited_for(meter, adapter, heard, talking, until):
    house = await meter(adapter)
    await until(lambda: house.link.state is LinkState.NO_PORT)
    assert house.link.detail == (
        f"{adapter.path}: there is no such port: is the adapter plugged in?"
    )
    assert house.status is Status.ALIVE
    talking(adapter.plug_in(), HISTORIQUE)
    await until(lambda: heard.readings)
    assert house.link.state is LinkState.OK


async def test_an_adapter_that_is_unplugged_is_read_again_when_it_is_back(
    meter, adapter, heard, talking, until
):
    first = talking(adapter.plug_in(), HISTORIQUE)
    house = await meter(adapter)
    await until(lambda: heard.readings)
    first.cancel()
    adapter.unplug()
    await until(lambda: house.link.state is LinkState.NO_PORT)
    told = len(heard.readings)
    talking(adapter.plug_in(), HISTORIQUE)
    back_s = time.monotonic()
    await until(lambda: len(heard.readings) > told)
    assert time.monotonic() - back_s < 3
    assert [event.value for event in heard.events(EventKind.LINK)] == [
        LinkState.OK,
        LinkState.NO_PORT,
        LinkState.SEARCHING,
        LinkState.OK,
    ]


async def test_after_a_long_absence_it_takes_two_seconds_at_most(
    meter, adapter, heard, talking, until
):
    house = await meter(adapter)
    house._tries = 100
    await until(lambda: house.link.state is LinkState.NO_PORT)
    talking(adapter.plug_in(), HISTORIQUE)
    back_s = time.monotonic()
    await until(lambda: heard.readings)
    assert time.monotonic() - back_s < 3


async def test_half_a_frame_before_the_absence_is_not_glued_to_what_follows(
    meter, adapter, heard, until
):
    house = await meter(adapter)
    whole = frame(("PTEC", "HP.."), ("PAPP", "00500"))
    line = adapter.plug_in()
    await line.opened(house)
    await line.send(whole * 2 + whole[:-10])
    await until(lambda: house.statistics.bytes == line.sent)
    adapter.unplug()
    await until(lambda: house.link.state is LinkState.NO_PORT)
    line = adapter.plug_in()
    await until(lambda: house.link.state is LinkState.SEARCHING)
    await line.send(whole[-10:] + whole)
    await until(lambda: house.link.state is LinkState.OK)
    assert [reading.complete for reading in heard.readings] == [True, True]


async def test_a_silent_line_is_told(meter, line, heard, quick, until, monkeypatch):
    house = await meter(line)
    await line.opened(house)
    await line.send(frame(("PAPP", "00500")) * 2)
    await until(lambda: house.link.state is LinkState.OK)
    monkeypatch.setattr(link, "SILENT_S", 0.05)
    await until(lambda: house.link.state is LinkState.SILENT)
    monkeypatch.setattr(link, "LOST_S", 0.1)
    await until(lambda: house.link.state is LinkState.LOST)


# --- its speed


def speed(line):
    """The speed the port was set to, in bit/s; both ends of a pty tell it."""
    return {termios.B1200: 1200, termios.B9600: 9600}.get(termios.tcgetattr(line.master)[4])


@pytest.mark.parametrize(("mode", "baudrate"), [("historique", 1200), ("standard", 9600)])
async def test_a_known_mode_is_opened_at_its_speed(meter, line, mode, baudrate):
    await line.opened(await meter(line, mode=mode))
    assert speed(line) == baudrate


async def test_a_known_mode_refuses_the_labels_of_the_other(meter, line, heard, capture, until):
    house = await meter(line, mode="historique")
    await line.opened(house)
    await line.send(capture(STANDARD))
    await until(lambda: house.statistics.bytes == line.sent)
    assert not heard.readings


async def test_junk_makes_it_listen_at_the_other_speed(meter, line, quick, talking, until):
    house = await meter(line)
    await line.opened(house)
    assert speed(line) == 9600
    junk = talking(line, bytes(range(32, 127)) * 3)
    await until(lambda: house._reader.speeds.baudrate == 1200)
    await until(lambda: speed(line) == 1200)
    junk.cancel()


async def test_a_frame_begun_before_we_listened_is_no_junk(
    meter, line, heard, quick, capture, until
):
    """A standard frame has up to 1652 bytes: its rest proves the speed before the first STX."""
    house = await meter(line)
    await line.opened(house)
    data = capture(STANDARD)
    begun = data.index(b"\nEASF01")
    await line.send(data[begun : begun + 600])
    await until(lambda: house.statistics.bytes == line.sent)
    await asyncio.sleep(0.05)  # some ticks
    assert house._reader.speeds.baudrate == 9600
    await line.send(data[begun + 600 :])
    await until(lambda: heard.readings)


# --- drivers that hang


async def test_a_meter_whose_driver_hangs_can_be_stopped(meter, line, monkeypatch, until):
    """Only the blocking call is replaced: no driver here can be made to hang."""
    free = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(*arguments):
        asyncio.run_coroutine_threadsafe(free.wait(), loop).result(20)
        raise OSError(5, "late")

    monkeypatch.setattr(port, "_open", hang)
    house = await meter(line)
    await asyncio.sleep(0.02)
    async with asyncio.timeout(1):
        await house.stop()
    assert house.status is Status.STOPPED
    free.set()


async def test_the_log_tells_each_change_once(meter, adapter, heard, talking, until, caplog):
    caplog.set_level(logging.INFO, "teleinfo_gateway.meter")
    house = await meter(adapter)
    await until(lambda: house._tries >= 2)
    talking(adapter.plug_in(), HISTORIQUE)
    await until(lambda: house.link.state is LinkState.OK)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"meter house: no-port ({adapter.path}: there is no such port: is the adapter plugged in?)",
        "meter house: searching",
        "meter house: ok",
    ]


async def test_a_piece_of_a_standard_frame_tells_no_historique_label(
    meter, line, heard, capture, until
):
    """It does not show whether the meter has three phases, nor its contract."""
    house = await meter(line)
    await line.opened(house)
    frames = capture("std-base-tri-conso")
    end = frames.index(b"\nIRMS2")
    await line.send(frames + b"\x02" + frames[1:end] + b"\x04")
    await until(lambda: house.statistics.bytes == line.sent)
    whole, piece = heard.readings[-2:]
    assert whole.historique["IINST1"] == whole.values["IRMS1"]
    assert piece.values["IRMS1"]
    assert not piece.complete
    assert piece.historique == {"ADCO": house.address}
