"""Outputs of other packages: the example of the documentation, built, installed and run."""

import asyncio
import csv
import json
import logging
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from teleinfo_gateway.config import Config, HistoryConfig
from teleinfo_gateway.forwarding import forwarder
from teleinfo_gateway.history import output as history_output
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.web.masking import masked
from tic import Group, encode_frame

from .conftest import WAIT_S

EXAMPLE = Path(__file__).parents[2] / "docs/examples/output-extension"
VALUES = {
    "ADCO": "021528603314",
    "OPTARIF": "BASE",
    "ISOUSC": "30",
    "BASE": "001234567",
    "PTEC": "TH..",
    "IINST": "004",
    "PAPP": "00920",
}


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The folder that the example is installed in, as an installer does it: its wheel unpacked."""
    wheels, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(EXAMPLE)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    return site


@pytest.fixture
def installed(package, monkeypatch):
    """The example can be found; what looks once a minute looks at once."""
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setattr(forwarder, "_LOOK_S", 0.02)
    monkeypatch.setattr(history_output, "_FRESH_S", 0)
    yield
    sys.modules.pop("teleinfo_output_example", None)


@pytest.fixture
async def running(tmp_path, device):
    """The function that starts a gateway with extensions, by their settings."""
    started = []

    def start(*wires, **extensions):
        config = Config(
            devices=tuple(device(wire, interval=1) for wire in wires),
            xpl=None,
            web=None,
            history=HistoryConfig(path=str(tmp_path / "history.db")),
            extensions=extensions,
        )
        started.append(PluginManager(config))
        started[-1].start()
        return started[-1]

    yield start
    for manager in started:
        await manager.stop()


def frame(**changes):
    return encode_frame(Group(*each) for each in (VALUES | changes).items())


@pytest.mark.timeout(300)  # the build back-end is fetched
async def test_the_live_one_rings_at_an_overload(installed, running, line, talking, until):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        manager = running(line, bell={"port": ear.getsockname()[1]})
        quiet = talking(line, frame())
        await line.opened(manager.meter("house"))
        await until(manager.meter("house").sensors.seen)
        quiet.cancel()
        talking(line, frame(IINST="035", ADPS="035", PAPP="08050"))
        async with asyncio.timeout(WAIT_S):
            assert await asyncio.get_running_loop().sock_recv(ear, 100) == b"ring house"
        assert manager.outputs["extension-bell"].state()["rung"] == 1
        assert manager.outputs["extension-bell"].state()["problem"] == ""


@pytest.mark.timeout(300)
async def test_the_durable_one_has_every_reading_once(
    installed, running, line, talking, until, tmp_path
):
    ledger = tmp_path / "there/ledger.csv"
    manager = running(line, ledger={"file": str(ledger)})
    talking(line, frame())
    output = manager.outputs["extension-ledger"]
    await until(lambda: "cannot be written" in output.state()["problem"])
    ledger.parent.mkdir()
    await until(lambda: output.state()["sent"] > 2)
    assert output.state()["problem"] == ""
    await manager.stop()
    with ledger.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers))
    assert {tuple(row[2:]) for row in rows} == {("021528603314", "920")}


async def test_one_that_is_not_installed_is_said_and_costs_nothing(running, caplog):
    manager = running(lamp={})
    assert "extension-lamp" not in manager.outputs
    assert "extensions.lamp: no such output is installed; there are: " in caplog.text
    assert "history" in manager.outputs


@pytest.mark.timeout(300)
async def test_wrong_settings_are_said_in_its_own_words(installed, running, caplog):
    manager = running(bell={"port": "seven"})
    assert "extension-bell" not in manager.outputs
    assert "extensions.bell: port: a UDP port of this machine is needed" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """The function that installs a package ``NAME`` by its code; ``make`` gives its output."""
    installed = []

    def install(name, code, *more):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        points = "\n".join((f"{name} = {name}_output:make", *more))
        (info / "entry_points.txt").write_text(f"[teleinfo_gateway.outputs]\n{points}\n")
        (tmp_path / f"{name}_output.py").write_text(code)
        installed.append(f"{name}_output")
        return tmp_path

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for name in installed:
        sys.modules.pop(name, None)


BROKEN = """
class Broken:
    name = 'broken'
    def start(self): raise ValueError('start')
    async def stop(self): raise ValueError('stop')
    def state(self): raise ValueError('state')
def make(settings, gateway): return Broken()
"""


async def test_the_faults_of_one_stay_its_own(foreign, running, caplog):
    foreign("broken", BROKEN, "absent = broken_output:absent")
    with caplog.at_level(logging.ERROR):
        manager = running(broken={}, absent={})
        assert list(manager.outputs) == ["history", "extension-broken"]
        for _ in range(3):  # the page asks every few seconds
            state = manager.outputs["extension-broken"].state()
            assert state == {"problem": "a fault of the extension: ValueError"}
        await manager.stop()
    assert "extensions.absent: it cannot be started" in caplog.text
    assert caplog.text.count("extension-broken: a fault of the extension: ValueError") == 1


USUAL = """
import asyncio
class Usual:
    name = 'usual'
    def start(self): self.task = asyncio.ensure_future(asyncio.sleep(60))
    async def stop(self):
        self.task.cancel()
        await self.task
    def state(self): return {'oldest': 'a word'}
def make(settings, gateway): return Usual()
"""


async def test_one_that_cancels_itself_stops_nobody_else(foreign, running):
    foreign("usual", USUAL)
    manager = running(usual={})
    await manager.stop()
    assert manager.status is Status.STOPPED
    assert manager.history.waiting == 0


ODD = """
from datetime import datetime
class Odd:
    name = 'odd'
    def start(self): pass
    def stop(self): pass  # no coroutine function
    def state(self): return {'rung': 3, 'loud': True, 'at': datetime(2026, 1, 2), 7: None, 'w': 1.5}
def make(settings, gateway): return Odd()
"""


async def test_what_one_tells_can_be_told_on(foreign, running):
    foreign("odd", ODD)
    state = running(odd={}).outputs["extension-odd"].state()
    told = {"rung": 3, "loud": True, "at": "2026-01-02 00:00:00", "7": "None", "w": "1.5"}
    assert json.loads(json.dumps(state)) == {**told, "problem": ""}


async def test_a_reload_goes_on_where_one_cannot_be_stopped(foreign, running, caplog):
    foreign("odd", ODD)
    manager = running(odd={})
    without = manager.config.model_copy(update={"extensions": {}, "xpl": None})
    await manager.reload(without)
    assert list(manager.outputs) == ["history"]
    assert manager.config == without
    assert "extension-odd: a fault of the extension: TypeError" in caplog.text


STUCK = """
import asyncio, threading
class Stuck:
    name = 'stuck'
    def start(self):
        self.task = asyncio.ensure_future(asyncio.to_thread(threading.Event().wait))
        print('stuck', flush=True)
    async def stop(self): self.task.cancel()
    def state(self): return {}
def make(settings, gateway): return Stuck()
"""


async def test_a_thread_that_never_ends_does_not_keep_the_gateway_from_ending(
    foreign, teleinfo, tmp_path
):
    """As the documentation asks for, what blocks is in a thread: here it blocks for ever."""
    file = tmp_path / "teleinfo.yaml"
    file.write_text("{xpl: false, web: false, history: false, extensions: {stuck: {}}}")
    folder = foreign("stuck", STUCK)
    program = await teleinfo("run", "--config", file, env={"PYTHONPATH": str(folder)})
    async with asyncio.timeout(WAIT_S):
        assert await program.process.stdout.readline() == b"stuck\n"
    program.signal(signal.SIGTERM)
    code, _, err = await program.end()  # waits far less than for ever
    assert code == 0
    assert "asyncio_0" in err.splitlines()[-1].partition("not waited for: ")[2]


def test_what_only_its_author_understands_is_shown_to_nobody():
    text = "extensions:\n  bell: {port: 7007, code: abc}\ndevices: []\n"
    assert masked(text) == "extensions:\n  bell: {port: ***, code: ***}\ndevices: []\n"
