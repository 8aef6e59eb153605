"""The boards that people put together of widgets: one file, kept in the state folder."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.web.answers import answer
from teleinfo_gateway.web.bodies import MAX_BODY, read_model
from teleinfo_gateway.web.openapi import Operation

__all__ = ["Board", "Boards", "BoardsApi", "BoardsError", "Stale", "Widget", "read", "write"]

log = logging.getLogger(__name__)

_FILE = "boards.json"

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Word = Annotated[str, Field(min_length=1, max_length=64)]
_Scalar = (
    bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=500)]
    | None
)


class BoardsError(GatewayError):
    """The boards cannot be read or kept; the text says where, why and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Widget(_Strict):
    """A widget: what it shows of what, and the cells of the grid that it covers."""

    id: _Id
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    meter: _Word | None
    sensor: _Word | None
    options: Annotated[
        dict[_Word, _Scalar | Annotated[list[_Scalar], Field(max_length=20)]],
        Field(max_length=20),
    ]
    x: Annotated[int, Field(ge=0, le=99)]
    y: Annotated[int, Field(ge=0, le=9999)]
    w: Annotated[int, Field(ge=1, le=100)]
    h: Annotated[int, Field(ge=1, le=100)]


class Board(_Strict):
    """A board: up to 50 widgets, each with an ``id`` of its own."""

    id: _Id
    name: Annotated[str, Field(min_length=1, max_length=100)]
    widgets: Annotated[list[Widget], Field(max_length=50)]

    @field_validator("widgets")
    @classmethod
    def _each_once(cls, widgets: list[Widget]) -> list[Widget]:
        if len({one.id for one in widgets}) < len(widgets):
            raise ValueError("two widgets have the same id")
        return widgets


class Boards(_Strict):
    """All boards, up to 20, each with an ``id`` of its own.

    ``version`` rises by one with each change, from 0; who sends boards tells the one they changed.
    """

    version: Annotated[int, Field(ge=0, le=2**53)]
    boards: Annotated[list[Board], Field(max_length=20)]

    @field_validator("boards")
    @classmethod
    def _each_once(cls, boards: list[Board]) -> list[Board]:
        if len({one.id for one in boards}) < len(boards):
            raise ValueError("two boards have the same id")
        return boards


class Stale(_Strict):
    """Somebody else changed the boards: ``version`` is that of now."""

    error: str
    version: int


class BoardsApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._one_at_a_time = asyncio.Lock()
        unusable = {503: "They cannot be read or kept; the answer says why."}
        self.operations = (
            Operation("GET", "/api/boards", self.boards, "The boards", Boards, unusable),
            Operation(
                "PUT",
                "/api/boards",
                self.keep,
                "Keep other boards instead",
                Boards,
                {
                    400: "The body is not what is taken here; the answer says why.",
                    408: "The body did not come.",
                    409: "They were changed meanwhile: ask for them, and change those.",
                    411: "The body has no Content-Length.",
                    413: f"The body has more than {MAX_BODY} bytes.",
                    **unusable,
                },
                body=Boards,
                conflict=Stale,
                large=True,
            ),
        )

    async def boards(self, _request: Request) -> Response:
        """``GET /api/boards``."""
        async with self._one_at_a_time:
            return answer(await self._read())

    async def keep(self, request: Request) -> Response:
        """``PUT /api/boards``."""
        sent = await read_model(request, Boards)
        async with self._one_at_a_time:
            present = (await self._read()).version
            if sent.version != present:
                error = f"the boards have version {present} now: they were changed elsewhere"
                return answer(Stale(error=error, version=present), 409)
            kept = Boards(version=present + 1, boards=sent.boards)
            try:
                await asyncio.to_thread(write, self._folder() / _FILE, kept)
            except BoardsError as error:
                raise HTTPException(503, str(error)) from error
        return answer(kept)

    async def _read(self) -> Boards:
        try:
            return await asyncio.to_thread(read, self._folder() / _FILE)
        except BoardsError as error:
            raise HTTPException(503, str(error)) from error


def read(path: Path) -> Boards:
    """The boards of a file; none if there is no file, or if it is damaged: then it is put aside.

    Raises :class:`BoardsError`.
    """
    try:
        return Boards.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Boards(version=0, boards=[])
    except OSError as error:
        raise BoardsError(
            f"the boards cannot be read from {path} ({error.strerror}): give the user of the "
            f"gateway the right to read and write there"
        ) from error
    except ValidationError:
        _put_aside(path)
        return Boards(version=0, boards=[])


def write(path: Path, boards: Boards) -> None:
    """Keep boards in a file, all or nothing whatever happens. Raises :class:`BoardsError`."""
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.unlink(missing_ok=True)  # of a gateway that was killed
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(boards.model_dump_json(indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise BoardsError(
            f"the boards cannot be kept in {path} ({error.strerror}): they are as they were"
        ) from error


def _put_aside(path: Path) -> None:
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    try:
        path.replace(aside)
    except OSError as error:
        raise BoardsError(
            f"{path} is damaged, and cannot be put aside ({error.strerror}): move it away"
        ) from error
    log.warning("the boards in %s were damaged: the file is kept as %s", path, aside)


def _sync(folder: Path) -> None:
    """Have the new name of a file on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
