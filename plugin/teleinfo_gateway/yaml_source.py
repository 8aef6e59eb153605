"""YAML text -> plain values that remember where they stand in the file.

Three departures from what PyYAML does by itself, each because of a wrong reading it causes:

* Unquoted words follow the core schema of YAML 1.2, without its fractions and number bases:
  only ``true``, ``false``, ``null`` and decimal digits are more than text. In YAML 1.1
  ``021234567012`` is an octal number, ``22:30`` is 1350 and ``no`` is false.
* A key written twice is a fault; PyYAML keeps the last one and says nothing.
* Tags and aliases are refused: no setting needs them, and a few aliases of aliases can
  describe more values than any memory holds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml
from yaml.composer import ComposerError
from yaml.reader import ReaderError

from teleinfo_gateway.errors import ConfigError, Fault, GatewayError

__all__ = ["Document", "Location", "Place", "dotted", "read_yaml"]

Location: TypeAlias = tuple[str | int, ...]
"""Keys and list positions, from the top of the file down to one value."""

_MAX_BYTES = 262_144  # a thousand meters with every key written; PyYAML needs seconds for more
_MAX_DEPTH = 16  # the settings need 3; PyYAML composes by recursion, which Python's stack bounds
_MAX_SHOWN = 60  # characters of the file that a message repeats

_BOOL, _INT, _NULL = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "null"))

# What PyYAML says, the same in words for someone who does not know its parser, and whether the
# cause stands where the construct began rather than where the parser gave up.
_UNCLOSED = "but found '<stream end>'"
_PLAIN_WORDS = (
    ("'\\t' that cannot start", "a tab stands where only spaces may", False),
    ("cannot start any token", "text that begins with this character needs quotes", False),
    ("mapping values are not allowed", "a colon too many here, or one missing above", False),
    ("could not find expected ':'", "a key without a colon after it", True),
    ("expected <block end>", "the indentation does not agree with the lines above", False),
    ("unexpected end of stream", "the quote opened here is never closed", True),
    ("expected ',' or ']'", "the list opened here lacks a comma or its closing bracket", True),
    ("expected ',' or '}'", "the mapping opened here lacks a comma or its closing brace", True),
    (_UNCLOSED, "the bracket or brace opened here is never closed", False),
    ("expected the node content", "a value is missing before this character", False),
    ("expected '<document start>'", "a bracket, a brace or a quote too many", False),
    ("found another document", '"---" begins a second document: keep only one', False),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands (``line`` counts from 1) and what is written there, fit to be shown."""

    line: int
    found: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file holds: dict with text keys, tuple for a list, str, int, bool and None.

    A value that could not be read is None, its location is in ``unread``, and ``faults`` says why.
    """

    data: object
    places: dict[Location, Place]
    unread: frozenset[Location]
    faults: tuple[Fault, ...]

    def nearest(self, location: Location) -> Place:
        """Return the place of a value, or of the smallest thing around it that is in the file."""
        while location not in self.places:
            location = location[:-1]
        return self.places[location]


def read_yaml(path: Path) -> Document:
    """Read one file.

    Raises ConfigError, with a single fault, when nothing can be said about the values: the file
    cannot be read, is too large, is not UTF-8 or is not YAML.
    """
    try:
        node = _compose(_read_text(path))
    except _UnusableError as error:
        raise ConfigError(path, (error.fault,)) from error.__cause__
    reading = _Reading()
    data = reading.value(node, (), node.start_mark.line + 1 if node else 1)
    return Document(data, reading.places, frozenset(reading.unread), tuple(reading.faults))


def dotted(location: Location) -> str:
    """Return a location the way a person writes it: ``devices[1].interval``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in location)
    return "".join(parts).removeprefix(".")


def _printable(text: str) -> str:
    """Return ``text`` fit for one line of a terminal or a log: cut, nothing invisible in it."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:_MAX_SHOWN])
    return shown if len(text) <= _MAX_SHOWN else f"{shown}..."


class _UnusableError(GatewayError):
    """Nothing can be read from the file, for the reason in ``fault``."""

    def __init__(self, line: int | None, message: str) -> None:
        self.fault = Fault("", line, message)
        super().__init__(message)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise _UnusableError(None, "there is no such file") from error
    except IsADirectoryError as error:
        raise _UnusableError(None, "this is a directory: name the file inside it") from error
    except PermissionError as error:
        raise _UnusableError(None, "the permission to read this file is missing") from error
    except OSError as error:
        raise _UnusableError(None, f"this cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise _UnusableError(None, f"above {_MAX_BYTES} bytes, too large for a configuration")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UnusableError(
            raw.count(b"\n", 0, error.start) + 1,
            f"the byte 0x{raw[error.start]:02X} is not UTF-8: save the file as UTF-8 text",
        ) from error


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with our own idea of what an unquoted word means."""

    # A new dictionary: the inherited one belongs to every loader of the process. Under None:
    # whatever the first character is. Longer digits stay text: int() refuses very long ones.
    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML declares it, without ClassVar
        None: [
            (_BOOL, re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")),
            (_INT, re.compile(rf"[-+]?[0-9]{{1,{_MAX_SHOWN}}}\Z")),
            (_NULL, re.compile(r"(~|null|Null|NULL|)\Z")),
        ]
    }
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose as PyYAML does, but refuse what no setting needs."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # as the stubs are
        refusal = None
        if isinstance(event, yaml.AliasEvent):
            refusal = "an alias (*name) is not used here: write the value itself"
        elif getattr(event, "tag", None) is not None:
            refusal = "a tag (!name) is not used here: write the value alone"
        elif self._depth == _MAX_DEPTH:
            refusal = f"more than {_MAX_DEPTH} levels: the settings need far fewer"
        if refusal:
            raise ComposerError(problem=refusal, problem_mark=event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _compose(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _UnusableError(
            line, f"the control character U+{ord(text[error.position]):04X} is not text: remove it"
        ) from error
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _in_plain_words(error, loader.marks) from error
    except (ValueError, OverflowError) as error:
        # PyYAML's own slips, such as chr() of the escape \UFFFFFFFF.
        raise _UnusableError(
            loader.get_mark().line + 1, "this is not valid YAML: a number here is out of range"
        ) from error
    finally:
        loader.dispose()


def _in_plain_words(error: yaml.MarkedYAMLError, opened: Sequence[yaml.Mark]) -> _UnusableError:
    """The fault in our words; ``opened`` is where each list and mapping around it began."""
    words, mark = _printable(str(error.problem)), error.problem_mark
    for said, plain, at_start in _PLAIN_WORDS:
        if said in str(error.problem):
            words = plain
            mark = error.context_mark if at_start else mark
            if said == _UNCLOSED and opened:
                mark = opened[-1]
            break
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return _UnusableError(line, f"this is not valid YAML at column {column}: {words}")


class _Reading:
    """One walk over the nodes of a file: values out, places and faults gathered on the way."""

    def __init__(self) -> None:
        self.places: dict[Location, Place] = {}
        self.unread: set[Location] = set()
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node | None, location: Location, line: int) -> object:
        """Return the value of a node; ``line`` is that of its key, where a person looks for it."""
        if isinstance(node, yaml.MappingNode):
            self.places[location] = Place(line, "a mapping")
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            self.places[location] = Place(line, "a list")
            return tuple(
                self.value(item, (*location, index), item.start_mark.line + 1)
                for index, item in enumerate(node.value)
            )
        return self._scalar(node, location, line)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            where = (*location, key)
            if not isinstance(key, str) or not key.isprintable():
                self._fault(location, line, "a key here is not plain text: write one of the keys")
            elif key in values:
                first = self.places[where].line
                self._fault(where, line, f"already given on line {first}: keep one of the two")
            else:
                values[key] = self.value(value_node, where, line)
        return values

    def _scalar(self, node: yaml.Node | None, location: Location, line: int) -> object:
        text = node.value if node else ""
        tag = node.tag if node else _NULL
        shown = _printable(text)
        if tag == _NULL:
            self.places[location] = Place(line, "nothing")
            return None
        if tag == _BOOL:
            self.places[location] = Place(line, shown)
            return text.lower() == "true"
        if tag == _INT:
            self.places[location] = Place(line, shown)
            return int(text)
        self.places[location] = Place(line, f'"{shown}"')
        hidden = next((char for char in text if not char.isprintable()), None)
        if hidden is None:
            return text
        self.unread.add(location)
        self._fault(
            location, line, f"invisible character U+{ord(hidden):04X} in {shown!r}: remove it"
        )
        return None

    def _fault(self, location: Location, line: int, message: str) -> None:
        self.faults.append(Fault(dotted(location), line, message))
