"""``mode: auto`` on a real terminal: the line has a speed, and what is read at another is junk."""

import asyncio
import os
import termios
import time
import tty
from contextlib import closing, suppress

import pytest

from teleinfo_gateway import reader, speeds
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.statuses import LinkState
from tic import Decoder, Group, Mode, Reason, encode_frame

ADDRESS = "021528603314"
BAUD = {Mode.HISTORIQUE: 1200, Mode.STANDARD: 9600}
SPEEDS = {termios.B1200: 1200, termios.B9600: 9600}


def frame(mode, index):
    if mode is Mode.HISTORIQUE:
        groups = [
            *(Group("ADCO", ADDRESS), Group("OPTARIF", "BASE"), Group("ISOUSC", "45")),
            *(Group("BASE", f"{index:09}"), Group("PTEC", "TH.."), Group("IINST", "002")),
            *(Group("IMAX", "090"), Group("PAPP", "00460"), Group("HHPHC", "A")),
            Group("MOTDETAT", "000000"),
        ]
    else:
        groups = [
            *(Group("ADSC", ADDRESS), Group("VTIC", "02"), Group("NGTF", f"{'BASE':^16}")),
            *(Group("EAST", f"{index:09}"), Group("EASF01", f"{index:09}")),
            *(Group("NTARF", "01"), Group("IRMS1", "002"), Group("URMS1", "230")),
            *(Group("PREF", "09"), Group("SINSTS", "00460")),
        ]
    return encode_frame(groups)


def line_bits(data):
    """Start, seven data bits, even parity, stop: what is on the wire."""
    for byte in data:
        yield 0
        yield from (byte >> bit & 1 for bit in range(7))
        yield byte.bit_count() % 2
        yield 1


def read_at(data, sent, read):
    """What a receiver at ``read`` bit/s makes of bytes sent at ``sent`` bit/s.

    Each bit is sampled in its middle; a byte without stop bit or of wrong parity is a NUL, as the
    kernel gives it.
    """
    wave = list(line_bits(data))
    bit = sent / read  # of the receiver, in bits of the sender
    heard = bytearray()
    at = 0.0
    while True:
        at = next((i for i in range(int(at), len(wave)) if not wave[i]), len(wave))
        samples = [wave[i] for n in range(10) if (i := int(at + (n + 0.5) * bit)) < len(wave)]
        if len(samples) < 10:
            return bytes(heard)
        byte = sum(value << n for n, value in enumerate(samples[1:8]))
        good = samples[9] and byte.bit_count() % 2 == samples[8]
        heard.append(byte if good else 0)
        at += 9.5 * bit + 1


def test_the_receiver_of_these_tests_hears_what_is_sent_at_its_speed():
    sent = frame(Mode.HISTORIQUE, 1)
    assert read_at(sent, 1200, 1200) == sent


@pytest.mark.parametrize(("sent", "read"), [(1200, 9600), (9600, 1200)])
def test_at_another_speed_nothing_verifies(sent, read):
    mode = next(mode for mode, baud in BAUD.items() if baud == sent)
    decoder = Decoder()
    for index in range(200):
        decoder.feed(read_at(frame(mode, index), sent, read))
    assert decoder.statistics.bytes > 1000
    assert decoder.statistics.groups == 0


class SpeakingLine:
    """A meter's wire that speaks at the speed of its mode, whatever the port is set to."""

    def __init__(self, mode):
        self.mode = mode
        self.index = 12_345_678
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)

    @property
    def speed(self):
        """What the reader has set its end to."""
        return SPEEDS.get(termios.tcgetattr(self.master)[4], 9600)

    async def speak(self):
        while True:
            data = read_at(frame(self.mode, self.index), BAUD[self.mode], self.speed)
            with suppress(BlockingIOError):
                os.write(self.master, data)
            await asyncio.sleep(0.02)


@pytest.fixture
async def line():
    """The function that makes a line and lets it speak."""
    lines, tasks = [], []

    def make(mode):
        lines.append(SpeakingLine(mode))
        tasks.append(asyncio.create_task(lines[-1].speak()))
        return lines[-1]

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for each in lines:
        os.close(each.master)


@pytest.fixture
async def read(bus):
    """The function that starts a meter: (the meter, what it tells)."""
    started = []

    def begin(device):
        told = bus.subscribe()
        started.append(Meter(DeviceConfig(name="house", device=device), bus))
        started[-1].start()
        return started[-1], told

    yield begin
    for each in started:
        await each.stop()


def last_reading(told):
    return next((item for item in reversed(told._items) if isinstance(item, Reading)), None)


@pytest.mark.parametrize("mode", Mode)
async def test_speed_and_mode_are_found_by_content(line, read, until, monkeypatch, mode):
    monkeypatch.setattr(reader, "_TICK_S", 0.02)
    speaking = line(mode)
    meter, told = read(speaking.path)
    await until(lambda: last_reading(told))
    assert meter.mode is mode
    assert speaking.speed == BAUD[mode]
    assert all(item.address == ADDRESS for item in told._items if isinstance(item, Reading))
    await asyncio.sleep(0.2)  # some ticks
    assert meter._reader.speeds.settled
    assert speaking.speed == BAUD[mode]


async def switched(speaking, meter, told, until, to):
    """Switch a line that is read; gives the first complete reading after."""
    await until(lambda: last_reading(told))
    speaking.mode = to

    def reading():
        last = last_reading(told)
        return last if last.mode is to and "BASE" in last.historique else None

    return await until(reading, timeout_s=30)


async def test_a_switch_to_standard_is_followed_within_30_seconds(line, read, until):
    """In real time. Nothing starts anew; who listens to historique keys goes on hearing them."""
    speaking = line(Mode.HISTORIQUE)
    meter, told = read(speaking.path)
    await until(lambda: last_reading(told))
    task, sensors, before = meter._task, meter.sensors, last_reading(told)
    began_s = time.monotonic()
    speaking.index += 2
    reading = await switched(speaking, meter, told, until, Mode.STANDARD)
    assert time.monotonic() - began_s < 30
    assert reading.address == before.address == meter.address == ADDRESS
    assert meter._task is task
    assert meter.sensors is sensors
    assert set(before.historique) <= set(reading.historique)
    assert {key: reading.historique[key] for key in ("ADCO", "OPTARIF", "PTEC", "PAPP")} == {
        key: before.historique[key] for key in ("ADCO", "OPTARIF", "PTEC", "PAPP")
    }
    assert reading.historique["BASE"] == f"{speaking.index:09}"
    assert sensors["BASE"].last_value == reading.historique["BASE"]
    links = [e.value for e in told._items if isinstance(e, Event) and e.kind is EventKind.LINK]
    assert links[0] == LinkState.OK
    assert set(links) <= {LinkState.OK, LinkState.SILENT}


@pytest.mark.parametrize("first", Mode)
async def test_a_line_may_be_switched_again_and_again(line, read, until, monkeypatch, first):
    monkeypatch.setattr(speeds, "_GIVE_UP_S", 0.2)
    monkeypatch.setattr(reader, "_TICK_S", 0.02)
    speaking = line(first)
    meter, told = read(speaking.path)
    other = Mode.STANDARD if first is Mode.HISTORIQUE else Mode.HISTORIQUE
    for mode in (other, first, other):
        await switched(speaking, meter, told, until, mode)
        assert meter.mode is mode
    assert meter.address == ADDRESS


async def test_a_switch_behind_a_tcp_server_is_followed_at_once(read, until):
    """Its speed is set there; the content changes and the connection may stay."""
    mode, visits = [Mode.HISTORIQUE], []

    async def serve(_, writer):
        visits.append(writer)
        with closing(writer), suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(frame(mode[0], 12_345_678))
                await writer.drain()
                await asyncio.sleep(0.02)

    server = await asyncio.start_server(serve, "127.0.0.1")
    async with server:
        meter, told = read(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await until(lambda: last_reading(told))
        mode[0] = Mode.STANDARD
        await until(lambda: last_reading(told).mode is Mode.STANDARD, timeout_s=5)
        assert meter.address == ADDRESS
        assert len(visits) == 1
        await meter.stop()
        await until(visits[0].is_closing)


# --- parity


def eight_bits(data):
    """As an adapter that only does 8N1 hands them over: the parity is bit 7."""
    return bytes(byte | byte.bit_count() % 2 << 7 for byte in data)


async def test_an_adapter_with_eight_bits_is_read_and_its_parity_checked(wire, read, until):
    port = wire()
    meter, told = read(port.path)
    await port.opened(meter)
    whole = frame(Mode.HISTORIQUE, 12_345_678)
    await port.send(eight_bits(whole) * 3)
    await until(lambda: last_reading(told))
    assert last_reading(told).values["PAPP"] == "00460"
    assert not meter.statistics.refused
    hit = bytearray(eight_bits(whole))
    hit[whole.index(b"PAPP") + 6] ^= 0x40  # the flip that no checksum sees
    await port.send(bytes(hit))
    await until(lambda: meter.statistics.refused)
    assert meter.statistics.refused == {Reason.PARITY: 1}
    await until(lambda: last_reading(told).complete is False)
    assert "PAPP" not in last_reading(told).values


async def test_a_byte_that_the_kernel_found_wrong_is_a_parity_hit(wire, read, until):
    """It comes as NUL."""
    port = wire()
    meter, _ = read(port.path)
    await port.opened(meter)
    whole = frame(Mode.HISTORIQUE, 12_345_678)
    await port.send(whole + whole.replace(b"00460", b"00\x0060"))
    await until(lambda: meter.statistics.bytes == port.sent)
    assert meter.statistics.refused == {Reason.PARITY: 1}
