"""A gateway whose file changes again and again while its meters talk: nothing stays behind."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from teleinfo_gateway.config import load_config
from teleinfo_gateway.service import Service
from teleinfo_gateway.statuses import Status

from .conftest import WAIT_S
from .http_servers import HttpServer

HISTORIQUE = "histo-hc-mono-l16c6"
OTHER = "std-base-mono-conso"
ROUNDS = 10
NOTHING = {"xpl": False, "web": False, "history": False}


@pytest.fixture
def server():
    """Where every output over HTTP goes; it answers yes to everything."""
    it = HttpServer(b"ok")
    it.start()
    yield it
    it.stop()


@pytest.fixture
async def broker(mosquitto):
    return await mosquitto()


@pytest.fixture
async def wires(wire, talking):
    """Two meters that talk all the time, and one with nobody at it."""
    made = SimpleNamespace(house=wire(), garage=wire(), silent=wire())
    talking(made.house, HISTORIQUE)
    talking(made.garage, OTHER)
    return made


@pytest.fixture
def settings(wires, ears, server, broker, free_port, tmp_path):
    """The function that gives the settings of a round: each has other meters and other outputs."""
    web, ingest, heard, sent = (free_port() for _ in range(4))
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")

    def make(number):
        odd = number % 2 == 1
        meters = {
            "cellar" if odd else "house": wires.house.path,
            "garage": wires.garage.path,
            "loft": wires.silent.path,
            "missing": str(tmp_path / "nothing"),
            "refused": f"socket://127.0.0.1:{heard}",
            "other": f"udp://127.0.0.1:{heard}",
        }
        if number % 3 == 1:
            del meters["garage"]
        outputs = {
            "xpl": {"instance": f"n{number}", "interface": "lo", "port": ears.port},
            "history": {"path": str(tmp_path / "history.db"), "size": 100 + number // 2},
            "web": {"listen": f"127.0.0.1:{web}"},
            "ingest": {"listen": f"127.0.0.1:{ingest}", "token": f"file:{token}"},
            "udp": {"port": sent, "to": "127.0.0.1"},
            "mqtt": {"url": f"mqtt://127.0.0.1:{broker.port}", "client_id": f"c{number // 2}"},
            "jeedom": {"url": f"{server.url}/{number}", "apikey": "abcdefgh"},
            "influxdb": {"url": f"{server.url}/{number // 2}"},
            "emoncms": {"url": f"{server.url}/{number}", "apikey": "0" * 32},
            "push": [{"name": f"p{number}", "url": f"{server.url}/p"}],
            "files": {"folder": str(tmp_path / f"files{number // 2}")},
        }
        if odd:
            del outputs["mqtt"], outputs["influxdb"], outputs["udp"], outputs["ingest"]
        return {
            "devices": [
                {"name": name, "device": device, "interval": 1 + number % 2}
                for name, device in meters.items()
            ],
            **outputs,
        }

    return make


@pytest.fixture
async def service(tmp_path):
    """A gateway in this very process that runs a file with nothing in it; ``write`` changes it."""
    path = tmp_path / "teleinfo.yaml"

    def write(settings):
        path.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))

    write(NOTHING)
    stop = asyncio.Event()
    it = Service(load_config(path), path)
    running = asyncio.create_task(it.run(stop))

    async def end():
        stop.set()
        async with asyncio.timeout(WAIT_S):
            await running

    yield SimpleNamespace(it=it, manager=it.manager, write=write, end=end)
    await end()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


def held():
    """What this program holds: descriptors, threads and tasks, by what they are."""
    found = Counter(thread.name for thread in threading.enumerate())
    found += Counter(task.get_name().rstrip("0123456789") for task in asyncio.all_tasks())
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the folder's own
            found[str(descriptor.readlink()).partition(":")[0]] += 1
    return found


@pytest.mark.timeout(300)
async def test_ten_reloads_of_everything_leave_nothing_behind(service, settings, until):
    """By each of the ways to ask for one, with a faulty file before each."""

    async def by_signal():
        before = service.it.loaded_at
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: service.it.loaded_at != before)

    async def by_message():
        assert await service.manager.request_reload() == 0

    async def by_button():
        assert await service.it.reload() == ()

    first = held()
    for number in range(ROUNDS):
        service.write("devices: [{name: house}]\nxpl: 3")
        assert len(await service.it.reload()) == 2
        wanted = settings(number)
        service.write(wanted)
        await (by_signal, by_message, by_button)[number % 3]()
        meters = service.manager.meters
        assert list(meters) == [device["name"] for device in wanted["devices"]]
        house = meters["cellar" if number % 2 else "house"]
        await until(lambda meter=house: meter.said_s is not None)
        if mqtt := service.manager.outputs.get("mqtt"):
            await until(lambda output=mqtt: output.state()["connected"])
    assert service.manager.history.state()["problem"] == ""
    service.write(NOTHING)
    await by_button()
    gc.collect()  # what is left to it warns, and a warning fails the test
    # A request that nobody waits for any more may take the time that it has for itself.
    await until(lambda: held() <= first, 60)


async def test_a_stop_lets_a_reload_finish_and_then_stops_what_it_has_begun(
    service, stalled_broker, ears, wires, until
):
    """Else what it begins after the stop would never be told to end."""
    broker = await stalled_broker()
    service.write({**NOTHING, "mqtt": {"url": broker.url}})
    await service.it.reload()
    await until(lambda: service.manager.outputs["mqtt"].state()["connected"])
    meter = {"name": "house", "device": wires.house.path}
    xpl = {"instance": "test", "interface": "lo", "hub": "never", "port": ears.port}
    service.write({**NOTHING, "devices": [meter], "xpl": xpl})
    asked = service.manager.request_reload()
    await until(lambda: "mqtt" not in service.manager.outputs)  # it is about to take its leave
    assert not asked.done()
    await service.end()
    assert asked.done()
    assert service.manager.status is Status.STOPPED
    assert [each.status for each in service.manager.meters.values()] == [Status.STOPPED]
    assert not service.manager.bus._subscriptions
