"""The live stream: what happens on the bus as server-sent events.

A stream begins with the event ``meters``, the state of every meter; ``reading``, ``status`` and
``link`` follow. Nothing is kept for who reconnects: the state at the beginning is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pydantic_core import to_json
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.answers import failure
from teleinfo_gateway.web.representation import event, meter_states

__all__ = ["MAX_STREAMS", "EventStreams"]

MAX_STREAMS = 32
"""Open streams: more than the pages of a home, few enough for a small machine."""

_KEEP_ALIVE_S = 15.0
"""Between two comments, which keep proxies from closing a quiet stream; also how long a client may
take nothing before it is let go."""

_QUEUE = 100
"""Events a client may lag behind; then the oldest are lost and it gets ``meters`` again."""

_LOOK_S = 0.5
"""Between two looks whether a client may still read: its login or its token may have ended."""

_LAST_SEND_S = 0.2
"""For the end of a stream, so that a client that takes nothing does not hold up the gateway's."""

_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8")]


class EventStreams:
    """An ASGI application: each call is one stream, and all end when ``stopping`` is set.

    ``may_go_on`` tells whether who asked for one may still read it.
    """

    def __init__(
        self,
        manager: PluginManager,
        stopping: asyncio.Event,
        may_go_on: Callable[[HTTPConnection], bool],
    ) -> None:
        self._manager = manager
        self._stopping = stopping
        self._may_go_on = may_go_on
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream, or say that there are too many."""
        if self._open >= MAX_STREAMS:
            error = f"{MAX_STREAMS} clients read events already: close one"
            await failure(503, error, {"Retry-After": "30"})(scope, receive, send)
            return
        self._open += 1
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await self._stream(HTTPConnection(scope), receive, send)
        finally:
            self._open -= 1
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SEND_S):
                await send({"type": "http.response.body"})

    async def _stream(self, request: HTTPConnection, receive: Receive, send: Send) -> None:
        """Return when the client is gone, takes nothing or may not, or when the gateway stops."""
        ends = (
            self._tell(send),
            self._admitted(request),
            _keep_alive(send),
            _left(receive),
            self._stopping.wait(),
        )
        tasks = [asyncio.ensure_future(end) for end in ends]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()  # raises what ended it, if that was a fault

    async def _admitted(self, request: HTTPConnection) -> None:
        """Return when the client may not read any more."""
        while self._may_go_on(request):  # noqa: ASYNC110  # sessions end by time too, with no event
            await asyncio.sleep(_LOOK_S)

    async def _tell(self, send: Send) -> None:
        """Send events for ever."""
        subscription = self._manager.bus.subscribe(_QUEUE, name="events")
        try:
            await send(_chunk(b"retry: 3000\n\n"))
            await send(_event("meters", meter_states(self._manager)))
            lost = 0
            async for item in subscription:
                if subscription.lost > lost:
                    lost = subscription.lost
                    await send(_event("meters", meter_states(self._manager)))
                await send(_event(*event(item)))
        finally:
            self._manager.bus.unsubscribe(subscription)


async def _keep_alive(send: Send) -> None:
    """Send a comment now and then, until the client does not take it."""
    with suppress(TimeoutError):
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            async with asyncio.timeout(_KEEP_ALIVE_S):
                await send(_chunk(b":\n\n"))


async def _left(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, data: object) -> Message:
    """JSON without line breaks is one ``data:`` line."""
    return _chunk(b"event: %b\ndata: %b\n\n" % (name.encode(), to_json(data)))


def _chunk(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}
