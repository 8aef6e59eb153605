"""The body of a request: waited for only so long, and read into a model."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

__all__ = ["MAX_BODY", "read_body", "read_model"]

MAX_BODY = 256 * 1024
"""Bytes of the largest bodies: 100 frames of the longest kind, a day of one minute in small ones,
or twenty boards."""

_BODY_S = 10.0
"""For a body to come; each connection counts, and there are 100 at most."""

_M = TypeVar("_M", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """All of it; raises HTTPException 408 or 400 if it does not come."""
    try:
        async with asyncio.timeout(_BODY_S):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, "the body did not come", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None


async def read_model(request: Request, model: type[_M]) -> _M:
    """JSON as a model; raises HTTPException 400, which says what is wrong first, and where.

    What was sent is not repeated.
    """
    body = await read_body(request)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part)[:32] for part in first["loc"])
    raise HTTPException(400, f"{place or 'the body'}: {first['msg'][:200]}")
