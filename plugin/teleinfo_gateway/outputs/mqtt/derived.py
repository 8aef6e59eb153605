"""What the native layout tells beside the labels: bits, limits and estimates by name. Pure.

Sources: Enedis-NOI-CPT_54E section 6.2.3.14 (STGE); the estimates are those of the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from teleinfo_gateway.announcements import NONE
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.statuses import LinkState, Status
from tic import BY_NAME, Breaker, StatusRegister

__all__ = ["UNKNOWN_CONTRACT", "condition", "contract", "derived", "derived_names", "on_off"]

UNKNOWN_CONTRACT = "INCONNU"
_TEMPO = "BBR"  # the last character of the option programs the contacts
_VA_PER_KVA = 1000
_NAMES = {"OPTARIF": "contract", "PREF": "pref_va", "PCOUP": "pcoup_va"}
_NO_BITS = "00000000"  # of STGE
_READS = {Status.STARTING, Status.ALIVE, Status.DEAD}  # DEAD is started again


def on_off(state: bool) -> str:
    """The words of Home Assistant for a state that is one of two."""
    return "ON" if state else "OFF"


def contract(option: str) -> str:
    """``BASE``, ``HC..``, ``EJP.`` or ``BBR``; ``INCONNU`` for what is none of them."""
    if option.startswith(_TEMPO):
        return _TEMPO
    option = option.replace(" ", ".")  # some meters write "EJP "
    return option if option in BY_NAME["OPTARIF"].meanings else UNKNOWN_CONTRACT


def derived(view: View) -> dict[str, str]:
    """Name to text of what follows from the labels, and of what is estimated."""
    values, estimate = view.values, view.estimate
    texts = {"overload": on_off(view.overload != NONE)}
    numbers = {
        "active_power": estimate.active_power_w,
        "injected_power": estimate.injected_power_w,
        "load_percent": estimate.load_percent,
        "slot": view.slot,
    }
    texts |= {name: str(number) for name, number in numbers.items() if number is not None}
    if "OPTARIF" in values:
        texts[_NAMES["OPTARIF"]] = contract(values["OPTARIF"])
    for label in ("PREF", "PCOUP"):
        if label in values:
            texts[_NAMES[label]] = str(int(values[label]) * _VA_PER_KVA)
    if "STGE" in values:
        texts |= _bits(StatusRegister.parse(values["STGE"]))
    return texts


def derived_names(labels: AbstractSet[str]) -> set[str]:
    """The names of what follows from labels alone, without any estimate."""
    names = {name for label, name in _NAMES.items() if label in labels}
    return names | _bits(StatusRegister.parse(_NO_BITS)).keys() if "STGE" in labels else names


def _bits(register: StatusRegister) -> Mapping[str, str]:
    return {
        "over_voltage": on_off(register.over_voltage),
        "cover_open": on_off(register.cover_open),
        "breaker_open": on_off(register.breaker is not Breaker.CLOSED),
        "breaker": register.breaker.value,
        "contact_closed": on_off(not register.contact_open),
        "clock_degraded": on_off(register.clock_degraded),
        "peak_notice": on_off(register.peak_notice > 0),
        "injecting": on_off(register.injecting),
    }


def condition(view: View) -> dict[str, str]:
    """Name to text of how the meter's line and reader do."""
    reads = view.status in _READS
    texts = {
        "link": on_off(reads and view.link is LinkState.OK),
        "reader": on_off(reads),
        "reader_status": view.status.value,
    }
    if view.error_percent is not None:
        texts["error_rate"] = f"{view.error_percent:.1f}"
    return texts
