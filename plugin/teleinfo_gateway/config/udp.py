"""The section ``udp`` of the configuration."""

import ipaddress
from collections.abc import Mapping

from pydantic import Field, field_validator

from teleinfo_gateway.config.settings import Settings, refusal
from teleinfo_gateway.udp_url import SCHEME

__all__ = ["UdpConfig", "udp_fits"]


class UdpConfig(Settings):
    """Where frames are sent as they come from the meter: to ``port`` and to the next one."""

    to: str = Field(
        default="127.0.0.1",
        description="the IP address of a machine, or that of all in the network, such as "
        "192.168.1.255",
    )
    port: int = Field(
        default=1200,
        ge=1,
        le=65534,
        description="a UDP port from 1 to 65534, the next one is used as well",
    )
    meters: tuple[str, ...] | None = Field(
        default=None, description='a list of names of meters, each beginning with "-"'
    )

    @field_validator("to")
    @classmethod
    def _an_address(cls, to: str) -> str:
        try:
            ipaddress.ip_address(to)
        except ValueError:
            raise ValueError("this is not an IP address") from None
        return to

    @field_validator("meters")
    @classmethod
    def _not_empty(cls, meters: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if meters == ():
            raise ValueError("without one there is nothing to send")
        return meters


def udp_fits(udp: UdpConfig, devices: Mapping[str, str]) -> UdpConfig:
    """Refuse meters that are not sent; ``devices`` maps names to devices. Raises as a validator."""
    faults: dict[tuple[str | int, ...], str] = {}
    for index, meter in enumerate(udp.meters or ()):
        device = devices.get(meter)
        if device is None:
            names = ", ".join(devices) or "none"
            faults["meters", index] = f"no meter has this name; there are: {names}"
        elif device.startswith(SCHEME):
            faults["meters", index] = "it is heard by UDP: what comes from there is not sent again"
    if faults:
        raise refusal(faults)
    return udp
