"""What a meter remembers of what it measured: indexes, maxima, averages."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from teleinfo_gateway.simulation.clock import horodate
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.measure import Measure
from teleinfo_gateway.simulation.tariffs import OPTIONS, TariffState

__all__ = ["Averager", "Counter", "Maximum", "Registers", "Stamped"]

_HOUR_S = 3600
_LOAD_CURVE_S = 1800
_VOLTAGE_S = 600
_SMAX_B = 0.008  # coefficient of the power filter at 1 s (Enedis-NOI-CPT_54E)
_IMAX_TIME_S = 55  # the filter of IMAX and PMAX takes 45 to 65 s (CPT_02E)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A value and its horodate."""

    value: int | str
    horodate: str


@dataclass(slots=True)
class Counter:
    """Turns power into whole Wh (or varh) and keeps the rest for later."""

    _rest: float = 0.0  # watt-seconds

    def take(self, power: float, seconds: int) -> int:
        """The whole units that ``power`` completes in that time."""
        self._rest += power * seconds
        if self._rest < _HOUR_S:
            return 0
        units = int(self._rest // _HOUR_S)
        self._rest -= units * _HOUR_S
        return units


@dataclass(slots=True)
class Maximum:
    """SMAXSN and its like: highest filtered power of today and of the day before, in VA.

    The filter, ``Y(n) = B X(n)^2 + (1 - B) Y(n-1)``, makes a short peak invisible.
    """

    today: Stamped
    yesterday: Stamped
    _filtered: float = 0.0  # VA^2
    _highest: float = 0.0

    def take(self, apparent_va: int, seconds: int, at: datetime) -> None:
        """``apparent_va`` has been drawn for that time from the instant ``at`` on."""
        kept = (1 - _SMAX_B) ** seconds
        self._filtered = (1 - kept) * apparent_va**2 + kept * self._filtered
        if self._filtered > self._highest:
            self._highest = self._filtered
            self.today = Stamped(round(math.sqrt(self._filtered)), horodate(at))

    def end_day(self, midnight: datetime) -> None:
        """What was today's is now the day before's."""
        self.yesterday = self.today
        self.today = Stamped(0, horodate(midnight))
        self._highest = 0.0


@dataclass(slots=True)
class Averager:
    """CCASN, UMOY: the average of each whole period, dated at its end."""

    period_s: int
    last: Stamped
    previous: Stamped
    _sum: float = 0.0
    _seconds: int = 0

    def take(self, value: float, seconds: int, second: int) -> None:
        """``value`` has lasted that time from POSIX ``second`` on, within one period."""
        self._sum += value * seconds
        self._seconds += seconds
        end = second + seconds
        if end % self.period_s == 0:
            average = Stamped(
                round(self._sum / self._seconds), horodate(datetime.fromtimestamp(end, UTC))
            )
            self.previous, self.last = self.last, average
            self._sum, self._seconds = 0.0, 0


@dataclass(slots=True)
class _Filtered:
    """IMAX, PMAX: the highest value ever, through a first-order filter of about a minute."""

    highest: float = 0.0
    _value: float = 0.0

    def take(self, value: float, seconds: int) -> None:
        self._value += (value - self._value) * -math.expm1(-seconds / _IMAX_TIME_S)
        self.highest = max(self.highest, self._value)


@dataclass(slots=True)
class Registers:
    """The memory of a meter; public attributes are what it would show.

    Energy drawn is counted three times over, in whole Wh: ``drawn_wh`` (EAST), ``supplier_wh``
    (EASFnn) and ``distributor_wh`` (EASDnn) always have the same sum.
    """

    supplier_wh: list[int]
    distributor_wh: list[int]
    injected_wh: int
    reactive_varh: list[int]
    drawn_va: Maximum
    phase_va: tuple[Maximum, ...]
    injected_va: Maximum
    drawn_w: Averager
    injected_w: Averager
    voltage_v: tuple[Averager, ...]
    current_a: tuple[_Filtered, ...]
    total_w: _Filtered = field(default_factory=_Filtered)
    _drawn: Counter = field(default_factory=Counter)
    _injected: Counter = field(default_factory=Counter)
    _reactive: tuple[Counter, ...] = field(
        default_factory=lambda: tuple(Counter() for _ in range(4))
    )

    @classmethod
    def of(cls, installation: Installation, at: datetime) -> "Registers":
        """Those of a meter some years old, or new; the seed says what it has counted."""
        rng = Random(f"{installation.seed}")  # noqa: S311  # a meter, not a secret
        used = len(OPTIONS[installation.tariff].slots)
        before_wh = (1_000_000, 20_000_000) if installation.exchanges == 0 else (1, 9)
        supplier_wh = [rng.randint(*before_wh) if n < used else 0 for n in range(10)]
        distributor_wh = [sum(supplier_wh) // 4] * 3
        sold = installation.producer
        nothing = Stamped(0, horodate(at))
        phases = range(installation.phases)
        return cls(
            supplier_wh=supplier_wh,
            distributor_wh=[sum(supplier_wh) - sum(distributor_wh), *distributor_wh],
            injected_wh=rng.randint(500_000, 5_000_000) if sold else 0,
            reactive_varh=[rng.randint(100_000, 1_000_000) if sold else 0 for _ in range(4)],
            drawn_va=Maximum(nothing, nothing),
            phase_va=tuple(Maximum(nothing, nothing) for _ in phases),
            injected_va=Maximum(nothing, nothing),
            drawn_w=Averager(_LOAD_CURVE_S, nothing, nothing),
            injected_w=Averager(_LOAD_CURVE_S, nothing, nothing),
            voltage_v=tuple(Averager(_VOLTAGE_S, nothing, nothing) for _ in phases),
            current_a=tuple(_Filtered() for _ in phases),
        )

    @property
    def drawn_wh(self) -> int:
        """EAST."""
        return sum(self.supplier_wh)

    def take(self, now: Measure, seconds: int, tariff: TariffState) -> None:
        """``now`` has lasted that many seconds, within one period of every average."""
        total_w, total_va = now.total_w, now.total_va
        self._count(total_w, now.reactive_var, seconds, tariff)
        self.drawn_va.take(max(total_va, 0), seconds, now.at)
        self.injected_va.take(max(-total_va, 0), seconds, now.at)
        self.total_w.take(max(total_w, 0.0), seconds)
        second = math.floor(now.at.timestamp())
        self.drawn_w.take(max(total_w, 0.0), seconds, second)
        self.injected_w.take(max(-total_w, 0.0), seconds, second)
        for phase, amperes in enumerate(now.current_a):
            self.phase_va[phase].take(max(now.apparent_va[phase], 0), seconds, now.at)
            self.voltage_v[phase].take(now.voltage_v[phase], seconds, second)
            self.current_a[phase].take(amperes, seconds)

    def _count(self, total_w: float, var: float, seconds: int, tariff: TariffState) -> None:
        """Energy: drawn goes to the indexes of the moment, reactive to its quadrant."""
        if total_w >= 0:
            units = self._drawn.take(total_w, seconds)
            self.supplier_wh[tariff.supplier - 1] += units
            self.distributor_wh[tariff.distributor - 1] += units
            quadrant = 0 if var >= 0 else 3
        else:
            self.injected_wh += self._injected.take(-total_w, seconds)
            quadrant = 1 if var >= 0 else 2
        self.reactive_varh[quadrant] += self._reactive[quadrant].take(abs(var), seconds)

    def end_day(self, midnight: datetime) -> None:
        """A legal day is over."""
        for maximum in (self.drawn_va, self.injected_va, *self.phase_va):
            maximum.end_day(midnight)
