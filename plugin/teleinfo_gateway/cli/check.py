"""``teleinfo check``: whether the configuration is right, and what would run with it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import click

from teleinfo_gateway.cli._common import config_option, print_faults
from teleinfo_gateway.config import (
    Config,
    HistoryConfig,
    XplConfig,
    find_config,
    load_config,
    search_paths,
)
from teleinfo_gateway.config.web import IN_THE_CLEAR
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.secret import without_secret
from teleinfo_gateway.state import default_folder
from teleinfo_gateway.udp_url import SCHEME as UDP
from teleinfo_gateway.udp_url import parse_udp_url
from xpl import instance_from_hostname

__all__ = ["check"]

_OPEN = (
    "UDP is neither authenticated nor encrypted, and every machine of a private network may send "
    "to this port: name the one that may with ?from= and its address"
)


@click.command(
    epilog="Example: teleinfo check --config /etc/teleinfo/teleinfo.yaml",
)
@config_option
@click.pass_context
def check(context: click.Context, config: Path | None) -> None:
    """Check the configuration file and say what would run.

    Every fault is listed at once as FILE:LINE: PATH: message. No port is opened and nothing is
    sent. Exit code 0: nothing is wrong (also when there is no file, since none is needed), perhaps
    with a warning; 2: at least one fault.
    """
    path = find_config(config)
    if path is None:
        _say_where_searched()
        return
    try:
        loaded = load_config(path)
    except ConfigError as error:
        print_faults(error)
        context.exit(2)
    click.echo(f"{click.format_filename(path)}: no fault")
    for line in _summary(loaded):
        click.echo(line)
    for index, device in enumerate(loaded.devices):
        if device.device.startswith(UDP) and parse_udp_url(device.device).is_open:
            click.echo(f"warning: devices[{index}].device: {_OPEN}", err=True)
    if loaded.web is not None and loaded.web.is_in_the_clear:
        click.echo(f"warning: web.listen: {IN_THE_CLEAR}", err=True)


def _say_where_searched() -> None:
    click.echo("There is no configuration file. Searched, in this order:", err=True)
    click.echo("  --config FILE and $TELEINFO_CONFIG: not given", err=True)
    for path in search_paths():
        click.echo(f"  {click.format_filename(path)}: not there", err=True)
    click.echo("None is needed: teleinfo run then looks for meters on the usual ports.", err=True)


def _summary(config: Config) -> list[str]:
    lines = [
        f"meter {device.name}: {device.device}, mode {device.mode}, "
        f"published every {device.interval} s"
        for device in config.devices
    ]
    return [
        *(lines or ["meter: none, status not-configured; add one under devices:"]),
        f"xPL: {_xpl_line(config.xpl) if config.xpl else 'off'}",
        f"web: {config.web.url if config.web else 'off'}",
        f"history: {_history_line(config.history) if config.history else 'off'}",
        *_more(config),
    ]


def _more(config: Config) -> Iterator[str]:
    """The outputs that are off unless they are asked for, each with where it goes."""
    if config.ingest is not None:
        yield f"ingest: {config.ingest.listen}"
    if config.mqtt is not None:
        formats = ", ".join(name for name, topic in config.mqtt.formats if topic is not None)
        yield f"mqtt: {config.mqtt.url}, {formats}"
    if config.domoticz is not None:
        yield f"domoticz: {config.domoticz.url or 'by mqtt'}"
    if config.udp is not None:
        yield f"udp: {config.udp.to}, ports {config.udp.port} and {config.udp.port + 1}"
    if config.files is not None:
        yield f"files: {config.files.folder}"
    for name in ("jeedom", "sql", "influxdb", "emoncms"):
        if (section := getattr(config, name)) is not None:
            yield f"{name}: {without_secret(section.url)}"
    for push in config.push:
        yield f"push {push.name}: {without_secret(push.url)}"
    for name in config.extensions:
        yield f"extension {name}"


def _history_line(history: HistoryConfig) -> str:
    if history.url is not None:
        place = without_secret(history.url)
    elif history.path == "auto":
        place = f"{default_folder() / 'history.db'} if this user runs it"
    else:
        place = history.path
    return f"{place}, readings kept for {history.readings} days"


def _xpl_line(xpl: XplConfig) -> str:
    instance = xpl.instance
    if instance == "auto":
        instance = instance_from_hostname(socket.gethostname())
    return (
        f"source {xpl.vendor}-teleinfo.{instance}, interface {xpl.interface}, "
        f"UDP port {xpl.port}, hub {xpl.hub}"
    )
