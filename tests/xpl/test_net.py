"""Real sockets on the loopback interface, each on a free port."""

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from xpl import (
    Address,
    Configuration,
    EncodeError,
    HubPortTakenError,
    HubServer,
    IllegalAddressError,
    IllegalIntervalError,
    IllegalNameError,
    IllegalValueError,
    Interface,
    InterfaceError,
    Item,
    Message,
    MessageType,
    NetworkError,
    XplClient,
    broadcast,
    heartbeat,
    net,
)

ALICE = Address("acme", "alice", "test")
BOB = Address("acme", "bob", "test")
NEWS = Message(MessageType.TRIG, source=ALICE, schema="sensor.basic", body=[("current", "1")])
# An address of another family: the system refuses it before any packet exists.
UNPLUGGED = Interface("gone0", "127.0.0.9", "::1")

Start = Callable[..., Awaitable[XplClient]]
Until = Callable[[Callable[[], object]], Awaitable[None]]


class Inbox(asyncio.Queue[Message]):
    async def next(self) -> Message:
        async with asyncio.timeout(10):
            return await self.get()


@pytest.fixture
async def start(hub: HubServer, lo: Interface) -> AsyncIterator[Start]:
    clients = []

    async def make(
        source: Address, interface: Interface | str = lo, **options: object
    ) -> XplClient:
        options.setdefault("port", hub.port)
        client = XplClient(source, interface, **options)  # type: ignore[arg-type]
        await client.start()
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.stop()


def wire(schema: str, body: str, target: str = "*", kind: str = "xpl-stat") -> bytes:
    return (
        f"{kind}\n{{\nhop=1\nsource=acme-peer.test\ntarget={target}\n}}\n{schema}\n{{\n{body}}}\n"
    ).encode()


def beat(port: int) -> bytes:
    return wire("hbeat.app", f"interval=5\nport={port}\nremote-ip=127.0.0.1\n")


async def test_two_clients_hear_each_other_through_a_hub(start: Start, until: Until) -> None:
    inbox, own = Inbox(), Inbox()
    alice = await start(ALICE, on_message=own.put_nowait)
    bob = await start(BOB, on_message=inbox.put_nowait)
    await until(lambda: alice.hub_found and bob.hub_found)
    assert alice.send(NEWS)
    while (message := await inbox.next()).schema != "sensor.basic":
        assert message.source == ALICE
    assert message == NEWS
    assert all(own.get_nowait().source == BOB for _ in range(own.qsize()))
    assert alice.sent >= 3  # two heartbeats while the hub was found, and the news
    assert alice.failed == 0


async def test_the_heartbeat_leaves_from_the_socket_that_listens(
    hub: HubServer, start: Start, until: Until
) -> None:
    seen = []
    hub_core = hub._hub
    receive = hub_core.receive

    def spy(data: bytes, sender: tuple[str, int], *rest: object) -> object:
        seen.append((Message.decode(data), sender))
        return receive(data, sender, *rest)  # type: ignore[arg-type]

    hub_core.receive = spy  # type: ignore[method-assign,assignment]
    await start(ALICE, version="1.2")
    await until(lambda: seen)
    message, sender = seen[0]
    assert message.get("port") == str(sender[1])
    assert message.get("remote-ip") == sender[0] == "127.0.0.1"
    assert message.get("version") == "1.2"


async def test_sending_needs_no_hub(lo: Interface, peer) -> None:
    client = XplClient(ALICE, lo, port=9)
    await client.start()
    assert client.send(NEWS)
    assert not client.hub_found
    assert client.interface == lo
    assert client.source == ALICE
    await client.stop()


async def test_who_stops_says_goodbye_once(
    hub: HubServer, start: Start, until: Until, peer
) -> None:
    peer.send(beat(peer.port), hub.port)
    alice = await start(ALICE)
    await until(lambda: len(hub.clients()) == 2)
    await alice.stop()
    await alice.stop()
    farewell = await peer.hear("hbeat.end")
    assert farewell.source == ALICE
    assert [str(client.source) for client in hub.clients()] == ["acme-peer.test"]


async def test_a_client_survives_the_restart_of_its_hub(
    hub: HubServer, start: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "MINUTE_S", 0.01)
    monkeypatch.setattr(heartbeat, "DISCOVERY_S", 0.02)
    inbox = Inbox()
    alice = await start(ALICE)
    bob = await start(BOB, on_message=inbox.put_nowait)
    await until(lambda: alice.hub_found and bob.hub_found)
    await hub.stop()
    assert hub.clients() == ()
    await until(lambda: not alice.hub_found and not bob.hub_found)
    await hub.start()
    await until(lambda: alice.hub_found and len(hub.clients()) == 2)
    alice.send(NEWS)
    while (await inbox.next()) != NEWS:
        pass


async def test_a_request_for_heartbeats_is_answered(
    hub: HubServer, start: Start, until: Until, peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net, "ANSWER_DELAY_S", (0.01, 0.02))
    alice = await start(ALICE)
    await until(lambda: alice.hub_found)
    peer.send(beat(peer.port), hub.port)
    await peer.hear("hbeat.app")
    request = wire("hbeat.request", "command=request\n", kind="xpl-cmnd")
    peer.send(request, hub.port)
    assert await peer.receive() == request
    assert (await peer.hear("hbeat.app")).source == ALICE


async def test_a_device_can_be_configured_from_outside(
    hub: HubServer, start: Start, until: Until, peer
) -> None:
    saved: list[Configuration] = []
    await start(ALICE, configuration=Configuration("default"), on_configured=saved.append)
    await until(hub.clients)
    peer.send(beat(peer.port), hub.port)
    await peer.hear("hbeat.app")
    order = wire("config.response", "newconf=attic\ngroup=\n", "acme-alice.default", "xpl-cmnd")
    peer.send(order, hub.port)
    assert (await peer.hear("config.end")).source == Address("acme", "alice", "default")
    assert (await peer.hear("hbeat.app")).source == Address("acme", "alice", "attic")
    assert [setup.instance for setup in saved] == ["attic"]


async def test_an_answer_that_fits_no_datagram_is_logged_not_raised(
    hub: HubServer, start: Start, until: Until, caplog: pytest.LogCaptureFixture, peer
) -> None:
    items = (Item("text", maximum=20),)
    setup = Configuration("test", items=items, values={"text": ("x" * 128,) * 20})
    await start(ALICE, configuration=setup)
    await until(hub.clients)
    peer.send(wire("config.current", "command=request\n", str(ALICE), "xpl-cmnd"), hub.port)
    await until(lambda: "cannot answer" in caplog.text)


async def test_bad_datagrams_are_counted(start: Start, until: Until, peer) -> None:
    alice = await start(ALICE, port=9)
    assert alice._udp is not None
    peer.send(b"\xff\x00garbage", alice._udp.number)
    await until(lambda: alice.rejected)
    assert not alice.hub_found


async def test_an_error_of_the_program_does_not_stop_the_reader(
    hub: HubServer, start: Start, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "asyncio")

    def fail(_message: Message) -> None:
        raise ZeroDivisionError

    alice = await start(ALICE, on_message=fail)
    await until(lambda: alice.hub_found)
    before = alice.received
    for _ in range(3):
        broadcast(NEWS_OF_BOB, alice.interface or "lo", port=hub.port)
    await until(lambda: alice.received == before + 3)


NEWS_OF_BOB = Message(MessageType.STAT, source=BOB, schema="sensor.basic", body=[("current", "2")])


async def test_a_burst_is_heard_whole(hub: HubServer, start: Start, lo: Interface) -> None:
    inbox = Inbox()
    await start(ALICE, on_message=inbox.put_nowait)
    for _ in range(150):
        broadcast(NEWS_OF_BOB, lo, port=hub.port)
    for _ in range(150):
        assert await inbox.next() == NEWS_OF_BOB


# What the network refuses


async def test_a_failing_network_is_told_once_and_counted(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "xpl")
    alice = await start(ALICE, UNPLUGGED)
    assert not alice.send(NEWS)
    assert not alice.send(NEWS)
    assert alice.failed == 3  # the first heartbeat too
    assert alice.sent == 0
    alice._interface = Interface("lo", "127.0.0.1", "127.255.255.255")
    assert alice.send(NEWS)
    warning, recovery = caplog.messages
    assert "cannot send" in warning
    assert "gone0" in warning
    assert "3 failures" in recovery


async def test_a_client_follows_its_machine_to_another_network(
    hub: HubServer,
    start: Start,
    lo: Interface,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    networks = [UNPLUGGED]
    monkeypatch.setattr(net, "find_interface", lambda name: networks[-1])
    alice = await start(ALICE, "auto")
    assert (alice.sent, alice.failed) == (0, 1)
    networks.append(lo)
    assert alice.send(NEWS)
    assert alice.interface == lo
    await until(lambda: [client.remote_ip for client in hub.clients()] == ["127.0.0.1"])


async def test_a_new_address_replaces_the_old_one_at_the_hub(
    hub: HubServer, start: Start, lo: Interface, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = [lo]
    monkeypatch.setattr(net, "find_interface", lambda name: networks[-1])
    monkeypatch.setattr(net, "_LOOK_AGAIN_S", 0.02)
    alice = await start(ALICE, "auto")
    await until(lambda: alice.hub_found)
    networks.append(Interface("eth9", "127.0.0.2", "127.255.255.255"))
    await until(lambda: [client.remote_ip for client in hub.clients()] == ["127.0.0.2"])


async def test_a_vanished_interface_may_come_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(name: str) -> Interface:
        raise InterfaceError("no interface 'gone0'", name)

    monkeypatch.setattr(net, "find_interface", lambda name: UNPLUGGED)
    alice = await start(ALICE, "gone0")
    monkeypatch.setattr(net, "find_interface", vanish)
    assert not alice.send(NEWS)
    assert alice.interface == UNPLUGGED


async def test_without_a_free_descriptor_sending_fails_quietly(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net, "find_interface", lambda name: UNPLUGGED)
    alice = await start(ALICE, "auto")
    monkeypatch.undo()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert not alice.send(NEWS)
        with pytest.raises(NetworkError, match="cannot open a UDP socket"):
            await HubServer(0).start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_client_that_stops_while_it_moves_stays_quiet(
    start: Start, lo: Interface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net, "find_interface", lambda name: UNPLUGGED)
    alice = await start(ALICE, "auto")
    monkeypatch.setattr(net, "find_interface", lambda name: lo)
    await alice.stop()  # its farewell is what finds the new network
    await asyncio.sleep(0)
    assert alice.sent == 1


async def test_an_unknown_interface_is_told_at_the_start() -> None:
    with pytest.raises(InterfaceError, match=r"lo \(127\.0\.0\.1\)"):
        await XplClient(ALICE, "nothing0").start()


async def test_a_client_that_is_not_started_sends_nothing(lo: Interface) -> None:
    client = XplClient(ALICE, lo)
    assert client.interface is None
    assert not client.send(NEWS)
    assert client.failed == 1
    await client.stop()


async def test_an_illegal_message_is_the_callers_mistake(start: Start) -> None:
    alice = await start(ALICE)
    before = alice.sent
    with pytest.raises(IllegalNameError):
        alice.send(Message(MessageType.STAT, source=ALICE, schema="a.b", body=[("A", "1")]))
    assert alice.sent == before


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        (Address("a", "b", "c"), {}, IllegalAddressError),
        (ALICE, {"heartbeat_interval_min": 4}, IllegalIntervalError),
        (ALICE, {"version": "é"}, IllegalValueError),
    ],
)
def test_wrong_settings_are_told_before_anything_starts(
    source: Address, options: dict[str, object], error: type[EncodeError]
) -> None:
    with pytest.raises(error):
        XplClient(source, **options)  # type: ignore[arg-type]


def test_one_message_can_be_sent_without_a_client(lo: Interface, peer) -> None:
    broadcast(NEWS, lo, port=9)
    broadcast(NEWS, "lo", port=9)
    with pytest.raises(NetworkError, match="cannot send"):
        broadcast(NEWS, UNPLUGGED)


# The hub


async def test_the_hub_repeats_the_very_bytes(hub: HubServer, peer) -> None:
    hello = beat(peer.port)
    peer.send(hello, hub.port)
    assert await peer.receive() == hello
    for data in (
        wire("sensor.basic", f"text={'x' * 9000}\n"),
        wire("sensor.basic", "current=1\n").replace(b"\n", b"\r\n"),
        wire("sensor.basic", "current=1\n", target="acme-nobody.here").upper(),
    ):
        peer.send(data, hub.port)
        assert await peer.receive() == data


async def test_garbage_never_reaches_a_client(hub: HubServer, peer) -> None:
    hello = beat(peer.port)
    peer.send(hello, hub.port)
    peer.send(b"garbage", hub.port)
    peer.send(wire("sensor.basic", "current=1\n")[:-2], hub.port)
    peer.send(hello, hub.port)
    assert [await peer.receive(), await peer.receive()] == [hello, hello]


async def test_two_hubs_cannot_run_on_one_machine(hub: HubServer) -> None:
    second = HubServer(hub.port)
    with pytest.raises(HubPortTakenError, match="another hub runs") as caught:
        await second.start()
    assert caught.value.offending == hub.port
    assert second.clients() == ()
    await second.stop()


async def test_a_hub_that_shares_its_port_is_noticed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.255.255.255", 0))
        with pytest.raises(HubPortTakenError):
            await HubServer(other.getsockname()[1]).start()


async def test_a_port_that_cannot_be_opened_is_a_network_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(net, "_ANY_ADDRESS", "203.0.113.250")
    with pytest.raises(NetworkError, match="cannot open") as caught:
        await HubServer(0).start()
    assert not isinstance(caught.value, HubPortTakenError)


async def test_a_program_that_takes_over_a_port_takes_over_the_registration(
    hub: HubServer, start: Start, until: Until, peer
) -> None:
    peer.send(beat(peer.port), hub.port)
    await peer.receive()
    peer.send(beat(peer.port).replace(b"acme-peer.test", b"acme-heir.test"), hub.port)
    await peer.receive()
    assert [str(client.source) for client in hub.clients()] == ["acme-heir.test"]
    peer.send(wire("sensor.basic", "current=1\n"), hub.port)
    peer.send(wire("sensor.basic", "current=2\n"), hub.port)
    heard = [(await peer.hear("sensor.basic")).get("current") for _ in range(2)]
    assert heard == ["1", "2"]


async def test_a_client_nobody_can_reach_is_told_once(
    hub: HubServer, caplog: pytest.LogCaptureFixture, peer
) -> None:
    hub._forward(b"x", ("127.0.0.1", 0))
    hub._forward(b"x", ("127.0.0.1", 0))
    (line,) = caplog.messages
    assert "cannot forward to 127.0.0.1:0" in line
    hub._each_minute()
    assert not hub._unreachable
    peer.send(beat(peer.port), hub.port)
    await peer.receive()


async def test_a_stopped_hub_does_nothing() -> None:
    hub = HubServer(0)
    hub._forward(b"x", ("127.0.0.1", 9))
    hub._each_minute()
    await hub.stop()
    assert hub.clients() == ()


async def test_silent_clients_are_forgotten_each_minute(
    hub: HubServer, until: Until, peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net, "_LOOK_AGAIN_S", 0.01)
    hub._each_minute()
    peer.send(beat(peer.port), hub.port)
    await peer.receive()
    loop = asyncio.get_running_loop()
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + 700)
    await until(lambda: not hub.clients())


# Running a program


def test_a_program_ends_by_itself_or_by_a_signal() -> None:
    async def short(stop: net.Stop) -> int:
        await stop.wait(0.001)
        assert not stop.requested
        return 7

    async def until_told(stop: net.Stop) -> int:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await stop.wait(10)
        assert stop.requested
        return 0

    assert net.run(short) == 7
    assert net.run(until_told) == 0


def test_a_program_ends_when_nobody_reads_it() -> None:
    async def program(stop: net.Stop) -> int:
        reader, writer = os.pipe()
        try:
            stop.when_unread(writer)
            await stop.wait(0.02)
            assert not stop.requested
            os.close(reader)
            await stop.wait(10)
            assert stop.requested
            asyncio.get_running_loop().remove_reader(writer)
        finally:
            os.close(writer)
        return 0

    assert net.run(program) == 0


def test_a_file_is_never_unread(tmp_path) -> None:
    async def program(stop: net.Stop) -> int:
        with (tmp_path / "out").open("w") as out:
            stop.when_unread(out.fileno())
            await stop.wait(0.001)
        return int(stop.requested)

    assert net.run(program) == 0
