"""The parameters of a query: one class for each operation that takes some.

They are read and described from these classes. The description of a field says what it takes:
refusals are worded with it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.exceptions import HTTPException
from starlette.requests import Request

from teleinfo_gateway.history.periods import midnight

__all__ = [
    "Instant",
    "MeterName",
    "Names",
    "Query",
    "SensorsQuery",
    "now_ts",
    "read_items",
    "read_query",
]

_MAX_SHOWN = 64
"""Characters of a wrong name or value that a refusal repeats."""

_YEARS = range(2000, 2101)
"""What a history can hold; far ahead and far back, instants cannot be reckoned with."""

_is_day = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_is_unix_time = re.compile(r"[0-9]{9,10}").fullmatch


class Query(BaseModel):
    """The parameters of one operation, by the name in the query."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_Q = TypeVar("_Q", bound=Query)


def read_query(request: Request, model: type[_Q]) -> _Q:
    """The parameters of a request; raises HTTPException 400, which names the wrong one."""
    return read_items(request.query_params.multi_items(), model)


def read_items(items: Iterable[tuple[str, str]], model: type[_Q]) -> _Q:
    """The same from names and values."""
    takes = {field.alias or name: field.description for name, field in model.model_fields.items()}
    told: dict[str, str] = {}
    for name, value in items:
        if name not in takes:
            known = ", ".join(takes)
            raise HTTPException(400, f"{name[:_MAX_SHOWN]!r} is no parameter; there are: {known}")
        if name in told:
            raise HTTPException(400, f"the parameter {name} is given more than once")
        told[name] = value
    try:
        return model.model_validate(told)
    except ValidationError as error:
        wrong = str(error.errors()[0]["loc"][0])
        if wrong in told:
            given = f"{told[wrong][:_MAX_SHOWN]!r} is not what the parameter {wrong} takes"
        else:
            given = f"the parameter {wrong} is missing"
        raise HTTPException(400, f"{given}: {takes[wrong]}") from None


def _instant(written: object) -> object:
    """Unix seconds of what is written; the default is no text."""
    if not isinstance(written, str):
        return written
    if _is_unix_time(written):
        return int(written)
    if _is_day(written):
        day = date.fromisoformat(written)
        _check_year(day.year)
        return midnight(day)
    # The + of an offset means a space in a query, and few who write one know.
    moment = datetime.fromisoformat(written.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError("without its offset it is no instant")
    _check_year(moment.year)
    return int(moment.astimezone(UTC).timestamp())


def _check_year(year: int) -> None:
    if year not in _YEARS:
        raise ValueError("nothing is known of such a year")


def _names(written: object) -> object:
    return tuple(written.split(",")) if isinstance(written, str) else written


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "examples": ["2026-01-14T18:50:00Z", "2026-01-14"]}),
]
"""An instant or a day of French legal time, as unix seconds."""

Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""Names separated by commas."""

MeterName = Annotated[str, Field(min_length=1, max_length=64)]


class SensorsQuery(Query):
    """Of ``/api/sensors``."""

    meter: MeterName | None = Field(
        default=None, description="the name of a meter; without it, the sensors of all"
    )


def now_ts() -> int:
    """Now, in unix seconds."""
    return int(time.time())
