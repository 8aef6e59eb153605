"""Readings as another machine sends them, and what of them is believed. Pure.

The sender read the meter; whether it read well is checked here by what the label table says of each
value, and by what is known of the meter already. What is not whole is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.history.columns import columns_of
from teleinfo_gateway.history.sampling import ReadingRow
from teleinfo_gateway.plausibility import DEFAULT_LIMIT_W, doubts_of, power_limit_w
from teleinfo_gateway.readings import Reading
from tic import BY_NAME, FrameKind, HistoriqueView, Horodate, Kind, Mode, usual_name

__all__ = [
    "Sent",
    "SentReading",
    "UnbelievedError",
    "believed",
    "limit_of",
    "row_of",
]

_AHEAD = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""

_BEGIN = datetime(2015, 1, 1, tzinfo=UTC)
"""Before the first Linky: a clock that was never set, not a reading."""

_ADDRESS = {Mode.HISTORIQUE: "ADCO", Mode.STANDARD: "ADSC"}

_is_horodate = re.compile(r"[EHeh ][0-9]{12}").fullmatch


class UnbelievedError(GatewayError):
    """A reading is refused; the text says why."""


class _Body(BaseModel):
    """Nothing unknown, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Text = Annotated[str, Field(max_length=128)]
_Texts = Annotated[Mapping[_Text, _Text], Field(max_length=100)]


class SentReading(_Body):
    """One frame: raw labels, each with its value as the meter sent it.

    ``time`` is when it was read; ``horodates`` holds the meter's own times of those labels that
    have one. ADCO, or ADSC in standard mode, tells the meter.
    """

    time: AwareDatetime
    mode: Mode
    values: _Texts
    horodates: _Texts = Field(default_factory=dict)


class Sent(_Body):
    """Readings of one or more meters.

    ``meter`` names one; ``interval`` is how many seconds pass between two of its readings, so that
    a gap is seen as one.
    """

    meter: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,32}$")
    interval: int = Field(default=60, ge=1, le=3600)
    readings: Sequence[SentReading] = Field(min_length=1, max_length=1000)


def believed(sent: SentReading, name: str | None, view: HistoriqueView, now: datetime) -> Reading:
    """A reading as a meter of this gateway would tell it. Raises UnbelievedError.

    ``view`` is of the meter, ``name`` its name, if it has one. Labels that nobody knows are passed
    over, as they are on a line.
    """
    _check_time(sent.time, now)
    values = {label: value for label, value in sent.values.items() if label in BY_NAME}
    for label, value in values.items():
        _check_value(sent.mode, label, value)
    horodates = {label: text for label, text in sent.horodates.items() if label in values}
    for label, text in horodates.items():
        if not _is_horodate(text) or Horodate.parse(text) is None:
            raise UnbelievedError(f"{label} has no possible horodate")
    address = values.get(_ADDRESS[sent.mode])
    if address is None:
        raise UnbelievedError(f"{_ADDRESS[sent.mode]} is missing, which says what meter it is")
    _check_indexes(values)
    historique = values
    if sent.mode is Mode.STANDARD:
        historique = {group.label: group.value for group in view.translate(values)}
    return Reading(
        meter=name or "",
        address=address,
        time=sent.time.astimezone(UTC),
        mode=sent.mode,
        kind=FrameKind.LONG,
        complete=False,  # nobody says that no label is missing: indexes count if all are there
        values=values,
        historique=historique,
        horodates=horodates,
    )


def row_of(reading: Reading, interval_s: int) -> ReadingRow:
    """The row of a reading; the power of its interval is its own."""
    columns = columns_of(reading)
    papp = columns.get("papp")
    columns |= {"interval_s": interval_s, "papp_min": papp, "papp_max": papp}
    return ReadingRow(reading.address, int(reading.time.timestamp()), columns)


def limit_of(reading: Reading) -> float:
    """What the installation of a meter can draw, in W."""
    return power_limit_w({**reading.historique, **reading.values}) or DEFAULT_LIMIT_W


def _check_time(time: datetime, now: datetime) -> None:
    if time < _BEGIN:
        raise UnbelievedError(f"its time is before {_BEGIN.year}")
    if time > now + _AHEAD:
        raise UnbelievedError("its time is in the future: are both clocks right?")


def _check_value(mode: Mode, label: str, value: str) -> None:
    known = BY_NAME[label]
    if known.mode is not mode:
        raise UnbelievedError(f"{label} is a label of the {known.mode} mode")
    if len(value) != known.size:
        raise UnbelievedError(f"{label} has {known.size} characters, not {len(value)}")
    if not re.fullmatch(known.pattern, value):
        raise UnbelievedError(f"{label} cannot be {value!r}")


def _check_indexes(values: Mapping[str, str]) -> None:
    """A sum of indexes that does not add up: one of them is damaged."""
    usual = {usual_name(label): value for label, value in values.items()}
    for label, expected in doubts_of(usual).items():
        if BY_NAME[label].kind is Kind.INDEX:
            raise UnbelievedError(f"{label} {usual[label]}: expected {expected}")
