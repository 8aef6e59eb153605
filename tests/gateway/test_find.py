"""What is heard on the ports: said in words, shown as a table, written as a configuration."""

import asyncio
import contextlib
import os
import re
import signal
from contextlib import closing
from types import SimpleNamespace

import pytest
import serial
from click.testing import CliRunner

from teleinfo_gateway import finder
from teleinfo_gateway import service as service_module
from teleinfo_gateway.cli import find as find_module
from teleinfo_gateway.cli import run as run_module
from teleinfo_gateway.cli import teleinfo as command
from teleinfo_gateway.cli.find import advice, configuration
from teleinfo_gateway.config import Config, XplConfig, load_config
from teleinfo_gateway.finder import Found, Heard, Search, Verdict, meters_of, survey
from tic import Group, Mode, encode_frame

ADCO = "021528603314"
HISTORIQUE = "histo-hc-mono-l16c6"
STANDARD = "std-base-mono-conso"
STANDBY = "synthetic-histo-veille-adco-only"
GPS = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n" * 20


@pytest.fixture
def speaking(wire, talking, capture):
    """The function that lets a wire say a capture, or these bytes; by default a new wire."""

    def make(data, line=None):
        line = line or wire()
        line.talk = talking(line, capture(data) if isinstance(data, str) else data)
        return line

    return make


@pytest.fixture
def impatient(monkeypatch):
    """What is not heard at once is not heard."""
    monkeypatch.setattr(finder, "PATIENCE_S", 0.5)


async def heard_on(port):
    [heard] = await survey([port])
    assert heard.device == port
    assert heard.text.startswith(f"{port}: ")
    return heard


# --- what is heard on a port


@pytest.mark.parametrize(
    ("name", "verdict", "text", "mode"),
    [
        (HISTORIQUE, Verdict.METER, f"meter {ADCO}, historique mode", Mode.HISTORIQUE),
        (STANDARD, Verdict.METER, "meter 061961361253, standard mode", Mode.STANDARD),
        (
            STANDBY,
            Verdict.STANDBY,
            "meter 041128004711, historique mode, in standby",
            Mode.HISTORIQUE,
        ),
    ],
)
async def test_a_meter_is_named(speaking, name, verdict, text, mode):
    line = speaking(name)
    heard = await heard_on(line.path)
    assert (heard.verdict, heard.text) == (verdict, f"{line.path}: {text}")
    assert heard.meter == Found(line.path, heard.meter.address, mode)


async def test_a_silent_port_says_nothing(wire, impatient):
    line = wire()
    assert (await heard_on(line.path)).text == f"{line.path}: nothing is heard"


async def test_some_stray_bytes_are_nothing(wire, impatient):
    line = wire()
    asyncio.get_running_loop().call_later(0.2, os.write, line.master, b"\x00\xff\x00")
    assert (await heard_on(line.path)).verdict is Verdict.NOTHING


async def test_another_talker_is_told_from_a_meter(speaking, impatient):
    line = speaking(GPS)
    heard = await heard_on(line.path)
    assert (heard.verdict, heard.meter) == (Verdict.TALKER, None)
    assert re.search(r": something else talks there \(\d+ bytes, no TIC group\): left", heard.text)


async def test_a_meter_that_cannot_tell_its_address_is_told_from_another_talker(
    speaking, impatient
):
    line = speaking(encode_frame([Group("PAPP", "00500"), Group("PTEC", "HP..")]))
    heard = await heard_on(line.path)
    assert (heard.verdict, heard.meter) == (Verdict.DAMAGED, None)
    assert "check the wires" in heard.text


async def test_a_busy_port_is_left_to_its_owner(wire):
    line = wire()
    with closing(serial.Serial(line.path, exclusive=True)):
        heard = await heard_on(line.path)
    assert (heard.verdict, heard.text) == (
        Verdict.BUSY,
        f"{line.path}: another program uses the port",
    )


async def test_a_port_without_permission_says_which_group_to_join(wire, as_nobody):
    line = wire()
    os.chmod(line.path, 0)  # noqa: PTH101  # a device
    with as_nobody():
        heard = await heard_on(line.path)
    assert heard.verdict is Verdict.DENIED
    assert "group dialout" in heard.text


@pytest.mark.parametrize(
    ("device", "verdict"),
    [("/dev/no-such-port", Verdict.ABSENT), ("/dev/null", Verdict.FAILED)],
)
async def test_what_cannot_be_listened_to_says_why(device, verdict):
    assert (await heard_on(device)).verdict is verdict


async def test_a_port_that_vanishes_meanwhile_is_absent(wire):
    line = wire()
    asyncio.get_running_loop().call_later(0.1, line.close)
    assert (await heard_on(line.path)).verdict is Verdict.ABSENT


async def test_ports_are_told_in_their_order_and_given_back(wire, speaking, impatient):
    meter, silent, chat = speaking(HISTORIQUE), wire(), speaking(GPS)
    ports = [chat.path, silent.path, meter.path]
    heard = await survey(ports)
    assert [port.device for port in heard] == ports
    assert meters_of(heard) == [Found(meter.path, ADCO, Mode.HISTORIQUE)]
    for port in ports:
        with closing(serial.Serial(port, exclusive=True)):
            pass


# --- again and again


async def test_only_what_is_new_is_told_and_other_talkers_are_left_alone(wire, speaking, impatient):
    silent, chat = wire(), speaking(GPS)
    ports, search = [silent.path, chat.path], Search()
    assert [port.verdict for port in await search.look(ports)] == [Verdict.NOTHING, Verdict.TALKER]
    with closing(serial.Serial(chat.path, exclusive=True)):  # its own program can have it
        assert await search.look(ports) == []
    speaking(HISTORIQUE, silent)
    [meter] = await search.look(ports)
    assert meter.meter == Found(silent.path, ADCO, Mode.HISTORIQUE)


async def test_another_talker_is_heard_again_after_a_while_or_when_plugged_in_anew(
    speaking, impatient, monkeypatch
):
    """It may have been a meter with a bad wire."""
    line, search = speaking(GPS), Search()
    await search.look([line.path])
    line.talk.cancel()
    speaking(HISTORIQUE, line)
    assert await search.look([line.path]) == []
    assert await search.look([]) == []
    assert meters_of(await search.look([line.path]))

    line = speaking(GPS)
    monkeypatch.setattr(finder, "_LEFT_ALONE_S", 0.1)
    await search.look([line.path])
    line.talk.cancel()
    speaking(HISTORIQUE, line)
    await asyncio.sleep(0.2)
    assert meters_of(await search.look([line.path]))


# --- teleinfo run without a file


@pytest.fixture
async def run(monkeypatch, tmp_path, ears):
    """The function that runs it in this process on these ports; its messages stay on lo."""
    xpl = XplConfig(instance="test", interface="lo", hub="never", port=ears.port)
    monkeypatch.setattr(
        run_module, "Config", lambda **settings: Config(xpl=xpl, web=None, history=None, **settings)
    )
    tasks = []

    def start(*ports):
        for module in (run_module, service_module):
            monkeypatch.setattr(module, "usual_ports", lambda: list(ports))
        monkeypatch.setattr(service_module, "_SEARCH_AGAIN_S", 0.05)
        tasks.append(asyncio.create_task(run_module._run_without_file(or_demo=False)))

    yield start
    for task in tasks:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await task


async def test_run_names_what_it_heard_on_each_port_and_uses_the_meter(
    run, wire, speaking, ears, capsys, impatient
):
    meter, silent, chat, busy = speaking(HISTORIQUE), wire(), speaking(GPS), wire()
    with closing(serial.Serial(busy.path, exclusive=True)):
        run(silent.path, chat.path, busy.path, "/dev/ttyS99", meter.path)
        assert (await ears.message()).get("adco") == ADCO
    said = capsys.readouterr().err
    assert f"\n{silent.path}: nothing is heard.\n" in said
    assert re.search(rf"\n{chat.path}: something else talks there .* left alone\.\n", said)
    assert f"\n{busy.path}: another program uses the port.\n" in said
    assert f"\n{meter.path}: meter {ADCO}, historique mode.\n" in said
    assert "\n/dev/ttyS99" not in said
    for port in (silent, chat):  # left alone
        with closing(serial.Serial(port.path, exclusive=True)):
            pass


async def test_a_search_that_goes_on_tells_what_is_new(
    run, line, speaking, ears, caplog, impatient
):
    caplog.set_level("INFO", "teleinfo_gateway.service")
    run(line.path)
    await ears.message("hbeat.app")
    await asyncio.sleep(1.5)  # some rounds
    speaking(HISTORIQUE, line)
    assert (await ears.message()).get("adco") == ADCO
    told = [record.getMessage() for record in caplog.records]
    assert told[:2] == [
        f"{line.path}: nothing is heard",
        f"{line.path}: meter {ADCO}, historique mode",
    ]


# --- teleinfo find


async def test_find_prints_a_table_and_a_configuration(teleinfo, wire, speaking):
    one, two, busy = speaking(HISTORIQUE), speaking(STANDARD), wire()
    with closing(serial.Serial(busy.path, exclusive=True)):
        program = await teleinfo("find", one.path, busy.path, two.path, "/dev/no-such-port")
        code, out, err = await program.end()
    assert code == 0
    table, _, text = out.partition("\n\n")
    first = (one.path, "meter", "historique", ADCO, "Sagem/Sagemcom, 2015")
    second = (two.path, "meter", "standard", "061961361253", "Itron, 2019")
    assert [re.split(r" {2,}", row) for row in table.splitlines()] == [
        ["PORT", "HEARD", "MODE", "METER", "MADE BY", "MODEL"],
        [*first, "single-phase, multi-tariff, 3rd generation"],
        [busy.path, "busy", "-", "-", "-", "-"],
        [*second, "Linky single-phase 60 A G3 (top feed)"],
        ["/dev/no-such-port", "no device", "-", "-", "-", "-"],
    ]
    assert f"{busy.path}: another program uses the port.\n" in err
    assert "Listening on" in err
    assert text.startswith("# teleinfo.yaml")
    assert out.endswith("publications\n")


def make(text, tmp_path):
    path = tmp_path / "made.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


@pytest.mark.parametrize(
    "device",
    [
        "/dev/teleinfo",
        "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
        "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0",
        "/dev/tty#1",
        "/dev/é",
        "socket://127.0.0.1:7000",
    ],
)
def test_the_configuration_is_ready_to_use(tmp_path, device):
    config = make(configuration([Found(device, ADCO, Mode.HISTORIQUE)]), tmp_path)
    [meter] = config.devices
    assert (meter.name, meter.device, meter.mode, meter.interval) == ("meter", device, "auto", 60)


def test_several_meters_are_numbered_and_told_apart(tmp_path):
    meters = [Found(f"/dev/ttyUSB{n}", f"02152860331{n}", Mode.STANDARD) for n in range(3)]
    text = configuration(meters)
    assert [d.name for d in make(text, tmp_path).devices] == ["meter-1", "meter-2", "meter-3"]
    for meter in meters:
        assert f"# {meter.address}, standard mode; Sagem" in text


async def test_write_makes_the_file_and_check_finds_no_fault(teleinfo, speaking, tmp_path):
    line, path = speaking(HISTORIQUE), tmp_path / "teleinfo.yaml"
    code, out, err = await (await teleinfo("find", line.path, "--write", path)).end()
    assert code == 0
    assert f"Written: {path}" in err
    assert out.endswith(path.read_text())
    assert load_config(path).devices[0].device == line.path
    code, out, _ = await (await teleinfo("check", "--config", path)).end()
    assert (code, "no fault" in out) == (0, True)


async def test_a_file_that_exists_is_left_as_it_is_and_no_port_is_opened(teleinfo, tmp_path, line):
    path = tmp_path / "teleinfo.yaml"
    path.write_text("mine")
    with closing(serial.Serial(line.path, exclusive=True)):
        code, out, err = await (await teleinfo("find", line.path, "--write", path)).end()
    assert (code, out, path.read_text()) == (1, "", "mine")
    assert f"{path} exists already" in err
    assert "busy" not in err


async def test_a_file_that_cannot_be_written_is_code_1_after_the_table(
    teleinfo, speaking, tmp_path
):
    line = speaking(HISTORIQUE)
    path = tmp_path / "none/teleinfo.yaml"
    code, out, err = await (await teleinfo("find", line.path, "--write", path)).end()
    assert code == 1
    assert out.startswith("PORT")
    assert f"{path} cannot be written: No such file or directory" in err


@pytest.fixture
def find(monkeypatch):
    """The function that runs it in this process, on these usual ports: (code, out, err)."""

    def call(*ports):
        monkeypatch.setattr(find_module, "usual_ports", lambda: list(ports))
        result = CliRunner().invoke(command, ["find"])
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)

    return call


def test_without_a_meter_it_is_code_1_and_says_what_to_do(find, wire, impatient):
    line = wire()
    told = find(line.path, "/dev/null")
    assert told.code == 1
    assert [re.split(r" {2,}", row)[:2] for row in told.out.splitlines()] == [
        ["PORT", "HEARD"],
        [line.path, "nothing"],
        ["/dev/null", "cannot be read"],
    ]
    assert "/dev/null: this is not a serial port" in told.err
    assert told.err.endswith("; see above why a port cannot be read\n")
    assert "Error: no meter: check the wires" in told.err


def test_the_advice_fits_what_was_found(find, wire, impatient):
    busy = wire()
    with closing(serial.Serial(busy.path, exclusive=True)):
        told = find(busy.path, "/dev/ttyNONE")
        assert "Error: no meter: end the program that uses the busy port" in told.err
        assert "wires" not in told.err
        both = find(busy.path, wire().path).err
        assert both.endswith("; check the wires at I1 and I2, then the adapter\n")
    talker = Heard("/dev/gps", Verdict.TALKER, "/dev/gps: something else talks there")
    assert advice([talker]).startswith("the meter is on another port than")
    assert "there is no such device: plug the adapter in" in find("/dev/ttyNONE").err


def test_without_a_port_it_is_code_1(find):
    told = find()
    assert (told.code, told.out) == (1, "")
    assert "no serial port on this machine" in told.err


@pytest.mark.parametrize("device", ["ttyUSB0", "/dev/tty USB0", "socket://nowhere"])
def test_a_port_is_written_whole(device):
    result = CliRunner().invoke(command, ["find", device])
    assert result.exit_code == 2
    assert "write a port whole" in result.stderr


def test_a_port_named_twice_is_listened_to_once(wire, impatient):
    line = wire()
    result = CliRunner().invoke(command, ["find", line.path, line.path])
    assert result.stdout.count(line.path) == 1


async def test_a_signal_ends_it_at_once(teleinfo, line):
    program = await teleinfo("find", line.path)
    await program.line("Listening on")
    with contextlib.suppress(ProcessLookupError):
        program.signal(signal.SIGINT)
    async with asyncio.timeout(5):
        assert (await program.end())[0] == 130
