"""Typed values: what a group means once its text is believed."""

from __future__ import annotations

from collections.abc import Callable

from tic.groups import Group
from tic.horodate import Horodate
from tic.identity import MeterIdentity
from tic.labels import BY_NAME, Kind
from tic.registers import PhasePresence, Relays, StatusRegister, Switching, parse_profile

Value = (
    int
    | str
    | Horodate
    | MeterIdentity
    | PhasePresence
    | Relays
    | StatusRegister
    | tuple[Switching, ...]
    | None
)
"""What :func:`typed` gives."""

_REGISTERS: dict[str, Callable[[str], StatusRegister | Relays | PhasePresence]] = {
    "STGE": StatusRegister.parse,
    "RELAIS": Relays.parse,
    "PPOT": PhasePresence.parse,
}
_NUMBERS = {Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.DURATION, Kind.NUMBER}


def typed(group: Group) -> Value:
    """The value of a group that the decoder gave, by the kind of its label.

    Numbers are ``int`` in the label's unit; texts lose their padding and double spaces; DATE is a
    :class:`Horodate`; STGE, RELAIS, PPOT, profiles and identities are decoded. Codes, MOTDETAT
    (reserved for the operator), PRM and unknown labels stay text.
    """
    label = BY_NAME.get(group.label)
    if label is None:
        return group.value
    if label.kind in _NUMBERS:
        return int(group.value)
    if label.name in _REGISTERS:
        return _REGISTERS[label.name](group.value)
    match label.kind:
        case Kind.TEXT:
            return " ".join(group.value.split())
        case Kind.CLOCK:
            return stamp(group)
        case Kind.PROFILE:
            return parse_profile(group.value)
        case Kind.IDENTITY if label.name != "PRM":
            return MeterIdentity.parse(group.value)
    return group.value


def stamp(group: Group) -> Horodate | None:
    """The instant that the meter gave to a group, or ``None``."""
    return None if group.horodate is None else Horodate.parse(group.horodate)
