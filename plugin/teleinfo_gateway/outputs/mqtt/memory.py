"""What the broker has kept of an earlier run: read once after each connection."""

from __future__ import annotations

import json
from collections.abc import Mapping

from teleinfo_gateway.outputs.mqtt.formats import Formats
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View

__all__ = ["Memory"]

_TICKS = 10  # seconds after which the broker has sent whatever it kept
_PATIENCE_TICKS = 3  # for the mark that says so; a broker that takes no such messages gives none
_MAX_CHARS = 200_000  # of one message: a thousand discovery topics
_MAX_KEPT = 2_000_000  # characters: a thousand meters, which may all be those of other gateways
_KINDS = ("state", "announced")


class Memory:
    """Gives the formats what was kept, as soon as it is known which meter it is about.

    ``is_read`` once the broker has sent whatever it kept: before, nothing may be announced, as an
    entity must not be announced in two forms. ``mark`` comes back behind the last of it.
    """

    def __init__(self, formats: Formats, gateway: str) -> None:
        self.is_read = False
        # By QoS 1, or it overtakes what was kept so, of which brokers send some at a time.
        root = formats.native.root if formats.native else ""
        self.mark = Message(f"{root}/{gateway}/mark", "", qos=1)
        self._native = formats.native
        self._discovery = formats.discovery
        self._kept: dict[tuple[str, str], str] = {}  # by key and kind, of meters not heard yet
        self._times: dict[str, str] = {}  # when a meter told what its key is remembered by
        self._ticks_left = 0

    def topics(self) -> list[str]:
        """What to hear for some seconds."""
        self.is_read = False
        self._ticks_left = _TICKS
        return self._wanted()

    def tick(self) -> list[str]:
        """A second has passed; gives what to hear no more."""
        self._ticks_left -= 1
        self.is_read = self.is_read or self._ticks_left <= _TICKS - _PATIENCE_TICKS
        return self._wanted() if self._ticks_left == 0 else []

    def recall(self, topic: str, text: str, views: Mapping[str, View]) -> None:
        """Take a message that the broker kept; anybody may have written it."""
        if self._native is None or len(text) > _MAX_CHARS:
            return
        key, _, kind = topic.removeprefix(f"{self._native.root}/").partition("/")
        if kind not in _KINDS:
            return
        if kind == "state":
            self._recognise(key, text, views)
        view = next((view for view in views.values() if view.key == key), None)
        if view is not None:
            self._tell(view, kind, text)
        elif sum(map(len, self._kept.values())) + len(text) <= _MAX_KEPT:
            self._kept[key, kind] = text

    def introduce(self, view: View) -> None:
        """A meter is known by now."""
        for kind in _KINDS:
            text = self._kept.pop((view.key, kind), None)
            if text is not None:
                self._tell(view, kind, text)

    def _wanted(self) -> list[str]:
        if self._native is None:
            return []
        return [self.mark.topic, *(f"{self._native.root}/+/{kind}" for kind in _KINDS)]

    def _recognise(self, key: str, text: str, views: Mapping[str, View]) -> None:
        """A meter that has not spoken yet has the key that this gateway gave it last."""
        try:
            state = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not (
            isinstance(state, dict)
            and self._native
            and state.get("gateway") == self._native.gateway
        ):
            return
        view, told = views.get(str(state.get("meter"))), str(state.get("ts"))
        if view is None or view.said.address or view.has_alias:
            return
        if told > self._times.get(view.name, ""):
            self._times[view.name] = told
            view.remembered_key = key
            self.introduce(view)

    def _tell(self, view: View, kind: str, text: str) -> None:
        if kind == "state" and self._native is not None:
            self._native.recall(view, text)
        elif self._discovery is not None:
            self._discovery.recall(view, text)
