"""MQTT brokers of the tests' own: Debian's mosquitto, some that stall or refuse, and a subscriber.

Each listens at a free port of 127.0.0.1 only and keeps what it has in a temporary folder. No
service of the system is touched. ``conftest.py`` passes these fixtures on to the tests.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5, topic_matches_sub
from paho.mqtt.subscribeoptions import SubscribeOptions

from ..free_ports import free_port
from .databases import ENVIRONMENT, LIMIT_S

NAMED_HOST = "broker.test"
"""A name that nothing resolves: only a client that is told to expect it can verify it."""


@dataclass(frozen=True)
class Identity:
    """A certificate and its key: names of PEM files."""

    certificate: str
    key: str


class Pki:
    """An authority of the tests' own, and a foreign one, with what they have signed.

    ``servers`` has an identity for each host: one is valid for the address only, one for the name.
    """

    SETTINGS = """
        [req]
        distinguished_name = subject
        [subject]
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign, cRLSign
        subjectKeyIdentifier = hash
        [server]
        subjectAltName = {host}
        extendedKeyUsage = serverAuth
        authorityKeyIdentifier = keyid
        [client]
        extendedKeyUsage = clientAuth
        authorityKeyIdentifier = keyid
    """

    def __init__(self, folder):
        self._folder = folder
        self.ca = self._make("ca", "authority")
        self.foreign_ca = self._make("foreign-ca", "authority")
        self.servers = {
            "127.0.0.1": self._make("address", "server", self.ca, host="IP:127.0.0.1"),
            NAMED_HOST: self._make("name", "server", self.ca, host=f"DNS:{NAMED_HOST}"),
        }
        self.client = self._make("client", "client", self.ca)
        self.foreign_client = self._make("foreign-client", "client", self.foreign_ca)

    def _make(self, name, section, signer=None, host="DNS:none"):
        made = Identity(str(self._folder / f"{name}.crt"), str(self._folder / f"{name}.key"))
        signed = ["-CA", signer.certificate, "-CAkey", signer.key] if signer else []
        subprocess.run(
            ["openssl", "req", "-config", "/dev/stdin", "-extensions", section, "-x509", *signed,
             "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-out", made.certificate, "-keyout", made.key],
            input=self.SETTINGS.format(host=host).encode(),
            check=True, capture_output=True, timeout=LIMIT_S,
        )  # fmt: skip
        return made


class Mosquitto:
    """A broker that forgets everything when it stops; a test may stop and start it.

    ``users`` are passwords by name: with them, nobody else is let in. ``tls`` is the ``Pki``, and
    ``host`` whose certificate the broker then shows. ``acl`` is the text of its ACL file,
    ``settings`` are further lines of its configuration.
    """

    PROGRAM = Path("/usr/sbin/mosquitto")

    def __init__(
        self,
        folder,
        *,
        users=None,
        tls=None,
        host="127.0.0.1",
        client_certificates=False,
        acl="",
        settings="",
    ):
        self.users = users or {}
        self.tls = tls
        self.client_certificates = client_certificates
        self.port = free_port()
        self.url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{self.port}"
        self._process = None
        self._log = folder / "log"
        self._configuration = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            *(["user root"] if os.geteuid() == 0 else []),  # or it may not read the files
            "persistence false",
            "log_dest stderr",
            "log_type all",
            # What a test listens to is complete. With 0, no limit, 2.0.11 throws out whoever
            # publishes what the ACL denies.
            "max_queued_messages 100000",
            f"allow_anonymous {'false' if users else 'true'}",
            *self._password_lines(folder / "passwords"),
        ]
        if tls:
            lines += [
                f"cafile {tls.ca.certificate}",
                f"certfile {tls.servers[host].certificate}",
                f"keyfile {tls.servers[host].key}",
                f"require_certificate {'true' if client_certificates else 'false'}",
            ]
        if acl:
            (folder / "acl").write_text(acl)
            lines.append(f"acl_file {folder / 'acl'}")
        self._configuration.write_text("\n".join([*lines, settings, ""]))

    def _password_lines(self, path):
        if not self.users:
            return []
        path.touch(0o600)
        for name, password in self.users.items():
            command = ["mosquitto_passwd", "-b", path, name, password]
            subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
        return [f"password_file {path}"]

    @property
    def log(self):
        """All that it has logged since its first start."""
        return self._log.read_text(errors="replace")

    async def start(self):
        """Start it unless it runs; it accepts connections then."""
        if self._process is not None:
            return
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
            self._log.open("ab") as log,
        ):
            notices.setblocking(False)
            notices.bind("")  # Linux finds a name, which needs no file
            self._process = await asyncio.create_subprocess_exec(
                *(self.PROGRAM, "-c", self._configuration),
                env={**ENVIRONMENT, "NOTIFY_SOCKET": "@" + notices.getsockname()[1:].decode()},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            await self._ready(notices)

    async def _ready(self, notices):
        """Debian's broker tells when it is ready in the way of systemd, sd_notify(3)."""
        ready = asyncio.create_task(asyncio.get_running_loop().sock_recv(notices, 4096))
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and b"READY=1" in ready.result():
                return
        finally:
            for task in ready, ended:
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)
        await self.stop()
        raise AssertionError(f"mosquitto did not start:\n{self.log[-4000:]}")

    async def stop(self):
        """Stop it if it runs; the connections of its clients are cut."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # 2.0.11 misses a SIGTERM just after its start, and has nothing to save
        await process.wait()


async def end(client):
    """End the connection of a client of paho-mqtt and its thread, if it has them."""
    thread = client._thread  # loop_stop() fails when the thread ends at that very moment
    client.disconnect()
    if thread is not None:
        await asyncio.to_thread(thread.join, LIMIT_S)
    client._reset_sockets()  # it leaves those to the garbage collector, which warns


class Heard(NamedTuple):
    topic: str
    payload: str
    qos: int  # that of the publisher
    retain: bool  # whether the publisher wanted it to be retained


class Ear:
    """A subscriber by MQTT 5, which knows how to get in: as the first of the broker's users.

    It ends with its broker: after a restart, ``connect`` lets it hear again.
    ``heard`` has all that it heard, in order; ``state`` has the last payload of each topic, until
    an empty one removes it.
    """

    _numbers = itertools.count(1)

    def __init__(self, broker, *filters):
        self._port = broker.port
        self._filters = filters
        self.heard = []
        self.state = {}
        self._untold = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._subscribed = None
        self._client = self._make_client(broker)

    def _make_client(self, broker):
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"ear-{next(self._numbers)}",
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        for name, password in list(broker.users.items())[:1]:
            client.username_pw_set(name, password)
        if broker.tls:
            context = ssl.create_default_context(cafile=broker.tls.ca.certificate)
            context.check_hostname = False  # the broker's certificate is for the gateway to doubt
            if broker.client_certificates:
                own = broker.tls.client
                context.load_cert_chain(own.certificate, own.key)
            client.tls_set_context(context)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._in_loop(self._settle)
        client.on_disconnect = lambda *about: self._in_loop(self._settle, about[3])
        client.on_message = lambda _client, _data, message: self._in_loop(self._hear, message)
        return client

    def _in_loop(self, function, *arguments):
        """The client calls from its own thread."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def _on_connect(self, client, _data, _flags, reason, _properties):
        if reason.is_failure:
            self._in_loop(self._settle, reason)
            return
        options = SubscribeOptions(qos=2, retainAsPublished=True)
        client.subscribe([(each, options) for each in self._filters])

    def _settle(self, refusal=None):
        if self._subscribed.done():
            return
        if refusal is None:
            self._subscribed.set_result(None)
        else:
            self._subscribed.set_exception(ConnectionError(f"refused: {refusal}"))

    def _hear(self, message):
        payload = message.payload.decode(errors="backslashreplace")
        heard = Heard(message.topic, payload, message.qos, bool(message.retain))
        self.heard.append(heard)
        self._untold.append(heard)
        if payload:
            self.state[heard.topic] = payload
        else:
            self.state.pop(heard.topic, None)
        self._news.set()

    async def connect(self):
        """Connect and subscribe; ``ConnectionError`` when the broker does not want that."""
        await self.close()
        self._subscribed = self._loop.create_future()
        async with asyncio.timeout(LIMIT_S):
            await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
            self._client.loop_start()
            await self._subscribed

    async def until(self, holds):
        """Wait until something holds, looked at after each message; gives what made it true."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not (held := holds()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not among what was heard: {self.heard[-50:]}") from None
        return held

    async def message(self, topics="#"):
        """The first message of a topic filter that was not given yet; others remain for later."""

        def first():
            fits = (each for each in self._untold if topic_matches_sub(topics, each.topic))
            return next(fits, None)

        heard = await self.until(first)
        self._untold.remove(heard)
        return heard

    async def publish(self, topic, payload, *, qos=1, retain=False):
        """Publish, until the broker has confirmed it."""
        told = self._client.publish(topic, payload, qos=qos, retain=retain)
        await asyncio.to_thread(told.wait_for_publish, LIMIT_S)
        assert told.is_published(), f"the broker has not confirmed {topic}"

    async def close(self):
        """Stop to listen; harmless when it does not."""
        await end(self._client)


class StalledBroker:
    """A broker that answers CONNECT and the first SUBSCRIBE, and then reads nothing more.

    A client that does not subscribe finds it stalled at its first PUBLISH. ``refusals`` are codes
    by protocol level (5, or 4 for MQTT 3.1.1): such a client gets the code as its CONNACK and is
    thrown out. A code below 0x80, one of MQTT 3.1.1, has the form of MQTT 3.1.1 for everybody, as
    old brokers have it; with None the connection ends without an answer.

    ``properties`` are those of its CONNACK to a client of MQTT 5.

    ``stalled`` is set when it has stopped to read. With ``tls``, the ``Pki``, it shows the
    certificate of ``NAMED_HOST``; ``server_names`` has what clients asked for (SNI).
    """

    BUFFER = 1024  # bytes
    SOCKET = (
        (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER),
        (socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536),  # the client's own buffer goes by that
    )
    """What lets a client notice soon that nobody reads."""

    def __init__(self, *, refusals=None, tls=None, properties=b""):
        self.port = free_port()
        self.url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{self.port}"
        self.stalled = asyncio.Event()
        self.server_names = []
        self._refusals = refusals or {}
        self._properties = bytes([len(properties)]) + properties
        self._levels = asyncio.Queue()
        self._clients = []
        self._tls = tls and self._context(tls.servers[NAMED_HOST])

    def _context(self, identity):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(identity.certificate, identity.key)
        context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        return context

    async def start(self):
        listening = socket.socket()
        for level, option, value in self.SOCKET:
            listening.setsockopt(level, option, value)  # its connections inherit them
        listening.bind(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(
            self._accept, sock=listening, ssl=self._tls, limit=self.BUFFER
        )

    async def stop(self):
        self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await self._server.wait_closed()

    async def level(self):
        """The protocol level of the next client that connects: 5, or 4 for MQTT 3.1.1."""
        async with asyncio.timeout(LIMIT_S):
            return await self._levels.get()

    def _accept(self, reader, writer):
        self._clients.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader, writer):
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader, writer):
        """MQTT 5.0 and 3.1.1, sections 3.1, 3.2, 3.8 and 3.9."""
        _, connect = await self._packet(reader)
        level = connect[6]  # after the length and the name "MQTT"
        self._levels.put_nowait(level)
        code = self._refusals.get(level, 0)
        if code is None:
            return
        properties = self._properties if level == 5 and not 0 < code < 0x80 else b""
        writer.write(bytes([0x20, 2 + len(properties), 0, code]) + properties)
        await writer.drain()
        if code:
            return
        kind, packet = await self._packet(reader)
        if kind == 0x82:
            none = properties and b"\0"
            writer.write(bytes([0x90, 3 + len(none)]) + packet[:2] + none + b"\0")
        self.stalled.set()
        await self._go_on(reader, writer)

    async def _go_on(self, reader, writer):
        await asyncio.Event().wait()

    @staticmethod
    async def _packet(reader):
        """Kind with its flags, and content, of the next packet (section 2.1)."""
        kind = (await reader.readexactly(1))[0]
        size = shift = 0
        more = True
        while more:
            byte = (await reader.readexactly(1))[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            more = byte & 0x80
        return kind, await reader.readexactly(size)


class HesitantBroker(StalledBroker):
    """A broker of MQTT 5 that wants few messages at a time, and confirms none before ``confirm``.

    ``taken`` has the payloads of QoS 1, ``most`` is how many of them it had to confirm at once.
    """

    def __init__(self, at_a_time):
        super().__init__(properties=b"\x21" + at_a_time.to_bytes(2, "big"))  # Receive Maximum
        self.taken = []
        self.most = 0
        self._unconfirmed = []
        self._writer = None
        self._is_willing = False

    def confirm(self):
        """Confirm what was taken, and from now on everything at once."""
        self._is_willing = True
        for identifier in self._unconfirmed:
            self._writer.write(b"\x40\2" + identifier)
        self._unconfirmed.clear()

    async def _go_on(self, reader, writer):
        """Section 3.3: a topic, an identifier with QoS 1 only, properties, and the payload."""
        self._writer = writer
        while True:
            kind, packet = await self._packet(reader)
            if kind & 0xF6 != 0x32:
                continue
            after = 2 + int.from_bytes(packet[:2], "big")
            self._unconfirmed.append(packet[after : after + 2])
            self.taken.append(packet[after + 3 :].decode())  # there are no properties
            self.most = max(self.most, len(self._unconfirmed))
            if self._is_willing:
                self.confirm()


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """The certificates of brokers and their clients."""
    if shutil.which("openssl") is None:
        pytest.skip("needs Debian package openssl")
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
async def mosquitto(tmp_path_factory):
    """The function that starts a broker of the test's own, with the options of ``Mosquitto``."""
    if not Mosquitto.PROGRAM.exists():
        pytest.skip("needs Debian package mosquitto")
    async with contextlib.AsyncExitStack() as started:

        async def start(**options):
            broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), **options)
            started.push_async_callback(broker.stop)
            await broker.start()
            return broker

        yield start


@pytest.fixture
async def stalled_broker():
    """The function that starts a broker that stalls, with the options of ``StalledBroker``."""
    async with contextlib.AsyncExitStack() as started:

        async def start(**options):
            broker = StalledBroker(**options)
            await broker.start()
            started.push_async_callback(broker.stop)
            return broker

        yield start


@pytest.fixture
async def hesitant_broker():
    """The function that starts a broker which wants so many messages at a time."""
    async with contextlib.AsyncExitStack() as started:

        async def start(at_a_time):
            broker = HesitantBroker(at_a_time)
            await broker.start()
            started.push_async_callback(broker.stop)
            return broker

        yield start


@pytest.fixture
async def ear():
    """The function that subscribes to topic filters of a broker; gives the ``Ear``."""
    async with contextlib.AsyncExitStack() as listening:

        async def listen(broker, *filters):
            listener = Ear(broker, *filters)
            listening.push_async_callback(listener.close)
            await listener.connect()
            return listener

        yield listen
