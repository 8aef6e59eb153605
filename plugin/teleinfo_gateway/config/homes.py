"""The sections ``domoticz`` and ``jeedom`` of the configuration."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from teleinfo_gateway.config.settings import Settings, both_or_none, plain_url, refusal

__all__ = ["DomoticzConfig", "DomoticzDevices", "JeedomConfig", "domoticz_fits"]

_TOPIC = re.compile(r"[^\s/+#$\0][^\s+#\0]*")
_NEEDS_URL = "it belongs to a url; without one the messages go to the broker of section mqtt"


def _idx(kind: str) -> int | None:
    field: int | None = Field(
        default=None, ge=1, description=f"the idx of a device of Domoticz ({kind}), a whole number"
    )
    return field


class DomoticzDevices(Settings):
    """Which devices of Domoticz show one meter, each by its idx."""

    meter: str = Field(description="the name of a meter, as in devices[].name")
    p1: int | None = _idx("P1 Smart Meter")
    blue: int | None = _idx("P1 Smart Meter")
    white: int | None = _idx("P1 Smart Meter")
    red: int | None = _idx("P1 Smart Meter")
    kwh: int | None = _idx("General, kWh")
    usage: int | None = _idx("Usage (Electric)")
    papp: int | None = _idx("Custom Sensor")
    current: int | None = _idx("Current (CM113)")
    voltage: int | None = _idx("Voltage")
    load: int | None = _idx("Percentage")
    alert: int | None = _idx("Alert")
    tariff: int | None = _idx("Text")

    @model_validator(mode="after")
    def _not_empty(self) -> "DomoticzDevices":
        if not self.numbers:
            raise ValueError("it names no device of Domoticz, such as p1: 42")
        return self

    @property
    def numbers(self) -> dict[str, int]:
        """Key to idx of every device that is named."""
        return {key: idx for key, idx in self if isinstance(idx, int)}


class DomoticzConfig(Settings):
    """Where Domoticz is told, and which of its devices; ``password`` may be a reference."""

    url: str | None = Field(
        default=None,
        description="the address of Domoticz, such as http://domoticz.home:8080; left out, "
        "the messages go to the broker of section mqtt",
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        pattern=r"^[^:]*$",  # Basic authentication ends the name there
        description="the name of a user of Domoticz who may change devices",
    )
    password: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="a password, or a reference such as file:/etc/teleinfo/domoticz.password",
    )
    topic: str = Field(
        default="domoticz/in",
        max_length=128,
        description="the topic that Domoticz listens to, domoticz/in unless changed there",
    )
    devices: tuple[DomoticzDevices, ...] = Field(
        description='a list of meters and their devices, each beginning with "-"'
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        return url if url is None else plain_url(url)

    @field_validator("username")
    @classmethod
    def _over_http(cls, username: str | None, info: ValidationInfo) -> str | None:
        if username is not None and info.data.get("url", "") is None:
            raise ValueError(_NEEDS_URL)
        return username

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        both_or_none(self, "username", "password")
        return self

    @field_validator("topic")
    @classmethod
    def _one_topic(cls, topic: str, info: ValidationInfo) -> str:
        if info.data.get("url") is not None:
            raise ValueError("with a url nothing is sent to a broker, keep one of the two")
        if not _TOPIC.fullmatch(topic):
            raise ValueError("a topic has no space, + or # and begins with neither / nor $")
        return topic

    @field_validator("devices")
    @classmethod
    def _each_once(cls, devices: tuple[DomoticzDevices, ...]) -> tuple[DomoticzDevices, ...]:
        """Two keys with one idx would write over each other."""
        if not devices:
            raise ValueError("without one there is nothing to tell")
        meters: set[str] = set()
        used: dict[int, str] = {}
        faults: dict[tuple[str | int, ...], str] = {}
        for index, device in enumerate(devices):
            if device.meter in meters:
                faults[index, "meter"] = "this meter was named before: write its devices together"
            meters.add(device.meter)
            for key, idx in device.numbers.items():
                other = used.setdefault(idx, f"{key} of {device.meter}")
                if other != f"{key} of {device.meter}":
                    faults[index, key] = f"{other} has this idx already: give each its own"
        if faults:
            raise refusal(faults)
        return devices


class JeedomConfig(Settings):
    """Where Jeedom's plugin Teleinfo is told over HTTP; ``apikey`` may be a reference."""

    url: str = Field(description="the address of Jeedom, such as http://jeedom.home")
    apikey: str = Field(
        min_length=1,
        repr=False,
        description="the API key of Jeedom's plugin Teleinfo, or a reference such as "
        "file:/etc/teleinfo/jeedom.apikey",
    )
    plugin: Literal["current", "legacy"] = Field(default="current", description="current or legacy")

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        return plain_url(url)


def domoticz_fits(
    domoticz: DomoticzConfig, meters: Iterable[str], *, has_broker: bool
) -> DomoticzConfig:
    """Refuse what the rest of the configuration lacks; raises what a validator raises."""
    known = set(meters)
    faults = dict(_unknown(domoticz, known))
    if domoticz.url is None and not has_broker:
        faults["url",] = "there is no section mqtt, whose broker would take the messages"
    if faults:
        raise refusal(faults)
    return domoticz


def _unknown(
    domoticz: DomoticzConfig, known: set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, device in enumerate(domoticz.devices):
        if device.meter not in known:
            names = ", ".join(sorted(known)) or "none"
            yield ("devices", index, "meter"), f"no meter has this name; there are: {names}"
