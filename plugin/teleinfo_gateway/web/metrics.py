"""``GET /metrics``: what meters say and how the gateway does, for Prometheus.

Everything is read when it is asked for; nothing is kept for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.health_metrics import bus_samples, output_samples
from teleinfo_gateway.web.meter_metrics import line_samples, meter_samples
from teleinfo_gateway.web.metric_table import Sample
from teleinfo_gateway.web.openapi import Operation

__all__ = ["MetricsApi"]


class MetricsApi:
    """The handler, and in :attr:`operations` what it serves."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager
        self.operations = (
            Operation(
                "GET",
                "/metrics",
                self.metrics,
                "What the meters say and how the gateway does, in the format of Prometheus",
                media_type="text/plain",
                refusals={503: "The extra [metrics] is not installed."},
            ),
        )

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``."""
        manager = self._manager
        meters = manager.meters.values()
        states = {name: output.state() for name, output in manager.outputs.items()}
        samples = [
            *meter_samples(meters, time.monotonic()),
            *line_samples(meters),
            *output_samples(states, manager.bus),
            *bus_samples(manager.bus),
        ]
        try:
            text, media_type = await asyncio.to_thread(
                _expose, samples, request.headers.get("accept", "")
            )
        except ModuleNotFoundError as error:
            if error.name != "prometheus_client":
                raise
            missing = MissingExtraError("the library of Prometheus", "metrics")
            raise HTTPException(503, str(missing)) from error
        return Response(text, media_type=media_type)


def _expose(samples: Sequence[Sample], accept: str) -> tuple[bytes, str]:
    """In a thread: the first time the library is imported, and 500 meters make a long text."""
    from teleinfo_gateway.web.exposition import expose  # noqa: PLC0415  # 14 MB nobody else needs

    return expose(samples, accept)
