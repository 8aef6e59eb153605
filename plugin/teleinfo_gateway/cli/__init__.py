"""The command ``teleinfo``: one module per command, loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from teleinfo_gateway import __version__

__all__ = ["main", "teleinfo"]

_COMMANDS = (
    "run",
    "demo",
    "find",
    "check",
    "listen",
    "decode",
    "record",
    "replay",
    "report",
    "simulate",
    "status",
    "start",
    "stop",
)


class _Commands(click.Group):
    """Commands found by name in this package, so that one does not pay for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        """The commands in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's interface
        cmd_name: str,
    ) -> click.Command | None:
        """The command object of the module of the same name."""
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"teleinfo_gateway.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  # for the type checker
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: teleinfo demo",
)
@click.version_option(__version__, prog_name="teleinfo")
def teleinfo() -> None:
    """French electricity meters (TIC, téléinfo) to the home-automation network."""


def main() -> None:
    """Entry point of the program ``teleinfo``."""
    teleinfo(prog_name="teleinfo")
