"""The task of a durable output: reads behind its cursor, sends, remembers, tries again."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from teleinfo_gateway.detached import run_detached
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.forwarding import source
from teleinfo_gateway.forwarding.progress import Progress
from teleinfo_gateway.forwarding.refusals import Refusals
from teleinfo_gateway.forwarding.source import History
from teleinfo_gateway.forwarding.target import RefusedError, Row, Target, TargetError
from teleinfo_gateway.history import outbox

__all__ = ["Forwarder"]

log = logging.getLogger(__name__)

_LOOK_S = 60.0
"""Between two looks at the history, which then writes what it holds: once a minute."""

_BATCH = 1000  # rows of one request, some 200 kB
_CATCH_UP_S = 0.25  # between two batches of what was missed: 4000 rows a second at most
_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 300.0


class Forwarder:
    """A durable output: hands every row of the history to a target, once it was kept.

    A fault of the target never leaves this object: it shows in :meth:`state`, and the rows wait in
    the history.
    """

    def __init__(self, name: str, target: Target, history: History) -> None:
        self.name = name
        self._target = target
        self._history = history
        self._refusals = Refusals(name)
        self._progress: Progress | None = None
        self._sent = self._failed = self._lost = self._backlog = 0
        self._oldest: datetime | None = None
        self._was_away = True
        self._problem = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for rows."""
        self._task = asyncio.create_task(self._run(), name=f"output {self.name}")

    async def stop(self) -> None:
        """End; what is on its way may arrive, and is then sent again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            self._target.close()

    def state(self) -> Mapping[str, str | int | bool]:
        """Where rows go, how many wait since when, what was refused or lost, what is wrong."""
        return {
            "target": self._target.address,
            "sent": self._sent,
            "failed": self._failed,
            "backlog": self._backlog,
            "oldest": self._oldest.isoformat() if self._oldest else "",
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
            except Exception as error:  # noqa: BLE001  # the outermost frame: it costs time, no row
                self._failed += 1
                self._report(error)
                asked_s = error.after_s if isinstance(error, TargetError) else 0.0
                # Not every gateway should come back at the same moment.
                pause_s = max(asked_s, wait_s) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
                wait_s = min(2 * wait_s, _LAST_RETRY_S)
            else:
                wait_s = _FIRST_RETRY_S
            await asyncio.sleep(pause_s)

    async def _forward(self) -> float:
        """Send what is next; gives the seconds until there may be more."""
        progress = await self._look()
        live = await self._history.ask(source.after, progress.live, _BATCH)
        if live:
            await self._send(live)
            progress.sent_live(live[-1].seq)
            await self._remember(progress)
        if progress.has_gap:
            missed = await self._history.ask(source.after, progress.low, _BATCH)
            missed = [row for row in missed if row.seq <= progress.missed]
            if missed:
                await self._send(missed)
            progress.sent_missed(missed[-1].seq if missed else progress.missed)
            await self._remember(progress)
        if progress.has_gap or len(live) == _BATCH:
            return _CATCH_UP_S
        self._backlog, self._oldest = 0, None
        return _LOOK_S

    async def _look(self) -> Progress:
        """How far it is; after a pause of any kind, what was missed waits for what is new."""
        if self._progress is None:
            seq = await self._history.change(source.begin, self.name, int(time.time()))
            self._progress = Progress(seq, in_order=self._target.in_order)
        if self._was_away:
            found = await self._history.ask(source.outlook, self.name)
            self._backlog, self._lost = found.backlog, found.lost
            self._oldest = (
                None if found.oldest is None else datetime.fromtimestamp(found.oldest, UTC)
            )
            self._progress.look_ahead(found.last)
            self._was_away = False
        return self._progress

    async def _send(self, rows: Sequence[Row]) -> None:
        """Hand over rows; those that are refused for good are set aside."""
        try:
            await run_detached(self._target.send, rows)
        except RefusedError as error:
            if len(rows) == 1:
                await asyncio.to_thread(self._refusals.add, rows[0], str(error))
                return
            middle = len(rows) // 2
            await self._send(rows[:middle])
            await self._send(rows[middle:])
            return
        self._sent += len(rows)
        self._backlog = max(0, self._backlog - len(rows))
        if self._problem:
            log.info("%s: %s takes rows again", self.name, self._target.address)
            self._problem = ""

    async def _remember(self, progress: Progress) -> None:
        await self._history.change(
            outbox.move_cursor, self.name, progress.confirmed, int(time.time())
        )

    def _report(self, error: Exception) -> None:
        """Keep a problem for the status and log it once."""
        self._was_away = True
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
