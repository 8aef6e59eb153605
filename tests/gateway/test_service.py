"""``teleinfo run`` as a program of its own: signals, reload, neighbours; and without a file."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from teleinfo_gateway.cli import run as run_module
from teleinfo_gateway.cli import teleinfo as command
from teleinfo_gateway.config import Config, WebConfig, XplConfig
from teleinfo_gateway.history.errors import BUSY_S
from xpl import Address, XplClient

HISTORIQUE = "histo-hc-mono-l16c6"
OTHER = "std-base-mono-conso"
ADCO = "021528603314"
SERVICE = Path(__file__).parents[2] / "docs/examples/teleinfo.service"


@pytest.fixture
def settings(line, ears, free_port):
    """What a file says of one meter whose messages reach ``ears``; to be changed by a test."""
    return {
        "devices": [{"name": "house", "device": line.path, "interval": 1}],
        "xpl": {"instance": "test", "interface": "lo", "hub": "never", "port": ears.port},
        "web": {"listen": f"127.0.0.1:{free_port()}"},
    }


@pytest.fixture
def file(tmp_path, settings):
    """The file with these settings; call it to write what has changed."""

    class File:
        path = tmp_path / "gateway.yaml"

        def write(self):
            self.path.write_text(yaml.safe_dump(settings, sort_keys=False))
            return self.path

    return File()


@pytest.fixture
async def running(teleinfo, file, line, talking, ears):
    """A gateway that has told its first message."""
    talking(line, HISTORIQUE)
    program = await teleinfo("run", "--config", file.write())
    assert (await ears.message()).get("adco") == ADCO
    return program


# --- its end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_two_seconds_with_a_farewell(running, ears, number):
    began_s = time.monotonic()
    running.signal(number)
    assert str((await ears.message("hbeat.end")).source) == "domogik-teleinfo.test"
    code, out, err = await running.end()
    assert time.monotonic() - began_s < 2
    assert (code, out) == (0, "")
    assert err.endswith("stopped\n")
    assert "Traceback" not in err


async def test_it_ends_in_time_while_ports_are_missing_and_web_clients_wait(
    teleinfo, file, settings, line, tmp_path, ears
):
    """Also with someone who listens to the events, which never end by themselves."""
    settings["devices"].append({"name": "missing", "device": str(tmp_path / "nothing")})
    program = await teleinfo("run", "--config", file.write())
    await ears.message("hbeat.app")
    host, _, port = settings["web"]["listen"].partition(":")
    await program.line("HTTP")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readuntil(b"event")
    began_s = time.monotonic()
    program.signal(signal.SIGTERM)
    code, _, _ = await program.end()
    assert code == 0
    assert time.monotonic() - began_s < 2
    writer.close()


BOUND_S = 10
"""That a stop takes at most: what container engines wait for; only a held history is longer."""


def test_systemd_waits_for_a_history_that_another_program_holds():
    waits_s = int(re.search(r"TimeoutStopSec=(\d+)", SERVICE.read_text())[1])
    assert waits_s > BOUND_S + BUSY_S


@pytest.fixture
def silent_server():
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def ended_in_time(program):
    """Have a program end; what it said on standard error."""
    began_s = time.monotonic()
    program.signal(signal.SIGTERM)
    code, _, err = await program.end()
    assert time.monotonic() - began_s < BOUND_S
    assert code == 0
    assert "Traceback" not in err
    assert "Task " not in err  # what asyncio says of one that was forgotten
    return err


async def test_it_ends_in_time_while_it_starts(teleinfo, file, settings):
    """A signal that comes even before it listens to signals ends it by itself."""
    program = await teleinfo("run", "--config", file.write())
    await program.line("Configuration:")
    began_s = time.monotonic()
    program.signal(signal.SIGTERM)
    code, _, err = await program.end()
    assert time.monotonic() - began_s < BOUND_S
    assert code in {0, -signal.SIGTERM}
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "section",
    [
        {"mqtt": {"url": "mqtt://127.0.0.1:PORT"}},
        {"influxdb": {"url": "http://127.0.0.1:PORT"}},
        {"sql": {"url": "postgresql://user:word@127.0.0.1:PORT/name"}},
        {"history": {"url": "mariadb://user:word@127.0.0.1:PORT/name"}},
        {"devices": [{"name": "house", "device": "socket://127.0.0.1:PORT"}]},
        {"devices": [{"name": "house", "device": "rfc2217://127.0.0.1:PORT"}]},
    ],
    ids=lambda section: yaml.safe_dump(section, default_flow_style=True).strip(),
)
async def test_it_ends_in_time_while_a_server_never_answers(
    teleinfo, file, settings, silent_server, section, ears
):
    settings |= yaml.safe_load(yaml.safe_dump(section).replace("PORT", str(silent_server)))
    program = await teleinfo("run", "--config", file.write())
    await ears.message("hbeat.app")
    await program.line("HTTP API")
    await asyncio.sleep(0.5)  # it has begun to talk to the server, which nothing tells
    assert (await ended_in_time(program)).endswith("stopped\n")


async def test_it_ends_in_time_while_it_reloads(running, file, settings, silent_server):
    for number in range(5):
        settings["history"] = {"size": 200 + number}
        settings["mqtt"] = {"url": f"mqtt://127.0.0.1:{silent_server}", "client_id": f"c{number}"}
        settings["xpl"]["instance"] = f"n{number}"
        file.write()
        running.signal(signal.SIGHUP)
        await asyncio.sleep(0.02 * number)  # each comes at another moment of the one before
    assert (await ended_in_time(running)).endswith("stopped\n")


# --- its beginning


async def test_its_first_lines_say_what_it_runs(teleinfo, file):
    program = await teleinfo("run", "--config", file.write())
    first = await program.line()
    assert re.fullmatch(r"teleinfo-gateway \d+\.\d+\.\d+\n", first)
    assert await program.line() == f"Configuration: {file.path}, 1 meter.\n"


async def test_a_faulty_file_is_refused_before_anything_is_opened(teleinfo, file, settings, ears):
    settings["devices"][0]["interval"] = 600
    settings["xpl"]["hubb"] = "auto"
    code, _, err = await (await teleinfo("run", "--config", file.write())).end()
    assert code == 2
    assert "devices[0].interval" in err
    assert "xpl.hubb" in err
    assert not ears.heard()


async def test_a_file_that_is_not_there_is_an_error(teleinfo, tmp_path):
    code, _, err = await (await teleinfo("run", "--config", tmp_path / "none.yaml")).end()
    assert code == 2
    assert "none.yaml" in err


async def test_a_meter_is_told_within_two_seconds_and_two_frames_of_the_start(
    teleinfo, file, line, talking, ears
):
    """The interpreter's own start included; the frames of this wire take no time."""
    talking(line, HISTORIQUE)
    began_s = time.monotonic()
    await teleinfo("run", "--config", file.write())
    await ears.message()
    assert time.monotonic() - began_s < 2 + 2 * 1.42


async def test_an_http_port_that_is_taken_costs_the_api_alone(teleinfo, file, settings, ears):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings["web"]["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
        program = await teleinfo("run", "--config", file.write())
        assert "ERROR" in await program.line("no HTTP API")
        await ears.message("hbeat.app")
        program.signal(signal.SIGTERM)
        assert (await program.end())[0] == 0


# --- SIGHUP


async def test_sighup_reads_the_file_again(running, file, settings, wire, talking, ears):
    garage = wire()
    talking(garage, OTHER)
    settings["devices"].append({"name": "garage", "device": garage.path, "interval": 1})
    file.write()
    running.signal(signal.SIGHUP)
    while (await ears.message()).get("adco") != "061961361253":
        pass
    await running.line("configuration reloaded: 1 meters kept, 0 stopped")


async def _written(pipe, text):
    """Write a named pipe once somebody has opened it to read, until when it cannot be opened."""
    end = None
    async with asyncio.timeout(20):
        while end is None:
            try:
                end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # ENXIO: nobody reads yet
                await asyncio.sleep(0.01)
    os.write(end, text)
    return end


async def test_sighup_while_it_starts_is_heeded_later(teleinfo, tmp_path):
    """Its file is a pipe here: what happens while it reads it happens before it runs."""
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    program = await teleinfo("run", "--config", pipe)
    end = await _written(pipe, b"{xpl: false, web: false, ")
    program.signal(signal.SIGHUP)
    os.write(end, b"history: false}")
    os.close(end)
    await program.line("Configuration:")
    os.close(await _written(pipe, b"{xpl: false, web: false, history: false, interval: 1}"))
    await program.line("not reloaded")
    program.signal(signal.SIGTERM)
    assert (await program.end())[0] == 0


async def test_ctrl_c_while_it_starts_ends_it_without_a_word(teleinfo, tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    program = await teleinfo("run", "--config", pipe)
    end = await _written(pipe, b"{")

    async def press() -> None:  # again and again: a read that has just begun is not interrupted
        with contextlib.suppress(ProcessLookupError):
            while True:
                program.signal(signal.SIGINT)
                await asyncio.sleep(0.5)

    pressing = asyncio.create_task(press())
    code, _, err = await program.end()
    pressing.cancel()
    os.close(end)
    assert code == 130
    assert err.splitlines()[1:] == []


async def test_sighup_with_a_faulty_file_tells_the_faults_and_changes_nothing(
    running, file, settings, ears
):
    settings["devices"][0]["interval"] = 600
    settings["devices"].append({"device": "ttyUSB0"})
    file.write()
    running.signal(signal.SIGHUP)
    await running.line("not reloaded, the old settings stay")
    await running.line("devices[0].interval")
    await running.line("devices[1].device")
    ears.heard()
    await ears.message()
    running.signal(signal.SIGTERM)
    assert (await running.end())[0] == 0


async def test_sighup_moves_the_http_api(running, file, settings, free_port):
    old, new = settings["web"]["listen"], f"127.0.0.1:{free_port()}"
    settings["web"]["listen"] = new
    file.write()
    running.signal(signal.SIGHUP)
    await running.line("HTTP", new)
    host, _, port = old.partition(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_sighup_a_hundred_times_is_harmless(running, file, ears):
    for _ in range(100):
        running.signal(signal.SIGHUP)
    ears.heard()
    await ears.message()
    running.signal(signal.SIGTERM)
    assert (await running.end())[0] == 0


# --- neighbours


async def test_two_gateways_on_one_machine_share_one_hub(
    teleinfo, tmp_path, wire, talking, free_port
):
    port = free_port()
    heard = asyncio.Queue()
    told = []
    for name, capture in (("one", HISTORIQUE), ("two", OTHER)):
        line = wire()
        talking(line, capture)
        path = tmp_path / f"{name}.yaml"
        xpl = {"instance": name, "interface": "lo", "port": port}
        device = {"device": line.path, "interval": 1}
        path.write_text(yaml.safe_dump({"devices": [device], "xpl": xpl, "web": False}))
        program = await teleinfo("run", "--config", path)
        told.append(await program.line("xPL:", "hub"))
    assert "no hub ran here, one was started" in told[0]
    assert "a hub runs here already, it is used" in told[1]
    client = XplClient(
        Address("pyxpl", "test", "other"), "lo", port=port, on_message=heard.put_nowait
    )
    await client.start()
    sources = set()
    async with asyncio.timeout(20):
        while len(sources) < 2:
            message = await heard.get()
            if message.schema == "teleinfo.basic":
                sources.add(str(message.source))
    assert sources == {"domogik-teleinfo.one", "domogik-teleinfo.two"}
    await client.stop()


# --- without a file


@pytest.fixture
async def machine(monkeypatch, tmp_path, ears):
    """A machine without a configuration; what it would broadcast stays on lo.

    ``ports`` are its usual ports; ``run`` is ``teleinfo run`` in this very process.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    monkeypatch.setattr("teleinfo_gateway.config.search_paths", lambda: ())
    xpl = XplConfig(instance="test", interface="lo", hub="never", port=ears.port)
    monkeypatch.setattr(
        run_module, "Config", lambda **settings: Config(xpl=xpl, web=None, history=None, **settings)
    )
    ports, tasks = [], []
    for module in ("cli.run", "service"):
        monkeypatch.setattr(f"teleinfo_gateway.{module}.usual_ports", lambda: list(ports))

    def run(*, or_demo=False):
        tasks.append(asyncio.create_task(run_module._run_without_file(or_demo=or_demo)))
        return tasks[-1]

    yield SimpleNamespace(ports=ports, run=run)
    for task in tasks:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await task


async def test_without_file_and_meter_it_says_so_and_searches_on(
    machine, line, talking, ears, capsys, monkeypatch
):
    monkeypatch.setattr("teleinfo_gateway.service._SEARCH_AGAIN_S", 0.05)
    machine.run()
    await ears.message("hbeat.app")
    said = capsys.readouterr().err
    assert "No configuration file" in said
    assert "No serial port on this machine." in said
    assert "No meter found" in said
    assert "teleinfo demo" in said
    machine.ports.append(line.path)  # and now one is plugged in
    talking(line, HISTORIQUE)
    assert (await ears.message()).get("adco") == ADCO


async def test_without_file_the_meters_it_finds_are_read(machine, line, talking, ears, capsys):
    machine.ports.append(line.path)
    talking(line, HISTORIQUE)
    machine.run()
    assert (await ears.message()).get("adco") == ADCO
    said = capsys.readouterr().err
    assert f"Listening for a meter on {line.path}" in said
    assert f"{line.path}: meter {ADCO}, historique mode." in said


async def test_the_search_for_meters_can_be_stopped_at_once(machine, line):
    machine.ports.append(line.path)
    task = machine.run()
    await asyncio.sleep(0.05)
    assert not task.done()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(2):
        await task


async def test_without_file_and_meter_it_may_run_simulated_ones(
    machine, ears, capsys, monkeypatch, free_port
):
    """Their messages stay on this machine, whatever the interface of the default route is."""
    settings = []
    web = WebConfig(listen=f"127.0.0.1:{free_port()}")

    def xpl(**changes):
        settings.append(changes)
        return XplConfig(port=ears.port, hub="never", **changes)

    monkeypatch.setattr("teleinfo_gateway.cli.demo.XplConfig", xpl)
    monkeypatch.setattr(
        "teleinfo_gateway.cli.demo.Config", lambda **changes: Config(**changes, web=web)
    )
    machine.run(or_demo=True)
    adcos = set()
    async with asyncio.timeout(30):
        while len(adcos) < 2:
            adcos.add((await ears.message()).get("adco"))
    assert settings == [{"interface": "lo"}]
    assert all(adco.startswith("00") for adco in adcos)
    said = capsys.readouterr().err
    assert "No meter found: two simulated ones are read." in said
    assert "To hear them: xpl-listen --interface lo" in said


def test_run_without_file_is_what_the_command_does(machine, monkeypatch):
    called = []
    monkeypatch.setattr(run_module.asyncio, "run", called.append)
    result = CliRunner().invoke(command, ["run", "--or-demo"])
    assert result.exit_code == 0
    (coroutine,) = called
    work = coroutine.cr_frame.f_locals["work"]
    assert work.cr_code.co_name == "_run_without_file"
    work.close()
    coroutine.close()
