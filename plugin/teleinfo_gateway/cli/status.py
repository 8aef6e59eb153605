"""``teleinfo status``: how the running gateway and its meters are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click
from pydantic_core import to_json

from teleinfo_gateway.cli._common import columns, config_option
from teleinfo_gateway.cli._gateway import (
    Address,
    printable,
    running_gateway,
    token_option,
    url_option,
)
from teleinfo_gateway.statuses import LinkState, Status
from teleinfo_gateway.web.records import GatewayStatus, MeterState

__all__ = ["status"]

_HEADINGS = ("METER", "STATUS", "LINK", "ADCO", "LAST UPDATE", "REFUSED", "PROBLEM")


@click.command(epilog="Example: teleinfo status --json")
@config_option
@url_option
@token_option
@click.option("--json", "as_json", is_flag=True, help="Print what the HTTP API says, as JSON.")
def status(config: Path | None, url: Address | None, token: str | None, as_json: bool) -> None:
    """Say how the running gateway and its meters are.

    REFUSED is the share of groups that were damaged on the line. Exit code 0: the gateway answers,
    whatever it says of its meters; 1: no gateway runs; 2: wrong use.
    """
    gateway = running_gateway(config, url, token)
    plugin = gateway.get("/api/status", GatewayStatus)
    meters = gateway.get("/api/meters", list[MeterState])
    if as_json:
        click.echo(to_json({"status": plugin, "meters": meters}, indent=2))
        return
    for line in _lines(plugin, meters):
        click.echo(printable(line, 1000))


def _lines(plugin: GatewayStatus, meters: list[MeterState]) -> Iterator[str]:
    yield (
        f"{plugin.name} {plugin.version}: {plugin.status} since {_local(plugin.since)}, "
        f"up {timedelta(seconds=plugin.uptime_s)}"
    )
    yield ""
    if meters:
        yield from columns([_HEADINGS, *(_row(meter) for meter in meters)])
    else:
        yield "No meter is configured: add one under devices: in the configuration."
    yield ""
    for name, state in plugin.outputs.items():
        said = (f"{key} {value}" for key, value in state.items() if value != "")
        yield f"{name}: {', '.join(said)}"


def _row(meter: MeterState) -> tuple[str, ...]:
    refused = sum(meter.refused.values())
    heard = refused + meter.groups
    read = meter.status is not Status.STOPPED  # else what was known of the line is of the past
    return (
        meter.name,
        meter.status,
        meter.link if read else "-",
        meter.adco or "-",
        _local(meter.last_received) if meter.last_received else "never",
        f"{100 * refused / heard:.1f} %" if heard else "-",
        _problem(meter) if read else f"teleinfo start {meter.name} reads it again",
    )


def _problem(meter: MeterState) -> str:
    """What to do, where that is known, else what is wrong; without a port the link says both."""
    return (
        meter.link_detail if meter.link is LinkState.NO_PORT else meter.advice or meter.link_detail
    )


def _local(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"
