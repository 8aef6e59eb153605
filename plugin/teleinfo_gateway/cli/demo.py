"""``teleinfo demo``: the gateway on simulated meters, and what an xPL client hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from itertools import islice
from operator import attrgetter
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from teleinfo_gateway.cli._common import start_logging
from teleinfo_gateway.config import Config, ContractConfig, DeviceConfig, HistoryConfig, XplConfig
from teleinfo_gateway.config.contracts import SLOTS
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.service import Service, stop_signal
from teleinfo_gateway.simulation import Past, SimulatedLine, gateway_events, simulated_meters
from xpl import Address, Message, XplClient

if TYPE_CHECKING:
    from teleinfo_gateway.history.sampling import MeterRow
    from teleinfo_gateway.history.store import Batch

__all__ = ["CONTRACTS", "demo", "remember", "run_demo"]

_INTERVAL_S = 5

_BATCH = 250
"""Readings of each meter that are written together: who asks the history waits for one batch."""


def _contract(name: str, option: str, energy: Mapping[str, str], **more: object) -> ContractConfig:
    """A contract at round prices that no supplier has."""
    price = {
        "from": "2020-01-01",
        "subscription": {"9": "19.50", "12": "23.50"},
        "energy": energy,
        "source": "demonstration: invented prices",
    }
    return ContractConfig.model_validate(
        {"name": name, "option": option, "prices": (price,), **more}
    )


CONTRACTS = (
    _contract(
        *("tempo", "TEMPO"),
        dict(zip(SLOTS["TEMPO"], ("0.13", "0.16", "0.15", "0.19", "0.16", "0.70"), strict=True)),
        meter="house",
    ),
    _contract(
        *("off-peak", "HC", {"HC": "0.16", "HP": "0.21"}),
        meter="workshop",
        off_peak=("22:00-06:00",),
    ),
    _contract("base", "BASE", {"BASE": "0.19"}),
)
"""One for each of the simulated meters, and one to compare with."""


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
        pasts = []
        for meter in simulated_meters():
            pasts.append(Past(meter.installation, meter.start))
            line = await lines.enter_async_context(SimulatedLine(meter))
            name = meter.installation.name
            devices.append(DeviceConfig(name=name, device=line.path, interval=_INTERVAL_S))
        click.echo(
            "Simulated meters: "
            + ", ".join(f"{device.name} on {device.device}" for device in devices)
            + ".\nTheir messages stay on this machine. To hear them: xpl-listen --interface lo"
            + "\nTheir history of 13 months is as invented as they are, and forgotten at the end.",
            err=True,
        )
        showing = asyncio.create_task(_show_messages(xpl, stop)) if show else None
        config = Config(devices=tuple(devices), xpl=xpl, history=history, contracts=CONTRACTS)
        service = Service(config, None, demonstration=True)
        remembering = asyncio.create_task(remember(service.manager, pasts, stop))
        await service.run(stop)
        await remembering
        if showing is not None:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing


async def remember(manager: PluginManager, pasts: Sequence[Past], stop: asyncio.Event) -> None:
    """Give the history of a manager that has just started the past of its meters, or a part of it.

    Events are read in the order in which they were written: those of the past are written first,
    before anything else can be. Of the readings the newest are the first that somebody looks for.
    """
    if (history := manager.history) is None:
        return
    batches = _batches(pasts)
    batch = next(batches)  # not in a thread: while it works others would write
    with suppress(GatewayError):  # the history has told it
        while not stop.is_set():
            await history.keep(batch)
            following = await asyncio.to_thread(next, batches, None)
            if following is None:
                click.echo("The invented history is complete.", err=True)
                return
            batch = following


def _batches(pasts: Sequence[Past]) -> Iterator[Batch]:
    """What to write together: the events, then the readings, both meters at the same pace."""
    from teleinfo_gateway.history.store import Batch  # noqa: PLC0415  # needs the extra sql

    start = pasts[0].start
    events = [*gateway_events(start), *(row for past in pasts for row in past.events())]
    events.sort(key=attrgetter("ts"))
    yield Batch(_heard(pasts, int(start.timestamp())), events=events)
    together = zip(*(past.readings() for past in pasts), strict=False)
    while rows := [row for moment in islice(together, _BATCH) for row in moment]:
        yield Batch(_heard(pasts, rows[-1].ts), readings=rows)


def _heard(pasts: Sequence[Past], ts: int) -> dict[str, MeterRow]:
    return {past.installation.identity: past.meter(ts) for past in pasts}


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
