"""The MQTT output with a real broker: what it tells, and the commands that it takes."""

import asyncio
import gc
import json
import logging
import signal
import subprocess
import sys

import pytest
import yaml

from teleinfo_gateway import sensors
from teleinfo_gateway import service as service_module
from teleinfo_gateway.config import load_config
from teleinfo_gateway.outputs.mqtt import broker as broker_module
from teleinfo_gateway.outputs.mqtt import memory as memory_module
from teleinfo_gateway.outputs.mqtt import output as output_module
from teleinfo_gateway.service import Service
from teleinfo_gateway.statuses import Status

from .mqtt_home import ADCO, ROOT, Home, frame

OTHER = "041876097767"


@pytest.fixture(autouse=True)
async def nothing_is_left(caplog):
    """Whatever a test opens is closed: sockets that are collected would warn, and so fail."""
    yield
    gc.collect()
    assert not [task for task in asyncio.all_tasks() if "mqtt" in task.get_name()]
    assert "never retrieved" not in caplog.text
    assert "was destroyed" not in caplog.text


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Nobody wants to wait here."""
    monkeypatch.setattr(broker_module, "_FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(output_module, "_TICK_S", 0.02)


@pytest.fixture
def home(manager, line, until):
    return Home(manager, line, until)


@pytest.fixture
async def listener(mosquitto, ear):
    """Hears everything; ``broker`` is where."""
    broker = await mosquitto()
    it = await ear(broker, "#")
    it.broker = broker
    return it


def topic_of(listener, topic):
    """What was said there."""
    return [each.payload for each in listener.heard if each.topic == topic]


def events(listener):
    """Type and value of every event that was heard."""
    bodies = [json.loads(each.payload) for each in listener.heard if each.topic.endswith("/event")]
    return [(body["type"], body.get("value")) for body in bodies]


# --- What is told


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
async def test_everything_of_a_meter_is_at_the_broker(home, listener, protocol):
    await home.start(listener.broker, protocol=protocol)
    await home.connected()
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))
    await home.say()
    await listener.until(lambda: '"HCHC"' in listener.state.get(f"{ROOT}/state", ""))
    state = json.loads(listener.state[f"{ROOT}/state"])
    assert (state["meter"], state["mode"], state["PAPP"]) == ("house", "historique", 520)
    labels = {
        topic.removeprefix(f"{ROOT}/"): text
        for topic, text in listener.state.items()
        if topic.startswith(ROOT) and not topic.endswith(("/state", "/event"))
    }
    assert labels == {
        "ADCO": ADCO,
        "OPTARIF": "HC..",
        "ISOUSC": "30",
        "HCHC": "9205446",
        "HCHP": "12345678",
        "PTEC": "HP..",
        "IINST": "2",
        "IMAX": "30",
        "PAPP": "520",
        "HHPHC": "A",
        "MOTDETAT": "000000",
        "load_percent": "9",
        "slot": "2",
        "contract": "HC..",
        "overload": "OFF",
        "availability": "online",
        "link": "ON",
        "reader": "ON",
        "reader_status": "alive",
    }
    assert listener.state["teleinfo/status"] == "online"
    assert home.state() | {"sent": 0} == {
        "broker": listener.broker.url,
        "connected": True,
        "protocol": str(protocol),
        "connections": 1,
        "control": True,
        "sent": 0,
        "waiting": 0,
        "lost": 0,
        "problem": "",
    }


async def test_quality_of_service_and_what_is_retained(home, listener):
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    await home.say(ADPS="031")
    event = await listener.message(f"{ROOT}/event")
    body = json.loads(event.payload)
    assert (body["type"], body["value"], body["meter"]) == ("overload", "1", "house")
    for each in listener.heard:
        name = each.topic.rpartition("/")[2]
        assert each.qos == (name in {"status", "availability", "event"}), each
        assert each.retain == (name != "event"), each


async def test_whoever_subscribes_later_hears_the_present(home, listener, ear):
    await home.start(listener.broker)
    await home.say(4)
    await listener.until(lambda: f"{ROOT}/HCHC" in listener.state)
    late = await ear(listener.broker, f"{ROOT}/+", "teleinfo/status")
    await late.until(lambda: late.state.keys() >= {f"{ROOT}/HCHC", f"{ROOT}/state"})
    await late.until(lambda: late.state.get("teleinfo/status") == "online")
    assert late.state[f"{ROOT}/availability"] == "online"


async def test_an_overload_is_told_with_its_beginning_and_end(home, listener):
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    await home.say(ADPS="031")
    await listener.until(lambda: listener.state.get(f"{ROOT}/overload") == "ON")
    assert listener.state[f"{ROOT}/ADPS"] == "31"
    await home.say()
    await listener.until(lambda: listener.state.get(f"{ROOT}/overload") == "OFF")
    assert listener.state[f"{ROOT}/ADPS"] == "0"
    await listener.until(lambda: events(listener)[-2:] == [("overload", "1"), ("overload", "none")])


async def test_a_stop_takes_leave(home, listener, until):
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    await home.manager.stop()
    await listener.until(lambda: listener.state.get("teleinfo/status") == "offline")
    assert listener.state[f"{ROOT}/availability"] == "offline"
    await until(lambda: "Received DISCONNECT from teleinfo-" in listener.broker.log)
    assert home.state()["connected"] is False


async def test_the_last_will_of_a_gateway_that_is_killed(
    listener, teleinfo, tmp_path, line, talking
):
    file = tmp_path / "gateway.yaml"
    settings = {
        "devices": [{"name": "house", "device": line.path}],
        "xpl": False,
        "web": False,
        "history": False,
        "mqtt": {"url": listener.broker.url},
    }
    file.write_text(yaml.safe_dump(settings))
    talking(line, frame())
    program = await teleinfo("run", "--config", file)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    assert listener.state["teleinfo/status"] == "online"
    program.signal(signal.SIGKILL)
    await listener.until(lambda: listener.state.get("teleinfo/status") == "offline")
    will = listener.heard[-1]
    assert (will.topic, will.qos, will.retain) == ("teleinfo/status", 1, True)


# --- Availability


async def test_a_meter_that_is_not_heard_is_offline_after_its_timeout(home, listener, monkeypatch):
    monkeypatch.setitem(sensors.TIMEOUT_S, "ADCO", 0.5)
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    topic = f"{ROOT}/availability"
    await listener.until(lambda: topic_of(listener, topic) == ["online", "offline"])
    assert listener.state["teleinfo/status"] == "online"
    await home.say()
    await listener.until(lambda: topic_of(listener, topic)[:3] == ["online", "offline", "online"])


async def test_a_meter_that_is_stopped_is_offline_at_once(home, listener, talking):
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    await home.meter.stop()
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader_status") == "stopped")
    names = ("availability", "link", "reader")
    assert [listener.state[f"{ROOT}/{name}"] for name in names] == ["offline", "OFF", "OFF"]
    home.meter.start()
    talking(home.line, frame())
    await listener.until(
        lambda: [listener.state[f"{ROOT}/{name}"] for name in names] == ["online", "ON", "ON"]
    )


async def test_a_line_that_is_unplugged_is_told_at_once(home, listener):
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/link") == "ON")
    home.line.close()
    await listener.until(lambda: listener.state.get(f"{ROOT}/link") == "OFF")
    assert listener.state[f"{ROOT}/availability"] == "online"  # for the ADCO timeout
    await listener.until(lambda: ("link", "no-port") in events(listener))


async def test_a_meter_that_is_taken_away_is_offline(home, listener):
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    await home.manager.reload(home.manager.config.model_copy(update={"devices": ()}))
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "offline")
    await listener.until(lambda: listener.state[f"{ROOT}/reader_status"] == "stopped")
    assert listener.state[f"{ROOT}/reader"] == "OFF"


async def test_the_rate_of_errors_is_told(home, listener):
    await home.start(listener.broker)
    await home.say(10)
    await listener.until(lambda: listener.state.get(f"{ROOT}/error_rate") == "0.0")


async def test_another_meter_at_the_same_line(home, listener):
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    await home.say(4, ADCO=OTHER)
    await listener.until(lambda: listener.state.get(f"teleinfo/{OTHER}/HCHC"))
    assert listener.state[f"{ROOT}/availability"] == "offline"
    assert listener.state[f"teleinfo/{OTHER}/availability"] == "online"
    assert ("meter_change", "exchange") in events(listener)
    await home.say(4)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    assert listener.state[f"teleinfo/{OTHER}/availability"] == "offline"


async def renamed(home, name):
    """Have the meter called otherwise, as a reload does."""
    config = home.manager.config
    device = config.devices[0].model_copy(update={"name": name})
    await home.manager.reload(config.model_copy(update={"devices": (device,)}))
    await home.line.opened(home.manager.meters[name])


async def test_a_meter_with_another_name_is_one_meter(home, listener, monkeypatch):
    monkeypatch.setattr(output_module, "_TICK_S", 0.01)
    await home.start(listener.broker)
    await home.say(4)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    await renamed(home, "maison")
    for _ in range(5):
        await home.line.send(frame())
    await listener.until(lambda: '"meter": "maison"' in listener.state.get(f"{ROOT}/state", ""))
    await asyncio.sleep(0.2)  # of many ticks
    said = [each.payload for each in listener.heard if each.topic == f"{ROOT}/availability"]
    assert said[-1] == "online"
    assert len(said) <= 4


async def test_an_overload_is_known_to_an_output_that_comes_later(home, listener):
    await home.start(listener.broker)
    await home.say(3)
    await home.say(3, ADPS="046", IINST="046")
    await listener.until(lambda: listener.state.get(f"{ROOT}/overload") == "ON")
    config = home.manager.config
    mqtt = config.mqtt.model_copy(update={"max_interval": 30})
    listener.heard.clear()
    await home.manager.reload(config.model_copy(update={"mqtt": mqtt}))
    await home.connected()
    await home.say(3, ADPS="046", IINST="046")
    await listener.until(lambda: any(each.topic == f"{ROOT}/overload" for each in listener.heard))
    assert {each.payload for each in listener.heard if each.topic == f"{ROOT}/overload"} == {"ON"}


# --- Two lines that hear one meter


@pytest.fixture
async def twin(home, listener, wire, device):
    """The wire of a second line, ``annex``, which hears the same meter as the first."""
    other = wire()
    await home.start(listener.broker, device(other, name="annex"))
    await home.connected()
    await other.opened(home.manager.meters["annex"])
    await home.say(4)
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))
    return other


async def heard_by(home, name, wire, **changes):
    """Speak on a line until what is said now was heard, and until the output has taken it."""
    meter = home.manager.meters[name]
    papp = changes["PAPP"]
    async with asyncio.timeout(20):
        while meter.said.values.get("PAPP") != papp:
            await wire.send(frame(**changes))
            await asyncio.sleep(0.01)
    await home.settled()


async def test_a_meter_that_two_lines_hear_is_told_by_the_first(
    home, listener, twin, until, caplog
):
    await heard_by(home, "annex", twin, PAPP="00777")
    assert home.state()["problem"] == (
        "annex hears the same meter as house, by whose line alone it is told"
    )
    await until(lambda: "annex hears the same meter as house" in caplog.text)
    listener.heard.clear()
    await home.manager.meters["annex"].stop()  # of which nothing is told, nor of what it hears
    await asyncio.sleep(0.2)  # of many ticks
    await home.say(PAPP="00530")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "530")
    assert listener.state[f"{ROOT}/availability"] == "online"
    assert listener.state[f"{ROOT}/reader"] == "ON"
    told = {each.topic.removeprefix(f"{ROOT}/") for each in listener.heard}
    assert told <= {"PAPP", "state", "load_percent", "error_rate"}
    assert "777" not in repr(listener.heard)
    assert caplog.text.count("annex hears the same meter") == 1


async def test_the_second_line_tells_the_meter_once_the_first_does_not_hear_it(
    home, listener, twin, until
):
    await heard_by(home, "annex", twin, PAPP="00777")
    listener.heard.clear()
    await home.meter.stop()
    await until(lambda: home.state()["problem"] == "")
    await heard_by(home, "annex", twin, PAPP="00800")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "800")
    home.meter.start()  # and the first one does not take it back
    await heard_by(home, "house", home.line, PAPP="00111")
    await heard_by(home, "annex", twin, PAPP="00810")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "810")
    assert "111" not in topic_of(listener, f"{ROOT}/PAPP")
    assert home.state()["problem"].startswith("house hears the same meter as annex")
    assert "offline" not in topic_of(listener, f"{ROOT}/availability")


async def test_a_line_that_hears_another_meter_now_leaves_the_first_to_the_other(
    home, listener, twin, until
):
    await heard_by(home, "annex", twin, PAPP="00777")
    listener.heard.clear()
    await home.say(4, ADCO=OTHER)
    await listener.until(lambda: listener.state.get(f"teleinfo/{OTHER}/HCHC"))
    await heard_by(home, "annex", twin, PAPP="00820")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "820")
    assert home.state()["problem"] == ""
    assert listener.state[f"teleinfo/{OTHER}/availability"] == "online"
    assert "offline" not in topic_of(listener, f"{ROOT}/availability")


async def test_a_line_that_is_taken_away_leaves_its_meter_to_the_other(home, listener, twin):
    await heard_by(home, "annex", twin, PAPP="00777")
    listener.heard.clear()
    config = home.manager.config
    await home.manager.reload(config.model_copy(update={"devices": config.devices[1:]}))
    await heard_by(home, "annex", twin, PAPP="00830")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "830")
    assert home.state()["problem"] == ""
    assert "offline" not in topic_of(listener, f"{ROOT}/availability")


# --- Two gateways at one topic


async def test_another_gateway_at_the_same_topic_is_told(home, listener, until, caplog):
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    assert home.state()["problem"] == ""
    await listener.publish("teleinfo/status", "online", retain=True)
    problem = await home.problem("another gateway says online and offline at teleinfo/status")
    assert "mqtt.formats.native" in problem
    await until(lambda: problem in caplog.text)
    await listener.broker.stop()
    await home.problem("nothing listens there")
    await listener.broker.start()
    await home.connected(2)  # where it was not heard yet
    assert home.state()["problem"] == ""


async def test_a_gateway_that_leaves_takes_the_status_of_no_other_with_it(home, listener):
    await home.start(listener.broker)
    await home.connected()
    await listener.until(lambda: listener.state.get("teleinfo/status") == "online")
    for number in (1, 2, 3):
        await listener.publish("teleinfo/status", "offline", retain=True)
        said = ["online", *["offline", "online"] * number]
        await listener.until(lambda said=said: topic_of(listener, "teleinfo/status") == said)
    await home.problem("another gateway")


async def test_what_the_gateway_says_itself_is_nobody_elses(home, listener, caplog):
    """Not when it comes, not when it was killed, and not when it leaves."""
    await listener.publish("teleinfo/status", "online", retain=True)
    await home.start(listener.broker)
    await home.connected()
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    output = home.output
    await home.manager.stop()
    await listener.until(lambda: listener.state["teleinfo/status"] == "offline")
    assert output.state()["problem"] == ""
    assert "another gateway" not in caplog.text


# --- An alias


async def test_an_alias_hides_the_meter_at_the_broker(home, listener):
    await home.start(listener.broker, privacy="alias", homeassistant={})
    await home.say(4)
    await listener.until(lambda: listener.state.get("teleinfo/house/HCHC"))
    await home.say(4, ADCO=OTHER)
    await listener.until(lambda: ("meter_change", "exchange") in events(listener))
    await home.say(2, ADCO=OTHER, PAPP="00100")
    await listener.until(lambda: listener.state.get("teleinfo/house/PAPP") == "100")
    assert listener.state["teleinfo/house/ADCO"] == "house"
    said = repr(listener.heard)
    for address in (ADCO, OTHER):
        assert address not in said
        assert address.lstrip("0") not in said


async def test_a_meter_with_an_alias_is_known_before_it_speaks(home, listener):
    await home.start(listener.broker, privacy="alias")
    await listener.until(lambda: listener.state.get("teleinfo/house/availability") == "offline")
    await listener.until(lambda: listener.state.get("teleinfo/house/reader") == "ON")
    assert listener.state["teleinfo/house/link"] == "OFF"


# --- What the broker has kept


async def test_a_gateway_that_starts_without_its_meter_says_so_under_the_old_key(
    home, listener, manager
):
    await home.start(listener.broker)
    await home.say(4)
    await listener.until(lambda: "HCHC" in listener.state.get(f"{ROOT}/state", ""))
    kept = listener.state[f"{ROOT}/state"]
    await home.manager.stop()
    await listener.publish(f"{ROOT}/availability", "online", retain=True)  # as if it was killed
    await listener.publish(f"{ROOT}/link", "ON", retain=True)
    before = json.dumps(json.loads(kept) | {"ts": "2020-01-01T00:00:00.000+00:00"})
    await listener.publish(f"teleinfo/{OTHER}/state", before, retain=True)  # exchanged long ago
    foreign = json.dumps(json.loads(kept) | {"gateway": "another"})
    await listener.publish("teleinfo/111111111111/state", foreign, retain=True)
    await listener.publish("teleinfo/222222222222/state", "no JSON", retain=True)

    manager(home.line, mqtt=home.settings(listener.broker))
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "offline")
    await listener.until(lambda: listener.state.get(f"{ROOT}/link") == "OFF")
    await listener.until(lambda: listener.state[f"{ROOT}/reader"] == "ON")
    topics = {each.topic for each in listener.heard}
    assert not {topic for topic in topics if topic.startswith("teleinfo/1111")} - {
        "teleinfo/111111111111/state"
    }


async def test_labels_that_an_earlier_run_has_left_are_removed(home, listener, talking):
    await home.start(listener.broker)
    await home.say(4, ADPS="031")
    await listener.until(lambda: '"ADPS"' in listener.state.get(f"{ROOT}/state", ""))
    await home.manager.stop()
    await home.start(listener.broker)
    await home.connected()
    talking(home.line, frame(HHPHC=None))
    await listener.until(lambda: f"{ROOT}/HHPHC" not in listener.state)
    await listener.until(lambda: listener.state.get(f"{ROOT}/ADPS") == "0")
    assert listener.state[f"{ROOT}/HCHC"] == "9205446"


async def test_what_another_gateway_has_left_of_a_meter_is_removed(home, listener, until):
    left = json.dumps({"ADCO": ADCO, "BASE": 7, "ADPS": 31, "gateway": "another", "meter": "x"})
    await listener.publish(f"{ROOT}/state", left, retain=True)
    await listener.publish(f"{ROOT}/BASE", "7", retain=True)
    for number, text in enumerate(("7", "[]", "{", "[" * 9999, "x" * 300_000)):
        await listener.publish(f"teleinfo/{number}/state", text, retain=True)
    output = await home.start(listener.broker)
    await until(lambda: len(output._memory._kept) >= 4)
    await home.say(8)
    await listener.until(lambda: f"{ROOT}/BASE" not in listener.state)
    await listener.until(lambda: listener.state.get(f"{ROOT}/ADPS") == "0")


async def test_what_others_keep_at_the_broker_is_remembered_up_to_a_ceiling(
    home, listener, until, monkeypatch
):
    monkeypatch.setattr(memory_module, "_MAX_KEPT", 10_000)
    for number in range(20):
        await listener.publish(f"teleinfo/{number}/state", "x" * 3000, retain=True)
    output = await home.start(listener.broker)
    await until(lambda: "Received UNSUBSCRIBE" in listener.broker.log)
    assert len(output._memory._kept) == 3


async def test_nothing_is_announced_before_all_that_was_kept_has_come(
    home, listener, until, monkeypatch
):
    """A broker sends some at a time of what was kept by QoS 1, and by QoS 0 all at once."""
    monkeypatch.setattr(output_module, "_TICK_S", 1.0)
    for number in range(100):
        text = "x" * 2000
        listener._client.publish(f"teleinfo/{number}/announced", text, qos=1, retain=True)
    await listener.publish("teleinfo/last/announced", "x", retain=True)
    heard, hear = [], output_module.MqttOutput._hear

    def note(output, topic, *more):
        heard.append(topic)
        hear(output, topic, *more)

    monkeypatch.setattr(output_module.MqttOutput, "_hear", note)
    output = await home.start(listener.broker, homeassistant={})
    await until(lambda: output._memory.mark.topic in heard)
    kept = heard[: heard.index(output._memory.mark.topic)]
    assert len([topic for topic in kept if topic.endswith("/announced")]) == 101


async def test_what_was_kept_is_listened_to_only_for_some_seconds(home, listener, until):
    await home.start(listener.broker)
    await home.connected()
    await until(lambda: "Received UNSUBSCRIBE" in listener.broker.log)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "520")


# --- Commands


async def test_a_message_stops_and_starts_a_meter(home, listener, until, caplog):
    caplog.set_level(logging.INFO)
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader") == "ON")
    await listener.publish(f"{ROOT}/reader/set", "OFF")
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader") == "OFF")
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader_status") == "stopped")
    assert home.meter.status is Status.STOPPED
    await listener.publish(f"{ROOT}/reader/set", "ON")
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader") == "ON")
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader_status") == "alive")
    await until(lambda: home.meter.status is Status.ALIVE)
    assert "meter house is stopped by a message" in caplog.text
    assert "meter house is started by a message" in caplog.text


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        (f"{ROOT}/reader/set", ""),
        (f"{ROOT}/reader/set", "off"),
        (f"{ROOT}/reader/set", "OFF "),
        (f"{ROOT}/reader/set", "\0\xff" * 1000),
        (f"teleinfo/{OTHER}/reader/set", "OFF"),
        ("teleinfo/house/reader/set", "OFF"),
        ("teleinfo//reader/set", "OFF"),
        ("teleinfo/reader/set", "OFF"),
        ("teleinfo/reload", "press"),
        ("teleinfo/reload", ""),
    ],
)
async def test_what_is_no_command_is_ignored(home, listener, topic, text, caplog):
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP"))
    await listener.publish(topic, text)
    await listener.publish(f"{ROOT}/reader/set", "ON")  # in order, and does nothing here
    await home.say(PAPP="00530")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "530")
    assert home.meter.status is Status.ALIVE
    assert home.state()["problem"] == ""
    assert "by a message" not in caplog.text


async def test_a_meter_whose_address_is_not_known_is_not_commanded(home, listener, until, caplog):
    caplog.set_level(logging.INFO)
    await home.start(listener.broker)
    await home.connected()
    await until(lambda: "house" in home.output._views)
    await listener.publish("teleinfo//reader/set", "OFF")
    await listener.publish("teleinfo/reload", "PRESS")  # which is heard behind it
    await until(lambda: "there is no configuration file" in caplog.text)
    assert home.meter.status is Status.ALIVE
    assert "by a message" not in caplog.text


async def test_a_command_that_the_broker_keeps_is_not_obeyed(home, listener):
    await listener.publish(f"{ROOT}/reader/set", "OFF", retain=True)
    await listener.publish("teleinfo/reload", "PRESS", retain=True)
    await home.start(listener.broker)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader") == "ON")
    await home.say(PAPP="00530")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "530")
    assert home.meter.status is Status.ALIVE


@pytest.mark.parametrize("remote", [False, True])
async def test_no_command_is_heard_unless_it_is_allowed(home, listener, remote, caplog):
    caplog.set_level(logging.INFO)
    settings = {"control": False}
    if remote:  # another name of this machine, which looks like a broker elsewhere
        settings = {"url": f"mqtt://127.1:{listener.broker.port}"}
    await home.start(listener.broker, **settings)
    await home.connected()
    assert home.state()["control"] is False
    await home.say(3)
    await listener.publish(f"{ROOT}/reader/set", "OFF")
    await home.say(PAPP="00530")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP") == "530")
    assert home.meter.status is Status.ALIVE
    assert "reader/set" not in "".join(
        line for line in listener.broker.log.splitlines() if "teleinfo-" in line and "QoS" in line
    )
    assert caplog.text.count("no message can stop a reader") == 1


async def test_a_flood_of_messages_does_no_harm(home, listener, until, caplog):
    await home.start(listener.broker, control=True)
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP"))
    for number in range(3000):
        listener._client.publish(f"{ROOT}/reader/set", "junk", qos=0)
        listener._client.publish("teleinfo/reload", "PRESS", qos=0)
        if number % 500 == 0:
            await home.say(PAPP=f"{number:05}")
    await listener.publish(f"{ROOT}/reader/set", "OFF")
    await listener.until(lambda: listener.state.get(f"{ROOT}/reader") == "OFF")
    assert len(caplog.records) < 30


# --- To read the settings again


@pytest.fixture
async def service(listener, tmp_path, line, wire):
    """The function that runs a gateway with two meters from a file; ``rewrite`` changes that."""
    file = tmp_path / "gateway.yaml"
    stop = asyncio.Event()
    running = []

    class Running:
        def __init__(self):
            self.settings = {
                "devices": [
                    {"name": "house", "device": line.path},
                    {"name": "annex", "device": wire().path},
                ],
                "mqtt": {"url": listener.broker.url, "homeassistant": False},
                "xpl": False,
                "web": False,
                "history": False,
            }

        def rewrite(self, **changes):
            self.settings |= changes
            file.write_text(yaml.safe_dump(self.settings))

        async def run(self):
            self.rewrite()
            self.service = Service(load_config(file), file)
            running.append(asyncio.create_task(self.service.run(stop)))
            await listener.until(lambda: listener.state.get("teleinfo/status") == "online")

    yield Running()
    stop.set()
    await asyncio.gather(*running)


async def test_a_message_has_the_settings_read_again(service, listener, until):
    await service.run()
    service.rewrite(devices=service.settings["devices"][:1])
    await listener.publish("teleinfo/reload", "PRESS")
    event = json.loads((await listener.message("teleinfo/event")).payload)
    assert (event["type"], event["faults"]) == ("reload", 0)
    await until(lambda: list(service.service.manager.meters) == ["house"])
    assert listener.state["teleinfo/status"] == "online"


async def test_the_number_of_faults_is_told_and_nothing_of_the_file(service, listener):
    await service.run()
    service.rewrite(xpl={"hub": "sometimes"}, web={"listen": "secret"})
    await listener.publish("teleinfo/reload", "PRESS")
    event = await listener.message("teleinfo/event")
    assert (event.qos, event.retain) == (1, False)
    body = json.loads(event.payload)
    assert body.keys() == {"type", "ts", "faults"}
    assert body["faults"] == 2
    assert list(service.service.manager.meters) == ["house", "annex"]


async def test_a_message_that_comes_again_and_again_heaps_up_no_work(service, listener):
    await service.run()
    manager = service.service.manager
    async with service.service._reloading:
        for _ in range(50):
            await listener.publish("teleinfo/reload", "PRESS")
        assert len(manager._reloads) == 1
    await listener.message("teleinfo/event")
    await listener.publish("teleinfo/reload", "PRESS")
    await listener.until(lambda: len(events(listener)) == 2)


async def test_a_fault_of_ours_while_reading_the_settings_is_in_the_log(
    service, listener, monkeypatch, until, caplog
):
    await service.run()

    def fail(_path):
        raise ArithmeticError("a fault of ours")

    monkeypatch.setattr(service_module, "load_config", fail)
    await listener.publish("teleinfo/reload", "PRESS")
    await until(lambda: "the configuration was not read again" in caplog.text)
    assert "a fault of ours" in caplog.text
    assert list(service.service.manager.meters) == ["house", "annex"]


async def test_settings_that_change_the_output_itself(service, listener):
    await service.run()
    mqtt = service.settings["mqtt"] | {"formats": {"native": "home"}}
    service.rewrite(mqtt=mqtt)
    await listener.publish("teleinfo/reload", "PRESS")
    await listener.until(lambda: listener.state.get("home/status") == "online")
    await listener.until(lambda: listener.state.get("teleinfo/status") == "offline")
    service.rewrite(mqtt=False)
    await listener.publish("home/reload", "PRESS")
    await listener.until(lambda: listener.state.get("home/status") == "offline")
    assert "mqtt" not in service.service.manager.outputs


async def test_without_a_file_there_is_nothing_to_read_again(home, listener, until, caplog):
    caplog.set_level(logging.INFO)
    await home.start(listener.broker)
    await home.connected()
    await listener.publish("teleinfo/reload", "PRESS")
    await until(lambda: "there is no configuration file to read again" in caplog.text)


# --- Home Assistant


async def test_a_home_assistant_that_starts_is_told_everything_again(home, listener, talking):
    await home.start(listener.broker, homeassistant={})
    talking(home.line, frame())
    papp = f"homeassistant/sensor/teleinfo_{ADCO}/papp/config"
    await listener.until(lambda: papp in listener.state)
    await listener.until(lambda: f"{ROOT}/announced" in listener.state)
    configs = {topic for topic in listener.state if topic.endswith("/config")}
    listener.heard.clear()
    await listener.publish("homeassistant/status", "offline")
    await listener.publish("homeassistant/status", "online")
    await listener.until(lambda: configs <= {each.topic for each in listener.heard})
    assert all(each.retain for each in listener.heard if each.topic in configs)
    again = [each.topic for each in listener.heard if each.topic in configs]
    assert len(again) == len(configs)


# --- Several meters, several formats


async def test_two_meters_have_a_topic_each_and_are_commanded_alone(
    home, listener, wire, device, until
):
    other = wire()
    await home.start(listener.broker, device(other, name="annex"))
    annex = home.manager.meters["annex"]
    await other.opened(annex)
    await home.say(3)
    for _ in range(3):
        await other.send(frame(ADCO=OTHER, PAPP="01230"))
    await listener.until(lambda: listener.state.get(f"teleinfo/{OTHER}/PAPP") == "1230")
    await listener.publish(f"teleinfo/{OTHER}/reader/set", "OFF")
    await listener.until(lambda: listener.state.get(f"teleinfo/{OTHER}/reader") == "OFF")
    assert listener.state[f"{ROOT}/reader"] == "ON"
    assert (annex.status, home.meter.status) == (Status.STOPPED, Status.ALIVE)


async def test_several_formats_at_once(home, listener):
    formats = {"jeedom": True, "edgd1er": True, "tasmota": True, "zigbee2mqtt": True}
    await home.start(listener.broker, formats=formats)
    await home.connected()
    await home.say(4)
    topics = {f"teleinfo/jeedom/{ADCO}", "tele/house/SENSOR", "zigbee2mqtt/house", f"{ROOT}/state"}
    await listener.until(lambda: listener.state.keys() >= topics)
    assert json.loads(listener.state[f"teleinfo/jeedom/{ADCO}"])["TIC"]["ADCO"] == ADCO


async def test_a_fault_of_a_format_costs_its_messages_and_nothing_else(
    home, listener, caplog, monkeypatch
):
    output = await home.start(listener.broker, formats={"jeedom": True})
    await home.connected()
    jeedom = list(output._formats)[-1]

    def fail(*_about, **_due):
        raise ArithmeticError("a fault of ours")

    monkeypatch.setattr(type(jeedom), "told", fail)
    await home.say(5)
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))
    assert "a fault of ours" in home.state()["problem"]
    assert caplog.text.count("Traceback") == 1
    monkeypatch.setattr(type(jeedom), "again", fail)
    await listener.broker.stop()
    await listener.broker.start()
    await home.connected(2)
    caplog.clear()


async def test_an_output_without_native_topics(home, listener):
    await home.start(listener.broker, formats={"native": False, "jeedom": True})
    await home.connected()
    await home.say(3)
    assert (await listener.message()).topic == f"teleinfo/jeedom/{ADCO}"
    await home.manager.stop()
    assert {each.topic for each in listener.heard} == {f"teleinfo/jeedom/{ADCO}"}


# --- Without its package


def test_without_its_package_one_line_says_what_to_install(tmp_path):
    script = (
        "import asyncio, logging\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *more: None if name == 'paho' else find(name, *more)\n"
        "logging.basicConfig(format='%(message)s')\n"
        "from teleinfo_gateway.config import Config\n"
        "from teleinfo_gateway.config.mqtt import MqttConfig\n"
        "from teleinfo_gateway.manager import PluginManager\n"
        "async def run():\n"
        "    config = Config(mqtt=MqttConfig(), xpl=None, web=None, history=None)\n"
        "    manager = PluginManager(config)\n"
        "    manager.start()\n"
        "    assert not manager.outputs\n"
        "    await manager.stop()\n"
        "asyncio.run(run())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=tmp_path,
    )
    (line,) = run.stderr.splitlines()
    assert "no mqtt: " in line
    assert "pip install -e '.[mqtt]'" in line
