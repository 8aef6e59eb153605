"""What several commands share: the option ``--config``, how faults and tables are printed."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from teleinfo_gateway.errors import ConfigError

__all__ = ["columns", "config_option", "print_faults", "start_logging"]

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


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, its columns as wide as they must be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()
