"""The one interface of all sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from teleinfo_gateway.errors import GatewayError

OPEN_TIMEOUT_S = 10.0
"""A driver or a server that has not answered by then is treated as absent."""


class SourceError(GatewayError):
    """A source cannot be opened or went away; the text says what to do where that is known."""


Receive = Callable[[bytes], None]
"""Called on the event loop with what has come, never empty."""


class Source(Protocol):
    """An open stream of bytes."""

    @property
    def gone(self) -> asyncio.Future[SourceError]:
        """Done when no more bytes will come; its result says why."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop receiving and free the port at once; may be called twice."""
        raise NotImplementedError
