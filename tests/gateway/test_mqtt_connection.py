"""The MQTT output and a broker that is away, refuses, stalls or is somebody else."""

import asyncio
import contextlib
import gc
import json
import logging
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from teleinfo_gateway.outputs.mqtt import broker as broker_module
from teleinfo_gateway.outputs.mqtt import connection as connection_module
from teleinfo_gateway.outputs.mqtt import output as output_module

from .broker import NAMED_HOST
from .mqtt_home import ADCO, ROOT, Home, frame

SECRET = "s:e c@r/et%"  # noqa: S105  # of nobody
STOP_S = 4.0  # about one, on a machine that is not busy; a stop that waits for somebody takes five


def sockets():
    """Those that are open now."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself
            found.add(str(each.readlink()))
    return {each for each in found if each.startswith("socket:")}


def is_dialling():
    """Whether a thread opens a connection."""
    return any(each.name.endswith("_dial") for each in threading.enumerate())


@pytest.fixture(autouse=True)
async def nothing_is_left(until, caplog):
    """No socket and no thread outlives a test; what was not closed warns when it is collected."""
    before = sockets()
    yield
    await until(lambda: not is_dialling())
    gc.collect()
    assert sockets() <= before
    assert "never retrieved" not in caplog.text
    assert "was destroyed" not in caplog.text


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Nobody wants to wait here."""
    monkeypatch.setattr(broker_module, "_FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(broker_module, "_LAST_RETRY_S", 0.2)
    monkeypatch.setattr(output_module, "_TICK_S", 0.05)


@pytest.fixture
def home(manager, line, until):
    return Home(manager, line, until)


class Server:
    """Where a broker should be: a port that is listened at, and nothing more."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"


@pytest.fixture
def silent():
    """A server that says nothing to whoever connects."""
    server = Server()
    yield server
    server.socket.close()


class Strait:
    """A way to a broker; while it is not ``open``, what the gateway says waits there.

    The broker gets all of it, and then the end, even if the gateway is gone.
    """

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self._ways = []

    async def start(self, port):
        self._port = port
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"

    async def stop(self):
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader, writer):
        self._ways.append(asyncio.create_task(self._join(reader, writer)))

    async def _join(self, reader, writer):
        answers, broker = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._answer(answers, writer))
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(4096):
                    await self.open.wait()
                    broker.write(data)
            broker.write_eof()
            await back
        finally:
            back.cancel()
            broker.close()
            writer.close()

    @staticmethod
    async def _answer(answers, writer):
        with contextlib.suppress(ConnectionError):
            while data := await answers.read(4096):
                if not writer.is_closing():
                    writer.write(data)


@pytest.fixture
async def strait():
    """The function that opens a way to a broker."""
    it = Strait()

    async def start(broker):
        await it.start(broker.port)
        return it

    yield start
    await it.stop()


@pytest.fixture
async def talker():
    """The function that starts a server which says something to whoever connects, and no more."""
    servers = []

    async def start(*words):
        left = list(words)

        async def serve(reader, writer):
            with contextlib.suppress(ConnectionError):
                await reader.read(1000)
                if left:
                    writer.write(left.pop(0))
                    await reader.read(1000)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return SimpleNamespace(url=f"mqtt://127.0.0.1:{port}", port=port)

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


# --- A broker that is away


async def test_a_broker_that_comes_later_is_told_the_present(home, mosquitto, ear, caplog):
    broker = await mosquitto()
    await broker.stop()
    await home.start(broker)
    text = await home.problem("nothing listens there", "is the broker running")
    assert f"127.0.0.1:{broker.port} cannot be reached" in text
    assert home.state()["connected"] is False
    await home.say(3)
    await home.say(PAPP="00530")
    await home.say(PAPP="00540")
    await broker.start()
    listener = await ear(broker, "#")
    await listener.until(lambda: listener.state.get(f"{ROOT}/PAPP"))
    assert [each.payload for each in listener.heard if each.topic == f"{ROOT}/PAPP"] == ["540"]
    await home.connected()
    assert home.state()["problem"] == ""
    assert caplog.text.count("nothing listens there") == 1


async def test_a_broker_that_forgets_everything_is_told_it_again_once(home, mosquitto, ear):
    broker = await mosquitto()
    listener = await ear(broker, "#")
    await home.start(broker)
    await home.connected()
    await home.say(5)
    await listener.until(lambda: '"HCHC"' in listener.state.get(f"{ROOT}/state", ""))
    known = dict(listener.state)
    await broker.stop()
    await broker.start()
    listener.heard.clear()
    listener.state.clear()
    await listener.connect()
    await listener.until(lambda: f"{ROOT}/state" in listener.state)
    await listener.publish("end", "")
    await listener.message("end")
    known.pop(f"{ROOT}/event", None)
    for state in known, listener.state:
        state[f"{ROOT}/state"] = json.loads(state[f"{ROOT}/state"]) | {"ts": "any"}
    assert listener.state == known
    topics = [each.topic for each in listener.heard]
    assert sorted(topics) == sorted(set(topics))
    assert home.state()["connections"] == 2


async def test_what_changes_meanwhile_is_told_as_it_is_then(home, mosquitto, ear, caplog):
    broker = await mosquitto()
    await home.start(broker)
    await home.connected()
    await home.say(5)
    await broker.stop()
    await home.problem("the connection to 127.0.0.1 was lost", "closed at the other end")
    for papp in ("00530", "00540", "00550"):
        await home.say(PAPP=papp, ADPS="031")
    await home.say(PAPP="00550")
    assert home.state()["waiting"] == 0
    await broker.start()
    listener = await ear(broker, "#")
    await listener.until(lambda: listener.state.get(f"{ROOT}/state"))
    await home.say(2, PAPP="00550")
    await listener.until(lambda: listener.state.get(f"{ROOT}/ADPS") == "0")
    told = [each.payload for each in listener.heard if each.topic == f"{ROOT}/PAPP"]
    assert set(told) == {"550"}
    assert listener.state[f"{ROOT}/overload"] == "OFF"
    assert not [each for each in listener.heard if each.topic.endswith("/event")]
    assert home.state()["lost"] >= 2  # the events of the overload
    assert "MQTT: connected to " not in caplog.text  # which is no warning


async def test_a_connection_that_is_lost_again_and_again_is_tried_less_often(
    home, talker, monkeypatch, until
):
    waits = []
    sleep = asyncio.sleep

    async def nap(seconds, *more):
        if seconds > 0.06:
            waits.append(seconds)
        await sleep(min(seconds, 0.01), *more)

    monkeypatch.setattr(broker_module, "_LAST_RETRY_S", 60.0)
    monkeypatch.setattr(broker_module, "_FIRST_RETRY_S", 1.0)
    server = await talker()
    monkeypatch.setattr(broker_module.asyncio, "sleep", nap)
    await home.start(server)
    await until(lambda: len(waits) >= 8)
    monkeypatch.undo()
    for number, seconds in enumerate(waits[:8]):
        assert 0.5 * min(2**number, 60) <= seconds <= min(2**number, 60)


async def test_an_event_does_not_wait_until_the_broker_has_confirmed_a_value(home, mosquitto):
    output = await home.start(await mosquitto())
    await home.connected()
    line = output._broker._connection._client.socket()
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_broker_that_is_away_again_and_again_is_no_sign_of_a_second_program(
    home, mosquitto, caplog
):
    broker = await mosquitto()
    await home.start(broker)
    for times in (1, 2, 3, 4):
        await home.connected(times)
        await broker.stop()
        await home.problem("nothing listens there")
        await broker.start()
    await home.connected(5)
    assert caplog.text.count("was lost: it was closed at the other end") >= 3
    assert "again and again" not in caplog.text


@pytest.mark.parametrize("method", ["open", "close"])
async def test_a_fault_of_ours_with_a_connection_is_told_and_costs_time_only(
    home, mosquitto, monkeypatch, caplog, until, method
):
    broker = await mosquitto()
    was, faults = getattr(connection_module.Connection, method), []

    async def fail(connection, *about):
        await was(connection, *about)
        faults.append(method)
        raise ArithmeticError("a fault of ours")

    with monkeypatch.context() as spoilt:
        spoilt.setattr(connection_module.Connection, method, fail)
        await home.start(broker)
        if method == "close":
            await home.connected()
            await broker.stop()
        await home.problem("a fault of this program", "a fault of ours")
        await until(lambda: len(faults) >= 3)
    await broker.start()
    await home.connected()
    assert home.state()["problem"] == ""
    assert caplog.text.count("Traceback") == caplog.text.count("a fault of this program") >= 1
    await home.say(3)
    assert home.state()["sent"]


# --- Who is let in


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
@pytest.mark.parametrize(
    ("who", "words"),
    [
        ({}, "us without a user name"),
        ({"username": "meter"}, "the user 'meter'"),
        ({"username": "meter", "password": SECRET + "!"}, "the user 'meter'"),
        ({"username": "nobody", "password": SECRET}, "the user 'nobody'"),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_do(home, mosquitto, caplog, protocol, who, words):
    broker = await mosquitto(users={"meter": SECRET})
    await home.start(broker, protocol=protocol, **who)
    text = await home.problem("does not let", words, "set mqtt.username and mqtt.password")
    assert f"127.0.0.1:{broker.port} does not let" in text
    assert text in caplog.text
    everything = caplog.text + repr(home.state()) + repr(home.manager.config) + repr(home.output)
    assert SECRET not in everything


async def test_a_password_is_read_anew_for_each_try(home, mosquitto, ear, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "password"
    broker = await mosquitto(users={"meter": SECRET})
    await home.start(broker, username="meter", password=f"file:{file}")
    await home.problem(f"the secret in {file} cannot be read: No such file")
    file.write_text(SECRET + "wrong\n")
    await home.problem("does not let the user 'meter' in")
    file.write_text(f"{SECRET}\n")
    await home.connected()
    await home.say(4)
    listener = await ear(broker, "#")
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))
    assert home.state()["problem"] == ""
    assert SECRET not in caplog.text
    assert SECRET not in repr(vars(home.output))
    assert SECRET not in repr(home.state())


async def test_what_the_broker_does_not_allow_harms_nothing_else(home, mosquitto, ear):
    acl = f"user listener\ntopic readwrite #\nuser meter\ntopic write {ROOT}/PAPP\n"
    broker = await mosquitto(users={"listener": "x", "meter": SECRET}, acl=acl)
    listener = await ear(broker, "#")
    await home.start(broker, username="meter", password=SECRET)
    await home.say(4)
    assert (await listener.message()).topic == f"{ROOT}/PAPP"
    await home.say(4, PAPP="00530")
    await listener.until(lambda: listener.state[f"{ROOT}/PAPP"] == "530")
    assert listener.state.keys() == {f"{ROOT}/PAPP"}


# --- TLS


def content(path):
    return Path(path).read_bytes()


async def test_tls_with_an_authority_of_its_own(home, mosquitto, ear, pki):
    broker = await mosquitto(tls=pki)
    await home.start(broker, tls={"ca": pki.ca.certificate})
    await home.say(4)
    listener = await ear(broker, "#")
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))
    await home.manager.stop()
    await listener.until(lambda: listener.state["teleinfo/status"] == "offline")


async def test_tls_with_a_certificate_of_the_client(home, mosquitto, ear, pki):
    broker = await mosquitto(tls=pki, client_certificates=True)
    tls = {"ca": pki.ca.certificate, "certificate": pki.client.certificate, "key": pki.client.key}
    await home.start(broker, tls=tls)
    await home.say(4)
    listener = await ear(broker, "#")
    await listener.until(lambda: listener.state.get(f"{ROOT}/HCHC"))


async def test_much_that_was_kept_comes_by_tls_without_a_pause(home, mosquitto, ear, pki, until):
    broker = await mosquitto(tls=pki)
    listener = await ear(broker, "teleinfo/status")
    for number in range(200):
        state = f'{{"meter": "x", "ts": "2026", "of": "{"another gateway " * 50}"}}'
        listener._client.publish(f"teleinfo/{number}/state", state, retain=True)
    await listener.publish("teleinfo/last/announced", "[]", retain=True)
    await home.start(broker, tls={"ca": pki.ca.certificate})
    await until(lambda: len(home.output._memory._kept) == 201)


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_certificate_that_is_missing_or_not_trusted(home, mosquitto, pki, foreign):
    broker = await mosquitto(tls=pki, client_certificates=True)
    tls = {"ca": pki.ca.certificate}
    if foreign:
        own = pki.foreign_client
        tls |= {"certificate": own.certificate, "key": own.key}
    await home.start(broker, tls=tls)
    await home.problem("does it want mqtt.tls.certificate?")
    assert home.state()["connected"] is False


async def test_a_broker_by_another_name_is_asked_for_by_that(home, stalled_broker, pki):
    broker = await stalled_broker(tls=pki)
    await home.start(broker, tls={"ca": pki.ca.certificate, "server_name": NAMED_HOST})
    await home.connected()
    assert broker.server_names == [NAMED_HOST]


async def test_a_broker_by_another_name_is_verified_by_that(home, mosquitto, ear, pki):
    broker = await mosquitto(tls=pki, host=NAMED_HOST)
    await home.start(broker, tls={"ca": pki.ca.certificate, "server_name": NAMED_HOST})
    await home.connected()


@pytest.mark.parametrize(
    ("host", "tls", "words"),
    [
        ("127.0.0.1", {"ca": "foreign_ca"}, "self-signed"),
        ("127.0.0.1", None, "self-signed"),
        (NAMED_HOST, {"ca": "ca"}, "IP address mismatch"),
        ("127.0.0.1", {"ca": "ca", "server_name": "other.test"}, "Hostname mismatch"),
    ],
)
async def test_a_broker_that_is_not_the_one_is_not_spoken_to(
    home, mosquitto, pki, host, tls, words
):
    broker = await mosquitto(tls=pki, host=host)
    if tls is not None:
        tls = tls | {"ca": getattr(pki, tls["ca"]).certificate}
    await home.start(broker, tls=tls)
    await home.problem("shows a certificate that is not trusted", words, "mqtt.tls.ca names")
    assert "teleinfo-" not in broker.log


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("nonsense", "holds no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged"),
    ],
)
async def test_an_authority_that_cannot_be_read(home, mosquitto, pki, tmp_path, text, words):
    broker = await mosquitto(tls=pki)
    file = tmp_path / "ca.crt"
    if text is not None:
        file.write_text(text)
    await home.start(broker, tls={"ca": str(file)})
    await home.problem("mqtt.tls.ca: ", str(file), words)
    file.write_bytes(content(pki.ca.certificate))
    await home.connected()


async def test_a_key_that_cannot_be_used(home, mosquitto, pki, tmp_path):
    broker = await mosquitto(tls=pki)
    key = tmp_path / "client.key"
    tls = {"ca": pki.ca.certificate, "certificate": pki.client.certificate, "key": str(key)}
    await home.start(broker, tls=tls)
    await home.problem(f"mqtt.tls.key: {key} cannot be read")
    key.write_bytes(content(pki.foreign_client.key))
    await home.problem("is not that of the certificate", "name the two that were made together")
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    await home.problem("has a passphrase", "openssl pkey -in")
    key.write_bytes(content(pki.client.key))
    await home.connected()


async def test_a_port_of_the_other_kind(home, mosquitto, pki):
    encrypted = await mosquitto(tls=pki)
    await home.start(encrypted, url=f"mqtt://127.0.0.1:{encrypted.port}")
    await home.problem("closed the connection at once", "is this its port without TLS?")


async def test_a_port_without_tls(home, mosquitto):
    plain = await mosquitto()
    await home.start(plain, url=f"mqtts://127.0.0.1:{plain.port}")
    await home.problem(f"127.0.0.1:{plain.port} cannot be ")


# --- Versions of MQTT


@pytest.mark.parametrize("code", [0x84, 1, None])
async def test_a_broker_that_knows_only_the_old_version(home, stalled_broker, code):
    broker = await stalled_broker(refusals={5: code})
    await home.start(broker)
    assert await broker.level() == 5
    assert await broker.level() == 4
    await home.connected()
    assert home.state()["protocol"] == "3.1.1"


@pytest.mark.parametrize(
    ("protocol", "refusals", "words"),
    [(5, {5: 0x84}, "set mqtt.protocol to auto"), ("3.1.1", {4: 1}, "is it a broker")],
)
async def test_a_version_that_was_chosen_is_kept(home, stalled_broker, protocol, refusals, words):
    broker = await stalled_broker(refusals=refusals)
    await home.start(broker, protocol=protocol)
    levels = {await broker.level() for _ in range(3)}
    assert len(levels) == 1
    await home.problem(words)


async def test_another_refusal_is_told_by_its_name(home, stalled_broker):
    broker = await stalled_broker(refusals={5: 0x88})
    await home.start(broker)
    await home.problem("refuses the connection: Server unavailable")


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\x03\0\xff\0",  # a reason that does not exist
        b"\x20\x02\0",  # and no more
        b"\x20\x03\0\0\xff",  # properties that are not there
        b"\x20\x03\0\0\0\x30\xff\xff\xff\x7f",  # a message of 256 MB begins
        b"\x20\x03\0\0\0\x30\x02\0\x09",  # a topic longer than its message
        b"\x20\x03\0\0\0\x30\x05\0\2\xff\xfe\0",  # a topic that is no text
        b"\xff" * 100,
    ],
)
async def test_what_is_no_broker_does_no_harm(home, talker, words, monkeypatch, caplog):
    monkeypatch.setattr(connection_module, "_CONNECT_S", 0.5)
    server = await talker(words, words)
    await home.start(server)
    await home.problem("127.0.0.1")
    await home.say(3)
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S
    assert "Traceback" not in caplog.text


async def test_two_programs_with_one_name_are_told_of_each_other(home, mosquitto):
    """This broker does not say it, but throws out one for the other without an end."""
    broker = await mosquitto()
    await home.start(broker, client_id="gateway")
    await home.connected()
    other = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-i", "gateway", "-t", "x"]
    process = await asyncio.create_subprocess_exec(*other)
    try:
        await home.problem("maybe another program calls itself 'gateway'", "mqtt.client_id")
    finally:
        process.kill()
        await process.wait()


async def test_a_broker_may_say_that_another_has_the_same_name(home, talker, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(broker_module, "_LAST_RETRY_S", 0.05)
    server = await talker(*[b"\x20\x03\0\0\0\xe0\x01\x8e"] * 100)
    await home.start(server, client_id="gateway", protocol=5)
    await home.problem("was lost: another program calls itself 'gateway'", "mqtt.client_id")
    await home._until(lambda: home.state()["connections"] >= 20)
    assert len([each for each in caplog.records if "MQTT" in each.message]) <= 10


async def test_a_name_that_nobody_has(home):
    await home.start(SimpleNamespace(url="mqtt://no..name:1883"))
    await home.problem("no..name:1883 cannot be reached: no machine has this name", "mqtt.url")


# --- A broker that stalls


async def filled(home, broker):
    """Speak until the buffers of the network are full, so that messages wait in the gateway."""
    async with asyncio.timeout(20):
        await broker.stalled.wait()
        number = 0
        while not home.state()["waiting"]:
            for _ in range(20):
                number += 1
                await home.line.send(frame(PAPP=f"{number % 3000:05}", IINST=f"{number % 30:03}"))
            await home.settled()
            await asyncio.sleep(0.01)  # what can be written is written


async def test_a_stalled_broker_slows_nothing_and_takes_little(home, stalled_broker, until):
    broker = await stalled_broker()
    await home.start(broker, formats={"jeedom": True})
    await home.connected()
    await home.say(3)
    await filled(home, broker)
    readings = home.meter.statistics.frames.total()
    began_s = time.monotonic()
    for number in range(300):
        await home.line.send(frame(PAPP=f"{500 + number:05}", IINST=f"{number % 30:03}"))
    await until(lambda: home.meter.statistics.frames.total() >= readings + 300)
    assert time.monotonic() - began_s < 15  # half a second; who waits for the broker waits 30
    await home.settled()
    await home.say(2, ADPS="031")
    connection = home.output._broker._connection
    waiting = list(connection.outbox._waiting.values())
    assert home.state()["waiting"] == len(waiting) < 60
    topics = [each.topic for each in waiting if each.retain]
    assert len(topics) == len(set(topics))
    on_their_way = [each.payload.decode() for each in connection._client._out_messages.values()]
    told = [each.payload for each in waiting if each.topic == f"{ROOT}/event"] + on_their_way
    assert any('"overload"' in each for each in told)
    assert home.state()["lost"] == 0
    assert home.state()["connected"]
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S


async def test_events_for_a_stalled_broker_are_counted_when_they_are_lost(home, stalled_broker):
    broker = await stalled_broker()
    await home.start(broker)
    await home.connected()
    await home.say(5)
    await filled(home, broker)
    for number in range(1300):
        await home.line.send(frame(ADPS="031" if number % 2 else None))
    await home.say()
    state = home.state()
    assert 1000 < state["waiting"] < 1060
    assert state["lost"] > 100
    await broker.stop()
    await home.problem("cannot be reached")
    assert home.state()["lost"] > 1100


async def test_a_broker_that_says_nothing_any_more_is_left(home, stalled_broker, monkeypatch):
    monkeypatch.setattr(connection_module, "_KEEPALIVE_S", 1)
    monkeypatch.setattr(connection_module, "_BEAT_S", 0.05)
    broker = await stalled_broker()
    await home.start(broker)
    await home.connected()
    await home.problem("does not answer any more")


@pytest.mark.parametrize("at_a_time", [1, 7])
async def test_a_broker_has_no_more_to_confirm_than_it_wants(
    home, hesitant_broker, until, at_a_time
):
    """MQTT 5.0, section 4.9."""
    broker = await hesitant_broker(at_a_time)
    await home.start(broker, protocol=5)
    await home.connected()
    await home.say(3)
    for number in range(30):
        await home.line.send(frame(ADPS="031" if number % 2 else None))
    await home.say()
    await until(lambda: len(broker.taken) == at_a_time)
    assert home.state()["waiting"] > 30 - at_a_time
    broker.confirm()
    await until(lambda: sum('"overload"' in each for each in broker.taken) == 30)
    await until(lambda: not home.state()["waiting"])
    assert broker.most == at_a_time
    assert home.state()["lost"] == 0


async def test_what_a_broker_has_not_confirmed_is_lost(home, hesitant_broker, until):
    broker = await hesitant_broker(100)
    await home.start(broker, protocol=5)
    await home.connected()
    await home.say(3)
    for number in range(8):
        await home.line.send(frame(ADPS="031" if number % 2 else None))
    await home.say()
    await until(lambda: sum('"overload"' in each for each in broker.taken) == 8)
    assert home.state()["lost"] == 0
    await broker.stop()
    await home.problem("nothing listens there")
    assert home.state()["lost"] >= 8


# --- The end, whatever happens at that moment


async def test_a_stop_while_nobody_answers(home, silent):
    await home.start(silent)
    accepted, _ = await asyncio.to_thread(silent.socket.accept)
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S
    accepted.close()


async def test_a_stop_while_tls_is_shaken_hands_about(home, silent, pki, until):
    await home.start(silent, url=f"mqtts://127.0.0.1:{silent.port}", tls={"ca": pki.ca.certificate})
    accepted, _ = await asyncio.to_thread(silent.socket.accept)
    await until(is_dialling)
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S
    accepted.close()


@pytest.fixture
def slow(monkeypatch):
    """Holds up whoever opens a TCP connection: ``dialled`` is set then, until ``go`` is set."""
    create, it = socket.create_connection, SimpleNamespace()
    it.dialled, it.go = threading.Event(), threading.Event()

    def wait(*arguments, **settings):
        line = create(*arguments, **settings)
        it.dialled.set()
        it.go.wait(10)
        return line

    monkeypatch.setattr(socket, "create_connection", wait)
    yield it
    it.go.set()


async def test_whoever_is_stopped_while_dialling_says_nothing_to_the_broker(
    home, mosquitto, slow, until
):
    broker = await mosquitto()
    await home.start(broker)
    assert await asyncio.to_thread(slow.dialled.wait, 10)
    await home.manager.stop()
    slow.go.set()
    await until(lambda: not is_dialling())
    assert "New client connected" not in broker.log


async def test_whoever_is_stopped_a_moment_later_takes_leave_without_a_will(
    home, mosquitto, ear, slow, until, monkeypatch
):
    monkeypatch.setattr(connection_module.Connection, "_on_socket_open", lambda *_: None)
    broker = await mosquitto()
    slow.go.set()
    listener = await ear(broker, "#")
    slow.go.clear()
    slow.dialled.clear()
    await home.start(broker)
    assert await asyncio.to_thread(slow.dialled.wait, 10)
    await home.manager.stop()
    slow.go.set()
    await until(lambda: "Received DISCONNECT" in broker.log)
    await listener.publish("end", "")
    await listener.message("end")
    assert [each.topic for each in listener.heard] == ["end"]


async def test_the_will_speaks_for_a_farewell_that_cannot_be_sent(home, mosquitto, ear, strait):
    broker = await mosquitto()
    listener = await ear(broker, "#")
    way = await strait(broker)
    await home.start(way)
    await home.connected()
    await home.say(3)
    await listener.until(lambda: listener.state.get(f"{ROOT}/availability") == "online")
    way.open.clear()
    number = 0
    while home.state()["waiting"] < 10:
        number += 1
        await home.say(ADPS="031" if number % 2 else None)
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S
    assert listener.state["teleinfo/status"] == "online"
    way.open.set()
    await listener.until(lambda: listener.state["teleinfo/status"] == "offline")
    assert listener.heard[-1] == ("teleinfo/status", "offline", 1, True)
    assert listener.state[f"{ROOT}/availability"] == "online"  # which was said for both
    assert "Received DISCONNECT from teleinfo-" not in broker.log
    assert home.state()["lost"]


async def test_a_stop_while_the_broker_is_away(home, mosquitto):
    broker = await mosquitto()
    await broker.stop()
    await home.start(broker)
    await home.problem("nothing listens there")
    began_s = time.monotonic()
    await home.manager.stop()
    assert time.monotonic() - began_s < STOP_S
    await home.output.stop()  # again, which does nothing


async def test_a_stop_tells_what_still_waits(home, mosquitto, ear, monkeypatch):
    monkeypatch.setattr(broker_module, "_FAREWELL_S", 10.0)  # as others may use this machine, too
    broker = await mosquitto()
    listener = await ear(broker, "#")
    await home.start(broker)
    await home.connected()
    await home.say(3)
    for number in range(20):
        await home.line.send(frame(ADPS="031" if number % 2 else None))
    await home.say()
    await home.manager.stop()
    await listener.until(lambda: listener.state["teleinfo/status"] == "offline")
    assert listener.heard[-1].topic == "teleinfo/status"
    told = [each.payload for each in listener.heard if each.topic == f"{ROOT}/event"]
    assert sum('"overload"' in each for each in told) == 20
    assert home.state()["lost"] == 0
    assert ADCO in listener.state[f"{ROOT}/ADCO"]
