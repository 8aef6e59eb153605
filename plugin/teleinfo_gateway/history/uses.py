"""The hours of a meter, cut into what was used in a period under one option each.

Costs are reckoned from these uses: an hour is never priced with the contract of another option.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection

from teleinfo_gateway.config.contracts import option_of
from teleinfo_gateway.cost import Hour, Stretch, Use
from teleinfo_gateway.history import queries
from teleinfo_gateway.history.periods import Grain
from teleinfo_gateway.history.queries import KnownMeter, Period
from teleinfo_gateway.history.rollup import INJECTED, Outage, Tariff

__all__ = ["Counted", "counted"]

_option = lru_cache(maxsize=64)(option_of)  # asked for each tariff of each hour


def counted(
    connection: Connection, meters: Sequence[KnownMeter], start: int, end: int, now: int
) -> Counted:
    """What a meter and those it replaces counted in ``[start, end)``, since it was first heard."""
    ids = [one.id for one in meters]
    first = min((one.first_seen for one in meters), default=now)
    hours = queries.energy(connection, ids, Grain.HOUR, start, end)
    told = any(tariff.optarif for one in hours for tariff in one.sums)
    return Counted(
        hours,
        max(start, first),
        min(end, now),
        queries.subscribed_kva(connection, meters[0]) if meters else None,
        "" if told else queries.optarif_near(connection, ids, start),
    )


class Counted:
    """What a meter counted from ``start`` to ``end``, to be cut into uses by period and option.

    ``optarif`` is the contract if no hour tells one.
    """

    def __init__(
        self, hours: Sequence[Period], start: int, end: int, power_kva: int | None, optarif: str
    ) -> None:
        self._hours = hours
        self._begins = [one.start for one in hours]
        self._start, self._end = start, max(start, end)
        self._power_kva = power_kva
        self._outages = {(each.start, each.end) for one in hours for each in one.outages}
        self._runs = _runs(hours, start) or [(start, _option(optarif))]
        self._cut: dict[tuple[int, int], tuple[list[Use], int]] = {}

    def uses(self, begin: int, until: int) -> tuple[list[Use], int]:
        """What was used in a period, by option, and the energy of outages that cross its ends.

        Such an outage stands with the period it began in.
        """
        if (begin, until) not in self._cut:  # each contract asks for the same ones
            self._cut[begin, until] = self._uses(begin, until)
        return self._cut[begin, until]

    def is_crossed(self, begin: int, until: int) -> bool:
        """Whether an outage reaches into a period of which some of its energy may be, or not."""
        return any(
            start < until and end > begin and not (begin <= start and end <= until)
            for start, end in self._outages
        )

    def _uses(self, begin: int, until: int) -> tuple[list[Use], int]:
        drafts = _Drafts(self._drafts(begin, until))
        outage_wh = 0
        for one in self._hours[bisect_left(self._begins, begin) : bisect_left(self._begins, until)]:
            run = drafts.at(one.start)
            for tariff, part in one.sums.items():
                span = drafts.of(tariff, run, one.start).hour(one.start)
                if tariff == INJECTED:
                    span.injected_wh += part.wh or 0
                    continue
                span.add(tariff, part.wh)
                span.seconds += part.seconds
                if part.papp_max is not None:
                    span.papp_max_va = max(part.papp_max, span.papp_max_va or 0)
            for outage in one.outages:
                if begin <= outage.start and outage.end <= until:
                    drafts.of(outage.tariff, run, outage.start).stretch(outage)
                elif outage.tariff != INJECTED:
                    outage_wh += outage.wh
        return [draft.use(self._power_kva) for draft in drafts], outage_wh

    def _drafts(self, begin: int, until: int) -> list[_Draft]:
        """One for each run of an option that reaches into the period."""
        begin, until = max(begin, self._start), min(until, self._end)
        ends = [start for start, _ in self._runs[1:]] + [self._end]
        return [
            _Draft(option, max(start, begin), min(end, until))
            for (start, option), end in zip(self._runs, ends, strict=True)
            if start < until and end > begin
        ]


def _runs(hours: Iterable[Period], start: int) -> list[tuple[int, str]]:
    """Since when the meter had which option; it had the first one before anybody heard it."""
    runs: list[tuple[int, str]] = []
    for one in hours:
        of_contract = [item for item in one.sums.items() if item[0].optarif]
        if not of_contract:
            continue
        tariff, _ = max(of_contract, key=lambda item: (item[1].seconds, item[1].wh or 0))
        option = _option(tariff.optarif)
        if not runs:
            runs.append((start, option))
        elif runs[-1][1] != option:
            runs.append((one.start, option))
    return runs


@dataclass(slots=True)
class _Span:
    """An hour or a stretch in the making."""

    wh: dict[int, int] = field(default_factory=dict)
    injected_wh: int = 0
    seconds: int = 0
    papp_max_va: int | None = None

    def add(self, tariff: Tariff, wh: int | None) -> None:
        if wh:
            self.wh[tariff.slot] = self.wh.get(tariff.slot, 0) + wh


@dataclass(slots=True)
class _Draft:
    """A use in the making."""

    option: str
    start: int
    end: int
    hours: dict[int, _Span] = field(default_factory=dict)
    stretches: dict[tuple[int, int], _Span] = field(default_factory=dict)

    def hour(self, ts: int) -> _Span:
        return self.hours.setdefault(ts, _Span())

    def stretch(self, outage: Outage) -> None:
        span = self.stretches.setdefault((outage.start, outage.end), _Span())
        if outage.tariff == INJECTED:
            span.injected_wh += outage.wh
        else:
            span.add(outage.tariff, outage.wh)

    def use(self, power_kva: int | None) -> Use:
        return Use(
            start=_time(self.start),
            end=_time(self.end),
            option=self.option,
            hours=[
                Hour(_time(ts), one.wh, one.injected_wh, one.seconds, one.papp_max_va)
                for ts, one in self.hours.items()
            ],
            stretches=[
                Stretch(_time(start), _time(end), one.wh, one.injected_wh)
                for (start, end), one in self.stretches.items()
            ],
            power_kva=power_kva,
        )


class _Drafts:
    """The drafts of one period: one for each run, and one for each option without a run in it.

    The hour of a change has two options, of which the run names one: what was counted under the
    other belongs to a run near it, which a period that begins with this hour does not have.
    """

    def __init__(self, runs: Sequence[_Draft]) -> None:
        self._runs = runs
        self._others: dict[str, _Draft] = {}

    def __iter__(self) -> Iterator[_Draft]:
        yield from self._runs
        yield from self._others.values()

    def at(self, ts: int) -> _Draft | None:
        """The run of that time, or the first one."""
        if not self._runs:
            return None
        return self._runs[max(bisect_right(self._runs, ts, key=_start_of) - 1, 0)]

    def of(self, tariff: Tariff, run: _Draft | None, ts: int) -> _Draft:
        """What a tariff at that time belongs to; without a contract, to the run of that time."""
        option = _option(tariff.optarif) if tariff.optarif else None
        if run is not None and option in {None, run.option}:
            return run
        for other in self._runs:
            if option == other.option:
                return other
        return self._others.setdefault(option or "", _Draft(option or "", ts, ts))


def _start_of(draft: _Draft) -> int:
    return draft.start


def _time(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, UTC)
