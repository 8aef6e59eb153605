"""The OpenAPI 3.1 description, made from the table of operations and the classes of records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from starlette.requests import Request
from starlette.types import ASGIApp

from teleinfo_gateway import __version__
from teleinfo_gateway.web.records import Failure

_JSON = "application/json"

_SECURITY = (
    "Only requests of this machine are served: the Host header names it, and an Origin header, "
    "if there is one, names the same site. A request body may hold 1024 bytes and is not read."
)

_ALWAYS = {
    403: "The request was made for another site.",
    500: "A fault of the gateway; see its log.",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path: who serves it, and its description.

    ``answer`` is the type of the answer 200, which is JSON unless ``events`` (name to type of
    data) says that it is a stream. ``refusals`` maps other answers to when they are given;
    ``parameters`` maps the parameters of the path and of the query to what they are.
    """

    method: str
    path: str
    handler: Callable[[Request], Awaitable[ASGIApp]]
    summary: str
    answer: Any = str
    refusals: Mapping[int, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, Any] = field(default_factory=dict)


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    types = {Failure: TypeAdapter[Any](Failure)}
    for operation in operations:
        for type_ in (operation.answer, *operation.events.values()):
            types.setdefault(type_, TypeAdapter(type_))
    schemas, definitions = TypeAdapter.json_schemas(
        [(key, "serialization", adapter) for key, adapter in types.items()],
        ref_template="#/components/schemas/{model}",
        schema_generator=_WithoutTitles,
    )
    by_type = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, by_type)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "teleinfo gateway", "version": __version__, "description": _SECURITY},
        "paths": paths,
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "responses": {
            "200": _response(
                "Done.",
                "text/event-stream" if operation.events else _JSON,
                schemas[operation.answer],
            ),
            **{
                str(code): _response(reason, _JSON, schemas[Failure])
                for code, reason in sorted({**_ALWAYS, **operation.refusals}.items())
            },
        },
    }
    if operation.parameters:
        described["parameters"] = [
            _parameter(name, text, in_path=f"{{{name}}}" in operation.path)
            for name, text in operation.parameters.items()
        ]
    if operation.events:
        described["x-events"] = {name: schemas[type_] for name, type_ in operation.events.items()}
    return described


def _response(description: str, media_type: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _parameter(name: str, description: str, *, in_path: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path,
        "description": description,
        "schema": {"type": "string"},
    }


class _WithoutTitles(GenerateJsonSchema):
    """Property titles would only repeat the names in other letters."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False
