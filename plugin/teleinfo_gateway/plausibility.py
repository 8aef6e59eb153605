"""What the values of one frame say of each other. Pure.

Source: Enedis-NOI-CPT_54E section 6 (how a Linky computes them); the tolerances were set by
measuring real frames, in which values are refreshed between two groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Doubts = dict[str, str]
"""Label to what was expected of it."""

DEFAULT_LIMIT_W = 50_000.0
"""More than the largest subscription (36 kVA) lets through; used while none is known."""

_HEADROOM = 1.5
"""A Linky opens at 1.3 times the subscription; older meters leave that to a fuse."""

_FRAME_WH = 2
"""What an index may move while a frame is being sent."""


def doubts_of(told: Mapping[str, str]) -> Doubts:
    """The labels that another label of the same frame contradicts."""
    doubts: Doubts = {}
    for rule in _RULES:
        doubts |= rule(told)
    return doubts


def power_limit_w(told: Mapping[str, str]) -> float | None:
    """What the installation can draw at most, by its subscription; ``None`` if it is not told."""
    subscribed_kva = told.get("PCOUP") or told.get("PREF")
    if subscribed_kva is not None:
        return int(subscribed_kva) * 1000 * _HEADROOM
    if "ISOUSC" in told:
        phases = 3 if any(f"IINST{n}" in told for n in (1, 2, 3)) else 1
        return int(told["ISOUSC"]) * 230 * phases * _HEADROOM
    return None


def _sums(told: Mapping[str, str]) -> Doubts:
    """EAST = sum of EASF = sum of EASD; whichever two agree convict the third."""
    parts = {
        "EAST": ("EAST",),
        "EASF": tuple(f"EASF{n:02}" for n in range(1, 11)),
        "EASD": tuple(f"EASD{n:02}" for n in range(1, 5)),
    }
    sums = {
        name: sum(int(told[label]) for label in labels)
        for name, labels in parts.items()
        if all(label in told for label in labels)
    }
    agreeing = {
        name
        for name, total in sums.items()
        if any(other != name and abs(total - sums[other]) <= _FRAME_WH for other in sums)
    }
    if len(sums) < 2 or len(agreeing) == len(sums):
        return {}
    expected = ", ".join(f"{name} {total}" for name, total in sums.items())
    return {
        label: f"equal sums, not {expected}"
        for name in sums
        if name not in agreeing
        for label in parts[name]
    }


def _tariff(told: Mapping[str, str]) -> Doubts:
    """NTARF = STGE bits 10-13 + 1."""
    if "NTARF" not in told or "STGE" not in told:
        return {}
    by_register = (int(told["STGE"], 16) >> 10 & 0xF) + 1
    if by_register == int(told["NTARF"]):
        return {}
    return {"NTARF": f"{by_register:02} by STGE", "STGE": f"the tariff {told['NTARF']} of NTARF"}


def _apparent_power(told: Mapping[str, str]) -> Doubts:
    """SINSTS = URMS x IRMS, for each phase; 0 while the phase injects."""
    doubts: Doubts = {}
    three = "SINSTS1" in told or "IRMS2" in told
    for n in (1, 2, 3) if three else (1,):
        label = f"SINSTS{n}" if three else "SINSTS"
        doubts |= _phase_power(told, label, f"URMS{n}", f"IRMS{n}")
    return doubts


def _phase_power(told: Mapping[str, str], label: str, voltage: str, current: str) -> Doubts:
    if not {label, voltage, current} <= told.keys() or int(told[label]) == 0:
        return {}
    power_va, volts, amperes = int(told[label]), int(told[voltage]), int(told[current])
    expected_va = volts * amperes
    if abs(power_va - expected_va) <= max(volts, expected_va // 4):
        return {}
    return {
        label: f"about {expected_va} by {voltage} and {current}",
        current: f"about {power_va // max(volts, 1)} by {label} and {voltage}",
    }


def _total_power(told: Mapping[str, str]) -> Doubts:
    """SINSTS = sum of SINSTSn; less where a phase injects."""
    phases = ("SINSTS1", "SINSTS2", "SINSTS3")
    if "SINSTS" not in told or not all(label in told for label in phases):
        return {}
    total_va = int(told["SINSTS"])
    parts_va = [int(told[label]) for label in phases]
    tolerance_va = max(2, sum(parts_va) // 4)
    injecting = any(
        part == 0 and int(told.get(f"IRMS{n}", "0")) > 0 for n, part in enumerate(parts_va, 1)
    )
    if total_va > sum(parts_va) + tolerance_va or (
        not injecting and total_va < sum(parts_va) - tolerance_va
    ):
        expected = f"SINSTS {total_va}, its phases {sum(parts_va)}: the same"
        return dict.fromkeys(("SINSTS", *phases), expected)
    return {}


def _papp(told: Mapping[str, str]) -> Doubts:
    """PAPP = voltage x IINST, the voltage between 190 and 265 V; 0 while the house injects."""
    currents = [told[label] for label in ("IINST", "IINST1", "IINST2", "IINST3") if label in told]
    single = "IINST" in told
    if "PAPP" not in told or int(told["PAPP"]) == 0 or len(currents) != (1 if single else 3):
        return {}
    power_va, amperes = int(told["PAPP"]), sum(map(int, currents))
    low_va = (amperes - 1) * 190 if single else 0  # phases that inject take from the others
    high_va = (amperes + len(currents)) * 265
    if low_va <= power_va <= high_va:
        return {}
    expected = f"{max(low_va, 0)} to {high_va} by the currents"
    return {"PAPP": expected} | {
        label: f"what PAPP {power_va} needs" for label in told if label.startswith("IINST")
    }


def _overload(told: Mapping[str, str]) -> Doubts:
    """ADPS is told when the current exceeds ISOUSC."""
    if "ADPS" in told and "ISOUSC" in told and int(told["ADPS"]) < int(told["ISOUSC"]):
        return {"ADPS": f"more than {told['ISOUSC']}, the subscription"}
    return {}


def _voltages(told: Mapping[str, str]) -> Doubts:
    """A phase has 0 V or something near 230 V."""
    return {
        label: "0, or 150 to 300"
        for label in _present(told, ("URMS", "UMOY"))
        if not (150 <= int(told[label]) <= 300 or int(told[label]) < 20)
    }


def _present(told: Mapping[str, str], stems: Iterable[str]) -> list[str]:
    return [f"{stem}{n}" for stem in stems for n in (1, 2, 3) if f"{stem}{n}" in told]


_RULES: tuple[Callable[[Mapping[str, str]], Doubts], ...] = (
    _sums,
    _tariff,
    _apparent_power,
    _total_power,
    _papp,
    _overload,
    _voltages,
)
