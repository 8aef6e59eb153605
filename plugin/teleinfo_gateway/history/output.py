"""The history as it runs: takes from the bus, writes in batches, answers questions."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from teleinfo_gateway.bus import Bus, Subscription
from teleinfo_gateway.config import DeviceConfig, HistoryConfig
from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.history.errors import BUSY_S, HistoryError, UnwritableError
from teleinfo_gateway.history.gathering import MAX_WAITING, Gathering
from teleinfo_gateway.history.keeper import Keeper
from teleinfo_gateway.history.outbox import forget_cursors
from teleinfo_gateway.history.store import Batch, Stored

__all__ = ["COMMIT_S", "HistoryOutput"]

log = logging.getLogger(__name__)

COMMIT_S = 300.0
"""Between two commits: a power cut costs so much of the curve, and no energy at all; a memory card
is written a quarter of what it is with one a minute (docs/performance.rst)."""

_FRESH_S = 60.0
"""A question commits what is waiting first, unless readings were written so short a time ago: a
page that asks all day would write as much as a commit at each reading."""

_BATCH = 1000
"""Rows that are written without waiting longer: 500 meters bring as many in two minutes."""

_RETRY_S = 60.0
_PATIENCE_S = 5.0  # after a failure, questions are not worth another try to write
_QUESTION_S = 5.0  # that a question waits for what is being written
_TIDY_S = 3600.0
_LAST_WRITE_S = 5.0
_QUESTIONS = 2  # at a time: more would only wait for the disk

_P = ParamSpec("_P")
_T = TypeVar("_T")


class HistoryOutput:
    """Keeps what the meters say. ``device`` gives the settings of a meter by its name.

    ``readers`` names the durable outputs: what another one had yet to read is kept for nobody.

    A fault of the database never leaves this object: it shows in :meth:`state`, what waits is held
    up to a ceiling, and writing is tried again every minute.
    """

    name = "history"

    def __init__(
        self,
        config: HistoryConfig,
        bus: Bus,
        device: Callable[[str], DeviceConfig | None],
        readers: frozenset[str] = frozenset(),
    ) -> None:
        self.config = config
        self._bus = bus
        self._keeper = Keeper(config, readers)
        self._failed_s = -_PATIENCE_S
        self._problem = ""  # of the database
        self._fault = ""  # of ours
        self._waiting = Gathering(device)
        self._in_hand = 0  # rows that are being written
        self._wanted = asyncio.Event()  # somebody wants what is waiting to be written
        self._writing = asyncio.Lock()
        self._asking = asyncio.Semaphore(_QUESTIONS)
        self._one_job = threading.Lock()  # one that hangs may outlive who asked for it
        self._tidy_s = 0.0
        self._lost = 0
        self._gone: frozenset[str] = frozenset()  # readers whose cursors are to be forgotten
        self._subscription: Subscription | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take from the bus."""
        self._subscription = self._bus.subscribe(name=self.name)
        self._tasks = [
            asyncio.create_task(self._take(self._subscription), name="history"),
            asyncio.create_task(self._keep_writing(), name="history writer"),
        ]

    async def stop(self) -> None:
        """Take what is on the bus, write it, and close the database."""
        if self._subscription is None:
            return
        self._bus.unsubscribe(self._subscription)
        await asyncio.wait(self._tasks[:1])
        self._tasks[1].cancel()
        await asyncio.wait(self._tasks)
        self._failed_s = -_PATIENCE_S
        limit_s = _LAST_WRITE_S + (BUSY_S if self.config.url is None else 0)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                with suppress(GatewayError):
                    await self.write()
                await self._in_worker(self._keeper.close)
        if left := self.waiting:
            log.error("history: stopped with %d rows that could not be written", left)
        self._subscription = None

    @property
    def waiting(self) -> int:
        """How many rows are held that are not in the database yet."""
        return len(self._waiting) + self._in_hand

    def state(self) -> Mapping[str, str | int | bool]:
        """Where it is written, how much, what waits, what was lost and why."""
        keeper = self._keeper
        return {
            "database": keeper.database.name if keeper.database else "",
            "size_mb": round(keeper.size / 1e6),
            "written": keeper.written,
            "waiting": self.waiting,
            "lost": self._lost
            + self._waiting.lost
            + (self._subscription.lost if self._subscription else 0),
            "last_commit": keeper.last_commit.isoformat() if keeper.last_commit else "",
            "problem": self._problem or self._fault or self._waiting.fault,
        }

    async def ask(
        self,
        question: Callable[Concatenate[Connection, _P], _T],
        *arguments: _P.args,
        **named: _P.kwargs,
    ) -> _T:
        """What a function of ``queries`` finds, with all that was heard until a minute ago.

        Raises :class:`HistoryError` and what the question raises.
        """
        self._check_running()
        # What is on the disk can be read even if it is full, or another program writes for long.
        keeper = self._keeper
        fresh = keeper.written > 0 and time.monotonic() - keeper.committed_s < _FRESH_S
        if not (keeper.ready and fresh):
            with suppress(GatewayError, TimeoutError):
                async with asyncio.timeout(_QUESTION_S):
                    await self.write()
        database = keeper.database
        if database is None or not database.readable:
            raise HistoryError(self._problem or "the history has not been opened yet")

        def read() -> _T:
            with database.reading() as connection:
                return question(connection, *arguments, **named)

        async with self._asking:
            return await run_detached(read)

    async def change(
        self,
        job: Callable[Concatenate[Connection, _P], _T],
        *arguments: _P.args,
        **named: _P.kwargs,
    ) -> _T:
        """Run a function that writes, in its turn. Raises :class:`HistoryError`."""
        self._check_running()

        def write() -> _T:
            with self._keeper.open().writing() as connection:
                return job(connection, *arguments, **named)

        return await self._in_turn(write)

    async def keep(self, batch: Batch) -> Stored:
        """Write rows that did not come over the bus. Raises :class:`HistoryError`."""
        self._check_running()
        return await self._in_turn(self._keeper.store, batch)

    def keep_for(self, readers: frozenset[str]) -> None:
        """From now on, keep what these durable outputs have yet to read, and for no others."""
        self._gone = (self._gone | self._keeper.readers) - readers
        self._keeper.readers = readers
        if self._gone:
            self._wanted.set()

    def _check_running(self) -> None:
        if self._subscription is None:
            raise HistoryError("the history is stopped")

    async def write(self) -> None:
        """Write what is waiting. Raises :class:`GatewayError`; it then still waits.

        Once begun it goes on when the caller is cancelled: rows are written once.
        """
        writing = asyncio.create_task(self._write())
        # So that what it raises counts as seen.
        writing.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(writing)

    async def _write(self) -> None:
        async with self._writing:
            if self._problem and time.monotonic() - self._failed_s < _PATIENCE_S:
                raise HistoryError(self._problem)
            batch = self._waiting.hand_over()
            self._in_hand = len(batch)
            try:
                await self._in_worker(self._keeper.store, batch)
            except UnwritableError:
                self._lost += len(batch)
            except GatewayError:
                self._waiting.put_back(batch)
                raise
            finally:
                self._in_hand = 0
            if self._problem:
                log.info("history: it is written again")
                self._problem = ""

    async def _take(self, subscription: Subscription) -> None:
        async for item in subscription:
            self._waiting.take(item)
            if len(self._waiting) >= _BATCH:
                self._wanted.set()

    async def _keep_writing(self) -> None:
        """Write every few minutes, sooner if much is waiting, later if it fails."""
        pause_s = 0.0  # the first time at once: it tells whether the database can be used
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wanted.wait()
            self._wanted.clear()
            pause_s = COMMIT_S
            try:
                await self.write()
                await self._tidy()
            except GatewayError:  # which was told
                await asyncio.sleep(_RETRY_S)
                pause_s = 0

    async def _tidy(self) -> None:
        """Let go what is too old or too much, now and then, and what was kept for nobody."""
        if gone := self._gone:
            await self.change(forget_cursors, gone)
            self._gone -= gone
        if time.monotonic() >= self._tidy_s:
            self._tidy_s = time.monotonic() + _TIDY_S
            await self._in_turn(self._keeper.forget_old)
            while await self._in_turn(self._keeper.forget_a_day):
                pass

    async def _in_turn(self, job: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """Run a job in the thread that writes when nothing else is written."""
        async with self._writing:
            return await self._in_worker(job, *arguments, **named)

    async def _in_worker(
        self, job: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs
    ) -> _T:
        """Run a job in the thread that writes; tell what is wrong once."""

        def run() -> _T:
            with self._one_job:
                return job(*arguments, **named)

        try:
            return await run_detached(run)
        except UnwritableError as error:
            log.error("history: not kept: %s", error)
            self._fault = f"not kept: {error}"
            raise
        except GatewayError as error:
            if str(error) != self._problem:
                log.error("history: %s; what comes is held, up to %d rows", error, MAX_WAITING)
            self._problem = str(error)
            self._failed_s = time.monotonic()
            self._keeper.ready = False
            self._wanted.set()  # whoever found it: the writer tries again soon
            raise
        except Exception as error:  # the outermost frame: a fault of ours costs what was at hand
            log.exception("history: a fault of this program")
            self._fault = f"a fault of this program: {error!r}"
            raise UnwritableError(self._fault) from error
