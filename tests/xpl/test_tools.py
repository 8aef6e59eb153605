"""The tools: as programs of their own, and inside this process where each branch must be seen."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from xpl import Address, Filter, HubServer, Interface, Message, MessageType, broadcast
from xpl.net import Stop
from xpl.tools import hub as hub_tool
from xpl.tools import listen as listen_tool
from xpl.tools import send as send_tool
from xpl.tools._options import own_address

Tool = Callable[..., Awaitable[asyncio.subprocess.Process]]
Until = Callable[[Callable[[], object]], Awaitable[None]]

SOURCE = Address("acme", "news", "test")
NEWS = Message(
    MessageType.STAT, source=SOURCE, schema="sensor.basic", body=[("text", "a b"), ("text", "c")]
)
TRIGGER = Message(MessageType.TRIG, source=SOURCE, schema="sensor.basic", body=[("current", "1")])
LO = ("--interface", "lo")


async def finish(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(15):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def line(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    async with asyncio.timeout(15):
        return (await stream.readline()).decode()


# As programs


async def test_listen_writes_json_and_ends_after_its_count(
    hub: HubServer, lo: Interface, tool: Tool, until: Until
) -> None:
    options = (*LO, "--port", str(hub.port), "--json", "--count", "1", "--timeout", "15")
    listener = await tool("listen", *options, "--filter", "xpl-stat.acme-news.*.*.*")
    await until(hub.clients)
    broadcast(TRIGGER, lo, port=hub.port)
    broadcast(NEWS, lo, port=hub.port)
    code, out, err = await finish(listener)
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert datetime.fromisoformat(said.pop("time")).tzinfo is not None
    assert said == {
        "type": "xpl-stat",
        "hop": 1,
        "source": "acme-news.test",
        "target": "*",
        "schema": "sensor.basic",
        "body": [["text", "a b"], ["text", "c"]],
    }
    await until(lambda: not hub.clients())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_listen_ends_quietly_and_says_goodbye(
    hub: HubServer, tool: Tool, until: Until, number: signal.Signals
) -> None:
    listener = await tool("listen", *LO, "--port", str(hub.port))
    await until(hub.clients)
    listener.send_signal(number)
    assert await finish(listener) == (0, "", "")
    await until(lambda: not hub.clients())


async def test_listen_ends_quietly_when_its_reader_has_seen_enough(
    hub: HubServer, lo: Interface, until: Until
) -> None:
    command = f"{sys.executable} -m xpl.tools.listen --interface lo --port {hub.port} | head -n 1"
    pipe = asyncio.subprocess.PIPE
    shell = await asyncio.create_subprocess_shell(command, stdout=pipe, stderr=pipe)
    await until(hub.clients)
    broadcast(NEWS, lo, port=hub.port)
    code, out, err = await finish(shell)
    assert (code, err) == (0, "")
    assert out.endswith(" xpl-stat acme-news.test -> * sensor.basic 'text=a b' text=c\n")
    await until(lambda: not hub.clients())


async def test_send_and_listen_and_hub_work_together(tool: Tool, until: Until) -> None:
    finder = HubServer(0)
    await finder.start()
    port = str(finder.port)
    await finder.stop()

    hub = await tool("hub", "--port", port, "--verbose")
    assert await line(hub.stderr) == f"xpl-hub: listening on UDP port {port}\n"
    listener = await tool("listen", *LO, "--port", port, "--count", "1")
    assert "registered: pyxpl-listen." in await line(hub.stderr)

    hub.send_signal(signal.SIGUSR1)
    assert "every 5 min" in await line(hub.stdout)
    assert await line(hub.stderr) == "xpl-hub: 1 client(s)\n"

    second = await tool("hub", "--port", port)
    code, out, err = await finish(second)
    assert (code, out) == (3, "")
    assert "another hub runs" in err

    sender = await tool(
        "send", *LO, "--port", port, "xpl-cmnd", "sensor.basic", "device=a", "value=1=2"
    )
    assert await finish(sender) == (0, "", "")
    code, out, err = await finish(listener)
    assert (code, err) == (0, "")
    assert "xpl-cmnd pyxpl-send." in out
    assert out.endswith(" -> * sensor.basic device=a value=1=2\n")
    assert "left: pyxpl-listen." in await line(hub.stderr)

    hub.send_signal(signal.SIGTERM)
    assert await finish(hub) == (0, "", "")


async def test_an_illegal_message_is_refused_with_its_reason(tool: Tool) -> None:
    code, out, err = await finish(await tool("send", *LO, "xpl-stat", "sensor.basic", "current="))
    assert (code, out) == (2, "")
    assert "current: an empty value may not be sent" in err


# Inside this process


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["xpl-stat", "sensor.basic"], "Missing argument"),
        (["xpl-stat", "sensor.basic", "current"], "'current' is not NAME=VALUE"),
        (["xpl-boom", "sensor.basic", "current=1"], "xpl-boom"),
        (["--source", "me", "xpl-stat", "sensor.basic", "current=1"], "vendor-device.instance"),
        (["--target", "you", "xpl-cmnd", "sensor.basic", "current=1"], "vendor-device.instance"),
        (["--target", "a-b.c", "xpl-stat", "sensor.basic", "current=1"], "illegal address"),
        (["xpl-stat", "sensor", "current=1"], "illegal schema"),
    ],
)
def test_send_refuses_wrong_use(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(send_tool.main, [*LO, *arguments])
    assert result.exit_code == 2
    assert complaint in result.output


def test_send_sends() -> None:
    arguments = [*LO, "--port", "9", "--source", str(SOURCE), "xpl-stat", "a.b", "c=d"]
    result = CliRunner().invoke(send_tool.main, arguments)
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("tool", [send_tool, listen_tool])
def test_an_unknown_interface_is_told_with_those_that_exist(tool: Any) -> None:
    arguments = ["--interface", "nothing0"]
    if tool is send_tool:
        arguments += ["xpl-stat", "a.b", "c=d"]
    result = CliRunner().invoke(tool.main, arguments)
    assert result.exit_code == 1
    assert "lo (127.0.0.1)" in result.output


@pytest.mark.parametrize("tool", [hub_tool, listen_tool, send_tool])
def test_help_has_an_example_and_the_exit_codes(tool: Any) -> None:
    result = CliRunner().invoke(tool.main, ["--help"])
    assert result.exit_code == 0
    assert "Examples:\n    xpl-" in result.output
    assert "Exit codes: 0 " in result.output


def test_listen_refuses_a_wrong_filter() -> None:
    result = CliRunner().invoke(listen_tool.main, ["--filter", "teleinfo"])
    assert result.exit_code == 2
    assert "not a filter" in result.output


async def test_a_hub_lists_its_clients_on_request(
    peer, until: Until, capfd: pytest.CaptureFixture[str]
) -> None:
    hub, stop = HubServer(0), Stop()
    running = asyncio.create_task(hub_tool.serve(hub, stop))
    await until(lambda: hub.port)
    body = f"port={peer.port}\nremote-ip=127.0.0.1\n"
    hello = f"xpl-stat\n{{\nsource=acme-peer.test\n}}\nhbeat.app\n{{\n{body}}}\n".encode()
    peer.send(hello, hub.port)
    await peer.receive()
    os.kill(os.getpid(), signal.SIGUSR1)
    await until(lambda: "acme-peer.test" in capfd.readouterr().out)
    stop.request()
    assert await running == 0


async def test_the_hub_tool_tells_a_taken_port_from_another_failure(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await hub_tool.serve(HubServer(hub.port), Stop()) == 3
    monkeypatch.setattr("xpl.net._ANY_ADDRESS", "203.0.113.250")
    assert await hub_tool.serve(HubServer(0), Stop()) == 1


def test_the_hub_tool_exits_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpl.net._ANY_ADDRESS", "203.0.113.250")
    assert CliRunner().invoke(hub_tool.main, ["--verbose"]).exit_code == 1


async def listen(hub: HubServer, stop: Stop | None = None, **options: Any) -> int:
    wanted = listen_tool.Options(interface="lo", port=hub.port, **options)
    return await listen_tool.listen(wanted, stop or Stop())


async def test_without_a_hub_listen_says_what_to_do(
    hub: HubServer, capfd: pytest.CaptureFixture[str]
) -> None:
    await hub.stop()
    assert await listen(hub, timeout_s=0.05) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "xpl-hub &" in err
    assert "--standalone" in err


async def test_too_few_messages_before_the_timeout_is_a_failure(hub: HubServer) -> None:
    assert await listen(hub, count=1, timeout_s=0.05) == 1


async def test_listen_can_be_the_hub(
    hub: HubServer, lo: Interface, until: Until, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await listen(hub, standalone=True) == 3
    assert "leave out --standalone" in capfd.readouterr().err
    await hub.stop()
    listening = asyncio.create_task(listen(hub, standalone=True, count=2))

    def enough() -> bool:
        broadcast(NEWS, lo, port=hub.port)
        return listening.done()

    await until(enough)
    assert await listening == 0
    out, err = capfd.readouterr()
    assert out.count("acme-news.test -> *") == 2
    assert err == ""


async def test_a_full_disk_ends_listening(
    hub: HubServer, lo: Interface, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w") as full:  # noqa: ASYNC230, PTH123  # a device
        monkeypatch.setattr(sys, "stdout", full)
        listening = asyncio.create_task(listen(hub))
        await until(hub.clients)
        broadcast(NEWS, lo, port=hub.port)
        assert await listening == 1


async def test_a_pipe_closed_at_the_moment_of_writing_is_no_failure(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        stop = Stop()
        printer = listen_tool._Printer(listen_tool.Options(), stop)
        printer.receive(NEWS)
        printer.receive(NEWS)
    assert stop.requested
    assert printer.exit_code == 0


def test_a_line_for_people_is_safe_to_show() -> None:
    nasty = Message(
        MessageType.STAT,
        source=Address("acme", "x", "\x1b[2J"),
        schema="a.b",
        body=[("text", "\x07" + "y" * 1000), ("q", "it's")],
    )
    text = listen_tool.as_text(nasty, datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert text.isprintable()
    assert len(text) < 600
    assert text.endswith(""" 'q=it'"'"'s'""")


def test_a_line_for_programs_is_whole() -> None:
    value = "é\x07" + "y" * 1000
    long = Message(MessageType.STAT, source=SOURCE, schema="a.b", body=[("text", value)])
    line = listen_tool.as_json(long, datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert line.isascii()
    said = json.loads(line)
    assert said["body"] == [["text", value]]
    assert said["time"] == "2025-01-02T03:04:05.000+00:00"


def test_filters_select_what_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    async def show() -> None:
        options = listen_tool.Options(filters=(Filter(msgtype="xpl-trig"),))
        printer = listen_tool._Printer(options, Stop())
        printer.receive(NEWS)
        printer.receive(TRIGGER)

    asyncio.run(show())
    assert capfd.readouterr().out.count("\n") == 1


def test_two_tools_on_one_machine_have_two_addresses() -> None:
    address = own_address("listen")
    address.check()
    assert address.instance.endswith(str(os.getpid()))
