"""What can be asked of the history: the parameters of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, field_validator

from teleinfo_gateway.history.columns import NUMBERS, labels_of
from teleinfo_gateway.history.periods import HOUR_S, Grain
from teleinfo_gateway.readings import EventKind, Reading
from teleinfo_gateway.web.query import Instant, MeterName, Names, Query
from tic import BY_NAME, FrameKind, Kind, Mode

__all__ = ["UNITS", "CostQuery", "EnergyQuery", "EventsQuery", "SeriesQuery", "StretchQuery"]

_NUMERIC = {Kind.INDEX, Kind.POWER, Kind.CURRENT, Kind.VOLTAGE, Kind.DURATION, Kind.NUMBER}

_MAX_VALUES = 12
"""Curves of one answer: more than a chart can show; each has up to 2000 points."""

_DAY_S = 24 * HOUR_S


def _apart() -> dict[str, str]:
    """The numeric labels that are kept by change, without a column, and their units."""
    every = Reading(
        meter="",
        address="",
        time=datetime.now(UTC),
        mode=Mode.STANDARD,
        kind=FrameKind.LONG,
        complete=True,
        values={name: "0" for name, label in BY_NAME.items() if label.kind in _NUMERIC},
        historique={},
    )
    return {label: BY_NAME[label].unit for label, _, _ in labels_of(every)}


UNITS: Mapping[str, str] = {**NUMBERS, **_apart()}
"""Every value that a series can be made of, and its unit."""

_METER = "the name of a meter or its address; not needed where the history has one meter only"
_INSTANT = "an instant such as 2026-01-14T18:50:00Z, unix seconds, or a day such as 2026-01-14, "


class StretchQuery(Query):
    """Which meter, and from when to when."""

    meter: MeterName | None = Field(default=None, description=_METER)
    since: Instant | None = Field(
        default=None, alias="from", description=f"{_INSTANT}which begins at midnight in France"
    )
    to: Instant | None = Field(
        default=None, description=f"{_INSTANT}which is then not included; by default now"
    )

    def stretch(self, now: int, usual_s: int) -> tuple[int, int]:
        """Beginning and end in unix seconds; without ``from``, ``usual_s`` before the end."""
        end = now + 1 if self.to is None else self.to  # the reading of this second is included
        return (end - usual_s if self.since is None else self.since), end


class SeriesQuery(StretchQuery):
    """Of ``/api/history``."""

    points: Annotated[int, Field(ge=10, le=2000)] = Field(
        default=400, description="a whole number from 10 to 2000, the most points to be given"
    )
    values: Annotated[
        Names, Field(json_schema_extra={"items": {"type": "string", "enum": list(UNITS)}})
    ] = Field(
        default=("papp",),
        min_length=1,
        max_length=_MAX_VALUES,
        description=f"1 to {_MAX_VALUES} names, each once, with commas between: {', '.join(UNITS)}",
    )

    @field_validator("values")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names) or not UNITS.keys() >= set(names):
            raise ValueError("not a name, or there twice")
        return names


USUAL_S: Mapping[Grain | None, int] = {
    None: 31 * _DAY_S,
    Grain.HOUR: _DAY_S,
    Grain.DAY: 31 * _DAY_S,
    Grain.WEEK: 26 * 7 * _DAY_S,
    Grain.MONTH: 365 * _DAY_S,
    Grain.YEAR: 5 * 366 * _DAY_S,
}
"""How far back without ``from``, by the length of a period."""

_GRAIN = "hour, day, week, month or year"


class EnergyQuery(StretchQuery):
    """Of ``/api/energy``."""

    grain: Grain = Field(default=Grain.DAY, description=f"{_GRAIN}: the length of a period")


class CostQuery(StretchQuery):
    """Of ``/api/cost``."""

    grain: Grain | None = Field(
        default=None, description=f"{_GRAIN}: the length of a period; without it the total alone"
    )
    contract: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(
        default=None,
        description="the name of a contract, or all for each of them; without it the meter's own",
    )
    power: Annotated[int, Field(ge=1, le=250)] | None = Field(
        default=None, description="whole kVA from 1 to 250, instead of the subscribed power"
    )


class EventsQuery(Query):
    """Of ``/api/events/log``."""

    meter: MeterName | None = Field(
        default=None, description="the name of a meter or its address; without it, events of all"
    )
    kind: Annotated[
        Names, Field(json_schema_extra={"items": {"type": "string", "enum": [*EventKind]}})
    ] = Field(
        default=(), description=f"names with commas between, of {', '.join(EventKind)}; else all"
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=100, description="a whole number from 1 to 1000, the most events to be given"
    )
    before: Annotated[int, Field(ge=0, le=2**62)] | None = Field(
        default=None, description="a whole number, next of the page before: older events follow"
    )

    @field_validator("kind")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if not set(EventKind) >= set(kinds):
            raise ValueError("not a kind of event")
        return kinds
