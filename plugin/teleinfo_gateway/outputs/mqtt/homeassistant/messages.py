"""The discovery messages of a meter and of the gateway itself, in their two forms. Pure.

Source: Home Assistant, integration ``mqtt``: discovery by entity, and by device (since 2024.11).
All are retained, and no key is abbreviated: Domoticz knows only some of the short ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from teleinfo_gateway import __version__
from teleinfo_gateway.config.mqtt import HomeAssistantConfig
from teleinfo_gateway.outputs.mqtt.homeassistant.announced import device_topic, entity_topic, node
from teleinfo_gateway.outputs.mqtt.homeassistant.entities import COMMANDED, Entity
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from tic import MeterIdentity
from tic.identity import UNKNOWN

__all__ = ["Messages", "retained"]

Body = dict[str, object]

_ORIGIN = {"name": "teleinfo-gateway", "sw_version": __version__}
_HORODATE = "{{{{ {{'horodate': value_json.horodates.get('{dated}')}} | tojson }}}}"


def retained(topic: str, body: Body | None) -> Message:
    """A message that the broker keeps; without a body it removes the one that is kept."""
    payload = "" if body is None else json.dumps(body, ensure_ascii=False)
    return Message(topic, payload, qos=1, retain=True)


class Messages:
    """Writes them; ``root`` is that of the native layout."""

    def __init__(self, config: HomeAssistantConfig, root: str, max_interval_s: int) -> None:
        self._prefix = config.prefix
        self._french = config.language == "fr"
        self._root = root
        self._max_interval_s = max_interval_s
        self._gateway = f"gateway_{re.sub(r'[^A-Za-z0-9_-]', '_', root)}"

    def entity(self, view: View, entity: Entity) -> Message:
        """One entity by itself."""
        body = {
            **self._entity(view.key, entity),
            "device": self._device(view),
            "origin": _ORIGIN,
        }
        body.setdefault("availability", self._availability(view.key))
        body.setdefault("availability_mode", "all")
        return retained(entity_topic(self._prefix, view.key, entity.name, entity.component), body)

    def device(
        self, view: View, entities: Iterable[Entity], gone: Mapping[str, str] | None = None
    ) -> Message:
        """A meter with all its entities; those that are ``gone`` (name to component) go."""
        components: dict[str, Body] = {
            entity.name: {"platform": entity.component, **self._entity(view.key, entity)}
            for entity in entities
        }
        components |= {name: {"platform": old} for name, old in (gone or {}).items()}
        body = {
            "device": self._device(view),
            "origin": _ORIGIN,
            "availability": self._availability(view.key),
            "availability_mode": "all",
            "components": components,
        }
        return retained(device_topic(self._prefix, view.key), body)

    def gateway(self, *, commands: bool) -> list[Message]:
        """The device of the gateway itself, always by entity: is it there, and read it again."""
        shared: Body = {
            "device": {
                "identifiers": [self._gateway],
                "name": self._say("Passerelle téléinfo", "Teleinfo gateway"),
                "sw_version": __version__,
            },
            "origin": _ORIGIN,
        }
        connected: Body = {
            "name": self._say("Connexion", "Connection"),
            **self._ids(self._gateway, "binary_sensor", "status"),
            "state_topic": f"{self._root}/status",
            "payload_on": "online",
            "payload_off": "offline",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            **shared,
        }
        reload: Body = {
            "name": self._say("Relire la configuration", "Read the configuration again"),
            **self._ids(self._gateway, "button", "reload"),
            "command_topic": f"{self._root}/reload",
            "payload_press": "PRESS",
            "entity_category": "config",
            "availability": [self._there],
            **shared,
        }
        status, button = self.gateway_topics(self._prefix)
        return [retained(status, connected), retained(button, reload if commands else None)]

    def gateway_topics(self, prefix: str) -> tuple[str, str]:
        """Where the entities of the gateway are announced."""
        return (
            f"{prefix}/binary_sensor/{self._gateway}/status/config",
            f"{prefix}/button/{self._gateway}/reload/config",
        )

    def _entity(self, key: str, entity: Entity) -> Body:
        body: Body = {
            "name": self._say(entity.fr, entity.en),
            **self._ids(node(key), entity.component, entity.name),
            "state_topic": f"{self._root}/{key}/{entity.topic}",
            **entity.facts,
        }
        if entity.component == COMMANDED:
            body["command_topic"] = f"{self._root}/{key}/{entity.topic}/set"
        if entity.expires_s:
            body["expire_after"] = max(entity.expires_s, 2 * self._max_interval_s)
        if entity.dated:
            body["json_attributes_topic"] = f"{self._root}/{key}/state"
            body["json_attributes_template"] = _HORODATE.format(dated=entity.dated)
        if entity.of_reader:
            body["availability"] = [self._there]
        return body

    def _ids(self, device: str, component: str, name: str) -> Body:
        """Unique wherever several meters meet; an entity id is in lower case, without hyphens."""
        unique = f"{device}_{name}"
        entity_id = f"{component}.{unique.lower().replace('-', '_')}"
        return {"unique_id": unique, "default_entity_id": entity_id}

    def _device(self, view: View) -> Body:
        body: Body = {
            "identifiers": [node(view.key)],
            "name": f"{self._say('Compteur', 'Meter')} {view.key}",
            "via_device": self._gateway,
        }
        if not view.has_alias:
            identity = MeterIdentity.parse(view.key)
            known = {"manufacturer": identity.manufacturer, "model": identity.device}
            body |= {name: text for name, text in known.items() if text != UNKNOWN}
            body["serial_number"] = view.key
        return body

    def _availability(self, key: str) -> list[Body]:
        return [self._there, {"topic": f"{self._root}/{key}/availability"}]

    @property
    def _there(self) -> Body:
        return {"topic": f"{self._root}/status"}

    def _say(self, french: str, english: str) -> str:
        return french if self._french else english
