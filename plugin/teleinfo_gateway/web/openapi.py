"""The OpenAPI 3.1 description, made from the table of operations and the classes of records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from starlette.requests import Request
from starlette.types import ASGIApp

from teleinfo_gateway import __version__
from teleinfo_gateway.web.access import Scope, needed
from teleinfo_gateway.web.query import Query
from teleinfo_gateway.web.records import Failure

_JSON = "application/json"

_REF = "#/components/schemas/"

_SECURITY = (
    "Where a password is set (web.password), a request needs a session, which POST /api/login "
    "begins, or a token of web.tokens, whose scope is named here; without a password, requests of "
    "this machine need neither. The Host header names this machine, and an Origin header, if there "
    "is one, the same site, or to read one of web.origins. A request body may hold 1024 bytes "
    "where nothing else is said."
)

_ALWAYS = {
    403: "The request was made for or by another site, or by somebody who may not do this.",
    500: "A fault of the gateway; see its log.",
}
_UNLESS_OPEN = {
    401: "There is no login and no token, or a wrong one.",
    429: "There were too many wrong tokens from this address: wait a minute.",
}

_OUTSIDE = {
    "servers": [
        {"url": "/"},
        {
            "url": "http://{address}",
            "description": "Where ingest.listen of the configuration says.",
            "variables": {"address": {"default": "127.0.0.1:8182"}},
        },
    ],
}


@dataclass(frozen=True)
class Operation:
    """One method of one path: who serves it, and its description.

    ``answer`` is the type of the answer 200, which is JSON unless ``media_type`` says otherwise or
    ``events`` (name to type of data) that it is a stream; ``None`` is empty. ``refusals`` maps
    other answers to when they are given, ``conflict`` is the type of the answer 409 where that says
    more than why; ``parameters`` maps the parameters of the path to what they are, ``query`` is the
    class of those of the query, ``body`` that of the request's JSON, which is ``large`` if it may
    have 256 KiB. ``outside`` marks what is served elsewhere too.
    """

    method: str
    path: str
    handler: Callable[[Request], Awaitable[ASGIApp]]
    summary: str
    answer: Any = str
    refusals: Mapping[int, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: type[Query] | None = None
    body: type[BaseModel] | None = None
    conflict: Any = None
    outside: bool = False
    large: bool = False
    events: Mapping[str, Any] = field(default_factory=dict)
    media_type: str = _JSON


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    told = [Failure, *(op.answer for op in operations if op.answer)]
    told += [type_ for op in operations for type_ in op.events.values()]
    told += [op.conflict for op in operations if op.conflict]
    read: list[type[BaseModel]] = [
        type_ for op in operations for type_ in (op.query, op.body) if type_
    ]
    found, definitions = TypeAdapter.json_schemas(
        [
            *((type_, "serialization", TypeAdapter(type_)) for type_ in dict.fromkeys(told)),
            *((type_, "validation", TypeAdapter(type_)) for type_ in dict.fromkeys(read)),
        ],
        ref_template=f"{_REF}{{model}}",
        schema_generator=_WithoutTitles,
    )
    schemas = {type_: schema for (type_, _), schema in found.items()}
    components = dict(definitions["$defs"])
    for query in {op.query for op in operations if op.query}:
        # Its fields are parameters, each described by itself.
        name = schemas[query].get("$ref", "").removeprefix(_REF)
        schemas[query] = components.pop(name, schemas[query])
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "teleinfo gateway", "version": __version__, "description": _SECURITY},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "teleinfo-8181"},
            },
        },
    }


def _operation(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    need = needed(operation.method, operation.path)
    always = _ALWAYS if need is None else _ALWAYS | _UNLESS_OPEN
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "responses": {
            "200": _done(operation, schemas),
            **{
                str(code): _response(
                    reason,
                    _JSON,
                    schemas[(code == 409 and operation.conflict) or Failure],
                )
                for code, reason in sorted({**always, **operation.refusals}.items())
            },
        },
    }
    parameters = [
        _parameter(name, {"type": "string", "description": text}, "path", required=True)
        for name, text in operation.parameters.items()
    ]
    if operation.query:
        schema = schemas[operation.query]
        required = schema.get("required", ())
        parameters += [
            _parameter(name, field_, "query", required=name in required)
            for name, field_ in schema["properties"].items()
        ]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        content = {_JSON: {"schema": schemas[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.outside:
        described |= _OUTSIDE
    if need is not None:
        described["security"] = [{"token": [need]}]
        if need is not Scope.INGEST:
            described["security"].append({"session": []})
    if operation.events:
        described["x-events"] = {name: schemas[type_] for name, type_ in operation.events.items()}
    return described


def _done(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done."}
    media_type = "text/event-stream" if operation.events else operation.media_type
    return _response("Done.", media_type, schemas[operation.answer])


def _response(description: str, media_type: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _parameter(
    name: str, schema: Mapping[str, Any], place: str, *, required: bool
) -> dict[str, Any]:
    """One parameter; that it may be left out is no null of its type."""
    type_ = {key: value for key, value in schema.items() if key != "description"}
    if type_.get("default", 0) is None:
        del type_["default"]
        told = [one for one in type_.pop("anyOf", ()) if one != {"type": "null"}]
        for one in told:
            type_ |= one
    described = {
        "name": name,
        "in": place,
        "required": required,
        "description": schema["description"],
        "schema": type_,
    }
    if type_.get("type") == "array":
        described["explode"] = False  # names with commas between
    return described


class _WithoutTitles(GenerateJsonSchema):
    """Property titles would only repeat the names in other letters."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False
