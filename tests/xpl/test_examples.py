"""The examples of the documentation, run as they stand but on loopback and a free port."""

import asyncio
import contextlib
import runpy
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from xpl import Address, HubServer, Interface, Message, MessageType, XplClient, broadcast

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
Until = Callable[[Callable[[], object]], Awaitable[None]]


def example(name: str) -> Callable[..., Any]:
    main: Callable[..., Any] = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
    return main


def said(printed: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    printed.append(capsys.readouterr().out)
    return "".join(printed)


@contextlib.asynccontextmanager
async def running(program: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(program)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_one_example_sends_the_other_prints(
    hub: HubServer, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    printed: list[str] = []

    async with running(example("xpl_watch")("lo", hub.port)):
        await until(hub.clients)
        example("xpl_send")("lo", hub.port)
        await until(lambda: "\n" in said(printed, capsys))
    assert "".join(printed).startswith("acme-door.house sensor.basic {'device': 'door'")
    await until(lambda: not hub.clients())


async def test_the_lamp_obeys_and_brings_its_hub(
    hub: HubServer, lo: Interface, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    await hub.stop()
    port = hub.port
    states: list[str | None] = []
    switch = Address("acme", "switch", "test")
    client = XplClient(
        switch, lo, port=port, on_message=lambda heard: states.append(heard.get("current"))
    )

    def tell(schema: str, *pair: str) -> None:
        lamp = "acme-lamp.hall"
        body = [(pair[0], pair[1])]
        message = Message(MessageType.CMND, source=switch, target=lamp, schema=schema, body=body)
        broadcast(message, lo, port=port)

    async with running(example("xpl_lamp")("lo", port)):
        await client.start()
        await until(lambda: client.hub_found)
        tell("lamp.basic", "command", "on")
        await until(lambda: "on" in states)
        tell("config.response", "newconf", "attic")
        printed: list[str] = []
        await until(lambda: "instance='attic'" in said(printed, capsys))
        await client.stop()


async def test_the_lamp_uses_a_hub_that_runs(hub: HubServer, until: Until) -> None:
    async with running(example("xpl_lamp")("lo", hub.port)):
        await until(hub.clients)
