"""What a simulated meter told a gateway in the 13 months before its start. Pure; all is invented.

The meter is followed backwards, for what it has counted is known at its start alone: each step
takes back what was drawn in it. So the newest part is there first, and a meter that goes on from
the start goes on from the very indexes at which its past ends.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from teleinfo_gateway.announcements import Announcements
from teleinfo_gateway.history.columns import columns_of
from teleinfo_gateway.history.sampling import EventRow, MeterRow, ReadingRow
from teleinfo_gateway.readings import EventKind, Reading
from teleinfo_gateway.simulation import historique
from teleinfo_gateway.simulation.clock import from_legal, to_legal
from teleinfo_gateway.simulation.house import House
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.measure import Measure, measure
from teleinfo_gateway.simulation.meter import SimulatedMeter, long_groups
from teleinfo_gateway.simulation.registers import Counter, Registers
from teleinfo_gateway.simulation.tariffs import TariffState, state_at
from teleinfo_gateway.statuses import Status
from tic import FrameKind, Group, HistoriqueView, Mode

__all__ = ["Past", "gateway_events", "outages"]

_DAY = timedelta(days=1)
_PAST_DAYS = 396
"""13 months, so that the last one can be compared with the same of the year before; the history
keeps the readings of 400 days."""

_TOLD = 31 * _DAY
"""Events go back so far: who looks for one does not read further."""


class _Grain(NamedTuple):
    """Up to an age, how often a reading is kept and how often the household is looked at."""

    age: timedelta
    interval_s: int
    look_s: int


_GRAINS = (
    _Grain(2 * _DAY, 60, 60),  # what a chart of a day and of the one before shows
    _Grain(32 * _DAY, 1800, 600),  # as the load curve that a Linky tells
    _Grain(timedelta.max, 3600, 1800),  # all of it in a few seconds
)

_OUTAGES = ((6, time(21, 40), time(6, 50)), (1, time(13, 20), time(15, 5)))
"""Days before that of the start, and from when to when the gateway was off."""

_SURGE_AT = time(19)
_SURGE_EVERY_DAYS = 9
_SURGE_OVER = timedelta(minutes=2)
_SURGE_AGE_S = 30  # the machine starts 10 s after it may, and stops 50 s after
_SURGE_TURN_S = 300


def outages(start: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when the gateway was off before ``start``, oldest first."""
    today = to_legal(start).date()
    times = []
    for days, off, on in _OUTAGES:
        day = today - days * _DAY
        times.append((from_legal(day, off), from_legal(day + (on < off) * _DAY, on)))
    return times


def gateway_events(start: datetime) -> Iterator[EventRow]:
    """What the gateway said of itself when it went off and when it came back, oldest first."""
    for off, on in outages(start):
        for at, status in (
            (off, Status.STOP_REQUEST),
            (off, Status.STOPPED),
            (on, Status.STARTING),
            (on, Status.ALIVE),
        ):
            yield EventRow(None, "", int(at.timestamp()), EventKind.STATUS.value, status.value, "")


class Past:
    """The past of an installation whose meter is simulated from ``start`` (aware) on.

    The same installation and start give the same rows, each time they are asked for. The past is
    shorter where an index would have been below zero: the meter was new then.
    """

    def __init__(self, installation: Installation, start: datetime) -> None:
        self.installation = installation
        self.start = start.astimezone(UTC).replace(microsecond=0)
        self._outages = outages(self.start)
        self._house = self._household()
        self._surges = self._machines() if installation.overload else {}
        self._historique = HistoriqueView()

    def meter(self, ts: int) -> MeterRow:
        """The meter, heard at ``ts``."""
        return MeterRow(
            adco=self.installation.identity,
            ts=ts,
            name=self.installation.name,
            mode=self.installation.mode.value,
            phases=self.installation.phases,
            replaces=None,
        )

    def readings(self) -> Iterator[ReadingRow]:
        """The readings kept, the newest first, which is of the start itself.

        There is one each minute of the last two days, each half hour of the month before, then
        each hour.
        """
        registers = self._registers()
        kept: ReadingRow | None = None
        for now, tariff in self._backwards(registers):
            if self._is_off(now.at):
                continue
            ts, interval_s = int(now.at.timestamp()), self._grain(now.at).interval_s
            if kept is not None and kept.ts - ts <= interval_s:  # it was heard meanwhile
                _widen(kept, now)
            if kept is None or ts % interval_s == 0:
                if kept is not None:
                    yield kept
                kept = self._row(now, registers, tariff)
        if kept is not None:
            yield kept

    def events(self) -> Iterator[EventRow]:
        """What the meter announced in the last month, the oldest first."""
        registers = self._registers()
        announcements = Announcements()
        for at in self._telling():
            if any(at == on for _, on in self._outages):
                announcements = Announcements()  # as a gateway that has started
            tariff = state_at(self.installation.tariff, at)
            reading = self._during_overload(at) or self._long(self._look(at), registers, tariff)
            for kind, value, detail in announcements.take(reading):
                name, ts = self.installation.name, int(at.timestamp())
                yield EventRow(self.installation.identity, name, ts, kind.value, value, detail)

    def _household(self, overload_from: datetime | None = None) -> House:
        kind = self.installation
        return House(kind.seed, kind.phases, producer=kind.producer, overload_from=overload_from)

    def _machines(self) -> Mapping[datetime, House]:
        """The household at the instants at which it exceeded its subscription."""
        machines = {}
        last = to_legal(self.start).date()
        for n in range(_PAST_DAYS):
            day = last - n * _DAY
            turn, rest = divmod(day.toordinal() + self.installation.seed, _SURGE_EVERY_DAYS)
            if rest == 0:
                at = from_legal(day, _SURGE_AT).astimezone(UTC)
                age_s = turn % 3 * _SURGE_TURN_S + _SURGE_AGE_S  # it moves from phase to phase
                machines[at] = self._household(at - timedelta(seconds=age_s))
        return machines

    def _registers(self) -> Registers:
        """What the meter has counted at the start."""
        return SimulatedMeter(self.installation, self.start).registers

    def _look(self, at: datetime) -> Measure:
        return measure(self._surges.get(at, self._house), at)

    def _is_off(self, at: datetime) -> bool:
        return any(off <= at < on for off, on in self._outages)

    def _grain(self, at: datetime) -> _Grain:
        age = self.start - at
        return next(grain for grain in _GRAINS if age <= grain.age)

    def _backwards(self, registers: Registers) -> Iterator[tuple[Measure, TariffState]]:
        """Each look at the household, and ``registers`` as they were then; the newest first."""
        drawn, injected = Counter(), Counter()
        at = self.start
        yield self._look(at), state_at(self.installation.tariff, at)
        for since, tariff in self._tariffs():
            while at > since:
                seconds = (int(at.timestamp()) - 1) % self._grain(at).look_s + 1
                at -= timedelta(seconds=seconds)
                now = self._look(at)
                drawn_wh = drawn.take(max(now.total_w, 0.0), seconds)
                registers.supplier_wh[tariff.supplier - 1] -= drawn_wh
                registers.distributor_wh[tariff.distributor - 1] -= drawn_wh
                registers.injected_wh -= injected.take(max(-now.total_w, 0.0), seconds)
                if min(registers.supplier_wh[tariff.supplier - 1], registers.injected_wh) < 0:
                    return
                yield now, tariff

    def _tariffs(self) -> Iterator[tuple[datetime, TariffState]]:
        """Since when the tariff has said what, from the start back to the first midnight."""
        today = to_legal(self.start).date()
        for n in range(_PAST_DAYS):
            at = from_legal(today - n * _DAY, time()).astimezone(UTC)
            end = from_legal(today - (n - 1) * _DAY, time())
            states = []
            while at < end and at <= self.start:
                states.append((at, state_at(self.installation.tariff, at)))
                at = states[-1][1].until.astimezone(UTC)
            yield from reversed(states)

    def _telling(self) -> list[datetime]:
        """The instants of the last month at which something new can be told."""
        first = self.start - _TOLD
        instants = {on.astimezone(UTC) for _, on in self._outages}
        for at in self._surges:
            over = at + _SURGE_OVER
            instants |= {at, over, over + timedelta(seconds=2)}  # two frames prove its end
        for since, _ in self._tariffs():
            if since < first:
                break
            instants.add(since)
        return sorted(at for at in instants if first <= at < self.start and not self._is_off(at))

    def _row(self, now: Measure, registers: Registers, tariff: TariffState) -> ReadingRow:
        row = columns_of(self._long(now, registers, tariff))
        papp = row.get("papp")
        row |= {"interval_s": self._grain(now.at).interval_s, "papp_min": papp, "papp_max": papp}
        return ReadingRow(self.installation.identity, int(now.at.timestamp()), row)

    def _long(self, now: Measure, registers: Registers, tariff: TariffState) -> Reading:
        groups = long_groups(self.installation, registers, now, tariff)
        return self._reading(groups, now.at, FrameKind.LONG)

    def _during_overload(self, at: datetime) -> Reading | None:
        """The short frame that a three-phase meter sends then, if it does."""
        kind = self.installation
        if at not in self._surges or kind.phases == 1 or kind.mode is Mode.STANDARD:
            return None
        groups = historique.short_groups(kind, self._look(at))
        return self._reading(groups, at, FrameKind.SHORT)

    def _reading(self, groups: list[Group], at: datetime, kind: FrameKind) -> Reading:
        """A frame as the gateway tells it: nothing of it was refused."""
        values = {group.label: group.value for group in groups}
        told = values
        if self.installation.mode is Mode.STANDARD:
            told = {group.label: group.value for group in self._historique.translate(values)}
        return Reading(
            meter=self.installation.name,
            address=self.installation.identity,
            time=at,
            mode=self.installation.mode,
            kind=kind,
            complete=True,
            values=values,
            historique=told,
        )


def _widen(row: ReadingRow, now: Measure) -> None:
    """Take a power met since the reading before, or by it, into its range.

    By it, too: readings are so few here that a mean would often be outside.
    """
    papp = max(now.total_va, 0)
    low, high = row.columns["papp_min"], row.columns["papp_max"]
    if isinstance(low, int) and isinstance(high, int):
        row.columns.update(papp_min=min(low, papp), papp_max=max(high, papp))
