"""Who may do what: people log in, programs have tokens.

Without a password, which only an address of this machine can do without, whoever reaches the page
may do what a login would allow.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from teleinfo_gateway.config import TokenConfig, WebConfig
from teleinfo_gateway.password import PasswordHash
from teleinfo_gateway.secret import SecretError, is_reference, resolve, resolve_token
from teleinfo_gateway.web.failures import Failures
from teleinfo_gateway.web.guard import SAFE_METHODS, is_of_another_site
from teleinfo_gateway.web.sessions import Sessions

__all__ = [
    "PERSON",
    "Access",
    "Keys",
    "Scope",
    "Token",
    "Visitor",
    "address_of",
    "bearer",
    "keys_of",
    "needed",
]

log = logging.getLogger(__name__)

_WRONG_S = 0.2  # before a wrong token is answered

_MAX_LOGINS = 60
"""Wrong passwords of all addresses in a minute: a person chose it, and somebody may have many."""

_OPEN = {"/api/login", "/api/logout", "/api/session"}
_BESIDE_THE_API = {"/metrics"}
_INGEST = {"/api/ingest", "/upload_data.php"}


class Scope(StrEnum):
    """What somebody may do."""

    READ = "read"
    CONTROL = "control"
    INGEST = "ingest"


_GRANTS = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.CONTROL: frozenset({Scope.READ, Scope.CONTROL}),
    Scope.INGEST: frozenset({Scope.INGEST}),
}


def needed(method: str, path: str) -> Scope | None:
    """What a request needs; None: it is for everybody. Any path of the API is for somebody."""
    if path in _INGEST:
        return Scope.INGEST
    if path in _OPEN or not (path.startswith("/api") or path in _BESIDE_THE_API):
        return None
    return Scope.READ if method in SAFE_METHODS else Scope.CONTROL


@dataclass(frozen=True, slots=True)
class Token:
    """What lets a program in, as a hash."""

    name: str
    scope: Scope
    digest: bytes

    @classmethod
    def of(cls, name: str, scope: Scope, token: str) -> Token:
        """That of a text."""
        return cls(name, scope, _digest(token))


@dataclass(frozen=True, slots=True)
class Keys:
    """What lets people and programs in; without a password there is no login."""

    password: PasswordHash | None = None
    tokens: tuple[Token, ...] = ()


def keys_of(config: WebConfig) -> Keys:
    """What a configuration means; raises SecretError if a part of it cannot be had."""
    password = None if config.password is None else _password(config.password)
    return Keys(password, tuple(_token(one) for one in config.tokens))


def _password(text: str) -> PasswordHash:
    try:
        return PasswordHash.parse(resolve(text))
    except ValueError as error:
        where = text if is_reference(text) else "web.password"
        raise SecretError(
            f"{where} does not hold the hash of a password ({error}): make one with "
            f"'teleinfo password'"
        ) from None


def _token(config: TokenConfig) -> Token:
    return Token.of(config.name, Scope(config.scope), resolve_token(config.token))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks: what they may do, and whether they logged in."""

    scopes: frozenset[Scope] = frozenset()
    logged_in: bool = False


PERSON = Visitor(_GRANTS[Scope.CONTROL], logged_in=True)
"""Whoever knows the password."""


class Access:
    """Decides what a request may do. ``cookie`` is the name of the cookie of a session."""

    def __init__(
        self,
        keys: Keys,
        cookie: str = "teleinfo",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys = keys
        self.cookie = cookie
        self.sessions = Sessions(clock)
        self.logins = Failures(clock, _MAX_LOGINS)
        self._wrong_tokens = Failures(clock)

    def renew(self, keys: Keys) -> None:
        """Take other keys; who logged in with another password must log in again."""
        if keys.password != self.keys.password:
            self.sessions.end_all()
        self.keys = keys

    async def check(self, request: HTTPConnection) -> None:
        """Let a request pass, or raise HTTPException 401, 403 or 429."""
        need = needed(request.scope["method"], request.scope["path"])
        if need in {None, Scope.INGEST}:  # these admit their senders themselves
            return
        visitor = await self.visitor(request)
        if need in visitor.scopes:
            changes = request.scope["method"] not in SAFE_METHODS
            if visitor.logged_in and changes and not _says_where_from(request):
                raise HTTPException(
                    403,
                    "a session acts from its page alone: send the header Origin, or use a token",
                )
            return
        if visitor.scopes:
            has = ", ".join(sorted(visitor.scopes))
            raise HTTPException(403, f"this token has the scope {has}; this needs {need}")
        raise _unauthorized(
            "log in first, or send a token in the header Authorization (the commands of teleinfo "
            "take one from --token or $TELEINFO_TOKEN)"
        )

    async def visitor(self, request: HTTPConnection) -> Visitor:
        """Who asks; raises HTTPException 401 or 429 if they send a wrong token."""
        token = bearer(request)
        if token is not None:
            return Visitor(await self._granted(request, token))
        return self._person(request)

    def may_go_on(self, request: HTTPConnection) -> bool:
        """Whether who was let in to read still may; as long as they read, their session is used."""
        token = bearer(request)
        scopes = self._person(request).scopes if token is None else self._scopes_of(token)
        return Scope.READ in scopes

    def _person(self, request: HTTPConnection) -> Visitor:
        """Who asks without a token."""
        if not is_of_another_site(request):  # a cookie is not theirs to use
            key = request.cookies.get(self.cookie)
            if key and self.keys.password is not None and self.sessions.use(key):
                return PERSON
        return self.stranger

    @property
    def stranger(self) -> Visitor:
        """Who neither logged in nor has a token."""
        return Visitor() if self.keys.password is not None else Visitor(PERSON.scopes)

    async def admit_sender(self, request: HTTPConnection, token: str | None) -> None:
        """Let a sender of readings pass, or raise HTTPException 401, 403 or 429."""
        if Scope.INGEST not in await self._granted(request, token or ""):
            raise HTTPException(403, "this token has another scope than ingest")

    async def _granted(self, request: HTTPConnection, token: str) -> frozenset[Scope]:
        """The scopes of a token; raises HTTPException 401 or 429 if it has none."""
        address = address_of(request)
        if self._wrong_tokens.too_many(address):
            raise HTTPException(
                429, "too many wrong tokens from this address", {"Retry-After": "60"}
            )
        if scopes := self._scopes_of(token):
            return scopes
        times = self._wrong_tokens.add(address)
        if times in {1, Failures.LIMIT}:
            log.warning("HTTP: a wrong token from %.64r, %d in this minute", address, times)
        await asyncio.sleep(_WRONG_S)
        raise _unauthorized("the token is missing or wrong")

    def _scopes_of(self, token: str) -> frozenset[Scope]:
        """What a token is good for; it is compared with each."""
        digest = _digest(token)
        found = [one for one in self.keys.tokens if hmac.compare_digest(digest, one.digest)]
        return _GRANTS[found[0].scope] if found else frozenset()


def address_of(request: HTTPConnection) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def bearer(request: HTTPConnection) -> str | None:
    """The token of the header Authorization; any other kind of it is not for us."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    return token.strip().encode("latin-1").decode(errors="replace")  # headers are read as Latin-1


def _says_where_from(request: HTTPConnection) -> bool:
    """Whether a browser vouches that our own page asks; the guard has refused every other."""
    headers = request.headers
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"


def _unauthorized(words: str) -> HTTPException:
    return HTTPException(401, words, {"WWW-Authenticate": "Bearer"})


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
