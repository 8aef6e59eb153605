"""What a meter counted, at the prices of a contract: that of the meter, or another one. Pure.

Nothing is reckoned that is not known: energy and days without a price, energy whose slot nobody
knows and hours whose Tempo colour or EJP peak nobody told are counted apart, and the total is then
that of the rest (``Cost.complete``). Euros are Decimal and not rounded; ``cents`` rounds for a
display. Legal days and months are those of French legal time.
"""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from teleinfo_gateway.config.contracts import ContractConfig
from teleinfo_gateway.config.prices import PriceConfig, TaxesConfig, at_power
from teleinfo_gateway.slot_energy import (
    UNKNOWN,
    Hour,
    NotComparableError,
    SlotEnergy,
    Stretch,
    Use,
    injected_energy,
    legal_time,
    slot_energy,
)
from tic.horodate import legal_zone

__all__ = ["Cost", "Hour", "NotComparableError", "SlotCost", "Stretch", "Use", "cents", "cost"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class SlotCost:
    """Energy of one slot and its price, without the taxes that the contract adds."""

    slot: int
    name: str
    wh: int
    euros: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """What a period costs under a contract.

    ``total_euros`` is slots, subscription and taxes less what is paid for injected energy; where
    ``complete`` is false it leaves out what the fields after it count:

    * ``days_without_price``: legal days without a subscription price;
    * ``unpriced_wh``: energy without a price, on such a day or at this subscribed power;
    * ``unknown_slot_wh``: energy whose slot is not known;
    * ``not_reckoned_wh``: energy at hours of a Tempo or EJP day whose kind is not known.

    ``redistributed`` says that the slots are those of another contract than the meter's, and
    ``estimated_wh`` how much of their energy was shared by time alone. ``seen_s`` is how much of
    the period the meter was heard; ``hours_above_power`` counts the hours whose highest power was
    above the subscribed one, ``None`` if one of the two is not known. ``sources`` says where the
    prices were read.
    """

    contract: str
    option: str
    start: datetime
    end: datetime
    power_kva: int | None
    redistributed: bool
    slots: tuple[SlotCost, ...]
    subscription_euros: Decimal
    taxes_euros: Decimal
    injected_wh: int
    injected_euros: Decimal
    total_euros: Decimal
    complete: bool
    days_without_price: int
    unpriced_wh: int
    unknown_slot_wh: int
    not_reckoned_wh: int
    estimated_wh: int
    seen_s: int
    hours_above_power: int | None
    sources: tuple[str, ...]


def cents(euros: Decimal) -> Decimal:
    """Euros rounded to the cent, half a cent upwards as on a bill."""
    return euros.quantize(Decimal("0.01"), ROUND_HALF_UP)


def cost(contract: ContractConfig, use: Use, power_kva: int | None = None) -> Cost:
    """What was used, at the prices of a contract, at another subscribed power if one is given.

    A stretch in which a price changes is shared by time. Raises NotComparableError if the contract
    is not that of the meter and says too little of its own slots.
    """
    energy = slot_energy(contract, use)
    power = power_kva or contract.power or use.power_kva
    sums = _Sums(contract, power)
    sums.add_energy(energy)
    sums.add_subscription(use)
    sums.add_injected(use)
    return sums.cost(use, energy)


class _Sums:
    """The parts of a cost, summed up."""

    def __init__(self, contract: ContractConfig, power_kva: int | None) -> None:
        self._contract = contract
        self._power_kva = power_kva
        self._wh = Counter[int]()
        self._euros = dict.fromkeys(range(1, len(contract.slot_names) + 1), _NOTHING)
        self._subscription = self._taxes = self._injected = _NOTHING
        self._injected_wh = 0
        self._sources: dict[str, None] = {}
        self._days_without_price = self._unpriced_wh = self._unknown_wh = self._dayless_wh = 0

    def add_energy(self, energy: SlotEnergy) -> None:
        for (day, slot), wh in energy.wh.items():
            if slot is None:
                self._dayless_wh += wh
            elif slot == UNKNOWN:
                self._unknown_wh += wh
            else:
                self._wh[slot] += wh
                self._price_energy(day, slot, wh)

    def _price_energy(self, day: date, slot: int, wh: int) -> None:
        price = self._contract.price_on(day)
        name = self._contract.slot_names[slot - 1]
        euros = at_power(price.energy[name], self._power_kva) if price else None
        if price is None or euros is None:
            self._unpriced_wh += wh
            return
        self._sources[price.source] = None
        kwh = Decimal(wh) / 1000
        self._euros[slot] += kwh * euros
        taxes = price.taxes or TaxesConfig()
        self._taxes += _taxed(kwh * euros, kwh * (taxes.excise or _NOTHING), taxes.vat_energy)

    def add_subscription(self, use: Use) -> None:
        days = defaultdict[tuple[PriceConfig, date], Decimal](Decimal)
        for day, share in _days(use.start, use.end):
            price = self._contract.price_on(day)
            if price is None or self._month(price) is None:
                self._days_without_price += 1
            else:
                days[price, day.replace(day=1)] += share
        for (price, month), share in days.items():
            subscription, taxes = self._month(price) or (_NOTHING, _NOTHING)
            self._sources[price.source] = None
            length = calendar.monthrange(month.year, month.month)[1]
            self._subscription += subscription * share / length
            self._taxes += taxes * share / length

    def _month(self, price: PriceConfig) -> tuple[Decimal, Decimal] | None:
        """Subscription and taxes of a month; ``None`` if one has no amount at this power."""
        taxes = price.taxes or TaxesConfig()
        subscription = at_power(price.subscription, self._power_kva)
        cta = at_power(taxes.cta, self._power_kva) if taxes.cta else _NOTHING
        if subscription is None or cta is None:
            return None
        return subscription, _taxed(subscription, cta, taxes.vat_subscription)

    def add_injected(self, use: Use) -> None:
        for day, wh in injected_energy(use).items():
            self._injected_wh += wh
            price = self._contract.price_on(day)
            if price and price.injection:
                self._injected += Decimal(wh) / 1000 * price.injection

    def cost(self, use: Use, energy: SlotEnergy) -> Cost:
        gaps = (self._days_without_price, self._unpriced_wh, self._unknown_wh, self._dayless_wh)
        return Cost(
            contract=self._contract.name,
            option=self._contract.option,
            start=use.start,
            end=use.end,
            power_kva=self._power_kva,
            redistributed=energy.redistributed,
            slots=tuple(
                SlotCost(slot, self._contract.slot_names[slot - 1], self._wh[slot], euros)
                for slot, euros in self._euros.items()
            ),
            subscription_euros=self._subscription,
            taxes_euros=self._taxes,
            injected_wh=self._injected_wh,
            injected_euros=self._injected,
            total_euros=sum(self._euros.values(), self._subscription + self._taxes)
            - self._injected,
            complete=not any(gaps),
            days_without_price=self._days_without_price,
            unpriced_wh=self._unpriced_wh,
            unknown_slot_wh=self._unknown_wh,
            not_reckoned_wh=self._dayless_wh,
            estimated_wh=energy.estimated_wh,
            seen_s=sum(hour.seconds for hour in use.hours),
            hours_above_power=_hours_above(self._power_kva, use),
            sources=tuple(self._sources),
        )


def _taxed(price: Decimal, tax: Decimal, vat_percent: Decimal | None) -> Decimal:
    """All taxes: one without value added tax, and that on it and on the price."""
    return tax + (price + tax) * vat_percent / 100 if vat_percent else tax


def _hours_above(power_kva: int | None, use: Use) -> int | None:
    powers = [hour.papp_max_va for hour in use.hours if hour.papp_max_va is not None]
    if power_kva is None or not powers:
        return None
    return sum(papp_va > power_kva * 1000 for papp_va in powers)


def _days(start: datetime, end: datetime) -> Iterator[tuple[date, Decimal]]:
    """Each legal day of a period, and how much of it lies inside (1: all, whatever its length)."""
    day = legal_time(start).date()
    while (midnight := _midnight(day)) < end:
        following = _midnight(day + timedelta(days=1))
        inside = min(end, following) - max(start, midnight)
        yield day, _seconds(inside) / _seconds(following - midnight)
        day += timedelta(days=1)


def _seconds(duration: timedelta) -> Decimal:
    return Decimal(duration // timedelta(seconds=1))


def _midnight(day: date) -> datetime:
    """The instant, in UTC, at which a legal day begins."""
    local = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # legal time itself
    return local.replace(tzinfo=legal_zone(local)).astimezone(UTC)
