"""Where readers on other machines send what they read: an application of its own, with a token.

It feeds the history and nothing else. The token travels as it is: TLS is for whoever stands before.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.answers import answer, application
from teleinfo_gateway.web.guard import Guard, at_most
from teleinfo_gateway.web.history_api import why_no_history
from teleinfo_gateway.web.openapi import Operation
from teleinfo_gateway.web.query import Query, read_items
from teleinfo_gateway.web.records import Taken
from teleinfo_gateway.web.sent_readings import Sent, SentReading
from tic import Mode

if TYPE_CHECKING:
    from teleinfo_gateway.web.intake import Intake

__all__ = ["Failures", "IngestApi", "UploadQuery", "create_app"]

log = logging.getLogger(__name__)

_MAX_BODY = 256 * 1024
"""Bytes of a request: 100 frames of the longest kind, or a day of one minute in small ones."""

_BODY_S = 10.0
"""For a body to come; each connection counts, and there are 100 at most."""

_MAX_FIELDS = 10
_WRONG_S = 0.2  # before a wrong token is answered

_REFUSALS = {
    400: "The request is not what is taken here; the answer says why.",
    503: "There is no history, or it cannot be written; send again later.",
}


class UploadQuery(Query):
    """The form of robinroche's reader, and the address of the meter, which it lacks."""

    secret: str = Field(alias="PASSWD", description="the token")
    load_va: int = Field(
        alias="LOAD", ge=0, le=99_999, description="apparent power, whole VA from 0 to 99999"
    )
    period: Literal["HP", "HC"] = Field(alias="HPHC", description="HP or HC")
    address: str = Field(
        alias="ADCO",
        pattern=r"^[0-9]{4}[0-9A-F]{2}[0-9]{6}$",
        description="the 12 characters of the meter's address; add ADCO=... to the sender's URL",
    )


def create_app(manager: PluginManager, token: str) -> ASGIApp:
    """The application that takes in readings for a gateway's history."""
    operations = IngestApi(manager, token).operations
    routes = [Route(op.path, op.handler, methods=[op.method]) for op in operations]
    return Guard(application(routes), at_most(_MAX_BODY))


class IngestApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, manager: PluginManager, token: str) -> None:
        self._manager = manager
        self._token = token.encode()
        self._failures = Failures(time.monotonic)
        self._intake: Intake | None = None
        self.operations = (
            Operation(
                "POST",
                "/api/ingest",
                self.ingest,
                "Take in readings of a meter that another machine reads",
                Taken,
                body=Sent,
                refusals={
                    **_REFUSALS,
                    408: "The body did not come.",
                    411: "The body has no Content-Length.",
                    413: f"The body has more than {_MAX_BODY} bytes.",
                },
                outside=True,
                bearer=True,
            ),
            Operation(
                "GET",
                "/upload_data.php",
                self.upload,
                "The same for robinroche's reader: power and period, now",
                None,
                query=UploadQuery,
                refusals=_REFUSALS,
                outside=True,
            ),
            Operation(
                "POST",
                "/upload_data.php",
                self.upload_form,
                "The same, with the parameters in a form",
                None,
                query=UploadQuery,
                refusals=_REFUSALS,
                outside=True,
            ),
        )

    async def ingest(self, request: Request) -> Response:
        """``POST /api/ingest``."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        await self._admit(request, token.strip() if kind.lower() == "bearer" else "")
        try:
            sent = Sent.model_validate_json(await _body(request))
        except ValidationError as error:
            raise HTTPException(400, _first_fault(error)) from None
        return answer(await self._take(sent))

    async def upload(self, request: Request) -> Response:
        """``GET /upload_data.php``."""
        return await self._upload(request, request.query_params.multi_items())

    async def upload_form(self, request: Request) -> Response:
        """``POST /upload_data.php``."""
        body = await _body(request)
        try:
            form = parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise HTTPException(400, "the body is no form of a few fields") from None
        return await self._upload(request, [*request.query_params.multi_items(), *form])

    async def _upload(self, request: Request, items: Iterable[tuple[str, str]]) -> Response:
        """A reading of power alone; HP and HC are periods of one option only."""
        items = list(items)
        await self._admit(request, dict(items).get("PASSWD", ""))
        query = read_items(items, UploadQuery)
        reading = SentReading(
            time=datetime.now(UTC),
            mode=Mode.HISTORIQUE,
            values={
                "ADCO": query.address,
                "OPTARIF": "HC..",
                "PTEC": f"{query.period}..",
                "PAPP": f"{query.load_va:05}",
            },
        )
        taken = await self._take(Sent(readings=[reading]))
        if taken.reasons:
            raise HTTPException(400, taken.reasons[0].reason)
        return Response()

    async def _admit(self, request: Request, token: str) -> None:
        """Let a request pass, or raise HTTPException 401 or 429."""
        address = request.client.host if request.client else ""
        if self._failures.too_many(address):
            raise HTTPException(
                429, "too many wrong tokens from this address", {"Retry-After": "60"}
            )
        if hmac.compare_digest(token.encode(), self._token):
            return
        times = self._failures.add(address)
        if times in {1, Failures.LIMIT}:
            log.warning("intake: a wrong token from %.64r, %d in this minute", address, times)
        await asyncio.sleep(_WRONG_S)
        raise HTTPException(401, "the token is missing or wrong", {"WWW-Authenticate": "Bearer"})

    async def _take(self, sent: Sent) -> Taken:
        history = self._manager.history
        if history is None:
            raise HTTPException(503, why_no_history(self._manager))
        # Needs the packages of the database, which whoever has no history may not have.
        from teleinfo_gateway.web.intake import Intake  # noqa: PLC0415  # see above

        self._intake = self._intake or Intake()
        local = {meter.name: meter.address for meter in self._manager.meters.values()}
        try:
            return await self._intake.take(history, sent, local)
        except GatewayError as error:
            raise HTTPException(503, f"the history cannot be written: {error}") from error


class Failures:
    """Wrong tokens by address, each counted for a minute from the first one."""

    LIMIT = 10
    _MINUTE_S = 60.0
    _MAX_ADDRESSES = 1000  # the oldest is forgotten first; a network at home has fewer

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[float, int]] = {}

    def too_many(self, address: str) -> bool:
        """Whether an address has had its tries."""
        return self._of(address)[1] >= self.LIMIT

    def add(self, address: str) -> int:
        """Count one more; how many there were."""
        since_s, times = self._of(address)
        if address not in self._since and len(self._since) >= self._MAX_ADDRESSES:
            del self._since[next(iter(self._since))]
        self._since[address] = since_s, times + 1
        return times + 1

    def _of(self, address: str) -> tuple[float, int]:
        now_s = self._clock()
        since_s, times = self._since.get(address, (now_s, 0))
        if now_s - since_s < self._MINUTE_S:
            return since_s, times
        del self._since[address]
        return now_s, 0


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(_BODY_S):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, "the body did not come", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None


def _first_fault(error: ValidationError) -> str:
    """What is wrong first, and where; what was sent is not repeated."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part)[:32] for part in first["loc"])
    return f"{place or 'the body'}: {first['msg'][:200]}"
