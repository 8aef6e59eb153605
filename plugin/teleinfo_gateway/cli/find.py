"""``teleinfo find``: which ports a meter talks on, and the configuration to read it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from teleinfo_gateway.cli._common import columns
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.finder import (
    Found,
    Heard,
    Verdict,
    devices_of,
    meters_of,
    survey,
    usual_ports,
)
from teleinfo_gateway.speeds import PATIENCE_S
from tic import MeterIdentity

__all__ = ["find"]

_HEADINGS = ("PORT", "HEARD", "MODE", "METER", "MADE BY", "MODEL")

_WIRES = "check the wires at I1 and I2, then the adapter"

_ADVICE = {
    Verdict.BUSY: "end the program that uses the busy port, it may be a gateway that runs already",
    Verdict.DENIED: "get the right to open the port, as said above",
    Verdict.NOTHING: _WIRES,
    Verdict.DAMAGED: _WIRES,
    Verdict.TALKER: "the meter is on another port than what talks there",
    Verdict.FAILED: "see above why a port cannot be read",
}
"""What to do about a port without a meter, in the order of how sure it is."""

_NOTHING_TO_DO = {Verdict.METER, Verdict.NOTHING, Verdict.ABSENT}


def _known(
    _context: click.Context, _parameter: click.Parameter, devices: tuple[str, ...]
) -> tuple[str, ...]:
    for device in devices:
        try:
            DeviceConfig(device=device)
        except ValidationError:
            raise click.BadParameter(
                f"{device!r}: write a port whole, such as /dev/ttyUSB0, or socket://host:port"
            ) from None
    return tuple(dict.fromkeys(devices))


@click.command(epilog="Example: teleinfo find --write teleinfo.yaml")
@click.argument("devices", nargs=-1, metavar="[DEVICE]...", callback=_known)
@click.option(
    "--write",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the configuration to FILE too; one that exists is left as it is.",
)
def find(devices: tuple[str, ...], file: Path | None) -> None:
    """Listen on every usual port, or on each DEVICE, and say what is heard there.

    A table comes first, then a ready teleinfo.yaml with the meters that were found. Exit code 0:
    at least one meter; 1: none, or FILE was not written; 2: wrong use.
    """
    if file is not None and file.exists():
        raise click.ClickException(f"{file} exists already: choose another name, or remove it")
    ports = devices or tuple(usual_ports())
    if not ports:
        raise click.ClickException("no serial port on this machine: plug the adapter in")
    click.echo(f"Listening on {', '.join(ports)} (at most {PATIENCE_S:.0f} s) ...", err=True)
    heard = asyncio.run(survey(ports))
    for line in columns([_HEADINGS, *map(_row, heard)]):
        click.echo(line)
    for port in heard:
        if port.verdict not in _NOTHING_TO_DO:
            click.echo(f"{port.text}.", err=True)
    meters = meters_of(heard)
    if not meters:
        raise click.ClickException(f"no meter: {advice(heard)}")
    text = configuration(meters)
    click.echo(f"\n{text}", nl=False)
    if file is not None:
        _write(file, text)


def advice(heard: Sequence[Heard]) -> str:
    """What to do where no port has a meter."""
    seen = {port.verdict for port in heard}
    said = dict.fromkeys(text for verdict, text in _ADVICE.items() if verdict in seen)
    return "; ".join(said) or "there is no such device: plug the adapter in"


def configuration(meters: Sequence[Found]) -> str:
    """A ready ``teleinfo.yaml`` for these meters."""
    lines = ["# teleinfo.yaml, made by teleinfo find", "devices:"]
    for meter, device in zip(meters, devices_of(meters), strict=True):
        made = MeterIdentity.parse(meter.address)
        lines += [
            f"  # {meter.address}, {meter.mode} mode; {made.manufacturer}, {made.device}",
            f"  - name: {device.name}",
            f"    device: {json.dumps(device.device)}",
            f"    interval: {device.interval}  # seconds between two publications",
        ]
    return "\n".join([*lines, ""])


def _write(file: Path, text: str) -> None:
    """Write a new file; raises ``ClickException``."""
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"Written: {file}. Check it with: teleinfo check --config {file}", err=True)


def _row(heard: Heard) -> tuple[str, ...]:
    meter = heard.meter
    if meter is None:
        return (heard.device, heard.verdict, *("-",) * 4)
    made = MeterIdentity.parse(meter.address)
    return (
        *(heard.device, heard.verdict, meter.mode, meter.address),
        *(f"{made.manufacturer}, {made.year}", made.device),
    )
