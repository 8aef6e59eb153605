"""What outputs over HTTP share: one request at a time, the newest values, patience."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from teleinfo_gateway.bus import Bus, Subscription
from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.http_client import HttpServer
from teleinfo_gateway.newest import Newest
from teleinfo_gateway.publication import Publication
from teleinfo_gateway.readings import Event, EventKind, Item
from teleinfo_gateway.snapshot import Snapshot

__all__ = ["HttpOutput", "Job"]

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
"""Between two tries; a server that is restarted is not asked for longer than it needs."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Job:
    """One request, for a thread of its own.

    ``send`` blocks and raises :class:`GatewayError`; ``done`` is told what was answered.
    """

    send: Callable[[], bytes]
    done: Callable[[bytes], None]


@dataclass(slots=True)
class _Line:
    said: Snapshot = field(default_factory=Snapshot)
    publication: Publication = field(default_factory=Publication)


class HttpOutput(ABC, Generic[_Value]):
    """Takes readings from the bus and tells one server; ``interval_s`` is that of a meter.

    A class of its own says in :meth:`_take` what is to be sent, by :meth:`_note`, and in
    :meth:`_job` how; until that is done, a newer value takes its place, and none gets old.
    """

    name: str
    """The output's, which is also that of its section."""

    def __init__(self, server: HttpServer, bus: Bus, interval_s: Callable[[str], float]) -> None:
        self._server = server
        self._bus = bus
        self._interval_s = interval_s
        self._lines: dict[str, _Line] = {}
        self._newest: Newest[_Value] = Newest()
        self._wanted = asyncio.Event()
        self._problem = ""
        self._sent = self._failed = 0
        self._subscription: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to take from the bus."""
        self._subscription = self._bus.subscribe(name=self.name)
        self._tasks = {
            asyncio.create_task(self._run(self._subscription), name=f"output {self.name}"),
            asyncio.create_task(self._keep_sending(), name=f"sender {self.name}"),
        }

    async def stop(self) -> None:
        """End; a request that is on its way is left to itself."""
        if self._subscription is None:
            return
        self._bus.unsubscribe(self._subscription)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        self._server.close()
        self._subscription = None

    def state(self) -> Mapping[str, str | int | bool]:
        """Where it is told, how much, what waits or has waited for too long, what is wrong."""
        self._newest.forget(time.monotonic())
        return {
            "server": self._server.url,
            "sent": self._sent,
            "failed": self._failed,
            "waiting": len(self._newest),
            "too_old": self._newest.too_old,
            "lost": self._subscription.lost if self._subscription else 0,
            "problem": self._problem or self._refused(),
        }

    @abstractmethod
    def _take(self, meter: str, said: Snapshot, *, due: bool) -> None:
        """Note what a reading brings."""

    @abstractmethod
    def _overload(self, meter: str, said: Snapshot) -> None:
        """Note what an overload brings that the reading before it did not."""

    @abstractmethod
    def _job(self, value: _Value) -> Job | None:
        """The request for a value that was noted; ``None`` if there is nothing to say."""

    def _note(self, key: Hashable, value: _Value) -> None:
        """Have a value sent, in the place of what still waits under this key."""
        self._newest.put(key, value, time.monotonic())

    def _refused(self) -> str:
        """What the server does not take though it answers."""
        return ""

    async def _run(self, subscription: Subscription) -> None:
        async for item in subscription:
            try:
                self._hear(item)
            except Exception as error:  # noqa: BLE001  # the outermost frame: a fault of ours costs one item
                self._fault(error)
            self._wanted.set()

    def _hear(self, item: Item) -> None:
        line = self._lines.setdefault(item.meter, _Line())
        if isinstance(item, Event):
            line.said.note(item)
            if item.kind is EventKind.OVERLOAD:
                self._overload(item.meter, line.said)
            return
        if item.address != line.said.address:  # the first reading, or another meter on this line
            line.publication = Publication()
        line.said.take(item)
        interval_s = self._interval_s(item.meter)
        due = line.publication.is_due(item, interval_s, time.monotonic())
        self._take(item.meter, line.said, due=due)

    async def _keep_sending(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                turn = self._newest.turn(time.monotonic())
                if turn is None:
                    self._wanted.clear()
                    await self._wanted.wait()
                    continue
                job = self._job(turn[1])
                if job is None:
                    self._newest.done(*turn)
                    continue
                answer = await run_detached(job.send)
                self._sent += 1
                job.done(answer)
                self._newest.done(*turn)
            except GatewayError as error:
                self._report(str(error))
            except Exception as error:  # noqa: BLE001  # the outermost frame: a fault of ours costs time
                self._fault(error)
            else:
                pause_s = _FIRST_PAUSE_S
                if self._problem:
                    log.info("%s: %s is told again", self.name, self._server.url)
                    self._problem = ""
                continue
            self._failed += 1
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _report(self, problem: str) -> None:
        """Keep a problem for the status and log it once."""
        if problem != self._problem:
            self._problem = problem
            log.error("%s: %s (the newest values wait)", self.name, problem)

    def _fault(self, error: Exception) -> None:
        """Keep its kind for the status and log the rest once."""
        problem = f"a fault of this program: {type(error).__name__}"
        if problem != self._problem:
            log.error("%s: %s", self.name, problem, exc_info=error)
            self._problem = problem
