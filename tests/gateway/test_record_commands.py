"""``teleinfo record``, ``replay`` and ``report``: real processes on real ptys."""

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from teleinfo_gateway.anonymise import Anonymiser
from teleinfo_gateway.cli import teleinfo as command
from teleinfo_gateway.cli._scrub import Scrubber
from teleinfo_gateway.password import hash_password
from teleinfo_gateway.recording import Opened, Received, RecordingWriter, read_recording
from tic import Decoder

from .broker import NAMED_HOST

WAIT_S = 20
ADDRESS = "021528603314"  # of the capture histo-hc-mono-l16c6
CAPTURES = sorted((Path(__file__).parents[1] / "captures").glob("*.tic"))


def events_in(file):
    """What stands in a recording."""
    with Path(file).open("rb") as recording:
        return list(read_recording(recording.read))


def data_in(file):
    return b"".join(event.data for event in events_in(file) if isinstance(event, Received))


def recording_of(data, size=40, step_s=0.05):
    """A recording of bytes that came in pieces."""
    writer = RecordingWriter()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return writer.opened(0.0, 1200) + b"".join(
        writer.received(number * step_s, piece) for number, piece in enumerate(pieces, 1)
    )


def decode(*files):
    """What ``teleinfo decode`` says: frames, and standard error."""
    result = CliRunner().invoke(command, ["decode", *map(str, files)])
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


async def recorded(path, size):
    """Wait until a recording holds so many bytes of the line."""
    async with asyncio.timeout(WAIT_S):
        while not path.exists() or len(data_in(path)) < size:  # noqa: ASYNC110  # a file has no event
            await asyncio.sleep(0.01)


async def heard(line, path, data):
    """Send ``data`` once the port is open, and wait until it is in the file."""
    await recorded(path, 0)
    before = len(data_in(path))
    await line.send(data)
    await recorded(path, before + len(data))


# --- record --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_every_byte_is_kept_and_a_signal_ends_it(teleinfo, line, capture, tmp_path, number):
    data = capture("histo-hc-mono-l16c6") + bytes(range(128, 256))
    file = tmp_path / "line.ticrec"
    program = await teleinfo("record", line.path, file)
    await heard(line, file, data)
    program.signal(number)
    code, out, err = await program.end()
    assert (code, out) == (0, "")
    assert f"{len(data)} bytes of the line" in err
    assert data_in(file) == data
    frames, _ = decode(file)
    assert [frame["meter"] for frame in frames].count(ADDRESS) == 5


async def test_times_are_those_of_the_line(teleinfo, line, capture, tmp_path):
    file = tmp_path / "line.ticrec"
    program = await teleinfo("record", line.path, file, "--mode", "historique")
    await heard(line, file, b"one")
    await asyncio.sleep(0.5)
    await heard(line, file, b"two")
    program.signal(signal.SIGINT)
    await program.end()
    opened, one, two = events_in(file)
    assert opened == Opened(0.0, 1200)
    assert 0.5 <= two.at_s - one.at_s < 5


async def test_seconds_end_it(teleinfo, line, tmp_path):
    program = await teleinfo("record", line.path, tmp_path / "line.ticrec", "--seconds", "0.3")
    code, _, err = await program.end()
    assert code == 0
    assert "0 bytes of the line" in err
    assert events_in(tmp_path / "line.ticrec") == [Opened(0.0, 9600)]


async def test_a_file_that_exists_is_kept(teleinfo, line, tmp_path):
    file = tmp_path / "line.ticrec"
    file.write_bytes(b"kept")
    code, _, err = await (await teleinfo("record", line.path, file)).end()
    assert code == 1
    assert "--force" in err
    assert file.read_bytes() == b"kept"


async def test_force_replaces_it(teleinfo, line, tmp_path):
    file = tmp_path / "line.ticrec"
    file.write_bytes(bytes(1000))
    program = await teleinfo("record", line.path, file, "--force", "--seconds", "0.2")
    assert (await program.end())[0] == 0
    assert events_in(file) == [Opened(0.0, 9600)]


@pytest.mark.parametrize("device", ["/dev/ttyNONE", "socket://127.0.0.1:1"])
async def test_a_device_that_is_not_there_makes_no_file(teleinfo, tmp_path, device):
    code, _, err = await (await teleinfo("record", device, tmp_path / "file")).end()
    assert code == 1
    assert device in err
    assert not (tmp_path / "file").exists()


async def test_a_folder_that_is_not_there_is_said(teleinfo, line, tmp_path):
    code, _, err = await (await teleinfo("record", line.path, tmp_path / "no/file")).end()
    assert code == 1
    assert "No such file or directory" in err


async def test_a_full_disk_ends_it_and_says_what_is_kept(teleinfo, line):
    code, _, err = await (await teleinfo("record", line.path, "/dev/full", "--force")).end()
    assert code == 1
    assert f"/dev/full: {os.strerror(errno.ENOSPC)}. Kept: 0 bytes" in err


async def test_what_was_recorded_survives_a_kill(teleinfo, line, capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    file = tmp_path / "line.ticrec"
    program = await teleinfo("record", line.path, file)
    await heard(line, file, data)
    program.signal(signal.SIGKILL)
    await program.end()
    assert data_in(file) == data


async def test_a_lost_port_is_awaited_and_the_gap_is_kept(teleinfo, wire, tmp_path):
    link, file = tmp_path / "port", tmp_path / "line.ticrec"
    first, second = wire(), wire()
    link.symlink_to(first.path)
    program = await teleinfo("record", link, file)
    await heard(first, file, b"before")
    link.unlink()
    first.close()
    await program.line("waits for it")
    link.symlink_to(second.path)
    await program.line("is back")
    await second.send(b"after")
    await recorded(file, len(b"beforeafter"))
    program.signal(signal.SIGINT)
    assert (await program.end())[0] == 0
    opened, before, again, after = events_in(file)
    assert (before.data, after.data) == (b"before", b"after")
    assert (opened.baudrate, again.baudrate) == (9600, 9600)
    assert again.at_s > before.at_s


async def test_a_server_is_recorded_without_a_speed(teleinfo, capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    file = tmp_path / "line.ticrec"
    connected = asyncio.Event()

    async def serve(_reader, writer):
        writer.write(data)
        connected.set()
        with contextlib.suppress(ConnectionError):
            await _reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        program = await teleinfo("record", f"socket://127.0.0.1:{port}", file)
        await asyncio.wait_for(connected.wait(), WAIT_S)
        await recorded(file, len(data))
        program.signal(signal.SIGINT)
        assert (await program.end())[0] == 0
    assert events_in(file)[0] == Opened(0.0, None)
    assert data_in(file) == data


# --- decode --------------------------------------------------------------------------------


def test_a_recording_decodes_like_the_raw_capture(capture, tmp_path):
    data = capture("std-base-tri-conso")
    (tmp_path / "raw.tic").write_bytes(data)
    (tmp_path / "line.ticrec").write_bytes(recording_of(data))
    assert decode(tmp_path / "raw.tic") == decode(tmp_path / "line.ticrec")


def test_two_streams_of_a_recording_are_not_glued(capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    half = data.index(b"OPTARIF") + 4
    writer = RecordingWriter()
    (tmp_path / "line.ticrec").write_bytes(
        writer.opened(0.0, 1200)
        + writer.received(1.0, data[:half])
        + writer.opened(2.0, 1200)
        + writer.received(3.0, data[half:])
    )
    frames, err = decode(tmp_path / "line.ticrec")
    assert "groups: 54" in err
    assert frames[0]["kind"] == "partial"


def test_a_recording_cut_short_is_read_and_said(capture, tmp_path):
    (tmp_path / "line.ticrec").write_bytes(recording_of(capture("histo-hc-mono-l16c6"))[:-7])
    frames, err = decode(tmp_path / "line.ticrec")
    assert len(frames) == 5
    assert "cut short" in err


@pytest.mark.parametrize("arguments", [["decode"], ["replay"], ["report"]])
def test_a_recording_of_a_later_version_is_refused(tmp_path, arguments):
    (tmp_path / "line.ticrec").write_bytes(b"\x89TICREC\x07")
    result = CliRunner().invoke(command, [*arguments, str(tmp_path / "line.ticrec")])
    assert result.exit_code == 1
    assert "version 7" in result.stderr


# --- replay --------------------------------------------------------------------------------


class Ear:
    """Reads a terminal like any program, and notes when what came."""

    def __init__(self, path):
        self.terminal = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.pieces = []
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._loop.add_reader(self.terminal, self._take)

    def _take(self):
        try:
            data = os.read(self.terminal, 4096)
        except OSError:  # the other end is gone
            data = b""
        if data:
            self.pieces.append((self._loop.time(), data))
        else:
            self._loop.remove_reader(self.terminal)
            self._ended.set_result(b"".join(data for _, data in self.pieces))

    async def all(self):
        """Everything until the terminal is gone."""
        return await asyncio.wait_for(self._ended, WAIT_S)

    def close(self):
        self._loop.remove_reader(self.terminal)
        os.close(self.terminal)


@pytest.fixture
def ear():
    """The function that opens a terminal to read it."""
    with contextlib.ExitStack() as opened:

        def listen(path):
            new = Ear(path)
            opened.callback(new.close)
            return new

        yield listen


async def told_path(program):
    return (await asyncio.wait_for(program.process.stdout.readline(), WAIT_S)).decode().strip()


async def test_a_recording_is_played_byte_for_byte_at_its_pace(teleinfo, ear, capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(data, size=85, step_s=0.1))  # ten pieces, a second
    program = await teleinfo("replay", file)
    path = await told_path(program)
    began_s = asyncio.get_running_loop().time()
    listening = ear(path)  # it begins when somebody listens; a busy machine hears the first late
    assert await listening.all() == data
    assert (await program.end())[0] == 0
    assert listening.pieces[-1][0] - began_s > 0.9


async def test_speed_makes_it_shorter(teleinfo, ear, capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(data, size=85, step_s=60))
    program = await teleinfo("replay", file, "--speed", "1000")
    assert await ear(await told_path(program)).all() == data
    assert (await program.end())[0] == 0


async def test_nothing_is_played_before_somebody_listens(teleinfo, ear, capture, tmp_path):
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(capture("histo-hc-mono-l16c6"), size=850, step_s=0.01))
    program = await teleinfo("replay", file)
    path = await told_path(program)
    await asyncio.sleep(1)
    assert await ear(path).all() == capture("histo-hc-mono-l16c6")


async def test_a_raw_capture_is_played_to_the_gateways_own_reader(teleinfo, capture, tmp_path):
    """25 times faster than what the terminal can hold is read: nothing is lost."""
    raw, link, copy = tmp_path / "raw.tic", tmp_path / "meter", tmp_path / "copy.ticrec"
    raw.write_bytes(capture("std-base-mono-conso"))
    program = await teleinfo("replay", raw, "--link", link, "--speed", "25")
    assert await told_path(program) == str(link)
    recorder = await teleinfo("record", link, copy)
    await recorded(copy, raw.stat().st_size)
    assert (await program.end())[0] == 0
    assert not link.is_symlink()
    recorder.signal(signal.SIGINT)
    await recorder.end()
    assert data_in(copy) == raw.read_bytes()


async def test_a_reader_that_is_slow_loses_nothing(teleinfo, capture, tmp_path):
    data = capture("std-base-mono-conso") * 6  # more than a terminal and its queues hold
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(data, size=4000, step_s=0.001))
    program = await teleinfo("replay", file, "--speed", "1000")
    terminal = os.open(await told_path(program), os.O_RDONLY | os.O_NOCTTY)
    try:
        await asyncio.sleep(1)
        heard = b""
        while len(heard) < len(data):
            heard += await asyncio.to_thread(os.read, terminal, 4096)
    finally:
        os.close(terminal)
    assert heard == data
    assert (await program.end())[0] == 0


async def test_it_goes_on_while_nobody_listens_any_more(teleinfo, ear, capture, tmp_path):
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(capture("histo-hc-mono-l16c6"), size=85, step_s=0.1))
    program = await teleinfo("replay", file)
    terminal = os.open(await told_path(program), os.O_RDONLY | os.O_NOCTTY)
    await asyncio.sleep(0.5)
    os.close(terminal)
    code, _, err = await program.end()
    assert code == 0
    assert "850 bytes were played" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_replay(teleinfo, capture, tmp_path, number):
    file, link = tmp_path / "line.ticrec", tmp_path / "meter"
    file.write_bytes(recording_of(capture("histo-hc-mono-l16c6")))
    program = await teleinfo("replay", file, "--link", link)
    await told_path(program)
    program.signal(number)
    assert (await program.end())[0] == 0
    assert not link.is_symlink()


async def test_a_link_that_is_a_file_is_left_alone(teleinfo, tmp_path):
    for name in ("recording", "file"):
        (tmp_path / name).write_bytes(b"kept")
    program = await teleinfo("replay", tmp_path / "recording", "--link", tmp_path / "file")
    code, _, err = await program.end()
    assert code == 1
    assert "is no link to a terminal" in err
    assert (tmp_path / "file").read_bytes() == b"kept"


async def test_a_recording_cut_short_is_played_up_to_there(teleinfo, ear, capture, tmp_path):
    file = tmp_path / "line.ticrec"
    file.write_bytes(recording_of(capture("histo-hc-mono-l16c6"), size=850)[:-1])
    program = await teleinfo("replay", file)
    assert await ear(await told_path(program)).all() == b""
    code, _, err = await program.end()
    assert code == 0
    assert "cut short" in err


# --- report --------------------------------------------------------------------------------


def unpacked(report):
    """The recording in a report, by the command that the report gives."""
    (recipe,) = [line for line in report.splitlines() if line.startswith("To unpack it: ")]
    shell = recipe.removeprefix("To unpack it: ").replace("REPORT", "-").partition(" >")[0]
    return subprocess.run(
        ["sh", "-c", shell], input=report.encode(), stdout=subprocess.PIPE, check=True
    ).stdout


@pytest.fixture
def report(tmp_path, monkeypatch):
    """The function that runs ``teleinfo report`` where there is no configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    (tmp_path / "teleinfo.yaml").write_text("web: false\n")  # nobody else's gateway is asked

    def run(*arguments):
        result = CliRunner().invoke(command, ["report", *map(str, arguments)])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def identities(data):
    """Every identity that the decoder, believing nothing, finds in a capture."""
    decoder = Decoder(partial=True)
    told = set()
    for item in decoder.feed(data) + decoder.close():
        if getattr(item, "label", None) in {"ADCO", "ADSC", "PRM"}:
            raw = getattr(item, "raw", b"").decode("latin-1").replace("\t", " ")
            value = getattr(item, "value", None) or raw.split(" ")[1]
            told |= {value} if len(set(value[6:])) > 1 else set()
    return told


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_report_holds_the_capture_without_its_identities(report, tmp_path, path):
    text = report(path)
    (tmp_path / "shown.ticrec").write_bytes(unpacked(text))
    frames, figures = decode(tmp_path / "shown.ticrec")
    originals, counted = decode(path)
    assert figures == counted
    assert counted.strip() in text
    assert len(frames) == len(originals)
    everything = text + json.dumps(frames) + data_in(tmp_path / "shown.ticrec").decode("latin-1")
    for original in identities(path.read_bytes()):
        assert original not in everything


def test_a_report_keeps_the_times_and_the_cuts(report, capture, tmp_path):
    (tmp_path / "line.ticrec").write_bytes(recording_of(capture("histo-hc-mono-l16c6")))
    (tmp_path / "shown.ticrec").write_bytes(unpacked(report(tmp_path / "line.ticrec")))
    before, after = events_in(tmp_path / "line.ticrec"), events_in(tmp_path / "shown.ticrec")
    assert [event.at_s for event in before] == [event.at_s for event in after]
    assert [len(event.data) for event in before[1:]] == [len(event.data) for event in after[1:]]


def test_an_address_cut_in_two_reads_is_replaced(report, capture, tmp_path):
    data = capture("histo-hc-mono-l16c6")
    (tmp_path / "line.ticrec").write_bytes(recording_of(data, size=5))
    (tmp_path / "shown.ticrec").write_bytes(unpacked(report(tmp_path / "line.ticrec")))
    assert {frame["meter"] for frame in decode(tmp_path / "shown.ticrec")[0]} == {"021528999001"}


def test_what_cannot_be_read_is_left_out(report, capture, tmp_path):
    """At a wrong speed the bytes tell the same, to who knows how to read them."""
    data = capture("histo-hc-mono-l16c6")
    writer = RecordingWriter()
    (tmp_path / "line.ticrec").write_bytes(
        writer.opened(0.0, 9600)
        + writer.received(1.0, b"\x1f\x9c" * 50)
        + writer.opened(2.0, 1200)
        + writer.received(3.0, data)
    )
    text = report(tmp_path / "line.ticrec")
    assert "Left out: 100 bytes at 9600 bit/s" in text
    (tmp_path / "shown.ticrec").write_bytes(unpacked(text))
    assert len(data_in(tmp_path / "shown.ticrec")) == len(data)


def test_a_long_recording_is_cut(report, capture, tmp_path):
    data = capture("std-base-mono-conso") * 45
    (tmp_path / "long.ticrec").write_bytes(recording_of(data, size=16_000))
    text = report(tmp_path / "long.ticrec")
    assert "Only the first 1 MiB" in text
    (tmp_path / "shown.ticrec").write_bytes(unpacked(text))
    assert len(data_in(tmp_path / "shown.ticrec")) == 65 * 16_000


def test_a_damaged_recording_is_reported_as_one(report, capture, tmp_path):
    (tmp_path / "line.ticrec").write_bytes(recording_of(capture("histo-hc-mono-l16c6")) + bytes(9))
    assert "cut short" in report(tmp_path / "line.ticrec")


async def test_a_device_is_listened_to(teleinfo, line, talking, capture, tmp_path):
    talking(line, capture("histo-hc-mono-l16c6"))
    program = await teleinfo("report", line.path, "--output", "report.txt", "--seconds", "2")
    code, out, _ = await program.end()
    assert (code, out) == (0, "")
    text = (tmp_path / "report.txt").read_text()
    assert "long: " in text
    (tmp_path / "shown.ticrec").write_bytes(unpacked(text))
    assert "021528999001" in {frame["meter"] for frame in decode(tmp_path / "shown.ticrec")[0]}
    assert ADDRESS.encode() not in data_in(tmp_path / "shown.ticrec")


def test_a_device_that_is_not_there_is_part_of_the_report(report):
    assert "/dev/ttyNONE: there is no such port" in report("/dev/ttyNONE")


def test_without_a_device_there_is_no_recording(report):
    text = report()
    assert "Neither a device nor a recording" in text
    assert "BEGIN" not in text


def test_a_file_that_is_not_there_is_said(tmp_path):
    result = CliRunner().invoke(command, ["report", str(tmp_path / "no.ticrec")])
    assert result.exit_code == 1
    assert "No such file" in result.stderr


def test_a_report_never_replaces_a_file(tmp_path):
    (tmp_path / "old.txt").write_text("kept")
    result = CliRunner().invoke(command, ["report", "--output", str(tmp_path / "old.txt")])
    assert result.exit_code == 1
    assert (tmp_path / "old.txt").read_text() == "kept"


BY_ID = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_"
PRIVATE_CONFIG = """
devices:
  - {{name: cellar-{address}, device: {by_id}A50285BI-if00-port0}}
  - {{name: garage, device: "socket://annas-nas.example:3333", mode: standard, interval: 30}}
xpl: {{instance: annahost, device: anna.at.home}}
web: false
"""


def test_the_configuration_is_shown_without_what_is_private(report, tmp_path):
    (tmp_path / "teleinfo.yaml").write_text(PRIVATE_CONFIG.format(address=ADDRESS, by_id=BY_ID))
    text = report()
    for private in (ADDRESS, "A50285BI", "annas-nas", "annahost", "anna.at.home"):
        assert private not in text
    for useful in (
        f"device: {BY_ID}(serial)-if00-port0",
        "device: socket://(host)",
        "- name: cellar-021528999001",
        "interval: 30",
        "mode: standard",
        "instance: (hidden)",
        "vendor: domogik",
        "web: false",
    ):
        assert useful in text


def test_settings_that_everybody_may_have_are_shown_and_others_are_hidden(report, tmp_path):
    (tmp_path / "teleinfo.yaml").write_text(
        "web: {listen: '127.0.0.1:9', hosts: [anna.home]}\n"
        "mqtt:\n"
        "  homeassistant: {discovery: device, prefix: annas}\n"
        "  formats: {jeedom: annas/topic}\n"
        "ingest: {listen: '10.1.2.3:8182', token: a-secret-of-anna}\n"
        "influxdb: {database: annas, kind: influxdb1}\n"
    )
    text = report()
    _, _, shown = text.partition("Configuration\n-------------\n")
    settings = yaml.safe_load(shown.partition("\nRunning gateway\n")[0])
    assert settings["mqtt"]["homeassistant"] == {
        "discovery": "device",
        "prefix": "(hidden)",
        "language": "fr",
    }
    assert settings["mqtt"]["url"] == "mqtt://localhost"
    assert (settings["mqtt"]["tls"], settings["domoticz"]) == (None, False)
    assert (settings["influxdb"]["kind"], settings["influxdb"]["database"]) == (
        "influxdb1",
        "(hidden)",
    )
    assert settings["ingest"] == {"listen": "(address):8182", "token": "(hidden)"}
    assert "anna" not in text


def test_a_report_tells_the_versions_of_what_is_installed(report):
    text = report()
    for package in ("SQLAlchemy", "paho-mqtt", "urllib3", "PyMySQL", "psycopg"):
        assert f"{package} {version(package)}" in text


def test_a_faulty_configuration_is_told_by_its_places_only(report, tmp_path):
    (tmp_path / "teleinfo.yaml").write_text(f"devices:\n  - device: {ADDRESS}-anna\nfoo: 1\n")
    text = report()
    assert "line 2: devices[0].device" in text
    assert "anna" not in text
    assert ADDRESS not in text


def test_without_a_configuration_the_defaults_are_shown(report, tmp_path):
    (tmp_path / "teleinfo.yaml").unlink()
    assert "There is no file" in report()


async def test_a_running_gateway_is_asked(teleinfo, line, talking, free_port, capture, tmp_path):
    talking(line, capture("histo-hc-mono-l16c6"))
    web = free_port()
    (tmp_path / "teleinfo.yaml").write_text(
        f"""
        devices: [{{name: cellar, device: {line.path}}}]
        xpl: {{instance: annahost, interface: lo, port: {free_port()}, hub: never}}
        web: {{listen: "127.0.0.1:{web}"}}
        """
    )
    gateway = await teleinfo("run")
    await gateway.line("ok")
    code, text, _ = await (await teleinfo("report")).end()
    assert code == 0
    said = json.loads(
        text.partition("Running gateway\n---------------\n")[2].partition("\nLine\n")[0]
    )
    (meter,) = said["meters"]
    assert (meter["name"], meter["link"], meter["adco"]) == ("cellar", "ok", "021528999001")
    assert said["status"]["outputs"]["xpl"]["source"] == "domogik-teleinfo.(hidden)"
    assert ADDRESS not in text
    assert "annahost" not in text


async def test_a_gateway_with_tls_and_a_password_is_asked_with_a_token(
    teleinfo, pki, free_port, tmp_path
):
    identity = pki.servers[NAMED_HOST]
    (tmp_path / "token").write_text("0123456789abcdef0123456789abcdef")
    settings = {
        "xpl": False,
        "history": False,
        "web": {
            "listen": f"127.0.0.1:{free_port()}",
            "tls": {"certificate": str(identity.certificate), "key": str(identity.key)},
            "password": hash_password("correct horse battery"),
            "tokens": [{"name": "report", "token": f"file:{tmp_path}/token", "scope": "read"}],
        },
    }
    (tmp_path / "teleinfo.yaml").write_text(yaml.safe_dump(settings))
    gateway = await teleinfo("run")
    await gateway.line("HTTP API")
    _, without, _ = await (await teleinfo("report")).end()
    assert "None: " in without
    _, text, _ = await (await teleinfo("report", "--token", f"file:{tmp_path}/token")).end()
    assert '"status": "not-configured"' in text


async def test_a_gateway_that_does_not_run_is_said(teleinfo, free_port, tmp_path):
    (tmp_path / "teleinfo.yaml").write_text(f"web: {{listen: '127.0.0.1:{free_port()}'}}\n")
    code, text, _ = await (await teleinfo("report")).end()
    assert code == 0
    assert "None: no gateway answers at http://127.0.0.1:" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("socket://nas.local:3333: no answer", "socket://(host): no answer"),
        ("rfc2217://anna:secret@10.1.2.3:23?x=1", "rfc2217://(host)"),
        ("broadcast 192.168.1.255, fe80::1:2:3:4", "broadcast (address), (address)"),
        (
            "127.0.0.1 at 18:50:00, 2026-01-14T18:50:00Z",
            "127.0.0.1 at 18:50:00, 2026-01-14T18:50:00Z",
        ),
        (f"ADCO {ADDRESS}", "ADCO 021528999001"),
        (
            "/dev/serial/by-id/usb-1a86_USB_Serial: busy",
            "/dev/serial/by-id/usb-1a86_USB_(serial): busy",
        ),
        ("/dev/teleinfo-A50285BI: busy", "/dev/teleinfo-(serial): busy"),
        ("annas-pi, ANNAS-PI.fritz.box, annaspi", "(name), (name).fritz.box, (name)"),
        ("annas-pie", "annas-pie"),
    ],
)
def test_text_of_the_gateway_is_scrubbed(monkeypatch, text, shown):
    monkeypatch.setattr(socket, "gethostname", lambda: "annas-pi")
    assert Scrubber(Anonymiser()).text(text) == shown


def test_the_names_of_meters_and_settings_may_be_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "house")
    scrubber = Scrubber(Anonymiser())
    said = {"name": "house", "meters": {"house": "alive", f"m-{ADDRESS}": "dead"}, "up": [1, None]}
    assert scrubber.answer(said) == {
        "name": "house",
        "meters": {"house": "alive", "m-021528999001": "dead"},
        "up": [1, None],
    }


def test_settings_that_nobody_knows_yet_are_hidden():
    settings = {"devices": [{"name": "a", "replaces": ADDRESS}], "mqtt": {"password": "x", "n": 1}}
    assert Scrubber(Anonymiser()).settings(settings) == {
        "devices": [{"name": "a", "replaces": "021528999001"}],
        "mqtt": {"password": "(hidden)", "n": 1},
    }


def test_of_an_extension_only_the_name_is_shown():
    """A number may be as secret as a text."""
    settings = {"extensions": {"alarm": {"code": 1234, "port": 7007, "more": [{"pin": 5}]}}}
    assert Scrubber(Anonymiser()).settings(settings) == {"extensions": {"alarm": "(hidden)"}}
