"""Contracts, as they are written in the configuration: what is metered apart, when, at which price.

What energy costs under a contract is reckoned by :mod:`teleinfo_gateway.cost`. The keys are
explained in docs/configuration.rst, what is done with them in docs/cost.rst.
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from teleinfo_gateway.config.prices import Day, Power, PriceConfig, SlotName
from teleinfo_gateway.config.settings import MISSING, Settings, refusal

__all__ = ["SLOTS", "ContractConfig", "DaysConfig", "option_of"]

SLOTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BASE": ("BASE",),
        "HC": ("HC", "HP"),
        "EJP": ("HN", "PM"),
        "TEMPO": ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"),
    }
)
"""The options whose slots are the same for everybody, slot 1 first."""

_TOLD = {"HC..": "HC", "H PLEINE/CREUSE": "HC", "EJP.": "EJP"}
_TEMPO = re.compile(r"BBR.?")  # the last character is the programming of the meter's contacts
_TIMES = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


def option_of(told: str) -> str:
    """The option that OPTARIF or NGTF of a meter, or a person, means: ``BBR(`` is ``TEMPO``."""
    name = " ".join(told.upper().split())
    return "TEMPO" if _TEMPO.fullmatch(name) else _TOLD.get(name, name)


def _option(written: object) -> object:
    return option_of(written) if isinstance(written, str) else written


def _minutes(written: object) -> object:
    """``22:30-06:30`` to the minutes of the legal day at which it begins and ends."""
    found = _TIMES.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError("each time is written with hours and minutes")
    begin, end = (60 * int(found[i] or 24) + int(found[i + 1] or 0) for i in (1, 3))
    if begin == end:
        raise ValueError("it ends when it begins")
    return begin, end


Times: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_minutes)]


class DaysConfig(Settings):
    """Special days of a stretch of days of which all are known: those not listed are ordinary.

    ``red`` and ``white`` are of Tempo, whose days begin at 06:00; ``peak`` is of EJP, whose mobile
    peak lasts from 07:00 to 01:00.
    """

    since: Day = Field(alias="from", description="a day such as 2025-09-01")
    to: Day = Field(description="a day such as 2026-08-31, the last one that is known")
    red: tuple[Day, ...] = Field(default=(), description="a list of days such as [2026-01-06]")
    white: tuple[Day, ...] = Field(default=(), description="a list of days such as [2026-01-05]")
    peak: tuple[Day, ...] = Field(default=(), description="a list of days such as [2026-01-06]")

    @model_validator(mode="after")
    def _within(self) -> Self:
        faults: dict[tuple[str | int, ...], str] = {}
        if self.to < self.since:
            faults["to",] = "it is before from"
        for key in ("red", "white", "peak"):
            for index, day in enumerate(getattr(self, key)):
                if not self.since <= day <= self.to:
                    faults[key, index] = "this day is not between from and to"
                elif key == "white" and day in self.red:
                    faults[key, index] = "this day is red already"
        if faults:
            raise refusal(faults)
        return self


class ContractConfig(Settings):
    """One contract: that of a meter, or one only to compare with."""

    name: str = Field(
        pattern=r"^[a-z0-9-]{1,32}$",
        description="1 to 32 lower-case letters, digits and hyphens, such as tempo-9",
    )
    meter: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,32}$",
        description="the name of a meter, such as house",
    )
    option: Annotated[str, BeforeValidator(_option)] = Field(
        pattern=r"^[!-~ ]{1,16}$",
        description="BASE, HC, EJP, TEMPO, or the name of the calendar that a Linky tells (NGTF)",
    )
    slots: tuple[SlotName, ...] = Field(
        default=(),
        max_length=10,
        validate_default=True,
        description="the names of EASF01, EASF02 and so on, in order, such as [HC, HP, WE]",
    )
    power: Power | None = Field(default=None, description="whole kVA from 1 to 250, such as 6")
    off_peak: tuple[Times, ...] = Field(
        default=(), description='a list of times such as ["22:30-06:30"], for the option HC'
    )
    days: tuple[DaysConfig, ...] = Field(
        default=(), description="a list of stretches of days, for the options TEMPO and EJP"
    )
    prices: tuple[PriceConfig, ...] = Field(
        description='a list of dated prices, each beginning with "-"'
    )

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The name of each slot, slot 1 first."""
        return SLOTS.get(self.option, self.slots)

    def price_on(self, day: date) -> PriceConfig | None:
        """The prices of a legal day; ``None`` before the first ones."""
        begun = (price for price in self.prices if price.since <= day)
        return max(begun, key=lambda price: price.since, default=None)

    @field_validator("slots")
    @classmethod
    def _named_once(cls, slots: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        option = info.data.get("option", "")
        if slots and option in SLOTS:
            raise ValueError(f"those of {option} are always {', '.join(SLOTS[option])}")
        if option and not (slots or option in SLOTS):
            raise PydanticKnownError("missing")
        if len(set(slots)) < len(slots):
            raise ValueError("a name is there twice")
        return slots

    @field_validator("off_peak")
    @classmethod
    def _of_hc(
        cls, off_peak: tuple[tuple[int, int], ...], info: ValidationInfo
    ) -> tuple[tuple[int, int], ...]:
        if off_peak and info.data.get("option", "HC") != "HC":
            raise ValueError(f"the times of {info.data['option']} are not a setting")
        return off_peak

    @field_validator("days")
    @classmethod
    def _of_option(
        cls, days: tuple[DaysConfig, ...], info: ValidationInfo
    ) -> tuple[DaysConfig, ...]:
        option = info.data.get("option")
        known = {"TEMPO": {"red", "white"}, "EJP": {"peak"}}.get(option or "", set())
        faults: dict[tuple[str | int, ...], str] = {
            (index, key): f"the option {option} has no such days"
            for index, stretch in enumerate(days)
            for key in ("red", "white", "peak")
            if option and getattr(stretch, key) and key not in known
        }
        if faults:
            raise refusal(faults)
        return days

    @field_validator("prices")
    @classmethod
    def _of_each_slot(
        cls, prices: tuple[PriceConfig, ...], info: ValidationInfo
    ) -> tuple[PriceConfig, ...]:
        if not prices:
            raise ValueError("without one the contract costs nothing known")
        faults: dict[tuple[str | int, ...], str] = {}
        slots = SLOTS.get(info.data.get("option", ""), info.data.get("slots", ()))
        for index, price in enumerate(prices):
            if any(price.since == other.since for other in prices[:index]):
                faults[index, "from"] = "other prices begin on this day already"
            if slots:  # else they have a fault of their own
                for name in price.energy.keys() - set(slots):
                    faults[index, "energy", name] = f"the slots are {', '.join(slots)}"
                for name in set(slots) - price.energy.keys():
                    faults[index, "energy", name] = MISSING
        if faults:
            raise refusal(faults)
        return prices
