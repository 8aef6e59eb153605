"""``teleinfo history import``: what other programs have kept, and own exports."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import opened_history
from teleinfo_gateway.cli.history._progress import progress
from teleinfo_gateway.config.contracts import SLOTS, option_of
from teleinfo_gateway.history.periods import local_time
from tic import BY_NAME

if TYPE_CHECKING:
    from teleinfo_gateway.history.transfer.importing import MeterSummary, Summary

__all__ = ["import_"]

_FORMATS = ("tbl_teleinfo", "frame", "teleinfo", "csv")
_ADDRESS = re.compile(BY_NAME["ADCO"].pattern)
_MAX_REASONS = 20
"""Lines of reasons; a source of another kind has dozens, and the first say enough."""


def _address(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None or _ADDRESS.fullmatch(text):
        return text
    raise click.BadParameter("an address has 12 characters, such as 021528603314")


@click.command(
    "import",
    epilog="Example: teleinfo history import mysql://me:secret@127.0.0.1/house "
    "--format tbl_teleinfo --dry-run",
)
@click.argument("source")
@click.option(
    "--format",
    "kind",
    type=click.Choice(_FORMATS),
    required=True,
    help="Whose columns SOURCE has: hallard's tbl_teleinfo, edgd1er's frame, robinroche's "
    "teleinfo, or csv for those of 'teleinfo history export'.",
)
@click.option(
    "--meter",
    metavar="ADCO",
    callback=_address,
    help="The address of the meter, where SOURCE does not tell it; else only this meter.",
)
@click.option("--table", metavar="NAME", help="The table, if it has another name than the format.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@config_option
def import_(
    *,
    source: str,
    kind: str,
    meter: str | None,
    table: str | None,
    dry_run: bool,
    config: Path | None,
) -> None:
    """Add the readings of SOURCE to the history; a second time adds nothing.

    SOURCE is the URL of a database (mysql://, mariadb://, postgresql://, sqlite:///FILE), or the
    path of a file: CSV with a header, or JSON lines. file:PATH and ${NAME} stand for a URL that
    holds a password. Values are checked like those of a meter. Exit code 0: done; 1: nothing could
    be used, or it failed.
    """
    with opened_history(config, "preview" if dry_run else "fill") as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.history.transfer.formats import FORMATS  # noqa: PLC0415
        from teleinfo_gateway.history.transfer.importing import Import  # noqa: PLC0415
        from teleinfo_gateway.history.transfer.sources import open_source  # noqa: PLC0415

        tables = (table,) if table else FORMATS[kind].tables
        with open_source(source, tables) as opened:
            job = Import(
                opened,
                FORMATS[kind],
                None if dry_run and not history.exists else history.database,
                meter=meter,
                now=int(time.time()),
                dry_run=dry_run,
            )
            with progress("rows", opened.count()) as advance:
                summary = job.run(advance)
    for line in _lines(summary, dry_run=dry_run):
        click.echo(line)
    keep_days = history.config.history.readings if history.config.history else 0
    if any(one.first < time.time() - keep_days * 86_400 for one in summary.meters.values()):
        click.echo(
            f"Readings older than {keep_days} days are let go when the gateway runs "
            f"(history.readings); their energy stays.",
            err=True,
        )
    if summary.read and not summary.used:
        raise click.ClickException("no row could be used")


def _lines(summary: Summary, *, dry_run: bool) -> Iterator[str]:
    yield f"{summary.read} rows read" + (", nothing was written" if dry_run else "")
    yield f"  {summary.new:>9}  {'would be ' * dry_run}new readings"
    for count, what in (
        (summary.known, "known already"),
        (summary.repeated, "of the second of another one"),
        (summary.closed, "of days whose readings are gone; their energy is known"),
        (summary.labels, "values of other labels"),
    ):
        if count:
            yield f"  {count:>9}  {what}"
    for title, reasons in (("refused", summary.refused), ("left out", summary.left_out)):
        for reason, count in reasons.most_common(_MAX_REASONS):
            yield f"  {count:>9}  {title}: {reason}"
    for adco, meter in summary.meters.items():
        yield f"meter {adco}: {local_time(meter.first)} to {local_time(meter.last)} (legal time)"
        yield from _energy(meter)


def _energy(meter: MeterSummary) -> Iterator[str]:
    for tariff, wh in meter.wh.items():
        yield f"  {wh / 1000:>13.3f} kWh {_slot(*tariff)}"
    if meter.outages_wh:
        yield f"  {meter.outages_wh / 1000:>13.3f} kWh of these between rows that are far apart"
    if not meter.wh:
        yield "  no energy: it has no indexes"


def _slot(optarif: str, slot: int) -> str:
    """HC, HPJB ...; EASFnn in a calendar of the supplier's own."""
    if slot < 1:
        return "injected" if slot < 0 else "of an unknown slot"
    names = SLOTS.get(option_of(optarif), ())
    return names[slot - 1] if slot <= len(names) else f"{optarif} EASF{slot:02}"
