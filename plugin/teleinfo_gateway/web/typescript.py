"""The records of the HTTP API as TypeScript: ``python -m teleinfo_gateway.web.typescript``.

The page is checked against these types, so that an answer and its reader cannot drift apart; a test
keeps the committed file up to date (``make records``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from teleinfo_gateway.config import Config
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.web.access import Access, Keys
from teleinfo_gateway.web.app import Api
from teleinfo_gateway.web.openapi import describe
from teleinfo_gateway.web.source import NoFile

__all__ = ["records"]

_HEADER = "/** Made from the records of the HTTP API (make records): do not edit. */"
_BASIC = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def records() -> str:
    """The whole file."""
    manager = PluginManager(Config(xpl=None, web=None, history=None))
    api = Api(manager, asyncio.Event(), Access(Keys()), NoFile())
    schemas = describe(api.operations)["components"]["schemas"]
    return "\n\n".join([_HEADER, *_declarations(schemas)]) + "\n"


def _declarations(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        if schema.get("type") == "object":
            fields = "".join(
                f"  {_key(key)}: {_type(value)};\n"
                for key, value in schema.get("properties", {}).items()
            )
            yield f"export interface {name} {{\n{fields}}}"
        else:
            yield f"export type {name} = {_type(schema)};"


def _type(schema: Mapping[str, Any]) -> str:  # noqa: PLR0911  # a table of cases
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": choices} | {"oneOf": choices}:
            return " | ".join(dict.fromkeys(_type(choice) for choice in choices))
        case {"type": "null"}:
            return "null"
        case {"type": "array", "prefixItems": parts}:
            return f"[{', '.join(_type(part) for part in parts)}]"
        case {"type": "array"}:
            item = _type(schema.get("items", {}))
            return f"({item})[]" if "|" in item else f"{item}[]"
        case {"type": "object"}:
            return f"Record<string, {_type(schema.get('additionalProperties') or {})}>"
        case {"type": str(basic)}:
            return _BASIC[basic]
    return "unknown"


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


if __name__ == "__main__":
    print(records(), end="")  # noqa: T201  # what it is for
