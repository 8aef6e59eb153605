"""The bodies of ``teleinfo.basic``, ``teleinfo.short`` and ``teleinfo.std``. Pure.

Source: xPL schema collection, ``teleinfo.basic`` and ``teleinfo.short`` (names and their order);
what receivers reject was found by running them, see the page on xPL of the documentation.
``teleinfo.std`` is a schema of this project: there was none for the labels of the standard mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from teleinfo_gateway.readings import Reading
from tic import LABELS, Kind, Label, Mode

BASIC = "teleinfo.basic"
SHORT = "teleinfo.short"
STANDARD = "teleinfo.std"

Body = tuple[tuple[str, str], ...]
"""The pairs of a message."""

# fmt: off
KEYS = {
    BASIC: (
        "ADCO", "OPTARIF", "ISOUSC", "BASE", "IINST", "IMAX", "MOTDETAT", "HCHC", "HCHP", "EJPHN",
        "EJPHPM", "BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR", "PEJP", "PTEC",
        "DEMAIN", "ADPS", "PAPP", "HHPHC", "PPOT", "IINST1", "IINST2", "IINST3", "IMAX1", "IMAX2",
        "IMAX3", "PMAX",
    ),
    SHORT: ("ADCO", "ADIR1", "ADIR2", "ADIR3", "IINST1", "IINST2", "IINST3"),
}
# fmt: on
"""The labels of each schema, in the order in which they are sent."""

_STANDARD_LABELS: tuple[Label, ...] = tuple(
    label for label in LABELS if label.mode is Mode.STANDARD and label.name != "ADSC"
)

_STANDARD_BYTES = 1384
"""Of the pairs of one ``teleinfo.std``. With the longest source the frame around them takes 87
bytes, and a datagram stays below 1472, which is what fits an Ethernet packet."""

_not_domogik = re.compile(r"[^a-z0-9_.]").sub


def domogik_value(value: str) -> str:
    """A value as Domogik's plugin sends it: ``HC..`` is ``hc..``, ``BBR(`` is ``bbr``."""
    return _not_domogik("", value.lower())


def standard_key(label: str) -> str:
    """The key of a standard label: in lower case, and ``+`` is ``-p``: ``njourf-p1``."""
    return label.lower().replace("+", "-p")


def body(schema: str, values: Mapping[str, str], *, raw: bool, device: str) -> Body:
    """The pairs of a message, from label to value as the meter sent it.

    ``device`` is the value of the last pair: ``adco`` for the meter's address, ``none`` for no
    such pair, else the text itself. Leading zeros stay. What is empty after the profile (the
    ``----`` of DEMAIN) is left out: an empty value makes Domogik reject the whole message.
    """
    pairs = [
        (label.lower(), values[label] if raw else domogik_value(values[label]))
        for label in KEYS[schema]
        if label in values
    ]
    if device != "none":
        pairs.append(("device", domogik_value(values["ADCO"]) if device == "adco" else device))
    return tuple(pair for pair in pairs if pair[1])


def standard_bodies(reading: Reading, *, raw: bool, device: str) -> list[Body]:
    """What a standard frame says as the bodies of one or more messages, each small enough.

    Each begins with ``adsc`` and ends with ``device``, as in :func:`body`. A label the meter dates
    has its horodate in a pair ``KEY-h`` behind it; that of DATE is its value. No value is cut.
    """
    first = ("adsc", reading.address)
    last = ("device", domogik_value(reading.address) if device == "adco" else device)
    around = (first,) if device == "none" else (first, last)
    room = _STANDARD_BYTES - _size(around)
    bodies: list[Body] = []
    pairs: Body = ()
    for group in _standard_groups(reading, raw=raw):
        if _size(pairs) + _size(group) > room:
            bodies.append((first, *pairs, *around[1:]))
            pairs = ()
        pairs += group
    return [*bodies, (first, *pairs, *around[1:])]


def _standard_groups(reading: Reading, *, raw: bool) -> Iterator[Body]:
    """The pairs of each label, in the order in which a meter sends them; they stay together."""
    for label in _STANDARD_LABELS:
        key = standard_key(label.name)
        value = reading.values.get(label.name, "")
        dated = reading.horodates.get(label.name, "")
        pairs = ((key, dated),) if label.kind is Kind.CLOCK else ((key, value), (f"{key}-h", dated))
        written = ((key, text if raw else domogik_value(text)) for key, text in pairs)
        yield tuple((key, text) for key, text in written if text.strip())


def _size(pairs: Body) -> int:
    return sum(len(key) + len(value) + 2 for key, value in pairs)
