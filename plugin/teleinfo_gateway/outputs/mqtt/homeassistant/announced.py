"""The list of what is announced of a meter, which the broker keeps for the next run. Pure.

``ROOT/KEY/announced``, retained: ``{"discovery": "entity", "prefix": "homeassistant",
"components": {"hchc": "sensor"}}``. Home Assistant forgets nothing by itself: what was announced
once, by whichever version and settings, must be found again to be taken back.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = ["Announced", "device_topic", "entity_topic", "node"]

_MAX_COMPONENTS = 400  # more than there are labels in both modes and derivations together

_Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]


class Announced(BaseModel):
    """Which entities (object id to component) were announced, and where; read from the network."""

    model_config = ConfigDict(frozen=True)

    discovery: Literal["entity", "device"]
    prefix: str = Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=64)
    components: dict[_Word, _Word] = Field(max_length=_MAX_COMPONENTS)

    def topics(self, key: str) -> list[str]:
        """Every topic whose message announces one of them."""
        if self.discovery == "device":
            return [device_topic(self.prefix, key)]
        return [entity_topic(self.prefix, key, *pair) for pair in self.components.items()]


def node(key: str) -> str:
    """The id of a meter's device, and the beginning of its entities' unique ids."""
    return f"teleinfo_{key}"


def entity_topic(prefix: str, key: str, name: str, component: str) -> str:
    """Where one entity is announced."""
    return f"{prefix}/{component}/{node(key)}/{name}/config"


def device_topic(prefix: str, key: str) -> str:
    """Where a meter is announced with all its entities."""
    return f"{prefix}/device/{node(key)}/config"
