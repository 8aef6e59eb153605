"""The payloads of other programs: their examples by hand, the captures by golden files.

To write the golden files again after a change that is meant, then read what became of them::

    MAKE_GOLDEN=1 .venv/bin/pytest tests/gateway/test_mqtt_formats.py
"""

import json
import os
import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.config.mqtt import USUAL_TOPICS, MqttConfig
from teleinfo_gateway.estimate import Estimate, Estimator
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.edgd1er import Edgd1er
from teleinfo_gateway.outputs.mqtt.jeedom import Jeedom
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.tasmota import Tasmota
from teleinfo_gateway.outputs.mqtt.teleinfo2mqtt import Teleinfo2Mqtt
from teleinfo_gateway.outputs.mqtt.teleinfod import TeleInfod, TeleInfodHistorique
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.outputs.mqtt.zigbee2mqtt import Zigbee2Mqtt
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.tempo import Tempo
from tic import Colour, Decoder, Frame, FrameKind, HistoriqueView, Mode

CAPTURES = Path(__file__).parents[1] / "captures"
GOLDEN = Path(__file__).parent / "golden" / "mqtt"
MAKE = "MAKE_GOLDEN" in os.environ

FORMATS = {
    "edgd1er": Edgd1er,
    "jeedom": Jeedom,
    "tasmota": Tasmota,
    "teleinfo2mqtt": Teleinfo2Mqtt,
    "teleinfod": TeleInfod,
    "teleinfod_historique": TeleInfodHistorique,
    "zigbee2mqtt": Zigbee2Mqtt,
}
EVERY_CAPTURE = sorted(path.stem for path in CAPTURES.glob("*.tic"))
SHOWN_CAPTURES = [
    "histo-hc-mono-l16c6",
    "histo-tempo-mono-linky",
    "std-base-mono-conso",
    "std-base-tri-conso",
    "std-producer-mono-2018",
    "synthetic-histo-adps-mono",
    "synthetic-histo-ejp-mono",
    "synthetic-histo-hc-tri-short-frames",
    "synthetic-std-tempo-tri-producer-all-labels",
]
START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
TIMES = 3  # an address counts once two frames in a row told it
INTERVAL_S = 30

ADCO = "012345678901"
ADSC = "041876097767"
HC = {
    "ADCO": ADCO,
    "OPTARIF": "HC..",
    "ISOUSC": "45",
    "HCHC": "009205446",
    "HCHP": "011101473",
    "PTEC": "HP..",
    "IINST": "002",
    "IMAX": "047",
    "PAPP": "00520",
    "HHPHC": "D",
    "MOTDETAT": "000000",
}
LINKY = {
    "ADSC": ADSC,
    "VTIC": "02",
    "DATE": "",
    "NGTF": "      BASE      ",
    "LTARF": "      BASE      ",
    "EAST": "027117279",
    "EASF01": "027117279",
    "IRMS1": "011",
    "URMS1": "234",
    "PREF": "09",
    "PCOUP": "09",
    "SINSTS": "02658",
    "SMAXSN": "04345",
    "STGE": "00DA8001",
}
LINKY_HORODATES = {"DATE": "E250603110050", "SMAXSN": "E250603070312"}


def as_historique(values):
    """The historique labels that a meter tells, derived if it does so in standard mode."""
    if "ADSC" not in values:
        return values
    return {group.label: group.value for group in HistoriqueView().translate(values)}


def a_view(values, *, horodates=(), name="house", alias=False, **of_reading):
    """The view of a meter after one reading, and that reading."""
    address = values.get("ADCO") or values.get("ADSC") or ""
    reading = Reading(
        **{
            "meter": name,
            "address": address,
            "time": START,
            "mode": Mode.STANDARD if "ADSC" in values else Mode.HISTORIQUE,
            "kind": FrameKind.LONG,
            "complete": True,
            "values": values,
            "historique": as_historique(values),
            "horodates": dict(horodates),
        }
        | of_reading
    )
    view = View(name, alias=alias)
    view.available = True
    view.said.take(reading)
    return view, reading


def told(form, values, **how):
    """What a format says of one reading that is due."""
    view, reading = a_view(values, **how)
    return list(form.told(view, reading, due=True))


def content(form, values, **how):
    """The one JSON object that a format says of it."""
    (message,) = told(form, values, **how)
    return json.loads(message.payload)


def play(capture, form, *, alias=False):
    """All that a format says of a capture, due every half minute of its line."""
    bus = Bus()
    subscription = bus.subscribe()
    meter = Meter(DeviceConfig(name="house", device="/dev/ttyUSB0"), bus)
    decoder, estimator, view = Decoder(), Estimator(), View("house", alias=alias)
    view.available = True
    character_s = 10 / (9600 if "std" in capture and "histo" not in capture else 1200)
    begin_s = time.monotonic()
    passed_s, last_s, messages = 0.0, -INTERVAL_S, []
    data = (CAPTURES / f"{capture}.tic").read_bytes() * TIMES
    for piece in re.split(rb"(?<=[\x03\x04])", data):
        passed_s += len(piece) * character_s
        meter.heard(decoder.feed(piece), begin_s + passed_s)
        while subscription._items:
            item = subscription._items.popleft()
            moment = START + timedelta(seconds=round(passed_s, 3))
            item = replace(item, time=moment)
            if isinstance(item, Event):
                view.said.note(item)
                messages += form.happened(view, item)
                continue
            view.said.take(item)
            estimator.update(item, passed_s)
            view.estimate = estimator.estimate(passed_s)
            due = passed_s - last_s >= INTERVAL_S
            last_s = passed_s if due else last_s
            messages += form.told(view, item, due=due)
    return view, messages


def make(name):
    return FORMATS[name](USUAL_TOPICS[name])


def secrets(capture):
    """The addresses and delivery points of a capture, as text and as a number would show them."""
    frames = Decoder().feed((CAPTURES / f"{capture}.tic").read_bytes())
    found = {
        group.value
        for frame in frames
        if isinstance(frame, Frame)
        for group in frame.groups
        if group.label in {"ADCO", "ADSC", "PRM"}
    }
    return found | {value.lstrip("0") for value in found}


# --- The captures


@pytest.mark.parametrize("capture", SHOWN_CAPTURES)
@pytest.mark.parametrize("name", FORMATS)
def test_what_a_capture_becomes(name, capture):
    form = make(name)
    view, messages = play(capture, form)
    said = "".join(
        f"{'retained ' if message.retain else ''}{message.topic} {message.payload}\n"
        for message in [*messages, *form.again(view)]
    )
    golden = GOLDEN / f"{name}-{capture}.txt"
    if MAKE:
        golden.write_text(said)
    assert said == golden.read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_a_meter_that_is_not_heard_any_more_is_not_told_again(name):
    view, _ = a_view(HC)
    view.available = False
    assert not list(make(name).again(view))


def test_every_golden_file_has_its_capture():
    names = sorted(f"{name}-{capture}" for name in FORMATS for capture in SHOWN_CAPTURES)
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == names


@pytest.mark.parametrize("name", FORMATS)
def test_every_message_of_every_capture_is_legal(name):
    for capture in EVERY_CAPTURE:
        for message in play(capture, make(name))[1]:
            assert re.fullmatch(r"[A-Za-z0-9_/-]+", message.topic)
            assert message.qos == ("ENERGY" not in message.payload and name == "tasmota")
            assert message.payload
            if not name.startswith("teleinfod") and not message.topic.endswith("/status"):
                assert isinstance(json.loads(message.payload), dict)


@pytest.mark.parametrize("name", FORMATS)
def test_an_alias_hides_the_address_and_the_delivery_point_of_every_capture(name):
    template = "meters/{adco}" if name != "teleinfo2mqtt" else "meters"
    for capture in EVERY_CAPTURE:
        form = FORMATS[name](template)
        view, messages = play(capture, form, alias=True)
        said = "\n".join(f"{topic} {payload}" for topic, payload, *_ in messages)
        said += "\n".join(message.payload for message in form.again(view))
        for secret in secrets(capture):
            assert secret not in said


def test_the_captures_have_something_to_hide():
    hidden = [
        capture
        for capture in EVERY_CAPTURE
        if secrets(capture) and play(capture, make("jeedom"), alias=True)[1]
    ]
    assert len(hidden) > 20


# --- When


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_told_that_is_not_due(name):
    form = make(name)
    view, reading = a_view(HC)
    assert not list(form.told(view, reading, due=False))
    assert list(form.told(view, reading, due=True))


@pytest.mark.parametrize("name", FORMATS)
def test_the_state_is_told_again_once(name):
    form = make(name)
    view, reading = a_view(HC)
    view.estimate = Estimate(tempo=tempo())
    first = list(form.told(view, reading, due=True))
    assert list(form.again(view)) == first
    assert list(form.again(view)) == first


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_told_of_a_meter_that_was_not_heard(name):
    assert not list(make(name).again(View("house")))
    assert not list(make(name).again(View("house", alias=True)))


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_told_of_a_meter_without_an_address(name):
    form = make(name)
    nameless = {label: value for label, value in HC.items() if label != "ADCO"}
    view, reading = a_view(nameless)
    assert not list(form.told(view, reading, due=True))
    assert not list(form.happened(view, overload("1")))
    assert not list(form.again(view))


@pytest.mark.parametrize("name", FORMATS)
def test_events_are_told_by_tasmota_alone_and_overloads_alone(name):
    form = make(name)
    view, _ = a_view(HC)
    for kind in EventKind:
        said = list(form.happened(view, Event(kind, "house", START, "1")))
        assert bool(said) == (name == "tasmota" and kind is EventKind.OVERLOAD)


@pytest.mark.parametrize("name", FORMATS)
def test_a_short_frame_is_told_as_a_whole_one_and_with_its_address(name):
    form = make(name)
    view, reading = a_view(HC)
    short = {"ADIR2": "024", "IINST1": "002", "IINST2": "024", "IINST3": "001"}
    short = replace(reading, kind=FrameKind.SHORT, values=short, historique=short)
    view.said.take(short)
    said = "\n".join(
        f"{topic} {payload}" for topic, payload, *_ in form.told(view, short, due=True)
    )
    assert ADCO in said
    assert "24" in said
    assert "11101473" in said.replace("11101.473", "11101473")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "teleinfo2mqtt"])
def test_a_topic_may_hold_the_name_and_the_address(name):
    messages = told(FORMATS[name]("a/{name}/b/{adco}"), HC)
    assert all(message.topic.startswith(f"a/house/b/{ADCO}") for message in messages)


# --- Jeedom


def test_jeedom_gets_one_object_of_raw_strings():
    values = {label: HC[label] for label in ("ADCO", "OPTARIF", "HCHC", "PTEC", "PAPP")}
    assert told(Jeedom("teleinfo/jeedom/{adco}"), values) == [
        Message(
            "teleinfo/jeedom/012345678901",
            '{"TIC":{"ADCO":"012345678901","OPTARIF":"HC..","HCHC":"009205446",'
            '"PTEC":"HP..","PAPP":"00520"}}',
        )
    ]


def test_jeedom_gets_the_address_first_wherever_it_stood():
    values = {"ADIR2": "024", "ADCO": ADCO, "IINST1": "002"}
    assert list(content(Jeedom("t"), values)["TIC"]) == ["ADCO", "ADIR2", "IINST1"]
    standard = {"VTIC": "02", "ADSC": ADSC, "EAST": "000000001"}
    assert next(iter(content(Jeedom("t"), standard)["TIC"].items())) == ("ADSC", ADSC)


def test_jeedom_gets_the_address_of_a_frame_that_lost_it():
    values = {label: value for label, value in HC.items() if label != "ADCO"}
    frame = content(Jeedom("t"), values, address=ADCO)["TIC"]
    assert next(iter(frame.items())) == ("ADCO", ADCO)
    frame = content(Jeedom("t"), {"EAST": "000000001"}, address=ADSC, mode=Mode.STANDARD)["TIC"]
    assert frame == {"ADSC": ADSC, "EAST": "000000001"}


def test_jeedom_gets_the_clock_as_its_horodate_and_texts_as_sent():
    frame = content(Jeedom("t"), LINKY, horodates=LINKY_HORODATES)["TIC"]
    assert frame == LINKY | {"DATE": "E250603110050"}


def test_a_name_stands_for_the_address():
    frame = content(Jeedom("t"), LINKY | {"PRM": "14123456789012"}, alias=True)["TIC"]
    assert frame["ADSC"] == "house"
    assert "PRM" not in frame


# --- teleinfo2mqtt


def tempo(**changes):
    known = {
        "today": Colour.BLUE,
        "tomorrow": Colour.WHITE,
        "since": date(2025, 9, 1),
        "blue": 85,
        "white": 10,
        "red": 3,
        "not_seen": 0,
    }
    return Tempo(**known | changes)


def test_teleinfo2mqtt_has_raw_and_value_and_true_utc():
    values = {
        **{label: HC[label] for label in ("ADCO", "OPTARIF", "HCHC", "PTEC")},
        "SMAXSN": "02740",
    }
    frame, status = told(Teleinfo2Mqtt("teleinfo"), values, horodates={"SMAXSN": "E220609060531"})
    assert frame == Message(
        "teleinfo/012345678901",
        '{"ADCO":{"raw":"012345678901","value":"012345678901"},'
        '"OPTARIF":{"raw":"HC..","value":"HC"},'
        '"HCHC":{"raw":"009205446","value":9205446},'
        '"PTEC":{"raw":"HP..","value":"HP"},'
        '"SMAXSN":{"raw":"02740","value":2740,'
        '"timestamp":{"date":"2022-06-09T04:05:31.000Z","dst":"summer"}}}',
    )
    assert status == Message("teleinfo/status", "up")


@pytest.mark.parametrize(
    ("horodate", "timestamp"),
    [
        ("H260114195000", {"date": "2026-01-14T18:50:00.000Z", "dst": "winter"}),
        ("E251026023000", {"date": "2025-10-26T00:30:00.000Z", "dst": "summer"}),
        ("H251026023000", {"date": "2025-10-26T01:30:00.000Z", "dst": "winter"}),
        (" 260701060000", {"date": "2026-07-01T04:00:00.000Z", "dst": "summer"}),
        (" 260114060000", {"date": "2026-01-14T05:00:00.000Z", "dst": "winter"}),
        ("h000101001000", None),
        ("e250701001000", None),
    ],
)
def test_teleinfo2mqtt_believes_no_degraded_clock(horodate, timestamp):
    messages = told(Teleinfo2Mqtt("t"), {"ADSC": ADSC, "DPM1": "00"}, horodates={"DPM1": horodate})
    item = {"raw": "00", "value": 0}
    if timestamp is not None:
        item["timestamp"] = timestamp
    assert json.loads(messages[0].payload)["DPM1"] == item


@pytest.mark.parametrize(
    ("label", "sent", "raw", "value"),
    [
        ("DATE", "", "", ""),
        ("PREF", "09", "09000", 9000),
        ("PCOUP", "12", "12000", 12000),
        ("NGTF", "H PLEINE/CREUSE ", "H PLEINE/CREUSE ", "H PLEINE/CREUSE "),
        ("STGE", "00300001", "00300001", "00300001"),
        ("RELAIS", "001", "001", 1),
        ("PRM", "06467293757928", "06467293757928", "06467293757928"),
        ("SMAXSN-1", "04550", "04550", 4550),
        ("NJOURF+1", "02", "02", 2),
        ("PJOURF+1", "00008001 NONUTILE", "00008001 NONUTILE", "00008001 NONUTILE"),
    ],
)
def test_teleinfo2mqtt_of_standard_labels(label, sent, raw, value):
    messages = told(Teleinfo2Mqtt("t"), {"ADSC": ADSC, label: sent})
    assert json.loads(messages[0].payload)[label] == {"raw": raw, "value": value}


@pytest.mark.parametrize(
    ("sent", "value"), [("EJP.", "EJP."), ("BBR(", "BBR("), ("HC..", "HC"), ("BASE", "BASE")]
)
def test_teleinfo2mqtt_strips_two_dots_only(sent, value):
    messages = told(Teleinfo2Mqtt("t"), HC | {"OPTARIF": sent})
    assert json.loads(messages[0].payload)["OPTARIF"] == {"raw": sent, "value": value}


def test_teleinfo2mqtt_tells_the_days_of_tempo_once():
    form = Teleinfo2Mqtt("teleinfo")
    view, reading = a_view(HC)
    view.estimate = Estimate(tempo=tempo())
    *_, days = form.told(view, reading, due=True)
    assert days.topic == "teleinfo/tempo"
    assert days.retain
    assert json.loads(days.payload) == {
        "today": "blue",
        "tomorrow": "white",
        "blue_total": 300,
        "blue_elapsed": 85,
        "blue_remaining": 215,
        "white_total": 43,
        "white_elapsed": 10,
        "white_remaining": 33,
        "red_total": 22,
        "red_elapsed": 3,
        "red_remaining": 19,
    }
    assert len(list(form.told(view, reading, due=True))) == 2
    view.estimate = Estimate(tempo=tempo(tomorrow=Colour.RED))
    assert len(list(form.told(view, reading, due=True))) == 3


def test_teleinfo2mqtt_lets_two_meters_not_contradict_each_other_for_ever():
    form = Teleinfo2Mqtt("t")
    for times in (1, 0, 0):
        for values, not_seen in ((HC, 0), (HC | {"ADCO": "021528603314"}, 3)):
            view, reading = a_view(values)
            view.estimate = Estimate(tempo=tempo(not_seen=not_seen))
            topics = [message.topic for message in form.told(view, reading, due=True)]
            assert topics.count("t/tempo") == times


def test_teleinfo2mqtt_tells_no_day_that_was_not_seen():
    view, reading = a_view(HC)
    view.estimate = Estimate(tempo=tempo(tomorrow=None, not_seen=1))
    *_, days = Teleinfo2Mqtt("t").told(view, reading, due=True)
    assert json.loads(days.payload) == {"today": "blue", "tomorrow": "unknown"}


def test_a_leap_year_has_one_blue_day_more():
    view, reading = a_view(HC)
    view.estimate = Estimate(tempo=tempo(since=date(2027, 9, 1)))
    *_, days = Teleinfo2Mqtt("t").told(view, reading, due=True)
    assert json.loads(days.payload)["blue_total"] == 301


# --- edgd1er


def test_edgd1er_is_flat_strings_with_the_time_in_true_utc():
    heard = datetime(2025, 6, 3, 9, 0, 51, tzinfo=UTC)
    assert told(Edgd1er("linky"), LINKY, horodates=LINKY_HORODATES, time=heard) == [
        Message(
            "linky",
            '{"ADSC":"041876097767","VTIC":"02","DATE":"E250603110050","NGTF":"BASE",'
            '"LTARF":"BASE","EAST":"027117279","EASF01":"027117279","IRMS1":"011",'
            '"URMS1":"234","PREF":"09","PCOUP":"09","SINSTS":"02658","SMAXSN":"04345",'
            '"STGE":"00DA8001","TIME":"2025-06-03T09:00:51Z"}',
        )
    ]


def test_edgd1er_collapses_runs_of_spaces():
    frame = content(Edgd1er("t"), LINKY | {"MSG1": "PAS DE          MESSAGE         "})
    assert frame["MSG1"] == "PAS DE MESSAGE"


# --- Tasmota


def test_tasmota_telemetry_of_a_historique_meter():
    noon = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
    (message,) = told(Tasmota("tele/{name}/SENSOR"), HC, time=noon)
    assert message.topic == "tele/house/SENSOR"
    assert message.payload == (
        '{"Time":"2026-01-15T10:00:00",'
        '"ENERGY":{"Total":20306.919,"ApparentPower":520,"Current":2,"Load":4},'
        '"TIC":{"ADCO":"012345678901","OPTARIF":"HC..","ISOUSC":45,"HCHC":9205446,'
        '"HCHP":11101473,"PTEC":"HP..","IINST":2,"IMAX":47,"PAPP":520,"HHPHC":"D","MOTDETAT":0}}'
    )


def test_tasmota_tells_the_power_that_is_estimated_and_no_other():
    view, reading = a_view(LINKY, horodates=LINKY_HORODATES)
    view.estimate = Estimate(active_power_w=2600, load_percent=30)
    (message,) = Tasmota("t").told(view, reading, due=True)
    assert json.loads(message.payload)["ENERGY"] == {
        "Total": 27117.279,
        "Power": 2600,
        "ApparentPower": 2658,
        "Voltage": 234,
        "Current": 11,
        "Load": 30,
    }


def test_tasmota_tells_three_phases_as_lists_and_the_load_of_the_worst():
    phases = {"IINST1": "002", "IINST2": "012", "IINST3": "001", "ISOUSC": "20"}
    values = {label: value for label, value in HC.items() if label not in {"IINST", "IMAX"}}
    energy = content(Tasmota("t"), values | phases)["ENERGY"]
    assert energy["Current"] == [2, 12, 1]
    assert energy["Load"] == 60


def test_tasmota_tells_no_total_and_no_phases_by_halves():
    lost = {label: value for label, value in HC.items() if label not in {"HCHP", "IINST"}}
    energy = content(Tasmota("t"), lost | {"IINST2": "002", "IINST3": "003"})["ENERGY"]
    assert energy == {"ApparentPower": 520}
    assert "Total" not in content(Tasmota("t"), HC | {"OPTARIF": "????"})["ENERGY"]


@pytest.mark.parametrize("option", ["EJP.", "EJP "])
def test_tasmota_adds_up_the_indexes_however_the_option_is_written(option):
    ejp = {"ADCO": ADCO, "OPTARIF": option, "EJPHN": "000001000", "EJPHPM": "000000500"}
    assert content(Tasmota("t"), ejp)["ENERGY"] == {"Total": 1.5}


def test_tasmota_never_sends_the_profile_the_message_or_what_is_empty():
    values = LINKY | {"PJOURF+1": "00008001", "MSG1": "PAS DE MESSAGE", "PRM": "06467293757928"}
    frame = content(Tasmota("t"), values)["TIC"]
    assert not frame.keys() & {"PJOURF+1", "MSG1", "DATE"}
    assert frame["NGTF"] == "      BASE      "
    assert frame["PRM"] == "06467293757928"
    assert frame["EAST"] == 27117279


def overload(value):
    return Event(EventKind.OVERLOAD, "house", START, value)


@pytest.mark.parametrize(
    ("value", "payloads"),
    [
        ("1", ['{"TIC":{"ADPS":1}}']),
        ("1,power", ['{"TIC":{"ADPS":1}}']),
        ("power", []),
        ("none", []),
    ],
)
def test_tasmota_tells_an_overload_by_its_phase(value, payloads):
    view, _ = a_view(HC)
    messages = list(Tasmota("tele/{name}/SENSOR").happened(view, overload(value)))
    assert messages == [Message("tele/house/SENSOR", payload, qos=1) for payload in payloads]


def test_tasmota_tells_the_overloads_of_three_phases_one_by_one():
    view, _ = a_view(HC | {"IINST1": "002", "IINST2": "024", "IINST3": "030"})
    payloads = [message.payload for message in Tasmota("t").happened(view, overload("2,3"))]
    assert payloads == ['{"TIC":{"ADIR2":2}}', '{"TIC":{"ADIR3":3}}']


# --- Zigbee2MQTT


def test_zigbee2mqtt_of_a_historique_tempo_meter():
    values = {
        "ADCO": ADCO,
        "OPTARIF": "BBR(",
        "ISOUSC": "30",
        "BBRHCJB": "012175800",
        "BBRHPJB": "000492100",
        "BBRHCJW": "000000003",
        "BBRHPJW": "000000004",
        "BBRHCJR": "000000005",
        "BBRHPJR": "000000006",
        "PTEC": "HPJR",
        "DEMAIN": "----",
        "IINST": "002",
        "IMAX": "090",
        "PAPP": "00400",
        "HHPHC": "A",
        "MOTDETAT": "000000",
    }
    (message,) = told(Zigbee2Mqtt("zigbee2mqtt/{name}"), values)
    assert message.topic == "zigbee2mqtt/house"
    assert json.loads(message.payload) == {
        "meter_serial_number": "012345678901",
        "current_tarif": "BBR(",
        "active_register_tier_delivered": "HPJR",
        "available_power": 30,
        "current_summ_delivered": 12667.918,
        "current_tier1_summ_delivered": 12175.8,
        "current_tier2_summ_delivered": 492.1,
        "current_tier3_summ_delivered": 0.003,
        "current_tier4_summ_delivered": 0.004,
        "current_tier5_summ_delivered": 0.005,
        "current_tier6_summ_delivered": 0.006,
        "apparent_power": 400,
        "rms_current": 2,
        "rms_current_max": 90,
        "tomorrow_color": "----",
        "warn_d_p_s": 0,
        "start_notice_e_j_p": 0,
        "schedule_h_p_h_c": 0,
        "mot_d_etat": "000000",
        "linkquality": 255,
    }


def test_zigbee2mqtt_of_a_base_meter_has_its_index_once():
    values = {"ADCO": ADCO, "OPTARIF": "BASE", "BASE": "007640930", "HHPHC": "3", "ADPS": "046"}
    assert content(Zigbee2Mqtt("t"), values) == {
        "meter_serial_number": ADCO,
        "current_tarif": "BASE",
        "current_summ_delivered": 7640.93,
        "warn_d_p_s": 46,
        "start_notice_e_j_p": 0,
        "schedule_h_p_h_c": 3,
        "linkquality": 255,
    }


def test_zigbee2mqtt_of_three_historique_phases():
    values = {"ADCO": ADCO, "IINST1": "002", "IINST2": "024", "IINST3": "001", "IMAX2": "028"}
    assert content(Zigbee2Mqtt("t"), values | {"ADIR2": "024", "PMAX": "08611", "PPOT": "0A"}) == {
        "meter_serial_number": ADCO,
        "rms_current": 2,
        "rms_current_ph_b": 24,
        "rms_current_ph_c": 1,
        "rms_current_max_ph_b": 28,
        "active_power_max": 8611,
        "presence_potential": 10,
        "warn_d_i_r1": 0,
        "warn_d_i_r2": 24,
        "warn_d_i_r3": 0,
        "start_notice_e_j_p": 0,
        "linkquality": 255,
    }


def test_zigbee2mqtt_of_a_standard_producer():
    values = LINKY | {
        "EASD01": "027117279",
        "EAIT": "000032781",
        "ERQ2": "000000890",
        "SINSTI": "01253",
        "CCASN": "00432",
        "MSG1": "PAS DE          MESSAGE         ",
        "PRM": "06467293757928",
        "RELAIS": "001",
        "NTARF": "01",
        "LABEL": "unheard of",
    }
    assert content(Zigbee2Mqtt("t"), values, horodates=LINKY_HORODATES) == {
        "meter_serial_number": ADSC,
        "software_revision": 2,
        "current_date": "E250603110050",
        "current_tarif": "BASE",
        "current_price": "BASE",
        "current_summ_delivered": 27117.279,
        "current_tier1_summ_delivered": 27117.279,
        "active_energy_out_d01": 27117.279,
        "current_summ_received": 32.781,
        "reactive_power": 890,
        "rms_current": 11,
        "rms_voltage": 234,
        "available_power": 9,
        "power_threshold": 9,
        "apparent_power": 2658,
        "active_power_max": 4345,
        "injected_v_a": 1253,
        "active_power": 432,
        "status_register": "00DA8001",
        "message1": "PAS DE MESSAGE",
        "site_id": "06467293757928",
        "relais": 1,
        "current_index_tarif": 1,
        "linkquality": 255,
    }


def test_zigbee2mqtt_of_three_standard_phases():
    values = {
        "ADSC": ADSC,
        **{f"IRMS{n}": f"00{n}" for n in (1, 2, 3)},
        **{f"URMS{n}": f"23{n}" for n in (1, 2, 3)},
        **{f"SINSTS{n}": f"0049{n}" for n in (1, 2, 3)},
        "SINSTS": "01476",
    }
    properties = content(Zigbee2Mqtt("t"), values)
    assert properties["total_apparent_power"] == 1476
    for stem, first in (("apparent_power", 491), ("rms_current", 1), ("rms_voltage", 231)):
        told = [properties[f"{stem}{phase}"] for phase in ("", "_ph_b", "_ph_c")]
        assert told == [first, first + 1, first + 2]


def test_zigbee2mqtt_knows_the_labels_of_pilot_meters():
    assert content(Zigbee2Mqtt("t"), {"ADSC": ADSC, "SINST1": "00696"})["apparent_power"] == 696


# --- TeleInfod


def test_teleinfod_has_a_topic_for_each_label_and_each_horodate():
    values = {
        "ADSC": ADSC,
        "DATE": "",
        "SMAXSN": "04345",
        "SMAXSN-1": "05487",
        "NJOURF+1": "00",
        "NGTF": "      BASE      ",
    }
    horodates = LINKY_HORODATES | {"SMAXSN-1": "E250602190000"}
    assert told(TeleInfod("TeleInfo/{name}"), values, horodates=horodates) == [
        Message("TeleInfo/house/values/ADSC", ADSC),
        Message("TeleInfo/house/values/DATE", "E250603110050"),
        Message("TeleInfo/house/values/SMAXSN", "04345"),
        Message("TeleInfo/house/values/SMAXSN/h", "E250603070312"),
        Message("TeleInfo/house/values/SMAXSN-1", "05487"),
        Message("TeleInfo/house/values/SMAXSN-1/h", "E250602190000"),
        Message("TeleInfo/house/values/NJOURF_P1", "00"),
        Message("TeleInfo/house/values/NGTF", "      BASE      "),
    ]


@pytest.mark.parametrize(
    ("phases", "labels"),
    [
        ({"IRMS1": "011", "SINSTS": "02658"}, {"IINST": "011", "IMAX": "090", "ISOUSC": "45"}),
        ({"IRMS1": "046", "SINSTS": "02658"}, {"IINST": "046", "ADPS": "046"}),
        (
            {**{f"IRMS{n}": f"00{n}" for n in (1, 2, 3)}, "SINSTS": "02658", "PREF": "18"},
            {"IINST1": "001", "IINST2": "002", "IINST3": "003", "IMAX3": "060", "ISOUSC": "30"},
        ),
    ],
)
def test_teleinfod_tells_a_standard_frame_under_the_labels_of_before(phases, labels):
    """What the meter itself would send: off-peak is HCHC, which TeleInfod calls HCHP."""
    tariffs = {"NGTF": "H PLEINE/CREUSE ", "NTARF": "01", "EASF01": "000001234"}
    values = LINKY | tariffs | {"EASF02": "000005678"} | phases
    messages = told(TeleInfodHistorique("TeleInfo/{name}"), values)
    assert not any(message.retain or message.qos for message in messages)
    said = {message.topic.removeprefix("TeleInfo/house/values/"): message.payload
            for message in messages}  # fmt: skip
    assert len(said) == len(messages)
    tariff = {"OPTARIF": "HC..", "PTEC": "HC..", "HCHC": "000001234", "HCHP": "000005678"}
    expected = {"ADCO": ADSC, "PAPP": "02660", "HHPHC": "A", "MOTDETAT": "000000"}
    assert said.items() >= (expected | tariff | labels).items()
    assert not said.keys() & {"ADSC", "EAST", "EASF01", "SINSTS", "IRMS1", "DATE", "NGTF"}


def test_teleinfod_tells_a_historique_frame_there_as_it_is():
    assert told(TeleInfodHistorique("t"), HC) == [
        Message(f"t/values/{label}", value) for label, value in HC.items()
    ]


def test_teleinfod_ends_an_overload_under_the_labels_of_before():
    form = TeleInfodHistorique("t")
    view, reading = a_view(LINKY | {"IRMS1": "046"})
    assert Message("t/values/ADPS", "046") in list(form.told(view, reading, due=True))
    calm = replace(reading, values=LINKY, historique=as_historique(LINKY))
    view.said.take(calm)
    topics = [message.topic for message in form.told(view, calm, due=True)]
    assert "t/values/IINST" in topics
    assert "t/values/ADPS" not in topics


# --- The page of the documentation

_SHOWN = {label: LINKY[label] for label in ("ADSC", "NGTF", "EAST", "PREF", "SMAXSN")}
_SHOWN_ALSO = {label: LINKY[label] for label in ("ADSC", "NGTF", "EASF01", "IRMS1", "SINSTS")}


@pytest.mark.parametrize(
    ("form", "values"),
    [
        (Jeedom("teleinfo/jeedom/{adco}"), HC),
        (Teleinfo2Mqtt("teleinfo"), _SHOWN),
        (Edgd1er("linky"), LINKY),
        (Tasmota("tele/tasmota_A1B2C3/SENSOR"), HC),
        (Zigbee2Mqtt("zigbee2mqtt/ZLinky"), HC),
        (TeleInfod("TeleInfo/Consommation"), _SHOWN),
        (TeleInfodHistorique("TeleInfo/HistConso"), _SHOWN_ALSO),
    ],
)
def test_the_documented_examples_are_true(root, form, values):
    page = "".join((root / "docs" / "mqtt-formats.rst").read_text().split())
    heard = datetime(2025, 6, 3, 9, 0, 51, tzinfo=UTC) if "ADSC" in values else START
    view, reading = a_view(values, horodates=LINKY_HORODATES, time=heard)
    view.estimate = Estimate(active_power_w=498)
    messages = list(form.told(view, reading, due=True))
    if isinstance(form, TeleInfod | TeleInfodHistorique):
        shown = [f"{topic} {payload}" for topic, payload, *_ in messages]
    else:
        shown = [messages[0].payload, f"``{messages[0].topic}``:"]
    for text in shown:
        assert "".join(text.split()) in page


def test_the_documented_configurations_are_accepted(root):
    page = (root / "docs" / "mqtt-formats.rst").read_text()
    blocks = re.findall(r"code-block:: yaml\n\n((?:   .*\n)+)", page)
    assert len(blocks) == len(FORMATS)
    formats = [MqttConfig(**yaml.safe_load(block)["mqtt"]).formats for block in blocks]
    told = {name for one in formats for name, topic in one if topic is not None}
    assert told == FORMATS.keys()
