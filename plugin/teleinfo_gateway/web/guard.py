"""What every request must meet before it is served, and what every answer carries.

The API has no password: it trusts the programs of this machine. A browser is one of them, and
shows pages of other sites: those must neither read an answer nor stop a meter. Where readings are
taken in from other machines, a token is asked for instead.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teleinfo_gateway.web.answers import failure

__all__ = ["Guard", "at_most", "of_this_machine"]

Rule = Callable[[Headers], Response | None]
"""What is answered instead of serving a request, if it must not be served."""

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

    def __init__(self, app: ASGIApp, rule: Rule) -> None:
        self._app = app
        self._rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or have it served."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        serve = self._rule(Headers(scope=scope)) or self._app
        await serve(scope, receive, send_with_headers)


def of_this_machine(headers: Headers) -> Response | None:
    """The rule of the API: requests of this machine alone, with next to no body."""
    host = headers.get("host", "").lower()
    if not _names_this_machine(host):
        return _closing(403, "the Host header must be 127.0.0.1, localhost or [::1], with any port")
    if headers.get("origin", f"http://{host}").lower() != f"http://{host}":
        return _closing(403, "this request was made by a page of another site (header Origin)")
    return at_most(_MAX_BODY, "; none is needed")(headers)


def at_most(max_body: int, hint: str = "") -> Rule:
    """The rule that a body tells its length and holds no more than so many bytes."""

    def rule(headers: Headers) -> Response | None:
        if "transfer-encoding" in headers:
            return _closing(411, f"a request body must have a Content-Length{hint}")
        if int(headers.get("content-length", 0)) > max_body:
            return _closing(413, f"a request body may hold {max_body} bytes{hint}")
        return None

    return rule


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
