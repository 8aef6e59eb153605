"""What Home Assistant makes of two meters; each test goes on where the one before ended."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from home import WAIT_S, Home
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

HOUSE, LINKY = "teleinfo_021528603314", "teleinfo_061961361253"
GATEWAY = "gateway_teleinfo"

HAS_DISCOVERY_BY_DEVICE = (MAJOR_VERSION, MINOR_VERSION) >= (2024, 11)
HAS_DEFAULT_ENTITY_ID = (MAJOR_VERSION, MINOR_VERSION) >= (2025, 10)

OF_THE_CONNECTION = (
    "homeassistant.components.mqtt.client: ",
    "homeassistant.components.mqtt.util: ",
)
"""Who warns of a broker that went."""

# Device class, unit and state class.
TEXT = (None, None, None)
ENUM = ("enum", None, None)
INDEX = ("energy", "Wh", "total_increasing")
POWER = ("power", "W", "measurement")
APPARENT = ("apparent_power", "VA", "measurement")
SUBSCRIBED = HIGHEST = ("apparent_power", "VA", None)
CURRENT = ("current", "A", "measurement")
LIMIT = ("current", "A", None)
VOLTAGE = ("voltage", "V", "measurement")
PERCENT = (None, "%", "measurement")
PROBLEM = ("problem", None, None)
CONNECTIVITY = ("connectivity", None, None)

UNKNOWN_YET = "unavailable"  # no index has moved

# Of both modes, by the end of the unique id: platform, state, and what it is.
OF_EACH_METER = {
    "active_power": ("sensor", UNKNOWN_YET, POWER),
    "error_rate": ("sensor", "0.0", PERCENT),
    "link": ("binary_sensor", "on", CONNECTIVITY),
    "overload": ("binary_sensor", "off", PROBLEM),
    "reader": ("switch", "on", TEXT),
    "reader_status": ("sensor", "alive", ENUM),
}
OF_THE_HOUSE = OF_EACH_METER | {
    "adco": ("sensor", "021528603314", TEXT),
    "hchc": ("sensor", "837362", INDEX),
    "hchp": ("sensor", "2035628", INDEX),
    "hhphc": ("sensor", "A", TEXT),
    "iinst": ("sensor", "1", CURRENT),
    "imax": ("sensor", "2", LIMIT),
    "isousc": ("sensor", "15", LIMIT),
    "load_percent": ("sensor", "6", PERCENT),  # 190 VA of 15 A at 200 V
    "motdetat": ("sensor", "000000", TEXT),
    "optarif": ("sensor", "HC..", ENUM),
    "papp": ("sensor", "190", APPARENT),
    "ptec": ("sensor", "HP..", ENUM),
    "slot": ("sensor", "2", TEXT),
}
OF_THE_LINKY = (
    OF_EACH_METER
    | {f"easf{n:02}": ("sensor", "0", INDEX) for n in range(3, 11)}
    | {f"easd{n:02}": ("sensor", "0", INDEX) for n in range(3, 5)}
    | {
        "adsc": ("sensor", "061961361253", TEXT),
        "breaker": ("sensor", "closed", ENUM),
        "breaker_open": ("binary_sensor", "off", PROBLEM),
        "ccasn": ("sensor", "432", POWER),
        "ccasn_1": ("sensor", "300", POWER),
        "clock_degraded": ("binary_sensor", "off", PROBLEM),
        "contact_closed": ("binary_sensor", "off", ("running", None, None)),
        "cover_open": ("binary_sensor", "off", ("tamper", None, None)),
        "easd01": ("sensor", "1076095", INDEX),
        "easd02": ("sensor", "1112735", INDEX),
        "easf01": ("sensor", "1076095", INDEX),
        "easf02": ("sensor", "1112735", INDEX),
        "east": ("sensor", "2188830", INDEX),
        "injecting": ("binary_sensor", "off", TEXT),
        "irms1": ("sensor", "2", CURRENT),
        "load_percent": ("sensor", "7", PERCENT),  # 394 VA of 6 kVA
        "ltarf": ("sensor", "BASE", TEXT),
        "msg1": ("sensor", "PAS DE MESSAGE", TEXT),
        "ngtf": ("sensor", "BASE", TEXT),
        "njourf": ("sensor", "0", TEXT),
        "njourf_p1": ("sensor", "0", TEXT),
        "ntarf": ("sensor", "1", TEXT),
        "over_voltage": ("binary_sensor", "off", PROBLEM),
        "pcoup": ("sensor", "6000", SUBSCRIBED),
        "peak_notice": ("binary_sensor", "off", TEXT),
        "pref": ("sensor", "6000", SUBSCRIBED),
        "relais": ("sensor", "000", TEXT),
        "sinsts": ("sensor", "394", APPARENT),
        "slot": ("sensor", "1", TEXT),
        "smaxsn": ("sensor", "924", HIGHEST),
        "smaxsn_1": ("sensor", "1952", HIGHEST),
        "stge": ("sensor", "003A0001", TEXT),
        "umoy1": ("sensor", "220", VOLTAGE),
        "urms1": ("sensor", "221", VOLTAGE),
        "vtic": ("sensor", "2", TEXT),
    }
)
HIDDEN_OF_THE_LINKY = {"date", "pjourf_p1", "prm"}
DIAGNOSTIC = {
    *("adco", "adsc", "error_rate", "hhphc", "imax", "isousc", "link", "motdetat", "msg1"),
    *("njourf", "njourf_p1", "pcoup", "pref", "reader_status", "relais", "stge", "vtic"),
}


@pytest.fixture(autouse=True)
def nothing_to_complain_of(home):
    """Home Assistant warns of whatever it finds strange in a discovery message or a state."""
    yield
    warnings, home.warnings[:] = home.warnings[:], []
    assert warnings == []


def of(home, meter):
    """The shown entities of a meter: what the tables above have of them."""
    found = {}
    for unique_id, entry in home.entities().items():
        if unique_id.startswith(f"{meter}_") and entry.disabled_by is None:
            state = home.state(unique_id)
            kind = ("device_class", "unit_of_measurement", "state_class")
            found[unique_id.removeprefix(f"{meter}_")] = (
                entry.domain,
                state.state,
                tuple(state.attributes.get(each) for each in kind),
            )
    return found


def indexes(home):
    """The entity id of every index."""
    return {
        home.entities()[f"{meter}_{name}"].entity_id
        for meter, entities in ((HOUSE, OF_THE_HOUSE), (LINKY, OF_THE_LINKY))
        for name, (_, _, kind) in entities.items()
        if kind is INDEX
    }


@pytest.mark.parametrize(
    ("meter", "expected"),
    [(HOUSE, OF_THE_HOUSE), (LINKY, OF_THE_LINKY)],
    ids=["historique", "standard"],
)
async def test_every_label_is_an_entity_with_its_value_class_and_unit(
    home, gateway, meter, expected
):
    for name, (_, state, _) in expected.items():
        await home.until(f"{meter}_{name}", state)
    assert of(home, meter) == expected


async def test_what_is_for_programs_or_personal_is_switched_off_at_first(home):
    entries = home.entities()
    hidden = {unique_id for unique_id, entry in entries.items() if entry.disabled_by is not None}
    assert hidden == {f"{LINKY}_{name}" for name in HIDDEN_OF_THE_LINKY}


async def test_diagnostic_entities_are_apart(home):
    for meter, entities in (HOUSE, OF_THE_HOUSE), (LINKY, OF_THE_LINKY):
        found = {
            name
            for name in entities
            if home.entities()[f"{meter}_{name}"].entity_category == "diagnostic"
        }
        assert found == DIAGNOSTIC & entities.keys()


async def test_a_value_that_the_meter_dates_has_its_time(home):
    assert home.state(f"{LINKY}_smaxsn_1").attributes["horodate"] == "2021-04-22T18:34:57+02:00"


async def test_entity_ids_are_of_the_meter(home):
    """Older releases make them of the names, in the language of the settings."""
    entity_id = home.entities()[f"{HOUSE}_hchc"].entity_id
    if HAS_DEFAULT_ENTITY_ID:
        assert entity_id == f"sensor.{HOUSE}_hchc"
    else:
        assert entity_id == "sensor.compteur_021528603314_index_heures_creuses"
    assert all(
        meter.removeprefix("teleinfo_") in home.entities()[f"{meter}_{name}"].entity_id
        for meter, entities in ((HOUSE, OF_THE_HOUSE), (LINKY, OF_THE_LINKY))
        for name in entities
    )


async def test_each_meter_is_a_device_reached_through_the_gateway(home):
    devices = home.devices()
    assert devices.keys() == {HOUSE, LINKY, GATEWAY}
    for meter in HOUSE, LINKY:
        address = meter.removeprefix("teleinfo_")
        assert devices[meter].name == f"Compteur {address}"
        assert devices[meter].serial_number == address
        assert devices[meter].via_device_id == devices[GATEWAY].id
    assert devices[LINKY].manufacturer == "Itron"
    assert devices[LINKY].model.startswith("Linky")


async def test_the_estimated_power_is_one_of_home_assistant_and_has_statistics(home, wires):
    wires["house"].rise("HCHP")
    power = f"{HOUSE}_active_power"
    await home.wait_for(lambda: home.state(power).state != UNKNOWN_YET, lambda: "no power")
    state = home.state(power)
    assert 2000 < float(state.state) < 5000  # 1 Wh in 0.9 s, or in more on a busy machine
    await home.compile_statistics()
    known, _ = await home.statistics()
    assert known[state.entity_id]["has_mean"]
    assert known[state.entity_id]["statistics_unit_of_measurement"] == "W"


async def test_every_index_has_long_term_statistics(home):
    await home.compile_statistics()
    known, wrong = await home.statistics()
    assert {each for each, statistic in known.items() if statistic["has_sum"]} == indexes(home)
    assert {known[each]["unit_class"] for each in indexes(home)} == {"energy"}
    assert wrong == {}


async def test_the_energy_dashboard_takes_every_index(home):
    await home.compile_statistics()
    power = home.entities()[f"{HOUSE}_active_power"].entity_id
    issues = await home.energy_issues(sorted(indexes(home)), power)
    assert issues["energy_sources"] == [[]]
    assert issues["device_consumption"] == [[] for _ in indexes(home)]


async def test_the_switch_stops_and_starts_the_reading_of_one_meter(home):
    await home.call("switch", "turn_off", f"{HOUSE}_reader")
    await home.until(f"{HOUSE}_reader", "off")
    await home.until(f"{HOUSE}_reader_status", "stopped")
    await home.until(f"{HOUSE}_papp", "unavailable")
    assert home.state(f"{LINKY}_reader").state == "on"
    assert home.state(f"{LINKY}_sinsts").state == "394"
    await home.call("switch", "turn_on", f"{HOUSE}_reader")
    await home.until(f"{HOUSE}_reader", "on")
    await home.until(f"{HOUSE}_reader_status", "alive")
    await home.until(f"{HOUSE}_papp", "190")


async def test_the_button_has_the_settings_read_again(home, gateway):
    both = gateway.settings["devices"]
    gateway.change(devices=both[:1])
    await home.call("button", "press", f"{GATEWAY}_reload")
    await home.until(f"{LINKY}_sinsts", "unavailable")
    await home.until(f"{LINKY}_reader", "off")
    gateway.change(devices=both)
    await home.call("button", "press", f"{GATEWAY}_reload")
    await home.until(f"{LINKY}_sinsts", "394")
    await home.until(f"{LINKY}_reader", "on")


async def test_after_a_restart_of_home_assistant_everything_is_there_at_once(home):
    before = home.entities()
    await home.stop()
    await home.start()
    await home.until(f"{LINKY}_sinsts", "394")
    await home.until(f"{HOUSE}_papp", "190")
    assert home.entities().keys() == before.keys()


async def test_what_is_switched_off_at_first_can_be_shown(home):
    for name in HIDDEN_OF_THE_LINKY:
        home.show(f"{LINKY}_{name}")
    await home.stop()
    await home.start()
    await home.until(f"{LINKY}_date", "2021-04-23T03:40:22+00:00")
    await home.until(f"{LINKY}_prm", "06467293757928")
    assert home.state(f"{LINKY}_date").attributes["device_class"] == "timestamp"
    assert home.state(f"{LINKY}_pjourf_p1").state.startswith("00")


@pytest.fixture
async def every_entity():
    """Topic to discovery message of every entity that some meter may have."""
    program = (os.environ["TELEINFO_PYTHON"], Path(__file__).parent / "every_entity.py")
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return {topic: json.loads(text) for topic, text in map(json.loads, output.splitlines())}


async def test_every_entity_that_some_meter_may_have_is_accepted(home, every_entity):
    for topic, body in every_entity.items():
        await home.publish(topic, json.dumps(body))
    bodies = {body["unique_id"]: body for body in every_entity.values()}
    assert len(bodies) > 100
    await home.wait_for(
        lambda: bodies.keys() <= home.entities().keys(), lambda: bodies.keys() - home.entities()
    )
    shown = {
        unique_id: body for unique_id, body in bodies.items() if "enabled_by_default" not in body
    }
    availability = "teleinfo/012345678901/availability"
    await home.publish(availability, "online", retain=True)
    for unique_id, body in shown.items():
        text = some_text(body)
        await home.publish(body["state_topic"], text, retain=True)
        on_off = text.lower() if "payload_on" in body else text
        await home.until(unique_id, on_off)
        attributes = home.state(unique_id).attributes
        for kind in "device_class", "unit_of_measurement", "state_class":
            assert attributes.get(kind) == body.get(kind), unique_id
    for topic in every_entity:
        await home.publish(topic, "")
    await home.wait_for(
        lambda: bodies.keys().isdisjoint(home.entities()), lambda: bodies.keys() & home.entities()
    )
    for topic in {availability, *(body["state_topic"] for body in shown.values())}:
        await home.publish(topic, "", retain=True)


def some_text(body):
    """A state that fits."""
    if "payload_on" in body:
        return body["payload_on"]
    if "unit_of_measurement" in body:
        return "1"
    return body.get("options", ["text"])[0]


async def test_a_home_assistant_that_comes_after_the_gateway_finds_the_same(home, tmp_path, broker):
    expected = home.entities().keys()
    await home.stop()
    other = Home(tmp_path, home.port)
    await other.start()
    await other.use_broker(broker.port)
    for unique_id in sorted(expected):
        await other.wait_for(lambda it=unique_id: it in other.entities(), lambda it=unique_id: it)
    await other.until(f"{HOUSE}_papp", "190")
    await other.until(f"{LINKY}_sinsts", "394")
    devices = other.devices()
    await other.stop()
    await home.start()
    await home.until(f"{HOUSE}_papp", "190")
    assert {devices[each].via_device_id for each in (HOUSE, LINKY)} == {devices[GATEWAY].id}
    assert devices[GATEWAY].name == "Passerelle téléinfo"
    assert other.warnings == []


async def test_what_the_broker_lost_is_announced_again_when_home_assistant_says_that_it_is_there(
    home,
):
    entity_id = home.entities()[f"{HOUSE}_papp"].entity_id
    async with asyncio.timeout(WAIT_S):
        while home.state(f"{HOUSE}_papp") is not None:  # it may be told of its start just now
            await home.publish(f"homeassistant/sensor/{HOUSE}/papp/config", "", retain=True)
            await asyncio.sleep(0.5)
    await home.publish("homeassistant/status", "online")
    await home.until(f"{HOUSE}_papp", "190")
    assert home.entities()[f"{HOUSE}_papp"].entity_id == entity_id


async def test_a_broker_that_forgot_everything_is_told_everything(home, broker):
    before = home.entities()
    await broker.stop()
    await home.until(f"{HOUSE}_papp", "unavailable")
    await broker.start()
    await home.until(f"{HOUSE}_papp", "190")
    await home.until(f"{LINKY}_sinsts", "394")
    await home.until(f"{GATEWAY}_status", "on")
    home.warnings[:] = [each for each in home.warnings if not each.startswith(OF_THE_CONNECTION)]
    await home.stop()
    await home.start()
    await home.until(f"{HOUSE}_papp", "190")
    await home.until(f"{LINKY}_sinsts", "394")
    assert home.entities().keys() == before.keys()


async def test_a_gateway_that_dies_is_noticed_and_its_return_too(home, gateway):
    gateway.process.kill()
    await home.until(f"{HOUSE}_papp", "unavailable")
    await home.until(f"{HOUSE}_reader", "unavailable")
    await home.until(f"{GATEWAY}_status", "off")
    await gateway.start()
    await home.until(f"{HOUSE}_papp", "190")
    await home.until(f"{HOUSE}_reader", "on")
    await home.until(f"{GATEWAY}_status", "on")


@pytest.mark.skipif(not HAS_DISCOVERY_BY_DEVICE, reason="Home Assistant knows it since 2024.11")
@pytest.mark.parametrize("form", ["device", "entity"])
async def test_discovery_may_change_to_one_message_for_each_device_and_back(home, gateway, form):
    before = {unique_id: entry.id for unique_id, entry in home.entities().items()}
    gateway.change(mqtt=gateway.settings["mqtt"] | {"homeassistant": {"discovery": form}})
    await home.call("button", "press", f"{GATEWAY}_reload")
    for meter in HOUSE, LINKY:
        await home.wait_for(
            lambda meter=meter: (
                {is_by_device(each) for each in home.announced_by(meter)} == {form == "device"}
            ),
            lambda meter=meter: home.announced_by(meter),
        )
    await home.until(f"{LINKY}_sinsts", "394")
    await home.until(f"{HOUSE}_papp", "190")
    assert {unique_id: entry.id for unique_id, entry in home.entities().items()} == before
    home.warnings[:] = [each for each in home.warnings if not is_of_old_topic(each, form)]


def is_by_device(topic):
    return topic.startswith("homeassistant/device/")


def is_of_old_topic(warning, form):
    """Home Assistant takes the end of a migration, an empty old topic, for a conflict too."""
    conflict = re.search("conflicting discovery message was received on topic ([^ ;]+)", warning)
    return conflict is not None and is_by_device(conflict[1]) != (form == "device")


async def test_with_another_contract_there_are_its_entities_and_no_others(home, wires):
    wires["house"].have_contract_base("002900000")
    await home.until(f"{HOUSE}_base", "2900000")
    await home.until(f"{HOUSE}_optarif", "BASE")
    for name in "hchc", "hchp", "hhphc":
        await home.until(f"{HOUSE}_{name}", None)
    gone = {"hchc", "hchp", "hhphc"}
    assert of(home, HOUSE).keys() == OF_THE_HOUSE.keys() - gone | {"base"}


async def test_after_a_switch_of_mode_there_are_the_entities_of_the_new_one(home, wires):
    before = home.entities()
    wires["house"].speak_standard(wires["linky"].frame)
    await home.until(f"{HOUSE}_sinsts", "394")
    for name in OF_THE_HOUSE.keys() - OF_THE_LINKY.keys():
        await home.until(f"{HOUSE}_{name}", None)
    await home.until(f"{HOUSE}_base", None)
    for name, (_, state, _) in OF_THE_LINKY.items():
        if name not in OF_EACH_METER and name != "adsc":
            await home.until(f"{HOUSE}_{name}", state)
    assert of(home, HOUSE).keys() == OF_THE_LINKY.keys()
    assert home.entities()[f"{HOUSE}_overload"].id == before[f"{HOUSE}_overload"].id


async def test_after_the_gateway_was_switched_off_nothing_seems_to_be_alive(home, gateway):
    shown = {unique_id for unique_id in home.entities() if home.state(unique_id) is not None}
    await gateway.stop()
    for unique_id in shown - {f"{GATEWAY}_status"}:
        await home.until(unique_id, "unavailable")
    await home.until(f"{GATEWAY}_status", "off")
