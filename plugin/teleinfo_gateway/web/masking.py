"""The text of a configuration file without its secrets. Pure.

What is secret is told by its key (a misspelt one too), by where it stands in a URL, and by how the
hash of a password looks. References (``file:``, ``${NAME}``) are no secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml
from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from teleinfo_gateway.secret import without_secret

__all__ = ["masked"]

_MASK = "***"

_KEY = (
    r"(?:(?:pass?w|passe|phrase|pwd|mdp|toke?n|secret|credential|api[_-]?k|authori|header|cookie)"
    r"[\w-]{0,64}|extensions)"  # nobody but their authors knows what is in there
)
"""As it ends. Searches begin at it, and at the beginning of a line: no text makes them slow."""

_is_secret = re.compile(rf"[\w-]*{_KEY}[\w-]*", re.IGNORECASE).fullmatch
_PLAIN = {"name", "scope"}  # of the mappings in a list of tokens
_is_reference = re.compile(r"file:.*|\$\{[^{}]*\}").fullmatch
_HASH = re.compile(r"scrypt\$[^\s\"',}\]]*")

# For what is no YAML: comments, and a file with a mistake from there on.
_AFTER_KEY = re.compile(rf"({_KEY}[\"']?\s*:).+", re.IGNORECASE)
_AFTER_KEY_IN_COMMENT = re.compile(
    rf"^([^#\n]*#.*?{_KEY}[\"']?\s*:).+", re.IGNORECASE | re.MULTILINE
)
_names_secret = re.compile(_KEY, re.IGNORECASE).search
_BROKEN_URL = re.compile(r"(://[^:/?#@\s]*:)(?![0-9]{1,5}(?:\W|$))[^@]*$")
_has_key = re.compile(r"\s*(?:-\s+)*[\"']?[\w-]+[\"']?\s*:(?:\s|$)").match


def masked(text: str) -> str:
    """The text with ``***`` for each secret, line for line: faults name the lines."""
    kept: list[str] = []
    at = 0
    understood = len(text)
    try:
        for start, end in _secrets(yaml.parse(text, yaml.SafeLoader)):
            kept += [text[at:start], _MASK, "\n" * text.count("\n", start, end)]
            at = end
    except (yaml.YAMLError, ValueError, OverflowError):  # the latter are slips of PyYAML
        understood = at
    known = _AFTER_KEY_IN_COMMENT.sub(rf"\1 {_MASK}", "".join(kept) + text[at:understood])
    rest = "\n".join(_guessed(text[understood:].split("\n")))
    lines = _HASH.sub(_MASK, known + rest).split("\n")
    return "\n".join(map(without_secret, lines))


def _guessed(lines: Iterable[str]) -> Iterator[str]:
    """Lines without all that may belong to the key of a secret."""
    hidden: int | None = None  # the indentation of the key
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if hidden is not None and (depth > hidden or not _has_key(line)):
            yield _MASK if line.strip() else line
            continue
        secret = _names_secret(line) is not None or _BROKEN_URL.search(line) is not None
        hidden = depth if secret else None
        yield _BROKEN_URL.sub(rf"\1{_MASK}", _AFTER_KEY.sub(rf"\1 {_MASK}", line))


@dataclass(slots=True)
class _Open:
    """A mapping or a list that has begun; ``secret`` if all of it is."""

    is_mapping: bool
    secret: bool
    key_comes: bool = True
    value_is_secret: bool = False

    def takes(self, event: Event) -> bool:
        """Whether the key, value or item that begins with an event is secret."""
        if not self.is_mapping:
            return self.secret
        if self.key_comes:
            self.key_comes = False
            key = event.value if isinstance(event, ScalarEvent) else ""
            self.value_is_secret = bool(_is_secret(key)) or (self.secret and key not in _PLAIN)
            return False
        self.key_comes = True
        return self.value_is_secret


def _secrets(events: Iterable[Event]) -> Iterator[tuple[int, int]]:
    """Where the values are that must not be shown."""
    around = [_Open(is_mapping=False, secret=False)]
    for event in events:
        if isinstance(event, CollectionEndEvent):
            around.pop()
        if not isinstance(event, NodeEvent):
            continue
        secret = around[-1].takes(event)
        if isinstance(event, CollectionStartEvent):
            around.append(_Open(isinstance(event, MappingStartEvent), secret))
        elif isinstance(event, ScalarEvent) and (span := _hidden(event, secret=secret)):
            yield span


def _hidden(event: ScalarEvent, *, secret: bool) -> tuple[int, int] | None:
    begin, end, value = event.start_mark, event.end_mark, event.value
    assert begin is not None  # noqa: S101  # for the type checker: what was parsed has them
    assert end is not None  # noqa: S101  # likewise
    # A URL over several lines is not recognised in each of them.
    broken = begin.line != end.line and without_secret(value) != value
    hide = broken or (secret and value and not _is_reference(value))
    return (begin.index, end.index) if hide else None
