"""``teleinfo decode``: captures and recordings to JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import click

from teleinfo_gateway.recording import (
    CutShort,
    Event,
    Received,
    RecordingError,
    read_recording,
)
from tic import Decoder, Frame, Item, Mode, Statistics

__all__ = ["add", "decode", "figures"]


@click.command(epilog="Example: teleinfo decode capture.tic | jq .groups")
@click.argument("files", nargs=-1, required=True, type=click.File("rb"), metavar="FILE...")
@click.option(
    "--mode",
    type=click.Choice(["auto", *(mode.value for mode in Mode)]),
    default="auto",
    show_default=True,
    help="The language of the meter; auto takes both.",
)
def decode(files: tuple[BinaryIO, ...], mode: str) -> None:
    """Print one JSON object per frame of recordings or raw captures; FILE - is standard input.

    Groups outside a whole frame come in frames of kind "partial". Statistics of all files follow
    on standard error.
    """
    total = Statistics()
    for file in files:
        decoder = Decoder(None if mode == "auto" else Mode(mode), partial=True)
        for event in _events(file):
            if isinstance(event, Received):
                _print(decoder.feed(event.data))
            elif isinstance(event, CutShort):
                click.echo(f"{file.name}: {event}.", err=True)
            else:
                _print(decoder.close())  # what was begun before belongs to another stream
        _print(decoder.close())
        add(total, decoder.statistics)
    click.echo(figures(total), err=True)


def _events(file: BinaryIO) -> Iterator[Event]:
    try:
        yield from read_recording(file.read)
    except OSError as error:
        raise click.ClickException(f"{file.name}: {error.strerror}") from error
    except RecordingError as error:
        raise click.ClickException(f"{file.name}: {error}") from error


def _print(items: Iterable[Item]) -> None:
    for item in items:
        if isinstance(item, Frame):
            click.echo(json.dumps(_as_json(item), ensure_ascii=False))


def _as_json(frame: Frame) -> dict[str, Any]:
    """The documented form of a frame."""
    return {
        "mode": frame.mode,
        "kind": frame.kind,
        "meter": frame.meter,
        "groups": [
            {"label": group.label, "value": group.value}
            | ({} if group.horodate is None else {"horodate": group.horodate})
            for group in frame.groups
        ],
        "refused": [
            ({} if refusal.label is None else {"label": refusal.label}) | {"reason": refusal.reason}
            for refusal in frame.refused
        ],
    }


def add(total: Statistics, part: Statistics) -> None:
    """Count ``part`` in ``total``."""
    total.bytes += part.bytes
    total.groups += part.groups
    total.frames += part.frames
    total.refused += part.refused


def figures(statistics: Statistics) -> str:
    """Frames by kind, groups, refusals by reason, one figure a line."""
    lines = [f"bytes: {statistics.bytes}", f"frames: {statistics.frames.total()}"]
    lines += [f"  {kind}: {count}" for kind, count in sorted(statistics.frames.items())]
    lines += [f"groups: {statistics.groups}", f"refused: {statistics.refused.total()}"]
    lines += [f"  {reason}: {count}" for reason, count in sorted(statistics.refused.items())]
    return "\n".join(lines)
