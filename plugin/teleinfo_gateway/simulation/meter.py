"""A simulated meter: it counts what its household draws and says so, frame after frame."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from teleinfo_gateway.simulation import historique, standard
from teleinfo_gateway.simulation.clock import from_legal, to_legal
from teleinfo_gateway.simulation.house import House
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.measure import Measure, measure
from teleinfo_gateway.simulation.registers import Registers
from teleinfo_gateway.simulation.tariffs import Tariff, TariffState, state_at
from tic import Group, Mode, encode_frame, encode_group

__all__ = ["SimulatedMeter", "long_groups"]

_SECOND = timedelta(seconds=1)
_WARM_UP_STEP_S = 300
"""Before its start the meter looks at its household this often: enough for the maxima and averages
of the day before, and 100 meters start in a second. It divides the period of every average."""

_SHORT_FRAMES = 20  # for each long one, during an overload of a three-phase meter
_ALARM_S = 60  # after the last overload


class SimulatedMeter:
    """The meter of an installation, from the instant ``start`` (aware) on.

    Pure: it knows no clock but the instants it is given. They never go back (an earlier one counts
    as the latest seen), and the same installation, start and instants give the same bytes. It
    measures once a second, whatever the instants asked for. ``registers`` is what it has counted.
    """

    def __init__(self, installation: Installation, start: datetime) -> None:
        self.installation = installation
        self.start = start.astimezone(UTC).replace(microsecond=0)
        self.house = House(
            installation.seed,
            installation.phases,
            producer=installation.producer,
            overload_from=self.start if installation.overload else None,
        )
        self._short_left = _SHORT_FRAMES
        self._alarm_until = self.start
        self._now = from_legal(to_legal(self.start).date() - timedelta(days=1), time())
        self._now = self._now.astimezone(UTC)
        self._tariff = state_at(installation.tariff, self._now)
        self.registers = Registers.of(installation, self._now)
        self._measure = measure(self.house, self._now)
        while self._now < self.start:
            past_s = int(self._now.timestamp()) % _WARM_UP_STEP_S
            left_s = int((self.start - self._now).total_seconds())
            self._pass(min(_WARM_UP_STEP_S - past_s, left_s))

    def advance(self, at: datetime) -> None:
        """Count until the instant ``at``: every second that is over by then."""
        while at - self._now >= _SECOND:
            self._pass(1)

    def frame(self, at: datetime) -> bytes:
        """The frame that begins at ``at``, STX to ETX, or to EOT where an overload stops it.

        In historique mode the meter also lives through the time that the frame takes on the line:
        an overload that begins meanwhile changes it.
        """
        self.advance(at)
        groups, interrupted = self._told(at)
        return encode_frame(groups, interrupted=interrupted)

    def switch_mode(self, mode: Mode) -> None:
        """Speak ``mode`` from the next frame on, as the network operator can make a Linky do."""
        self.installation = replace(self.installation, mode=mode)

    def change_contract(self, tariff: Tariff) -> None:
        """Count by ``tariff`` from now on; its indexes go on from what they had counted before."""
        self.installation = replace(self.installation, tariff=tariff)
        self._tariff = state_at(tariff, self._now)

    def exchange(self) -> None:
        """Be another meter from now on, a new Linky that has counted next to nothing."""
        exchanges = self.installation.exchanges + 1
        self.installation = replace(self.installation, linky=True, exchanges=exchanges)
        self.registers = Registers.of(self.installation, self._now)

    def _told(self, at: datetime) -> tuple[list[Group], bool]:
        """The groups of the frame that begins at ``at``, and whether EOT cuts it."""
        if self.installation.mode is Mode.STANDARD:
            return self._long_groups(), False
        if self._short_left > 0 and self._now < self._alarm_until:
            self._short_left -= 1
            return historique.short_groups(self.installation, self._measure), False
        self._short_left = _SHORT_FRAMES
        return self._watched_frame(max(at, self._now))

    def _watched_frame(self, at: datetime) -> tuple[list[Group], bool]:
        """A long historique frame, as what happens while it is sent makes it."""
        sent: list[Group] = []
        coming = self._long_groups()
        at += timedelta(seconds=self.installation.byte_s)  # STX
        while coming:
            sent.append(coming.pop(0))
            at += timedelta(seconds=len(encode_group(sent[-1])) * self.installation.byte_s)
            quiet = not self._overloaded()
            self.advance(at)
            if quiet and self._overloaded():
                if self.installation.phases == 3:
                    return sent, bool(coming)
                fresh = {group.label: group for group in self._long_groups()}
                sent.append(fresh["ADPS"])
                coming = [fresh.get(group.label, group) for group in coming]
        return sent, False

    def _pass(self, seconds: int) -> None:
        """What was measured has lasted so long; measure anew."""
        self.registers.take(self._measure, seconds, self._tariff)
        self._now += timedelta(seconds=seconds)
        if self._now >= self._tariff.until:
            day = self._tariff.day
            self._tariff = state_at(self.installation.tariff, self._now)
            if self._tariff.day != day:
                self.registers.end_day(self._now)
        self._measure = measure(self.house, self._now)
        if self.installation.phases == 3 and self._overloaded():
            self._alarm_until = self._now + timedelta(seconds=1 + _ALARM_S)

    def _overloaded(self) -> bool:
        return bool(historique.overloads(self.installation, self._measure))

    def _long_groups(self) -> list[Group]:
        return long_groups(self.installation, self.registers, self._measure, self._tariff)


def long_groups(
    installation: Installation, registers: Registers, now: Measure, tariff: TariffState
) -> list[Group]:
    """A whole frame in the mode that the meter speaks."""
    build = standard.groups if installation.mode is Mode.STANDARD else historique.long_groups
    return build(installation, registers, now, tariff)
