"""The manager: many meters and outputs, none of which disturbs another."""

import asyncio
import fcntl
import os
import threading
import time
from types import SimpleNamespace

import pytest

from teleinfo_gateway.config import Config, DeviceConfig, UdpConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.manager import PluginManager, UnknownMeterError
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.sources import port
from teleinfo_gateway.statuses import LinkState, Status

HISTORIQUE = "histo-hc-mono-l16c6"
OTHER = "std-base-mono-conso"


def statuses(subscription, name=""):
    """The statuses that a meter, or the gateway, went through."""
    return [
        item.value
        for item in subscription._items
        if isinstance(item, Event) and item.kind is EventKind.STATUS and item.meter == name
    ]


def is_free(path):
    """Whether another program could open a port for itself."""
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.flock(terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(terminal)
    return True


# --- its own life


async def test_the_gateway_lives_in_domogiks_words(line, device, lo_xpl):
    running = PluginManager(Config(devices=(device(line),), xpl=lo_xpl(), web=None, history=None))
    events = running.bus.subscribe()
    assert running.status is Status.STOPPED
    running.start()
    assert running.status is Status.ALIVE
    await running.stop()
    assert statuses(events) == [
        Status.STARTING,
        Status.ALIVE,
        Status.STOP_REQUEST,
        Status.STOPPED,
    ]


async def test_without_a_meter_it_is_not_configured(manager, ears):
    running = manager()
    assert running.status is Status.NOT_CONFIGURED
    assert (await ears.message("hbeat.app")).source  # and yet on the network


async def test_it_knows_how_long_it_runs(manager):
    running = manager()
    assert 0 <= running.uptime_s < 20
    assert running.since.tzinfo is not None


async def test_an_unknown_meter_names_those_that_exist(manager, wire, device):
    running = manager(wire(), device(wire(), "garage"))
    with pytest.raises(UnknownMeterError, match=r"no meter is called 'cellar'; .* house, garage"):
        running.meter("cellar")
    assert issubclass(UnknownMeterError, GatewayError)
    assert list(running.meters) == ["house", "garage"]


async def test_to_stop_says_goodbye_and_frees_every_port(manager, wire, device, ears):
    house, garage = wire(), wire()
    running = manager(house, device(garage, "garage"))
    for on in (house, garage):
        await on.opened(running.meter("house" if on is house else "garage"))
    await ears.message("hbeat.app")
    began_s = time.monotonic()
    await running.stop()
    assert time.monotonic() - began_s < 1
    await ears.message("hbeat.end")
    assert is_free(house.path)
    assert is_free(garage.path)


# --- many meters


async def test_each_meter_speaks_for_itself(manager, wire, device, talking, ears):
    house, garage = wire(), wire()
    manager(house, device(garage, "garage"))
    talking(house, HISTORIQUE)
    talking(garage, OTHER)
    heard = {(await ears.message()).get("adco") for _ in range(2)}
    assert heard == {"021528603314", "061961361253"}


@pytest.fixture
def failing(wire, device, tmp_path, free_port, monkeypatch):
    """Ports that are missing, held by another program, unplugged later, refused, and hanging."""
    busy, unplugged, hanging = wire(), wire(), wire()
    holder = os.open(busy.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    free, really = threading.Event(), port._open

    def hang(path, baudrate):  # the blocking call alone: no driver here can be made to hang
        if path == hanging.path:
            free.wait(20)
        return really(path, baudrate)

    monkeypatch.setattr(port, "_open", hang)
    devices = (
        DeviceConfig(name="missing", device=str(tmp_path / "nothing")),
        device(busy, "busy"),
        device(unplugged, "unplugged"),
        DeviceConfig(name="refused", device=f"socket://127.0.0.1:{free_port()}"),
        device(hanging, "hanging"),
    )
    yield SimpleNamespace(devices=devices, unplug=unplugged, release=lambda: os.close(holder))
    free.set()


async def test_a_port_that_fails_disturbs_no_other_meter(
    manager, line, failing, talking, ears, until
):
    running = manager(line, *failing.devices, interval=1)
    talking(line, HISTORIQUE)
    await ears.message()
    meters = dict(running.meters)
    house, hanging = meters.pop("house"), meters.pop("hanging")
    await failing.unplug.opened(meters["unplugged"])
    failing.unplug.close()
    for meter in meters.values():
        await until(lambda meter=meter: meter.link.state is LinkState.NO_PORT and meter._tries > 1)
    assert hanging.link.state is LinkState.SEARCHING
    assert {meter.status for meter in running.meters.values()} == {Status.ALIVE}
    assert not house.statistics.refused
    ears.heard()
    await ears.message()
    failing.release()
    await until(lambda: meters["busy"].link.state is LinkState.SEARCHING)
    began_s = time.monotonic()
    await running.stop()
    assert time.monotonic() - began_s < 1


async def test_a_meter_that_is_stopped_leaves_the_others_and_can_be_started(
    manager, wire, device, talking, ears, until
):
    house, garage = wire(), wire()
    running = manager(house, device(garage, "garage", interval=1), interval=1)
    talking(house, HISTORIQUE)
    talking(garage, OTHER)
    await running.meter("house").stop()
    ears.heard()
    for _ in range(2):
        assert (await ears.message()).get("adco") == "061961361253"
    assert running.status is Status.ALIVE
    running.meter("house").start()
    while (await ears.message()).get("adco") != "021528603314":
        pass


# --- reload


@pytest.fixture
def garage(wire, device):
    """Another meter: its wire and its settings."""
    line = wire()
    return SimpleNamespace(line=line, config=device(line, "garage"))


@pytest.fixture
def changed(line, device, lo_xpl):
    """The function that gives a configuration: the meter ``house``, others, and xPL settings."""

    def make(*others, house=True, xpl=True, **settings):
        devices = ((device(line),) if house else ()) + others
        return Config(
            devices=devices, xpl=lo_xpl(**settings) if xpl else None, web=None, history=None
        )

    return make


async def test_what_a_reload_leaves_unchanged_keeps_running(
    manager, line, garage, changed, talking, until
):
    running = manager(line)
    house = running.meter("house")
    talking(line, HISTORIQUE)
    await until(lambda: house.link.state is LinkState.OK)
    task, output = house._task, running.outputs["xpl"]
    heard = house.statistics.groups
    for config in (changed(garage.config), changed(), changed()):
        await running.reload(config)
        assert running.meter("house") is house
        assert house._task is task
        assert running.outputs["xpl"] is output
    await until(lambda: house.statistics.groups > heard + 200)
    assert not house.statistics.refused  # not a byte was lost
    assert not task.done()


async def test_a_reload_starts_what_is_new_and_stops_what_is_gone(
    manager, line, garage, changed, talking, ears
):
    running = manager(line)
    house = running.meter("house")
    await line.opened(house)
    await running.reload(changed(garage.config, house=False))
    assert list(running.meters) == ["garage"]
    assert house.status is Status.STOPPED
    assert is_free(line.path)
    talking(garage.line, OTHER)
    assert (await ears.message()).get("adco") == "061961361253"


async def test_a_reload_takes_a_new_interval(manager, line, device, lo_xpl, talking, ears):
    running = manager(line, interval=170)
    house = running.meter("house")
    talking(line, HISTORIQUE)
    await ears.message()
    await running.reload(
        Config(devices=(device(line, interval=1),), xpl=lo_xpl(), web=None, history=None)
    )
    assert running.meter("house") is not house
    await ears.message()


async def test_a_reload_may_exchange_the_ports_of_two_meters(
    manager, line, wire, device, lo_xpl, until
):
    other = wire()
    running = manager(line, device(other, "garage"))
    await line.opened(running.meter("house"))
    await other.opened(running.meter("garage"))
    await running.reload(
        Config(
            devices=(device(other), device(line, "garage")), xpl=lo_xpl(), web=None, history=None
        )
    )
    for on, name in ((other, "house"), (line, "garage")):
        await on.opened(running.meter(name))
        assert running.meter(name).link.state is LinkState.SEARCHING


async def test_the_order_is_that_of_the_configuration(manager, line, garage, changed):
    running = manager(line)
    await running.reload(
        Config(
            devices=(garage.config, *changed().devices), xpl=changed().xpl, web=None, history=None
        )
    )
    assert list(running.meters) == ["garage", "house"]


async def test_a_meter_stopped_by_hand_stays_stopped(manager, line, garage, changed):
    running = manager(line)
    await running.meter("house").stop()
    await running.reload(changed(garage.config))
    assert running.meter("house").status is Status.STOPPED


async def test_a_reload_takes_new_xpl_settings(manager, line, changed, talking, ears):
    running = manager(line)
    talking(line, HISTORIQUE)
    await ears.message()
    await running.reload(changed(instance="cellar"))
    assert str((await ears.message("hbeat.end")).source) == "domogik-teleinfo.test"
    assert str((await ears.message()).source) == "domogik-teleinfo.cellar"
    await running.reload(changed(xpl=False))
    assert str((await ears.message("hbeat.end")).source) == "domogik-teleinfo.cellar"
    assert not running.outputs
    await running.reload(changed())
    assert str((await ears.message()).source) == "domogik-teleinfo.test"


async def test_outputs_stay_in_their_order(lo_xpl, free_port):
    """Who looks at them finds each where it was, whichever a reload has replaced."""

    def config(instance):
        return Config(
            xpl=lo_xpl(instance=instance), udp=UdpConfig(port=free_port()), web=None, history=None
        )

    running = PluginManager(config("one"))
    running.start()
    before = dict(running.outputs)
    await running.reload(config("two").model_copy(update={"udp": running.config.udp}))
    assert list(running.outputs) == list(before) == ["xpl", "udp"]
    assert running.outputs["udp"] is before["udp"]
    assert running.outputs["xpl"] is not before["xpl"]
    await running.stop()


async def test_a_reload_may_take_every_meter_and_bring_one(manager, line, changed):
    running = manager(line)
    events = running.bus.subscribe()
    await running.reload(changed(house=False))
    assert running.status is Status.NOT_CONFIGURED
    await running.reload(changed())
    assert running.status is Status.ALIVE
    assert statuses(events) == [Status.NOT_CONFIGURED, Status.ALIVE]


async def test_two_reloads_and_a_stop_in_a_row_leave_nothing_behind(manager, line, garage, changed):
    running = manager(line)
    before = asyncio.all_tasks()
    await running.reload(changed(garage.config, instance="cellar"))
    await running.reload(changed(house=False, xpl=False))
    await running.stop()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not [name for name in left if name.startswith(("meter", "output"))]
