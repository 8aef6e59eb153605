"""The topics of teleinfo2mqtt (fmartinou, and angristan's in Rust). Pure.

``ROOT/KEY`` is a JSON object, label to ``{"raw", "value"}`` and ``"timestamp"`` where the meter
dates the value; its keys are the labels as sent. ``ROOT/status`` is ``up`` after each of them.
``ROOT/tempo`` is retained and told when it changes.

Otherwise than there, a date is UTC as its ``Z`` says and comes from no degraded clock, the
``value`` of an address is text, and only a value of digits alone becomes a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.texts import Telemetry, as_json, as_number, labels
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.tempo import Tempo
from tic import Colour, Horodate
from tic.horodate import SUMMER

__all__ = ["Teleinfo2Mqtt"]

_IN_VA = {"PREF", "PCOUP"}
"""Told in VA there: three zeros are put behind the meter's kVA, in ``raw`` too."""

_ALWAYS_TEXT = {"STGE"}

_WHITE_DAYS, _RED_DAYS = 43, 22


class Teleinfo2Mqtt(Telemetry):
    """Several meters share the root; each has its topic below."""

    def __init__(self, topic: str) -> None:
        super().__init__(topic)
        self._tempo: dict[str, str] = {}  # as each meter last told it, by its key

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        frame = {
            label: _item(label, value, view.horodates.get(label))
            for label, value in labels(view).items()
        }
        yield Message(f"{topic}/{view.key}", as_json(frame))
        yield Message(f"{topic}/status", "up")
        if view.estimate.tempo is not None:
            tempo = as_json(_days(view.estimate.tempo))
            if tempo != self._tempo.get(view.key):
                self._tempo[view.key] = tempo
                yield Message(f"{topic}/tempo", tempo, retain=True)

    def again(self, view: View) -> Iterable[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        self._tempo.pop(view.key, None)
        return super().again(view)


def _item(label: str, value: str, horodate: str | None) -> dict[str, object]:
    raw = f"{value}000" if label in _IN_VA else value
    bare = raw.replace("..", "")
    item: dict[str, object] = {
        "raw": raw,
        "value": bare if label in _ALWAYS_TEXT else as_number(label, bare),
    }
    stamp = None if horodate is None else Horodate.parse(horodate)
    if stamp is not None and not stamp.degraded:
        date = stamp.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        season = "summer" if stamp.time.tzinfo is SUMMER else "winter"
        item["timestamp"] = {"date": date, "dst": season}
    return item


def _days(tempo: Tempo) -> dict[str, object]:
    """The colours; and the days of each, if all of them were seen: a guess would be taken as true.

    A Tempo year has 43 white days and 22 red ones; the others are blue.
    """
    told: dict[str, object] = {"today": _colour(tempo.today), "tomorrow": _colour(tempo.tomorrow)}
    if tempo.not_seen:
        return told
    year = (tempo.since.replace(year=tempo.since.year + 1) - tempo.since).days
    for name, total, elapsed in (
        ("blue", year - _WHITE_DAYS - _RED_DAYS, tempo.blue),
        ("white", _WHITE_DAYS, tempo.white),
        ("red", _RED_DAYS, tempo.red),
    ):
        told[f"{name}_total"] = total
        told[f"{name}_elapsed"] = elapsed
        told[f"{name}_remaining"] = total - elapsed
    return told


def _colour(colour: Colour | None) -> str:
    return "unknown" if colour is None else colour.value
