"""YAML -> one validated, frozen Config; every fault of the file reported at once.

The keys, their defaults and the reasons for their ranges are in docs/configuration.rst.
The description of a field says what it takes: faults are worded with it.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.config.devices import DeviceConfig, XplConfig
from teleinfo_gateway.config.emoncms import EmoncmsConfig, emoncms_fits
from teleinfo_gateway.config.faults import refused
from teleinfo_gateway.config.files import FilesConfig
from teleinfo_gateway.config.history import HistoryConfig, IngestConfig
from teleinfo_gateway.config.homes import DomoticzConfig, JeedomConfig, domoticz_fits
from teleinfo_gateway.config.influxdb import InfluxdbConfig, influxdb_fits
from teleinfo_gateway.config.mqtt import MqttConfig, shared_topics
from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.config.settings import FrozenMapping, Settings, refusal
from teleinfo_gateway.config.sql import SqlConfig
from teleinfo_gateway.config.udp import UdpConfig, udp_fits
from teleinfo_gateway.config.web import TlsConfig, TokenConfig, WebConfig
from teleinfo_gateway.errors import ConfigError, Fault
from teleinfo_gateway.yaml_source import Document, read_yaml

__all__ = [
    "Config",
    "ContractConfig",
    "DeviceConfig",
    "DomoticzConfig",
    "EmoncmsConfig",
    "FilesConfig",
    "HistoryConfig",
    "InfluxdbConfig",
    "IngestConfig",
    "JeedomConfig",
    "MqttConfig",
    "PushConfig",
    "SqlConfig",
    "TlsConfig",
    "TokenConfig",
    "UdpConfig",
    "WebConfig",
    "XplConfig",
    "find_config",
    "load_config",
    "search_paths",
]

_Section = TypeVar("_Section")

# Section and key whose values must differ, the value of an item that lacks the key, and the fault.
_UNIQUE = (
    (
        *("devices", "name", "meter"),
        "{} has this name already (a meter without one is called meter): give each its own",
    ),
    ("devices", "device", None, "{} reads this port already: a port serves one meter"),
    ("push", "name", None, "{} has this name already: give each its own"),
    ("contracts", "name", None, "{} has this name already: give each its own"),
)


class Config(Settings):
    """Everything a gateway is told. A section that is None is switched off.

    Without devices the gateway has nothing to read: status ``not-configured``.
    """

    devices: tuple[DeviceConfig, ...] = Field(
        default=(), description='a list of meters, each beginning with "-"'
    )
    xpl: XplConfig | None = Field(
        default=XplConfig(), description="a mapping of xPL settings, or false to switch xPL off"
    )
    mqtt: MqttConfig | None = Field(
        default=None,
        description="a mapping of MQTT settings, or true for a broker on this machine",
    )
    domoticz: DomoticzConfig | None = Field(
        default=None, description="a mapping of Domoticz settings, or false to leave it alone"
    )
    jeedom: JeedomConfig | None = Field(
        default=None, description="a mapping of Jeedom settings, or false to leave it alone"
    )
    udp: UdpConfig | None = Field(
        default=None,
        description="a mapping of UDP settings, or true to send frames to programs of this machine",
    )
    history: HistoryConfig | None = Field(
        default=HistoryConfig(),
        description="a mapping of history settings, or false to keep no history",
    )
    sql: SqlConfig | None = Field(
        default=None,
        description="the key url, or false to have no copy of the history in another database",
    )
    ingest: IngestConfig | None = Field(
        default=None,
        description="the keys listen and token, or false to take in no readings from elsewhere",
    )
    influxdb: InfluxdbConfig | None = Field(
        default=None,
        description="a mapping of InfluxDB settings, or true for an InfluxDB 1 on this machine",
    )
    emoncms: EmoncmsConfig | None = Field(
        default=None, description="a mapping of EmonCMS settings, or false to leave it alone"
    )
    push: tuple[PushConfig, ...] = Field(
        default=(), description='a list of HTTP pushes, each beginning with "-"'
    )
    files: FilesConfig | None = Field(
        default=None, description="a mapping of settings of files, or false to write none"
    )
    web: WebConfig | None = Field(
        default=WebConfig(),
        description="a mapping of web settings, or false to switch the page and the HTTP API off",
    )
    extensions: Annotated[dict[str, dict[str, Any]], AfterValidator(FrozenMapping)] = Field(
        default=FrozenMapping(),
        description="the outputs of other packages by name, each with a mapping of its settings",
    )
    contracts: tuple[ContractConfig, ...] = Field(
        default=(), description='a list of contracts, each beginning with "-"'
    )

    @field_validator("mqtt")
    @classmethod
    def _meters_apart(cls, mqtt: MqttConfig | None, info: ValidationInfo) -> MqttConfig | None:
        if mqtt is not None:
            shared_topics(mqtt.formats, len(info.data.get("devices", ())))
        return mqtt

    @field_validator("domoticz")
    @classmethod
    def _with_meters_and_broker(
        cls, domoticz: DomoticzConfig | None, info: ValidationInfo
    ) -> DomoticzConfig | None:
        if domoticz is None or "devices" not in info.data or "mqtt" not in info.data:
            return domoticz
        meters = [device.name for device in info.data["devices"]]
        return domoticz_fits(domoticz, meters, has_broker=info.data["mqtt"] is not None)

    @field_validator("udp")
    @classmethod
    def _of_known_meters(cls, udp: UdpConfig | None, info: ValidationInfo) -> UdpConfig | None:
        if udp is None or "devices" not in info.data:
            return udp
        return udp_fits(udp, {device.name: device.device for device in info.data["devices"]})

    @field_validator("influxdb")
    @classmethod
    def _told_apart(
        cls, influxdb: InfluxdbConfig | None, info: ValidationInfo
    ) -> InfluxdbConfig | None:
        if influxdb is None:
            return None
        return influxdb_fits(influxdb, _meters(info))

    @field_validator("emoncms")
    @classmethod
    def _nodes_apart(
        cls, emoncms: EmoncmsConfig | None, info: ValidationInfo
    ) -> EmoncmsConfig | None:
        if emoncms is None:
            return None
        return emoncms_fits(emoncms, _meters(info))

    @field_validator("sql", "influxdb", "emoncms", "push", "files")
    @classmethod
    def _from_history(cls, section: _Section, info: ValidationInfo) -> _Section:
        if section and "history" in info.data and info.data["history"] is None:
            raise ValueError("it sends what the history keeps, which history: false switches off")
        return section

    @field_validator("sql")
    @classmethod
    def _elsewhere(cls, sql: SqlConfig | None, info: ValidationInfo) -> SqlConfig | None:
        history = info.data.get("history")
        if sql is not None and history is not None and history.url == sql.url:
            raise ValueError("the history itself is in this database (history.url), it has all")
        return sql

    @field_validator("contracts")
    @classmethod
    def _one_of_an_option(cls, contracts: tuple[ContractConfig, ...]) -> tuple[ContractConfig, ...]:
        first: dict[tuple[str, str], str] = {}
        faults: dict[tuple[str | int, ...], str] = {}
        for index, contract in enumerate(contracts):
            if contract.meter is not None:
                other = first.setdefault((contract.meter, contract.option), contract.name)
                if other != contract.name:
                    faults[index, "meter"] = (
                        f"it has the contract {other} of the same option; new prices go there"
                    )
        if faults:
            raise refusal(faults)
        return contracts


def _meters(info: ValidationInfo) -> int:
    """How many meters the history may hear, those of other machines counted as one."""
    return len(info.data.get("devices", ())) + (info.data.get("ingest") is not None)


def search_paths() -> tuple[Path, ...]:
    """Return where a configuration is looked for when none is named, best place first."""
    home = os.environ.get("HOME")  # a service may have none
    return (
        Path("teleinfo.yaml"),
        *([Path(home, ".config/teleinfo/teleinfo.yaml")] if home else []),
        Path("/etc/teleinfo/teleinfo.yaml"),
    )


def find_config(explicit: Path | None) -> Path | None:
    """Return the file to load, or None when there is none.

    A file named by the caller or by ``$TELEINFO_CONFIG`` is returned even if it does not exist:
    load_config then says so, where passing over it would start a gateway nobody asked for.
    """
    if explicit is not None:
        return explicit
    if named := os.environ.get("TELEINFO_CONFIG"):
        return Path(named)
    return next((path for path in search_paths() if _exists(path)), None)


def load_config(path: Path) -> Config:
    """Read and validate a file; raises ConfigError with every fault it has."""
    document = read_yaml(path)
    faults = list(document.faults)
    settings = _with_switches(document.data)
    try:
        config = Config.model_validate(settings)
    except ValidationError as error:
        faults += refused(error, Config, document)
    faults += _repeated(settings, document)
    if faults:
        raise ConfigError(path, tuple(sorted(faults, key=lambda fault: fault.line or 0)))
    return config


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder closed to us, such as the home of another user
        return False


def _with_switches(data: object) -> object:
    """Apply what nothing, true and false mean where a section is expected."""
    if data is None:  # an empty file, or one that is all comments
        return {}
    if not isinstance(data, dict):
        return data
    settings = {
        key: value
        for key, value in data.items()
        if value is not None or key not in Config.model_fields  # an empty section has its default
    }
    for section in (
        "xpl",
        "mqtt",
        "domoticz",
        "jeedom",
        "udp",
        "influxdb",
        "emoncms",
        "files",
        "web",
        "history",
        "sql",
        "ingest",
    ):
        match settings.get(section):
            case True:
                settings[section] = {}
            case False:
                settings[section] = None
    return settings


def _repeated(settings: object, document: Document) -> Iterator[Fault]:
    """Yield a fault for each item of a list that has what another one must have alone.

    Done on what was read, not in the model: pydantic compares nothing once a field is refused.
    """
    for section, key, default, message in _UNIQUE:
        items = settings.get(section) if isinstance(settings, dict) else None
        if not isinstance(items, tuple):
            continue
        first: dict[PurePosixPath, int] = {}  # a path, for /dev//x and /dev/x are one port
        for index, item in enumerate(items):
            value = item.get(key, default) if isinstance(item, dict) else None
            if not isinstance(value, str):
                continue
            other = first.setdefault(PurePosixPath(value), index)
            if other != index:
                line = document.nearest((section, other, key)).line
                place = document.nearest((section, index, key))
                yield Fault(
                    f"{section}[{index}].{key}",
                    place.line,
                    message.format(f"{section}[{other}] on line {line}"),
                )
