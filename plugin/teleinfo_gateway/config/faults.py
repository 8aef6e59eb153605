"""What a model refuses -> faults with a line, worded for the person who wrote the file."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from teleinfo_gateway.errors import Fault
from teleinfo_gateway.secret import without_secret
from teleinfo_gateway.yaml_source import Document, Location, dotted

__all__ = ["refused"]


_OF_A_KEY = "[key]"  # how pydantic ends the location of a mapping's key that it refused
_HIDDEN = "a value that is not repeated here"


def refused(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[Fault]:
    """Yield one fault for each thing that ``model`` refused in ``document``."""
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if location[-1:] == (_OF_A_KEY,):
            location = location[:-1]
        if location not in document.unread:  # else it has its fault already
            place = document.nearest(location)
            found = place.found if location in document.places else None
            message = _message(detail, location, model, found)
            yield Fault(dotted(location), place.line, message)


def _message(
    detail: ErrorDetails, location: Location, model: type[BaseModel], found: str | None
) -> str:
    """Why a value is refused; ``found`` is ``None`` where nothing is written."""
    if detail["type"] == "extra_forbidden":
        return _unknown_key(location, model)
    inside, field = _reached(location, model)
    wanted = f"the keys {', '.join(_keys(inside))}" if field is None else str(field.description)
    if found is None:  # a default may be refused for what stands beside it
        return f"missing; write {wanted}{_hint(detail, '')}"
    if detail["loc"][-1:] == (_OF_A_KEY,):
        found = f'the key "{dotted(location[-1:])}"'
    found = without_secret(found) if field is None or field.repr else _HIDDEN
    return f"expected {wanted}, found {found}{_hint(detail, found)}"


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
    around, field = _reached(location[:-1], model)
    known = _keys((field and _model_in(field)) or around)
    suggestion = _did_you_mean(str(location[-1]), known)
    return "unknown key" + (suggestion or f"; the keys here are {', '.join(known)}")


def _did_you_mean(text: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(text.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _reached(
    location: Location, model: type[BaseModel]
) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the model that a location leads to, and the field of it that it ends in or goes into.

    No field: the location is that of the whole model, such as an item of a list.
    """
    field: FieldInfo | None = None
    for key in location:
        if field is not None:
            inside = _model_in(field)
            if inside is None:
                break  # a plain list or mapping: its field says what every part of it takes
            model, field = inside, None
        if isinstance(key, str):
            field = _keys(model)[key]
    return model, field


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    annotations = (field.annotation, *get_args(field.annotation))
    kinds = (kind for kind in annotations if isinstance(kind, type))
    return next((kind for kind in kinds if issubclass(kind, BaseModel)), None)


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model, by the keys that a person writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}
