"""``teleinfo history view``: a view with the names that an older program queries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._history import opened_history, sql_option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from teleinfo_gateway.history.queries import KnownMeter
    from teleinfo_gateway.history.views import ViewKind

__all__ = ["view"]

_KINDS = ("tbl_teleinfo", "teleinfo", "frame", "teleinfo_frames")


@click.command(
    epilog="Example: teleinfo history view tbl_teleinfo --meter house, then give the user of the "
    "dashboard the right to SELECT from it"
)
@click.argument("kind", type=click.Choice(_KINDS))
@click.option(
    "--meter",
    metavar="NAME|ADCO",
    help="The meter by its name or address; needed if there are several.",
)
@click.option("--name", metavar="VIEW", help="The name of the view, otherwise KIND.")
@click.option("--ejp-as-hc", is_flag=True, help="Show EJP as HC: HN as HC, PM as HP.")
@click.option("--print", "only_print", is_flag=True, help="Print the statement, make nothing.")
@sql_option
@config_option
def view(  # noqa: PLR0913  # one for each option
    kind: str,
    meter: str | None,
    name: str | None,
    config: Path | None,
    *,
    ejp_as_hc: bool,
    only_print: bool,
    sql: bool,
) -> None:
    r"""Make a view of one meter with the names that an older program queries.

    \b
    tbl_teleinfo     hallard, JohnBigeon, the dashboards of BmdOnline
    teleinfo         robinroche
    frame            edgd1er
    teleinfo_frames  alexandrevilain

    A view made so before is replaced, a table or the view of another program is not. It shows what
    is in the database at the time it is asked; nothing is copied.
    """
    with opened_history(config, sql=sql) as history:
        # What needs the extra [sql] is imported when it is known to be there.
        from teleinfo_gateway.history.views import View, create_view  # noqa: PLC0415

        database = history.database
        with database.reading() as connection:
            chosen = _chosen(connection, meter)
        wanted = View(cast("ViewKind", kind), name or kind, chosen.adco, ejp_as_hc=ejp_as_hc)
        if only_print:
            click.echo(f"{wanted.statement(database.engine.dialect)};")
            return
        with database.writing() as connection:
            create_view(connection, wanted)
    click.echo(f"{wanted.name}: {chosen.name or chosen.adco} in {database.name}")


def _chosen(connection: Connection, key: str | None) -> KnownMeter:
    """The newest meter of a name, or the one of an address; without either, the only one."""
    from teleinfo_gateway.history.queries import known_meters  # noqa: PLC0415  # see above

    known = known_meters(connection)
    found = [one for one in known if key is None or key in {one.name, one.adco}]
    if key is not None and found:
        return max(found, key=lambda one: one.last_seen)
    if len(found) == 1:
        return found[0]
    told = ", ".join(f"{one.name} ({one.adco})" for one in known)
    raise click.ClickException(
        f"which meter? Name one with --meter: {told}" if told else "no meter was heard yet"
    )
