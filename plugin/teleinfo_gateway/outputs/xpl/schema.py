"""The bodies of ``teleinfo.basic`` and ``teleinfo.short``. Pure.

Source: xPL schema collection, ``teleinfo.basic`` and ``teleinfo.short`` (names and their order);
what receivers reject was found by running them, see the page on xPL of the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BASIC = "teleinfo.basic"
SHORT = "teleinfo.short"

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

_not_domogik = re.compile(r"[^a-z0-9_.]").sub


def domogik_value(value: str) -> str:
    """A value as Domogik's plugin sends it: ``HC..`` is ``hc..``, ``BBR(`` is ``bbr``."""
    return _not_domogik("", value.lower())


def body(
    schema: str, values: Mapping[str, str], *, raw: bool, device: str
) -> tuple[tuple[str, str], ...]:
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
