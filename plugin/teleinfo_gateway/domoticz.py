"""What a meter says -> values for devices of Domoticz. Pure.

Sources: Domoticz's own driver for this line (``TeleinfoBase.cpp``: which index is which usage of a
P1 device, the levels of an alert) and its wiki, "MQTT" and "JSON URL's" (the values of each kind).

Domoticz writes W beside a power, so that only active power is sent as one: the estimate, or 0 while
no apparent power is drawn. What is not known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from teleinfo_gateway.announcements import NONE
from teleinfo_gateway.config.homes import DomoticzConfig
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.snapshot import Snapshot
from tic import INDEX_LABELS, PERIOD_SLOTS, Mode

__all__ = ["DomoticzUpdates", "Update"]

_TEMPO = "BBR"  # the last character of the option programs the contacts
_COLOURS = ("blue", "white", "red")  # of the slots 1 and 2, 3 and 4, 5 and 6
_LEVELS = ((98, 4), (90, 3), (80, 2))
"""Above so many percent of what is subscribed, the level of an alert; else 1."""

_FRAMES_TO_BE_SURE = 5
"""Complete frames after which a label that did not come is not sent: an index is believed late."""

_VA_PER_KVA = 1000
_LOADS = {Mode.HISTORIQUE: ("ISOUSC", "A", "IINST"), Mode.STANDARD: ("PREF", "kVA", "SINSTS")}
"""What is subscribed, its unit, and what is drawn: a label, or one for each phase."""

_APPARENT = ("SINSTS", "SINST1", "PAPP")  # SINST1: of pilot meters


class Update(NamedTuple):
    """A new value of one device; the text has what is shown, the number the level of an alert."""

    idx: int
    nvalue: int
    svalue: str


class DomoticzUpdates:
    """Decides what of each meter Domoticz is told, and when."""

    def __init__(self, config: DomoticzConfig) -> None:
        self._devices = {device.meter: device for device in config.devices}
        self._levels: dict[str, int] = {}  # last told, by meter

    def told(self, meter: str, said: Snapshot, estimate: Estimate, *, due: bool) -> list[Update]:
        """Everything that is known if it is due, else the alert if it has risen.

        A level that has fallen waits: a load at the edge of two would fill Domoticz's log.
        """
        devices = self._devices.get(meter)
        if devices is None:
            return []
        alert = self._alert(meter, said)
        if not due:
            risen = alert is not None and alert.nvalue > self._levels.get(meter, 0)
            return self._noted(meter, [alert] if alert is not None and risen else [])
        values = _values(said, estimate)
        updates = [
            Update(idx, 0, values[key]) for key, idx in devices.numbers.items() if key in values
        ]
        return self._noted(meter, [*updates, *([alert] if alert else [])])

    def overload(self, meter: str, said: Snapshot) -> list[Update]:
        """The alert, if an overload that begins, changes or ends gives it another level."""
        alert = self._alert(meter, said)
        if alert is None or alert.nvalue == self._levels.get(meter):
            return []
        return self._noted(meter, [alert])

    def _alert(self, meter: str, said: Snapshot) -> Update | None:
        devices = self._devices.get(meter)
        if devices is None or devices.alert is None:
            return None
        return _alert(devices.alert, said)

    def _noted(self, meter: str, updates: list[Update]) -> list[Update]:
        alert = self._devices[meter].alert
        for update in updates:
            if update.idx == alert:
                self._levels[meter] = update.nvalue
        return updates


def _values(said: Snapshot, estimate: Estimate) -> dict[str, str]:
    """Key of a device to its value, as far as that is known."""
    values = said.values
    apparent_va = next((values[label] for label in _APPARENT if label in values), None)
    drawn_w = _watts(estimate.active_power_w, apparent_va)
    load = _load(said)
    found = {
        **_p1(said, drawn_w, _injected(said, estimate)),
        "kwh": _kwh(said, drawn_w),
        "usage": _text(drawn_w),
        "papp": _number(apparent_va),
        "current": _current(said.historique),
        "voltage": _number(values.get("URMS1")),
        "load": None if load is None else f"{load.percent:.0f}",
        "tariff": _tariff(said),
    }
    return {key: value for key, value in found.items() if value is not None}


class _Injected(NamedTuple):
    wh: int
    power_w: int


def _injected(said: Snapshot, estimate: Estimate) -> _Injected | None:
    """What a producer injects, nothing for others; ``None`` if that is not known.

    Only a producer's meter has EAIT, in standard mode: its absence is known after some frames.
    """
    if "EAIT" in said.values:
        power_w = _watts(estimate.injected_power_w, said.values.get("SINSTI"))
        return None if power_w is None else _Injected(int(said.values["EAIT"]), power_w)
    sure = said.mode is Mode.HISTORIQUE or said.frames >= _FRAMES_TO_BE_SURE
    return _Injected(0, 0) if sure else None


def _p1(said: Snapshot, drawn_w: int | None, injected: _Injected | None) -> dict[str, str]:
    """``USAGE1;USAGE2;RETURN1;RETURN2;CONS;PROD``, in Wh and W: one for all, three under Tempo.

    The dearer hours are USAGE1, the others USAGE2. What is injected is in the one for all only,
    for Domoticz adds up what several devices return.
    """
    indexes = _indexes(said.historique)
    if indexes is None or drawn_w is None:
        return {}
    found = {}
    if injected is not None:
        dear, cheap = (indexes[1::2], indexes[::2]) if len(indexes) > 1 else (indexes, [0])
        found["p1"] = f"{sum(dear)};{sum(cheap)};{injected.wh};0;{drawn_w};{injected.power_w}"
    slot = PERIOD_SLOTS.get(said.historique.get("PTEC", ""))
    if said.historique["OPTARIF"].startswith(_TEMPO) and slot is not None:
        for number, colour in enumerate(_COLOURS):
            power_w = drawn_w if (slot - 1) // 2 == number else 0
            found[colour] = f"{indexes[2 * number + 1]};{indexes[2 * number]};0;0;{power_w};0"
    return found


def _indexes(labels: Mapping[str, str]) -> list[int] | None:
    """The indexes of the contract in Wh, slot 1 first; ``None`` if one is not known."""
    option = labels.get("OPTARIF", "").replace(" ", ".")  # some meters write "EJP "
    names = INDEX_LABELS.get("BBR(" if option.startswith(_TEMPO) else option)
    if names is None or not all(name in labels for name in names):
        return None
    return [int(labels[name]) for name in names]


def _kwh(said: Snapshot, drawn_w: int | None) -> str | None:
    """``POWER;ENERGY``, in W and Wh."""
    if said.mode is Mode.STANDARD:
        total_wh = int(said.values["EAST"]) if "EAST" in said.values else None
    else:
        indexes = _indexes(said.historique)
        total_wh = None if indexes is None else sum(indexes)
    return None if total_wh is None or drawn_w is None else f"{drawn_w};{total_wh}"


def _current(labels: Mapping[str, str]) -> str | None:
    """``I1;I2;I3``, in A; 0 for phases that a meter does not have."""
    if "IINST" in labels:
        return f"{int(labels['IINST'])};0;0"
    phases = [labels.get(f"IINST{phase}") for phase in (1, 2, 3)]
    return ";".join(str(int(amperes or 0)) for amperes in phases) if all(phases) else None


def _tariff(said: Snapshot) -> str | None:
    """The period that counts, in the words of the meter: ``HP``, ``HEURE PLEINE``."""
    if said.mode is Mode.STANDARD:
        return " ".join(said.values.get("LTARF", "").split()) or None
    return said.values.get("PTEC", "").rstrip(".") or None


class _Load(NamedTuple):
    """What the worst phase draws of what it may draw; ``limit`` in words."""

    percent: float
    limit: str


def _load(said: Snapshot) -> _Load | None:
    """By currents in historique mode, by powers in standard mode, as Domoticz does."""
    if said.mode is None:
        return None
    limit, unit, label = _LOADS[said.mode]
    values = said.values if said.mode is Mode.STANDARD else said.historique
    limited = int(values.get(limit, "0"))
    phases = [values.get(f"{label}{phase}") for phase in (1, 2, 3)]
    drawn = [
        None if value is None else int(value)
        for value in (phases if any(phases) else [values.get(label)])
    ]
    known = [value for value in drawn if value is not None]
    if len(known) < len(drawn) or not limited:
        return None
    of_phase = limited * _VA_PER_KVA / len(drawn) if unit == "kVA" else limited
    return _Load(100 * max(known) / of_phase, f"{limited} {unit}")


def _alert(idx: int, said: Snapshot) -> Update | None:
    """The level and its text, which is the same as long as the level is."""
    load = _load(said)
    overload = said.overload != NONE
    if load is None:
        return Update(idx, 4, "> 98 %") if overload else None
    above, level = next(
        ((above, level) for above, level in _LEVELS if load.percent > above), (None, 1)
    )
    if overload:
        above, level = _LEVELS[0]
    text = f"< {_LEVELS[-1][0]} %" if above is None else f"> {above} %"
    return Update(idx, level, f"{text} ({load.limit})")


def _watts(estimated_w: int | None, apparent_va: str | None) -> int | None:
    """Active power: none without apparent power, else the estimate, which lags behind."""
    if apparent_va is not None and not int(apparent_va):
        return 0
    return estimated_w


def _number(value: str | None) -> str | None:
    return None if value is None else _text(int(value))


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
