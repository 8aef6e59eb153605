"""The operations of the history; what they answer is in ``history_answers``."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web import history_records as records
from teleinfo_gateway.web.answers import answer
from teleinfo_gateway.web.history_query import CostQuery, EnergyQuery, EventsQuery, SeriesQuery
from teleinfo_gateway.web.openapi import Operation
from teleinfo_gateway.web.query import Query, now_ts, read_query

__all__ = ["HistoryApi", "why_no_history"]

_REFUSALS = {
    400: "A parameter is wrong: the answer says which, and what it takes.",
    404: "Neither the history nor the configuration has such a meter.",
    503: "There is no history, or it cannot be read; the answer says why.",
}


def why_no_history(manager: PluginManager) -> str:
    """Why a gateway keeps no history."""
    if manager.config.history is None:
        return "the history is switched off: remove 'history: false' from the configuration"
    return str(MissingExtraError("the history", "sql"))


class HistoryApi:
    """The handlers, and in :attr:`operations` what each of them serves."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager
        self.operations = (
            Operation(
                "GET",
                "/api/history",
                self.history,
                "Values over time: a few hundred points of any stretch",
                records.Series,
                query=SeriesQuery,
                refusals=_REFUSALS,
            ),
            Operation(
                "GET",
                "/api/energy",
                self.energy,
                "Energy and power by hour, day, week, month or year, and tariff",
                records.Energy,
                query=EnergyQuery,
                refusals=_REFUSALS,
            ),
            Operation(
                "GET",
                "/api/cost",
                self.cost,
                "What the energy of a meter cost, or would have cost under another contract",
                records.Costs,
                query=CostQuery,
                refusals={
                    **_REFUSALS,
                    404: "There is no such meter, or no such contract in the configuration.",
                    409: "No contract is known, or it cannot be reckoned; the answer says why.",
                },
            ),
            Operation(
                "GET",
                "/api/events/log",
                self.events_log,
                "What happened, newest first",
                records.EventPage,
                query=EventsQuery,
                refusals=_REFUSALS,
            ),
        )

    async def history(self, request: Request) -> Response:
        """``GET /api/history``."""
        return await self._ask(read_query(request, SeriesQuery))

    async def energy(self, request: Request) -> Response:
        """``GET /api/energy``."""
        return await self._ask(read_query(request, EnergyQuery))

    async def cost(self, request: Request) -> Response:
        """``GET /api/cost``."""
        return await self._ask(read_query(request, CostQuery))

    async def events_log(self, request: Request) -> Response:
        """``GET /api/events/log``."""
        return await self._ask(read_query(request, EventsQuery))

    async def _ask(self, query: Query) -> Response:
        history = self._manager.history
        if history is None:
            raise HTTPException(503, why_no_history(self._manager))
        # Needs the packages of the database, which whoever has no history may not have.
        from teleinfo_gateway.web.history_answers import Settings, ask  # noqa: PLC0415  # see above

        meters = {meter.name: meter.address for meter in self._manager.meters.values()}
        settings = Settings(self._manager.config.contracts, meters)
        return answer(await ask(history, query, settings, now_ts()))
