"""Dated prices, as they are written under a contract of the configuration.

Money is Decimal, exactly as written. The keys are explained in docs/configuration.rst.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, ValidatorFunctionWrapHandler, WrapValidator

from teleinfo_gateway.config.settings import Settings

__all__ = ["ByPower", "Day", "Power", "PriceConfig", "SlotName", "TaxesConfig", "at_power"]

_AMOUNT = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,8})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ANY_POWER = 0
"""The key of a price that is the same whatever power is subscribed."""


def _amount(written: object) -> object:
    """Digits of YAML, a number or a text, to the Decimal they write."""
    if isinstance(written, Decimal):
        return written
    text = str(written) if isinstance(written, str | int) else ""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("write a point, not a comma" if "," in text else "write digits alone")
    return Decimal(text)


def _date(written: object) -> object:
    if isinstance(written, str) and _DAY.fullmatch(written):
        return date.fromisoformat(written)  # ValueError: the month has no such day
    return written


def _kva(written: object) -> object:
    return int(written) if isinstance(written, str) and written.isdecimal() else written


def _capitals(written: object) -> object:
    return " ".join(written.upper().split()) if isinstance(written, str) else written


def _by_power(written: object, handler: ValidatorFunctionWrapHandler) -> object:
    return handler(written) if isinstance(written, dict) else {_ANY_POWER: _amount(written)}


Amount: TypeAlias = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0)]
Percent: TypeAlias = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0, le=100)]
Day: TypeAlias = Annotated[date, BeforeValidator(_date)]
Power: TypeAlias = Annotated[int, Field(ge=1, le=250)]
SlotName: TypeAlias = Annotated[str, BeforeValidator(_capitals), Field(pattern=r"^[!-~ ]{1,16}$")]
ByPower: TypeAlias = Annotated[
    Mapping[Annotated[Power, BeforeValidator(_kva)], Amount], WrapValidator(_by_power)
]
"""An amount for each subscribed power in kVA, or one for all: read it with ``at_power``."""


def at_power(amounts: ByPower, power_kva: int | None) -> Decimal | None:
    """The one for a subscribed power (``None``: not known), or ``None`` if there is none for it."""
    if _ANY_POWER in amounts:
        return amounts[_ANY_POWER]
    return None if power_kva is None else amounts.get(power_kva)


class TaxesConfig(Settings):
    """What is added to prices without taxes; value added tax is reckoned on the other taxes too."""

    excise: Amount | None = Field(default=None, description="euros a kWh, such as 0.02998")
    cta: ByPower | None = Field(
        default=None, description="euros a month, one amount or one by kVA such as {6: 2.34}"
    )
    vat_energy: Percent | None = Field(default=None, description="a percentage from 0 to 100")
    vat_subscription: Percent | None = Field(default=None, description="a percentage from 0 to 100")


class PriceConfig(Settings):
    """The prices of a contract from a day on, until those that begin later."""

    since: Day = Field(alias="from", description="a day such as 2026-02-01")
    subscription: ByPower = Field(
        description="euros a month, one amount or one by kVA such as {6: 15.65, 9: 19.56}"
    )
    energy: Mapping[SlotName, ByPower] = Field(
        description="euros a kWh for each slot such as {HC: 0.1579, HP: 0.2065}"
    )
    injection: Amount | None = Field(default=None, description="euros a kWh, such as 0.04")
    taxes: TaxesConfig | None = Field(
        default=None, description="a mapping of taxes; left out if the prices include them"
    )
    source: str = Field(
        min_length=1, max_length=300, description="a text that says where these prices were read"
    )

    def __hash__(self) -> int:
        """A mapping has none of its own."""
        return hash((self.since, self.source))
