"""Looks for meters on the usual ports, by listening to what they say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.integrity import Identity
from teleinfo_gateway.reader import LineReader
from teleinfo_gateway.speeds import TRIAL_S
from tic import Frame, FrameKind, Item, Mode

log = logging.getLogger(__name__)

_PLACES = (
    "teleinfo*",
    "serial/by-id/*",
    "ttyUSB*",
    "ttyACM*",
    "ttyAMA*",
    "ttyS*",
)
"""Stable names first: of several names of one port the first is used."""

PATIENCE_S = sum(TRIAL_S.values()) + 2.0
"""Both speeds once, and what opening takes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A port on which a meter talks."""

    device: str
    address: str
    mode: Mode


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


async def find_meters(ports: Sequence[str]) -> list[Found]:
    """The meters among ``ports``, all listened to at once, for at most ``PATIENCE_S`` seconds."""
    found = await asyncio.gather(*(_Ear(port).listen() for port in ports))
    return [meter for meter in found if meter is not None]


def devices_of(found: Sequence[Found]) -> tuple[DeviceConfig, ...]:
    """A configuration for what was found; the mode stays ``auto``, the operator may change it."""
    if len(found) == 1:
        return (DeviceConfig(name="meter", device=found[0].device),)
    return tuple(
        DeviceConfig(name=f"meter-{number}", device=meter.device)
        for number, meter in enumerate(found, 1)
    )


class _Ear:
    """Listens to one port until a meter has told its address twice."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._identity = Identity()
        self._found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

    async def listen(self) -> Found | None:
        """The meter on this port, or ``None``."""
        reading = asyncio.create_task(LineReader(self._port, None, self).read())
        reading.add_done_callback(lambda _: self._found.cancel())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._found
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            if reading.done():  # the port could not be opened, or went away
                return None
            raise
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

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
                    self._found.set_result(Found(self._port, self._identity.address, item.mode))
