"""Where the settings of a gateway come from, as the page sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from teleinfo_gateway.errors import Fault

__all__ = ["NoFile", "Source"]


class Source(Protocol):
    """A file that can be read again, or none."""

    @property
    def path(self) -> Path | None:
        """The file, if there is one."""

    @property
    def loaded_at(self) -> datetime:
        """When the settings in use were read."""

    async def reload(self) -> Sequence[Fault]:
        """Read the file again and take what it says; with a fault nothing changes."""


class NoFile:
    """Settings that are in no file."""

    path = None

    def __init__(self) -> None:
        self.loaded_at = datetime.now(UTC)

    async def reload(self) -> Sequence[Fault]:
        """There is nothing to read."""
        return ()
