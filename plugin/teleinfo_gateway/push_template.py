"""Texts with placeholders, filled with the values of a reading. Pure.

``{PAPP}`` is a value that must be there, ``{PAPP?}`` one that may be missing. Names in capitals are
labels, others columns of ``ti_reading`` and what :data:`COMMON` lists; docs/push.rst tells them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from teleinfo_gateway.errors import GatewayError
from tic import BY_NAME, Mode

__all__ = [
    "COLUMNS",
    "COMMON",
    "LABELS",
    "NAMES",
    "Missing",
    "Value",
    "in_json",
    "in_text",
    "in_url",
    "names_in",
]

Value = int | str | Mapping[str, str]

COMMON = frozenset(
    {"adco", "name", "mode", "time", "date", "timestamp", "seq", "hphc", "labels", "secret"}
)
"""What is told of every reading; ``secret`` is that of the configuration."""

COLUMNS = frozenset(
    {
        *("interval_s", "optarif", "ptec", "slot", "demain", "hhphc", "state", "isousc", "pref"),
        *("adps", "pejp", "papp", "papp_min", "papp_max", "papp1", "papp2", "papp3", "pinj"),
        *("pmax", "i1", "i2", "i3", "u1", "u2", "u3", "imax1", "imax2", "imax3", "idx_total"),
        *(f"idx{slot:02}" for slot in range(1, 11)),
        "idx_inj",
    }
)
"""The columns of a reading."""

LABELS = frozenset(
    {
        *(name for name, label in BY_NAME.items() if label.mode is Mode.HISTORIQUE),
        *("ADSC", "NGTF", "LTARF", "NTARF", "PREF", "STGE", "EAST", "EAIT", "SINSTS", "SINSTI"),
        *(f"EASF{slot:02}" for slot in range(1, 11)),
        *(f"{name}{phase}" for name in ("SINSTS", "IRMS", "URMS") for phase in (1, 2, 3)),
    }
    - {"PPOT", "ADIR1", "ADIR2", "ADIR3"}
)
"""The labels that have a column; the historique ones are told of standard meters too."""

NAMES = COMMON | COLUMNS | LABELS

_PLACEHOLDER = r"\{([A-Za-z][A-Za-z0-9_]*)(\??)\}"
_placeholders = re.compile(_PLACEHOLDER)
_pieces_of_json = re.compile(rf'("(?:[^"\\]|\\.)*")|{_PLACEHOLDER}')


class Missing(GatewayError):  # noqa: N818  # an outcome, not a fault
    """A value that a template asks for is not told by this reading; ``name`` is what it is."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the reading has no {name}")
        self.name = name


def names_in(template: str) -> list[str]:
    """The names of all placeholders, in order."""
    return [name for name, _ in _placeholders.findall(template)]


def in_url(template: str, values: Mapping[str, Value]) -> str:
    """For a URL or a form: values are percent-encoded. Raises :class:`Missing`."""
    return _filled(template, values, lambda text: quote(text, safe=""))


def in_text(template: str, values: Mapping[str, Value]) -> str:
    """Values as they are. Raises :class:`Missing`."""
    return _filled(template, values, str)


def in_json(template: str, values: Mapping[str, Value]) -> str:
    """Between quotes, values are escaped; elsewhere they are numbers, strings, objects or ``null``.

    Raises :class:`Missing`.
    """

    def piece(found: re.Match[str]) -> str:
        text, name, optional = found.groups()
        if text is not None:
            return _filled(text, values, lambda value: json.dumps(value)[1:-1])
        return json.dumps(_value(name, optional, values))

    return _pieces_of_json.sub(piece, template)


def _filled(template: str, values: Mapping[str, Value], escaped: Callable[[str], str]) -> str:
    def text(found: re.Match[str]) -> str:
        value = _value(found[1], found[2], values)
        if value is None:
            return ""
        return escaped(json.dumps(value) if isinstance(value, Mapping) else str(value))

    return _placeholders.sub(text, template)


def _value(name: str, optional: str, values: Mapping[str, Value]) -> Value | None:
    value = values.get(name)
    if value is None and not optional:
        raise Missing(name)
    return value
