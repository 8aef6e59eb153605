"""What a meter does not say but lets one reckon. Pure; times are monotonic.

Nothing here was told by the meter: whoever shows it says that it is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from teleinfo_gateway.index_power import IndexPower
from teleinfo_gateway.link import SILENT_S
from teleinfo_gateway.load import BreakerFilter, Load, LoadReader
from teleinfo_gateway.readings import Reading
from teleinfo_gateway.tempo import Tempo, TempoCalendar
from tic import LABELS, Kind, Mode

__all__ = ["Estimate", "Estimator"]

_DRAWN = {
    Mode.HISTORIQUE: tuple(
        label.name for label in LABELS if label.mode is Mode.HISTORIQUE and label.kind is Kind.INDEX
    ),
    Mode.STANDARD: ("EAST",),
}
_INJECTED = ("EAIT",)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is reckoned of a meter now; ``None`` where that is not known.

    ``active_power_w`` is the average drawn over the last ``window_s``, true within ``error_w``;
    ``injected_power_w`` that of a producer. ``load_percent``, ``margin_va`` and ``margin_a`` are
    those of the worst phase against the subscription. ``breaker_s`` are the seconds after which a
    Linky opens its breaker if the load goes on; ``None`` also means that it can go on for ever.
    ``tempo`` is ``None`` for other contracts.
    """

    estimated: Literal[True] = True
    active_power_w: int | None = None
    error_w: int | None = None
    window_s: int | None = None
    injected_power_w: int | None = None
    load_percent: int | None = None
    margin_va: int | None = None
    margin_a: int | None = None
    breaker_s: int | None = None
    tempo: Tempo | None = None


@dataclass(slots=True)
class _Memory:
    """What is remembered of one meter in one mode; times are monotonic."""

    drawn: IndexPower = field(default_factory=IndexPower)
    injected: IndexPower = field(default_factory=IndexPower)
    loads: LoadReader = field(default_factory=LoadReader)
    breaker: BreakerFilter = field(default_factory=BreakerFilter)
    load: Load | None = None
    load_s: float = 0.0


class Estimator:
    """Reckons for one meter from its readings."""

    def __init__(self) -> None:
        self._reading: Reading | None = None
        self._heard_s = 0.0
        self._memory = _Memory()
        self._tempo = TempoCalendar()

    def update(self, reading: Reading, now_s: float) -> None:
        """Take a reading; another meter or another mode begins anew."""
        before, self._reading, self._heard_s = self._reading, reading, now_s
        if before is not None and (before.address, before.mode) != (reading.address, reading.mode):
            self._memory = _Memory()
        memory = self._memory
        memory.drawn.take(_indexes(reading, _DRAWN[reading.mode]), now_s)
        memory.injected.take(_indexes(reading, _INJECTED), now_s)
        load = memory.loads.read(reading)
        if load is not None:
            memory.load, memory.load_s = load, now_s
            memory.breaker.take(load, now_s)
        self._tempo.take(reading.historique, reading.time)

    def load(self, now_s: float) -> Load | None:
        """What each phase draws now, if it was told a moment ago."""
        memory = self._memory
        return memory.load if now_s - memory.load_s <= SILENT_S else None

    def estimate(self, now_s: float) -> Estimate:
        """What is known now; of a line that is silent, only the days of Tempo."""
        if self._reading is None:
            return Estimate()
        silent_s = now_s - self._heard_s
        tempo = self._tempo.at(self._reading.time + timedelta(seconds=silent_s))
        if silent_s > SILENT_S:
            return Estimate(tempo=tempo)
        memory = self._memory
        drawn, injected = memory.drawn.power(), memory.injected.power()
        load = self.load(now_s)
        return Estimate(
            active_power_w=round(drawn.power_w) if drawn else None,
            error_w=round(drawn.error_w) if drawn else None,
            window_s=round(drawn.window_s) if drawn else None,
            injected_power_w=round(injected.power_w) if injected else None,
            load_percent=round(load.percent) if load else None,
            margin_va=round(load.margin_va) if load else None,
            margin_a=round(load.margin_a) if load else None,
            breaker_s=memory.breaker.opens_in_s(load) if load else None,
            tempo=tempo,
        )


def _indexes(reading: Reading, labels: tuple[str, ...]) -> dict[str, int]:
    return {label: int(reading.values[label]) for label in labels if label in reading.values}
