"""What an electronic meter says: single-phase (CBEMM-ICC) or three-phase (CBETM); or a Linky.

Source: Enedis-NOI-CPT_02E; L16C6, ZMD126 and Sagem C2000 guides for what an overload changes;
Enedis-NOI-CPT_54E for what a Linky puts where it has no value.
"""

from teleinfo_gateway.simulation.fields import Value, group, in_order
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.measure import Measure
from teleinfo_gateway.simulation.registers import Registers
from teleinfo_gateway.simulation.tariffs import Tariff, TariffState
from tic import Group
from tic.registers import Colour

__all__ = ["long_groups", "overloads", "short_groups"]

_TOMORROW = {Colour.NONE: "----", Colour.BLUE: "BLEU", Colour.WHITE: "BLAN", Colour.RED: "ROUG"}


def overloads(installation: Installation, now: Measure) -> dict[str, int]:
    """ADPS, or ADIRn of each phase concerned: the currents over the subscribed one, in A."""
    names = ("ADPS",) if installation.phases == 1 else ("ADIR1", "ADIR2", "ADIR3")
    return {
        name: amperes
        for name, amperes in zip(names, now.current_a, strict=True)
        if amperes > installation.subscribed_a
    }


def long_groups(
    installation: Installation, registers: Registers, now: Measure, tariff: TariffState
) -> list[Group]:
    """A whole frame; a meter sends only what its tariff and its phases have."""
    option = tariff.option
    values: dict[str, Value] = {
        "ADCO": installation.identity,
        "OPTARIF": option.optarif,
        "ISOUSC": installation.subscribed_a,
        "PTEC": tariff.slot.ptec,
        "MOTDETAT": "000000",
    }
    for slot, index_wh in zip(option.slots, registers.supplier_wh, strict=False):
        values[slot.label] = index_wh
    if installation.tariff is Tariff.EJP and (tariff.announced or tariff.in_progress):
        values["PEJP"] = 30
    if installation.tariff is Tariff.TEMPO:
        values["DEMAIN"] = _TOMORROW[tariff.tomorrow]
    if installation.linky or installation.tariff in {Tariff.HC, Tariff.TEMPO}:
        values["HHPHC"] = "A"
    if installation.phases == 1:
        values["IINST"] = now.current_a[0]
        values["IMAX"] = 90 if installation.linky else round(registers.current_a[0].highest)
        values["PAPP"] = round(now.total_va, -1)
        values.update(overloads(installation, now))
    else:
        values.update(_currents(now))
        for phase, current_a in enumerate(registers.current_a, 1):
            values[f"IMAX{phase}"] = 60 if installation.linky else round(current_a.highest)
        values["PMAX"] = (
            registers.drawn_va.yesterday.value
            if installation.linky
            else round(registers.total_w.highest)
        )
        values["PAPP"] = now.total_va
        values["PPOT"] = "00"
    return in_order(values)


def short_groups(installation: Installation, now: Measure) -> list[Group]:
    """A short three-phase frame: ADIRn of the phases in overload, *then* ADCO."""
    alarms = [group(label, amperes) for label, amperes in overloads(installation, now).items()]
    identity = group("ADCO", installation.identity)
    return [*alarms, identity, *(group(label, value) for label, value in _currents(now).items())]


def _currents(now: Measure) -> dict[str, int]:
    return {f"IINST{phase}": amperes for phase, amperes in enumerate(now.current_a, 1)}
