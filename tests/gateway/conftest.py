"""Real parts for the gateway's tests: a meter's wire (a pty), xPL listeners, programs."""

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import sys
import tty
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import Config, DeviceConfig, XplConfig
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.readings import Reading
from tic import FrameKind, Mode
from xpl import Message

from .. import free_ports
from .broker import (  # noqa: F401  # as those below
    ear,
    hesitant_broker,
    mosquitto,
    pki,
    stalled_broker,
)
from .databases import (  # noqa: F401  # fixtures for every test of this folder
    database_server,
    database_url,
    mariadb,
    postgresql,
)
from .durable_outputs import (  # noqa: F401  # likewise
    configured,
    faults_of,
    forwarded,
    gateway_with,
    impatient,
)
from .http_outputs import (  # noqa: F401  # likewise
    http_server,
    quick,
    running,
    to_domoticz,
    to_jeedom,
)
from .influx_servers import common_influxd, influxd, victoria  # noqa: F401  # likewise

WAIT_S = 20
"""Far more than anything here takes, far less than the suite's own limit."""


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """No test writes into the history of whoever runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    return tmp_path / "state"


@pytest.fixture(scope="session")
def until():
    """Wait until something holds that no event announces; gives what made it true."""

    async def wait(holds, timeout_s=WAIT_S):
        async with asyncio.timeout(timeout_s):
            while not (held := holds()):  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.002)
        return held

    return wait


class Wire:
    """The wire of a meter: a pty, whose other end the gateway opens as its port."""

    PIECE = 512  # far below the 4 KiB that a pty holds

    def __init__(self):
        self.sent = 0
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)

    async def send(self, data):
        """Send all of it, as fast as the other side reads."""
        async with asyncio.timeout(WAIT_S):
            while data:
                try:
                    size = os.write(self.master, data[: self.PIECE])
                except BlockingIOError:
                    await asyncio.sleep(0.002)
                else:
                    self.sent += size
                    data = data[size:]
                    await asyncio.sleep(0)

    @staticmethod
    async def opened(meter):
        """Wait until a meter's port is open: what is sent before is flushed away."""
        async with asyncio.timeout(WAIT_S):
            while not meter._reader.speeds._since_s:  # noqa: ASYNC110  # it has no event
                await asyncio.sleep(0.002)

    async def repeat(self, data):
        """Send the same again and again, as a meter does; to be run as a task."""
        while True:
            await self.send(data)
            await asyncio.sleep(0.02)

    def close(self):
        """Pull the plug; harmless when it is pulled already."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


@pytest.fixture
def wire():
    """The function that makes a wire."""
    with contextlib.ExitStack() as made:

        def make():
            new = Wire()
            made.callback(new.close)
            return new

        yield make


@pytest.fixture
def line(wire):
    """The wire of the meter that a test is about."""
    return wire()


@pytest.fixture
async def talking(capture):
    """The function that lets a wire repeat a capture until the end of the test, or a cancel."""
    tasks = []

    def talk(on, data):
        data = capture(data) if isinstance(data, str) else data
        tasks.append(asyncio.create_task(on.repeat(data)))
        return tasks[-1]

    yield talk
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Ears:
    """Whoever hears the network: a bare UDP socket at the port of xPL, without a hub."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.255.255.255", 0))
        self.port = self.socket.getsockname()[1]

    async def datagram(self):
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.socket, 65535)

    async def message(self, *schemas):
        """The next message of one of these schemas, by default the next of a meter."""
        while True:
            message = Message.decode(await self.datagram())
            if message.schema in (schemas or {"teleinfo.basic", "teleinfo.short"}):
                return message

    def heard(self):
        """The datagrams that have come by now."""
        datagrams = []
        with contextlib.suppress(BlockingIOError):
            while True:
                datagrams.append(self.socket.recv(65535))
        return datagrams


@pytest.fixture
def ears():
    it = Ears()
    yield it
    it.socket.close()


@pytest.fixture
def as_nobody():
    """The context without the rights of root; an ordinary user has none to lose."""

    @contextlib.contextmanager
    def context():
        if os.geteuid():
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return context


@pytest.fixture
def in_use():
    """The function that tells whether somebody holds a port."""

    def look(path):
        try:
            port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            if error.errno == errno.EBUSY:  # what anybody but root gets to see
                return True
            raise
        try:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(port)
        return False

    return look


@pytest.fixture
def free_port():
    """The function that finds a port free for UDP and TCP."""
    return free_ports.free_port


@pytest.fixture
def lo_xpl(ears):
    """The function that makes xPL settings whose messages reach ``ears`` and nobody else."""

    def make(**changes):
        settings = {"instance": "test", "interface": "lo", "hub": "never", "port": ears.port}
        return XplConfig(**settings | changes)

    return make


@pytest.fixture
def device():
    """The function that makes the settings of a meter on a wire."""

    def make(wire, name="house", **changes):
        return DeviceConfig(name=name, device=wire.path, **changes)

    return make


@pytest.fixture
async def manager(lo_xpl, device):
    """The function that starts a manager, by default with the meter ``house`` on a wire."""
    started = []

    def start(wire=None, *devices, interval=60, history=None, mqtt=None, domoticz=None, **xpl):
        if wire is not None:
            devices = (device(wire, interval=interval), *devices)
        config = Config(
            devices=devices,
            xpl=lo_xpl(**xpl),
            web=None,
            history=history,
            mqtt=mqtt,
            domoticz=domoticz,
        )
        started.append(PluginManager(config))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


class Program:
    """A command of the gateway as a process of its own."""

    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        self._said = b""

    async def line(self, *words):
        """The next line of standard error that has all these words."""
        async with asyncio.timeout(WAIT_S):
            while line := await self.process.stderr.readline():
                self._said += line
                if all(word.encode() in line for word in words):
                    return line.decode()
        raise AssertionError(f"it ended without {words}:\n{self._said.decode()}")

    def signal(self, number):
        self.process.send_signal(number)

    async def end(self):
        """Wait for the end: (exit code, rest of standard output, all of standard error)."""
        async with asyncio.timeout(WAIT_S):
            out, err = await self.process.communicate()
        self._said += err
        return self.process.returncode, (out or b"").decode(), self._said.decode()


@pytest.fixture
async def teleinfo(tmp_path):
    """The function that starts ``teleinfo`` with arguments; killed at the end if it still runs."""
    async with contextlib.AsyncExitStack() as started:

        async def start(*arguments, stdout=asyncio.subprocess.PIPE, env=(), cwd=tmp_path):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "teleinfo_gateway", *map(str, arguments)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=asyncio.subprocess.PIPE,
                cwd=cwd,
                env={
                    **{key: value for key, value in os.environ.items() if key != "TELEINFO_CONFIG"},
                    "HOME": str(tmp_path),
                    **dict(env),
                },
            )

            async def end():
                if process.returncode is None:
                    process.kill()
                await process.communicate()

            started.push_async_callback(end)
            return Program(process)

        yield start


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def root():
    """The folder of the project."""
    return Path(__file__).parents[2]


@pytest.fixture
def reading():
    """The function that makes a reading from labels and values; ``LABEL=None`` leaves one out."""

    def make(kind=FrameKind.LONG, mode=Mode.HISTORIQUE, *, complete=True, **values):
        values = {label: value for label, value in values.items() if value is not None}
        return Reading(
            meter="house",
            address="021528603314",
            time=datetime(2026, 1, 14, 18, 50, tzinfo=UTC),
            mode=mode,
            kind=kind,
            complete=complete,
            values=values,
            historique={"ADCO": "021528603314", **values},
        )

    return make
