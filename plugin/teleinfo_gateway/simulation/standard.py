"""What a Linky says in standard mode: single- or three-phase, consumer or producer.

Source: Enedis-NOI-CPT_54E v3, section 6.
"""

from datetime import datetime

from teleinfo_gateway.simulation.clock import horodate
from teleinfo_gateway.simulation.fields import Value, in_order
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.measure import Measure
from teleinfo_gateway.simulation.registers import Registers, Stamped
from teleinfo_gateway.simulation.tariffs import Peak, TariffState
from tic import BY_NAME, Group
from tic.registers import Colour

__all__ = ["groups"]

_CURVE_UPDATE_S = 10
"""After each period the load curve is absent while the meter writes it."""

_STATUS = 0x003A0000  # TIC standard, Euridis secured, power line new and locked
_COLOURS = {colour: code for code, colour in enumerate(Colour)}
_BLOCKS = 11


def groups(
    installation: Installation, registers: Registers, now: Measure, tariff: TariffState
) -> list[Group]:
    """A whole frame, from one snapshot: its sums agree."""
    values: dict[str, Value] = {
        "ADSC": installation.identity,
        "VTIC": 2,
        "DATE": Stamped("", horodate(now.at)),
        "NGTF": _centred("NGTF", tariff.option.ngtf),
        "LTARF": _centred("LTARF", tariff.slot.ltarf),
        "PREF": installation.subscribed_kva,
        "PCOUP": installation.subscribed_kva,
        "STGE": f"{_status(installation, now, tariff):08X}",
        "MSG1": "PAS DE          MESSAGE         ",
        "PRM": installation.delivery_point,
        "RELAIS": int(tariff.contact_closed),
        "NTARF": tariff.supplier,
        "NJOURF": 0,
        "NJOURF+1": 0,
        "PJOURF+1": _profile(tariff.option.profile),
    }
    values |= _energy(registers)
    values |= _power(installation.phases, registers, now)
    if now.at.timestamp() % registers.drawn_w.period_s >= _CURVE_UPDATE_S:
        values["CCASN"], values["CCASN-1"] = registers.drawn_w.last, registers.drawn_w.previous
    if installation.producer:
        values |= _sold(registers, now)
    values |= _peaks(tariff)
    return in_order(values)


def _centred(label: str, text: str) -> str:
    return text.center(BY_NAME[label].size)


def _profile(blocks: tuple[str, ...]) -> str:
    return " ".join([*blocks, *["NONUTILE"] * (_BLOCKS - len(blocks))])


def _energy(registers: Registers) -> dict[str, Value]:
    values: dict[str, Value] = {"EAST": registers.drawn_wh}
    for index, energy_wh in enumerate(registers.supplier_wh, 1):
        values[f"EASF{index:02}"] = energy_wh
    for index, energy_wh in enumerate(registers.distributor_wh, 1):
        values[f"EASD{index:02}"] = energy_wh
    return values


def _power(phases: int, registers: Registers, now: Measure) -> dict[str, Value]:
    """Powers drawn, currents, voltages; only three-phase meters number their powers."""
    values: dict[str, Value] = {
        "SINSTS": max(now.total_va, 0),
        "SMAXSN": registers.drawn_va.today,
        "SMAXSN-1": registers.drawn_va.yesterday,
    }
    for phase, amperes in enumerate(now.current_a):
        number = phase + 1
        values[f"IRMS{number}"] = amperes
        values[f"URMS{number}"] = now.voltage_v[phase]
        values[f"UMOY{number}"] = registers.voltage_v[phase].last
        if phases > 1:
            values[f"SINSTS{number}"] = max(now.apparent_va[phase], 0)
            values[f"SMAXSN{number}"] = registers.phase_va[phase].today
            values[f"SMAXSN{number}-1"] = registers.phase_va[phase].yesterday
    return values


def _sold(registers: Registers, now: Measure) -> dict[str, Value]:
    """What only a producer's meter says."""
    values: dict[str, Value] = {
        "EAIT": registers.injected_wh,
        "SINSTI": max(-now.total_va, 0),
        "SMAXIN": registers.injected_va.today,
        "SMAXIN-1": registers.injected_va.yesterday,
    }
    for quadrant, energy_varh in enumerate(registers.reactive_varh, 1):
        values[f"ERQ{quadrant}"] = energy_varh
    if now.at.timestamp() % registers.injected_w.period_s >= _CURVE_UPDATE_S:
        values["CCAIN"] = registers.injected_w.last
        values["CCAIN-1"] = registers.injected_w.previous
    return values


def _peaks(tariff: TariffState) -> dict[str, Value]:
    """DPMn, FPMn, PPOINTE; of two peaks with the same number the earlier one is shown."""
    values: dict[str, Value] = {}
    for peak in (tariff.announced, tariff.in_progress):
        if peak is not None:
            values[f"DPM{peak.number}"] = Stamped("00", _seasonless(peak.begin))
            values[f"FPM{peak.number}"] = Stamped("00", _seasonless(peak.end))
    if tariff.announced is not None:
        values["PPOINTE"] = _profile(tariff.announced.profile)
    return values


def _seasonless(at: datetime) -> str:
    return " " + horodate(at)[1:]


def _status(installation: Installation, now: Measure, tariff: TariffState) -> int:
    """STGE: bits 0, 7 to 15 and 24 to 31; the others never change here."""

    def number(peak: Peak | None) -> int:
        return 0 if peak is None else peak.number

    return (
        _STATUS
        | (not tariff.contact_closed)
        | (now.total_va > installation.subscribed_kva * 1000) << 7
        | installation.producer << 8
        | (now.total_va < 0) << 9
        | (tariff.supplier - 1) << 10
        | (tariff.distributor - 1) << 14
        | _COLOURS[tariff.today] << 24
        | _COLOURS[tariff.tomorrow] << 26
        | number(tariff.announced) << 28
        | number(tariff.in_progress) << 30
    )
