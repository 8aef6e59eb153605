"""Two outputs for the gateway: a bell that rings at an overload, and a ledger that forgets nothing.

In teleinfo.yaml:

extensions:
  bell: {port: 7007}
  ledger: {file: /var/lib/teleinfo/ledger.csv}
"""

import asyncio
import csv
import os
import socket
from pathlib import Path

from teleinfo_gateway.extension import Event, EventKind, ExtensionError, TargetError


def bell(settings, gateway):
    """What the entry point ``bell`` names: called with its settings, gives the output."""
    port = settings.get("port")
    if not isinstance(port, int):
        raise ExtensionError("port: a UDP port of this machine is needed, such as port: 7007")
    return Bell(port, gateway.bus)


class Bell:
    """A live output: it takes events from the bus, and loses what it cannot send."""

    name = "bell"

    def __init__(self, port, bus):
        self._port, self._bus = port, bus
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rung = 0

    def start(self):
        """Begin; the event loop runs already."""
        self._subscription = self._bus.subscribe()
        self._task = asyncio.create_task(self._run())

    async def stop(self):
        """End within a second."""
        self._bus.unsubscribe(self._subscription)  # ends the loop below
        await self._task
        self._socket.close()

    def state(self):
        """What the page shows of it."""
        return {"port": self._port, "rung": self._rung}

    async def _run(self):
        async for item in self._subscription:
            if isinstance(item, Event) and item.kind is EventKind.OVERLOAD:
                word = "quiet" if item.value == "none" else "ring"
                self._socket.sendto(f"{word} {item.meter}".encode(), ("127.0.0.1", self._port))
                self._rung += word == "ring"


def ledger(settings, gateway):
    """What the entry point ``ledger`` names: the gateway reads its history for the target."""
    file = settings.get("file")
    if not isinstance(file, str):
        raise ExtensionError("file: the path of a CSV file is needed")
    return gateway.forward("ledger", Ledger(file))


class Ledger:
    """A durable output is a target: it returns once it has the rows, or raises TargetError."""

    in_order = True  # each row after the one before it

    def __init__(self, file):
        self._file = Path(file)
        self.address = file  # for the page and the log: without secrets

    def send(self, rows):
        """Blocks, in a thread of its own. After a crash, rows may come a second time."""
        try:
            last = self._last()
            with self._file.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(
                    (row.seq, row.ts, row.adco, row.values["papp"])
                    for row in rows
                    if row.kind == "reading" and row.seq > last
                )
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise TargetError(f"{self.address} cannot be written: {error.strerror}") from error

    def close(self):
        """Nothing stays open here."""

    def _last(self):
        """The number of the last row that is there."""
        try:
            with self._file.open(encoding="utf-8", newline="") as file:
                return max((int(line[0]) for line in csv.reader(file)), default=0)
        except FileNotFoundError:
            return 0
