"""The HTTP servers of a gateway: its page and API, and where other machines send readings."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from teleinfo_gateway.config import IngestConfig, WebConfig
from teleinfo_gateway.config.settings import Listening
from teleinfo_gateway.config.web import IN_THE_CLEAR
from teleinfo_gateway.errors import GatewayError, MissingExtraError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web import tls
from teleinfo_gateway.web.source import NoFile, Source

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from teleinfo_gateway.web.access import Access, Keys

__all__ = ["HttpServer", "IngestServer", "ListenError", "WebServer"]

log = logging.getLogger(__name__)

_EXTRA = {"starlette", "uvicorn"}


class ListenError(GatewayError):
    """The configured address cannot be listened on; the text says why and what to do."""


_Config = TypeVar("_Config", bound=Listening)


class HttpServer(ABC, Generic[_Config]):
    """Serves an application on the running event loop. Stop it before the manager.

    ``what`` and ``section`` are what messages call it and where its address is configured.
    """

    what: ClassVar[str]
    section: ClassVar[str]

    def __init__(self, manager: PluginManager, config: _Config) -> None:
        self._manager = manager
        self._config = config
        self._access: Access | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def config(self) -> _Config:
        """What it serves by."""
        return self._config

    def renew(self) -> None:
        """Read the files again that the settings name; raises GatewayError, and changes nothing."""
        keys = self._keys()
        if self._access is not None:
            self._access.renew(keys)

    @abstractmethod
    def _keys(self) -> Keys:
        """What lets in who asks; raises SecretError if a part of it cannot be had."""

    def _tls(self) -> ssl.SSLContext | None:
        """What connections are encrypted by, if they are; raises GatewayError if it cannot be."""
        return None

    @abstractmethod
    def _application(self) -> ASGIApp:
        """What is served; raises GatewayError if it cannot be."""

    async def start(self) -> None:
        """Listen. Raises :class:`MissingExtraError`, :class:`ListenError`, what the kind has more.

        The web packages are imported here, so that a gateway without HTTP does not carry them.
        """
        try:
            from teleinfo_gateway.web.embedded import EmbeddedServer  # noqa: PLC0415  # see above

            app, tls = self._application(), self._tls()
        except ModuleNotFoundError as error:
            if error.name not in _EXTRA:
                raise
            raise MissingExtraError(f"the {self.what}", "web") from error
        listener = self._listen()
        self._server = EmbeddedServer(app, tls)
        self._task = asyncio.create_task(self._server.serve([listener]), name=self.section)
        log.info("%s: http%s://%s/", self.what, "s" if tls else "", self._config.listen)

    async def stop(self) -> None:
        """End the event streams and the requests in progress, and free the port.

        Takes less than half a second, or 1.3 s if a client takes nothing of what is sent to it.
        """
        if self._task is not None:
            self._stopping.set()
            self._server.should_exit = True
            await self._task
            self._task = None

    def _listen(self) -> socket.socket:
        # localhost is looked up nowhere: it is this machine by definition (RFC 6761 section 6.3).
        host = self._config.host
        host = "127.0.0.1" if host.lower() == "localhost" else host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Every address means IPv4 too.
        both = host == "::" and socket.has_dualstack_ipv6()
        try:
            return socket.create_server(
                (host, self._config.port), family=family, dualstack_ipv6=both
            )
        except OSError as error:
            raise ListenError(self._advice(error)) from error

    def _advice(self, error: OSError) -> str:
        head = f"the {self.what} cannot listen on {self._config.listen}"
        setting = f"{self.section}.listen"
        if error.errno == errno.EADDRINUSE:
            return (
                f"{head}: another program uses this port, maybe another gateway "
                f"(ss -ltnp 'sport = :{self._config.port}' says which). Stop it, or set {setting} "
                f"to another port"
            )
        if error.errno == errno.EACCES:
            return f"{head}: a port below 1024 needs root. Set {setting} to a higher port"
        if isinstance(error, socket.gaierror):
            reason = error.strerror
        else:
            reason = os.strerror(error.errno) if error.errno else str(error)
        return f"{head}: {reason}. Set {setting} to another address of this machine"


class WebServer(HttpServer[WebConfig]):
    """The page and the HTTP API; ``source`` is where the configuration comes from."""

    what = "HTTP API"
    section = "web"

    def __init__(
        self, manager: PluginManager, config: WebConfig, source: Source | None = None
    ) -> None:
        super().__init__(manager, config)
        self._source = source or NoFile()
        self._context: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Listen; a network that can read along is told of."""
        await super().start()
        if self._config.is_in_the_clear:
            log.warning("%s: %s", self.what, IN_THE_CLEAR)

    def renew(self) -> None:
        """Take the keys and the certificate that the files hold now."""
        self._keys()  # raises before half of it is taken
        if self._config.tls is not None and self._context is not None:
            tls.load(self._context, self._config.tls)
        super().renew()

    def _keys(self) -> Keys:
        from teleinfo_gateway.web.access import keys_of  # noqa: PLC0415  # see start

        return keys_of(self._config)

    def _tls(self) -> ssl.SSLContext | None:
        self._context = None if self._config.tls is None else tls.tls_context(self._config.tls)
        return self._context

    def _application(self) -> ASGIApp:
        from teleinfo_gateway.web.access import Access  # noqa: PLC0415  # see start
        from teleinfo_gateway.web.app import create_app  # noqa: PLC0415  # see start

        # Cookies are those of a host, whatever the port: each gateway of a host needs its own.
        self._access = Access(self._keys(), f"teleinfo-{self._config.port}")
        return create_app(self._manager, self._stopping, self._config, self._access, self._source)


class IngestServer(HttpServer[IngestConfig]):
    """Takes in readings of other machines."""

    what = "intake of readings"
    section = "ingest"

    def _keys(self) -> Keys:
        from teleinfo_gateway.web.ingest import keys_of  # noqa: PLC0415  # see start

        return keys_of(self._config)

    def _application(self) -> ASGIApp:
        from teleinfo_gateway.web.access import Access  # noqa: PLC0415  # see start
        from teleinfo_gateway.web.ingest import create_app  # noqa: PLC0415  # see start

        self._access = Access(self._keys())
        return create_app(self._manager, self._access)
