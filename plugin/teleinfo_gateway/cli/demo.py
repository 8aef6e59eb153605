"""``teleinfo demo``: the gateway on simulated meters, and what an xPL client hears of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from tempfile import TemporaryDirectory

import click

from teleinfo_gateway.cli._common import start_logging
from teleinfo_gateway.config import Config, DeviceConfig, HistoryConfig, XplConfig
from teleinfo_gateway.service import Service, stop_signal
from teleinfo_gateway.simulation import SimulatedLine, simulated_meters
from xpl import Address, Message, XplClient

__all__ = ["demo", "run_demo"]

_INTERVAL_S = 5


@click.command(epilog="Example: teleinfo demo")
def demo() -> None:
    """Run the gateway on two simulated meters and print the xPL messages a client hears.

    The messages stay on this machine (interface lo): no invented number reaches a network.
    """
    start_logging()
    asyncio.run(_demo())


async def _demo() -> None:
    await run_demo(stop_signal(), show=True)


async def run_demo(stop: asyncio.Event, *, show: bool) -> None:
    """Run until ``stop``; ``show`` prints every message that an xPL client hears."""
    xpl = XplConfig(interface="lo")
    async with AsyncExitStack() as lines:
        # Each demonstration begins with the same indexes: its history ends with it.
        folder = lines.enter_context(TemporaryDirectory(prefix="teleinfo-demo-"))
        history = HistoryConfig(path=f"{folder}/history.db")
        devices = []
        for meter in simulated_meters():
            line = await lines.enter_async_context(SimulatedLine(meter))
            name = meter.installation.name
            devices.append(DeviceConfig(name=name, device=line.path, interval=_INTERVAL_S))
        click.echo(
            "Simulated meters: "
            + ", ".join(f"{device.name} on {device.device}" for device in devices)
            + ".\nTheir messages stay on this machine. To hear them: xpl-listen --interface lo",
            err=True,
        )
        showing = asyncio.create_task(_show_messages(xpl, stop)) if show else None
        config = Config(devices=tuple(devices), xpl=xpl, history=history)
        await Service(config, None).run(stop)
        if showing is not None:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing


async def _show_messages(xpl: XplConfig, stop: asyncio.Event) -> None:
    """Print what a client of the xPL network hears, behind the hub like any other.

    When nobody reads it any more (``| head``), sets ``stop`` and raises ``OSError``.
    """
    heard: asyncio.Queue[Message] = asyncio.Queue()  # as many as one wake-up brought
    listener = XplClient(
        Address("teleinfo", "demo", "listener"),
        xpl.interface,
        port=xpl.port,
        on_message=heard.put_nowait,
    )
    await asyncio.sleep(0)  # the gateway's hub first: our first heartbeat then finds it
    await listener.start()
    try:
        while True:
            _show(await heard.get())
    finally:
        stop.set()
        await listener.stop()


def _show(message: Message) -> None:
    pairs = " ".join(f"{name}={value}" for name, value in message.body)
    click.echo(f"{datetime.now():%H:%M:%S} {message.source} {message.schema} {pairs}")  # noqa: DTZ005  # for a person
