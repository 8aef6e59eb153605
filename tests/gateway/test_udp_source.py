"""Datagrams of another machine as a meter: real UDP on loopback, and a real manager."""

import asyncio
import logging
import socket
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from teleinfo_gateway.cli import teleinfo as command
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.raw_frames import MAX_FRAME
from teleinfo_gateway.readings import Reading
from teleinfo_gateway.sources import SourceError, Trouble, has_speed, open_source
from teleinfo_gateway.statuses import LinkState
from teleinfo_gateway.udp_url import parse_udp_url
from tic import FrameKind, Group, Mode, encode_frame

FRAME = encode_frame([Group("ADCO", "021528603314"), Group("PAPP", "00500"), Group("PTEC", "HP..")])
SHORT = encode_frame([Group("ADCO", "021528603314"), Group("IINST1", "024"), Group("ADIR1", "024")])


@pytest.fixture
async def opened():
    """The function that opens a source; what it gives keeps every piece that came."""
    async with AsyncExitStack() as stack:

        async def open_it(device):
            came = []
            source = await open_source(device, 1200, came.append)
            stack.callback(source.close)
            return SimpleNamespace(source=source, came=came)

        yield open_it


@pytest.fixture
def port(free_port):
    return free_port()


@pytest.fixture
def send(port):
    """The function that sends a datagram to the port, from an address of this machine."""

    def it(data, to="127.0.0.1", sender="127.0.0.1"):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sending:
            sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sending.bind((sender, 0))
            sending.sendto(data, (to, port))

    return it


# --- the source


@pytest.mark.parametrize("to", ["127.0.0.1", "127.255.255.255"])
async def test_each_datagram_comes_as_it_was_sent(opened, port, send, until, to):
    it = await opened(f"udp://0.0.0.0:{port}")
    everything = bytes(range(256)) * 20
    send(everything, to)
    send(FRAME, to)
    await until(lambda: len(it.came) == 2)
    assert it.came == [everything, FRAME]


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="needs IPv6")
async def test_a_socket_for_everybody_hears_ipv4_too(opened, port, send, until):
    it = await opened(f"udp://[::]:{port}?from=127.0.0.0/8")
    send(FRAME)
    await until(lambda: it.came)
    assert it.came == [FRAME]


async def test_only_the_sender_that_is_named_is_heard(opened, port, send, until, caplog):
    it = await opened(f"udp://0.0.0.0:{port}?from=127.0.0.5")
    send(b"forged", sender="127.0.0.6")
    send(FRAME, sender="127.0.0.5")
    await until(lambda: it.came)
    assert (it.came, it.source.refused) == ([FRAME], 1)
    (told,) = caplog.messages
    assert told == (
        f"udp://0.0.0.0:{port}?from=127.0.0.5: a datagram not taken from 127.0.0.6; "
        "if it sends your meter: ?from=127.0.0.6 (1 refused)"
    )


async def test_strangers_do_not_fill_the_log(opened, port, send, until, caplog):
    it = await opened(f"udp://0.0.0.0:{port}?from=127.0.0.5")
    for _ in range(50):
        send(b"forged")
        await asyncio.sleep(0)
    await until(lambda: it.source.refused == 50)
    assert len(caplog.messages) == 10


async def test_a_datagram_longer_than_any_frame_is_refused(opened, port, send, until):
    it = await opened(f"udp://127.0.0.1:{port}")
    send(b"x" * (MAX_FRAME + 1))
    send(b"")
    send(b"x" * MAX_FRAME)
    await until(lambda: it.came)
    assert ([len(data) for data in it.came], it.source.refused) == ([MAX_FRAME], 1)


async def test_it_closes_at_once_and_twice(opened, port):
    it = await opened(f"udp://127.0.0.1:{port}")
    it.source.close()
    it.source.close()
    await it.source.gone
    again = await opened(f"udp://127.0.0.1:{port}")
    assert not again.source.gone.done()


async def test_a_port_that_is_taken_says_what_to_do(opened, port):
    await opened(f"udp://127.0.0.1:{port}")
    with pytest.raises(SourceError) as refused:
        await opened(f"udp://127.0.0.1:{port}")
    assert refused.value.trouble is Trouble.BUSY
    assert str(refused.value) == (
        f"udp://127.0.0.1:{port}: another program has this UDP port: stop it, or take the next "
        "port, to which each frame is sent as well"
    )


async def test_an_address_of_another_machine_says_what_to_do(opened):
    with pytest.raises(SourceError) as refused:
        await opened("udp://192.0.2.1:1200")
    assert str(refused.value) == (
        "udp://192.0.2.1:1200: this machine has no such address: write one of its own, or 0.0.0.0"
    )


async def test_what_is_no_such_url_says_why(opened):
    with pytest.raises(SourceError, match=r"^udp://1200: a host, a colon and a port from 1 to"):
        await opened("udp://1200")


def test_there_is_no_speed_to_search():
    assert not has_speed("udp://0.0.0.0:1200")


# --- who is heard


@pytest.mark.parametrize(
    ("query", "sender", "taken"),
    [
        ("", "127.0.0.1", True),
        ("", "192.168.1.5", True),
        ("", "10.1.2.3", True),
        ("", "8.8.8.8", False),
        ("", "2001:4860::1", False),
        ("", "fe80::1%eth0", True),
        ("", "::ffff:192.168.1.5", True),
        ("", "::ffff:8.8.8.8", False),
        ("?from=8.8.8.8", "8.8.8.8", True),
        ("?from=8.8.8.8", "192.168.1.5", False),
        ("?from=192.168.1.0/24", "192.168.1.200", True),
        ("?from=192.168.1.0/24", "192.168.2.1", False),
        ("?from=192.168.1.5", "::ffff:192.168.1.5", True),
        ("?from=fd00::/8", "192.168.1.5", False),
    ],
)
def test_private_networks_are_heard_unless_somebody_is_named(query, sender, taken):
    assert parse_udp_url(f"udp://0.0.0.0:1200{query}").takes(sender) == taken


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("udp://0.0.0.0", "a colon and a port from 1 to 65535"),
        ("udp://0.0.0.0:0", "a colon and a port from 1 to 65535"),
        ("udp://nas.home:1200", "an address of this machine is needed, not a name"),
        ("udp://0.0.0.0:1200?", "nothing, or ?from="),
        ("udp://0.0.0.0:1200?to=1", "nothing, or ?from="),
        ("udp://0.0.0.0:1200?from=", "after from= an address is needed"),
        ("udp://0.0.0.0:1200?from=nas", "after from= an address is needed"),
        ("udp://0.0.0.0:1200?from=192.168.1.5/24", "or a network, 192.168.1.0/24"),
    ],
)
def test_a_device_that_cannot_work_is_refused_in_the_configuration(device, words):
    with pytest.raises(ValidationError) as refused:
        DeviceConfig(device=device)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("device", "warned"),
    [
        ("udp://0.0.0.0:1200", True),
        ("udp://[::]:1200", True),
        ("udp://127.0.0.1:1200", False),
        ("udp://[::1]:1200", False),
        ("udp://0.0.0.0:1200?from=192.168.1.5", False),
    ],
)
def test_check_warns_of_a_port_that_everybody_may_send_to(tmp_path, device, warned):
    file = tmp_path / "teleinfo.yaml"
    file.write_text(f"devices: [{{device: '{device}'}}]")
    result = CliRunner().invoke(command, ["check", "--config", str(file)])
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: devices[0].device: UDP is neither") == warned


# --- a meter here


@pytest.fixture
async def meter(manager, port):
    """The function that starts a gateway with this meter; ``readings`` are what it says."""

    def start(query="", **settings):
        device = DeviceConfig(name="far", device=f"udp://0.0.0.0:{port}{query}", **settings)
        running = manager(None, device)
        readings = []
        said = running.bus.subscribe()

        async def gather():
            async for item in said:
                if isinstance(item, Reading):
                    readings.append(item)  # noqa: PERF401  # it goes on for ever

        gathering = asyncio.create_task(gather())
        return SimpleNamespace(it=running.meter("far"), readings=readings, task=gathering)

    return start


async def bound(meter, until):
    await until(lambda: meter.it._reader.speeds._since_s)


async def test_a_broadcast_of_another_machine_is_a_meter_here(meter, port, send, until):
    """It is believed once two frames told the same address, as on a wire."""
    far = meter()
    await bound(far, until)
    for _ in range(3):
        send(FRAME, to="127.255.255.255")
    send(SHORT, to="127.255.255.255")
    await until(lambda: far.readings and far.readings[-1].kind is FrameKind.SHORT)
    assert far.it.address == "021528603314"
    assert far.it.link.state is LinkState.OK
    assert far.readings[0].values["PAPP"] == "00500"
    assert far.readings[-1].values["ADIR1"] == "024"


async def test_it_is_told_on_the_network_as_any_meter(meter, send, until, ears):
    far = meter()
    await bound(far, until)
    for _ in range(3):
        send(FRAME)
    assert ("papp", "00500") in (await ears.message()).body


@pytest.mark.parametrize(
    "name", ["std-base-tri-conso", "synthetic-std-tempo-tri-producer-all-labels"]
)
async def test_a_frame_of_a_linky_fits(meter, send, until, capture, name):
    data = capture(name)
    begin = data.index(b"\x02")
    frame = data[begin : data.index(b"\x03", begin) + 1]
    assert len(frame) > 1200
    far = meter()
    await bound(far, until)
    for _ in range(3):
        send(frame)
    await until(lambda: far.readings)
    assert far.it.mode is Mode.STANDARD
    assert far.readings[0].complete


async def test_garbage_is_counted_and_stops_nothing(meter, send, until):
    far = meter()
    await bound(far, until)
    send(b"\x02\nPAPP 00501 *\r\x03")
    send(bytes(range(256)))
    send(FRAME[:40])
    for _ in range(3):
        send(FRAME)
    await until(lambda: far.readings)
    assert far.it.statistics.refused.total() >= 2
    assert {reading.values["PAPP"] for reading in far.readings} == {"00500"}


async def test_a_forged_frame_of_a_stranger_is_not_told(meter, send, until):
    far = meter("?from=127.0.0.5")
    await bound(far, until)
    forged = FRAME.replace(FRAME[FRAME.index(b"\nPAPP") : FRAME.index(b"\nPTEC")], b"")
    for _ in range(3):
        send(forged, sender="127.0.0.6")
        send(FRAME, sender="127.0.0.5")
    await until(lambda: len(far.readings) == 2)
    assert all("PAPP" in reading.values for reading in far.readings)


async def test_a_port_that_is_taken_is_waited_for(meter, port, send, until, caplog):
    caplog.set_level(logging.INFO)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("0.0.0.0", port))  # noqa: S104  # as the meter does
        far = meter()
        await until(lambda: far.it.link.state is LinkState.NO_PORT)
        assert "another program has this UDP port" in far.it.link.detail
    await bound(far, until)
    for _ in range(3):
        send(FRAME)
    await until(lambda: far.readings)


async def test_listen_and_record_take_it_too(teleinfo, port, send, tmp_path):
    file = tmp_path / "far.ticrec"
    program = await teleinfo("record", f"udp://127.0.0.1:{port}", file)
    await program.line("Recording")
    while not file.exists() or file.stat().st_size < len(FRAME):
        send(FRAME)
        await asyncio.sleep(0.02)
    program.signal(2)
    code, _, said = await program.end()
    assert code == 0, said
    decoded = CliRunner().invoke(command, ["decode", str(file)])
    assert '"meter": "021528603314"' in decoded.stdout
    listening = await teleinfo("listen", f"udp://127.0.0.1:{port}")
    await listening.line("Listening")
    heard = asyncio.create_task(listening.process.stdout.readline())
    while not heard.done():
        send(FRAME)
        await asyncio.sleep(0.02)
    assert heard.result().startswith(b"ADCO       021528603314")
