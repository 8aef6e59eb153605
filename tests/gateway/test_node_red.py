"""The flow for Node-RED in the documentation, held against what the native layout publishes.

Node-RED itself comes from npm, in too long a time for a test: whether the flow runs in it is tried
by hand (import it, feed a meter, look at home/#). What its functions make of our messages is tried
here, where node is installed.
"""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt.client import topic_matches_sub

from teleinfo_gateway.outputs.mqtt.native import Native
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind, Reading
from tic import FrameKind, Mode

FLOW = Path(__file__).parents[2] / "docs" / "examples" / "node-red-teleinfo.json"
PAGE = FLOW.parents[1] / "node-red.rst"
NODES = {node["id"]: node for node in json.loads(FLOW.read_text())}
CORE = {
    "tab",
    "comment",
    "debug",
    "function",
    "mqtt-broker",
    "mqtt in",
    "mqtt out",
    "rbe",
    "switch",
}
"""What a plain Node-RED 4 has; its GET /nodes told."""

START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
VALUES = {"ADCO": "021528603314", "PTEC": "HC..", "ISOUSC": "45", "PAPP": "02160"}


def of_type(kind):
    """The nodes of a type, by name."""
    return {node.get("name", node["id"]): node for node in NODES.values() if node["type"] == kind}


def published():
    """What the native layout says of a meter in a frame, a change of tariff and an overload."""
    native = Native("teleinfo", "gateway", min_interval_s=0, max_interval_s=60)
    view = View("house")
    view.available = True
    address = VALUES["ADCO"]
    reading = Reading(
        "house", address, START, Mode.HISTORIQUE, FrameKind.LONG, True, VALUES, VALUES
    )
    view.said.take(reading)
    messages = [*native.told(view, reading, due=True)]
    for kind, value, detail in (
        (EventKind.TARIFF, "HC..", "off-peak"),
        (EventKind.OVERLOAD, "1", "phase 1: 46 A of 45 A"),
    ):
        messages += native.happened(view, Event(kind, "house", START, value, detail))
    return messages


def run(function, payload):
    """What a function node sends for a message, and the text below it."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    source = NODES[function]["func"]
    program = f"""
        let status = {{}};
        const node = {{ status: (told) => {{ status = told; }} }};
        const sent = ((msg) => {{ {source} }})({{ payload: {json.dumps(payload)} }});
        console.log(JSON.stringify([sent, status]));
    """
    done = subprocess.run(
        ["node", "-"], input=program, capture_output=True, text=True, timeout=20, check=True
    )
    return json.loads(done.stdout)


def test_every_wire_leads_to_a_node_of_the_flow():
    wired = {end for node in NODES.values() for wires in node.get("wires", []) for end in wires}
    listening = {node["id"] for node in of_type("mqtt in").values()}
    commented = {node["id"] for node in of_type("comment").values()}
    ends = {key for key, node in NODES.items() if node.get("z") and key not in listening}
    assert wired == ends - commented


def test_every_node_is_one_of_a_plain_node_red():
    assert {node["type"] for node in NODES.values()} <= CORE
    assert not any(node.get("libs") for node in NODES.values())


def test_every_node_knows_its_tab_and_its_broker():
    (tab,) = of_type("tab").values()
    (broker,) = of_type("mqtt-broker").values()
    assert {node["z"] for node in NODES.values() if "z" in node} == {tab["id"]}
    assert {node["broker"] for node in NODES.values() if node["type"].startswith("mqtt ")} == {
        broker["id"]
    }
    assert (broker["broker"], broker["port"]) == ("localhost", "1883")


@pytest.mark.parametrize("name", of_type("mqtt in"))
def test_listens_to_what_the_native_layout_publishes(name):
    node = of_type("mqtt in")[name]
    heard = [each for each in published() if topic_matches_sub(node["topic"], each.topic)]
    assert heard
    if node["datatype"] == "json":
        assert all(json.loads(message.payload)["meter"] == "house" for message in heard)


def test_the_kinds_of_event_are_those_of_the_native_layout():
    (kinds,) = of_type("switch").values()
    told = {json.loads(m.payload)["type"] for m in published() if m.topic.endswith("/event")}
    assert [rule["v"] for rule in kinds["rules"]] == ["overload", "tariff_change"]
    assert told == {"overload", "tariff_change"}


def test_nothing_of_the_page_is_called_otherwise_in_the_flow():
    text = PAGE.read_text()
    for node in (*of_type("function"), *of_type("rbe"), *of_type("mqtt out")):
        assert re.search(rf"\*{re.escape(node)}\*", text), node
    for kind in ("mqtt in", "mqtt out"):
        for node in of_type(kind).values():
            assert f"``{node['topic']}``" in text


def test_the_power_gauge_shows_a_state():
    state = next(m.payload for m in published() if m.topic.endswith("/state"))
    sent, status = run("teleinfo-power", json.loads(state))
    assert sent == {"topic": "house", "payload": 2160, "unit": "VA", "percent": None}
    assert (status["fill"], status["text"]) == ("green", "house: 2160 VA")


@pytest.mark.parametrize(
    ("state", "payload", "fill"),
    [
        ({"SINSTS": 4186, "load_percent": 27}, 4186, "green"),
        ({"PAPP": 8000, "load_percent": 88}, 8000, "yellow"),
        ({"PAPP": 12000, "load_percent": 130, "overload": True}, 12000, "red"),
        ({"active_power": 350, "load_percent": None}, 350, "green"),
    ],
)
def test_the_power_gauge_takes_the_power_that_the_meter_tells(state, payload, fill):
    sent, status = run("teleinfo-power", {"meter": "house", "overload": False} | state)
    assert (sent["payload"], status["fill"]) == (payload, fill)


def test_the_power_gauge_is_silent_without_a_power():
    assert run("teleinfo-power", {"meter": "house", "active_power": None}) == [None, {}]


def test_an_event_becomes_a_sentence():
    tariff, overload = (
        json.loads(message.payload) for message in published() if message.topic.endswith("/event")
    )
    assert run("teleinfo-tariff", tariff)[0]["payload"] == "house: tariff HC.. off-peak"
    over = run("teleinfo-overload", overload)[0]["payload"]
    assert over == "house: overload, phase 1: 46 A of 45 A"
    ended = run("teleinfo-overload", overload | {"value": "none"})[0]["payload"]
    assert ended == "house: no overload any more"


@pytest.mark.parametrize(
    ("slot", "sent"),
    [("1", {"payload": "ON"}), ("2", {"payload": "OFF"}), ("5", {"payload": "ON"}), ("", None)],
)
def test_the_water_heater_is_on_in_cheap_slots(slot, sent):
    assert run("teleinfo-heater", slot)[0] == sent
