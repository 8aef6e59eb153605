"""``teleinfo start``: have the running gateway read a meter."""

from __future__ import annotations

from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._gateway import Address, running_gateway, token_option, url_option

__all__ = ["start"]


@click.command(epilog="Example: teleinfo start house")
@click.argument("name")
@config_option
@url_option
@token_option
def start(name: str, config: Path | None, url: Address | None, token: str | None) -> None:
    """Have the running gateway read the meter NAME again.

    Prints the meter's new status. Nothing changes if it is read already. Exit code 0: done;
    1: no gateway runs, or it has no meter of this name; 2: wrong use.
    """
    told = running_gateway(config, url, token).order(name, "start")
    click.echo(f"{told.name}: {told.status}")
