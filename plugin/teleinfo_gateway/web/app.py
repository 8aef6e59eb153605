"""The routes of the HTTP API: one table that serves them and describes them."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from teleinfo_gateway import __version__
from teleinfo_gateway.config import WebConfig
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.state import state_folder
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.web import records
from teleinfo_gateway.web.access import Access
from teleinfo_gateway.web.answers import answer, application, failure
from teleinfo_gateway.web.boards import BoardsApi
from teleinfo_gateway.web.bodies import MAX_BODY
from teleinfo_gateway.web.configuration import ConfigurationApi
from teleinfo_gateway.web.events import MAX_STREAMS, EventStreams
from teleinfo_gateway.web.guard import Guard, Site, at_most
from teleinfo_gateway.web.history_api import HistoryApi
from teleinfo_gateway.web.ingest import IngestApi
from teleinfo_gateway.web.login import LoginApi
from teleinfo_gateway.web.metrics import MetricsApi
from teleinfo_gateway.web.openapi import Operation, describe
from teleinfo_gateway.web.pages import Pages, is_shared
from teleinfo_gateway.web.query import SensorsQuery, read_query
from teleinfo_gateway.web.representation import (
    NAME,
    gateway_status,
    labels_told,
    meter_states,
    sensor_states,
)
from teleinfo_gateway.web.source import Source

__all__ = ["Api", "create_app"]

_AT_WORK = {Status.STARTING, Status.ALIVE, Status.NOT_CONFIGURED}

_MAX_BODY = 1024
"""Bytes of a body where none is needed but what some clients add out of habit, or a password."""

_MAX_NAME = 64
"""Characters of a meter's name that are looked at and repeated in an error; a real one has 32."""

_NO_SUCH_METER = {404: "No meter has this name."}


def create_app(
    manager: PluginManager,
    stopping: asyncio.Event,
    config: WebConfig,
    access: Access,
    source: Source,
) -> ASGIApp:
    """The page and the API of a gateway as an ASGI application.

    ``stopping`` ends its event streams, ``source`` is where the configuration comes from.
    """
    operations = Api(manager, stopping, access, source).operations
    app = application(
        [
            # A name may hold a slash, as any wrong name: the answer is then the same.
            *(
                Route(op.path.replace("{name}", "{name:path}"), op.handler, methods=[op.method])
                for op in operations
            ),
            *Pages(shared=bool(config.origins)).routes,
        ]
    )
    site = Site(config)
    with_body = {op.path for op in operations if op.large}

    async def rule(request: HTTPConnection) -> None:
        path = request.scope["path"]
        site.check(request, public=is_shared(path))
        at_most(request, MAX_BODY if path in with_body else _MAX_BODY)
        await access.check(request)

    return Guard(app, rule, config.origins)


class Api:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(
        self, manager: PluginManager, stopping: asyncio.Event, access: Access, source: Source
    ) -> None:
        self._manager = manager
        self._streams = EventStreams(manager, stopping, access.may_go_on)
        name = {"name": "The name of the meter in the configuration."}
        self.operations = (
            Operation("GET", "/api", self.index, "What is found here", records.Index),
            Operation(
                "GET",
                "/healthz",
                self.health,
                "Whether the gateway is at work, whatever its meters do",
                records.Health,
                refusals={503: "It is stopping, or has failed."},
            ),
            Operation(
                "GET",
                "/api/status",
                self.status,
                "The gateway, its meters and its outputs",
                records.GatewayStatus,
            ),
            Operation(
                "GET",
                "/api/meters",
                self.meters,
                "Every meter: its reader, its line, what was heard",
                list[records.MeterState],
            ),
            Operation(
                "GET",
                "/api/sensors",
                self.sensors,
                "The sensors that the meters have fed: last value, when, lost or not",
                list[records.SensorState],
                query=SensorsQuery,
                refusals={400: "A parameter other than meter, or more than one.", **_NO_SUCH_METER},
            ),
            Operation(
                "POST",
                "/api/meters/{name}/start",
                self.start,
                "Start to read a meter; nothing changes if it is read already",
                records.MeterStatus,
                parameters=name,
                refusals=_NO_SUCH_METER,
            ),
            Operation(
                "POST",
                "/api/meters/{name}/stop",
                self.stop,
                "Stop reading a meter and free its port; nothing changes if it is stopped",
                records.MeterStatus,
                parameters=name,
                refusals=_NO_SUCH_METER,
            ),
            Operation(
                "GET",
                "/api/events",
                self.events,
                "What happens, as it happens: server-sent events, the event meters first",
                refusals={503: f"There are {MAX_STREAMS} streams already."},
                events={
                    "meters": list[records.MeterState],
                    "reading": records.ReadingTold,
                    "status": records.StatusChange,
                    "link": records.LinkChange,
                    "change": records.MeterChange,
                    "refused": records.ValueRefused,
                    "overload": records.Announced,
                    "tariff": records.Announced,
                    "tomorrow": records.Announced,
                    "peak": records.Announced,
                },
            ),
            Operation(
                "GET",
                "/api/labels",
                self.labels,
                "What the labels of the meters and their values mean, in English and French",
                list[records.LabelTold],
            ),
            *HistoryApi(manager).operations,
            *BoardsApi(lambda: state_folder(manager.config.history)).operations,
            *ConfigurationApi(source).operations,
            *LoginApi(access).operations,
            *IngestApi(manager, access).operations,
            *MetricsApi(manager).operations,
            Operation("GET", "/api/openapi.json", self.openapi, "This description", dict[str, Any]),
        )

    async def index(self, _request: Request) -> Response:
        """``GET /api``."""
        routes = {f"{op.method} {op.path}": op.summary for op in self.operations}
        return answer(records.Index(NAME, __version__, routes))

    async def health(self, _request: Request) -> Response:
        """``GET /healthz``."""
        status = self._manager.status
        if status not in _AT_WORK:
            return failure(503, f"the status of the gateway is {status}")
        return answer(records.Health(status))

    async def status(self, _request: Request) -> Response:
        """``GET /api/status``."""
        return answer(gateway_status(self._manager))

    async def meters(self, _request: Request) -> Response:
        """``GET /api/meters``."""
        return answer(meter_states(self._manager))

    async def sensors(self, request: Request) -> Response:
        """``GET /api/sensors``."""
        name = read_query(request, SensorsQuery).meter
        meters = self._manager.meters.values() if name is None else [self._meter(name)]
        return answer([sensor for meter in meters for sensor in sensor_states(meter)])

    async def start(self, request: Request) -> Response:
        """``POST /api/meters/{name}/start``."""
        meter = self._meter(request.path_params["name"])
        meter.start()
        return answer(records.MeterStatus(meter.name, meter.status))

    async def stop(self, request: Request) -> Response:
        """``POST /api/meters/{name}/stop``."""
        meter = self._meter(request.path_params["name"])
        await meter.stop()
        return answer(records.MeterStatus(meter.name, meter.status))

    async def events(self, request: Request) -> ASGIApp:
        """``GET /api/events``."""
        if request.method == "HEAD":  # which Starlette accepts wherever GET is
            return Response(media_type="text/event-stream")
        return self._streams

    async def labels(self, _request: Request) -> Response:
        """``GET /api/labels``."""
        return answer(labels_told())

    async def openapi(self, _request: Request) -> Response:
        """``GET /api/openapi.json``."""
        return answer(self._description)

    @cached_property
    def _description(self) -> dict[str, Any]:
        """Made when first asked for: few ask."""
        return describe(self.operations)

    def _meter(self, name: str) -> Meter:
        return self._manager.meter(name[:_MAX_NAME])
