"""``teleinfo stop``: have the running gateway leave a meter alone."""

from __future__ import annotations

from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option
from teleinfo_gateway.cli._gateway import Address, running_gateway, token_option, url_option

__all__ = ["stop"]


@click.command(epilog="Example: teleinfo stop house")
@click.argument("name")
@config_option
@url_option
@token_option
def stop(name: str, config: Path | None, url: Address | None, token: str | None) -> None:
    """Have the running gateway stop reading the meter NAME and free its port.

    Prints the meter's new status. It stays stopped until it is started, or the gateway is. Exit
    code 0: done; 1: no gateway runs, or it has no meter of this name; 2: wrong use.
    """
    told = running_gateway(config, url, token).order(name, "stop")
    click.echo(f"{told.name}: {told.status}")
