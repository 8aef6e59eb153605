"""A gateway that runs: the manager, the HTTP servers and the signals that end or reload them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

from teleinfo_gateway.config import Config, load_config
from teleinfo_gateway.errors import ConfigError, GatewayError
from teleinfo_gateway.finder import Found, Search, devices_of, meters_of, usual_ports
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.server import HttpServer, IngestServer, WebServer

log = logging.getLogger(__name__)

_SEARCH_AGAIN_S = 10.0

_SERVERS: tuple[type[HttpServer[Any]], ...] = (WebServer, IngestServer)


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _has_terminal() -> bool:
    """Whether a person's terminal controls this process."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Service:
    """Runs a configuration until it is told to stop; SIGHUP reads ``path`` again."""

    def __init__(self, config: Config, path: Path | None, *, demonstration: bool = False) -> None:
        self._config = config
        self._path = path
        self.manager = PluginManager(config, demonstration=demonstration)
        self._servers: dict[str, HttpServer[Any]] = {}
        self._reloading = asyncio.Lock()

    async def run(self, stop: asyncio.Event, *, search: bool = False) -> None:
        """Run until ``stop``; with ``search``, look for meters until there is one."""
        tasks: set[asyncio.Task[None]] = set()
        attended = _has_terminal()

        def on_hangup() -> None:
            if attended and not _has_terminal():
                stop.set()  # not a request: the terminal was closed
                return
            task = asyncio.create_task(self._reload())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)
        self.manager.start()
        await self._serve(self._config)
        if search:
            tasks.add(asyncio.create_task(self._search()))
        await stop.wait()
        for task in tasks:
            task.cancel()
        for server in self._servers.values():
            await server.stop()
        await self.manager.stop()
        log.info("stopped")

    async def _serve(self, config: Config) -> None:
        """Start the servers of a configuration that do not run; they are not worth dying for."""
        for kind in _SERVERS:
            settings = getattr(config, kind.section)
            if settings is None or kind.section in self._servers:
                continue
            server = kind(self.manager, settings)
            try:
                await server.start()
            except GatewayError as error:
                log.error("no %s: %s", kind.what, error)
            else:
                self._servers[kind.section] = server

    async def _reload(self) -> None:
        """Read the file again; a faulty one changes nothing."""
        if self._path is None:
            log.warning("SIGHUP: there is no configuration file to read again")
            return
        async with self._reloading:
            try:
                config = load_config(self._path)
            except ConfigError as error:
                log.error("not reloaded, the old settings stay:\n%s", error)
                return
            await self.manager.reload(config)
            for section in list(self._servers):
                if getattr(config, section) != getattr(self._config, section):
                    await self._servers.pop(section).stop()
            await self._serve(config)
            self._config = config

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
        await self.manager.reload(self._config.model_copy(update={"devices": devices_of(found)}))
