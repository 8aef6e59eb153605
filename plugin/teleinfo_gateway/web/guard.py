"""What every request must meet before it is served, and what every answer carries.

The API has no password: it trusts the programs of this machine. A browser is one of them, and
shows pages of other sites: those must neither read an answer nor stop a meter.
"""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teleinfo_gateway.web.answers import failure

__all__ = ["Guard"]

_MAX_BODY = 1024
"""Bytes of a request body; none is needed, and what some clients add out of habit is short."""

_HEADERS = {
    "Cache-Control": "no-store",  # a status of the past is a wrong status
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}

_split_host = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?").fullmatch


class Guard:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or have it served."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        serve = _refusal(Headers(scope=scope)) or self._app
        await serve(scope, receive, send_with_headers)


def _refusal(headers: Headers) -> Response | None:
    host = headers.get("host", "").lower()
    if not _names_this_machine(host):
        return _closing(403, "the Host header must be 127.0.0.1, localhost or [::1], with any port")
    if headers.get("origin", f"http://{host}").lower() != f"http://{host}":
        return _closing(403, "this request was made by a page of another site (header Origin)")
    if "transfer-encoding" in headers:
        return _closing(411, "a request body must have a Content-Length; none is needed")
    if int(headers.get("content-length", 0)) > _MAX_BODY:
        return _closing(413, f"a request body may hold {_MAX_BODY} bytes; none is needed")
    return None


def _names_this_machine(host: str) -> bool:
    """A name that a page cannot have been loaded from, unless this machine served it.

    Any other name may have been made to lead here after a page was loaded from it (DNS rebinding).
    """
    found = _split_host(host)
    if found is None:
        return False
    name = found[1].strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _closing(status: int, error: str) -> Response:
    """A refusal that ends the connection: what may follow on it is not worth reading."""
    return failure(status, error, {"Connection": "close"})
