"""A gateway that runs: the manager, the HTTP servers and the signals that end or reload them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from teleinfo_gateway.config import Config, load_config
from teleinfo_gateway.errors import ConfigError, Fault, GatewayError
from teleinfo_gateway.finder import Found, Search, devices_of, meters_of, usual_ports
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.server import HttpServer, IngestServer, WebServer

log = logging.getLogger(__name__)

_SEARCH_AGAIN_S = 10.0


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def heed_hangups(stop: asyncio.Event, read_again: Callable[[], None] | None) -> None:
    """Have SIGHUP call ``read_again``; it sets ``stop`` if it tells that the terminal was closed.

    One that came while the program started, and was held back, is heeded now.
    """
    attended = _has_terminal()

    def on_hangup() -> None:
        if attended and not _has_terminal():
            stop.set()
        elif read_again is None:
            log.warning("SIGHUP: there is no configuration file to read again")
        else:
            read_again()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def _has_terminal() -> bool:
    """Whether a person's terminal controls this process."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Service:
    """Runs a configuration until it is told to stop; SIGHUP and the page read ``path`` again.

    ``loaded_at`` tells when the settings in use were read.
    """

    def __init__(self, config: Config, path: Path | None, *, demonstration: bool = False) -> None:
        self._config = config
        self.path = path
        self.loaded_at = datetime.now(UTC)
        self.manager = PluginManager(
            config,
            demonstration=demonstration,
            read_again=None if path is None else self.reload,
        )
        self._servers: dict[str, HttpServer[Any]] = {}
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, *, search: bool = False) -> None:
        """Run until ``stop``; with ``search``, look for meters until there is one."""
        heed_hangups(stop, None if self.path is None else lambda: self._begin(self._reload()))
        self.manager.start()
        await self._serve()
        if search:
            self._begin(self._search())
        await stop.wait()
        # For good: a reload that is under way is finished, and no other one begins.
        await self._reloading.acquire()
        for task in self._tasks:
            task.cancel()
        for server in self._servers.values():
            await server.stop()
        await self.manager.stop()
        log.info("stopped")

    async def reload(self) -> Sequence[Fault]:
        """Read the file again; a faulty one changes nothing, and its faults are returned.

        The HTTP servers follow a moment later: one of them may wait for this.
        """
        if self.path is None:
            return ()
        async with self._reloading:
            try:
                config = load_config(self.path)
            except ConfigError as error:
                log.error("not reloaded, the old settings stay:\n%s", error)
                return error.faults
            await self.manager.reload(config)
            self._config = config
            self.loaded_at = datetime.now(UTC)
        self._begin(self._serve_anew())
        return ()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done until the gateway stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self) -> None:
        await self.reload()

    async def _serve_anew(self) -> None:
        """Let the servers follow the configuration; the unchanged ones read their files again."""
        async with self._reloading:
            for section, server in list(self._servers.items()):
                if server.config != getattr(self._config, section):
                    await self._servers.pop(section).stop()
                    continue
                try:
                    server.renew()
                except GatewayError as error:
                    log.error("%s: the old keys and certificate stay: %s", server.what, error)
            await self._serve()

    async def _serve(self) -> None:
        """Start the servers that do not run; they are not worth dying for."""
        config = self._config
        servers: list[HttpServer[Any]] = []
        if config.web is not None:
            servers.append(WebServer(self.manager, config.web, self))
        if config.ingest is not None:
            servers.append(IngestServer(self.manager, config.ingest))
        for server in servers:
            if server.section in self._servers:
                continue
            try:
                await server.start()
            except GatewayError as error:
                log.error("no %s: %s", server.what, error)
            else:
                self._servers[server.section] = server

    async def _search(self) -> None:
        """Look for meters again and again until one talks, then read it."""
        search = Search()
        found: list[Found] = []
        while not found:
            await asyncio.sleep(_SEARCH_AGAIN_S)
            news = await search.look(usual_ports())
            for port in news:
                log.info("%s", port.text)
            found = meters_of(news)
        async with self._reloading:
            devices = devices_of(found)
            await self.manager.reload(self._config.model_copy(update={"devices": devices}))
