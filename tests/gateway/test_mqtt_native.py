"""Our own layout, without a broker: the captures by golden files, and every rule by hand.

To write the golden files again after a change that is meant, then read what became of them::

    MAKE_GOLDEN=1 .venv/bin/pytest tests/gateway/test_mqtt_native.py
"""

import json
import os
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.estimate import Estimate, Estimator
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.message import Message, plain_name
from teleinfo_gateway.outputs.mqtt.native import OFFLINE, ONLINE, Native
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.statuses import LinkState, Status
from tic import LABELS, Decoder, Frame, FrameKind, Kind, Mode

CAPTURES = Path(__file__).parents[1] / "captures"
GOLDEN = Path(__file__).parent / "golden" / "mqtt-native"
MAKE = "MAKE_GOLDEN" in os.environ

EVERY_CAPTURE = sorted(path.stem for path in CAPTURES.glob("*.tic"))
SHOWN_CAPTURES = [
    "histo-tempo-mono-linky",
    "std-producer-mono-2018",
    "synthetic-histo-adps-mono",
    "synthetic-histo-ejp-mono",
    "synthetic-histo-hc-tri-short-frames",
    "synthetic-mode-switch-histo-to-std",
    "synthetic-std-tempo-tri-producer-all-labels",
]
START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
TIMES = 3  # an address counts once two frames in a row told it

ADCO = "021528603314"
ROOT = f"teleinfo/{ADCO}"
HC = {
    "ADCO": ADCO,
    "OPTARIF": "HC..",
    "ISOUSC": "45",
    "HCHC": "009205446",
    "HCHP": "000000000",
    "PTEC": "HP..",
    "IINST": "002",
    "IMAX": "047",
    "PAPP": "00520",
    "HHPHC": "D",
    "MOTDETAT": "000000",
}
LINKY = {
    "ADSC": ADCO,
    "VTIC": "02",
    "DATE": "",
    "NGTF": "      BASE      ",
    "LTARF": "  HEURE PLEINE  ",
    "EAST": "027117279",
    "NTARF": "01",
    "IRMS1": "011",
    "URMS1": "234",
    "PREF": "09",
    "PCOUP": "12",
    "SINSTS": "02658",
    "SMAXSN": "04345",
    "SMAXSN-1": "03456",
    "STGE": "00DA8001",
    "RELAIS": "001",
    "NJOURF+1": "00",
    "MSG1": "PAS DE          MESSAGE         ",
    "PRM": "12345678901234",
}
HORODATES = {"DATE": "H260114195001", "SMAXSN": "H260114070312", "SMAXSN-1": " 260113070312"}
NO_LABEL = {"availability", "link", "reader", "reader_status", "error_rate", "state", "event"}


class Home:
    """One meter, its view and our layout; ``now`` is what the broker keeps, ``said`` all of it."""

    def __init__(self, reading, *, alias=False, **intervals):
        self._reading = reading
        limits = {"min_interval_s": 0, "max_interval_s": 60} | intervals
        self.native = Native("teleinfo", "gateway-1", **limits)
        self.view = View("house", alias=alias)
        self.view.status, self.view.link, self.view.available = Status.ALIVE, LinkState.OK, True
        self.said = []
        self.now = {}

    def note(self, messages):
        """Take messages as a broker does; gives the topics behind the meter's, and payloads."""
        messages = list(messages)
        self.said += messages
        for message in messages:
            if message.retain:
                self.now[message.topic] = message.payload
                if not message.payload:
                    del self.now[message.topic]
        return {message.topic.split("/", 2)[-1]: message.payload for message in messages}

    def tell(self, values, *, kind=FrameKind.LONG, complete=True, after_s=1.0, horodates=None):
        """A reading, some time after the last one."""
        self.view.now_s += after_s
        mode = Mode.STANDARD if "ADSC" in values else Mode.HISTORIQUE
        item = replace(
            self._reading(kind, mode, complete=complete, **values),
            address=values.get("ADCO") or values.get("ADSC") or self.view.said.address,
            time=START + timedelta(seconds=self.view.now_s),
            historique={} if mode is Mode.STANDARD else values,
            horodates=horodates or {},
        )
        self.view.said.take(item)
        return self.note(self.native.told(self.view, item, due=False))

    def happen(self, kind, value, detail=""):
        event = Event(kind, "house", START + timedelta(seconds=self.view.now_s), value, detail)
        self.view.said.note(event)
        return self.note(self.native.happened(self.view, event))

    def again(self):
        return self.note(self.native.again(self.view))

    def state(self):
        return json.loads(self.now[f"teleinfo/{self.view.key}/state"])


@pytest.fixture
def home(reading):
    """The function that makes a home."""
    return lambda **how: Home(reading, **how)


def labels(told):
    """The labels among what was told."""
    return {name: text for name, text in told.items() if name not in NO_LABEL}


def play(capture, *, alias=False, data=None):
    """All that is said of a capture at the pace of its line; gives the home and the readings."""
    told = []
    bus = Bus()
    bus.publish = told.append
    meter = Meter(DeviceConfig(name="house", device="/dev/ttyUSB0"), bus)
    decoder, estimator, home = Decoder(), Estimator(), Home(None, alias=alias)
    character_s = 10 / (9600 if "std" in capture and "histo" not in capture else 1200)
    begin_s = time.monotonic()
    readings = []
    data = (CAPTURES / f"{capture}.tic").read_bytes() * TIMES if data is None else data
    for piece in re.split(rb"(?<=[\x03\x04])", data):
        home.view.now_s += len(piece) * character_s
        meter.heard(decoder.feed(piece), begin_s + home.view.now_s)
        moment = START + timedelta(seconds=round(home.view.now_s, 3))
        items, told[:] = [replace(item, time=moment) for item in told], []
        for item in items:
            if isinstance(item, Event):
                home.view.said.note(item)
                if home.view.key:
                    home.note(home.native.happened(home.view, item))
                continue
            readings.append(item)
            home.view.said.take(item)
            estimator.update(item, home.view.now_s)
            home.view.estimate = estimator.estimate(home.view.now_s)
            home.note(home.native.told(home.view, item, due=False))
    return home, readings


# --- The captures


@pytest.mark.parametrize("capture", SHOWN_CAPTURES)
def test_what_a_capture_becomes(capture):
    home, _ = play(capture)
    said = "".join(
        f"{'retained ' if message.retain else ''}qos {message.qos} {message.topic} "
        f"{message.payload}\n"
        for message in home.said
    )
    golden = GOLDEN / f"{capture}.txt"
    if MAKE:
        golden.write_text(said)
    assert said == golden.read_text()


def test_every_golden_file_has_its_capture():
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(SHOWN_CAPTURES)


@pytest.mark.parametrize("capture", EVERY_CAPTURE)
def test_every_message_of_every_capture_is_legal(capture):
    home, _ = play(capture)
    for message in home.said:
        assert re.fullmatch(r"teleinfo/\d{12}/[A-Za-z0-9_]+", message.topic)
        is_event = message.topic.endswith("/event")
        assert message.retain is not is_event
        assert message.qos == (1 if is_event or message.topic.endswith("/availability") else 0)


@pytest.mark.parametrize("capture", EVERY_CAPTURE)
def test_no_index_goes_down_and_nothing_is_told_that_was_not_believed(capture):
    data = (CAPTURES / f"{capture}.tic").read_bytes()
    home, readings = play(capture, data=data)
    believed = {
        (plain_name(label), int(value))
        for reading in readings
        for label, value in reading.values.items()
        if value.isdigit()
    }
    indexes = {plain_name(label.name) for label in LABELS if label.kind is Kind.INDEX}
    last = {}
    for message in home.said:
        name = message.topic.rpartition("/")[2]
        if name in indexes:
            assert (name, int(message.payload)) in believed
            assert int(message.payload) >= last.get(message.topic, 0)
            last[message.topic] = int(message.payload)


@pytest.mark.parametrize("capture", EVERY_CAPTURE)
def test_an_alias_hides_the_address_and_the_delivery_point(capture):
    data = (CAPTURES / f"{capture}.tic").read_bytes()
    secrets = {
        group.value
        for frame in Decoder().feed(data)
        if isinstance(frame, Frame)
        for group in frame.groups
        if group.label in {"ADCO", "ADSC", "PRM"}
    }
    home, _ = play(capture, alias=True)
    said = "".join(f"{message.topic} {message.payload}\n" for message in home.said)
    said += "".join(f"{message}" for message in home.native.again(home.view))
    for secret in secrets:
        assert secret not in said
        assert secret.lstrip("0") not in said


# --- Labels


def test_each_label_is_told_as_typed_text(home):
    assert labels(home().tell(HC)) == {
        "ADCO": ADCO,
        "OPTARIF": "HC..",
        "ISOUSC": "45",
        "HCHC": "9205446",
        "HCHP": "0",  # of a contract that is new
        "PTEC": "HP..",
        "IINST": "2",
        "IMAX": "47",
        "PAPP": "520",
        "HHPHC": "D",
        "MOTDETAT": "000000",
        "overload": "OFF",
        "slot": "2",
        "contract": "HC..",
    }


def test_the_labels_of_the_standard_mode_and_what_follows_from_them(home):
    assert labels(home().tell(LINKY, horodates=HORODATES)) == {
        "ADSC": ADCO,
        "VTIC": "2",
        "DATE": "2026-01-14T19:50:01+01:00",
        "NGTF": "BASE",
        "LTARF": "HEURE PLEINE",
        "EAST": "27117279",
        "NTARF": "1",
        "IRMS1": "11",
        "URMS1": "234",
        "PREF": "9",
        "PCOUP": "12",
        "SINSTS": "2658",
        "SMAXSN": "4345",
        "SMAXSN_1": "3456",
        "STGE": "00DA8001",
        "RELAIS": "001",
        "NJOURF_P1": "0",
        "MSG1": "PAS DE MESSAGE",
        "PRM": "12345678901234",
        "overload": "OFF",
        "slot": "1",
        "pref_va": "9000",
        "pcoup_va": "12000",
        "over_voltage": "OFF",
        "cover_open": "OFF",
        "breaker_open": "OFF",
        "breaker": "closed",
        "contact_closed": "OFF",
        "clock_degraded": "OFF",
        "peak_notice": "OFF",
        "injecting": "OFF",
    }


@pytest.mark.parametrize(
    ("option", "contract"),
    [
        ("BASE", "BASE"),
        ("HC..", "HC.."),
        ("EJP.", "EJP."),
        ("EJP ", "EJP."),
        ("BBR(", "BBR"),
        ("BBR1", "BBR"),
        ("NEW.", "INCONNU"),
    ],
)
def test_the_contract_is_one_of_five_words(home, option, contract):
    assert home().tell(HC | {"OPTARIF": option})["contract"] == contract


def test_estimates_are_told_by_name(home):
    it = home()
    it.view.estimate = Estimate(active_power_w=480, injected_power_w=None, load_percent=5)
    told = it.tell(HC)
    assert (told["active_power"], told["load_percent"]) == ("480", "5")
    assert "injected_power" not in told


def test_a_label_is_told_again_only_when_it_has_changed(home):
    it = home()
    it.tell(HC)
    told = it.tell(HC | {"PAPP": "00530"})
    assert labels(told) == {"PAPP": "530"}
    assert json.loads(told["state"])["PAPP"] == 530


def test_what_does_not_change_is_repeated_after_the_longest_interval(home):
    it = home(max_interval_s=10)
    first = it.tell(HC)
    for _ in range(9):
        assert labels(it.tell(HC)) == {}
    assert labels(it.tell(HC)) == labels(first)


def test_a_label_that_is_not_heard_is_not_repeated(home):
    it = home(max_interval_s=10)
    it.tell(HC)
    damaged = {label: value for label, value in HC.items() if label != "HCHC"}
    told = it.tell(damaged, complete=False, after_s=11)
    assert "HCHC" not in told
    assert told["PAPP"] == "520"


def test_the_shortest_interval_holds_back_what_is_measured_and_nothing_else(home):
    it = home(min_interval_s=10)
    it.view.estimate = Estimate(active_power_w=480)
    it.tell(HC)
    it.view.estimate = Estimate(active_power_w=490)
    told = it.tell(HC | {"PAPP": "00530", "HCHC": "009205447", "PTEC": "HC..", "ADPS": "046"})
    assert labels(told) == {"PTEC": "HC..", "slot": "1", "ADPS": "46"}
    assert "state" not in told
    told = it.tell(HC | {"PAPP": "00540", "HCHC": "009205448", "ADPS": "047"}, after_s=5)
    assert labels(told) == {"PTEC": "HP..", "slot": "2", "ADPS": "47"}
    told = it.tell(HC | {"PAPP": "00540", "HCHC": "009205448", "ADPS": "047"}, after_s=4)
    assert labels(told) == {"PAPP": "540", "HCHC": "9205448", "active_power": "490"}
    assert json.loads(told["state"])["PAPP"] == 540


def test_an_overload_is_never_held_back(home):
    it = home(min_interval_s=3600)
    it.tell(HC)
    it.tell(HC | {"ADPS": "046"})
    told = it.happen(EventKind.OVERLOAD, "1", "46 A")
    assert told["overload"] == "ON"
    assert json.loads(told["state"])["overload"] is True
    it.tell(HC, after_s=0.1)
    assert it.happen(EventKind.OVERLOAD, "none")["overload"] == "OFF"
    assert it.tell(HC | {"ADPS": "048"}, after_s=0.1)["ADPS"] == "48"
    assert it.happen(EventKind.OVERLOAD, "1")["overload"] == "ON"


# --- What ends, what goes


@pytest.mark.parametrize(("label", "value", "end"), [("ADPS", "046", "0"), ("PEJP", "30", "0")])
def test_an_event_of_a_long_frame_ends_at_once(home, label, value, end):
    it = home()
    it.tell(HC | {label: value})
    assert it.now[f"{ROOT}/{label}"] == str(int(value))
    it.tell(HC, complete=False)
    assert it.now[f"{ROOT}/{label}"] == str(int(value))
    assert labels(it.tell(HC)) == {label: end}
    assert label not in it.state()
    for _ in range(10):
        assert labels(it.tell(HC)) == {}


def test_an_overload_of_one_phase_ends_with_the_second_long_frame(home):
    it = home()
    it.tell(HC)
    short = {"ADCO": ADCO, "ADIR2": "024", "IINST1": "002", "IINST2": "024", "IINST3": "001"}
    assert it.tell(short, kind=FrameKind.SHORT)["ADIR2"] == "24"
    assert it.tell(HC) | {"state": ""} == {"state": ""}
    assert labels(it.tell(HC)) == {"ADIR2": "0"}


def test_a_peak_that_is_over_is_removed(home):
    it = home()
    it.tell(LINKY | {"DPM1": "00", "FPM1": "00"}, horodates=HORODATES)
    assert it.now[f"{ROOT}/DPM1"] == "0"
    told = it.tell(LINKY, horodates=HORODATES)
    assert (told["DPM1"], told["FPM1"]) == ("", "")
    assert f"{ROOT}/DPM1" not in it.now


def test_after_another_contract_the_labels_of_the_old_one_are_removed(home):
    it = home()
    for _ in range(6):
        it.tell(HC)
    it.happen(EventKind.CHANGE, "contract", "HC.. -> BASE")
    base = {k: v for k, v in HC.items() if k not in {"HCHC", "HCHP", "HHPHC"}}
    base |= {"OPTARIF": "BASE", "PTEC": "TH..", "BASE": "009205446"}
    for _ in range(4):
        it.tell(base)
        assert f"{ROOT}/HCHC" in it.now
    it.tell(base, complete=False)
    assert f"{ROOT}/HCHC" in it.now
    told = labels(it.tell(base))
    assert told == {"HCHC": "", "HCHP": "", "HHPHC": ""}
    for _ in range(10):
        assert labels(it.tell(base)) == {}


def test_after_another_mode_nothing_of_the_old_one_is_left(home):
    it = home()
    for _ in range(6):
        it.tell(LINKY, horodates=HORODATES)
    it.note(it.native.condition(it.view))
    it.happen(EventKind.CHANGE, "mode", "standard -> historique")
    for _ in range(5):
        it.tell(HC)
    names = {topic.removeprefix(f"{ROOT}/") for topic in it.now}
    expected = HC.keys() | {"overload", "slot", "contract", "state", "availability"}
    assert names == expected | {"link", "reader", "reader_status"}
    assert it.state()["mode"] == "historique"
    assert "ADSC" not in it.state()


def test_labels_of_an_earlier_run_are_removed_once_it_is_sure_that_they_are_gone(home):
    before = home()
    before.tell(LINKY | {"DPM1": "01"}, horodates=HORODATES)
    it = home()
    it.now = dict(before.now)
    it.native.recall(it.view, "not JSON")
    for _ in range(4):
        it.tell(HC)
        it.native.recall(it.view, json.dumps(before.state()))
    assert f"{ROOT}/EAST" in it.now
    it.tell(HC)
    names = {topic.removeprefix(f"{ROOT}/") for topic in it.now}
    assert names == HC.keys() | {"overload", "slot", "contract", "state"}


def test_an_overload_of_an_earlier_run_is_over(home):
    before = home()
    before.tell(HC | {"ADPS": "046"})
    it = home()
    it.native.recall(it.view, json.dumps(before.state()))
    it.note([Message(f"{ROOT}/ADPS", "46", retain=True)])
    it.view.said.address = ADCO
    it.native.recall(it.view, json.dumps(before.state()))
    for _ in range(5):
        it.tell(HC)
    assert it.now[f"{ROOT}/ADPS"] == "0"


@pytest.mark.parametrize(
    "payload", ["", "[1]", "null", "{", '{"teleinfo/status": 1, "#": 2}', "7", "[" * 9999]
)
def test_what_was_kept_may_be_anything(home, payload):
    it = home()
    it.tell(HC)
    it.native.recall(it.view, payload)
    for _ in range(6):
        told = it.tell(HC)
    assert labels(told) == {}


def test_what_ended_while_no_broker_listened_is_told_afterwards(home):
    it = home()
    for _ in range(5):
        it.tell(HC | {"ADPS": "046", "PEJP": "30"})
    kept = dict(it.now)
    it.tell(HC)
    it.now = kept  # the broker has heard nothing of that
    it.again()
    it.tell(HC)
    assert it.now[f"{ROOT}/ADPS"] == it.now[f"{ROOT}/PEJP"] == "0"


# --- The state


def test_the_state_is_the_last_frame_as_json(home):
    it = home()
    it.view.estimate = Estimate(active_power_w=480, load_percent=5)
    it.tell(LINKY, horodates=HORODATES, after_s=1.2345)
    assert it.state() == {
        "ADSC": ADCO,
        "VTIC": 2,
        "NGTF": "BASE",
        "LTARF": "HEURE PLEINE",
        "EAST": 27117279,
        "NTARF": 1,
        "IRMS1": 11,
        "URMS1": 234,
        "PREF": 9,
        "PCOUP": 12,
        "SINSTS": 2658,
        "SMAXSN": 4345,
        "SMAXSN_1": 3456,
        "STGE": "00DA8001",
        "RELAIS": "001",
        "NJOURF_P1": 0,
        "MSG1": "PAS DE MESSAGE",
        "PRM": "12345678901234",
        "ts": "2026-01-14T18:50:01.234+00:00",
        "gateway": "gateway-1",
        "meter": "house",
        "mode": "standard",
        "active_power": 480,
        "load_percent": 5,
        "slot": 1,
        "overload": False,
        "horodates": {
            "DATE": "2026-01-14T19:50:01+01:00",
            "SMAXSN": "2026-01-14T07:03:12+01:00",
            "SMAXSN_1": "2026-01-13T07:03:12+01:00",
        },
    }


def test_the_address_is_text_and_numbers_have_no_zeros_in_front(home):
    it = home()
    it.tell(HC)
    state = it.state()
    assert (state["ADCO"], state["PAPP"], state["HCHP"]) == (ADCO, 520, 0)
    assert (state["MOTDETAT"], state["PTEC"], state["active_power"]) == ("000000", "HP..", None)


def test_a_short_frame_changes_labels_but_is_no_state(home):
    it = home()
    it.tell(HC)
    short = {"ADCO": ADCO, "ADIR1": "050", "IINST1": "050"}
    assert it.tell(short, kind=FrameKind.SHORT) == {"ADIR1": "50", "IINST1": "50"}


def test_a_clock_that_is_not_to_be_believed_is_not_told(home):
    it = home()
    told = it.tell(LINKY, horodates=HORODATES | {"DATE": "h260114195001"})
    assert "DATE" not in told
    assert "DATE" not in json.loads(told["state"])["horodates"]


# --- Availability and how the line does


def test_availability_and_the_line_are_told_when_they_change(home):
    it = home()
    it.tell(HC)
    assert it.note(it.native.condition(it.view)) == {
        "availability": ONLINE,
        "link": "ON",
        "reader": "ON",
        "reader_status": "alive",
    }
    assert it.note(it.native.condition(it.view)) == {}
    it.view.link = LinkState.SILENT
    assert it.happen(EventKind.LINK, "silent", "no valid frame")["link"] == "OFF"
    it.view.available, it.view.status = False, Status.STOPPED
    assert it.happen(EventKind.STATUS, "stopped") == {
        "availability": OFFLINE,
        "reader": "OFF",
        "reader_status": "stopped",
        "event": it.said[-1].payload,
    }


def test_the_rate_of_errors_is_told_with_one_decimal(home):
    it = home()
    it.tell(HC)
    it.view.error_percent = 0.04
    assert it.note(it.native.condition(it.view))["error_rate"] == "0.0"
    it.view.error_percent = 12.345
    assert it.note(it.native.condition(it.view)) == {"error_rate": "12.3"}


def test_a_new_connection_is_told_everything_once(home):
    it = home()
    it.tell(HC)
    it.note(it.native.condition(it.view))
    told = it.again()
    assert {f"{ROOT}/{name}": text for name, text in told.items()} == it.now
    before = len(it.said)
    assert labels(it.tell(HC)) == {}
    assert [m.topic for m in it.said[before:]] == [f"{ROOT}/state"]


def test_of_a_meter_that_is_not_heard_no_old_value_is_told(home):
    it = home()
    it.tell(HC)
    it.view.available, it.view.link = False, LinkState.LOST
    assert it.again() == {
        "availability": OFFLINE,
        "link": "OFF",
        "reader": "ON",
        "reader_status": "alive",
    }


def test_a_meter_that_comes_back_is_online_again(home):
    it = home()
    it.tell(HC)
    it.note(it.native.condition(it.view))
    assert it.native.left(ADCO) == Message(f"{ROOT}/availability", OFFLINE, qos=1, retain=True)
    assert it.note(it.native.condition(it.view))["availability"] == ONLINE
    assert it.tell(HC)["PAPP"] == "520"


def test_the_status_of_the_gateway_is_retained(home):
    assert home().native.status(ONLINE) == Message("teleinfo/status", "online", 1, retain=True)


# --- Events


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        (EventKind.OVERLOAD, "1,3", "overload"),
        (EventKind.TARIFF, "HC..", "tariff_change"),
        (EventKind.TOMORROW, "ROUG", "tempo_announced"),
        (EventKind.PEAK, "notice", "peak"),
        (EventKind.LINK, "silent", "link"),
        (EventKind.STATUS, "stopped", "status"),
        (EventKind.CHANGE, "exchange", "meter_change"),
        (EventKind.CHANGE, "mode", "mode_change"),
        (EventKind.CHANGE, "contract", "contract_change"),
        (EventKind.CHANGE, "rebase", "index_restart"),
    ],
)
def test_an_event_is_told_with_its_type(home, kind, value, name):
    it = home()
    it.tell(HC)
    told = it.happen(kind, value, "in words")
    assert json.loads(told["event"]) == {
        "type": name,
        "ts": "2026-01-14T18:50:01+00:00",
        "value": value,
        "detail": "in words",
        "meter": "house",
    }
    assert it.said[-1][2:] == (1, False)


def test_a_refused_value_is_no_event_of_a_home(home):
    it = home()
    it.tell(HC)
    assert it.happen(EventKind.REFUSED, "HCHC 000000000", "lower") == {}


def test_the_exchange_of_a_meter_with_an_alias_tells_no_address(home):
    it = home(alias=True)
    it.tell(HC)
    event = it.happen(EventKind.CHANGE, "exchange", f"{ADCO} -> 041876097767")["event"]
    assert json.loads(event)["detail"] == ""


def test_a_gap_is_told_when_the_meter_is_heard_again(home):
    it = home()
    it.tell(HC)
    it.view.now_s += 10
    it.happen(EventKind.LINK, LinkState.SILENT)
    it.view.now_s += 60
    it.happen(EventKind.LINK, LinkState.LOST)
    it.again()  # a connection meanwhile
    it.view.now_s += 30
    it.happen(EventKind.LINK, LinkState.OK)
    assert json.loads(it.said[-1].payload) == {
        "type": "gap",
        "ts": "2026-01-14T18:51:41+00:00",
        "since": "2026-01-14T18:50:01+00:00",
        "seconds": 100,
        "meter": "house",
    }
    before = len(it.said)
    it.happen(EventKind.LINK, LinkState.OK)
    assert [json.loads(m.payload)["type"] for m in it.said[before:]] == ["link"]
