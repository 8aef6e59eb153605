"""``teleinfo decode``: captures to JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

import click

from tic import Decoder, Frame, Item, Mode, Statistics

__all__ = ["decode"]

_CHUNK = 1 << 16


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
    """Print one JSON object per frame of raw captures; FILE - is standard input.

    Groups outside a whole frame come in frames of kind "partial". Statistics of all files follow
    on standard error.
    """
    total = Statistics()
    for file in files:
        decoder = Decoder(None if mode == "auto" else Mode(mode), partial=True)
        while data := _read(file):
            _print(decoder.feed(data))
        _print(decoder.close())
        _add(total, decoder.statistics)
    click.echo(_report(total), err=True)


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_CHUNK)
    except OSError as error:
        raise click.ClickException(f"{file.name}: {error.strerror}") from error


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


def _add(total: Statistics, part: Statistics) -> None:
    total.bytes += part.bytes
    total.groups += part.groups
    total.frames += part.frames
    total.refused += part.refused


def _report(statistics: Statistics) -> str:
    """Frames by kind, groups, refusals by reason, one figure a line."""
    lines = [f"bytes: {statistics.bytes}", f"frames: {statistics.frames.total()}"]
    lines += [f"  {kind}: {count}" for kind, count in sorted(statistics.frames.items())]
    lines += [f"groups: {statistics.groups}", f"refused: {statistics.refused.total()}"]
    lines += [f"  {reason}: {count}" for reason, count in sorted(statistics.refused.items())]
    return "\n".join(lines)
