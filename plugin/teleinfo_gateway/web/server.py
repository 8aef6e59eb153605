"""The HTTP server of a gateway."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket

from teleinfo_gateway.config import WebConfig
from teleinfo_gateway.errors import GatewayError, MissingExtraError
from teleinfo_gateway.manager import PluginManager

__all__ = ["ListenError", "WebServer"]

log = logging.getLogger(__name__)

_EXTRA = {"starlette", "uvicorn"}


class ListenError(GatewayError):
    """The configured address cannot be listened on; the text says why and what to do."""


class WebServer:
    """Serves the HTTP API of ``manager`` on the running event loop. Stop it before the manager."""

    def __init__(self, manager: PluginManager, config: WebConfig) -> None:
        self._manager = manager
        self._config = config
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises :class:`MissingExtraError` and :class:`ListenError`.

        The web packages are imported here, so that a gateway without HTTP does not carry them.
        """
        try:
            from teleinfo_gateway.web.app import create_app  # noqa: PLC0415  # see above
            from teleinfo_gateway.web.embedded import EmbeddedServer  # noqa: PLC0415  # see above
        except ModuleNotFoundError as error:
            if error.name not in _EXTRA:
                raise
            raise MissingExtraError("the HTTP API", "web") from error
        listener = _listen(self._config)
        self._server = EmbeddedServer(create_app(self._manager, self._stopping))
        self._task = asyncio.create_task(self._server.serve([listener]), name="web")
        log.info("HTTP API: http://%s/", self._config.listen)

    async def stop(self) -> None:
        """End the event streams and the requests in progress, and free the port.

        Takes less than half a second, or 1.3 s if a client takes nothing of what is sent to it.
        """
        if self._task is not None:
            self._stopping.set()
            self._server.should_exit = True
            await self._task
            self._task = None


def _listen(config: WebConfig) -> socket.socket:
    # localhost is looked up nowhere: it is this machine by definition (RFC 6761 section 6.3).
    host = "127.0.0.1" if config.host.lower() == "localhost" else config.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, config.port), family=family)
    except OSError as error:
        raise ListenError(_advice(config, error)) from error


def _advice(config: WebConfig, error: OSError) -> str:
    head = f"the HTTP API cannot listen on {config.listen}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{head}: another program uses this port, maybe another gateway "
            f"(ss -ltnp 'sport = :{config.port}' says which). Stop it, or set web.listen to "
            f"another port"
        )
    if error.errno == errno.EACCES:
        return f"{head}: a port below 1024 needs root. Set web.listen to a higher port"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{head}: {reason}. Set web.listen to another address of this machine"
