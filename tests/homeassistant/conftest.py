"""Two meters, the gateway that reads them, a broker, and the Home Assistant that listens there.

The gateway is a process of the project's own environment, ``$TELEINFO_PYTHON``.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import tty
from pathlib import Path

import pytest
from free_ports import free_port
from home import WAIT_S, Home

CAPTURES = Path(__file__).parents[1] / "captures"
FRAME_S = 0.3  # from frame to frame


class Process:
    """A program that is started, stopped and started again."""

    def __init__(self, *command, says, env=None):
        self.command, self.says, self.env = command, says, env

    async def start(self):
        """Start it, and wait for the words that it says once it is ready."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stderr=asyncio.subprocess.PIPE, env=self.env
        )
        self.heard = []
        self._reads = asyncio.create_task(self._read())
        await self.until(self.says)

    async def until(self, words, after=0):
        """Wait for a line of standard error; those before ``after`` do not count."""
        async with asyncio.timeout(WAIT_S):
            while not any(words in line for line in self.heard[after:]):
                assert not self._reads.done(), "".join(self.heard)
                await asyncio.sleep(0.02)

    async def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        async with asyncio.timeout(WAIT_S):
            await self.process.wait()
            await self._reads

    async def _read(self):
        while line := await self.process.stderr.readline():
            self.heard.append(line.decode())


class Broker(Process):
    """A mosquitto that everybody on this machine may use, and that forgets when it stops."""

    def __init__(self, folder, port):
        settings = folder / "mosquitto.conf"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        super().__init__("/usr/sbin/mosquitto", "-c", settings, says="running")
        self.port = port

    async def retained(self, pattern):
        """The topics that it would tell a newcomer, and their payloads."""
        client = await asyncio.create_subprocess_exec(
            *("mosquitto_sub", "-p", str(self.port), "-t", pattern),
            *("--retained-only", "-W", "1", "-v"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await client.communicate()
        return dict(line.split(" ", 1) for line in out.decode().splitlines())


class Gateway(Process):
    """The gateway with these meters, of which it is told nothing but name and port."""

    def __init__(self, folder, ports, broker):
        self.file = folder / "teleinfo.yaml"
        self.settings = {
            "devices": [
                {"name": name, "device": port, "interval": 1} for name, port in ports.items()
            ],
            "xpl": False,
            "web": False,
            "history": False,
            "mqtt": {"url": f"mqtt://127.0.0.1:{broker.port}"},
        }
        self._write()
        super().__init__(
            *(os.environ["TELEINFO_PYTHON"], "-m", "teleinfo_gateway"),
            *("run", "--config", str(self.file)),
            says="",
            env={
                **{key: value for key, value in os.environ.items() if key != "TELEINFO_CONFIG"},
                "HOME": str(folder),
            },
        )

    def reload(self, **changes):
        """Read the file again, with changes."""
        self.settings |= changes
        self._write()
        self.process.send_signal(signal.SIGHUP)

    def _write(self):
        self.file.write_text(json.dumps(self.settings))  # JSON is YAML too


def first_frame(capture):
    """The first whole frame of a capture, from STX to ETX."""
    return re.search(rb"\x02[^\x02]*\x03", (CAPTURES / f"{capture}.tic").read_bytes())[0]


async def repeat(port, frame):
    """Be a meter that always says the same; nobody may be listening."""
    while True:
        with contextlib.suppress(BlockingIOError):
            os.write(port, frame)
        await asyncio.sleep(FRAME_S)


@pytest.fixture(scope="module")
async def ports():
    """The port of each meter, by the name it has in the gateway."""
    captures = {"house": "histo-hc-mono-l16c6", "linky": "std-base-mono-conso"}
    paths, masters, tasks = {}, [], []
    for name, capture in captures.items():
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        paths[name] = os.ttyname(slave)
        masters += [master, slave]
        tasks.append(asyncio.create_task(repeat(master, first_frame(capture))))
    yield paths
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for each in masters:
        os.close(each)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory):
    it = Broker(tmp_path_factory.mktemp("broker"), free_port())
    await it.start()
    yield it
    await it.stop()


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory, ports, broker):
    it = Gateway(tmp_path_factory.mktemp("gateway"), ports, broker)
    await it.start()
    yield it
    await it.stop()


@pytest.fixture(scope="module")
async def home(tmp_path_factory, broker):
    it = Home(tmp_path_factory.mktemp("home"), free_port())
    await it.start()
    await it.use_broker(broker.port)
    yield it
    await it.stop()
