"""Work that may hang, in a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

__all__ = ["run_detached"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def run_detached(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Like ``asyncio.to_thread``, but neither a cancel nor the end of the program waits for it."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if outcome.done():  # cancelled
            return
        if error is None:
            outcome.set_result(result)  # type: ignore[arg-type]  # there is one without an error
        else:
            outcome.set_exception(error)

    def run() -> None:
        result, problem = None, None
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            problem = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name=function.__qualname__, daemon=True).start()
    return await outcome
