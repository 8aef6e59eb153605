"""What a model refuses -> faults with a line, worded for the person who wrote the file."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from teleinfo_gateway.errors import Fault
from teleinfo_gateway.yaml_source import Document, Location, dotted

__all__ = ["refused"]


def refused(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[Fault]:
    """Yield one fault for each thing that ``model`` refused in ``document``."""
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if location not in document.unread:  # else it has its fault already
            place = document.nearest(location)
            yield Fault(dotted(location), place.line, _message(detail, model, place.found))


def _message(detail: ErrorDetails, model: type[BaseModel], found: str) -> str:
    location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return _unknown_key(location, model)
    wanted = _wanted(location, model)
    if detail["type"] == "missing":
        return f"missing; write {wanted}"
    return f"expected {wanted}, found {found}{_hint(detail, found)}"


def _wanted(location: Location, model: type[BaseModel]) -> str:
    if location and isinstance(location[-1], str):
        return str(_owner(location, model).model_fields[location[-1]].description)
    return f"the keys {', '.join(_owner((*location, ''), model).model_fields)}"


def _hint(detail: ErrorDetails, found: str) -> str:
    text = found.strip('"')
    match detail["type"]:
        case "string_type" if text[-1].isdigit():
            return f' as a number (for text, put quotes around it: "{text}")'
        case "int_type" if text.isdecimal():
            return f" (a number has no quotes: {text})"
        case "literal_error":
            # pydantic lists the words as 'a', 'b' or 'c'
            return _did_you_mean(text, re.findall("'([^']+)'", detail["ctx"]["expected"]))
        case "value_error":
            return f": {detail['ctx']['error']}"
    return ""


def _unknown_key(location: Location, model: type[BaseModel]) -> str:
    known = _owner(location, model).model_fields
    suggestion = _did_you_mean(str(location[-1]), known)
    return "unknown key" + (suggestion or f"; the keys here are {', '.join(known)}")


def _did_you_mean(text: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(text.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _owner(location: Location, model: type[BaseModel]) -> type[BaseModel]:
    """Return the model inside ``model`` that the last key of ``location`` belongs to."""
    for key in location[:-1]:
        if isinstance(key, str):  # a position in a list leads to no other model
            inside = get_args(model.model_fields[key].annotation)
            model = next(kind for kind in inside if issubclass(kind, BaseModel))
    return model
