"""The sections ``devices`` and ``xpl`` of the configuration."""

import re
from typing import Literal

from pydantic import Field, field_validator

from teleinfo_gateway.config.settings import Settings
from teleinfo_gateway.host_port import split_host_port
from teleinfo_gateway.udp_url import SCHEME as UDP
from teleinfo_gateway.udp_url import parse_udp_url

__all__ = ["DeviceConfig", "XplConfig"]


class DeviceConfig(Settings):
    """One meter: a device of Domogik's type ``teleinfo.electric_meter``."""

    name: str = Field(
        default="meter",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="1 to 32 lower-case letters, digits and hyphens, such as house",
    )
    type: Literal["teleinfo.electric_meter"] = Field(
        default="teleinfo.electric_meter", description="teleinfo.electric_meter"
    )
    device: str = Field(
        description="a port such as /dev/ttyUSB0, socket://host:port, rfc2217://host:port or "
        "udp://address:port"
    )
    interval: int = Field(
        default=60,
        ge=1,
        le=170,
        description="whole seconds from 1 to 170 (after 180 without news a meter counts as lost)",
    )
    mode: Literal["auto", "historique", "standard"] = Field(
        default="auto", description="auto, historique or standard"
    )
    replaces: str | None = Field(
        default=None,
        pattern=r"^[0-9]{4}[0-9A-F]{2}[0-9]{6}$",
        description='the 12 characters of the address of the meter before, such as "021528603314"',
    )

    @field_validator("device")
    @classmethod
    def _reachable_by_name(cls, device: str) -> str:
        if re.search(r"\s", device):
            raise ValueError("there is a space in it")
        if device.startswith(UDP):
            parse_udp_url(device)
            return device
        if not device.startswith(("socket://", "rfc2217://")):
            if not device.startswith("/"):
                raise ValueError("the path of a port is written whole, from its first /")
            return device
        split_host_port(device.partition("//")[2])
        return device


class XplConfig(Settings):
    """What the xPL output says about itself and how it writes values."""

    vendor: str = Field(
        default="domogik",
        pattern=r"^[a-z0-9]{3,8}$",
        description="3 to 8 lower-case letters and digits, such as domogik",
    )
    instance: str = Field(
        default="auto",
        pattern=r"^[a-z0-9]{1,16}$",
        description="auto, or 1 to 16 lower-case letters and digits",
    )
    interface: str = Field(
        default="auto",
        pattern=r"^[!-.0-~]{1,15}$",
        description="auto, or the name of a network interface such as eth0",
    )
    hub: Literal["auto", "always", "never"] = Field(
        default="auto", description="auto, always or never"
    )
    device: str = Field(
        default="adco",
        pattern=r"^[a-z0-9_.]{1,128}$",
        description="adco, none, or a fixed text of lower-case letters, digits, _ and .",
    )
    values: Literal["domogik", "raw"] = Field(default="domogik", description="domogik or raw")
    short_also_basic: bool = Field(default=False, description="true or false")
    standard: bool = Field(default=False, description="true or false")
    port: int = Field(default=3865, ge=1, le=65535, description="a UDP port from 1 to 65535")
