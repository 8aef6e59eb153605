"""info.json: current, and valid by the rules of Domogik's json_version 2.

The rules are those of the validator of Domogik 0.4 to 0.6 (Domogik technical documentation,
"info.json"): every section lists its keys, one that is unknown is an error.
"""

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from teleinfo_gateway import __version__, info
from teleinfo_gateway.outputs.xpl import schema
from tic import LABELS, Mode

# Section: required keys, optional keys.
KEYS = {
    "": (
        "json_version identity configuration device_types sensors commands xpl_stats xpl_commands",
        "products external",
    ),
    "identity": (
        "author author_email description domogik_min_version name type version",
        "tags dependencies package_id icon_file xpl_clients_only compliant_xpl_clients",
    ),
    "dependency": ("id type", ""),
    "device type": ("id name description commands sensors parameters", ""),
    "parameter": (
        "key type description xpl",
        "default min_value max_value choices mask multiline",
    ),
    "sensor": ("name data_type conversion incremental timeout history", ""),
    "history": ("store duplicate max expire round_value", ""),
    "xpl stat": ("name schema parameters", ""),
    "stat parameters": ("static device dynamic", ""),
    "stat device": ("key description type", "default multiple"),
    "stat dynamic": ("key sensor", "ignore_values"),
}

FIELD_TYPES = {
    *("boolean", "string", "choice", "date", "time", "datetime", "float", "integer", "email"),
    *("ipv4", "ipv6", "url", "password"),
}

# The electrical data types, and the text ones, that Domogik has; there is none for VA.
DATA_TYPES = {
    *("DT_Current", "DT_mCurrent", "DT_kCurrent", "DT_Volt", "DT_mVolt", "DT_kVolt"),
    *("DT_Power", "DT_mPower", "DT_kPower", "DT_ActiveEnergy", "DT_mActiveEnergy"),
    *("DT_kActiveEnergy", "DT_ApparantEnergy", "DT_Number", "DT_Minute"),
    *("DT_String", "DT_Char", "DT_Hexa"),
}

SENSORS = {
    "DT_String": "adco optarif ptec demain hhphc motdetat ppot",
    "DT_Current": "isousc iinst iinst1 iinst2 iinst3 adps imax imax1 imax2 imax3 adir1 adir2 adir3",
    "DT_ActiveEnergy": "base hchc hchp ejphn ejphpm "
    "bbrhcjb bbrhpjb bbrhcjw bbrhpjw bbrhcjr bbrhpjr",
    "DT_Minute": "pejp",
    "DT_Power": "pmax",
    "DT_Number": "papp",
}


@pytest.fixture(scope="module")
def package(request):
    return json.loads((request.config.rootpath / "info.json").read_text(encoding="utf-8"))


def check(section, found):
    required, optional = (set(words.split()) for words in KEYS[section])
    assert required <= set(found) <= required | optional, section


def device_type(package):
    (found,) = package["device_types"].values()
    return found


def stats(package):
    return package["xpl_stats"].values()


def test_the_file_is_what_the_label_table_gives(root):
    assert (root / "info.json").read_text(encoding="utf-8") == info.text()


def test_every_section_has_the_keys_of_json_version_2(package):
    check("", package)
    assert package["json_version"] == 2
    check("identity", package["identity"])
    for dependency in package["identity"]["dependencies"]:
        check("dependency", dependency)
        assert dependency["type"] in {"python", "plugin", "other"}
    check("device type", device_type(package))
    for parameter in device_type(package)["parameters"]:
        check("parameter", parameter)
    for sensor in package["sensors"].values():
        check("sensor", sensor)
        check("history", sensor["history"])
    for stat in stats(package):
        check("xpl stat", stat)
        check("stat parameters", stat["parameters"])
        for device in stat["parameters"]["device"]:
            check("stat device", device)
        for dynamic in stat["parameters"]["dynamic"]:
            check("stat dynamic", dynamic)


def test_it_is_the_plugin_teleinfo_of_this_version(package):
    identity = package["identity"]
    assert (identity["type"], identity["name"]) == ("plugin", "teleinfo")
    assert len(identity["name"]) <= 8  # an xPL device id
    assert identity["version"] == __version__
    assert identity["domogik_min_version"] >= "0.4"  # the manager compares it as text


def test_its_dependencies_are_those_of_the_package(package, root):
    listed = re.search(
        r"(?m)^dependencies = \[(.*?)^\]", (root / "pyproject.toml").read_text(), re.DOTALL
    )[1]
    wanted = {f"{name} (>={version})" for name, version in re.findall(r'"(\w+)>=([\d.]+)"', listed)}
    assert {dependency["id"] for dependency in package["identity"]["dependencies"]} == wanted


def test_the_device_is_an_electric_meter_with_a_port_and_an_interval(package):
    assert list(package["device_types"]) == ["teleinfo.electric_meter"]
    device = device_type(package)
    assert device["id"] == "teleinfo.electric_meter"
    assert [parameter["key"] for parameter in device["parameters"]] == ["device", "interval"]
    assert {parameter["type"] for parameter in device["parameters"]} <= FIELD_TYPES
    assert not any(parameter["xpl"] for parameter in device["parameters"])
    interval = device["parameters"][1]
    assert (interval["min_value"], interval["max_value"]) == (1, 170)


def test_there_are_34_sensors_each_of_a_type_that_domogik_has(package):
    sensors = package["sensors"]
    expected = {name: kind for kind, names in SENSORS.items() for name in names.split()}
    assert {name: sensor["data_type"] for name, sensor in sensors.items()} == expected
    assert len(sensors) == 34
    assert set(expected.values()) <= DATA_TYPES
    assert device_type(package)["sensors"] == list(sensors)
    assert device_type(package)["commands"] == list(package["commands"]) == []


@pytest.mark.parametrize("label", LABELS)
def test_every_label_of_both_modes_has_a_data_type(label):
    assert info.data_type(label) in DATA_TYPES


@pytest.mark.parametrize(
    ("name", "data_type"),
    [
        *((name, "DT_String") for name in ("ADSC", "DATE", "NGTF", "MSG1", "NTARF", "RELAIS")),
        *((name, "DT_String") for name in ("PJOURF+1", "DPM1", "NJOURF", "VTIC", "PRM")),
        *((name, "DT_ActiveEnergy") for name in ("EAST", "EASF10", "EASD04", "EAIT")),
        *((name, "DT_Number") for name in ("ERQ1", "PREF", "SINSTS1", "SMAXSN-1", "SINSTI")),
        *((name, "DT_Power") for name in ("CCASN", "CCAIN-1")),
        *((name, "DT_Volt") for name in ("URMS1", "UMOY3")),
        ("STGE", "DT_Hexa"),
        ("IRMS2", "DT_Current"),
    ],
)
def test_standard_labels_have_the_types_that_suit_them(name, data_type):
    (label,) = (label for label in LABELS if label.name == name)
    assert info.data_type(label) == data_type


def test_only_adco_has_a_timeout(package):
    timeouts = {name: sensor["timeout"] for name, sensor in package["sensors"].items()}
    assert timeouts.pop("adco") == 180
    assert set(timeouts.values()) == {0}


def test_indexes_are_stored_as_they_are(package):
    """Weekly widgets subtract absolute values: nothing is incremental or converted."""
    for sensor in package["sensors"].values():
        assert (sensor["conversion"], sensor["incremental"]) == ("", False)
        assert sensor["history"] == {
            "store": True,
            "duplicate": False,
            "max": 0,
            "expire": 0,
            "round_value": 0,
        }


def test_names_are_those_of_the_table(package):
    named = {label.name.lower(): label.en for label in LABELS if label.mode is Mode.HISTORIQUE}
    assert {name: sensor["name"] for name, sensor in package["sensors"].items()} == named


def test_both_schemas_feed_the_sensors(package):
    schemas = {stat["schema"]: stat["parameters"]["dynamic"] for stat in stats(package)}
    assert {schema: len(dynamic) for schema, dynamic in schemas.items()} == {
        "teleinfo.basic": 31,
        "teleinfo.short": 7,
    }
    fed = {dynamic["sensor"] for bindings in schemas.values() for dynamic in bindings}
    assert fed == set(package["sensors"])
    assert all(
        any(dynamic["sensor"] == "adco" for dynamic in bindings) for bindings in schemas.values()
    )


def test_a_message_feeds_the_meter_it_names(package):
    for stat in stats(package):
        assert stat["parameters"]["static"] == []
        assert [device["key"] for device in stat["parameters"]["device"]] == ["device"]
        assert stat["parameters"]["device"][0]["type"] in FIELD_TYPES


def test_a_key_stands_once_in_a_stat(package):
    """Domogik's database has it as part of a primary key."""
    for stat in stats(package):
        counts = Counter(
            entry["key"] for entries in stat["parameters"].values() for entry in entries
        )
        assert set(counts.values()) == {1}


def test_every_key_is_legal_xpl(package):
    for stat in stats(package):
        for entries in stat["parameters"].values():
            assert all(re.fullmatch(r"[a-z0-9-]{1,16}", entry["key"]) for entry in entries)


def test_every_binding_is_sent_by_the_gateway(package):
    """And in the order in which it is sent."""
    for stat in stats(package):
        keys = [entry["key"].upper() for entry in stat["parameters"]["dynamic"]]
        assert keys == list(schema.KEYS[stat["schema"]])


def test_the_command_prints_it(root):
    program = [sys.executable, "-m", "teleinfo_gateway.info"]
    result = subprocess.run(program, capture_output=True, timeout=20, check=True)
    assert result.stdout == (root / "info.json").read_bytes()
