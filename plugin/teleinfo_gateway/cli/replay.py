"""``teleinfo replay``: a recording, spoken on a terminal like the meter it came from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from teleinfo_gateway.cli._common import link_option
from teleinfo_gateway.recording import (
    CutShort,
    Event,
    Received,
    RecordingError,
    paced,
    read_recording,
)
from teleinfo_gateway.service import stop_signal
from teleinfo_gateway.simulation import SimulationError
from teleinfo_gateway.simulation.terminal import Terminal, open_terminal

__all__ = ["replay"]

_SETTLE_S = 0.2
"""A reader that has opened its port sets it up, and forgets what came meanwhile."""
_LINGER_S = 0.5
"""A terminal that ends takes along what its reader has not fetched yet."""


@click.command(epilog="Example: teleinfo replay fault.ticrec --link /tmp/meter")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--speed",
    type=click.FloatRange(min=0.1, max=1000),
    default=1.0,
    show_default=True,
    help="How many times faster than recorded.",
)
@link_option
def replay(file: BinaryIO, speed: float, link: Path | None) -> None:
    """Play a recording, or a raw capture, on a terminal of this machine.

    The path to read from is printed on standard output. The recording begins when somebody opens
    it, and the command ends with the recording; FILE - is standard input.
    """
    try:
        asyncio.run(_replay(paced(read_recording(file.read)), speed, link))
    except (RecordingError, SimulationError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{file.name}: {error.strerror}") from error


async def _replay(events: Iterable[Event], speed: float, link: Path | None) -> None:
    """Until the end or a signal."""
    stopped = asyncio.create_task(stop_signal().wait())
    with open_terminal(link) as terminal:
        path = click.format_filename(link or terminal.path)
        click.echo(path)
        click.echo(
            f"It begins when somebody listens. In another terminal:\n  teleinfo listen {path}\n"
            f"Ctrl-C ends it.",
            err=True,
        )
        playing = asyncio.create_task(_play(events, speed, terminal))
        await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finished = playing.done()
        playing.cancel()
        stopped.cancel()
        await asyncio.gather(playing, stopped, return_exceptions=True)
        if finished:
            playing.result()


async def _play(events: Iterable[Event], speed: float, terminal: Terminal) -> None:
    await terminal.opened()
    await asyncio.sleep(_SETTLE_S)
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    size = 0
    for event in events:
        if isinstance(event, Received):
            due_s = begin_s + (event.at_s or 0.0) / speed
            await asyncio.sleep(max(due_s - loop.time(), 0))
            await terminal.send(event.data)
            size += len(event.data)
        elif isinstance(event, CutShort):
            click.echo(f"The recording: {event}.", err=True)
    await asyncio.sleep(_LINGER_S)
    click.echo(f"{size} bytes were played.", err=True)
