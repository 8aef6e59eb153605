"""Our own points: ``teleinfo`` for readings, ``teleinfo_label`` and ``teleinfo_event``. Pure.

Fields are the columns of the history; see docs/influxdb.rst. VictoriaMetrics stores numbers only:
there, texts are tags of points whose value is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.outputs.influxdb.line_protocol import Point
from tic import BY_NAME, Kind

__all__ = ["Native", "NumbersOnly"]

Privacy = Literal["none", "alias"]

_READING, _LABEL, _EVENT = "teleinfo", "teleinfo_label", "teleinfo_event"
_S = 1_000_000_000  # nanoseconds
_NUMBERS = {Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.DURATION, Kind.NUMBER}
_MAX_DIGITS = 18  # of an integer of 64 bits
_IDENTITIES = {"ADCO", "ADSC", "PRM"}  # labels
_WITH_ADDRESSES = "change"  # the event whose detail may name a meter before and after


class Native:
    """Points with numbers and texts; under ``alias`` nothing in them identifies a household."""

    def __init__(self, privacy: Privacy) -> None:
        self._alias = privacy == "alias"

    def points(self, row: Row) -> Iterator[Point]:
        """The points of a row."""
        match row.kind:
            case "reading":
                yield from self._reading(row, _period(row))
            case "label":
                if not (self._alias and row.values["label"] in _IDENTITIES):
                    yield from self._label(row, str(row.values["label"]))
            case "event":
                yield from self._event(row, str(row.values["kind"]))

    def _meter(self, row: Row) -> str:
        """Of events before a meter has told its address, the name; of the gateway, nothing."""
        return row.name if self._alias else row.adco or row.name

    def _reading(self, row: Row, period: str) -> Iterator[Point]:
        tags = {"meter": self._meter(row), "period": period}
        yield Point(_READING, row.ts * _S, tags, _known(row.values))

    def _label(self, row: Row, label: str) -> Iterator[Point]:
        text = str(row.values["value"])
        fields = _known({"text": text, "horodate": row.values.get("horodate")}) | _number(row)
        yield Point(_LABEL, row.ts * _S, {"meter": self._meter(row), "label": label}, fields)

    def _event(self, row: Row, kind: str) -> Iterator[Point]:
        value, detail = str(row.values["value"]), str(row.values["detail"])
        label = value.partition(" ")[0]  # of a refused value
        if self._alias and label in _IDENTITIES:
            value, detail = label, ""
        elif self._alias and kind == _WITH_ADDRESSES:
            detail = ""
        fields = {"value": value, "detail": detail}
        tags = {"meter": self._meter(row), "kind": kind}
        # Two events of a second are two points: none of them takes the place of the other.
        yield Point(_EVENT, row.ts * _S + row.seq % _S, tags, fields)


class NumbersOnly(Native):
    """Points for VictoriaMetrics. A text is a tag, hence a series: only those that are few."""

    def _reading(self, row: Row, period: str) -> Iterator[Point]:
        meter = {"meter": self._meter(row)}
        known = _known(row.values)
        numbers = {name: value for name, value in known.items() if isinstance(value, int)}
        texts = {name: value for name, value in known.items() if isinstance(value, str)}
        yield Point(_READING, row.ts * _S, meter | {"period": period}, numbers)
        yield Point(_READING, row.ts * _S, meter | texts, {"info": 1})

    def _label(self, row: Row, label: str) -> Iterator[Point]:
        tags = {"meter": self._meter(row), "label": label}
        if number := _number(row):
            yield Point(_LABEL, row.ts * _S, tags, number)
        else:
            text = {"text": str(row.values["value"])}
            yield Point(_LABEL, row.ts * _S, tags | text, {"info": 1})

    def _event(self, row: Row, kind: str) -> Iterator[Point]:
        tags = {"meter": self._meter(row), "kind": kind}
        # Of a refused value, its label alone: the values of a bad line are without number.
        what = str(row.values["value"]).partition(" ")[0]
        yield Point(_EVENT, row.ts * _S, tags | {"value": what}, {"happened": 1})


def _known(values: Mapping[str, int | str | None]) -> dict[str, int | str]:
    return {name: value for name, value in values.items() if value is not None}


def _period(row: Row) -> str:
    """``HP`` for ``HP..``, as people write it."""
    return str(row.values.get("ptec") or "").rstrip(".")


def _number(row: Row) -> dict[str, int | str]:
    """The value of a label that the specification says is a number."""
    label = BY_NAME.get(str(row.values["label"]))
    text = str(row.values["value"])
    is_number = label is not None and label.kind in _NUMBERS
    if is_number and text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return {"value": int(text)}
    return {}
