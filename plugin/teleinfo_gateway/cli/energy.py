"""``teleinfo energy``: what was used, by period and tariff, and what it cost."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import (
    BEGINNING,
    from_option,
    meter_option,
    opened_history,
    to_option,
)
from teleinfo_gateway.history.periods import Grain

__all__ = ["energy"]

_WIDTH = range(60, 121)
"""Columns of a terminal that are used; a wider bar tells no more."""


@click.command(epilog="Example: teleinfo energy --by month --last 12")
@meter_option
@click.option(
    "--by",
    type=click.Choice([grain.value for grain in Grain]),
    default=Grain.DAY.value,
    show_default=True,
    help="The length of a period, of legal time.",
)
@click.option(
    "--last",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="How many periods, with the one that is not over; by default as fits a screen.",
)
@from_option
@to_option
@click.option("--compare", is_flag=True, help="Say what each contract would have cost, too.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: Wh, and unix seconds.")
@config_option
def energy(  # noqa: PLR0913  # one argument an option
    *,
    meter: str | None,
    by: str,
    last: int | None,
    start: int | None,
    end: int | None,
    compare: bool,
    as_json: bool,
    config: Path | None,
) -> None:
    """Show energy by period and tariff slot, in kWh, as a table and as bars.

    SEEN is the share of a period in which the meter was heard. Energy that was counted while
    nobody listened stands apart where it may belong to several periods. With a contract of the
    configuration for the meter, EUR is what it cost: energy, subscription and taxes.
    """
    if last is not None and start is not None:
        raise click.UsageError("--last and --from say the same: keep one of the two")
    if start is not None and end is not None and start >= end:
        raise click.UsageError("--from is after --to")
    now = int(time.time())
    with opened_history(config) as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.cli._energy import Question, gather  # noqa: PLC0415

        question = Question(meter, Grain(by), last, start, end, now, compare=compare)
        with history.database.reading() as connection:
            told = gather(connection, question, history.config.contracts)
    from teleinfo_gateway.cli._energy_text import Style, as_json_value, lines  # noqa: PLC0415

    if as_json:
        click.echo(json.dumps([as_json_value(one) for one in told], indent=2, ensure_ascii=False))
        return
    if not told:
        click.echo(f"No meter is in {history.database.name} yet: {BEGINNING}.", err=True)
    style = Style(_width(), blocks=_can_say("█▓▒░▚▞"), colours=_has_colours())
    for number, one in enumerate(told):
        if not one.rows:
            click.echo(one.nothing, err=True)
            continue
        for line in ([""] if number else []) + list(lines(one, style)):
            click.echo(line)


def _width() -> int:
    if not sys.stdout.isatty():
        return 80
    columns = shutil.get_terminal_size().columns
    return min(max(columns, _WIDTH[0]), _WIDTH[-1])


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _can_say(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
