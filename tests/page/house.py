"""What the page shows: a gateway that is a process of its own, with meters and a past invented."""

import asyncio
import os
import signal
import ssl
import sys
import tty
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from urllib.request import urlopen

import yaml

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.simulation import Past, SimulatedLine, gateway_events, simulated_meters
from tic import Group, encode_frame

from ..free_ports import free_port

WAIT_S = 40
"""Far more than anything here takes, far less than the suite's own limit."""

_BATCH = 1000


def _contract(name, option, energy, **more):
    price = {"from": "2020-01-01", "subscription": {"9": "19.50", "12": "23.50"}, "energy": energy}
    return {"name": name, "option": option, "prices": [{**price, "source": "invented"}], **more}


CONTRACTS = [
    _contract(
        *("tempo", "TEMPO"),
        {"HCJB": 0.13, "HPJB": 0.16, "HCJW": 0.15, "HPJW": 0.19, "HCJR": 0.16, "HPJR": 0.7},
        meter="house",
    ),
    _contract(
        *("off-peak", "HC", {"HC": 0.16, "HP": 0.21}), meter="workshop", off_peak=["22:00-06:00"]
    ),
    _contract("base", "BASE", {"BASE": 0.19}),
]
"""One for each of the simulated meters, and one to compare with."""


class Wire:
    """The wire of a meter: a pty, whose other end the gateway opens as its port."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave  # kept open: what is sent while nobody listens must not fail

    def send(self, data):
        os.write(self.master, data)

    @asynccontextmanager
    async def talking(self, data, every_s=0.05):
        """Send the same again and again while the block lasts, as a meter does."""

        async def talk():
            while True:
                self.send(data)
                await asyncio.sleep(every_s)

        task = asyncio.create_task(talk())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def close(self):
        os.close(self._slave)
        os.close(self.master)


def frame(va=750, **changes):
    """A frame of a single-phase meter of 9 kVA in historique mode, which draws so much."""
    current = f"{va // 230:03}"
    values = {"ADCO": "021528603314", "OPTARIF": "HC..", "ISOUSC": "45"}
    values |= {"HCHC": "014460852", "HCHP": "012506372", "PTEC": "HP..", "IINST": current}
    values |= {"ADPS": current} if va > 9000 else {}
    values |= {"IMAX": "090", "PAPP": f"{va:05}", "HHPHC": "D", "MOTDETAT": "000000"}
    return encode_frame(Group(label, value) for label, value in (values | changes).items())


class Gateway:
    """``teleinfo run`` on what teleinfo.yaml may hold; its page is at ``url``."""

    def __init__(self, folder, settings):
        self.port = free_port()
        web = {"listen": f"127.0.0.1:{self.port}", **settings.get("web", {})}
        tls = web.get("tls")
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._trust = ssl.create_default_context(cafile=tls["certificate"]) if tls else None
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = str(self._folder / "history.db")
        settings = {"xpl": False, "history": {"path": path}, **settings, "web": web}
        text = yaml.safe_dump(settings, allow_unicode=True)
        (self._folder / "teleinfo.yaml").write_text(text, encoding="utf-8")
        self._process = None
        self.since = datetime.now(UTC)
        """When its past ends, where it has one."""

    @property
    def arguments(self):
        """What Python is told to run."""
        path = str(self._folder / "teleinfo.yaml")
        return ("-m", "teleinfo_gateway", "run", "--config", path)

    async def start(self):
        """Return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self.arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(self._answers):
                assert self._process.returncode is None, self.log
                await asyncio.sleep(0.05)

    def _answers(self):
        address = f"{self.url}/healthz"
        with (
            suppress(OSError),
            urlopen(address, timeout=WAIT_S, context=self._trust) as answer,  # noqa: S310  # our own
        ):
            return answer.status == 200
        return False

    async def stop(self):
        """End it as systemd would; harmless when it has ended."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(WAIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def log(self):
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")


class Demonstration(Gateway):
    """``teleinfo demo``, at a port that is free: its own one may be taken."""

    PROGRAM = """if True:
        import functools, importlib, sys
        from teleinfo_gateway.config import Config, WebConfig
        demo = importlib.import_module("teleinfo_gateway.cli.demo")
        demo.Config = functools.partial(Config, web=WebConfig(listen=sys.argv.pop()))
        demo.demo()
    """

    def __init__(self, folder):
        super().__init__(folder, {})

    @property
    def arguments(self):
        return ("-c", self.PROGRAM, f"127.0.0.1:{self.port}")


@asynccontextmanager
async def running(folder, wires, **settings):
    """A gateway on the wires of meters, told by their names."""
    devices = [{"name": name, "device": wire.path} for name, wire in wires.items()]
    async with started(Gateway(folder, {"devices": devices, **settings})) as gateway:
        yield gateway


@asynccontextmanager
async def started(gateway):
    """A gateway that runs while the block lasts."""
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


@asynccontextmanager
async def inhabited(folder, days=400, **settings):
    """A gateway on the meters of the demonstration, which have a past of so many days."""
    start = datetime.now(UTC)
    meters = simulated_meters(start)
    await asyncio.to_thread(_remember, Path(folder) / "history.db", meters, days)
    async with AsyncExitStack() as lines:
        wires = {
            meter.installation.name: await lines.enter_async_context(SimulatedLine(meter))
            for meter in meters
        }
        xpl = {"interface": "lo", "hub": "never", "port": free_port(), "instance": "page"}
        settings = {"contracts": CONTRACTS, "xpl": xpl, **settings}
        gateway = await lines.enter_async_context(running(folder, wires, **settings))
        gateway.since = start
        yield gateway


def _remember(path, meters, days):
    """Fill a history as an import does; what came first is written first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    since = int(meters[0].start.timestamp()) - days * 86400
    events = [*gateway_events(meters[0].start)]
    for meter in meters:
        past = Past(meter.installation, meter.start)
        events += past.events()
        rows = [*takewhile(lambda row: row.ts >= since, past.readings())][::-1]
        for place in range(0, len(rows), _BATCH):
            part = rows[place : place + _BATCH]
            known = {meter.installation.identity: past.meter(part[-1].ts)}
            with database.writing() as connection:
                store(connection, Batch(known, readings=part))
    events.sort(key=lambda row: row.ts)
    with database.writing() as connection:
        store(connection, Batch({}, events=events))
    database.close()
