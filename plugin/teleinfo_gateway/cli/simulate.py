"""``teleinfo simulate``: a meter that does not exist, on a terminal that does."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

import click

from teleinfo_gateway.cli._common import link_option
from teleinfo_gateway.simulation import (
    Faults,
    FaultyMeter,
    Installation,
    LineFault,
    LineFaults,
    MeterFault,
    SimulatedLine,
    SimulationError,
    Tariff,
)
from tic import Mode

__all__ = ["simulate"]


def _described(faults: type[LineFault | MeterFault]) -> str:
    return "\n".join(f"  {fault:16} {fault.usual:<7g} {fault.words}" for fault in faults)


@click.command(
    epilog="\b\nFaults of the line, with the usual rate for each byte:\n"
    f"{_described(LineFault)}\n\n"
    "\b\nFaults of the meter, with the usual seconds from one time to the next:\n"
    f"{_described(MeterFault)}\n\n"
    "Example: teleinfo simulate --mode standard --tariff tempo --link /tmp/linky "
    "--faults bit-flip=0.01,mode-switch=60",
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.HISTORIQUE.value,
    show_default=True,
    help="The language of the meter: an electronic meter's, or a Linky's.",
)
@click.option(
    "--tariff",
    type=click.Choice([tariff.value for tariff in Tariff]),
    default=Tariff.HC.value,
    show_default=True,
    help="The contract.",
)
@click.option(
    "--phases",
    type=click.Choice(["1", "3"]),
    default="1",
    show_default=True,
    help="Single-phase, 45 A, or three-phase, 20 A each.",
)
@click.option("--producer", is_flag=True, help="Sells what its roof gives; standard mode only.")
@click.option(
    "--overload",
    is_flag=True,
    help="The household exceeds its subscription: after 10 s, then every 5 minutes.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Another household and another meter for each number.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0.1, max=1000),
    default=1.0,
    show_default=True,
    help="How many times faster than real the line and the meter's clock are.",
)
@link_option
@click.option(
    "--faults",
    default="",
    metavar="LIST",
    help="What goes wrong: all, or names from the tables below with commas between them, each "
    "with =NUMBER if not the usual one.",
)
def simulate(  # noqa: PLR0913  # one for each option
    *,
    mode: str,
    tariff: str,
    phases: str,
    producer: bool,
    overload: bool,
    seed: int,
    speed: float,
    link: Path | None,
    faults: str,
) -> None:
    """Simulate a meter and the household behind it.

    The path to read from is printed on standard output; a meter then speaks there as on a real
    line, until Ctrl-C or SIGTERM. Nothing real has its identity: it begins with 00.
    """
    try:
        installation = Installation(
            mode=Mode(mode),
            tariff=Tariff(tariff),
            phases=int(phases),
            producer=producer,
            overload=overload,
            seed=seed,
        )
        wrong = Faults.parse(faults)
        meter = FaultyMeter(installation, datetime.now(UTC), wrong.periods_s)
        line_faults = LineFaults(wrong.rates, seed)
    except SimulationError as error:
        raise click.UsageError(str(error)) from error
    try:
        asyncio.run(_speak(SimulatedLine(meter, link, speed, line_faults)))
    except SimulationError as error:
        raise click.ClickException(str(error)) from error


async def _speak(line: SimulatedLine) -> None:
    """Let the meter speak until a signal ends it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with line:
        path = click.format_filename(line.link or line.path)
        site = line.meter.installation
        click.echo(path)
        click.echo(
            f"A simulated meter, {site.mode} mode, {site.baud} bit/s, {site.identity}. "
            f"To hear it, in another terminal:\n  teleinfo listen {path}\nCtrl-C ends it.",
            err=True,
        )
        await stop.wait()
