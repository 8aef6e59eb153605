"""Where readers on other machines send what they read: an application of its own, with a token.

It feeds the history and nothing else. The token travels as it is: TLS is for whoever stands before.
The HTTP API takes in readings too, from tokens with the scope ``ingest``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from teleinfo_gateway.config import IngestConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.secret import resolve_token
from teleinfo_gateway.web.access import Access, Keys, Scope, Token, bearer
from teleinfo_gateway.web.answers import answer, application
from teleinfo_gateway.web.bodies import MAX_BODY, read_body, read_model
from teleinfo_gateway.web.guard import Guard, at_most
from teleinfo_gateway.web.history_api import why_no_history
from teleinfo_gateway.web.openapi import Operation
from teleinfo_gateway.web.query import Query, read_items
from teleinfo_gateway.web.records import Taken
from teleinfo_gateway.web.sent_readings import Sent, SentReading
from tic import Mode

if TYPE_CHECKING:
    from teleinfo_gateway.web.intake import Intake

__all__ = ["IngestApi", "UploadQuery", "create_app", "keys_of"]

_MAX_FIELDS = 10

_intakes: WeakKeyDictionary[PluginManager, Intake] = WeakKeyDictionary()

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


def keys_of(config: IngestConfig) -> Keys:
    """What a configuration means; raises SecretError if the token cannot be had."""
    return Keys(tokens=(Token.of("ingest", Scope.INGEST, resolve_token(config.token)),))


def create_app(manager: PluginManager, access: Access) -> ASGIApp:
    """The application that takes in readings for a gateway's history, and does nothing else."""
    operations = IngestApi(manager, access).operations
    routes = [Route(op.path, op.handler, methods=[op.method]) for op in operations]

    async def small(request: HTTPConnection) -> None:
        at_most(request, MAX_BODY)

    return Guard(application(routes), small)


class IngestApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, manager: PluginManager, access: Access) -> None:
        self._manager = manager
        self._access = access
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
                    413: f"The body has more than {MAX_BODY} bytes.",
                },
                outside=True,
                large=True,
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
                large=True,
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
                large=True,
            ),
        )

    async def ingest(self, request: Request) -> Response:
        """``POST /api/ingest``."""
        await self._access.admit_sender(request, bearer(request))
        return answer(await self._take(await read_model(request, Sent)))

    async def upload(self, request: Request) -> Response:
        """``GET /upload_data.php``."""
        return await self._upload(request, request.query_params.multi_items())

    async def upload_form(self, request: Request) -> Response:
        """``POST /upload_data.php``."""
        body = await read_body(request)
        try:
            form = parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise HTTPException(400, "the body is no form of a few fields") from None
        return await self._upload(request, [*request.query_params.multi_items(), *form])

    async def _upload(self, request: Request, items: Iterable[tuple[str, str]]) -> Response:
        """A reading of power alone; HP and HC are periods of one option only."""
        items = list(items)
        await self._access.admit_sender(request, dict(items).get("PASSWD"))
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

    async def _take(self, sent: Sent) -> Taken:
        history = self._manager.history
        if history is None:
            raise HTTPException(503, why_no_history(self._manager))
        intake = _intake_of(self._manager)
        local = {meter.name: meter.address for meter in self._manager.meters.values()}
        try:
            return await intake.take(history, sent, local)
        except GatewayError as error:
            raise HTTPException(503, f"the history cannot be written: {error}") from error


def _intake_of(manager: PluginManager) -> Intake:
    """That of a gateway: two servers take in readings, and one of them at a time must check."""
    # Needs the packages of the database, which whoever has no history may not have.
    from teleinfo_gateway.web.intake import Intake  # noqa: PLC0415  # see above

    return _intakes.setdefault(manager, Intake())
