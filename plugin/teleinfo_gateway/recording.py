"""Recordings: the bytes of a line and the times at which they came.

Pure: bytes and times in, bytes out, and back. The format is described in docs/recording.rst. A
file that does not begin like a recording is taken for a raw capture: the bytes of a line, without
times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.speeds import BAUDRATES
from tic import BY_NAME, Decoder, Group, Mode

__all__ = [
    "CutShort",
    "Event",
    "Opened",
    "Received",
    "RecordingError",
    "RecordingWriter",
    "paced",
    "read_recording",
]

_MAGIC = b"\x89TICREC"
"""The first byte is none of ASCII, so that no capture of a 7-bit line begins like this."""
_VERSION = 1

_BLOCK = 1 << 16  # bytes read at once
_MAX_CHUNK = 1 << 14  # four times what a read of a port brings; more is a damaged length
_UNKNOWN = 1  # stands for a speed nobody knows; not 0, which a power cut may leave behind
_MAX_BAUDRATE = 4_000_000  # the fastest that Linux has a name for
_MAX_VARINT = 5  # bytes: 35 bits, a year in milliseconds

_RAW_PIECE = 64  # bytes of a raw capture that are played at once
_BITS = 10  # of a character on the line: start, seven data, parity, stop


class RecordingError(GatewayError):
    """A recording cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The port was opened: what follows is another stream of bytes.

    ``baudrate`` is ``None`` where somebody else sets the speed, as behind a TCP server.
    """

    at_s: float
    baudrate: int | None


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that came together; ``at_s`` is ``None`` in a raw capture."""

    at_s: float | None
    data: bytes


@dataclass(frozen=True, slots=True)
class CutShort:
    """From byte ``offset`` of the file on there is no whole record."""

    offset: int

    def __str__(self) -> str:
        return f"nothing can be read from byte {self.offset} on: it was cut short, or is damaged"


Event = Opened | Received | CutShort
"""What stands in a recording; times count from its beginning. ``CutShort`` comes last."""


class RecordingWriter:
    """Gives the bytes to append to a file for each thing that happens; times never go back.

    A recording begins with :meth:`opened`.
    """

    def __init__(self) -> None:
        self._begin_s: float | None = None
        self._told_ms = 0  # how far the times already written reach

    def opened(self, now_s: float, baudrate: int | None) -> bytes:
        """The port was opened."""
        head = b""
        if self._begin_s is None:
            self._begin_s = now_s
            head = _MAGIC + bytes([_VERSION])
        return head + self._elapsed(now_s) + _varint(0) + _varint(baudrate or _UNKNOWN)

    def received(self, now_s: float, data: bytes) -> bytes:
        """Bytes came."""
        pieces = [data[at : at + _MAX_CHUNK] for at in range(0, len(data), _MAX_CHUNK)]
        return b"".join(self._elapsed(now_s) + _varint(len(piece)) + piece for piece in pieces)

    def _elapsed(self, now_s: float) -> bytes:
        """Milliseconds since the record before; rounding never adds up."""
        at_ms = round((now_s - (self._begin_s or 0.0)) * 1000)
        step_ms = min(max(at_ms - self._told_ms, 0), (1 << 7 * _MAX_VARINT) - 1)
        self._told_ms += step_ms
        return _varint(step_ms)


def _varint(number: int) -> bytes:
    """Seven bits a byte, least significant first; bit 7 says that more follow."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    coded.append(number)
    return bytes(coded)


def read_recording(read: Callable[[int], bytes]) -> Iterator[Event]:
    """What stands in a recording or in a raw capture, as far as it can be read.

    ``read(size)`` gives at most ``size`` bytes and ``b""`` at the end; what it raises comes out.
    Memory does not grow with the file. Raises :class:`RecordingError` for a recording of another
    version.
    """
    head = b""
    while len(head) <= len(_MAGIC) and (data := read(_BLOCK)):
        head += data
    if not head.startswith(_MAGIC):
        return _read_raw(head, read)
    version = head[len(_MAGIC) :][:1]
    if version not in {b"", bytes([_VERSION])}:
        raise RecordingError(
            f"this recording has version {version[0]}, and this program reads version {_VERSION}: "
            f"use a newer one"
        )
    return _read_records(head, read)


def _read_raw(data: bytes, read: Callable[[int], bytes]) -> Iterator[Event]:
    while data:
        yield Received(None, data)
        data = read(_BLOCK)


def _read_records(data: bytes, read: Callable[[int], bytes]) -> Iterator[Event]:
    at = len(_MAGIC) + 1
    offset = 0  # of ``data`` in the file
    at_ms = 0
    while True:
        try:
            while (record := _record(data, at)) is not None:
                step_ms, told, at = record
                at_ms += step_ms
                if isinstance(told, int):
                    yield Opened(at_ms / 1000, None if told == _UNKNOWN else told)
                else:
                    yield Received(at_ms / 1000, told)
        except _DamageError:
            break
        offset += at
        data = data[at:]
        at = 0
        if not (more := read(_BLOCK)):
            if not data:
                return
            break
        data += more
    yield CutShort(offset + at)


class _DamageError(RecordingError):
    """These bytes are no record: the tail of a file that a power cut left full of zeros."""


def _record(data: bytes, at: int) -> tuple[int, int | bytes, int] | None:
    """Milliseconds, speed or bytes, and where the next record begins; ``None`` if more is needed.

    Raises :class:`_DamageError`.
    """
    step = _read_varint(data, at)
    size = step and _read_varint(data, step[1])
    if step is None or size is None:
        return None
    if size[0] > _MAX_CHUNK:
        raise _DamageError
    if size[0]:
        end = size[1] + size[0]
        return None if end > len(data) else (step[0], data[size[1] : end], end)
    speed = _read_varint(data, size[1])
    if speed is None:
        return None
    if not 0 < speed[0] <= _MAX_BAUDRATE:
        raise _DamageError
    return step[0], speed[0], speed[1]


def _read_varint(data: bytes, at: int) -> tuple[int, int] | None:
    """The number and where the next begins; ``None`` if it is not all there."""
    number = 0
    for place, byte in enumerate(data[at : at + _MAX_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if byte <= 0x7F:
            return number, at + place + 1
    if len(data) - at >= _MAX_VARINT:
        raise _DamageError
    return None


def paced(events: Iterable[Event]) -> Iterator[Event]:
    """The same events; the bytes of a raw capture come at the pace of the line they speak of.

    Its mode is told by its groups, as the capture may change from one to the other. The silences
    between frames are lost.
    """
    decoder = Decoder(partial=True)
    baudrate = BAUDRATES[Mode.STANDARD]
    at_s = 0.0
    for event in events:
        if not isinstance(event, Received) or event.at_s is not None:
            yield event
            continue
        for begin in range(0, len(event.data), _RAW_PIECE):
            piece = event.data[begin : begin + _RAW_PIECE]
            for item in decoder.feed(piece):
                if isinstance(item, Group) and item.label in BY_NAME:
                    baudrate = BAUDRATES[BY_NAME[item.label].mode]
            at_s += len(piece) * _BITS / baudrate
            yield Received(at_s, piece)
