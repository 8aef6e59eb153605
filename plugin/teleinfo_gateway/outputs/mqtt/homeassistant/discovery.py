"""Tells Home Assistant which entities each meter has, and takes back what it has no more. Pure.

Source: Home Assistant, integration ``mqtt``: discovery, its removal, and the migration between its
two forms. Order matters there: whoever sends these messages keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pydantic import ValidationError

from teleinfo_gateway.config.mqtt import HomeAssistantConfig
from teleinfo_gateway.outputs.mqtt.homeassistant.announced import Announced, entity_topic
from teleinfo_gateway.outputs.mqtt.homeassistant.entities import COMMANDED, ENTITIES, Entity
from teleinfo_gateway.outputs.mqtt.homeassistant.messages import Messages, retained
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, Reading

__all__ = ["Discovery"]

_FRAMES_TO_BE_SURE = 4
"""Complete frames after which a label that did not come is not sent any more. The first ones lack
what is believed only once it is told again, and an index comes one frame late. One frame later its
topic is cleared: an entity that is still there would take that for a wrong value."""

_MIGRATE = json.dumps({"migrate_discovery": True})


@dataclass(slots=True)
class _Memory:
    """What is known to be announced of one meter; an entity is its name and its component."""

    key: str
    held: set[tuple[str, str]] = field(default_factory=set)  # by the broker, maybe since long ago
    told: set[str] = field(default_factory=set)  # in this run
    before: Announced | None = None  # in the other form or elsewhere, to be taken back
    labels: AbstractSet[str] | None = None  # that the last look saw; None: look again
    is_sure: bool = False


class Discovery:
    """Announces every meter; ``root`` is that of the native layout, which must be published.

    ``recall`` is given the retained ``ROOT/KEY/announced`` once the key is known, if possible
    before the first reading is ``told``: then no entity is announced twice in a migration.
    """

    def __init__(
        self, config: HomeAssistantConfig, root: str, *, commands: bool, max_interval: int
    ) -> None:
        self._config = config
        self._root = root
        self._commands = commands
        self._messages = Messages(config, root, max_interval)
        self._entities = [
            entity for entity in ENTITIES if commands or entity.component != COMMANDED
        ]
        self._pairs = {(entity.name, entity.component) for entity in self._entities}
        self._meters: dict[str, _Memory] = {}  # by configured name

    @property
    def birth_topic(self) -> str:
        """Where Home Assistant says ``online`` when it has started: everything is told again."""
        return f"{self._config.prefix}/status"

    def announced_topic(self, key: str) -> str:
        """Where the broker keeps what is announced of a meter."""
        return f"{self._root}/{key}/announced"

    def gateway(self) -> list[Message]:
        """What announces the gateway itself: on each connection, and on a birth."""
        return self._messages.gateway(commands=self._commands)

    def recall(self, view: View, payload: str) -> None:
        """Take the list that the broker kept, maybe of an earlier run with other settings.

        Whatever is no such list is ignored: anybody may have written it.
        """
        try:
            announced = Announced.model_validate_json(payload)
        except ValidationError:
            return
        memory = self._of(view)
        memory.labels = None
        held = set(announced.components.items())
        if (announced.discovery, announced.prefix) != (self._config.discovery, self._config.prefix):
            memory.before = announced
            held &= self._pairs
        memory.held |= held

    def told(
        self,
        view: View,
        reading: Reading,  # noqa: ARG002  # the view has taken it
        *,
        due: bool,  # noqa: ARG002  # entities do not wait
    ) -> Iterator[Message]:
        """What appears, and what has not come for some complete frames."""
        memory = self._of(view)
        if memory.labels != view.values.keys() or memory.is_sure != _is_sure(view):
            yield from self._news(view, memory)

    def happened(self, view: View, event: Event) -> Iterable[Message]:  # noqa: ARG002
        """Nothing: entities follow from labels."""
        return ()

    def again(self, view: View) -> Iterator[Message]:
        """Every entity of a meter; its first reading in this run announces them all anyway.

        Before that, it may not be known yet what the broker holds of it.
        """
        memory = self._of(view)
        if memory.told:
            memory.told.clear()
            yield from self._news(view, memory)

    def _of(self, view: View) -> _Memory:
        memory = self._meters.get(view.name)
        if memory is None or memory.key != view.key:
            memory = self._meters[view.name] = _Memory(view.key)
        return memory

    def _news(self, view: View, memory: _Memory) -> Iterator[Message]:
        """What is to be said for the broker to hold what the meter has."""
        memory.labels, memory.is_sure = frozenset(view.values), _is_sure(view)
        wanted = [entity for entity in self._entities if _has(view, memory, entity)]
        new = [entity for entity in wanted if entity.name not in memory.told]
        pairs = {(entity.name, entity.component) for entity in wanted}
        gone = memory.held - pairs
        before, memory.before = memory.before, None
        if not (new or gone or before):
            return
        memory.held, memory.told = pairs, {entity.name for entity in wanted}
        if before is not None and before.prefix == self._config.prefix:
            # Not retained: whoever is not there now finds the new form only.
            yield from (Message(topic, _MIGRATE, qos=1) for topic in before.topics(view.key))
        if self._config.discovery == "device":
            yield from self._by_device(view, wanted, gone)
        else:
            yield from self._by_entity(view, new, gone)
        if before is not None:
            yield from self._taken_back(view, before)
        yield retained(
            self.announced_topic(view.key),
            {
                "discovery": self._config.discovery,
                "prefix": self._config.prefix,
                "components": dict(sorted(pairs)),
            },
        )

    def _by_entity(
        self, view: View, new: Iterable[Entity], gone: AbstractSet[tuple[str, str]]
    ) -> Iterator[Message]:
        for name, component in sorted(gone):
            yield retained(entity_topic(self._config.prefix, view.key, name, component), None)
        yield from (self._messages.entity(view, entity) for entity in new)

    def _by_device(
        self, view: View, wanted: Iterable[Entity], gone: AbstractSet[tuple[str, str]]
    ) -> Iterator[Message]:
        """The whole device; what goes is first named once more, by its platform alone."""
        if gone:
            yield self._messages.device(view, wanted, dict(gone))._replace(retain=False)
        yield self._messages.device(view, wanted)

    def _taken_back(self, view: View, before: Announced) -> Iterator[Message]:
        topics = before.topics(view.key)
        if before.prefix != self._config.prefix:
            topics += self._messages.gateway_topics(before.prefix)
        yield from (retained(topic, None) for topic in topics)


def _is_sure(view: View) -> bool:
    return view.said.frames >= _FRAMES_TO_BE_SURE


def _has(view: View, memory: _Memory, entity: Entity) -> bool:
    """Whether a meter has an entity, or is not known to have lost it."""
    if entity.is_of(view.values.keys()):
        return True
    if (entity.name, entity.component) not in memory.held:
        return False
    return not _is_sure(view) or (entity.mode is not None and entity.mode is view.mode)
