"""What several commands share: options, and how faults and tables are printed."""

import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from teleinfo_gateway.errors import ConfigError
from tic import Mode

__all__ = [
    "columns",
    "config_option",
    "link_option",
    "mode_option",
    "print_faults",
    "program",
    "start_logging",
]

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file; without it the usual places are searched.",
)

link_option = click.option(
    "--link",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A symbolic link to make to the terminal; removed at the end.",
)

mode_option = click.option(
    "--mode",
    type=click.Choice(["auto", *(mode.value for mode in Mode)]),
    default="auto",
    show_default=True,
    help="The language of the meter; auto finds it by listening.",
)


def print_faults(error: ConfigError) -> None:
    """Print every fault of a configuration on standard error, ``FILE:LINE: PATH: message``."""
    click.echo(str(error), err=True)


def program() -> str:
    """The command ``teleinfo`` by its whole path, for a shell: another user may not find it."""
    called = Path(sys.argv[0]).absolute()
    if called.name == "__main__.py":  # python -m
        return f"{shlex.quote(sys.executable)} -m teleinfo_gateway"
    return shlex.quote(str(called))


def start_logging() -> None:
    """Messages on standard error, one line each."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, its columns as wide as they must be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()
