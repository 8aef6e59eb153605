"""Logging in and out, and what who asks may do."""

from __future__ import annotations

import asyncio
import logging

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.password import PASSWORD_MAX
from teleinfo_gateway.web.access import PERSON, Access, Visitor, address_of
from teleinfo_gateway.web.answers import answer
from teleinfo_gateway.web.bodies import read_model
from teleinfo_gateway.web.failures import Failures
from teleinfo_gateway.web.openapi import Operation
from teleinfo_gateway.web.records import Session

__all__ = ["Login", "LoginApi"]

log = logging.getLogger(__name__)

_HASHING = 2
"""Passwords that are looked at together: each takes 16 MiB, and a core."""


class Login(BaseModel):
    """What ``POST /api/login`` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    password: str = Field(min_length=1, max_length=PASSWORD_MAX)


class LoginApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._hashing = asyncio.Semaphore(_HASHING)
        self.operations = (
            Operation(
                "POST",
                "/api/login",
                self.login,
                "Begin a session: its cookie comes with the answer",
                Session,
                body=Login,
                refusals={
                    400: "The body is not what is taken here; the answer says why.",
                    401: "The password is wrong.",
                    408: "The body did not come.",
                    409: "There is no password.",
                    429: "There were too many wrong passwords: wait a minute.",
                },
            ),
            Operation("POST", "/api/logout", self.logout, "End the session", Session),
            Operation(
                "GET",
                "/api/session",
                self.session,
                "What who asks may do, and whether there is a password",
                Session,
                refusals={
                    401: "The token is wrong.",
                    429: "There were too many wrong tokens from this address: wait a minute.",
                },
            ),
        )

    async def login(self, request: Request) -> Response:
        """``POST /api/login``."""
        access, address = self._access, address_of(request)
        sent = await read_model(request, Login)
        password = access.keys.password
        if password is None:
            raise HTTPException(409, "no password is set: whoever comes here is let in without")
        if access.logins.too_many(address):
            raise HTTPException(429, "too many wrong passwords", {"Retry-After": "60"})
        times = access.logins.add(address)  # now, for many may be looked at together
        async with self._hashing:
            matches = await asyncio.to_thread(password.matches, sent.password)
        if not matches or access.keys.password != password:  # it may have changed meanwhile
            if times in {1, Failures.LIMIT}:
                log.warning("HTTP: a wrong password from %.64r, %d in this minute", address, times)
            raise HTTPException(401, "the password is wrong", {"WWW-Authenticate": "Bearer"})
        access.logins.forget(address)
        log.info("HTTP: a login from %.64r", address)
        self._end_session(request)
        response = answer(self._told(PERSON))
        response.set_cookie(
            access.cookie,
            access.sessions.begin(),
            max_age=int(access.sessions.LIFE_S),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def logout(self, request: Request) -> Response:
        """``POST /api/logout``."""
        self._end_session(request)
        response = answer(self._told(self._access.stranger))
        response.delete_cookie(self._access.cookie, httponly=True, samesite="strict")
        return response

    async def session(self, request: Request) -> Response:
        """``GET /api/session``."""
        return answer(self._told(await self._access.visitor(request)))

    def _end_session(self, request: Request) -> None:
        if key := request.cookies.get(self._access.cookie):
            self._access.sessions.end(key)

    def _told(self, visitor: Visitor) -> Session:
        required = self._access.keys.password is not None
        return Session(visitor.logged_in, required, sorted(visitor.scopes))
