"""``teleinfo report``: what a bug report needs, in one file that may be shown to anybody."""

from __future__ import annotations

import asyncio
import io
import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
import yaml
from pydantic_core import to_jsonable_python

from teleinfo_gateway import __version__
from teleinfo_gateway.anonymise import Anonymiser
from teleinfo_gateway.cli._common import config_option, mode_option
from teleinfo_gateway.cli._excerpt import Excerpt
from teleinfo_gateway.cli._gateway import ControlError, gateway_of, token_option
from teleinfo_gateway.cli._recorder import Recorder
from teleinfo_gateway.cli._scrub import Scrubber
from teleinfo_gateway.config import Config, find_config, load_config
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.recording import Event, RecordingError, paced, read_recording
from teleinfo_gateway.sources import SourceError
from teleinfo_gateway.web.records import GatewayStatus, MeterState

__all__ = ["report"]

_PACKAGES = (
    *("click", "pydantic", "pyserial", "PyYAML", "starlette", "uvicorn", "rich"),
    *("SQLAlchemy", "alembic", "PyMySQL", "psycopg", "paho-mqtt", "urllib3", "prometheus-client"),
)

_HEADING = """\
teleinfo-gateway report
=======================

Meter addresses, PRM, messages, names of machines and network addresses are replaced. Indexes,
powers and times are those of the meter. Read it before you send it."""

_UNPACK = """\
To unpack it: sed '1,/^-----BEGIN/d;/^-----END/,$d' REPORT | base64 -d | gunzip > fault.ticrec
-----BEGIN TIC RECORDING-----"""
_END = "-----END TIC RECORDING-----"


@click.command(epilog="Example: teleinfo report /dev/ttyUSB0 --output report.txt")
@click.argument("source", required=False, metavar="[DEVICE|FILE]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it, a new file; otherwise standard output.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1, max=600),
    default=30.0,
    show_default=True,
    help="How long to listen to DEVICE.",
)
@mode_option
@token_option
@config_option
def report(
    *,
    source: str | None,
    output: Path | None,
    seconds: float,
    mode: str,
    token: str | None,
    config: Path | None,
) -> None:
    """Write one anonymised file for a bug report.

    It holds versions, the configuration, what the running gateway says if one runs, and what was
    heard on DEVICE or stands in FILE (a recording or a raw capture). Identities are replaced,
    checksums recomputed; secrets and names of machines are left out.
    """
    if output is not None and output.exists():
        raise click.ClickException(f"{output} exists: choose another name")
    anonymiser = Anonymiser()  # one for all: an identity is the same in every section
    scrubber = Scrubber(anonymiser)
    sections = [
        _HEADING,
        _section("Program", _program()),
        *_gateway(scrubber, config, token),
        *_line(source, seconds, mode, anonymiser),
    ]
    _write("\n\n".join(sections) + "\n", output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error
    click.echo(f"{output}: read it, then attach it to your bug report.", err=True)


def _section(title: str, text: str) -> str:
    return f"{title}\n{'-' * len(title)}\n\n{text}"


def _program() -> str:
    """Versions; ``platform.node()`` and the like stay out."""
    packages = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        system = "Linux"
    return (
        f"teleinfo-gateway {__version__}, Python {platform.python_version()}\n{packages}\n"
        f"{system}, kernel {platform.release()}, {platform.machine()}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _gateway(scrubber: Scrubber, path: Path | None, token: str | None) -> Iterator[str]:
    """The configuration, and what the gateway says that runs with it."""
    path = find_config(path)
    try:
        config = Config() if path is None else load_config(path)
    except ConfigError as error:
        places = {f"line {fault.line or 1}: {scrubber.text(fault.path)}" for fault in error.faults}
        yield _section("Configuration", "\n".join(["It has faults:", *sorted(places)]))
        return
    sections = {name: False if part is None else part for name, part in config}  # switched off
    said = yaml.safe_dump(scrubber.settings(sections), sort_keys=False).rstrip()
    yield _section("Configuration", said if path else f"There is no file. By default:\n\n{said}")
    yield _section("Running gateway", _answers(scrubber, config, token))


def _answers(scrubber: Scrubber, config: Config, token: str | None) -> str:
    if config.web is None:
        return "Not asked: the HTTP API is switched off."
    try:
        gateway = gateway_of(config.web, token)
        answers = {
            "status": gateway.get("/api/status", GatewayStatus),
            "meters": gateway.get("/api/meters", list[MeterState]),
        }
    except ControlError as error:
        return scrubber.text(f"None: {error.message}.")
    return json.dumps(scrubber.answer(to_jsonable_python(answers)), indent=2, ensure_ascii=False)


def _line(source: str | None, seconds: float, mode: str, anonymiser: Anonymiser) -> Iterator[str]:
    """What was heard, in figures and byte by byte."""
    if source is None:
        yield _section("Line", "Neither a device nor a recording was named.")
        return
    try:
        excerpt = Excerpt(_events(source, seconds, mode), anonymiser)
    except SourceError as error:
        click.echo(f"{error} (the report says so)", err=True)
        yield _section("Line", Scrubber(anonymiser).text(f"Nothing was heard. {error}"))
        return
    yield _section("Line", excerpt.figures())
    yield _section("Recording", "\n".join([_UNPACK, excerpt.text(), _END]))


def _events(source: str, seconds: float, mode: str) -> Iterator[Event]:
    """What stands in a file, or what is heard on a device now. Raises ``SourceError``."""
    path = Path(source)
    if "://" in source or source.startswith("/dev/") or path.is_char_device():
        heard = io.BytesIO()
        recorder = Recorder(source, mode, heard.write)
        click.echo(f"Listening to {source} for {seconds:.0f} s; Ctrl-C ends it.", err=True)
        asyncio.run(recorder.run(seconds))
        heard.seek(0)
        yield from read_recording(heard.read)
        return
    try:
        with path.open("rb") as file:
            yield from paced(read_recording(file.read))
    except OSError as error:
        raise click.ClickException(f"{source}: {error.strerror}") from error
    except RecordingError as error:
        raise click.ClickException(f"{source}: {error}") from error
