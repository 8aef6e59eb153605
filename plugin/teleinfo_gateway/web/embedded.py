"""uvicorn inside our own event loop: quiet, and leaving signals to the gateway."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

__all__ = ["EmbeddedServer"]


class EmbeddedServer(uvicorn.Server):
    """Serves an application until :attr:`should_exit` is set."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                server_header=False,
                log_config=None,  # logging is set up by the command
                log_level="critical",  # faults of requests are logged by the application
                h11_max_incomplete_event_size=8192,  # a request's head; ours have a few hundred
                limit_concurrency=100,  # connections: 32 streams, the rest for short requests
                timeout_graceful_shutdown=1,  # for a client that takes nothing
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the gateway's own."""
        yield
