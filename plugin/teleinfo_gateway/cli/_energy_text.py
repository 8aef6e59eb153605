"""Energy as a table and as bars of characters, or as JSON. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import click

from teleinfo_gateway.cli._energy import Apart, MeterEnergy, Row
from teleinfo_gateway.cli._energy_bill import Bill
from teleinfo_gateway.cost import cents
from teleinfo_gateway.history.periods import Grain, local_time

__all__ = ["Style", "as_json_value", "lines"]

_PERIOD = {
    Grain.HOUR: "%Y-%m-%d %H:%M",
    Grain.DAY: "%Y-%m-%d",
    Grain.WEEK: "%G-W%V",
    Grain.MONTH: "%Y-%m",
    Grain.YEAR: "%Y",
}
_DECIMALS = {Grain.HOUR: 3, Grain.DAY: 2, Grain.WEEK: 1, Grain.MONTH: 1, Grain.YEAR: 0}

_BLOCKS = "█▓▒░▚▞▙▟▜▛"
_ASCII = "#=+-:.o*x%"
_COLOURS = ("blue", "red", "green", "magenta", "cyan", "yellow")
_OF_TEMPO = {
    "HCJB": "blue",
    "HPJB": "bright_blue",
    "HCJW": "white",
    "HPJW": "bright_white",
    "HCJR": "red",
    "HPJR": "bright_red",
}


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show: columns, block characters, colours."""

    width: int
    blocks: bool
    colours: bool


def lines(told: MeterEnergy, style: Style) -> Iterator[str]:
    """A heading, a table, what stands apart, costs, and bars."""
    yield f"{told.name} ({told.adco}), kWh" if told.name else f"{told.adco}, kWh"
    yield ""
    yield from _table(told, style.width)
    yield from _apart(told.rows)
    yield from _costs(told)
    yield ""
    yield from _bars(told, style)


def _table(told: MeterEnergy, width: int) -> list[str]:
    """Periods and their sum; where it would be too wide, closer and with fewer decimals."""
    digits = _DECIMALS[told.grain]
    lines: list[str] = []
    for gap, places in [("  ", digits), *((" ", fewer) for fewer in range(digits, -1, -1))]:
        cells = list(_cells(told, places))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            gap.join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])]).rstrip()
            for first, *rest in cells
        ]
        if max(map(len, lines)) <= width:
            break
    return lines


def _cells(told: MeterEnergy, digits: int) -> Iterator[list[str]]:
    """The rows of the table; ``*`` where energy stands apart."""
    injects = any(row.injected_wh is not None for row in told.rows)
    bill = told.bill
    yield ["PERIOD", *told.slots, "TOTAL", *["INJECTED"] * injects, "SEEN", *["EUR"] * bool(bill)]
    for row in told.rows:
        yield [
            _period(told.grain, row) + "*" * bool(row.apart),
            *(_kwh(row.wh.get(slot), digits) for slot in told.slots),
            _kwh(_total(row), digits),
            *[_kwh(row.injected_wh, digits)] * injects,
            f"{int(100 * row.seen)} %",
            *[_euros(row.euros)] * bool(bill),
        ]
    sums = [_sum(row.wh.get(slot) for row in told.rows) for slot in told.slots]
    yield [
        "TOTAL",
        *(_kwh(one, digits) for one in sums),
        _kwh(_sum(sums), digits),
        *[_kwh(_sum(row.injected_wh for row in told.rows), digits)] * injects,
        "",
        *([_euros(bill.total_euros)] if bill else []),
    ]


def _apart(rows: Sequence[Row]) -> Iterator[str]:
    outages = [one for row in rows for one in row.apart]
    if not outages:
        return
    yield ""
    yield "* Counted while nobody listened, over more than one period and in none above:"
    for (start, end), parts in _by_outage(outages).items():
        told = ", ".join(f"{one.wh / 1000:.2f} kWh {one.slot}" for one in parts)
        yield f"  {local_time(start):%Y-%m-%d %H:%M} to {local_time(end):%Y-%m-%d %H:%M}: {told}"


def _by_outage(outages: Sequence[Apart]) -> dict[tuple[int, int], list[Apart]]:
    found: dict[tuple[int, int], list[Apart]] = {}
    for one in outages:
        found.setdefault((one.start, one.end), []).append(one)
    return found


def _costs(told: MeterEnergy) -> Iterator[str]:
    if told.bill is not None:
        yield ""
        yield f"Contract {told.bill.contract}: {_parts(told.bill)}"
        yield from (f"  {note}" for note in told.bill.notes)
    if told.others:
        yield ""
        yield "The same energy under each contract:"
    width = max((len(one.contract) for one in told.others), default=0)
    for one in told.others:
        yield f"  {one.contract.ljust(width)}  {one.problem or _parts(one)}"
        yield from (f"  {' ' * width}  {note}" for note in one.notes)


def _parts(bill: Bill) -> str:
    parts = (
        ("energy", bill.energy_euros),
        ("subscription", bill.subscription_euros),
        ("taxes", bill.taxes_euros),
        ("injected", -bill.injected_euros),
    )
    told = ", ".join(f"{name} {_euros(euros)}" for name, euros in parts if euros)
    at_least = "" if bill.complete else " (not all is in it)"
    return f"{_euros(bill.total_euros)} EUR{at_least}: {told or 'nothing'}"


def _bars(told: MeterEnergy, style: Style) -> Iterator[str]:
    """A bar for each period, its slots one after the other, to the scale of the longest."""
    most = max((_total(row) or 0 for row in told.rows), default=0)
    if not most:
        return
    marks = _marks(told.slots, style)
    yield "  ".join(f"{mark.drawn(1)} {slot}" for slot, mark in marks.items())
    digits = _DECIMALS[told.grain]
    periods = [_period(told.grain, row) for row in told.rows]
    values = [_kwh(_total(row), digits) for row in told.rows]
    room = style.width - len(periods[0]) - max(map(len, values)) - 3
    for period, row, value in zip(periods, told.rows, values, strict=True):
        bar, drawn, wh = "", 0, 0
        for slot, mark in marks.items():
            wh += row.wh.get(slot, 0)
            until = round(room * wh / most)
            bar += mark.drawn(until - drawn)
            drawn = until
        yield f"{period}  {bar}{' ' * bool(drawn)}{value}"


class _Mark(NamedTuple):
    """How a slot is drawn: a character, and its colour if there are colours."""

    character: str
    colour: str | None

    def drawn(self, length: int) -> str:
        text = self.character * length
        return click.style(text, fg=self.colour) if self.colour and text else text


def _marks(slots: Sequence[str], style: Style) -> dict[str, _Mark]:
    """A mark for each slot, all different also where colours are not seen."""
    characters = _BLOCKS if style.blocks else _ASCII
    return {
        slot: _Mark(
            characters[number % len(characters)],
            _OF_TEMPO.get(slot, _COLOURS[number % len(_COLOURS)]) if style.colours else None,
        )
        for number, slot in enumerate(slots)
    }


def _period(grain: Grain, row: Row) -> str:
    return local_time(row.start).strftime(_PERIOD[grain])


def _total(row: Row) -> int | None:
    return sum(row.wh.values()) if row.wh else None


def _sum(numbers: Iterable[int | None]) -> int | None:
    told = [number for number in numbers if number is not None]
    return sum(told) if told else None


def _kwh(wh: int | None, digits: int) -> str:
    return "-" if wh is None else f"{wh / 1000:.{digits}f}"


def _euros(euros: Decimal | None) -> str:
    return "-" if euros is None else str(cents(euros))


def as_json_value(told: MeterEnergy) -> dict[str, object]:
    """One meter with its periods; euros are texts, because they are decimal."""
    return {
        "meter": told.name,
        "adco": told.adco,
        "by": told.grain.value,
        "problem": told.nothing or None,
        "periods": [
            {
                "start": _iso(row.start),
                "start_ts": row.start,
                "end_ts": row.end,
                "wh": dict(row.wh),
                "total_wh": _total(row),
                "injected_wh": row.injected_wh,
                "seen": round(row.seen, 4),
                "outages": [
                    {"start_ts": one.start, "end_ts": one.end, "slot": one.slot, "wh": one.wh}
                    for one in row.apart
                ],
                "euros": None if row.euros is None else str(cents(row.euros)),
            }
            for row in told.rows
        ],
        "cost": None if told.bill is None else _bill_value(told.bill),
        "contracts": [_bill_value(one) for one in told.others],
    }


def _bill_value(bill: Bill) -> dict[str, object]:
    return {
        name: str(cents(value)) if isinstance(value, Decimal) else value
        for name, value in asdict(bill).items()
    }


def _iso(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M:%SZ}"
