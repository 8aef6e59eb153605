"""One xPL message: strict when written, liberal when read."""

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from xpl._text import number, printable
from xpl.address import EVERYONE, Address, Target
from xpl.errors import (
    DecodeError,
    EmptyBodyError,
    EmptyValueError,
    EncodeError,
    IllegalHopError,
    IllegalNameError,
    IllegalSchemaError,
    IllegalTargetError,
    IllegalValueError,
    MessageTooLongError,
    ValueTooLongError,
)

__all__ = ["MAX_BYTES", "MAX_VALUE", "Message", "MessageType", "check_pair"]

MAX_BYTES = 1472  # an Ethernet packet of 1500 without its IP (20) and UDP (8) headers
MAX_VALUE = 128
MAX_HOP = 9

_LEGAL_SCHEMA = re.compile(r"[a-z0-9-]{1,8}\.[a-z0-9-]{1,8}")
_LEGAL_NAME = re.compile(r"[a-z0-9-]{1,16}")
_LEGAL_VALUE = re.compile(r"[\x20-\x7e]*")
_AROUND = " \t\r\0"  # what is overlooked around a line of the frame, never around a value


class MessageType(enum.Enum):
    """What a message does: ask, report a state, or report a change."""

    CMND = "xpl-cmnd"
    STAT = "xpl-stat"
    TRIG = "xpl-trig"


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """A message; `body` is an ordered tuple of (name, value) pairs, a name may come twice.

    Building one checks nothing, `encode()` does. A target given as text is parsed.
    """

    type: MessageType
    source: Address
    target: Target
    schema: str
    body: tuple[tuple[str, str], ...]
    hop: int

    def __init__(
        self,
        type: MessageType,  # noqa: A002  # the protocol's own word
        *,
        source: Address,
        target: Target | str = EVERYONE,
        schema: str,
        body: Iterable[tuple[str, str]],
        hop: int = 1,
    ) -> None:
        set_field = object.__setattr__
        set_field(self, "type", type)
        set_field(self, "source", source)
        set_field(self, "target", Target.parse(target) if isinstance(target, str) else target)
        set_field(self, "schema", schema)
        set_field(self, "body", tuple(body))
        set_field(self, "hop", hop)

    def get(self, name: str) -> str | None:
        """Return the first value with this name, or None."""
        return next((value for key, value in self.body if key == name), None)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return every value with this name, in order."""
        return tuple(value for key, value in self.body if key == name)

    def encode(self) -> bytes:
        """Return the datagram, in the form that every known reader accepts.

        Raises an EncodeError that names the first fault. There is no way to write an empty
        value, because some readers drop the whole message: leave an unset item out.
        """
        self._check_header()
        if not self.body:
            raise EmptyBodyError(f"{printable(self.schema)}: a message needs at least one pair")
        for name, value in self.body:
            check_pair(name, value)
        pairs = "".join(f"{name}={value}\n" for name, value in self.body)
        # Domogik rejects any other order of the header lines.
        data = (
            f"{self.type.value}\n{{\nhop={self.hop}\nsource={self.source}\ntarget={self.target}\n"
            f"}}\n{self.schema}\n{{\n{pairs}}}\n"
        ).encode("ascii")
        if len(data) > MAX_BYTES:
            raise MessageTooLongError(
                f"{self.schema}: {len(data)} bytes, at most {MAX_BYTES} may be sent", len(data)
            )
        return data

    def _check_header(self) -> None:
        if not 1 <= self.hop <= MAX_HOP:
            raise IllegalHopError(f"hop is 1 to {MAX_HOP}, not {self.hop}", self.hop)
        self.source.check()
        self.target.check()
        if self.type is not MessageType.CMND and self.target != EVERYONE:
            raise IllegalTargetError(
                f"{self.type.value} is always sent to '*', not to {self.target}", self.target
            )
        if not _LEGAL_SCHEMA.fullmatch(self.schema):
            raise IllegalSchemaError(
                f"illegal schema {printable(self.schema)!r}: "
                "class.type, each 1 to 8 of a-z, 0-9 and '-'",
                self.schema,
            )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a datagram; type, addresses, schema and names come out in lower case.

        Accepted: CR LF, blank lines, header lines in any order, no hop or target, no final line
        feed, anything after the end, values of any length in UTF-8 or else Latin-1, no body.
        A body line without `=` is dropped. Raises DecodeError for everything else.
        """
        try:
            return cls._read(_lines(data))
        except (_MalformedError, EncodeError) as error:
            raise DecodeError(f"not an xPL message: {error}", data) from None

    @classmethod
    def _read(cls, lines: Iterator[str]) -> Self:
        kind = _structure(lines)
        if kind not in _TYPES:
            raise _MalformedError(f"unknown type {printable(kind)!r}")
        header: dict[str, str] = {}
        for line in _block(lines):
            name, _, value = line.partition("=")
            header.setdefault(name.strip().lower(), value)
        schema = _structure(lines)
        if not all(schema.partition(".")):
            raise _MalformedError(f"no schema but {printable(schema)!r}")
        return cls(
            _TYPES[kind],
            source=Address.parse(header.get("source", "")),
            target=header.get("target", "*"),
            schema=schema,
            body=_pairs(lines),
            hop=_hop(header.get("hop")),
        )


def check_pair(name: str, value: str) -> None:
    """Raise the EncodeError that says why this pair may not be sent, if it may not."""
    if not _LEGAL_NAME.fullmatch(name):
        raise IllegalNameError(
            f"illegal name {printable(name)!r}: 1 to 16 of a-z, 0-9 and '-'", name
        )
    if not value:
        raise EmptyValueError(f"{name}: an empty value may not be sent, leave the pair out", name)
    if len(value) > MAX_VALUE:
        raise ValueTooLongError(
            f"{name}: {len(value)} characters, at most {MAX_VALUE} may be sent", (name, value)
        )
    if not _LEGAL_VALUE.fullmatch(value):
        raise IllegalValueError(
            f"{name}: only printable ASCII may be sent, not {printable(value)!r}", (name, value)
        )


class _MalformedError(Exception):
    """Why a datagram is not a message."""


_TYPES = {kind.value: kind for kind in MessageType}


def _lines(data: bytes) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    # Not splitlines(), which also cuts at characters that are data here.
    for line in text.split("\n"):
        if line.strip(_AROUND):
            yield line.removesuffix("\r")


def _structure(lines: Iterator[str]) -> str:
    """Return the next line of the frame: a type, a schema or a brace."""
    try:
        return next(lines).strip(_AROUND).lower()
    except StopIteration:
        raise _MalformedError("it ends early") from None


def _block(lines: Iterator[str]) -> Iterator[str]:
    """Yield what stands between two braces."""
    if (line := _structure(lines)) != "{":
        raise _MalformedError(f"no opening brace but {printable(line)!r}")
    for line in lines:
        if line.strip(_AROUND) == "}":
            return
        yield line
    raise _MalformedError("no closing brace")


def _pairs(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in _block(lines):
        name, equals, value = line.partition("=")
        if equals and (name := name.strip().lower()):
            yield name, value


def _hop(text: str | None) -> int:
    """Return the hop count: 1 if missing or unreadable; above 9 the message must be dropped."""
    hop = number(text) or 1
    if hop > MAX_HOP:
        raise _MalformedError(f"hop {hop} is above {MAX_HOP}")
    return hop
