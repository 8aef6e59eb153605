"""The shapes of what the history answers.

As in ``records``, times are UTC, ISO 8601 with a ``Z``; the one exception is the time of the points
of a curve. ``adco`` is null if the meter is configured and was never heard. Energy is in Wh, power
in VA. Euros are decimal text, rounded to the millionth, because a binary number cannot hold a cent:
add them as decimals, and round what you show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from teleinfo_gateway.cost import Cost
from teleinfo_gateway.history.periods import Grain

__all__ = [
    "ContractCost",
    "ContractSeen",
    "Costs",
    "CurveTold",
    "Energy",
    "EventPage",
    "EventTold",
    "OutageTold",
    "PeriodCost",
    "PeriodEnergy",
    "Series",
    "TariffEnergy",
    "WithoutContract",
]


@dataclass(frozen=True, slots=True)
class CurveTold:
    """One value over time, ``null`` where nothing was heard; ``unit`` is "" for a plain number.

    Of a step, ``value`` is the mean of a power, a current or a voltage, the highest of an index,
    the last of a label without a column. ``min`` and ``max`` are of ``papp`` alone.
    """

    unit: str
    value: Sequence[float | None]
    min: Sequence[int | None] | None
    max: Sequence[int | None] | None


@dataclass(frozen=True, slots=True)
class ContractSeen:
    """A contract that was met in a stretch, first on the day ``since``, and its slots by number."""

    optarif: str
    since: datetime
    slots: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Series:
    """Curves of one meter: arrays of one length, as chart libraries take them.

    ``time`` is in unix seconds, unlike every other time of this API: a chart reckons with numbers,
    and text would be most of the answer. With ``step_s``, each point stands for the step it begins;
    where that is 0, it is a reading. ``slot`` is the tariff slot of each point: ``contracts`` names
    it, the contract of a point being the last one that began.
    """

    meter: str | None
    adco: str | None
    start: datetime
    end: datetime
    step_s: int
    time: Sequence[int]
    slot: Sequence[int | None]
    contracts: Sequence[ContractSeen]
    values: Mapping[str, CurveTold]


@dataclass(frozen=True, slots=True)
class TariffEnergy:
    """Energy and power of one tariff: a slot of a contract, the number of its supplier index.

    ``wh`` is null if no index told it. ``seconds`` is the time in which the meter was heard and had
    this tariff; ``papp_mean`` is the mean over it.
    """

    optarif: str
    slot: int
    name: str
    wh: int | None
    seconds: int
    papp_min: int | None
    papp_mean: float | None
    papp_max: int | None


@dataclass(frozen=True, slots=True)
class OutageTold:
    """Energy that was counted while nobody listened, from ``start`` to ``end``, by tariff.

    ``unknown_wh`` is what was counted while the contract changed, ``injected_wh`` what was injected
    into the network.
    """

    start: datetime
    end: datetime
    tariffs: Sequence[TariffEnergy]
    unknown_wh: int | None
    injected_wh: int | None


@dataclass(frozen=True, slots=True)
class PeriodEnergy:
    """Energy and power from ``start`` to ``end``.

    ``wh`` is all that was drawn: ``tariffs`` and ``unknown_wh``, which is energy counted while the
    contract changed, of no known slot. ``coverage`` is the share of the time passed that was heard,
    0 to 1. ``outages`` may belong to this period or to its neighbours, stand at the one they began
    in, and are in no sum.
    """

    start: datetime
    end: datetime
    wh: int | None
    tariffs: Sequence[TariffEnergy]
    unknown_wh: int | None
    injected_wh: int | None
    seconds: int
    coverage: float
    papp_min: int | None
    papp_mean: float | None
    papp_max: int | None
    outages: Sequence[OutageTold]


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one meter by periods of French legal time, also those in which nothing was heard.

    ``total`` is of all of them; outages that lie between two periods are in it.
    """

    meter: str | None
    adco: str | None
    grain: Grain
    periods: Sequence[PeriodEnergy]
    total: PeriodEnergy


@dataclass(frozen=True, slots=True)
class WithoutContract:
    """Energy counted under an option that no contract of the meter is for: it has no price."""

    option: str
    wh: int


@dataclass(frozen=True, slots=True)
class PeriodCost:
    """The cost of a period, or of the part of it that has passed since the meter was first heard.

    ``parts`` are one for each contract that applied. ``complete`` is false if one of them is not,
    if there is energy without a contract, or if an outage crosses the period's ends;
    ``total_euros`` is then that of the rest. ``outage_wh`` is what was counted in such outages, at
    the period they began in.
    """

    start: datetime
    end: datetime
    total_euros: Decimal
    complete: bool
    parts: Sequence[Cost]
    without_contract: Sequence[WithoutContract]
    outage_wh: int


@dataclass(frozen=True, slots=True)
class ContractCost:
    """What a contract costs, or would have cost; null is the contracts of the meter, in their time.

    ``own`` says whether the contract is one of the meter's. ``problem`` is why it cannot be
    reckoned; there is then no ``total``.
    """

    contract: str | None
    own: bool
    problem: str | None
    periods: Sequence[PeriodCost]
    total: PeriodCost | None


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of one meter."""

    meter: str | None
    adco: str | None
    grain: Grain | None
    costs: Sequence[ContractCost]


@dataclass(frozen=True, slots=True)
class EventTold:
    """Something that happened, as ``/api/events`` told it; of the gateway if ``meter`` is null.

    ``adco`` is null if the meter had not told it yet.
    """

    seq: int
    time: datetime
    meter: str | None
    adco: str | None
    kind: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; ``next`` is the ``before`` of the next page, null after the last."""

    events: Sequence[EventTold]
    next: int | None
