r"""Points in InfluxDB's line protocol: one line each, whatever their texts hold. Pure.

Source: InfluxDB 1.8 documentation, "InfluxDB line protocol reference", sections "Data types" and
"Special characters". What its readers do not agree on is never written: a control character becomes
its picture (U+2400 and following), a ``\`` outside of a quoted text its wide form (U+FF3C).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Point", "encode"]

_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_QUOTED = str.maketrans(_PICTURES | {ord('"'): r"\"", ord("\\"): r"\\"})
_MEASUREMENT = str.maketrans(
    _PICTURES | {ord(","): r"\,", ord(" "): r"\ ", ord("\\"): "\N{FULLWIDTH REVERSE SOLIDUS}"}
)
_NAME = _MEASUREMENT | {ord("="): r"\="}


@dataclass(frozen=True, slots=True)
class Point:
    """Values at one time; ``time_ns`` are unix nanoseconds. Integers have at most 64 bits.

    Points of the same measurement, tags and time are one point: the values of the last one stay.
    """

    measurement: str
    time_ns: int
    tags: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, int | str] = field(default_factory=dict)


def encode(points: Iterable[Point]) -> bytes:
    """A line for each point that has a field; a tag without a value is left out."""
    lines = [_line(point) for point in points if point.fields]
    return "".join(lines).encode("utf-8", "replace")


def _line(point: Point) -> str:
    tags = "".join(
        f",{key.translate(_NAME)}={value.translate(_NAME)}"
        for key, value in sorted(point.tags.items())  # in order: the server need not sort them
        if value
    )
    fields = ",".join(
        f"{key.translate(_NAME)}={_value(value)}" for key, value in point.fields.items()
    )
    return f"{point.measurement.translate(_MEASUREMENT)}{tags} {fields} {point.time_ns}\n"


def _value(value: int | str) -> str:
    return f"{value}i" if isinstance(value, int) else f'"{value.translate(_QUOTED)}"'
