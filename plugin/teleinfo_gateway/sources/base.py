"""The one interface of all sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from teleinfo_gateway.errors import GatewayError

OPEN_TIMEOUT_S = 10.0
"""A driver or a server that has not answered by then is treated as absent."""


class Way(StrEnum):
    """How bytes come here, which says where the wires and the speed are to be looked after."""

    PORT = "port"  # of this machine
    SERVER = "server"  # a stream from whoever reads the port
    DATAGRAMS = "datagrams"  # whole frames from whoever reads the port


class Trouble(StrEnum):
    """What keeps a source from being read, as far as somebody can do something about it."""

    ABSENT = "absent"  # there is no such port, or no device behind its name
    BUSY = "busy"  # another program has it
    DENIED = "denied"  # the user may not open it
    OTHER = "other"


class SourceError(GatewayError):
    """A source cannot be opened or went away; the text says what to do where that is known."""

    def __init__(self, text: str, trouble: Trouble = Trouble.OTHER) -> None:
        self.trouble = trouble
        super().__init__(text)


Receive = Callable[[bytes], None]
"""Called on the event loop with what has come, never empty."""


class Source(Protocol):
    """An open stream of bytes."""

    @property
    def gone(self) -> asyncio.Future[SourceError]:
        """Done when no more bytes will come; its result says why."""
        raise NotImplementedError

    @property
    def overruns(self) -> int | None:
        """Bytes that the kernel lost since the source was opened; ``None`` if nobody counts."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop receiving and free the port at once; may be called twice."""
        raise NotImplementedError
