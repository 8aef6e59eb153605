"""The configuration file as the page shows it, and reading it again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.config import load_config
from teleinfo_gateway.errors import ConfigError, Fault
from teleinfo_gateway.web.answers import answer
from teleinfo_gateway.web.masking import masked
from teleinfo_gateway.web.openapi import Operation
from teleinfo_gateway.web.records import Configuration, Reloaded
from teleinfo_gateway.web.source import Source

__all__ = ["ConfigurationApi"]

_MAX_BYTES = 262_144  # what the configuration may have


class ConfigurationApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.operations = (
            Operation(
                "GET",
                "/api/configuration",
                self.configuration,
                "The configuration file as it is now, without its secrets, and its faults",
                Configuration,
            ),
            Operation(
                "POST",
                "/api/reload",
                self.reload,
                "Read the configuration file again, as SIGHUP does",
                Reloaded,
                refusals={409: "The gateway runs without a file."},
            ),
        )

    async def configuration(self, _request: Request) -> Response:
        """``GET /api/configuration``."""
        path, loaded_at = self._source.path, self._source.loaded_at
        if path is None:
            return answer(Configuration(None, "", (), loaded_at))
        text, faults = await asyncio.to_thread(_look, path)
        return answer(Configuration(str(path.absolute()), text, faults, loaded_at))

    async def reload(self, _request: Request) -> Response:
        """``POST /api/reload``."""
        if self._source.path is None:
            raise HTTPException(409, "there is no configuration file to read again")
        return answer(Reloaded(await self._source.reload()))


def _look(path: Path) -> tuple[str, tuple[Fault, ...]]:
    """The text of a file, empty if it cannot be read, and what is wrong with it."""
    faults: tuple[Fault, ...] = ()
    try:
        load_config(path)
    except ConfigError as error:
        faults = error.faults
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError:  # a fault says so
        return "", faults
    return masked(raw.decode(errors="replace")), faults
