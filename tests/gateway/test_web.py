"""The HTTP API over real sockets, of a gateway that reads real ptys."""

import asyncio
import contextlib
import errno
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import tty
from pathlib import Path

import pytest
from starlette.routing import Route

from teleinfo_gateway.config import Config, DeviceConfig, WebConfig
from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.web import embedded, events
from teleinfo_gateway.web.server import ListenError, WebServer
from tic import Group, encode_frame

from ..free_ports import free_port
from .loop_thread import TIMEOUT_S, LoopThread

CAPTURES = Path(__file__).parents[1] / "captures"
HTTP_API = Path(__file__).parents[2] / "docs/http-api.rst"
HISTORIQUE = (CAPTURES / "histo-hc-mono-l16c6.tic").read_bytes()
STANDARD = (CAPTURES / "std-base-mono-conso.tic").read_bytes()[:8000]  # some frames


def until(condition, timeout_s=TIMEOUT_S):
    """Wait for a condition, and return what made it true."""
    end = time.monotonic() + timeout_s
    while not (met := condition()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
    return met


class Pty:
    """A meter's port: what the meter sends is written to its other end."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)

    def send(self, data):
        os.write(self.master, data)

    def close(self):
        os.close(self.master)


class Gateway(LoopThread):
    """A gateway of meters on ptys."""

    def __init__(self, meters, listen="127.0.0.1", web=(), **settings):
        self.ptys = {name: Pty() for name in meters}
        self.port = free_port()
        devices = tuple(
            DeviceConfig(name=name, device=pty.path, interval=1) for name, pty in self.ptys.items()
        )
        web = WebConfig(listen=f"{listen}:{self.port}", **dict(web))
        settings = {"history": None, **settings}
        self.config = Config(devices=devices, xpl=None, web=web, **settings)
        self.begin()

    async def _start(self):
        self.manager = PluginManager(self.config)
        self.manager.start()
        self.web = WebServer(self.manager, self.config.web)
        await self.web.start()

    async def _stop(self):
        await self.web.stop()
        await self.manager.stop()

    def close(self):
        super().close()
        for pty in self.ptys.values():
            pty.close()

    def request(self, method, path, body=None, headers=()):
        """The answer to one request: (status, JSON or bytes, headers)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            data = response.read()
            is_json = data and response.headers["content-type"] == "application/json"
            return response.status, json.loads(data) if is_json else data, response.headers

    def get(self, path):
        status, data, _ = self.request("GET", path)
        assert status == 200, data
        return data

    def meter(self, name):
        return next(meter for meter in self.get("/api/meters") if meter["name"] == name)

    def hear(self, name, data):
        """Let a meter send until all of it was heard: what is sent while a port opens is lost."""
        until(lambda: self.manager.meter(name)._reader._byte_s)  # it has been open
        enough = self.meter(name)["bytes"] + len(data)
        while self.meter(name)["bytes"] < enough:
            self.ptys[name].send(data)
            with contextlib.suppress(AssertionError):
                until(lambda: self.meter(name)["bytes"] >= enough, timeout_s=TIMEOUT_S / 2)


@pytest.fixture
def gateway():
    with contextlib.closing(Gateway(["house", "garage"])) as started:
        yield started


class Stream:
    """A client of the event stream."""

    def __init__(self, gateway, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
        self.connection.request("GET", "/api/events", headers=headers)
        self.response = self.connection.getresponse()

    def block(self):
        """The lines up to the next empty one; none at the end of the stream."""
        lines = []
        while line := self.response.readline().decode():
            if line == "\n":
                break
            lines.append(line.rstrip("\n"))
        return lines

    def event(self, *names):
        """The next event of one of these names: (name, data)."""
        while block := self.block():
            fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if fields.get("event") in names:
                return fields["event"], json.loads(fields["data"])
        raise AssertionError("the stream ended")

    def end(self):
        """Wait for the end of the stream: a proper end, not a broken connection."""
        while self.block():
            pass

    def close(self):
        self.response.close()
        self.connection.close()


@pytest.fixture
def stream(gateway):
    with contextlib.closing(Stream(gateway)) as opened:
        yield opened


# --- what is told


def test_the_status_names_the_gateway_its_meters_and_its_outputs(gateway):
    until(lambda: set(gateway.get("/api/status")["meters"].values()) == {"alive"})
    status = gateway.get("/api/status")
    assert status.pop("since").endswith("Z")
    assert 0 <= status.pop("uptime_s") < TIMEOUT_S
    assert re.fullmatch(r"\d+\.\d+\.\d+", status.pop("version"))
    assert status == {
        "name": "teleinfo",
        "status": "alive",
        "demonstration": False,
        "meters": {"house": "alive", "garage": "alive"},
        "outputs": {},
    }


def test_a_meter_tells_its_mode_address_line_and_counters_once_it_is_heard(gateway):
    before = gateway.meter("house")
    assert (before["mode"], before["adco"], before["last_received"]) == (None, None, None)
    assert (before["link"], before["link_detail"]) == ("searching", "")
    gateway.hear("house", HISTORIQUE * 3)
    after = gateway.meter("house")
    assert (after["mode"], after["link"], after["link_detail"]) == ("historique", "ok", "")
    assert re.fullmatch(r"\d{12}", after["adco"])
    assert after["frames"]["long"] >= 2
    assert after["bytes"] >= len(HISTORIQUE * 3)
    assert after["groups"] > 10
    assert after["last_received"] > before["link_since"]
    assert gateway.meter("garage")["link"] == "searching"


def test_refused_groups_are_counted_by_reason(gateway):
    gateway.hear("house", HISTORIQUE + b"\nPAPP 00750 X\r")
    assert list(gateway.meter("house")["refused"]) == ["checksum"]


def test_a_port_that_vanishes_shows_with_its_reason(gateway):
    until(lambda: gateway.meter("house")["status"] == "alive")
    gateway.ptys["house"].close()
    told = until(lambda: (meter := gateway.meter("house"))["link"] == "no-port" and meter)
    assert gateway.ptys["house"].path in told["link_detail"]
    gateway.ptys["house"].master = os.open(os.devnull, os.O_RDONLY)  # for the fixture to close


def test_sensors_are_records_like_domogiks(gateway):
    assert gateway.get("/api/sensors") == []
    gateway.hear("house", HISTORIQUE * 3)
    adco = gateway.meter("house")["adco"]
    sensors = {sensor["reference"]: sensor for sensor in gateway.get("/api/sensors")}
    assert list(sensors)[:2] == ["adco", "optarif"]
    received = sensors["adco"].pop("last_received")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", received)
    assert sensors["adco"] == {
        "meter": "house",
        "adco": adco,
        "reference": "adco",
        "name": "Electric meter address",
        "data_type": "DT_String",
        "unit": "",
        "timeout": 180,
        "last_value": adco,
        "lost": False,
    }
    assert sensors["papp"]["unit"] == "VA"
    assert sensors["papp"]["timeout"] == 0
    assert sensors["hchc"]["last_value"].isdigit()


def test_sensors_can_be_asked_for_one_meter(gateway):
    gateway.hear("house", HISTORIQUE * 3)
    gateway.hear("garage", HISTORIQUE * 3)
    everything = gateway.get("/api/sensors")
    assert {sensor["meter"] for sensor in everything} == {"house", "garage"}
    garage = gateway.get("/api/sensors?meter=garage")
    assert garage == [sensor for sensor in everything if sensor["meter"] == "garage"]


def test_health_is_200_at_work_and_503_when_the_plugin_has_stopped(gateway):
    assert gateway.request("GET", "/healthz")[:2] == (200, {"status": "alive"})
    gateway.run(gateway.manager.stop())
    status, data, _ = gateway.request("GET", "/healthz")
    assert (status, data) == (503, {"error": "the status of the gateway is stopped"})


def test_the_index_lists_every_route(gateway):
    described = gateway.get("/api/openapi.json")["paths"]
    routes = {
        f"{method.upper()} {path}" for path, methods in described.items() for method in methods
    }
    assert set(gateway.get("/api")["routes"]) == routes


# --- start and stop


def test_stopping_a_meter_frees_its_port_and_starting_it_takes_it_again(gateway, in_use):
    gateway.hear("house", HISTORIQUE * 3)
    path = gateway.ptys["house"].path
    assert in_use(path)
    answer = gateway.request("POST", "/api/meters/house/stop")
    assert answer[:2] == (200, {"name": "house", "status": "stopped"})
    assert gateway.get("/api/status")["meters"] == {"house": "stopped", "garage": "alive"}
    assert not in_use(path)
    answer = gateway.request("POST", "/api/meters/house/start")
    assert answer[:2] == (200, {"name": "house", "status": "starting"})
    gateway.hear("house", HISTORIQUE)
    assert in_use(path)


def test_start_and_stop_may_be_repeated(gateway):
    until(lambda: gateway.meter("house")["status"] == "alive")
    since = gateway.meter("house")["since"]
    assert gateway.request("POST", "/api/meters/house/start")[1]["status"] == "alive"
    assert gateway.meter("house")["since"] == since
    for _ in range(2):
        assert gateway.request("POST", "/api/meters/house/stop")[1]["status"] == "stopped"


def test_a_meter_started_while_it_stops_is_not_called_stopped(gateway):
    async def stop_and_start():
        meter = gateway.manager.meter("house")
        stopping = asyncio.create_task(meter.stop())
        await asyncio.sleep(0)
        meter.start()
        await stopping

    until(lambda: gateway.meter("house")["status"] == "alive")
    gateway.run(stop_and_start())
    until(lambda: gateway.meter("house")["status"] == "alive")
    gateway.hear("house", HISTORIQUE)


@pytest.mark.parametrize("name", ["nobody", "House", "", "a%2Fb", "%09", "n" * 1000])
def test_an_unknown_meter_is_404_and_the_answer_names_those_that_exist(gateway, name):
    for path in (f"/api/meters/{name}/stop", f"/api/meters/{name}/start"):
        status, data, _ = gateway.request("POST", path)
        assert status == 404
        assert data["error"].endswith("; there are: house, garage")
        assert len(data["error"]) < 200
        assert data["error"].isprintable()


# --- the live stream


def test_a_stream_begins_with_a_retry_hint_and_every_meter(gateway, stream):
    assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.block() == ["retry: 3000"]
    _, meters = stream.event("meters")
    assert [meter["name"] for meter in meters] == ["house", "garage"]


def test_readings_are_told_as_they_come(gateway, stream):
    stream.event("meters")
    gateway.hear("house", HISTORIQUE * 3)
    _, reading = stream.event("reading")
    assert (reading["meter"], reading["mode"], reading["kind"]) == ("house", "historique", "long")
    assert reading["values"]["ADCO"] == reading["adco"] == gateway.meter("house")["adco"]
    assert reading["historique"] == reading["values"]


def test_a_standard_meter_tells_its_historique_labels_too(gateway, stream):
    gateway.hear("garage", STANDARD)
    _, reading = stream.event("reading")
    assert reading["mode"] == "standard"
    assert "EAST" in reading["values"]
    assert reading["historique"]["ADCO"] == reading["values"]["ADSC"]


def test_an_announcement_follows_the_reading_that_told_it_with_its_time(gateway, stream):
    gateway.hear("garage", tempo("----") * 3 + tempo("ROUG"))
    told = stream.event("reading")
    while told[1]["values"]["DEMAIN"] == "----":
        told = stream.event("reading", "tomorrow")
    assert stream.event("reading", "tomorrow") == (
        "tomorrow",
        {"meter": "garage", "value": "ROUG", "detail": "red", "time": told[1]["time"]},
    )


def test_changes_of_status_and_link_carry_the_keys_of_the_meter(gateway, stream):
    stream.event("meters")
    gateway.hear("house", HISTORIQUE * 3)
    _, link = stream.event("link")
    assert link.pop("link_since")
    assert link == {"meter": "house", "link": "ok", "link_detail": ""}
    gateway.request("POST", "/api/meters/house/stop")
    told = [stream.event("status")[1] for _ in range(2)]
    assert [(change["meter"], change["status"]) for change in told] == [
        ("house", "stop-request"),
        ("house", "stopped"),
    ]
    assert told[-1]["since"] == gateway.meter("house")["since"]


def test_the_status_of_the_gateway_is_told_without_a_meter(gateway, stream):
    stream.event("meters")
    gateway.run(gateway.manager.stop())
    assert stream.event("status")[1]["meter"] is None


def test_a_quiet_stream_is_kept_open_with_comments(monkeypatch, gateway):
    monkeypatch.setattr(events, "_KEEP_ALIVE_S", 0.05)
    with contextlib.closing(Stream(gateway)) as stream:
        while stream.block() != [":"]:
            pass


def test_a_client_that_lags_gets_the_meters_again(gateway, stream):
    stream.event("meters")

    def flood():
        now = gateway.manager.since
        for _ in range(events._QUEUE + 10):
            gateway.manager.bus.publish(Event(EventKind.LINK, "house", now, "ok"))

    gateway.call(flood)
    names = [stream.event("meters", "link")[0] for _ in range(events._QUEUE + 1)]
    assert names[0] == "meters"
    assert set(names[1:]) == {"link"}


def test_more_streams_than_allowed_are_refused_until_one_ends(monkeypatch, gateway):
    monkeypatch.setattr(events, "MAX_STREAMS", 2)
    with contextlib.closing(Stream(gateway)), contextlib.closing(Stream(gateway)) as last:
        status, data, headers = gateway.request("GET", "/api/events")
        assert (status, data) == (503, {"error": "2 clients read events already: close one"})
        assert headers["retry-after"] == "30"
        last.close()

        def accepted():
            stream = Stream(gateway)
            stream.close()
            return stream.response.status == 200

        until(accepted)


def test_a_stream_that_ends_leaves_nothing_on_the_bus(gateway):
    with contextlib.closing(Stream(gateway)) as stream:
        stream.event("meters")
        assert len(gateway.manager.bus._subscriptions) == 1
    until(lambda: gateway.manager.bus._subscriptions == [])


def stalled_client(gateway):
    """A client that asks for events and reads none, until the server cannot send more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.port))
    client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    until(lambda: gateway.manager.bus._subscriptions)
    subscription = gateway.manager.bus._subscriptions[0]

    async def fill():
        event = Event(EventKind.LINK, "house", gateway.manager.since, "ok", "x" * 50_000)
        while len(subscription._items) < 10:
            gateway.manager.bus.publish(event)
            await asyncio.sleep(0.001)

    gateway.run(fill())
    return client


def test_a_client_that_takes_nothing_is_let_go(monkeypatch, gateway):
    monkeypatch.setattr(events, "_KEEP_ALIVE_S", 0.1)
    with stalled_client(gateway):
        until(lambda: gateway.manager.bus._subscriptions == [])


# --- the end


def test_stopping_ends_streams_and_connections_at_once(gateway, stream):
    stream.event("meters")
    gateway.web._server.config.timeout_graceful_shutdown = TIMEOUT_S  # which is not waited for
    idle = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
    with contextlib.closing(idle):
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        began = time.monotonic()
        gateway.run(gateway.web.stop())
        assert time.monotonic() - began < TIMEOUT_S / 2
    stream.end()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT_S)


def test_a_client_that_takes_nothing_delays_the_end_by_little(gateway):
    with stalled_client(gateway):
        began = time.monotonic()
        gateway.run(gateway.web.stop())
        assert time.monotonic() - began < TIMEOUT_S / 2


def test_it_can_be_stopped_twice_or_without_a_start(gateway):
    gateway.run(gateway.web.stop())
    gateway.run(gateway.web.stop())
    never_started = WebServer(gateway.manager, gateway.config.web)
    gateway.run(never_started.stop())


# --- who may ask


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8181", "localhost", "LOCALHOST:1", "[::1]", "[::1]:99", "127.0.0.2"],
)
def test_requests_that_name_this_machine_are_served(gateway, host):
    assert gateway.request("GET", "/healthz", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8181",
        "localhost.evil.example",
        "192.168.1.2:8181",
        "127.0.0.1:8181:1",
        "127.0.0.1@evil.example",
        "localhost:http",
        "[::1",
        "::1",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/api/status", "/nothing"])
def test_requests_that_name_another_machine_are_refused(gateway, host, path):
    status, data, _ = gateway.request("GET", path, headers={"Host": host})
    assert (status, list(data)) == (403, ["error"])
    assert "Host" in data["error"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{other}",
        "http://localhost:{port}",
        "null",
        "",
    ],
)
def test_a_page_of_another_site_can_neither_stop_a_meter_nor_read(gateway, origin):
    headers = {"Origin": origin.format(port=gateway.port, other=gateway.port + 1)}
    status, data, _ = gateway.request("POST", "/api/meters/house/stop", headers=headers)
    assert (status, "Origin" in data["error"]) == (403, True)
    assert gateway.meter("house")["status"] != "stopped"
    assert gateway.request("GET", "/api/events", headers=headers)[0] == 403


def test_a_page_of_this_site_can_stop_a_meter(gateway):
    headers = {"Origin": f"http://127.0.0.1:{gateway.port}"}
    assert gateway.request("POST", "/api/meters/house/stop", headers=headers)[0] == 200


def test_every_answer_forbids_keeping_guessing_and_running_it(gateway, monkeypatch):
    monkeypatch.setattr(events, "MAX_STREAMS", 0)
    for method, path in (
        ("GET", "/api"),
        ("GET", "/nothing"),
        ("PUT", "/api/status"),
        ("GET", "/api/events"),
        ("POST", "/api/meters/nobody/stop"),
    ):
        _, _, headers = gateway.request(method, path)
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        csp = headers["content-security-policy"]
        assert csp == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


# --- wrong requests


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/meters/", 404),
        ("GET", "/api/../etc/passwd", 404),
        ("POST", "/api/status", 405),
        ("GET", "/api/meters/house/stop", 405),
        ("GET", "/api/sensors?meter=nobody", 404),
        ("GET", "/api/sensors?meter=house&meter=garage", 400),
        ("GET", "/api/sensors?metre=house", 400),
    ],
)
def test_a_wrong_request_is_answered_with_json_that_says_why(gateway, method, path, status):
    answered, data, headers = gateway.request(method, path)
    assert (answered, list(data)) == (status, ["error"])
    assert headers["content-type"] == "application/json"
    assert ("allow" in headers) == (status == 405)


def test_a_body_is_not_needed_and_a_large_one_is_refused(gateway):
    stop = "/api/meters/house/stop"
    assert gateway.request("POST", stop, b"{}")[0] == 200
    assert gateway.request("POST", stop, b"x" * 1025)[0] == 413
    assert gateway.request("POST", stop, iter([b"x"]), {"Transfer-Encoding": "chunked"})[0] == 411


def test_what_is_not_http_is_refused(gateway):
    for sent in (b"\x02\nADCO 012345678901 @\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000):
        with (
            socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT_S) as client,
            contextlib.suppress(ConnectionError),
        ):
            client.sendall(sent)
            assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert gateway.request("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HT"])
def test_who_connects_and_asks_nothing_is_let_go(monkeypatch, gateway, stream, sent):
    monkeypatch.setattr(embedded, "_HEAD_S", 0.1)
    with (
        socket.create_connection(("127.0.0.1", gateway.port), TIMEOUT_S) as client,
        contextlib.suppress(ConnectionResetError),
    ):
        client.sendall(sent)
        assert client.recv(100) == b""
    with contextlib.closing(Stream(gateway)) as asking:
        time.sleep(0.2)  # which is longer than one may ask nothing
        gateway.call(publish_link, gateway)
        assert asking.event("link")


def publish_link(gateway):
    gateway.manager.bus.publish(Event(EventKind.LINK, "house", gateway.manager.since, "ok"))


def test_a_fault_of_ours_is_logged_once_and_not_shown(gateway, monkeypatch, caplog):
    monkeypatch.setattr(gateway.manager, "_meters", None)
    status, data, _ = gateway.request("GET", "/api/meters")
    monkeypatch.undo()
    assert (status, data) == (500, {"error": "a fault of the gateway; its log says more"})
    assert caplog.text.count("Traceback") == 1
    assert gateway.request("GET", "/healthz")[0] == 200


def test_head_of_the_stream_ends(gateway):
    status, data, headers = gateway.request("HEAD", "/api/events")
    assert (status, data) == (200, b"")
    assert headers["content-type"].startswith("text/event-stream")


# --- starting


def test_a_port_that_is_taken_is_said_with_what_to_do(gateway):
    second = WebServer(gateway.manager, gateway.config.web)
    with pytest.raises(ListenError) as raised:
        gateway.run(second.start())
    for words in (f"127.0.0.1:{gateway.port}", "another program", "web.listen"):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "below 1024 needs root"), (errno.EADDRNOTAVAIL, "Cannot assign requested")],
)
def test_other_reasons_not_to_listen_come_with_advice(number, words):
    advice = WebServer(None, WebConfig(listen="[::1]:80"))._advice(OSError(number, ""))
    assert advice.startswith("the HTTP API cannot listen on [::1]:80: ")
    assert words in advice
    assert "Set web.listen" in advice


def test_localhost_is_this_machine_whatever_a_resolver_says():
    with contextlib.closing(Gateway([], listen="localhost")) as gateway:
        assert gateway.get("/api/status")["status"] == "not-configured"


def test_it_can_listen_on_ipv6(gateway):
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = WebServer(gateway.manager, WebConfig(listen=f"[::1]:{port}"))
    gateway.run(server.start())
    connection = http.client.HTTPConnection("::1", port, timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    gateway.run(server.stop())


def test_without_the_web_packages_the_extra_to_install_is_named(gateway, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("teleinfo_gateway.web.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[web\]'"):
        gateway.run(WebServer(gateway.manager, gateway.config.web).start())


def test_the_web_packages_are_loaded_only_by_a_server_that_starts():
    script = (
        "import sys, teleinfo_gateway.web.server, teleinfo_gateway.web.records\n"
        "sys.exit(bool({'uvicorn', 'starlette'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=TIMEOUT_S)


# --- the description


def fits(value, schema, schemas):  # noqa: PLR0911  # a table of cases
    """Whether a JSON value has the shape that a schema of the description declares."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].removeprefix("#/components/schemas/")], schemas)
    if "anyOf" in schema:
        return any(fits(value, option, schemas) for option in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "object":
            known, others = schema.get("properties", {}), schema.get("additionalProperties", False)
            return (
                isinstance(value, dict)
                and set(schema.get("required", ())) <= set(value)
                and all(
                    fits(item, known[key], schemas)
                    if key in known
                    else others is True or (others and fits(item, others, schemas))
                    for key, item in value.items()
                )
            )
        case "array" if "prefixItems" in schema:
            parts = schema["prefixItems"]
            return len(value) == len(parts) and all(
                fits(item, part, schemas) for item, part in zip(value, parts, strict=True)
            )
        case "array":
            return isinstance(value, list) and all(
                fits(item, schema["items"], schemas) for item in value
            )
        case "integer" | "number" as kind:
            return type(value) is int or (kind == "number" and type(value) is float)
        case "string":
            stamp = schema.get("format") == "date-time"
            return isinstance(value, str) and (not stamp or value.endswith("Z"))
        case simple:
            return isinstance(value, {"boolean": bool, "null": type(None)}[simple])


def answer_schema(operation, status, media_type="application/json"):
    return operation["responses"][str(status)]["content"][media_type]["schema"]


def test_every_answer_has_the_shape_that_is_described(gateway):
    description = gateway.get("/api/openapi.json")
    schemas = description["components"]["schemas"]
    gateway.hear("house", HISTORIQUE * 3)
    assert description["openapi"] == "3.1.0"
    checked = 0
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if "x-events" in operation or path == "/metrics":  # which are no JSON
                continue
            for name in {"house", "x"} if "{name}" in path else {""}:
                status, data, _ = gateway.request(method.upper(), path.replace("{name}", name))
                assert fits(data, answer_schema(operation, status), schemas), path
            checked += 1
    assert checked == 23


def tempo(tomorrow):
    labels = {"ADCO": "021861348497", "PTEC": "HPJB", "DEMAIN": tomorrow}
    return encode_frame([Group(*group) for group in labels.items()])


def test_every_event_has_the_shape_that_is_described(gateway, stream):
    description = gateway.get("/api/openapi.json")
    described = description["paths"]["/api/events"]["get"]["x-events"]
    another_meter = (CAPTURES / "synthetic-histo-ejp-mono.tic").read_bytes()  # its indexes fall
    overload = (CAPTURES / "synthetic-histo-adps-mono.tic").read_bytes()
    gateway.hear("house", HISTORIQUE * 3 + another_meter)
    gateway.hear("house", overload)
    gateway.hear("garage", tempo("----") * 3 + tempo("ROUG"))
    gateway.request("POST", "/api/meters/house/stop")
    missing = set(described)
    while missing:
        name, data = stream.event(*described)
        assert fits(data, described[name], description["components"]["schemas"]), name
        missing.discard(name)


def test_the_answers_shown_in_the_documentation_have_the_shapes_that_are_described(gateway):
    description = gateway.get("/api/openapi.json")
    text = HTTP_API.read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. code-block:: json\n\n((?:   .*\n)+)", text, re.MULTILINE)
    paths = (
        *("/api/status", "/api/meters", "/api/sensors", "/api/labels"),
        *("/api/history", "/api/energy", "/api/cost", "/api/events/log", "/api/ingest"),
        *("/api/boards", "/api/configuration", "/api/login"),
    )
    for path, example in zip(paths, shown, strict=True):
        operation = next(iter(description["paths"][path].values()))
        schema = answer_schema(operation, 200)
        assert fits(json.loads(example), schema, description["components"]["schemas"]), path


def test_the_checker_of_shapes_sees_what_does_not_fit(gateway):
    schemas = gateway.get("/api/openapi.json")["components"]["schemas"]
    meter = gateway.meter("house")
    assert fits(meter, schemas["MeterState"], schemas)
    for wrong in (
        meter | {"unknown": 1},
        meter | {"status": "running"},
        meter | {"frames": {"long": "1"}},
        {key: meter[key] for key in list(meter)[1:]},
    ):
        assert not fits(wrong, schemas["MeterState"], schemas)


def test_every_route_is_described_and_documented(gateway):
    routes = gateway.web._server.config.app._app.routes
    served = {
        (route.path_format, method.lower())
        for route in routes
        if isinstance(route, Route)
        for method in route.methods - {"HEAD"}
    }
    described = gateway.get("/api/openapi.json")["paths"]
    described = {(path, method) for path, methods in described.items() for method in methods}
    files = ("/", "/gallery.html", "/icon.png", "/widgets.js", "/assets/{name}")
    page = {(path, "get") for path in files}
    assert served == described | page
    documentation = HTTP_API.read_text(encoding="utf-8")
    for path, method in served:
        assert f"{method.upper()} {path.replace('{name}', 'NAME')}" in documentation
