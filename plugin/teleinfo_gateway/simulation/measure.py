"""What a meter measures in one second: voltages, currents and powers that agree with each other."""

import math
from dataclasses import dataclass
from datetime import datetime

from teleinfo_gateway.simulation.house import House, noise

__all__ = ["Measure", "measure"]

_VOLTAGE, _SAG, _FACTOR, _REACTIVE = range(4)
_SALT = 1 << 20  # other random numbers than those of the houses
_PURPOSES = 16


@dataclass(frozen=True, slots=True)
class Measure:
    """One second of the mains, from the instant ``at``; a value for each phase.

    Powers are negative while a phase injects. ``reactive_var`` is the sum of the phases, positive
    if inductive.
    """

    at: datetime
    power_w: tuple[float, ...]
    voltage_v: tuple[int, ...]
    apparent_va: tuple[int, ...]
    reactive_var: float

    @property
    def current_a(self) -> tuple[int, ...]:
        """IRMS of each phase: rounded from S / U, which keeps SINSTS within U/2 of U x I."""
        return tuple(
            round(abs(apparent_va) / voltage_v)
            for apparent_va, voltage_v in zip(self.apparent_va, self.voltage_v, strict=True)
        )

    @property
    def total_w(self) -> float:
        """Active power of the installation: the signed sum of its phases."""
        return sum(self.power_w)

    @property
    def total_va(self) -> int:
        """Apparent power of the installation: the signed sum of its phases (CPT_54E)."""
        return sum(self.apparent_va)


def measure(house: House, at: datetime) -> Measure:
    """The second that begins at ``at``; voltages are the street's, the same for every house."""
    second = math.floor(at.timestamp())
    power_w = house.power_w(at)
    factor = 0.975 + 0.02 * noise(_SALT + _FACTOR, second / 300)  # power factor
    reactive_var = abs(sum(power_w)) * math.sqrt(1 / factor**2 - 1)
    if noise(_SALT + _REACTIVE, second / 900) < -0.3:
        reactive_var = -reactive_var
    return Measure(
        at=at,
        power_w=power_w,
        voltage_v=tuple(_voltage_v(phase, watts, second) for phase, watts in enumerate(power_w)),
        apparent_va=tuple(round(watts / factor) for watts in power_w),
        reactive_var=reactive_var,
    )


def _voltage_v(phase: int, watts: float, second: int) -> int:
    """Slow waves, small ripples, and a third of a volt lost for each kW drawn."""
    salt = _SALT + _PURPOSES * (phase + 1)
    slow, fast = noise(salt + _VOLTAGE, second / 700), noise(salt + _SAG, second / 15)
    return round(233 + 3 * slow + fast - watts / 3000)
