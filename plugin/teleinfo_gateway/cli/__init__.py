"""The command ``teleinfo``: one module per command, loaded when it is called."""

from __future__ import annotations

import signal
import sys

import click

from teleinfo_gateway import __version__
from teleinfo_gateway.cli._commands import Commands

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
    "energy",
    "history",
    "status",
    "start",
    "stop",
    "password",
    "hallard",
)


@click.group(
    cls=Commands,
    modules={name: f"{__name__}.{name}" for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: teleinfo demo",
)
@click.version_option(__version__, prog_name="teleinfo")
def teleinfo() -> None:
    """French electricity meters (TIC, téléinfo) to the home-automation network."""


def main() -> None:
    """Entry point of the program ``teleinfo``."""
    if sys.argv[1:2] == ["run"]:  # a SIGHUP waits until the gateway heeds it: see heed_hangups
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    teleinfo(prog_name="teleinfo")
