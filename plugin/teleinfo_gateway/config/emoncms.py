"""The section ``emoncms`` of the configuration."""

import re

from pydantic import Field, field_validator

from teleinfo_gateway.config.settings import Settings, plain_url, refusal

__all__ = ["EmoncmsConfig", "emoncms_fits"]

_OF_A_METER = re.compile(r"\{(?:adco|name)\}")


class EmoncmsConfig(Settings):
    """Where EmonCMS is told; ``apikey`` may be a reference.

    In ``node``, ``{adco}`` stands for the address of a meter and ``{name}`` for its name.
    """

    url: str = Field(
        description="the address of EmonCMS, such as https://emoncms.org or http://emonpi/emoncms"
    )
    apikey: str = Field(
        min_length=1,
        repr=False,
        description="the write key of an account of EmonCMS, or a reference such as "
        "file:/etc/teleinfo/emoncms.apikey",
    )
    node: str = Field(
        default="teleinfo_{adco}",
        max_length=64,
        description="letters, digits, spaces and _ . -; {adco} is the address of the meter, {name} "
        "its name",
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        return plain_url(url)

    @field_validator("node")
    @classmethod
    def _a_node(cls, node: str) -> str:
        # EmonCMS drops other characters in one of its two ways in, and not in the other.
        if not re.fullmatch(r"[A-Za-z0-9_ .-]+", _OF_A_METER.sub("x", node)):
            raise ValueError("EmonCMS would leave a character of it out")
        return node


def emoncms_fits(emoncms: EmoncmsConfig, meters: int) -> EmoncmsConfig:
    """Refuse a node that two meters would share; raises what a validator raises."""
    if meters > 1 and not _OF_A_METER.search(emoncms.node):
        raise refusal({("node",): "several meters would be one node: put {name} or {adco} into it"})
    return emoncms
