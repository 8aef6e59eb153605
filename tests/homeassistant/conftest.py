"""Two meters, the gateway that reads them, a broker, and the Home Assistant that listens there.

The gateway is a process of the project's own environment, ``$TELEINFO_PYTHON``.
"""

import asyncio
import contextlib
import json
import os
import re
import tty
from pathlib import Path

import pytest
from free_ports import free_port
from home import WAIT_S, Home

CAPTURES = Path(__file__).parents[1] / "captures"
FRAME_S = 0.9  # from frame to frame


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
        try:
            await self.until(self.says)
        except BaseException:
            self.process.kill()
            raise

    async def until(self, words):
        """Wait for a line of standard error that was not waited for yet."""
        async with asyncio.timeout(WAIT_S):
            while not any(words in line for line in self.heard):
                assert not self._reads.done(), "".join(self.heard)
                await asyncio.sleep(0.02)
        self.heard.clear()

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


class Gateway(Process):
    """The gateway with these meters, of which it is told nothing but name and port."""

    def __init__(self, folder, wires, broker):
        self.file = folder / "teleinfo.yaml"
        self.settings = {
            "devices": [
                {"name": name, "device": wire.path, "interval": 1} for name, wire in wires.items()
            ],
            "xpl": False,
            "web": False,
            "history": False,
            "mqtt": {"url": f"mqtt://127.0.0.1:{broker.port}"},
        }
        self.change()
        super().__init__(
            *(os.environ["TELEINFO_PYTHON"], "-m", "teleinfo_gateway"),
            *("run", "--config", str(self.file)),
            says="MQTT: connected",
            env={
                **{key: value for key, value in os.environ.items() if key != "TELEINFO_CONFIG"},
                "HOME": str(folder),
            },
        )

    def change(self, **sections):
        """Write other settings; they are those of the gateway once it reads its file again."""
        self.settings |= sections
        self.file.write_text(json.dumps(self.settings))  # JSON is YAML too


class Wire:
    """The wire of a meter that says the first frame of a capture again and again."""

    def __init__(self, capture):
        data = (CAPTURES / f"{capture}.tic").read_bytes()
        self.frame = re.search(rb"\x02[^\x02]*\x03", data)[0]
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._rising = None
        self._talks = asyncio.create_task(self._talk())

    def rise(self, label):
        """From now on, add 1 Wh to an index of the historique mode in each frame."""
        self._rising = label.encode()

    def have_contract_base(self, index):
        """From now on, have one index instead of those of the off-peak contract."""
        self._rising = None
        frame = re.sub(rb"\n(HC|HHPHC)[^\r]*\r", b"", self.frame)
        frame = re.sub(rb"OPTARIF[^\r]*", lambda _: group(b"OPTARIF", b"BASE"), frame)
        base = b"%s\r\n%s" % (group(b"BASE", index.encode()), group(b"PTEC", b"TH.."))
        self.frame = re.sub(rb"PTEC[^\r]*", lambda _: base, frame)

    def speak_standard(self, frame):
        """From now on, say the standard frame of another meter as one of this meter."""
        address = re.search(rb"ADCO ([0-9]+)", self.frame)[1]
        adsc = b"ADSC\t%s\t" % address
        text = b"%s%c" % (adsc, (sum(adsc) & 0x3F) + 0x20)
        self._rising = None
        self.frame = re.sub(rb"ADSC[^\r]*", lambda _: text, frame)

    async def close(self):
        self._talks.cancel()
        await asyncio.wait([self._talks])
        os.close(self._master)
        os.close(self._slave)

    async def _talk(self):
        while True:
            if self._rising:
                self.frame = re.sub(b"(%s) ([0-9]+) ." % self._rising, plus_one, self.frame)
            with contextlib.suppress(BlockingIOError):  # nobody listens
                os.write(self._master, self.frame)
            await asyncio.sleep(FRAME_S)


def group(label, value):
    """A group with the checksum of the historique mode."""
    text = b"%s %s" % (label, value)
    return b"%s %c" % (text, (sum(text) & 0x3F) + 0x20)


def plus_one(index):
    """The group of the next Wh."""
    return group(index[1], b"%09d" % (int(index[2]) + 1))


@pytest.fixture(scope="module")
async def wires():
    """The wire of each meter, by the name it has in the gateway."""
    captures = {"house": "histo-hc-mono-l16c6", "linky": "std-base-mono-conso"}
    made = {name: Wire(capture) for name, capture in captures.items()}
    yield made
    for wire in made.values():
        await wire.close()


@pytest.fixture(scope="module")
async def broker(tmp_path_factory):
    it = Broker(tmp_path_factory.mktemp("broker"), free_port())
    await it.start()
    yield it
    await it.stop()


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory, wires, broker):
    it = Gateway(tmp_path_factory.mktemp("gateway"), wires, broker)
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
