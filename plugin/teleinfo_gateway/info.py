"""Makes info.json, the package description that Domogik reads, from the label table.

``python -m teleinfo_gateway.info`` prints it; ``make info`` writes it to its place.
Source: Domogik technical documentation, "info.json", json_version 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from teleinfo_gateway import __version__
from teleinfo_gateway.outputs.xpl.schema import BASIC, KEYS, SHORT
from teleinfo_gateway.sensors import SENSORS, TIMEOUT_S
from tic import Label

DEVICE_TYPE = "teleinfo.electric_meter"

# Domogik has no type for VA, kVA, var and varh.
_DATA_TYPES = {
    "A": "DT_Current",
    "V": "DT_Volt",
    "W": "DT_Power",
    "Wh": "DT_ActiveEnergy",
    "VA": "DT_Number",
    "kVA": "DT_Number",
    "varh": "DT_Number",
    "min": "DT_Minute",
}


def data_type(label: Label) -> str:
    """The Domogik data type of a label, by its unit."""
    return _DATA_TYPES.get(label.unit, "DT_Hexa" if label.name == "STGE" else "DT_String")


def package_description() -> dict[str, Any]:
    """The content of info.json."""
    return {
        "json_version": 2,
        "identity": {
            "type": "plugin",
            "name": "teleinfo",
            "version": __version__,
            "description": "Reads French electricity meters (TIC, téléinfo).",
            "author": "The teleinfo-gateway authors",
            "author_email": "authors@teleinfo-gateway.invalid",
            "domogik_min_version": "0.4.0",
            "tags": ["energy", "electricity"],
            "dependencies": [
                {"id": "pyserial (>=3.5)", "type": "python"},
                {"id": "PyYAML (>=6.0)", "type": "python"},
                {"id": "pydantic (>=2.7)", "type": "python"},
                {"id": "click (>=8.1)", "type": "python"},
            ],
        },
        "configuration": [],
        "device_types": {DEVICE_TYPE: _device_type()},
        "sensors": {label.name.lower(): _sensor(label) for label in SENSORS},
        "commands": {},
        "xpl_stats": {schema.replace(".", "_"): _xpl_stat(schema) for schema in (BASIC, SHORT)},
        "xpl_commands": {},
    }


def _device_type() -> dict[str, Any]:
    return {
        "id": DEVICE_TYPE,
        "name": "Electric meter",
        "description": "An electricity meter with a téléinfo output",
        "commands": [],
        "sensors": [label.name.lower() for label in SENSORS],
        "parameters": [
            {
                "key": "device",
                "xpl": False,
                "description": "The serial port of the meter, such as /dev/teleinfo",
                "type": "string",
                "default": "/dev/teleinfo",
            },
            {
                "key": "interval",
                "xpl": False,
                "description": "Seconds between two publications",
                "type": "integer",
                "default": "60",
                "min_value": 1,
                "max_value": 170,
            },
        ],
    }


def _sensor(label: Label) -> dict[str, Any]:
    return {
        "name": label.en,
        "data_type": data_type(label),
        "conversion": "",
        "incremental": False,
        "timeout": TIMEOUT_S.get(label.name, 0),
        "history": {
            "store": True,
            "duplicate": False,
            "max": 0,
            "expire": 0,
            "round_value": 0,
        },
    }


def _xpl_stat(schema: str) -> dict[str, Any]:
    return {
        "name": schema,
        "schema": schema,
        "parameters": {
            "static": [],
            "device": [
                {"key": "device", "description": "Meter address (ADCO)", "type": "string"},
            ],
            "dynamic": list(_bindings(KEYS[schema])),
        },
    }


def _bindings(labels: Iterable[str]) -> Iterable[dict[str, str]]:
    for label in labels:
        yield {"key": label.lower(), "sensor": label.lower()}


def text() -> str:
    """The file as it is committed."""
    return json.dumps(package_description(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201  # this is a command
