"""A gateway with one meter and its MQTT output, for the tests of that output."""

import asyncio

from teleinfo_gateway.config.mqtt import MqttConfig
from tic import Group, encode_frame

ADCO = "012345678901"
ROOT = f"teleinfo/{ADCO}"
HC = {
    "ADCO": ADCO,
    "OPTARIF": "HC..",
    "ISOUSC": "30",
    "HCHC": "009205446",
    "HCHP": "012345678",
    "PTEC": "HP..",
    "IINST": "002",
    "IMAX": "030",
    "PAPP": "00520",
    "HHPHC": "A",
    "MOTDETAT": "000000",
}


def frame(**changes):
    """A frame of the meter; ``LABEL=None`` leaves one out."""
    labels = {label: value for label, value in (HC | changes).items() if value is not None}
    return encode_frame([Group(*group) for group in labels.items()])


class Home:
    """Starts the gateway, and speaks as its meter."""

    def __init__(self, manager, line, until):
        self._start = manager
        self._until = until
        self.line = line
        self.manager = None

    @staticmethod
    def settings(broker, **changes):
        """Those of the output: nothing is announced, so that every message is of our layout."""
        return MqttConfig(**{"url": broker.url, "homeassistant": None} | changes)

    async def start(self, broker, *devices, **changes):
        """Start it for a broker, and wait for the port of its meter; gives the output."""
        self.manager = self._start(self.line, *devices, mqtt=self.settings(broker, **changes))
        await self.line.opened(self.meter)
        return self.output

    @property
    def meter(self):
        return self.manager.meters["house"]

    @property
    def output(self):
        return self.manager.outputs["mqtt"]

    def state(self):
        """What the output tells of itself."""
        return self.output.state()

    async def say(self, times=1, **changes):
        """Send a frame some times, and wait until the output has taken all of it."""
        frames = self.meter.statistics.frames.total() + times
        for _ in range(times):
            await self.line.send(frame(**changes))
        await self._until(lambda: self.meter.statistics.frames.total() >= frames)
        await self.settled()

    async def settled(self):
        """Wait until the output has taken what is on the bus."""
        await self._until(lambda: not self.manager.bus.waiting("mqtt"))
        await asyncio.sleep(0)

    async def connected(self, times=1):
        """Wait for its so many-th connection."""
        await self._until(lambda: self.output.state()["connections"] >= times)
        await self._until(lambda: self.output.state()["connected"])

    async def problem(self, *words):
        """Wait for a problem with all these words; gives its text."""

        def told():
            text = self.state()["problem"]
            return text if all(word in text for word in words) else None

        try:
            return await self._until(told)
        except TimeoutError:
            raise AssertionError(f"{words} are not in {self.state()['problem']!r}") from None
