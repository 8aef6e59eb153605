"""Calls that may block for ever, kept away from the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_abandoned: dict[str, tuple[threading.Thread, float]] = {}
"""Calls that nobody waits for any more, and when they began: one for each name."""


def hangs(name: str, after_s: float) -> bool:
    """Whether a call of this name was given up and has gone on for so long.

    Another one would hang as well, and cost another thread.
    """
    thread, began_s = _abandoned.get(name, (None, 0.0))
    if thread is not None and not thread.is_alive():
        del _abandoned[name]
    return name in _abandoned and time.monotonic() - began_s >= after_s


async def in_thread(name: str, call: Callable[[], T], discard: Callable[[T], object]) -> T:
    """The result of ``call``, made in a thread that cannot keep the program from ending.

    An executor would wait for a driver that hangs. If the caller gave up meanwhile, a result that
    comes late is given to ``discard``.
    """
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    began_s = time.monotonic()
    thread = _start(name, call, discard, future)
    try:
        return await future
    except asyncio.CancelledError:
        if future.cancelled():
            _abandoned[name] = (thread, began_s)
        elif future.exception() is None:  # it came in the very moment of giving up
            discard(future.result())
        raise


def _start(
    name: str, call: Callable[[], T], discard: Callable[[T], object], future: asyncio.Future[T]
) -> threading.Thread:
    """The thread that settles ``future``."""
    loop = future.get_loop()

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

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
