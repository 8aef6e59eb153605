"""Our own layout: a topic for each label, the last frame as JSON, availability and events. Pure.

``ROOT/KEY/LABEL`` and ``ROOT/KEY/NAME`` (what is derived, in lower case) hold typed text and are
retained; ``ROOT/KEY/state`` is all of it as JSON; ``ROOT/KEY/availability`` is ``online`` or
``offline``; ``ROOT/KEY/event`` is not retained. ``ROOT/status`` is the gateway's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from teleinfo_gateway.announcements import NONE
from teleinfo_gateway.outputs.mqtt.derived import condition, derived, derived_names
from teleinfo_gateway.outputs.mqtt.message import Message, plain_name
from teleinfo_gateway.outputs.mqtt.typed_text import rfc3339, typed_json, typed_texts
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.statuses import LinkState
from tic import BY_NAME, FrameKind, Kind

__all__ = ["OFFLINE", "ONLINE", "Native"]

ONLINE, OFFLINE = "online", "offline"

_MEASURED = {Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.CLOCK}
_ESTIMATED = {"active_power", "injected_power", "load_percent"}
"""What changes all the time: ``min_interval`` holds it back, and nothing else."""

_LABELS = {plain_name(name): label for name, label in BY_NAME.items()}

_NONE_ANY_MORE = {Kind.CURRENT, Kind.DURATION}
"""Of these a number says that an event is over; other labels of events are removed."""

_FRAMES_TO_BE_SURE = 5
"""Complete frames after which a label that did not come is not sent any more; one of them may lack
a value that is still to be believed."""

_TYPES = {
    EventKind.OVERLOAD: "overload",
    EventKind.TARIFF: "tariff_change",
    EventKind.TOMORROW: "tempo_announced",
    EventKind.PEAK: "peak",
    EventKind.LINK: "link",
    EventKind.STATUS: "status",
}
_TYPES_OF_CHANGE = {
    "exchange": "meter_change",
    "mode": "mode_change",
    "contract": "contract_change",
    "rebase": "index_restart",
}
_AWAY = {LinkState.SILENT, LinkState.LOST, LinkState.NO_PORT}


@dataclass(slots=True)
class _Told:
    """What the broker was told of one meter."""

    texts: dict[str, tuple[str, float]] = field(default_factory=dict)  # name: text and when
    state_s: float = float("-inf")
    cleared: bool = False  # of labels that are not sent any more
    kept: set[str] = field(default_factory=set)  # names that the broker holds of an earlier run
    silent_since: datetime | None = None


class Native:
    """The layout for every meter; ``gateway`` tells the meters of this one from those of others."""

    def __init__(
        self, root: str, gateway: str, *, min_interval_s: float, max_interval_s: float
    ) -> None:
        self.root = root
        self.gateway = gateway
        self._min_interval_s = min_interval_s
        self._max_interval_s = max_interval_s
        self._meters: dict[str, _Told] = {}

    @property
    def status_topic(self) -> str:
        """Where the gateway says that it is there."""
        return f"{self.root}/status"

    def left(self, key: str) -> Message:
        """Another meter has come where this one was."""
        self._meters.pop(key, None)
        return self.availability(key, OFFLINE)

    def status(self, word: str) -> Message:
        """The gateway's own status; ``offline`` is its last will."""
        return Message(self.status_topic, word, qos=1, retain=True)

    def availability(self, key: str, word: str) -> Message:
        """Whether a meter is heard."""
        return Message(f"{self.root}/{key}/availability", word, qos=1, retain=True)

    def told(
        self,
        view: View,
        reading: Reading,
        *,
        due: bool,  # noqa: ARG002  # of formats that send whole frames
    ) -> Iterator[Message]:
        """What has changed, and what was not told for ``max_interval``."""
        told = self._of(view)
        heard = {label: value for label, value in view.values.items() if label in reading.values}
        texts = {
            plain_name(label): text for label, text in typed_texts(heard, view.horodates).items()
        }
        yield from self._ended(view, told)
        yield from self._changes(view, told, texts | derived(view))
        if reading.kind is FrameKind.LONG and self._is_late(view, told.state_s):
            told.state_s = view.now_s
            yield self._state(view)
        if not told.cleared and view.said.frames >= _FRAMES_TO_BE_SURE:
            told.cleared = True
            yield from self._gone(view, told)

    def happened(self, view: View, event: Event) -> Iterator[Message]:
        """The event itself, and the states that it changes."""
        told = self._of(view)
        if event.kind is EventKind.CHANGE:
            told.cleared = False
        if event.kind is EventKind.OVERLOAD:
            yield from self._changes(view, told, derived(view))
            yield self._state(view)
        elif event.kind in {EventKind.LINK, EventKind.STATUS}:
            yield from self.condition(view)
        if (body := self._event(view, event)) is not None:
            yield self._event_message(view, body)
        if event.kind is EventKind.LINK:
            yield from self._gap(view, told, event)

    def condition(self, view: View) -> Iterator[Message]:
        """How the line and the reader do, as far as it has changed."""
        told = self._of(view)
        word = ONLINE if view.available else OFFLINE
        if told.texts.get("availability", ("",))[0] != word:
            told.texts["availability"] = word, view.now_s
            yield self.availability(view.key, word)
        yield from self._changes(view, told, condition(view))

    def again(self, view: View) -> Iterator[Message]:
        """Everything that is known now; of a meter that is not heard, only that."""
        before = self._of(view)
        told = self._meters[view.key] = _Told(
            kept=before.kept | before.texts.keys(), silent_since=before.silent_since
        )
        yield from self.condition(view)
        if view.available:
            texts = typed_texts(view.values, view.horodates)
            names = {plain_name(label): text for label, text in texts.items()}
            yield from self._changes(view, told, names | derived(view))
            told.state_s = view.now_s
            yield self._state(view)

    def recall(self, view: View, payload: str) -> None:
        """Take the ``state`` that the broker kept, maybe of an earlier run: its labels may be gone.

        Whatever is no such JSON is ignored: anybody may have written it.
        """
        try:
            state = json.loads(payload)
        except (ValueError, RecursionError):
            return
        if isinstance(state, dict):
            dated = state.get("horodates")  # the meter's clock is only there
            names = state.keys() | (dated.keys() if isinstance(dated, dict) else set())
            labels = {label for label in BY_NAME if plain_name(label) in names}
            told = self._of(view)
            told.kept |= {plain_name(label) for label in labels} | derived_names(labels)
            told.cleared = False

    def _of(self, view: View) -> _Told:
        return self._meters.setdefault(view.key, _Told())

    def _is_late(self, view: View, since_s: float) -> bool:
        return view.now_s - since_s >= self._min_interval_s

    def _changes(self, view: View, told: _Told, texts: dict[str, str]) -> Iterator[Message]:
        for name, text in texts.items():
            before, since_s = told.texts.get(name, (None, float("-inf")))
            held_back = (
                before is not None and _is_measured(name) and not self._is_late(view, since_s)
            )
            if (text != before and not held_back) or view.now_s - since_s >= self._max_interval_s:
                told.texts[name] = text, view.now_s
                yield self._retained(view, name, text)

    def _ended(self, view: View, told: _Told) -> Iterator[Message]:
        """Say that events are over."""
        for label in sorted(view.said.ended):
            name = plain_name(label)
            if name in told.texts:
                text = _text_of_end(name)
                told.texts[name] = text, view.now_s
                yield self._retained(view, name, text)

    def _gone(self, view: View, told: _Told) -> Iterator[Message]:
        """Remove what the meter does not send any more, after another mode or contract.

        An event may have ended while nobody could tell the broker.
        """
        now = {plain_name(label) for label in view.values} | derived(view).keys()
        known = told.texts.keys() | told.kept
        for name in sorted(known - now - condition(view).keys() - {"availability"}):
            text = _text_of_end(name)
            if told.texts.get(name, ("",))[0] != text or name in told.kept:
                told.texts[name] = text, view.now_s
                yield self._retained(view, name, text)
        told.kept.clear()

    def _retained(self, view: View, name: str, text: str) -> Message:
        return Message(f"{self.root}/{view.key}/{name}", text, retain=True)

    def _state(self, view: View) -> Message:
        state: dict[str, object] = {
            plain_name(label): typed_json(label, value)
            for label, value in view.values.items()
            if BY_NAME.get(label) is None or BY_NAME[label].kind is not Kind.CLOCK
        }
        state |= {
            "ts": view.time and view.time.isoformat(timespec="milliseconds"),
            "gateway": self.gateway,
            "meter": view.name,
            "mode": view.mode,
            "active_power": view.estimate.active_power_w,
            "load_percent": view.estimate.load_percent,
            "slot": view.slot,
            "overload": view.overload != NONE,
            "horodates": {
                plain_name(label): time
                for label, horodate in view.horodates.items()
                if (time := rfc3339(horodate)) is not None
            },
        }
        return self._retained(view, "state", json.dumps(state, ensure_ascii=False))

    def _event(self, view: View, event: Event) -> dict[str, object] | None:
        kind = _TYPES.get(event.kind)
        if event.kind is EventKind.CHANGE:
            kind = _TYPES_OF_CHANGE.get(event.value)
        if kind is None:  # refused values are the business of the page and of the history
            return None
        # An exchange tells both addresses.
        detail = "" if view.has_alias and kind == "meter_change" else event.detail
        return {"type": kind, "ts": event.time.isoformat(), "value": event.value, "detail": detail}

    def _gap(self, view: View, told: _Told, event: Event) -> Iterator[Message]:
        """Tell how long nothing was heard, once something is heard again."""
        if event.value in _AWAY and told.silent_since is None:
            told.silent_since = view.time or event.time
        elif event.value == LinkState.OK and told.silent_since is not None:
            since, told.silent_since = told.silent_since, None
            body = {
                "type": "gap",
                "ts": event.time.isoformat(),
                "since": since.isoformat(),
                "seconds": round((event.time - since).total_seconds()),
            }
            yield self._event_message(view, body)

    def _event_message(self, view: View, body: dict[str, object]) -> Message:
        body["meter"] = view.name
        payload = json.dumps(body, ensure_ascii=False)
        return Message(f"{self.root}/{view.key}/event", payload, qos=1)


def _is_measured(name: str) -> bool:
    if name in _ESTIMATED:
        return True
    label = _LABELS.get(name)
    return label is not None and label.kind in _MEASURED and not label.event


def _text_of_end(name: str) -> str:
    """What is told of a value that is no more."""
    label = _LABELS.get(name)
    is_zero = label is not None and label.event and label.kind in _NONE_ANY_MORE
    return "0" if is_zero else ""
