"""The task of a durable output: reads behind its cursor, sends, remembers, tries again."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding import source
from teleinfo_gateway.forwarding.progress import Progress
from teleinfo_gateway.forwarding.refusals import Refusals
from teleinfo_gateway.forwarding.source import History, ReplacedError
from teleinfo_gateway.forwarding.target import RefusedError, Row, Target, TargetError
from teleinfo_gateway.history import outbox
from teleinfo_gateway.state import state_folder

__all__ = ["Forwarder"]

log = logging.getLogger(__name__)

_LOOK_S = 60.0
"""Between two looks at the history, which then writes what it holds: once a minute."""

_BATCH = 1000  # rows of one request, some 200 kB, unless the target wants fewer
_CATCH_UP_S = 0.25  # between two batches of what was missed: 4000 rows a second at most
_IN_A_ROW = 10  # rows refused one after the other: the next would be, too
_FARTHEST = 10_000  # rows read at once, 5 MB: readings of one meter are never so far apart
_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 300.0
_LEAVE_S = 0.5  # of the second that an output has to end
_RATE_S = 60.0
_RATE_STEPS = 1000  # requests of a minute; each batch of what was missed is one or two


class Forwarder:
    """A durable output: hands every row of the history to a target, once it was kept.

    A new one begins with what comes from now on, or ``from_start`` with all that is kept.
    A fault of the target never leaves this object: it shows in :meth:`state`, and the rows wait in
    the history.
    """

    def __init__(
        self, name: str, target: Target, history: History, *, from_start: bool = False
    ) -> None:
        self.name = name
        self._target = target
        self._batch: int = getattr(target, "batch", _BATCH)
        self._reach = self._batch  # rows that are read at once
        self._in_turn = threading.Lock()  # a request that hangs may outlive the task
        self._history = history
        self._refusals = Refusals(name, state_folder(history.config))
        self._progress: Progress | None = None
        self._from_start = from_start
        self._remembered = 0
        self._sent = self._failed = self._lost = self._backlog = 0
        self._oldest: int | None = None
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RATE_STEPS)
        self._was_away = True
        self._problem = ""
        self._is_away = False  # the target: the problem lasts until it takes something
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for rows."""
        self._task = asyncio.create_task(self._run(), name=f"output {self.name}")

    async def stop(self) -> None:
        """End; what is on its way may arrive, and is then sent again at the next start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await run_detached(self._close)

    def state(self) -> Mapping[str, str | int | bool]:
        """Where rows go, how many wait since when, what was refused or lost, what is wrong.

        ``sent`` counts the rows that the target took, ``rate`` those of the last minute.
        """
        since_s = time.monotonic() - _RATE_S
        oldest = self._oldest
        return {
            "target": self._target.address,
            "sent": self._sent,
            "rate": sum(rows for sent_s, rows in self._recent if sent_s >= since_s),
            "failed": self._failed,
            "backlog": self._backlog,
            "oldest": "" if oldest is None else datetime.fromtimestamp(oldest, UTC).isoformat(),
            "refused": self._refusals.count,
            "refused_reason": self._refusals.reason,
            "lost": self._lost,
            "problem": self._problem,
        }

    async def _run(self) -> None:
        wait_s = _FIRST_RETRY_S
        while True:
            try:
                pause_s = await self._forward()
            except ReplacedError:
                log.warning("%s: the history is another one: all of it is sent", self.name)
                self._progress, self._from_start = None, True
                pause_s = _FIRST_RETRY_S
            except Exception as error:  # noqa: BLE001  # the outermost frame: it costs time, no row
                self._report(error)
                asked_s = error.after_s if isinstance(error, TargetError) else 0.0
                # Not every gateway should come back at the same moment, and none too early.
                spread = random.uniform(1.0, 1.5)  # noqa: S311  # no secret
                pause_s = max(asked_s, wait_s) * spread
                wait_s = min(2 * wait_s, _LAST_RETRY_S)
            else:
                wait_s = _FIRST_RETRY_S
                if not self._is_away:
                    self._works()
            await asyncio.sleep(pause_s)

    async def _forward(self) -> float:
        """Send what is next; gives the seconds until there may be more."""
        progress = await self._look()
        live = await self._history.ask(source.after, progress.live, self._reach)
        took = await self._send(live, self._counted(live, progress.sent_live))
        if progress.has_gap:
            missed = await self._history.ask(source.after, progress.low, self._reach)
            missed = [row for row in missed if row.seq <= progress.missed]
            done = self._counted(missed, progress.sent_missed)
            await self._send(missed, done, proven=took)
            if missed:
                self._oldest = missed[-1].ts
            else:  # the rest of them was let go
                progress.sent_missed(progress.missed)
        await self._remember(progress.confirmed)
        self._reach = self._batch
        if len(live) >= self._batch and not self._backlog:
            self._was_away = True  # more has come at once than is live, such as by an import
        if progress.has_gap or len(live) >= self._batch:
            return _CATCH_UP_S
        self._backlog, self._oldest = 0, None
        return _LOOK_S

    async def _look(self) -> Progress:
        """How far it is; after a pause of any kind, what was missed waits for what is new."""
        if self._progress is None:
            seq = await self._history.change(
                source.begin, self.name, int(time.time()), from_start=self._from_start
            )
            self._progress = Progress(seq, in_order=self._target.in_order)
            self._remembered = seq
            self._was_away = True
        if self._was_away:
            found = await self._history.ask(source.outlook, self.name, self._progress.confirmed)
            self._backlog, self._lost, self._oldest = found.backlog, found.lost, found.oldest
            self._progress.look_ahead(found.last)
            self._was_away = False
        return self._progress

    def _counted(self, rows: Sequence[Row], done: Callable[[int], None]) -> Callable[[int], None]:
        """The function that also takes from the backlog what is done of these rows."""
        left = len(rows)

        def settle(seq: int) -> None:
            nonlocal left
            still = sum(row.seq > seq for row in rows)
            self._backlog = max(0, self._backlog - (left - still))
            left = still
            done(seq)

        return settle

    async def _send(
        self, rows: Sequence[Row], done: Callable[[int], None], *, proven: bool = False
    ) -> bool:
        """Hand over rows; those that are refused for good are found and set aside.

        ``done`` is told the last number of each part that need not be sent again. A refusal is
        believed once the target takes a row after it: one that refuses everything has another
        fault, and then the rows wait. A row that it passes over proves nothing; what it took a
        moment before does, if ``proven``. Gives whether it took anything.
        """
        parts = [rows[at : at + self._batch] for at in range(0, len(rows), self._batch)][::-1]
        refused: list[tuple[Row, RefusedError]] = []
        took = False
        while parts and len(refused) < _IN_A_ROW:
            part = parts.pop()
            try:
                taken = await run_detached(self._hand_over, part)
            except RefusedError as error:
                if len(part) == 1:
                    refused.append((part[0], error))
                else:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                continue
            if taken:
                took = True
                self._took(taken)
            if taken or not refused:
                await self._set_aside(refused)
                done(part[-1].seq)
        if refused and proven and len(refused) < _IN_A_ROW:
            await self._set_aside(refused)
            done(rows[-1].seq)
        if refused:
            if len(rows) == self._reach:  # the row that proves it may be farther away
                self._reach = min(2 * self._reach, _FARTHEST)
            raise TargetError(str(refused[0][1]))
        return took

    async def _set_aside(self, refused: list[tuple[Row, RefusedError]]) -> None:
        """What is refused for good is set aside, and no longer looked for."""
        for row, refusal in refused:
            await asyncio.to_thread(self._refusals.add, row, str(refusal))
        refused.clear()

    def _took(self, rows: int) -> None:
        self._sent += rows
        self._recent.append((time.monotonic(), rows))
        self._works()

    def _hand_over(self, rows: Sequence[Row]) -> int:
        """Give rows to the target; how many it took."""
        with self._in_turn:
            taken = self._target.send(rows)
        return taken if isinstance(taken, int) else len(rows)

    def _close(self) -> None:
        with self._in_turn:
            self._target.close()

    async def _remember(self, seq: int) -> None:
        if seq != self._remembered:
            await self._history.change(outbox.move_cursor, self.name, seq, int(time.time()))
            self._remembered = seq

    def _works(self) -> None:
        self._is_away = False
        if self._problem:
            log.info("%s: rows go to %s again", self.name, self._target.address)
            self._problem = ""

    def _report(self, error: Exception) -> None:
        """Keep a problem for the status and log it once."""
        self._failed += 1
        self._was_away = True
        self._is_away = isinstance(error, TargetError)
        ours = not isinstance(error, GatewayError)
        problem = f"a fault of this program: {type(error).__name__}" if ours else str(error)
        if problem != self._problem:
            self._problem = problem
            log.error(
                "%s: %s; the rows wait in the history",
                self.name,
                problem,
                exc_info=error if ours else None,
            )
