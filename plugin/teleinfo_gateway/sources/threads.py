"""Calls that may block for ever, kept away from the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(name: str, call: Callable[[], T], discard: Callable[[T], object]) -> T:
    """The result of ``call``, made in a thread that cannot keep the program from ending.

    An executor would wait for a driver that hangs. If the caller gave up meanwhile, a result that
    comes late is given to ``discard``.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if error is not None:
            if not future.done():
                future.set_exception(error)
        elif result is not None:
            if future.done():
                discard(result)
            else:
                future.set_result(result)

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001  # carried to the caller, who names it
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:  # the loop has ended
            if result is not None:
                discard(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
