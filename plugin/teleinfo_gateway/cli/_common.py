"""What several commands share: the option ``--config`` and the way faults are printed."""

import logging
from pathlib import Path

import click

from teleinfo_gateway.errors import ConfigError

__all__ = ["config_option", "print_faults", "start_logging"]

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file; without it the usual places are searched.",
)


def print_faults(error: ConfigError) -> None:
    """Print every fault of a configuration on standard error, ``FILE:LINE: PATH: message``."""
    click.echo(str(error), err=True)


def start_logging() -> None:
    """Messages on standard error, one line each."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
