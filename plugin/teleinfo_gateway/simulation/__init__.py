"""Simulated meters: a household, a meter that counts what it draws, a pty on which it speaks."""

from datetime import UTC, datetime

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.faults import Faults
from teleinfo_gateway.simulation.house import House
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.line import SimulatedLine
from teleinfo_gateway.simulation.line_faults import LineFault, LineFaults
from teleinfo_gateway.simulation.meter import SimulatedMeter
from teleinfo_gateway.simulation.meter_faults import FaultyMeter, MeterFault
from teleinfo_gateway.simulation.past import Past, gateway_events
from teleinfo_gateway.simulation.tariffs import Tariff
from tic import Mode

__all__ = [
    "Faults",
    "FaultyMeter",
    "House",
    "Installation",
    "LineFault",
    "LineFaults",
    "MeterFault",
    "Past",
    "SimulatedLine",
    "SimulatedMeter",
    "SimulationError",
    "Tariff",
    "gateway_events",
    "simulated_meters",
]

_INSTALLATIONS = (
    Installation("house", Mode.STANDARD, Tariff.TEMPO, seed=1),
    Installation("workshop", Mode.HISTORIQUE, Tariff.HC, phases=3, overload=True, seed=2),
)


def simulated_meters(start: datetime | None = None) -> tuple[SimulatedMeter, ...]:
    """The two meters of the demonstration, from ``start`` on (``None``: now).

    A Linky in standard mode, and an electronic three-phase meter whose overloads make short frames;
    their names are in ``meter.installation.name``.
    """
    at = datetime.now(UTC) if start is None else start
    return tuple(SimulatedMeter(installation, at) for installation in _INSTALLATIONS)
