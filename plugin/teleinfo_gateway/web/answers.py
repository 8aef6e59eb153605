"""JSON answers: records and failures."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.web.records import Failure

__all__ = ["answer", "failure", "failure_of"]

_PLAIN_WORDS = {
    404: "there is nothing at this path; GET / lists what there is",
    405: "this path does not take this method; the header Allow says which it takes",
}


def answer(record: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A record, or a list or mapping of records, as JSON."""
    return Response(to_json(record), status, headers, media_type="application/json")


def failure(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says why there is no other."""
    return answer(Failure(error), status, headers)


async def failure_of(_request: Request, error: Exception) -> Response:
    """The answer to a request that ended with ``error``: of HTTP, or a meter that is not there."""
    if not isinstance(error, HTTPException):
        return failure(404, str(error))
    routing = error.detail in {"Not Found", "Method Not Allowed"}  # Starlette's own
    return failure(
        error.status_code,
        _PLAIN_WORDS[error.status_code] if routing else error.detail,
        error.headers,
    )
