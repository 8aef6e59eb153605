"""What Home Assistant is told: by its own rules, complete, and taken back when it is over."""

import functools
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teleinfo_gateway import __version__
from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.config.mqtt import HomeAssistantConfig
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.homeassistant import Discovery
from teleinfo_gateway.outputs.mqtt.homeassistant.entities import ENTITIES
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.native import Native
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.statuses import LinkState, Status
from tic import BY_NAME, Decoder, FrameKind, Mode

CAPTURES = sorted(path.stem for path in (Path(__file__).parents[1] / "captures").glob("*.tic"))
ADDRESS = "012345678901"
BOTH = ("entity", "device")
NOW = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)

HC = {"ADCO": ADDRESS, "OPTARIF": "HC..", "ISOUSC": "30", "HCHC": "009205446", "HCHP": "011101473"}
HC |= {"PTEC": "HP..", "IINST": "002", "IMAX": "047", "PAPP": "00520", "HHPHC": "D"}
HC |= {"MOTDETAT": "000000"}
BASE = {label: value for label, value in HC.items() if label not in {"HCHC", "HCHP"}}
BASE |= {"OPTARIF": "BASE", "PTEC": "TH..", "BASE": "020306919"}
STANDARD = {"ADSC": "041876097767", "VTIC": "02", "DATE": "", "EAST": "027117279", "IRMS1": "011"}
STANDARD |= {"URMS1": "234", "PREF": "09", "PCOUP": "09", "SINSTS": "02658", "SMAXSN-1": "04345"}
STANDARD |= {"STGE": "00DA8001", "PRM": "30001234567890", "NTARF": "01", "LTARF": "BASE".ljust(16)}

# --- The rules of Home Assistant 2024.11 ---------------------------------------------------------

CLASSES = {  # of a sensor: units and state classes; None is "none"
    "energy": ({"Wh", "kWh", "MWh"}, {"total", "total_increasing"}),
    "apparent_power": ({"VA"}, {"measurement", None}),
    "power": ({"W", "kW"}, {"measurement", None}),
    "current": ({"A", "mA"}, {"measurement", None}),
    "voltage": ({"V", "mV"}, {"measurement", None}),
    "duration": ({"s", "min", "h", "d"}, {"measurement", "total", "total_increasing", None}),
    "enum": ({None}, {None}),
    "timestamp": ({None}, {None}),
    None: ({"varh", "%", None}, {"measurement", "total_increasing", None}),
}
BINARY_CLASSES = {"problem", "tamper", "running", "connectivity", None}

OF_ALL = {"name", "unique_id", "default_entity_id", "device", "origin", "availability"}
OF_ALL |= {"availability_mode", "entity_category", "enabled_by_default", "device_class"}
OF_STATE = {"state_topic", "expire_after", "json_attributes_topic", "json_attributes_template"}
KEYS = {
    "sensor": OF_ALL | OF_STATE | {"state_class", "unit_of_measurement", "options"},
    "binary_sensor": OF_ALL | OF_STATE | {"payload_on", "payload_off"},
    "switch": OF_ALL | {"state_topic", "command_topic", "payload_on", "payload_off"},
    "button": OF_ALL | {"command_topic", "payload_press"},
}
CATEGORIES = {
    "sensor": {"diagnostic", None},
    "binary_sensor": {"diagnostic", None},
    "switch": {"config", "diagnostic", None},
    "button": {"config", "diagnostic", None},
}
DEVICE_KEYS = {"identifiers", "name", "manufacturer", "model", "serial_number", "sw_version"}
DEVICE_KEYS |= {"via_device"}
TOPIC = re.compile(r"homeassistant/([a-z_]+)/([a-zA-Z0-9_-]+)/(?:([a-zA-Z0-9_-]+)/)?config")


def check_device(device):
    assert device.keys() <= DEVICE_KEYS
    assert device["identifiers"]
    assert device["name"]


def check_entity(component, body):
    """One entity against the rules; in the form by device, what is inherited has been added."""
    assert body.keys() <= KEYS[component], body
    assert {"name", "unique_id", "device", "origin"} <= body.keys()
    check_device(body["device"])
    assert body["origin"]["name"]
    assert body.get("entity_category") in CATEGORIES[component]
    assert re.fullmatch(rf"{component}\.[a-z0-9_]+", body["default_entity_id"])
    topics = [body[key] for key in body if key.endswith("_topic")]
    assert topics
    assert not any(re.search(r"[+#\s]|//", topic) for topic in topics)
    assert all(place.keys() == {"topic"} for place in body.get("availability", ()))
    if component == "sensor":
        check_sensor(body)
    if component == "binary_sensor":
        assert body.get("device_class") in BINARY_CLASSES


def check_sensor(body):
    kind, state_class = body.get("device_class"), body.get("state_class")
    units, state_classes = CLASSES[kind]
    assert body.get("unit_of_measurement") in units, body
    assert state_class in state_classes, body
    assert ("options" in body) == (kind == "enum")
    if kind == "enum":
        assert len(set(body["options"])) == len(body["options"]) > 1
    if state_class == "measurement":
        assert body.get("expire_after", 120) >= 120
    else:  # the Energy dashboard wants the last index, however old
        assert "expire_after" not in body


def entities(messages):
    """Unique id to component and whole body, of the messages of either form."""
    found = {}
    for topic, payload in messages.items():
        component, node, name = TOPIC.fullmatch(topic).groups()
        body = json.loads(payload)
        if component != "device":
            assert name
            bodies = {name: {**body, "platform": component}}
        else:
            assert body.keys() == {
                *("device", "origin", "availability", "availability_mode", "components")
            }
            shared = {key: value for key, value in body.items() if key != "components"}
            bodies = {name: {**shared, **part} for name, part in body["components"].items()}
        for each in bodies.values():
            assert each["unique_id"] not in found
            assert node in each["device"]["identifiers"]
            found[each["unique_id"]] = each.pop("platform"), each
    return found


# --- A meter, its view, and what a broker keeps --------------------------------------------------


class Home:
    """What a broker keeps, for as many runs of the gateway as a test needs."""

    def __init__(self):
        self.kept = {}
        self.sent = []

    def run(self, *, name="house", alias=False, commands=True, max_interval=60, **config):
        return Run(self, name, alias, commands, max_interval, config)

    def take(self, messages):
        taken = list(messages)
        for message in taken:
            assert isinstance(message, Message)
            assert message.qos == 1
            if message.retain:
                self.kept.pop(message.topic, None)
                if message.payload:
                    self.kept[message.topic] = message.payload
        self.sent += taken
        return taken

    @property
    def announcing(self):
        """The discovery messages that are kept."""
        return {topic: text for topic, text in self.kept.items() if topic.endswith("/config")}

    @property
    def names(self):
        """The object ids that are announced."""
        found = set()
        for topic, payload in self.announcing.items():
            parts = json.loads(payload).get("components")
            found |= {topic.split("/")[-2]} if parts is None else parts.keys()
        return found


class Run:
    """A gateway from its start, with one meter."""

    def __init__(self, home, name, alias, commands, max_interval, config):
        self.home = home
        self.view = View(name, alias=alias)
        self.discovery = Discovery(
            HomeAssistantConfig(**config), "teleinfo", commands=commands, max_interval=max_interval
        )
        self._recalled = set()

    def read(self, values, times=1, *, mode=None, complete=True, horodates=None):
        """Give readings; gives the messages of the last one."""
        address = values.get("ADCO") or values["ADSC"]
        if mode is None:
            mode = Mode.STANDARD if "ADSC" in values else Mode.HISTORIQUE
        item = Reading(
            *(self.view.name, address, NOW, mode, FrameKind.LONG, complete, values, {}),
            horodates=horodates or {},
        )
        self.last = item
        for _ in range(times):
            told = self.take(item)
        return told

    def take(self, item):
        if not isinstance(item, Reading):
            self.view.said.note(item)
            return self.home.take(self.discovery.happened(self.view, item))
        self.view.said.take(item)
        if self.view.key not in self._recalled:
            self._recalled.add(self.view.key)
            self.recall()
        return self.home.take(self.discovery.told(self.view, item, due=False))

    def recall(self):
        kept = self.home.kept.get(self.discovery.announced_topic(self.view.key))
        if kept is not None:
            self.discovery.recall(self.view, kept)

    def change(self, what):
        self.take(Event(EventKind.CHANGE, self.view.name, NOW, what))


@pytest.fixture
def home():
    return Home()


@functools.cache
def items_of(name):
    """What the gateway believes of a capture, played as often as a meter that is listened to."""
    data = (Path(__file__).parents[1] / "captures" / f"{name}.tic").read_bytes()
    bus = Bus()
    subscription = bus.subscribe(size=100_000)
    meter, decoder = (
        Meter(DeviceConfig(name="house", device="/dev/null"), bus),
        Decoder(partial=True),
    )
    for second in range(3):
        meter.heard(decoder.feed(data), float(second))
    return list(subscription._items)


def play(run, name):
    for item in items_of(name):
        run.take(item)


# --- By the rules --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("name", CAPTURES)
def test_every_message_of_every_capture_is_one_that_home_assistant_takes(
    home, name, form, language
):
    run = home.run(discovery=form, language=language)
    home.take(run.discovery.gateway())
    play(run, name)
    home.take(run.discovery.again(run.view))
    found = entities(home.announcing)
    # Two captures hold less than one frame.
    assert (len(found) > 2) == any(isinstance(item, Reading) for item in items_of(name))
    for component, body in found.values():
        check_entity(component, body)
    assert len({body["default_entity_id"] for _, body in found.values()}) == len(found)
    assert all(message.retain for message in home.sent)


def test_the_rules_themselves_refuse_what_is_wrong():
    body = {"name": "x", "unique_id": "u", "device": {"identifiers": ["d"], "name": "n"}}
    body |= {"origin": {"name": "o"}, "default_entity_id": "sensor.u", "state_topic": "a/b"}
    check_entity("sensor", body)
    for wrong in (
        {"device_class": "energy", "unit_of_measurement": "VA", "state_class": "total_increasing"},
        {"device_class": "energy", "unit_of_measurement": "Wh", "state_class": "measurement"},
        {"device_class": "enum"},
        {"device_class": "enum", "options": ["a", "b"], "unit_of_measurement": "A"},
        {"state_topic": "a/#"},
        {"entity_category": "config"},
        {"object_id": "u"},
        {"unit_of_measurement": "Wh", "state_class": "total_increasing", "device_class": "energy"}
        | {"expire_after": 120},
    ):
        with pytest.raises(AssertionError):
            check_entity("sensor", body | wrong)


@pytest.mark.parametrize("name", CAPTURES)
def test_every_state_comes_from_a_topic_of_the_native_layout_in_words_that_fit(home, name):
    run = home.run()
    native = Native("teleinfo", "test", min_interval_s=0, max_interval_s=60)
    published = {}
    view = run.view
    view.status, view.link, view.available = Status.ALIVE, LinkState.OK, True
    view.error_percent = 0.25
    view.estimate = Estimate(active_power_w=500, injected_power_w=0, load_percent=20)

    def publish(messages):
        published.update({message.topic: message.payload for message in messages})

    for item in items_of(name):
        run.take(item)
        if view.key:
            is_reading = isinstance(item, Reading)
            publish(
                native.told(view, item, due=True) if is_reading else native.happened(view, item)
            )
            publish(native.condition(view))
    publish([native.status("online")])

    found = entities(home.announcing)
    for component, body in found.values():
        places = [body["state_topic"], *(place["topic"] for place in body["availability"])]
        if "json_attributes_topic" in body:
            places.append(body["json_attributes_topic"])
        assert set(places) <= published.keys()
        check_text(component, body, published[body["state_topic"]])


def check_text(component, body, text):
    if component in {"binary_sensor", "switch"}:
        assert text in {body["payload_on"], body["payload_off"]}
    elif "options" in body:
        assert text in body["options"]
    elif "unit_of_measurement" in body:
        assert float(text) >= 0
    elif body.get("device_class") == "timestamp":
        assert datetime.fromisoformat(text).tzinfo is not None
    else:
        assert len(text) <= 255  # of a state


def test_the_commands_are_those_that_the_gateway_hears(home):
    run = home.run()
    home.take(run.discovery.gateway())
    run.read(HC)
    commanded = {
        body["command_topic"]
        for _, body in entities(home.announcing).values()
        if "command_topic" in body
    }
    assert commanded == {f"teleinfo/{ADDRESS}/reader/set", "teleinfo/reload"}


# --- Word by word --------------------------------------------------------------------------------

DEVICE = {
    "identifiers": ["teleinfo_012345678901"],
    "name": "Compteur 012345678901",
    "via_device": "gateway_teleinfo",
    "manufacturer": "Crouzet/Monetel",
    "serial_number": "012345678901",
}
ORIGIN = {"name": "teleinfo-gateway", "sw_version": __version__}
THERE = [{"topic": "teleinfo/status"}, {"topic": "teleinfo/012345678901/availability"}]


def golden(name, component, text, **rest):
    return {
        "name": text,
        "unique_id": f"teleinfo_012345678901_{name}",
        "default_entity_id": f"{component}.teleinfo_012345678901_{name}",
        "state_topic": f"teleinfo/012345678901/{name}",
        **rest,
    }


GOLDEN = {
    "hchc": golden(
        *("hchc", "sensor", "Index heures creuses"),
        state_topic="teleinfo/012345678901/HCHC",
        device_class="energy",
        state_class="total_increasing",
        unit_of_measurement="Wh",
    ),
    "papp": golden(
        *("papp", "sensor", "Puissance apparente"),
        state_topic="teleinfo/012345678901/PAPP",
        device_class="apparent_power",
        state_class="measurement",
        unit_of_measurement="VA",
        expire_after=120,
    ),
    "active_power": golden(
        *("active_power", "sensor", "Puissance active (estimée)"),
        device_class="power",
        state_class="measurement",
        unit_of_measurement="W",
        expire_after=600,
    ),
    "ptec": golden(
        *("ptec", "sensor", "Période tarifaire en cours"),
        state_topic="teleinfo/012345678901/PTEC",
        device_class="enum",
        options=[
            *("TH..", "HC..", "HP..", "HN..", "PM.."),
            *("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"),
        ],
    ),
    "overload": golden(
        *("overload", "binary_sensor", "Dépassement"),
        device_class="problem",
        payload_on="ON",
        payload_off="OFF",
    ),
    "link": golden(
        *("link", "binary_sensor", "Liaison TIC"),
        device_class="connectivity",
        payload_on="ON",
        payload_off="OFF",
        entity_category="diagnostic",
        availability=[{"topic": "teleinfo/status"}],
    ),
}
PLATFORMS = {name: body["default_entity_id"].partition(".")[0] for name, body in GOLDEN.items()}


def test_by_entity_each_one_has_a_message_of_its_own(home):
    home.run().read(HC)
    for name, body in GOLDEN.items():
        topic = f"homeassistant/{PLATFORMS[name]}/teleinfo_012345678901/{name}/config"
        whole = {"availability": THERE, **body, "availability_mode": "all"}
        assert json.loads(home.kept[topic]) == whole | {"device": DEVICE, "origin": ORIGIN}


def test_by_device_one_message_has_them_all(home):
    home.run(discovery="device").read(HC)
    (topic,) = home.announcing
    assert topic == "homeassistant/device/teleinfo_012345678901/config"
    message = json.loads(home.kept[topic])
    components = message.pop("components")
    assert message == {
        "device": DEVICE,
        "origin": ORIGIN,
        "availability": THERE,
        "availability_mode": "all",
    }
    for name, body in GOLDEN.items():
        assert components[name] == {"platform": PLATFORMS[name], **body}


def test_the_list_says_what_is_announced(home):
    home.run(discovery="device").read(HC)
    kept = json.loads(home.kept[f"teleinfo/{ADDRESS}/announced"])
    assert (kept["discovery"], kept["prefix"]) == ("device", "homeassistant")
    assert kept["components"]["hchc"] == "sensor"
    assert kept["components"].keys() == home.names


def test_the_switch_and_the_gateway_are_there_without_the_meter(home):
    run = home.run()
    home.take(run.discovery.gateway())
    run.read(HC)
    found = entities(home.announcing)
    _, switch = found[f"teleinfo_{ADDRESS}_reader"]
    assert switch["availability"] == [{"topic": "teleinfo/status"}]
    component, button = found["gateway_teleinfo_reload"]
    assert (component, button["payload_press"]) == ("button", "PRESS")
    assert button["device"]["identifiers"] == [switch["device"]["via_device"]]
    _, status = found["gateway_teleinfo_status"]
    assert "availability" not in status
    assert (status["payload_on"], status["payload_off"]) == ("online", "offline")


def test_where_no_commands_are_taken_there_is_nothing_to_press(home):
    run = home.run(commands=True)
    home.take(run.discovery.gateway())
    run.read(HC)
    run = home.run(commands=False)
    home.take(run.discovery.gateway())
    run.read(HC, times=5)
    assert not any("/switch/" in topic or "/button/" in topic for topic in home.kept)
    assert "homeassistant/binary_sensor/gateway_teleinfo/status/config" in home.kept


@pytest.mark.parametrize(
    ("values", "name", "facts"),
    [
        (STANDARD, "east", {"device_class": "energy", "state_class": "total_increasing"}),
        (STANDARD | {"ERQ1": "000000012"}, "erq1", {"unit_of_measurement": "varh"}),
        (STANDARD, "smaxsn_1", {"device_class": "apparent_power", "unit_of_measurement": "VA"}),
        (STANDARD, "pref", {"state_topic": "teleinfo/041876097767/pref_va"}),
        (STANDARD, "prm", {"enabled_by_default": False, "entity_category": "diagnostic"}),
        (STANDARD, "urms1", {"device_class": "voltage", "state_class": "measurement"}),
        (STANDARD, "breaker", {"device_class": "enum"}),
        (STANDARD, "cover_open", {"device_class": "tamper"}),
        (HC, "optarif", {"state_topic": f"teleinfo/{ADDRESS}/contract", "device_class": "enum"}),
        (HC, "isousc", {"device_class": "current", "entity_category": "diagnostic"}),
        (HC | {"ADPS": "031"}, "adps", {"device_class": "current", "state_class": "measurement"}),
        (HC | {"PEJP": "30"}, "pejp", {"device_class": "duration", "unit_of_measurement": "min"}),
        (BASE | {"PMAX": "06000"}, "pmax", {"device_class": "power", "unit_of_measurement": "W"}),
    ],
)
def test_classes_follow_from_the_label(home, values, name, facts):
    run = home.run()
    run.read(values)
    _, body = entities(home.announcing)[f"teleinfo_{run.view.key}_{name}"]
    assert facts.items() <= body.items()


@pytest.mark.parametrize("name", ["smaxsn_1", "pref", "pcoup", "isousc", "imax", "pmax", "ptec"])
def test_limits_and_maxima_are_no_measurements(name):
    (entity,) = (each for each in ENTITIES if each.name == name)
    assert "state_class" not in entity.facts
    assert not entity.expires_s


def test_the_reactive_energy_has_no_class_as_older_versions_know_none():
    (entity,) = (each for each in ENTITIES if each.name == "erq1")
    assert "device_class" not in entity.facts


def test_the_time_of_a_dated_value_is_an_attribute(home):
    home.run().read(STANDARD, horodates={"SMAXSN-1": "E250602203015"})
    _, body = entities(home.announcing)["teleinfo_041876097767_smaxsn_1"]
    assert body["json_attributes_topic"] == "teleinfo/041876097767/state"
    assert "horodates.get('SMAXSN_1')" in body["json_attributes_template"]
    assert body["json_attributes_template"].count("{") == body["json_attributes_template"].count(
        "}"
    )


def test_measurements_expire_after_two_publications_but_not_within_two_minutes(home):
    home.run(max_interval=600).read(HC)
    found = entities(home.announcing)
    assert found[f"teleinfo_{ADDRESS}_papp"][1]["expire_after"] == 1200
    assert found[f"teleinfo_{ADDRESS}_active_power"][1]["expire_after"] == 1200
    assert "expire_after" not in found[f"teleinfo_{ADDRESS}_hchc"][1]


def test_names_are_french_or_english(home):
    home.run().read(HC)
    french = {body["name"] for _, body in entities(home.announcing).values()}
    home.run(language="en").read(HC)
    english = {body["name"] for _, body in entities(home.announcing).values()}
    assert {"Intensité souscrite", "Dépassement", "Lecture du compteur"} <= french
    assert {"Subscribed current", "Overload", "Reading of the meter"} <= english
    assert french.isdisjoint(english)
    assert len(french) == len(english)


def test_no_two_entities_of_a_meter_can_be_taken_for_each_other():
    assert len({entity.name for entity in ENTITIES}) == len(ENTITIES)
    for mode in Mode:
        there = [
            entity
            for entity in ENTITIES
            if all(
                BY_NAME[label].mode is mode and not BY_NAME[label].alias_of
                for label in entity.labels
            )
        ]
        assert len({entity.fr for entity in there}) == len(there)
        assert len({entity.en for entity in there}) == len(there)


# --- Comes and goes ------------------------------------------------------------------------------


def test_only_what_the_meter_has_sent_is_announced(home):
    run = home.run()
    run.read({"ADCO": ADDRESS, "PAPP": "00520"})
    always = {"overload", "error_rate", "link", "reader_status", "reader"}
    assert home.names == {"adco", "papp"} | always
    told = run.read(HC)
    assert f"homeassistant/sensor/teleinfo_{ADDRESS}/papp/config" not in [m.topic for m in told]
    assert {"hchc", "ptec", "active_power", "load_percent", "slot"} <= home.names
    assert home.names.isdisjoint({"base", "adps", "over_voltage", "injected_power", "breaker"})


@pytest.mark.parametrize("form", BOTH)
def test_what_is_announced_already_is_not_told_again(home, form):
    run = home.run(discovery=form)
    run.read(HC, times=6)
    assert run.read(HC, times=3) == []


def test_by_device_the_whole_device_is_told_when_something_appears(home):
    run = home.run(discovery="device")
    run.read(HC)
    message, kept = run.read(HC | {"ADPS": "031"})
    assert {"adps", "hchc"} <= json.loads(message.payload)["components"].keys()
    assert kept.topic == f"teleinfo/{ADDRESS}/announced"


@pytest.mark.parametrize("form", BOTH)
def test_an_event_stays_announced_once_it_was_seen(home, form):
    run = home.run(discovery=form)
    run.read(HC | {"ADPS": "031"})
    run.read(HC, times=10)
    assert "ADPS" not in run.view.values
    assert "adps" in home.names
    home.run(discovery=form).read(HC, times=10)
    assert "adps" in home.names


@pytest.mark.parametrize("form", BOTH)
def test_after_a_change_of_contract_the_old_indexes_go(home, form):
    run = home.run(discovery=form)
    run.read(HC, times=6)
    run.change("contract")
    run.read(BASE, times=3)
    assert {"hchc", "hchp", "base"} <= home.names  # that is not sure yet
    run.read(BASE)
    assert home.names.isdisjoint({"hchc", "hchp"})
    assert "base" in home.names
    assert "hchc" not in json.loads(home.kept[f"teleinfo/{ADDRESS}/announced"])["components"]


def test_by_device_what_goes_is_named_by_its_platform_then_not_at_all(home):
    run = home.run(discovery="device")
    run.read(HC, times=6)
    run.change("contract")
    run.read(BASE, times=3)
    going, without, _ = run.read(BASE)
    assert not going.retain
    assert json.loads(going.payload)["components"]["hchc"] == {"platform": "sensor"}
    assert json.loads(going.payload)["components"].keys() > {"base", "papp"}
    assert without.retain
    assert "hchc" not in json.loads(without.payload)["components"]


def test_frames_that_lost_something_take_nothing_back(home):
    home.run().read(HC, times=6)
    run = home.run()
    run.read(HC | {"HCHC": "009205447"})
    run.read({"ADCO": ADDRESS, "PAPP": "00520"}, times=50, complete=False)
    assert "hchp" in home.names


def test_after_a_change_of_mode_everything_of_the_old_one_goes(home):
    run = home.run()
    run.read(HC | {"ADPS": "031", "PEJP": "30"}, times=6)
    run.change("mode")
    values = STANDARD | {"ADSC": ADDRESS}
    run.read(values, times=3)
    assert {"adps", "hchc", "east"} <= home.names
    run.read(values)
    assert home.names.isdisjoint({"adps", "pejp", "hchc", "papp", "adco", "isousc"})
    assert {"east", "adsc", "active_power", "load_percent", "slot", "breaker"} <= home.names


def test_an_entity_goes_a_frame_before_its_topic_is_cleared(home):
    """Home Assistant would take an empty text for a wrong value of a list."""
    run = home.run()
    native = Native("teleinfo", "test", min_interval_s=0, max_interval_s=60)
    begin, config = f"teleinfo/{ADDRESS}/", f"homeassistant/sensor/teleinfo_{ADDRESS}/ptec/config"
    removed = []

    def read(values, times):
        for _ in range(times):
            told = run.read(values)
            told += native.told(run.view, run.last, due=True)
            removed.append({each.topic for each in told if not each.payload})

    read(HC, 6)
    run.change("mode")
    list(native.happened(run.view, Event(EventKind.CHANGE, "house", NOW, "mode")))
    read(STANDARD | {"ADSC": ADDRESS}, 5)
    assert config in removed[-2]
    assert {begin + "PTEC", begin + "contract"} <= removed[-1]


def test_another_meter_has_its_own_entities_and_the_old_ones_stay(home):
    run = home.run()
    run.read(HC, times=6)
    before = dict(home.announcing)
    run.change("exchange")
    run.read(HC | {"ADCO": "061961361253"}, times=6)
    assert before.items() <= home.announcing.items()
    assert len(home.announcing) == 2 * len(before)
    assert "teleinfo/061961361253/announced" in home.kept


def test_two_meters_never_collide(home):
    home.run(name="house").read(HC)
    one = dict(home.announcing)
    home.run(name="barn").read(HC | {"ADCO": "061961361253"})
    found = entities(home.announcing)  # which looks at the unique ids
    assert len(found) == 2 * len(one)
    assert len({body["state_topic"] for _, body in found.values()}) == len(found)


# --- Another run ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", BOTH)
def test_what_was_lost_while_the_gateway_was_off_goes_after_its_start(home, form):
    home.run(discovery=form).read(HC, times=6)
    run = home.run(discovery=form)
    run.read(BASE)
    assert {"hchc", "hchp", "base"} <= home.names
    run.read(BASE, times=3)
    assert home.names.isdisjoint({"hchc", "hchp"})


@pytest.mark.parametrize("form", BOTH)
def test_the_first_frame_of_a_run_leaves_nothing_out_that_was_known(home, form):
    home.run(discovery=form).read(HC, times=6)
    names = home.names
    home.run(discovery=form).read({"ADCO": ADDRESS, "PAPP": "00520"}, complete=False)
    assert home.names == names


@pytest.mark.parametrize("form", BOTH)
def test_a_list_that_comes_late_is_heeded_too(home, form):
    home.run(discovery=form).read(HC, times=6)
    kept = home.kept[f"teleinfo/{ADDRESS}/announced"]
    run = home.run(discovery=form)
    run._recalled.add(ADDRESS)
    run.read(BASE, times=7)
    run.discovery.recall(run.view, kept)
    run.read(BASE)
    assert home.names.isdisjoint({"hchc", "hchp"})


@pytest.mark.parametrize("form", BOTH)
def test_what_a_lost_connection_swallowed_is_done_after_the_next_one(home, form):
    run = home.run(discovery=form)
    run.read(HC, times=6)
    away, home.kept = dict(home.kept), {}
    run.change("contract")
    run.read(BASE, times=6)
    home.kept = away  # nothing of that had reached the broker
    run.recall()
    home.take(run.discovery.again(run.view))
    run.read(BASE)
    assert home.names.isdisjoint({"hchc", "hchp"})
    assert "base" in home.names


def test_what_an_older_version_announced_is_taken_back(home):
    topic = f"homeassistant/sensor/teleinfo_{ADDRESS}/consumption/config"
    wrong = f"homeassistant/sensor/teleinfo_{ADDRESS}/overload/config"
    home.kept = {topic: "{}", wrong: "{}"}
    components = {"consumption": "sensor", "overload": "sensor"}
    home.kept[f"teleinfo/{ADDRESS}/announced"] = json.dumps(
        {"discovery": "entity", "prefix": "homeassistant", "components": components}
    )
    home.run().read(HC)
    assert home.kept.keys().isdisjoint({topic, wrong})
    assert "overload" in home.names


@pytest.mark.parametrize(("old", "new"), [BOTH, BOTH[::-1]])
def test_from_one_form_to_the_other_no_entity_is_lost(home, old, new):
    home.run(discovery=old).read(HC | {"ADPS": "031"}, times=6)
    before, names = entities(home.announcing), home.names
    old_topics = home.announcing.keys()
    home.sent.clear()
    home.run(discovery=new).read({"ADCO": ADDRESS, "PAPP": "00520"})

    notes = [message for message in home.sent if "migrate_discovery" in message.payload]
    emptied = [message.topic for message in home.sent if not message.payload]
    assert {message.topic for message in notes} == set(emptied) == old_topics
    assert all(json.loads(message.payload) == {"migrate_discovery": True} for message in notes)
    assert home.sent[: len(notes)] == notes
    assert [message.topic for message in home.sent[-len(emptied) - 1 : -1]] == emptied
    assert home.sent[-1].topic == f"teleinfo/{ADDRESS}/announced"
    assert home.announcing.keys().isdisjoint(old_topics)
    assert home.names == names

    def essence(found):
        return {
            unique: (component, {**body, "availability_mode": "all"})
            for unique, (component, body) in found.items()
        }

    assert essence(entities(home.announcing)) == essence(before)


@pytest.mark.parametrize(("old", "new"), [BOTH, BOTH[::-1]])
def test_after_a_migration_what_is_not_sent_any_more_goes_as_ever(home, old, new):
    home.run(discovery=old).read(HC, times=6)
    home.run(discovery=new).read(BASE, times=6)
    assert home.names.isdisjoint({"hchc", "hchp"})
    assert "base" in home.names


@pytest.mark.parametrize("form", BOTH)
def test_another_prefix_leaves_nothing_at_the_old_one(home, form):
    run = home.run(discovery=form)
    home.take(run.discovery.gateway())
    run.read(HC, times=6)
    run = home.run(discovery=form, prefix="ha/discovery")
    home.take(run.discovery.gateway())
    run.read(HC)
    assert {topic.rsplit("/", 4)[0].split("/")[0] for topic in home.announcing} == {"ha"}
    assert not any("migrate" in message.payload for message in home.sent)
    assert run.discovery.birth_topic == "ha/discovery/status"


def test_another_language_takes_the_place_of_the_first(home):
    home.run(language="fr").read(HC, times=6)
    topics = home.announcing.keys()
    home.run(language="en").read(HC)
    assert home.announcing.keys() == topics
    assert all("Compteur" not in text for text in home.announcing.values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 10_000,
        '{"discovery": "entity", "prefix": "homeassistant"}',
        '{"discovery": "other", "prefix": "homeassistant", "components": {}}',
        '{"discovery": "entity", "prefix": "a/#", "components": {"x": "sensor"}}',
        '{"discovery": "entity", "prefix": "homeassistant", "components": {"a/b": "sensor"}}',
        '{"discovery": "entity", "prefix": "homeassistant", "components": {"x": ["sensor"]}}',
        json.dumps(
            {
                "discovery": "entity",
                "prefix": "homeassistant",
                "components": {f"x{n}": "sensor" for n in range(1000)},
            }
        ),
    ],
)
def test_a_list_that_is_none_is_ignored(home, text):
    run = home.run()
    home.kept[f"teleinfo/{ADDRESS}/announced"] = text
    run.read(HC, times=6)
    assert all(message.payload for message in home.sent)
    assert {"hchc", "papp"} <= home.names


# --- When Home Assistant or the broker starts ----------------------------------------------------


@pytest.mark.parametrize("form", BOTH)
def test_everything_is_told_again_when_somebody_may_have_forgotten(home, form):
    run = home.run(discovery=form)
    run.read(HC | {"ADPS": "031"})
    run.read(HC, times=6)
    before = dict(home.kept)
    home.kept.clear()
    home.take(run.discovery.again(run.view))
    assert home.kept == before
    assert run.discovery.birth_topic == "homeassistant/status"


def test_before_the_first_reading_there_is_nothing_to_tell_again(home):
    run = home.run()
    assert home.take(run.discovery.again(run.view)) == []
    run = home.run(alias=True)  # whose key is known from the start
    assert home.take(run.discovery.again(run.view)) == []


# --- Privacy and Domoticz ------------------------------------------------------------------------


@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("values", [HC, STANDARD])
def test_an_alias_hides_address_maker_and_delivery_point(home, form, values):
    run = home.run(name="summer-house", alias=True, discovery=form)
    home.take(run.discovery.gateway())
    run.read(values, times=6)
    said = "\n".join(f"{message.topic} {message.payload}" for message in home.sent)
    for secret in (ADDRESS, "041876097767", "30001234567890", "345678901", "prm", "serial"):
        assert secret not in said
    assert "manufacturer" not in said
    assert "model" not in said
    found = entities(home.announcing)
    _, link = found["teleinfo_summer-house_link"]
    assert link["default_entity_id"] == "binary_sensor.teleinfo_summer_house_link"
    assert link["device"]["name"] == "Compteur summer-house"
    for component, body in found.values():
        check_entity(component, body)


def test_the_model_is_that_of_the_address(home):
    home.run().read(HC | {"ADCO": "021528603314"})
    _, body = entities(home.announcing)["teleinfo_021528603314_papp"]
    assert body["device"]["manufacturer"] == "Sagem/Sagemcom"
    assert body["device"]["model"] == "single-phase, multi-tariff, 3rd generation"


def test_domoticz_passes_over_nothing(home):
    ignored = re.compile(r"_(min|max)$|^(min|max)_|_alarm|_address|_ssid")
    assert [entity.name for entity in ENTITIES if ignored.search(entity.name)] == []
    home.run().read(HC)
    found = entities(home.announcing)
    energy = found[f"teleinfo_{ADDRESS}_hchc"][1]
    power = found[f"teleinfo_{ADDRESS}_active_power"][1]
    assert energy["device"]["identifiers"][0] == power["device"]["identifiers"][0]
    assert not any("value_template" in body for _, body in found.values())


def test_what_the_pilot_meters_call_otherwise_is_announced_by_their_name(home):
    home.run().read(replace_label(STANDARD, "SINSTS", "SINST1"))
    assert "sinst1" in home.names


def replace_label(values, old, new):
    return {(new if label == old else label): value for label, value in values.items()}
