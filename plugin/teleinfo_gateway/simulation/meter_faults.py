"""What happens to a meter, and what it should not say: every so often, the same by seed.

Every checksum is right: these are the frames that only a look at their values can refuse.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.fault_base import Fault
from teleinfo_gateway.simulation.fields import group
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.meter import SimulatedMeter
from teleinfo_gateway.simulation.tariffs import Tariff
from tic import BY_NAME, Group, Horodate, Kind, Mode

__all__ = ["FaultyMeter", "MeterFault"]

_SHARE = 4  # what lasts takes a quarter of its period
_LATE = timedelta(minutes=10)  # what a meter's clock lost in an outage
_CLOCK_DEGRADED = 1 << 16  # of STGE
_JUMP_WH = (10_000, 50_000_000)
_HIGHEST_WH = 999_999_999
_INSANE_VA = (30_000, 99_999)  # far over what any of these meters can carry
_NEXT = dict(zip(Tariff, [*list(Tariff)[1:], *Tariff], strict=False))


class MeterFault(Fault):
    """What can happen to a meter; ``usual`` is in seconds.

    With the usual numbers everything has happened within five minutes, most of it several times.
    """

    INDEX_JUMP = "index-jump", 30, "a wrong index in one frame: too high, too low, 0, in turn"
    WRONG_SINSTS = "wrong-sinsts", 45, "insane powers: SINSTS, of three phases SINSTSn; PAPP"
    DEGRADED_CLOCK = "degraded-clock", 80, "DATE late and known to be wrong (standard mode)"
    MODE_SWITCH = "mode-switch", 120, "historique to standard, or back; a Linky from the start"
    SILENCE = "silence", 150, "nothing is sent"
    STANDBY = "standby", 200, "frames of ADCO alone (historique mode)"
    CONTRACT_CHANGE = "contract-change", 240, "the next of base, hc, ejp, tempo"
    METER_EXCHANGE = "meter-exchange", 300, "a new Linky, its indexes near 0"


class FaultyMeter(SimulatedMeter):
    """A simulated meter to which things happen.

    ``periods_s`` has the seconds after which each fault happens for the first time, and from one
    time to the next: 1 or more, 0 for never. Silence, standby, a degraded clock and wrong powers
    last a quarter of theirs. All are seconds of the meter's clock. A mode switch needs a Linky:
    the meter is one from the start, and no producer. :class:`SimulationError` otherwise.
    """

    def __init__(
        self, installation: Installation, start: datetime, periods_s: Mapping[MeterFault, float]
    ) -> None:
        self._periods_s = {fault: period for fault, period in periods_s.items() if period != 0}
        if not all(1 <= period_s < math.inf for period_s in self._periods_s.values()):
            raise SimulationError("faults of the meter have periods: 1 s or more, or 0 for never")
        if MeterFault.MODE_SWITCH in self._periods_s:
            if installation.producer:
                raise SimulationError(
                    "a producer's meter speaks the standard mode only: leave mode-switch out, "
                    "or write mode-switch=0"
                )
            installation = replace(installation, linky=True)
        super().__init__(installation, start)
        self._random = Random(f"meter {installation.seed}")  # noqa: S311  # not a secret
        self._elapsed_s = 0.0
        self._happened: Counter[MeterFault] = Counter()
        self._wrong_wh: Iterator[Callable[[int], int]] = cycle(
            (self._too_high, self._too_low, lambda _: 0)
        )

    def frame(self, at: datetime) -> bytes:
        """The frame that begins at ``at``; empty while the meter is silent."""
        self.advance(at)
        self._elapsed_s = max(self._elapsed_s, (at - self.start).total_seconds())
        while self._is_due(MeterFault.MODE_SWITCH):
            standard = self.installation.mode is Mode.STANDARD
            self.switch_mode(Mode.HISTORIQUE if standard else Mode.STANDARD)
        while self._is_due(MeterFault.METER_EXCHANGE):
            self.exchange()
        while self._is_due(MeterFault.CONTRACT_CHANGE):
            self.change_contract(_NEXT[self.installation.tariff])
        return b"" if self._lasts(MeterFault.SILENCE) else super().frame(at)

    def _told(self, at: datetime) -> tuple[list[Group], bool]:
        if self.installation.mode is Mode.HISTORIQUE and self._lasts(MeterFault.STANDBY):
            return [group("ADCO", self.installation.identity)], False
        groups, interrupted = super()._told(at)
        self._jump(groups)
        if self._lasts(MeterFault.DEGRADED_CLOCK):
            groups = [self._late(told) for told in groups]
        if self._lasts(MeterFault.WRONG_SINSTS):
            groups = [self._insane(told) for told in groups]
        return groups, interrupted

    def _turn(self, fault: MeterFault) -> tuple[int, float]:
        """How often the period of ``fault`` has passed, and the seconds since the last time."""
        if fault not in self._periods_s:
            return 0, 0.0
        turns, since_s = divmod(self._elapsed_s, self._periods_s[fault])
        return int(turns), since_s

    def _is_due(self, fault: MeterFault) -> bool:
        """Whether ``fault`` has to happen once more; the caller then makes it happen."""
        due = self._happened[fault] < self._turn(fault)[0]
        self._happened[fault] += due
        return due

    def _lasts(self, fault: MeterFault) -> bool:
        turns, since_s = self._turn(fault)
        return turns > 0 and since_s < self._periods_s[fault] / _SHARE

    def _jump(self, groups: list[Group]) -> None:
        """One wrong index if it is time; what a frame without any cannot show comes in the next."""
        indexes = [
            place
            for place, told in enumerate(groups)
            if BY_NAME[told.label].kind is Kind.INDEX and int(told.value) > 0
        ]
        turns, _ = self._turn(MeterFault.INDEX_JUMP)
        if not indexes or turns == self._happened[MeterFault.INDEX_JUMP]:
            return
        self._happened[MeterFault.INDEX_JUMP] = turns  # those missed in a silence stay missed
        place = self._random.choice(indexes)
        wrong_wh = next(self._wrong_wh)(int(groups[place].value))
        groups[place] = group(groups[place].label, wrong_wh)

    def _too_high(self, right_wh: int) -> int:
        return min(right_wh + self._random.randint(*_JUMP_WH), _HIGHEST_WH)

    def _too_low(self, right_wh: int) -> int:
        return self._random.randrange(right_wh)

    def _late(self, told: Group) -> Group:
        """What a clock not set since the outage dates: late, with a lower-case season."""
        if told.label == "STGE":
            return told._replace(value=f"{int(told.value, 16) | _CLOCK_DEGRADED:08X}")
        if told.horodate is None or told.horodate.startswith(" "):
            return told
        clock = Horodate.parse(told.horodate)
        since_s = self._elapsed_s - self._turn(MeterFault.DEGRADED_CLOCK)[1]
        outage = self.start + timedelta(seconds=math.floor(since_s))
        if clock is None or clock.time < outage:
            return told
        return told._replace(horodate=str(Horodate(clock.time - _LATE, degraded=True)))

    def _insane(self, told: Group) -> Group:
        """Powers that nothing explains; of three phases the total stays right (esphome #2060)."""
        wrong = {"PAPP", "SINSTS1", "SINSTS2", "SINSTS3"}
        if self.installation.phases == 1:
            wrong.add("SINSTS")
        if told.label not in wrong:
            return told
        return group(told.label, self._random.randint(*_INSANE_VA))
