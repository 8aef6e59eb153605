"""uvicorn inside our own event loop: quiet, and leaving signals to the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["EmbeddedServer"]

_HEAD_S = 30.0
"""For the first request of a connection to begin: browsers open some that they may never use, a
phone that leaves the home closes none of them, and each counts."""


class _Protocol(H11Protocol):
    """Lets go of who has asked nothing; uvicorn waits for ever for a first request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # as its own signature
        self._patience = self.loop.call_later(_HEAD_S, self._let_go)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _let_go(self) -> None:
        if self.scope is None:
            self.transport.abort()  # type: ignore[unreachable]  # None at first, whatever its type


class EmbeddedServer(uvicorn.Server):
    """Serves an application until :attr:`should_exit` is set; with ``tls``, by HTTPS."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                access_log=False,
                server_header=False,
                # A proxy on this machine says who asks it, and whether by TLS.
                forwarded_allow_ips="127.0.0.1,::1,::ffff:127.0.0.1",
                log_config=None,  # logging is set up by the command
                log_level="critical",  # faults of requests are logged by the application
                h11_max_incomplete_event_size=8192,  # a request's head; ours have a few hundred
                limit_concurrency=100,  # connections: 32 streams, the rest for short requests
                timeout_graceful_shutdown=1,  # for a client that takes nothing
            )
        )
        # uvicorn makes contexts of files alone, and asks the terminal for passphrases.
        self.config.load()
        self.config.ssl = tls

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the gateway's own."""
        yield
