"""Bytes of a line that may be shown to anybody: whose meter it is can no longer be read in them.

Pure: bytes in, as many bytes out, cut and damaged as they were. ADCO, ADSC and PRM become invented
ones, the same always the same; messages become ``X``. A checksum is as right or as wrong as before.
What is damaged is searched for pieces of the originals: a flipped bit hides nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tic import BY_NAME
from tic.groups import HT, MAX_GROUP, SP, read_group

__all__ = ["Anonymiser"]

_MAX_NAMES = 64
"""Identities kept in mind. A line has two; more are damaged copies, or noise."""
_MAX_WORDS = 1000  # pieces of messages; one has at most 29

_SERIAL_AT = 6  # in ADCO and ADSC; maker, year and type tell of a fault and of nobody
_SHORTEST = 8  # characters of an identity; a real one has 12 or 14, a published one may be cut
_PIECE = 4  # characters in a row that two values do not share by chance
_PRM = 14  # characters; the longest identity
_REACH = _PRM  # bytes around such a piece where the rest may be
_TOLD = 22  # bytes from PRM or ADCO to the end of the value, with some to spare

_MASK = bytes(byte & 0x7F for byte in range(256))
_EVEN = bytes(byte for byte in range(256) if byte.bit_count() % 2 == 0)

_lines = re.compile(rb"\n[^\n\r\x02-\x04]+(\r?)").finditer
_identity = re.compile(
    rb"\n(?:ADCO|ADSC|(PRM))[ \t]([^\t\n\r ]{%d,16})[ \t].\Z" % _SHORTEST, re.DOTALL
).match
_message = re.compile(rb"\nMSG[12][ \t]").match
_told = re.compile(rb"ADCO|ADSC|PRM").finditer
_numbers = re.compile(rb"(?<![EHeh])[0-9]{10,}").finditer
"""Longer than any index; a horodate has 12 digits, behind a letter."""
_IDENTITY = r"(?<![0-9A-Za-z])(?:[0-9]{4}[0-9A-F]{2}[0-9]{6}|[0-9]{14})(?![0-9A-Za-z])"

_NO_MESSAGE = b"PASDEMESSAGE"
"""What a meter says that has no message, without its spaces."""


def _blurred(byte: int) -> int:
    """A digit without its number, and what one flipped bit makes of digits.

    The kind of byte stays: printable, control, separator.
    """
    if byte in range(0x30, 0x3A) or byte in range(0x70, 0x7A) or byte in range(0x10, 0x1A):
        return byte & 0xF0
    if byte in range(0x21, 0x2A):
        return 0x21
    return 0x3F if byte in range(0x3A, 0x40) else byte


def _crossed_out(byte: int) -> int:
    is_letter = byte < 0x80 and chr(byte).isalpha()
    return 0x58 | byte & 0x20 if is_letter else _blurred(byte)


_BLUR = bytes(_blurred(byte) for byte in range(256))
_CROSS_OUT = bytes(_crossed_out(byte) for byte in range(256))


class _Line(NamedTuple):
    """LF to checksum; ``label`` is empty if the decoder would refuse it."""

    start: int
    text: bytes  # without eighth bits
    label: str
    is_8bit: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Anonymiser:
    """Gives each identity an invented one, the same for as long as it lives."""

    def __init__(self) -> None:
        self._kept: dict[bytes, int] = {}  # identity to how many of its characters stay
        self._invented: dict[bytes, bytes] = {}
        self._pieces: set[bytes] = set()  # of identities
        self._words: set[bytes] = set()  # pieces of messages

    def learn(self, data: bytes) -> None:
        """Remember the identities in these bytes: the verified first, then what looks like one.

        :meth:`stream` learns from what it is given; what comes later must be told here.
        """
        doubtful: list[tuple[bytes, int]] = []
        for line in _lines_of(data):
            if told := _identity(line.text):
                kept = 0 if told[1] else _SERIAL_AT
                if line.label:
                    self._remember(told[2], kept)
                else:
                    doubtful.append((told[2], kept))
            elif line.label and _message(line.text) and len(self._words) < _MAX_WORDS:
                pieces = _pieces(line.text[6:-2]) if _is_message(line.text) else set()
                self._words |= {piece for piece in pieces if piece.isalnum()}
        for value, kept in doubtful:
            if self._pieces.isdisjoint(_pieces(value)):
                self._remember(value, kept)

    def stream(self, data: bytes) -> bytes:
        """As many bytes, made anonymous. They begin where someone began to listen."""
        self.learn(data)
        new = bytearray(data.translate(_MASK))
        head = slice(0, min(_head(new), MAX_GROUP))
        new[head] = new[head].translate(_BLUR)
        lines = list(_lines_of(data))
        loose = 0  # from here on no good group accounts for the bytes
        for line in lines:
            if not self._take_line(new, line):
                continue
            self._blur(new, loose, line.start)
            loose = line.end
        self._blur(new, loose, len(new))
        for line in lines:
            _mend(new, line)
        return _with_eighth_bits(data, new, lines)

    def _take_line(self, new: bytearray, line: _Line) -> bool:
        """Make a group anonymous that is good or whose place is known; whether it is one."""
        if told := _identity(line.text):
            new[line.start + told.start(2) : line.start + told.end(2)] = self._instead(told[2])
        elif _message(line.text):
            if not line.label or _is_message(line.text):
                new[line.start + 6 : line.end - 2] = line.text[6:-2].translate(_CROSS_OUT)
        elif not line.label:
            return False
        elif line.label not in BY_NAME:  # another meter's, or one flipped bit made it
            value = line.start + _value_at(line.text)
            new[value : line.end - 2] = self.text(new[value : line.end - 2].decode()).encode()
            self._cross_out(new, value, line.end - 2)
        return True

    def text(self, text: str) -> str:
        """Text of the gateway without identities, whether they were heard or not."""

        def instead(found: re.Match[str]) -> str:
            value = found[0].encode()
            self._remember(value, 0 if len(value) == _PRM else _SERIAL_AT)
            return self._instead(value).decode()

        known = [re.escape(value.decode()) for value in self._kept]
        return re.sub("|".join([*known, _IDENTITY]), instead, text)

    def _remember(self, value: bytes, kept: int) -> None:
        if len(self._kept) < _MAX_NAMES:
            self._kept.setdefault(value, kept)
            self._pieces |= _pieces(value)

    def _instead(self, value: bytes) -> bytes:
        """What is shown for the value of an identity, damaged in the same way."""
        if value in self._kept:
            return self._invent(value)
        for original in self._kept:
            pairs = list(zip(original, value, strict=False))
            if len(original) == len(value) <= 2 * sum(a == b for a, b in pairs):
                return bytes(
                    told ^ meant ^ new if (told ^ meant).bit_count() <= 1 else _BLUR[told]
                    for (meant, told), new in zip(pairs, self._invent(original), strict=True)
                )
        return value.translate(_BLUR)

    def _invent(self, value: bytes) -> bytes:
        """An identity that no meter on this line has, and no simulated one either."""
        if value not in self._invented:
            taken = {*self._kept, *self._invented.values()}
            tries = (_numbered(value, self._kept[value], n + 1) for n in range(2 * _MAX_NAMES))
            free = (new for new in tries if new not in taken)
            self._invented[value] = next(free, value.translate(_BLUR))
        return self._invented[value]

    def _blur(self, new: bytearray, begin: int, end: int) -> None:
        """Blur what may be a piece of an identity, cross out what is one of a message."""
        for first, last in self._suspect(bytes(new[begin:end])):
            part = slice(begin + max(first, 0), min(begin + last, end))
            new[part] = new[part].translate(_BLUR)
        self._cross_out(new, begin, end)

    def _cross_out(self, new: bytearray, begin: int, end: int) -> None:
        """Cross out the pieces of messages."""
        span = bytes(new[begin:end])
        for at in range(len(span)):
            if span[at : at + _PIECE] in self._words:
                part = slice(begin + at, begin + at + _PIECE)
                new[part] = new[part].translate(_CROSS_OUT)

    def _suspect(self, span: bytes) -> Iterator[tuple[int, int]]:
        """Where an identity may be in bytes that nothing verifies."""
        for found in _told(span):
            yield found.start(), found.start() + _TOLD
        for found in _numbers(span):
            yield found.span()
        for at in range(len(span)):
            if span[at : at + _PIECE] in self._pieces:
                yield at - _REACH, at + _PIECE + _REACH


def _numbered(value: bytes, kept: int, number: int) -> bytes:
    """The value with nines and a number for its digits, from ``kept`` on."""
    size = len(value) - kept
    digits = f"{10**size - 1000 + number:0{size}}"[-size:].encode()
    pairs = zip(value[kept:], digits, strict=True)
    return value[:kept] + bytes(new if chr(old).isdigit() else old for old, new in pairs)


def _head(data: bytes | bytearray) -> int:
    """The size of the end of a group whose beginning nobody heard."""
    first = data.find(b"\n")
    return len(data) if first < 0 else first


def _lines_of(data: bytes) -> Iterator[_Line]:
    """Each LF and what follows until a mark: to the decoder a group, good or bad."""
    for found in _lines(data.translate(_MASK)):
        text = found[0].removesuffix(b"\r")
        raw = data[found.start() : found.end()]
        is_8bit = not raw.isascii()
        group = None
        if found[1] and len(text) <= MAX_GROUP and not (is_8bit and raw.translate(None, _EVEN)):
            group = read_group(text, text.decode("ascii"))
        yield _Line(found.start(), text, "" if group is None else group.label, is_8bit)


def _value_at(line: bytes) -> int:
    """Where the value of a good group begins."""
    return line.rfind(b"\t", 0, -2) + 1 or line.find(b" ") + 1


def _is_message(line: bytes) -> bool:
    """Whether a group MSG1 or MSG2 says something."""
    return line[6:-2].replace(b" ", b"") != _NO_MESSAGE


def _pieces(value: bytes) -> set[bytes]:
    """All that stands in a row; the same character again and again is in every value."""
    pieces = {value[at : at + _PIECE] for at in range(len(value) - _PIECE + 1)}
    return {piece for piece in pieces if len(set(piece)) > 1}


def _mend(new: bytearray, line: _Line) -> None:
    """Give back a label that is known, and make the checksum as wrong as it was."""
    label = line.text[1:].replace(HT.encode(), SP.encode()).partition(SP.encode())[0]
    if label.decode("ascii") in BY_NAME:
        new[line.start + 1 : line.start + 1 + len(label)] = label
    check = line.text[-1]
    separated = line.text[-2:-1] in {SP.encode(), HT.encode()}
    if separated and 0x20 <= check < 0x60:
        change = sum(new[line.start : line.end - 1]) - sum(line.text[:-1])
        new[line.end - 1] = (check - 0x20 + change & 0x3F) + 0x20


def _with_eighth_bits(data: bytes, new: bytearray, lines: list[_Line]) -> bytes:
    """The eighth bits of ``data``; where a line carries parity, as right or wrong as there."""
    if data.isascii():
        return bytes(new)
    whole = bytearray(byte | old & 0x80 for byte, old in zip(new, data, strict=True))
    for line in lines:
        if line.is_8bit:
            part = whole[line.start : line.end]
            pairs = zip(part, line.text, strict=True)
            kept = bytes(byte ^ ((byte ^ old) & 0x7F).bit_count() % 2 << 7 for byte, old in pairs)
            if not kept.isascii():  # else noise had set the bits
                whole[line.start : line.end] = kept
    return bytes(whole)
