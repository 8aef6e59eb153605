"""What the energy of some periods cost, and would have cost. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.cost import Cost, NotComparableError, Use, cost
from teleinfo_gateway.history.uses import Counted

__all__ = ["Bill", "Bills"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """A cost under a contract, or under those of the meter; ``problem`` if there is none.

    ``notes`` say what the total leaves out, estimates or passes over.
    """

    contract: str
    energy_euros: Decimal = _NOTHING
    subscription_euros: Decimal = _NOTHING
    taxes_euros: Decimal = _NOTHING
    injected_euros: Decimal = _NOTHING
    total_euros: Decimal = _NOTHING
    complete: bool = True
    notes: Sequence[str] = ()
    problem: str = ""


class Bills:
    """The costs of what one meter counted; ``own`` are its contracts by their option."""

    def __init__(
        self,
        counted: Counted,
        own: Mapping[str, ContractConfig],
        contracts: Sequence[ContractConfig],
    ) -> None:
        self._counted = counted
        self._own = own
        self._contracts = contracts

    def own(self, start: int, end: int) -> Bill | None:
        """Under the contracts of the meter; ``None`` if it has none."""
        if not self._own:
            return None
        names = ", ".join(one.name for one in self._own.values())
        return _bill(names, self._own.get, *self._counted.uses(start, end))

    def others(self, start: int, end: int) -> list[Bill]:
        """Under each contract of the configuration alone."""
        return [self._other(one, start, end) for one in self._contracts]

    def _other(self, contract: ContractConfig, start: int, end: int) -> Bill:
        try:
            return _bill(contract.name, lambda _: contract, *self._counted.uses(start, end))
        except NotComparableError as error:
            return Bill(contract.name, problem=str(error))


def _bill(
    name: str,
    contract_for: Callable[[str], ContractConfig | None],
    uses: Sequence[Use],
    outage_wh: int,
) -> Bill:
    parts: list[Cost] = []
    without = Counter[str]()
    for use in uses:
        contract = contract_for(use.option)
        if contract is not None:
            parts.append(cost(contract, use))
        elif wh := _wh(use):
            without[use.option] += wh
    notes = [*_left_out(parts, without, outage_wh), *_remarks(parts)]
    return Bill(
        contract=name,
        energy_euros=sum((slot.euros for one in parts for slot in one.slots), _NOTHING),
        subscription_euros=sum((one.subscription_euros for one in parts), _NOTHING),
        taxes_euros=sum((one.taxes_euros for one in parts), _NOTHING),
        injected_euros=sum((one.injected_euros for one in parts), _NOTHING),
        total_euros=sum((one.total_euros for one in parts), _NOTHING),
        complete=all(one.complete for one in parts) and not without and not outage_wh,
        notes=notes,
    )


def _left_out(parts: Sequence[Cost], without: Mapping[str, int], outage_wh: int) -> list[str]:
    """What a total is without."""
    energy = {
        "without a price": sum(one.unpriced_wh for one in parts),
        "of an unknown slot": sum(one.unknown_slot_wh for one in parts),
        "at hours of days whose kind is not known": sum(one.not_reckoned_wh for one in parts),
        "counted in outages at the ends of the table": outage_wh,
        **{f"under {option or 'an unknown option'}": wh for option, wh in without.items()},
    }
    notes = [f"without {wh / 1000:.1f} kWh {what}" for what, wh in energy.items() if wh]
    if days := sum(one.days_without_price for one in parts):
        notes.append(f"without the subscription of {days} days that have no price")
    return notes


def _remarks(parts: Sequence[Cost]) -> list[str]:
    notes = []
    if estimated_wh := sum(one.estimated_wh for one in parts):
        notes.append(f"{estimated_wh / 1000:.1f} kWh shared by time alone")
    if hours := sum(one.hours_above_power or 0 for one in parts):
        notes.append(f"{hours} hours above its power of {parts[0].power_kva} kVA")
    return notes


def _wh(use: Use) -> int:
    return sum(
        sum(wh.values())
        for wh in (*(one.wh for one in use.hours), *(one.wh for one in use.stretches))
    )
