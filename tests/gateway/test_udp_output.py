"""The frames of real ptys by UDP, as they came: what leaves, where to, and what does not."""

import asyncio
import logging
import socket
from contextlib import closing

import pytest
from pydantic import ValidationError

from teleinfo_gateway.config import Config, DeviceConfig, UdpConfig, load_config
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.outputs.udp import sender
from tic import Group, encode_frame

from .udp_pair import UdpPair

FRAME = encode_frame([Group("ADCO", "021528603314"), Group("PAPP", "00500"), Group("PTEC", "HP..")])
OTHER = encode_frame([Group("ADCO", "012345678901"), Group("PAPP", "00700"), Group("PTEC", "HC..")])
DAMAGED = FRAME.replace(b"00500", b"00501")


@pytest.fixture
def pair():
    with closing(UdpPair()) as it:
        yield it


@pytest.fixture
async def gateway(lo_xpl, pair):
    """The function that starts a gateway with these meters and this section ``udp``."""
    started = []

    def start(*devices, **udp):
        settings = UdpConfig(**{"port": pair.port} | udp)
        config = Config(devices=devices, xpl=lo_xpl(), web=None, history=None, udp=settings)
        started.append(PluginManager(config))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


def frames_of(data):
    """The frames of a capture that end with ETX."""
    pieces = data.split(b"\x03")[:-1]
    return [b"\x02" + piece.rpartition(b"\x02")[2] + b"\x03" for piece in pieces]


# --- what leaves


@pytest.mark.parametrize(
    "name",
    [
        "histo-hc-mono-l16c6",
        "synthetic-histo-hc-tri-short-frames",
        "std-base-tri-conso",
        "synthetic-std-tempo-tri-producer-all-labels",
    ],
)
async def test_each_frame_leaves_byte_for_byte_to_both_ports(
    gateway, pair, wire, device, capture, name
):
    line = wire()
    data = capture(name)
    frames = frames_of(data)
    running = gateway(device(line))
    meter = running.meter("house")
    await line.opened(meter)
    await line.send(data)
    for which in 0, 1:
        assert [await pair.datagram(which) for _ in frames] == frames
    assert running.outputs["udp"].state() == {
        "to": "127.0.0.1",
        "port": pair.port,
        "sent": len(frames),
        "failed": 0,
        "problem": "",
    }


async def test_a_damaged_frame_leaves_as_it_came(gateway, pair, wire, device):
    """Receivers check; what they count as damage is true of the line."""
    line = wire()
    running = gateway(device(line))
    await line.opened(running.meter("house"))
    await line.send(FRAME + DAMAGED)
    assert [await pair.datagram() for _ in range(2)] == [FRAME, DAMAGED]


async def test_what_a_wrong_speed_gives_does_not_leave(gateway, pair, wire, device, until):
    line = wire()
    running = gateway(device(line))
    await line.opened(running.meter("house"))
    await line.send(b"\x02\x11\x7f\x03")
    await until(lambda: running.meter("house").statistics.bytes == 4)
    await line.send(FRAME)
    assert await pair.datagram() == FRAME
    assert not pair.heard()


async def test_what_was_begun_before_the_port_went_away_is_not_finished_by_another(
    gateway, pair, wire, device, until, tmp_path
):
    first, second = wire(), wire()
    link = tmp_path / "port"
    link.symlink_to(first.path)
    running = gateway(DeviceConfig(name="house", device=str(link)))
    await first.opened(running.meter("house"))
    await first.send(FRAME + FRAME[:30])
    assert await pair.datagram() == FRAME
    link.unlink()
    link.symlink_to(second.path)
    heard = running.meter("house").statistics
    await until(lambda: heard.bytes == len(FRAME) + 30)
    first.close()
    sending = asyncio.create_task(second.repeat(OTHER[30:] + OTHER))
    try:
        assert {await pair.datagram() for _ in range(3)} == {OTHER}
    finally:
        sending.cancel()


async def test_a_broadcast_address_reaches_whoever_is_bound_there(gateway, wire, device):
    line = wire()
    with closing(UdpPair("127.255.255.255")) as all_of_them:
        running = gateway(device(line), to="127.255.255.255", port=all_of_them.port)
        await line.opened(running.meter("house"))
        await line.send(FRAME)
        assert [await all_of_them.datagram(which) for which in (0, 1)] == [FRAME, FRAME]


async def test_only_the_meters_that_are_named_leave(gateway, pair, wire, device):
    line, silent = wire(), wire()
    running = gateway(device(line), device(silent, "solar"), meters=("house",))
    for each, name in (line, "house"), (silent, "solar"):
        await each.opened(running.meter(name))
    await silent.send(OTHER)
    await line.send(FRAME)
    assert await pair.datagram() == FRAME
    await silent.send(OTHER)
    await line.send(FRAME)
    assert await pair.datagram() == FRAME


async def test_what_came_by_udp_is_not_sent_again(gateway, pair, wire, device, until, free_port):
    """It would go round for ever, here or between two gateways."""
    line, port = wire(), free_port()
    far = DeviceConfig(name="far", device=f"udp://127.0.0.1:{port}")
    running = gateway(device(line), far)
    meter = running.meter("far")
    await until(lambda: meter._reader.speeds._since_s)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sending:
        sending.sendto(OTHER * 3, ("127.0.0.1", port))
    await until(lambda: meter.statistics.frames.total() == 3)
    await line.opened(running.meter("house"))
    await line.send(FRAME)
    assert await pair.datagram() == FRAME
    assert not pair.heard()


async def test_two_gateways_one_sends_what_the_other_believes(
    gateway, manager, pair, device, line, until
):
    port = pair.port
    pair.close()
    far = manager(None, DeviceConfig(name="far", device=f"udp://0.0.0.0:{port}"))
    near = gateway(device(line))
    await until(lambda: far.meter("far")._reader.speeds._since_s)
    await line.opened(near.meter("house"))
    await line.send(FRAME * 3)
    await until(lambda: far.meter("far").address == "021528603314")
    assert far.meter("far").mode is near.meter("house").mode


# --- what goes wrong


async def test_a_network_that_is_not_there_is_told_once_and_forgotten_later(
    gateway, line, device, until, caplog, monkeypatch
):
    """The failing network is not real: tests send nothing but to this machine."""
    caplog.set_level(logging.INFO)
    running = gateway(device(line))
    output = running.outputs["udp"]
    await line.opened(running.meter("house"))
    with monkeypatch.context() as replaced:
        replaced.setattr(sender.UdpSender, "_open", _broken)
        await line.send(FRAME * 3)
        await until(lambda: output.state()["failed"] == 3)
    problem = "nothing can be sent to 127.0.0.1: Network is unreachable"
    assert output.state()["problem"] == problem
    await line.send(FRAME)
    await until(lambda: output.state()["sent"] == 1)
    assert output.state()["problem"] == ""
    said = [message for message in caplog.messages if message.startswith("UDP: ")]
    target = f"127.0.0.1, ports {output.config.port} and {output.config.port + 1}"
    assert said == [
        f"UDP: frames go to {target}",
        f"UDP: {problem}",
        f"UDP: frames go to {target} again",
    ]


def _broken(_sender):
    raise OSError(101, "Network is unreachable")


async def test_nothing_is_cut_while_nobody_wants_it(gateway, pair, wire, device, until):
    """A meter does not pay for an output that is switched off, nor send what it began before."""
    line = wire()
    running = gateway(device(line))
    meter = running.meter("house")
    await line.opened(meter)
    await line.send(FRAME + FRAME[:30])
    assert await pair.datagram() == FRAME
    config = running.config
    await running.reload(config.model_copy(update={"udp": None}))
    await line.send(FRAME[30:] + FRAME[:30])
    await until(lambda: meter.statistics.frames.total() == 2)
    await until(lambda: meter._cutter is None)
    await running.reload(config)
    await line.send(FRAME[30:] + OTHER)
    assert await pair.datagram() == OTHER
    assert not pair.heard()


# --- the section


def test_it_is_off_and_stays_on_this_machine_unless_told(tmp_path):
    file = tmp_path / "teleinfo.yaml"
    assert Config().udp is None
    for text, expected in (
        ("udp: false", None),
        ("udp: true", UdpConfig()),
        ("udp: {}", UdpConfig()),
    ):
        file.write_text(text)
        assert load_config(file).udp == expected
    assert (UdpConfig().to, UdpConfig().port, UdpConfig().meters) == ("127.0.0.1", 1200, None)


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ("to: nas.home", "udp.to", "this is not an IP address"),
        ("to: 192.168.1", "udp.to", "this is not an IP address"),
        ("port: 65535", "udp.port", "a UDP port from 1 to 65534"),
        ("port: 0", "udp.port", "the next one is used as well"),
        ("meters: []", "udp.meters", "without one there is nothing to send"),
        ("meters: [hous]", "udp.meters[0]", "no meter has this name; there are: house, far"),
        ("meters: [house, far]", "udp.meters[1]", "it is heard by UDP"),
        ("prot: 1200", "udp.prot", "unknown key; did you mean port?"),
    ],
)
def test_faults_are_named_at_their_place(tmp_path, written, path, words):
    file = tmp_path / "teleinfo.yaml"
    file.write_text(
        "devices: [{name: house, device: /dev/x}, {name: far, device: 'udp://0.0.0.0:1200'}]\n"
        f"udp:\n  {written}\n"
    )
    with pytest.raises(ConfigError) as refused:
        load_config(file)
    (fault,) = refused.value.faults
    assert (fault.path, fault.line) == (path, 3)
    assert words in fault.message


def test_an_ipv6_address_is_one_too():
    assert UdpConfig(to="fd00::5").to == "fd00::5"
    with pytest.raises(ValidationError):
        UdpConfig(to="[fd00::5]")
