"""``teleinfo run``: the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from teleinfo_gateway import __version__
from teleinfo_gateway.cli._common import config_option, print_faults, start_logging
from teleinfo_gateway.cli._ending import and_then_end
from teleinfo_gateway.config import Config, find_config, load_config
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.finder import Found, Verdict, devices_of, meters_of, survey, usual_ports
from teleinfo_gateway.service import Service, heed_hangups, stop_signal
from teleinfo_gateway.speeds import PATIENCE_S

__all__ = ["run"]


@click.command(epilog="Example: teleinfo run --config /etc/teleinfo/teleinfo.yaml")
@config_option
@click.option(
    "--or-demo",
    is_flag=True,
    help="Without a configuration and without a meter, run two simulated meters.",
)
def run(config: Path | None, *, or_demo: bool) -> None:
    """Read the meters and tell the network, until Ctrl-C or SIGTERM.

    Without a configuration file the usual serial ports are searched for meters. SIGHUP reads the
    configuration again.
    """
    start_logging()
    click.echo(f"teleinfo-gateway {__version__}", err=True)
    path = find_config(config)
    if path is None:
        asyncio.run(and_then_end(_run_without_file(or_demo=or_demo)))
        return
    try:
        settings = load_config(path)
    except ConfigError as error:
        print_faults(error)
        raise SystemExit(2) from error
    count = len(settings.devices)
    click.echo(f"Configuration: {path}, {count} meter{'s' * (count != 1)}.", err=True)
    asyncio.run(and_then_end(_run_file(settings, path)))


async def _run_file(settings: Config, path: Path) -> None:
    await Service(settings, path).run(stop_signal())


async def _run_without_file(*, or_demo: bool) -> None:
    stop = stop_signal()
    heed_hangups(stop, None)
    found = await _look_for_meters(stop)
    if stop.is_set():
        return
    if found:
        await Service(Config(devices=devices_of(found)), None).run(stop)
    elif or_demo:
        from teleinfo_gateway.cli.demo import run_demo  # noqa: PLC0415  # only if needed

        click.echo("No meter found: two simulated ones are read.", err=True)
        await run_demo(stop, show=False)
    else:
        click.echo(
            "No meter found. Plug one in, or see simulated ones with: teleinfo demo\n"
            "The search goes on.",
            err=True,
        )
        await Service(Config(), None).run(stop, search=True)


async def _look_for_meters(stop: asyncio.Event) -> list[Found]:
    """Listen on the usual ports and tell what was heard; a stop signal ends it at once."""
    ports = usual_ports()
    click.echo("No configuration file (teleinfo check says where it may be).", err=True)
    if not ports:
        click.echo("No serial port on this machine.", err=True)
        return []
    click.echo(
        f"Listening for a meter on {', '.join(ports)} (at most {PATIENCE_S:.0f} s) ...", err=True
    )
    search = asyncio.create_task(survey(ports))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({search, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not search.done():
        search.cancel()
        return []
    for port in search.result():
        if port.verdict is not Verdict.ABSENT:  # a PC has dozens of names without a port
            click.echo(f"{port.text}.", err=True)
    return meters_of(search.result())
