"""What is sent where: that of the configuration, or a preset for a program that is known. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.forwarding import RefusedError, TargetError
from teleinfo_gateway.http_client import shown

__all__ = ["Form", "form_of"]

_EVERYTHING = (
    '{"adco": "{adco}", "name": {name?}, "time": "{time}", "mode": "{mode}", "labels": {labels}}'
)

_TAKEN = "is called"
"""In what another gateway says of a name that is that of another meter there. The name is to be
changed, here or there; nothing is wrong with the readings."""


@dataclass(frozen=True, slots=True)
class Form:
    """A request, as templates. ``server`` is the URL up to the path, which ``target`` begins with.

    Without ``catch_up`` only what is new is sent. ``check`` raises if an answer with a good status
    says that the reading was not taken.
    """

    server: str
    target: str
    method: Literal["GET", "POST"] = "POST"
    body: str | None = None
    format: Literal["json", "form", "text"] = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    catch_up: bool = True
    check: Callable[[str], None] | None = None


def form_of(config: PushConfig) -> Form:
    """The request that a configuration asks for."""
    if config.preset is not None:
        return _PRESETS[config.preset](config.url.rstrip("/"))
    parts = urlsplit(config.url)
    server = f"{parts.scheme}://{parts.netloc}"
    query = f"?{parts.query}" if parts.query else ""
    body = config.body
    if body is None and config.method == "POST":
        body = _EVERYTHING
    return Form(
        server=server,
        target=(parts.path or "/") + query,
        method=config.method,
        body=body,
        format="json" if config.body is None else config.format,
        headers=config.headers,
        catch_up=config.catch_up,
    )


def _gateway(server: str) -> Form:
    """Another one of us: what it has already does no harm."""
    return Form(
        server,
        "/api/ingest",
        body='{"meter": {name?}, "interval": {interval_s}, "readings": '
        '[{"time": "{time}", "mode": "{mode}", "values": {labels}}]}',
        headers={"Authorization": "Bearer {secret}"},
        check=_stored,
    )


def _robinroche(server: str) -> Form:
    """It takes every reading for one of now. Source: ``upload_data.php`` of its author."""
    return Form(
        server,
        "/upload_data.php?PASSWD={secret}&LOAD={papp}&HPHC={hphc}",
        method="GET",
        catch_up=False,
    )


def _alexandrevilain(server: str) -> Form:
    """It takes every reading for one of now, and 0 for what is missing.

    Source: ``teleinfo-timescaledb``, ``pkg/teleinfo/frame.go`` and ``pkg/auth/auth.go``.
    """
    return Form(
        server,
        "/v1/frames",
        body='{"EAST": "{EAST}", "SINSTS": "{SINSTS}", "SINSTI": "{SINSTI?}"}',
        headers={"X-Auth-Token": "{secret}"},
        catch_up=False,
    )


_PRESETS: Mapping[str, Callable[[str], Form]] = {
    "gateway": _gateway,
    "robinroche": _robinroche,
    "alexandrevilain": _alexandrevilain,
}


def _stored(answer: str) -> None:
    """Whether the other gateway has the reading: its answer says so, not its status."""
    try:
        found = json.loads(answer)
        refused, reasons = int(found["refused"]), found["reasons"]
        reason = shown(str(reasons[0]["reason"])) if refused else ""
    except (ValueError, TypeError, LookupError, RecursionError):
        raise TargetError("this is not the answer of a gateway: is this its address?") from None
    if not refused:
        return
    if _TAKEN in reason:
        raise TargetError(f"the other gateway says: {reason}")
    raise RefusedError(f"the other gateway says: {reason}")
