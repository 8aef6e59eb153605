"""A list of faults, as a user writes it: ``bit-flip=0.01,mode-switch=120``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.line_faults import LineFault
from teleinfo_gateway.simulation.meter_faults import MeterFault

__all__ = ["Faults"]

_BY_NAME: Mapping[str, LineFault | MeterFault] = {
    fault.value: fault for fault in (*LineFault, *MeterFault)
}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong: rates for each byte of the line, periods in seconds of the meter."""

    rates: Mapping[LineFault, float] = field(default_factory=dict)
    periods_s: Mapping[MeterFault, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """``name`` or ``name=number``, separated by commas; ``all`` is every name.

        A name without a number has its usual one; what is written last counts, so that
        ``all,silence=0`` is everything but silence. Raises :class:`SimulationError`; whether the
        numbers make sense is for the line and the meter to say.
        """
        numbers: dict[LineFault | MeterFault, float] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, given, number = entry.partition("=")
            if entry == "all":
                numbers |= {fault: fault.usual for fault in _BY_NAME.values()}
            elif name in _BY_NAME:
                fault = _BY_NAME[name]
                numbers[fault] = _number(entry, number) if given else fault.usual
            else:
                raise SimulationError(
                    f"no fault is called {entry!r}; on the line: {', '.join(LineFault)}; "
                    f"in the meter: {', '.join(MeterFault)}; or all"
                )
        return cls(
            {fault: number for fault, number in numbers.items() if isinstance(fault, LineFault)},
            {fault: number for fault, number in numbers.items() if isinstance(fault, MeterFault)},
        )


def _number(entry: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SimulationError(f"{entry}: a number belongs behind the =") from None
