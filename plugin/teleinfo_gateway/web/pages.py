"""The files of the page and its widgets, bundled when the package was built."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from teleinfo_gateway.resources import resource

__all__ = ["Pages", "is_shared"]

_STATIC = Path(__file__).parent / "static"

_ONCE = "no-cache"  # may be kept, but is asked for again each time
_FOR_EVER = "public, max-age=31536000, immutable"  # its name changes with what is in it

_SECURITY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>teleinfo</title>
<h1>The page is not here yet</h1>
<p>The gateway runs; its <a href="api">HTTP API</a> answers. The page is bundled when the package is
built, and this is a checkout in which that was not done. In its folder, type
<code>pip install --editable '.[all]'</code> (or <code>npm ci &amp;&amp; npm run build</code> in
<code>plugin/teleinfo_gateway/web/ui</code>), then load this again.</p>
</html>
"""

_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}").fullmatch


def is_shared(path: str) -> bool:
    """Whether pages of other sites load it to show widgets."""
    return path == "/widgets.js" or path.startswith("/assets/")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent, and how it is recognised."""

    body: bytes
    packed: bytes
    etag: str


class Pages:
    """The handlers; ``shared`` says that pages of other sites may show the widgets."""

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared

    @property
    def routes(self) -> Sequence[Route]:
        """What they serve."""
        return [
            Route("/", self.index),
            Route("/icon.png", self.icon),
            Route("/gallery.html", self.gallery),
            Route("/widgets.js", self.widgets),
            Route("/assets/{name}", self.asset),
        ]

    async def index(self, request: Request) -> Response:
        """``GET /``."""
        try:
            return await self._answer(request, _STATIC / "index.html", _ONCE)
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, 503)

    async def icon(self, request: Request) -> Response:
        """``GET /icon.png``."""
        return await self._answer(request, resource("icon.png"), _ONCE)

    async def gallery(self, request: Request) -> Response:
        """``GET /gallery.html``."""
        return await self._found(request, _STATIC / "gallery.html", _ONCE)

    async def widgets(self, request: Request) -> Response:
        """``GET /widgets.js``."""
        return await self._found(request, _STATIC / "widgets.js", _ONCE)

    async def asset(self, request: Request) -> Response:
        """``GET /assets/{name}``."""
        name = request.path_params["name"]
        if not _is_name(name):
            raise HTTPException(404)
        return await self._found(request, _STATIC / "assets" / name, _FOR_EVER)

    async def _found(self, request: Request, path: Path, keep: str) -> Response:
        try:
            return await self._answer(request, path, keep)
        except OSError:
            raise HTTPException(404) from None

    async def _answer(self, request: Request, source: Traversable, keep: str) -> Response:
        """Raises OSError if there is no such file."""
        file = await asyncio.to_thread(_read, source)
        headers = {
            "Cache-Control": keep,
            "Content-Security-Policy": _SECURITY,
            "ETag": file.etag,
            "Vary": "Accept-Encoding",
        }
        if self._shared and is_shared(request.url.path):
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", "") and len(file.packed) < len(body):
            body = file.packed
            headers["Content-Encoding"] = "gzip"
        media_type, _ = mimetypes.guess_type(source.name)
        return Response(body, headers=headers, media_type=media_type)


def _read(source: Traversable) -> _File:
    return _as_sent(source.read_bytes())


@lru_cache(maxsize=16)
def _as_sent(body: bytes) -> _File:
    """Kept, for the bundle is the same each time; it has a handful of files."""
    # Weak, for it is that of both forms of the file.
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _File(body, gzip.compress(body, mtime=0), etag)
