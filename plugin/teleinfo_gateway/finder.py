"""Looks for meters on the usual ports, by listening to what they say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.integrity import Identity
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.sources import SourceError, Trouble
from teleinfo_gateway.speeds import PATIENCE_S
from tic import Frame, FrameKind, Item, Mode

_PLACES = (
    "teleinfo*",
    "serial/by-id/*",
    "ttyUSB*",
    "ttyACM*",
    "ttyAMA*",
    "ttyS*",
)
"""Stable names first: of several names of one port the first is used."""

_STRAY = 16
"""Bytes that say nothing: opening a port, or a loose wire, gives some."""

_LEFT_ALONE_S = 600.0
"""A search that goes on leaves another talker alone for so long, since listening keeps its own
program out; not for ever, as it may have been a meter with a bad wire."""


@dataclass(frozen=True, slots=True)
class Found:
    """A port on which a meter talks."""

    device: str
    address: str
    mode: Mode


class Verdict(StrEnum):
    """What was heard on a port."""

    METER = "meter"
    STANDBY = "meter in standby"
    DAMAGED = "damaged TIC"
    TALKER = "another talker"
    NOTHING = "nothing"
    BUSY = "busy"
    DENIED = "no permission"
    ABSENT = "no device"
    FAILED = "cannot be read"


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard on a port; ``text`` tells it in words, ``DEVICE: ...``."""

    device: str
    verdict: Verdict
    text: str
    meter: Found | None = None


_TROUBLES = {
    Trouble.BUSY: Verdict.BUSY,
    Trouble.DENIED: Verdict.DENIED,
    Trouble.ABSENT: Verdict.ABSENT,
    Trouble.OTHER: Verdict.FAILED,
}


def usual_ports(root: Path = Path("/dev"), consoles: str | None = None) -> list[str]:
    """The serial ports of this machine where a meter may be, each once.

    Ports on which the system talks to a person are left out: listening would change their speed.
    ``consoles`` is the list of their names, by default what the kernel says.
    """
    if consoles is None:
        consoles = _active_consoles()
    ports: dict[Path, str] = {}
    for place in _PLACES:
        for path in sorted(root.glob(place)):
            real = path.resolve()
            if real.name not in consoles.split() and real.exists():
                ports.setdefault(real, str(path))
    return list(ports.values())


def _active_consoles() -> str:
    try:
        return Path("/sys/class/tty/console/active").read_text(encoding="ascii")
    except OSError:  # no such file in most containers
        return ""


async def survey(ports: Sequence[str]) -> list[Heard]:
    """What is heard on each port, all listened to at once, for at most ``PATIENCE_S`` seconds.

    Each is given back, whatever it says.
    """
    return list(await asyncio.gather(*(_Ear(port).listen() for port in ports)))


def meters_of(heard: Sequence[Heard]) -> list[Found]:
    """The meters of a survey."""
    return [port.meter for port in heard if port.meter is not None]


def devices_of(found: Sequence[Found]) -> tuple[DeviceConfig, ...]:
    """A configuration for what was found; the mode stays ``auto``, the operator may change it."""
    if len(found) == 1:
        return (DeviceConfig(name="meter", device=found[0].device),)
    return tuple(
        DeviceConfig(name=f"meter-{number}", device=meter.device)
        for number, meter in enumerate(found, 1)
    )


class Search:
    """Looks for meters again and again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Verdict, float]] = {}  # what it was, when to listen again

    async def look(self, ports: Sequence[str]) -> list[Heard]:
        """What is new on these ports, meters above all; other talkers are left alone a while."""
        self._known = {port: known for port, known in self._known.items() if port in ports}
        now_s = time.monotonic()
        due = [p for p in ports if p not in self._known or now_s >= self._known[p][1]]
        heard = await survey(due)
        before = self._known.copy()
        for port in heard:
            again_s = now_s + _LEFT_ALONE_S * (port.verdict is Verdict.TALKER)
            self._known[port.device] = (port.verdict, again_s)
        return [
            port
            for port in heard
            if port.meter or before.get(port.device, (None,))[0] is not port.verdict
        ]


class _Ear:
    """Listens to one port until a meter has told its address twice."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._identity = Identity()
        self._reader = LineReader(port, None, self)
        self._found: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()

    async def listen(self) -> Heard:
        """What is heard on this port."""
        reading = asyncio.create_task(self._reader.read())
        ends: set[asyncio.Future[Any]] = {reading, self._found}
        try:
            await asyncio.wait(ends, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if self._found.done():
                return self._found.result()
            if reading.done():
                reading.result()
        except SourceError as error:
            return Heard(self._port, _TROUBLES[error.trouble], str(error))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return self._heard_no_meter()

    def _heard_no_meter(self) -> Heard:
        seen = self._reader.decoder.statistics
        if seen.groups:
            detail = "a meter talks, too damaged to tell its address: check the wires"
            return Heard(self._port, Verdict.DAMAGED, f"{self._port}: {detail}")
        if seen.bytes >= _STRAY:
            detail = f"something else talks there ({seen.bytes} bytes, no TIC group): left alone"
            return Heard(self._port, Verdict.TALKER, f"{self._port}: {detail}")
        return Heard(self._port, Verdict.NOTHING, f"{self._port}: nothing is heard")

    def opened(self, now_s: float) -> None:
        """Nothing to do: the reader keeps the time."""

    def tick(self, now_s: float) -> None:
        """Nothing to do."""

    def heard(self, items: Sequence[Item], now_s: float) -> None:  # noqa: ARG002  # the interface
        """Wait for an address told twice; a meter in standby counts too."""
        for item in items:
            if not isinstance(item, Frame) or self._found.done():
                continue
            if item.kind in {FrameKind.LONG, FrameKind.SHORT, FrameKind.STANDBY}:
                self._identity.confirm(item)
                if self._identity.address is not None:
                    self._found.set_result(self._meter(self._identity.address, item))

    def _meter(self, address: str, frame: Frame) -> Heard:
        standby = frame.kind is FrameKind.STANDBY
        return Heard(
            self._port,
            Verdict.STANDBY if standby else Verdict.METER,
            f"{self._port}: meter {address}, {frame.mode} mode{', in standby' if standby else ''}",
            Found(self._port, address, frame.mode),
        )
