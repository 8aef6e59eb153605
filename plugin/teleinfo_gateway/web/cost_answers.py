"""What the hours of a meter cost, as records. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.cost import Cost, Hour, NotComparableError, Stretch, Use, cost
from teleinfo_gateway.history.periods import HOUR_S, end_of
from teleinfo_gateway.history.uses import Counted, counted
from teleinfo_gateway.web import history_records as records
from teleinfo_gateway.web.history_meters import AskedMeter
from teleinfo_gateway.web.history_query import CostQuery

__all__ = ["Asked", "costs"]

_MAX_HOURS = 5 * 366 * 24
"""Hours of one answer: five years take some seconds on a small machine."""

_ALL = "all"
_MILLIONTH = Decimal("0.000001")


class Asked(NamedTuple):
    """A question; ``begins`` of the periods, if any are wanted."""

    query: CostQuery
    meter: AskedMeter
    contracts: Sequence[ContractConfig]
    stretch: tuple[int, int]
    begins: Sequence[int]


def costs(connection: Connection, asked: Asked, now: int) -> records.Costs:
    """Raises HTTPException: 404 without such a contract, 409 if its cost cannot be reckoned."""
    query, meter = asked.query, asked.meter
    chosen = _chosen(asked)
    start, end = asked.stretch
    if query.grain is not None:
        start, end = asked.begins[0], end_of(query.grain, asked.begins[-1])
    if end - start > _MAX_HOURS * HOUR_S:
        raise HTTPException(400, f"from and to are more than {_MAX_HOURS // 24} days apart")
    known = counted(connection, meter.known, start, end, now)
    grain = query.grain
    periods = [] if grain is None else [(ts, end_of(grain, ts)) for ts in asked.begins if ts <= now]
    return records.Costs(
        meter=meter.name,
        adco=meter.adco,
        grain=grain,
        costs=[_contract_cost(known, one, periods, (start, end), query) for one in chosen],
    )


class _Choice(NamedTuple):
    """What to reckon with: one contract, or else those of the meter by their option."""

    contract: ContractConfig | None
    own: Mapping[str, ContractConfig]

    def contract_for(self, option: str) -> ContractConfig | None:
        return self.contract or self.own.get(option)

    def told(
        self,
        problem: str | None,
        periods: Sequence[records.PeriodCost] = (),
        total: records.PeriodCost | None = None,
    ) -> records.ContractCost:
        one = self.contract
        own = one is None or one in self.own.values()
        return records.ContractCost(one.name if one else None, own, problem, periods, total)


def _chosen(asked: Asked) -> list[_Choice]:
    wanted, name = asked.query.contract, asked.meter.name
    if not asked.contracts:
        raise HTTPException(
            409, "no prices are known: write contracts with their prices into the configuration"
        )
    own = {one.option: one for one in asked.contracts if one.meter == name and name is not None}
    if wanted is None:
        if not own:
            raise HTTPException(
                409,
                f"no contract is that of the meter {name or asked.meter.adco}: write "
                f"'meter: {name or 'NAME'}' into one of the configuration, or ask for another "
                f"contract with the parameter contract",
            )
        return [_Choice(None, own)]
    chosen = [one for one in asked.contracts if wanted in {_ALL, one.name}]
    if not chosen:
        known = ", ".join(one.name for one in asked.contracts)
        raise HTTPException(404, f"no contract is called {wanted!r}; there are: {known}")
    return [_Choice(one, own) for one in chosen]


def _contract_cost(
    known: Counted,
    choice: _Choice,
    periods: Iterable[tuple[int, int]],
    stretch: tuple[int, int],
    query: CostQuery,
) -> records.ContractCost:
    try:
        return choice.told(
            None,
            [_period_cost(known, choice, period, query.power) for period in periods],
            _period_cost(known, choice, stretch, query.power),
        )
    except NotComparableError as error:
        if query.contract != _ALL:
            raise HTTPException(409, str(error)) from error
        return choice.told(str(error))


def _period_cost(
    known: Counted, choice: _Choice, period: tuple[int, int], power_kva: int | None
) -> records.PeriodCost:
    uses, outage_wh = known.uses(*period)
    parts: list[Cost] = []
    without: list[records.WithoutContract] = []
    for use in uses:
        contract = choice.contract_for(use.option)
        if contract is not None:
            parts.append(cost(contract, use, power_kva))
        elif wh := _wh(use):
            without.append(records.WithoutContract(use.option, wh))
    return records.PeriodCost(
        start=_time(period[0]),
        end=_time(period[1]),
        total_euros=_rounded(sum((part.total_euros for part in parts), Decimal(0))),
        complete=all(part.complete for part in parts)
        and not without
        and not known.is_crossed(*period),
        parts=[_told(part) for part in parts],
        without_contract=without,
        outage_wh=outage_wh,
    )


def _wh(use: Use) -> int:
    spans: list[Hour | Stretch] = [*use.hours, *use.stretches]
    return sum(sum(span.wh.values()) for span in spans)


def _told(one: Cost) -> Cost:
    """A cost with its euros rounded for the answer."""
    return replace(
        one,
        slots=tuple(replace(slot, euros=_rounded(slot.euros)) for slot in one.slots),
        subscription_euros=_rounded(one.subscription_euros),
        taxes_euros=_rounded(one.taxes_euros),
        injected_euros=_rounded(one.injected_euros),
        total_euros=_rounded(one.total_euros),
    )


def _rounded(euros: Decimal) -> Decimal:
    return euros.quantize(_MILLIONTH)


def _time(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, UTC)
