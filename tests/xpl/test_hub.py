"""Our hub, pure: what each known hub was seen to do, where ours must do better or the same."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xpl import Address, Hub
from xpl.hub import MAX_CLIENTS

HOST = "192.0.2.10"
LOCAL = frozenset({HOST, "127.0.0.1"})
SENDER = (HOST, 50001)
FOREIGN = ("192.0.2.77", 3865)
OTHER = (HOST, 50002)


def wire(
    schema: str, body: str, *, kind: str = "xpl-stat", source: str = "acme-lamp.hall"
) -> bytes:
    return (f"{kind}\n{{\nhop=1\nsource={source}\ntarget=*\n}}\n{schema}\n{{\n{body}}}\n").encode()


def beat(
    schema: str = "hbeat.app",
    *,
    port: object = 50001,
    remote_ip: str = HOST,
    interval: object = 5,
    source: str = "acme-lamp.hall",
) -> bytes:
    body = f"interval={interval}\nport={port}\nremote-ip={remote_ip}\n"
    return wire(schema, body, source=source)


NEWS = wire("sensor.basic", "current=1\n", source="acme-news.hall")


@pytest.fixture
def hub() -> Hub:
    """A hub that serves one client."""
    it = Hub()
    assert it.receive(beat(), SENDER, 0.0, LOCAL) == (SENDER,)
    return it


def registers(data: bytes, sender: tuple[str, int] = SENDER) -> bool:
    it = Hub()
    receivers = it.receive(data, sender, 0.0, LOCAL)
    assert receivers == tuple((client.remote_ip, client.port) for client in it.clients)
    return bool(receivers)


# Registration


def test_a_heartbeat_registers_and_comes_back_as_an_echo(hub: Hub) -> None:
    (client,) = hub.clients
    assert client.remote_ip == HOST
    assert client.port == 50001
    assert client.source == Address("acme", "lamp", "hall")
    assert client.interval_min == 5
    assert str(client) == "acme-lamp.hall at 192.0.2.10:50001, every 5 min"


@pytest.mark.parametrize(
    ("data", "does"),
    [
        pytest.param(beat("config.app"), True, id="config.app"),
        pytest.param(beat().upper(), True, id="capitals everywhere"),
        pytest.param(beat().replace(b"\n", b"\r\n"), True, id="CR LF"),
        pytest.param(beat(remote_ip="127.0.0.1"), True, id="loopback"),
        pytest.param(beat(remote_ip="127.1.2.3"), True, id="anything in 127/8"),
        pytest.param(beat(remote_ip=" 192.0.2.10 "), True, id="blanks around the address"),
        pytest.param(beat(remote_ip=""), True, id="empty remote-ip"),
        pytest.param(wire("hbeat.app", "port=50001\n"), True, id="no remote-ip, no interval"),
        pytest.param(beat("hbeat.basic"), False, id="hbeat.basic"),
        pytest.param(beat("hbeat.end"), False, id="hbeat.end"),
        pytest.param(beat().replace(b"xpl-stat", b"xpl-cmnd"), False, id="command"),
        pytest.param(beat().replace(b"xpl-stat", b"xpl-trig"), False, id="trigger"),
        pytest.param(beat(remote_ip="192.0.2.77"), False, id="foreign remote-ip"),
        pytest.param(beat(remote_ip="localhost"), False, id="remote-ip not an address"),
        pytest.param(beat(port=""), False, id="empty port"),
        pytest.param(beat(port="many"), False, id="port not a number"),
        pytest.param(beat(port=0), False, id="port 0"),
        pytest.param(beat(port=65536), False, id="port too high"),
        pytest.param(beat(port=-1), False, id="negative port"),
        pytest.param(beat(port=3865), False, id="the hub's own port"),
        pytest.param(wire("hbeat.app", "interval=5\n"), False, id="no port"),
    ],
)
def test_who_is_registered(data: bytes, does: bool) -> None:
    assert registers(data) is does


def test_without_remote_ip_the_datagram_must_come_from_this_machine() -> None:
    data = wire("hbeat.app", "interval=5\nport=50001\n")
    assert registers(data, SENDER)
    assert not registers(data, FOREIGN)


def test_a_heartbeat_from_another_socket_registers_the_port_it_names() -> None:
    assert registers(beat(), (HOST, 40000))
    assert registers(beat(), FOREIGN)


def test_a_program_is_known_by_address_and_port(hub: Hub) -> None:
    assert hub.receive(beat(source="acme-lamp.attic"), SENDER, 1.0, LOCAL) == (SENDER,)
    assert [str(client.source) for client in hub.clients] == ["acme-lamp.attic"]
    hub.receive(beat(port=50002), OTHER, 1.0, LOCAL)
    assert hub.receive(NEWS, FOREIGN, 2.0, LOCAL) == (SENDER, OTHER)


def test_forged_heartbeats_cannot_grow_the_register(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    for port in range(1, MAX_CLIENTS + 10):
        hub.receive(beat(port=port), FOREIGN, 0.0, LOCAL)
    assert len(hub.clients) == MAX_CLIENTS
    assert hub.refused == 9
    assert len(caplog.records) == 1
    assert len(hub.receive(beat(port=1, interval=9), FOREIGN, 0.0, LOCAL)) == MAX_CLIENTS
    assert hub.clients[0].interval_min == 9


# Forwarding


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(NEWS, id="broadcast"),
        pytest.param(NEWS.replace(b"hop=1", b"hop=9"), id="hop 9"),
        pytest.param(NEWS.replace(b"=*", b"=acme-fan.attic"), id="target is another device"),
        pytest.param(NEWS.replace(b"=*", b"=xpl-group.lights"), id="target is a group"),
        pytest.param(NEWS.upper(), id="capitals everywhere"),
        pytest.param(NEWS.replace(b"\n", b"\r\n"), id="CR LF"),
        pytest.param(NEWS.replace(b"=1\n}", b"=\n}"), id="empty value"),
        pytest.param(wire("sensor.basic", ""), id="empty body"),
        pytest.param(wire("sensor.basic", f"text={'x' * 8000}\n"), id="over 1500 bytes"),
        pytest.param(wire("sensor.basic", "text=a=b=c\n"), id="two = in a value"),
        pytest.param(NEWS.replace(b"=1\n}", b"=\xff\n}"), id="not UTF-8"),
        pytest.param(NEWS.removesuffix(b"\n"), id="no final line feed"),
        pytest.param(wire("hbeat.basic", "interval=5\n"), id="hbeat.basic"),
        pytest.param(wire("hbeat.app", "port=none\n"), id="heartbeat with a bad port"),
        pytest.param(beat(remote_ip="192.0.2.77"), id="heartbeat of another machine"),
        pytest.param(beat("hbeat.end", remote_ip="192.0.2.77"), id="end on another machine"),
        pytest.param(wire("hbeat.end", "command=x\n", source="acme-fan.a"), id="unknown end"),
    ],
)
def test_every_message_goes_to_every_client(hub: Hub, data: bytes) -> None:
    assert hub.receive(data, FOREIGN, 1.0, LOCAL) == (SENDER,)
    assert len(hub.clients) == 1
    assert hub.accepted == 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xffgarbage\n", id="garbage"),
        pytest.param(NEWS.removesuffix(b"}\n"), id="truncated body"),
        pytest.param(NEWS.replace(b"hop=1", b"hop=10"), id="too many hops"),
    ],
)
def test_what_would_hang_a_client_goes_nowhere(hub: Hub, data: bytes) -> None:
    assert hub.receive(data, FOREIGN, 1.0, LOCAL) == ()
    assert hub.rejected == 1


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_datagram_stops_the_hub(data: bytes) -> None:
    hub = Hub()
    hub.receive(data, FOREIGN, 0.0, LOCAL)
    hub.receive(beat().replace(b"50001", data), FOREIGN, 0.0, LOCAL)
    hub.receive(beat().replace(HOST.encode(), data), FOREIGN, 0.0, LOCAL)
    hub.receive(beat("hbeat.end").replace(HOST.encode(), data), FOREIGN, 0.0, LOCAL)


# Leaving


@pytest.mark.parametrize("schema", ["hbeat.end", "config.end"])
def test_who_leaves_hears_it_once_and_is_removed(hub: Hub, schema: str) -> None:
    assert hub.receive(beat(schema), SENDER, 1.0, LOCAL) == (SENDER,)
    assert hub.clients == ()
    assert hub.receive(beat(schema), SENDER, 1.0, LOCAL) == ()


def test_only_the_client_at_that_port_leaves(hub: Hub) -> None:
    hub.receive(beat(port=50002), OTHER, 0.0, LOCAL)
    hub.receive(beat("hbeat.end", port=50002), OTHER, 1.0, LOCAL)
    assert hub.receive(NEWS, FOREIGN, 2.0, LOCAL) == (SENDER,)


def test_a_farewell_without_a_place_is_matched_by_its_source(hub: Hub) -> None:
    hub.receive(beat(port=50002, source="acme-fan.hall"), OTHER, 0.0, LOCAL)
    hub.receive(wire("hbeat.end", "interval=5\n"), SENDER, 1.0, LOCAL)
    assert [str(client.source) for client in hub.clients] == ["acme-fan.hall"]


def test_a_namesake_on_another_machine_cannot_remove_a_client(hub: Hub) -> None:
    hub.receive(wire("hbeat.end", "interval=5\n"), FOREIGN, 1.0, LOCAL)
    hub.receive(beat("hbeat.end", remote_ip=FOREIGN[0]), FOREIGN, 1.0, LOCAL)
    assert len(hub.clients) == 1


def test_a_command_removes_nobody(hub: Hub) -> None:
    hub.receive(beat("hbeat.end").replace(b"xpl-stat", b"xpl-cmnd"), SENDER, 1.0, LOCAL)
    assert len(hub.clients) == 1


# Expiry


@pytest.mark.parametrize(
    ("interval", "minutes"), [(5, 11), (30, 61), (0, 3), (1, 3), ("x", 11), (1000, 61)]
)
def test_a_client_expires_after_twice_its_interval_and_a_minute(
    interval: object, minutes: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hub = Hub()
    hub.receive(beat(interval=interval), SENDER, 100.0, LOCAL)
    assert hub.expire(100.0 + minutes * 60 - 1) == ()
    (gone,) = hub.expire(100.0 + minutes * 60)
    assert gone.port == 50001
    assert hub.receive(NEWS, FOREIGN, 2.0, LOCAL) == ()
    assert [record.message.split(":")[0] for record in caplog.records] == ["registered", "expired"]


def test_a_heartbeat_renews(hub: Hub) -> None:
    hub.receive(beat(), SENDER, 600.0, LOCAL)
    assert hub.expire(661.0) == ()
    assert len(hub.expire(600.0 + 660)) == 1


def test_what_a_client_calls_itself_cannot_forge_a_log_line() -> None:
    hub = Hub()
    hub.receive(beat(source="acme-lamp.\x1b[2J" + "x" * 100), SENDER, 0.0, LOCAL)
    text = str(hub.clients[0])
    assert text.isprintable()
    assert len(text) < 100
