"""``teleinfo history``: the embedded database, one module per command."""

from __future__ import annotations

import click

from teleinfo_gateway.cli._commands import Commands

__all__ = ["history"]

_MODULES = {
    "export": "export",
    "import": "import_",
    "check": "check",
    "vacuum": "vacuum",
    "rebuild": "rebuild",
    "migrate": "migrate",
    "view": "view",
}


@click.group(
    cls=Commands,
    modules={command: f"{__name__}.{module}" for command, module in _MODULES.items()},
    epilog="Example: teleinfo history check",
)
def history() -> None:
    """Look after the history: export, import, check, make smaller, sum up anew, views.

    These commands open the database that the configuration names, whether the gateway runs or not.
    """
