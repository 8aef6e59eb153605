"""JSON answers: records and failures; and the application that gives them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from teleinfo_gateway.manager import UnknownMeterError
from teleinfo_gateway.web.records import Failure

__all__ = ["answer", "application", "failure"]

log = logging.getLogger(__name__)

_PLAIN_WORDS = {
    404: "there is nothing at this path; GET /api lists what there is",
    405: "this path does not take this method; the header Allow says which it takes",
}


def answer(record: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A record, or a list or mapping of records, as JSON."""
    return Response(to_json(record), status, headers, media_type="application/json")


def failure(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says why there is no other."""
    return answer(Failure(error), status, headers)


def application(routes: Iterable[Route]) -> Starlette:
    """An application of these routes whose failures are JSON too."""
    app = Starlette(
        routes=list(routes),
        exception_handlers={
            HTTPException: _failure_of,
            UnknownMeterError: _failure_of,
            Exception: _fault,
        },
    )
    app.router.redirect_slashes = False  # a path with a slash too many is a wrong path
    return app


async def _failure_of(_request: Request, error: Exception) -> Response:
    """The answer to a request that ended with ``error``: of HTTP, or a meter that is not there."""
    if not isinstance(error, HTTPException):
        return failure(404, str(error))
    routing = error.detail in {"Not Found", "Method Not Allowed"}  # Starlette's own
    return failure(
        error.status_code,
        _PLAIN_WORDS[error.status_code] if routing else error.detail,
        error.headers,
    )


async def _fault(_request: Request, error: Exception) -> Response:
    """A fault of ours: its traceback is for the log, once, and not for the client."""
    log.error("HTTP: a request failed", exc_info=error)
    return failure(500, "a fault of the gateway; its log says more")
