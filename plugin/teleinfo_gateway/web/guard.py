"""What every request must meet before it is served, and what every answer carries.

A browser shows pages of other sites: those must neither read an answer nor stop a meter, unless the
configuration lets them read (``web.origins``). Who may do what is decided elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teleinfo_gateway.config import WebConfig
from teleinfo_gateway.web.answers import failure

__all__ = ["SAFE_METHODS", "Guard", "Site", "at_most", "is_of_another_site"]

Rule = Callable[[HTTPConnection], Awaitable[None]]
"""Raises HTTPException if a request must not be served."""

SAFE_METHODS = frozenset({"GET", "HEAD"})

_HEADERS = {
    "Cache-Control": "no-store",  # a status of the past is a wrong status
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Max-Age": "600",
}

_split_host = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?").fullmatch


class Guard:
    """ASGI middleware, the outermost one. ``origins`` are sites whose pages may read answers."""

    def __init__(self, app: ASGIApp, rule: Rule, origins: Collection[str] = ()) -> None:
        self._app = app
        self._rule = rule
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or have it served."""
        request = HTTPConnection(scope)
        origin = request.headers.get("origin", "").lower()
        welcome = origin in self._origins

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self._origins:
                    headers.add_vary_header("Origin")
                if welcome:
                    headers["Access-Control-Allow-Origin"] = origin
            await send(message)

        serve = await self._served(request, welcome=welcome)
        await serve(scope, receive, send_with_headers)

    async def _served(self, request: HTTPConnection, *, welcome: bool) -> ASGIApp:
        asks_first = "access-control-request-method" in request.headers
        if welcome and asks_first and request.scope["method"] == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            await self._rule(request)
        except HTTPException as error:
            # What may follow on the connection is not worth reading.
            headers = {**(error.headers or {}), "Connection": "close"}
            return failure(error.status_code, error.detail, headers)
        return self._app


class Site:
    """The names of a gateway, and which pages may ask it."""

    def __init__(self, config: WebConfig) -> None:
        self._origins = frozenset(config.origins)
        self._names = {"localhost", *config.hosts}
        self._is_local = config.is_local
        if not config.is_local:
            self._names |= {config.host.lower(), *_names_of_this_machine()}

    def check(self, request: HTTPConnection, *, public: bool) -> None:
        """Raise HTTPException 403 for a request that names another site, or that one made.

        ``public`` is what pages of other sites may load, such as the script of the widgets.
        """
        headers = request.headers
        reads = request.scope["method"] in SAFE_METHODS
        if not self._is_ours(headers.get("host", "").lower()):
            raise HTTPException(403, self._advice())
        if "origin" in headers:
            welcome = reads and headers["origin"].lower() in self._origins
            refused = is_of_another_site(request) and not welcome
        else:
            navigates = headers.get("sec-fetch-mode") == "navigate"
            by_another = headers.get("sec-fetch-site") in {"cross-site", "same-site"}
            refused = by_another and not (reads and (public or navigates))
        if refused:
            raise HTTPException(
                403, "this request was made by a page of another site (header Origin)"
            )

    def _is_ours(self, host: str) -> bool:
        """A name that a page cannot have been loaded from, unless this gateway served it.

        Any other name may have been made to lead here after a page was loaded from it (DNS
        rebinding). An address cannot be made to lead elsewhere.
        """
        found = _split_host(host)
        if found is None:
            return False
        name = found[1].strip("[]")
        try:
            return ipaddress.ip_address(name).is_loopback or not self._is_local
        except ValueError:
            return name in self._names

    def _advice(self) -> str:
        if self._is_local:
            return "the Host header must be 127.0.0.1, localhost or [::1], with any port"
        return (
            "the Host header must be an address or a name of this machine; other names are "
            "written under web.hosts in the configuration"
        )


def at_most(request: HTTPConnection, max_body: int) -> None:
    """Raise HTTPException unless a body tells its length and holds no more than so many bytes."""
    if "transfer-encoding" in request.headers:
        raise HTTPException(411, "a request body must have a Content-Length")
    if int(request.headers.get("content-length", 0)) > max_body:
        raise HTTPException(413, f"a request body may hold {max_body} bytes here")


def is_of_another_site(request: HTTPConnection) -> bool:
    """Whether a browser says that a page of another site asks."""
    own = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
    return request.headers.get("origin", own).lower() != own.lower()


def _names_of_this_machine() -> Iterable[str]:
    """As the machine knows itself, and as mDNS tells it; nobody is asked."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return name, short, f"{short}.local"
