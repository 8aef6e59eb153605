"""Frames as they came, for those who pass them on. Pure.

The decoder gives what a frame says; this gives its bytes, STX to ETX, and looks at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["MAX_FRAME", "FrameCutter", "RawFrames"]

MAX_FRAME = 8192
"""Bytes from STX to ETX; the longest real frame has about 2000. More: the marks are lost."""

# On an 8-bit line STX and EOT have a parity bit; ETX has none.
_has_mark = re.compile(rb"[\x02\x03\x04\x82\x84]").search
_whole = re.compile(rb"[\x02\x82][^\x02\x03\x04\x82\x84]*\x03").findall
_begun = re.compile(rb"[\x02\x82][^\x02\x03\x04\x82\x84]*\Z").search

_STX_OF_8_BITS = 0x82
_SEVEN_BITS = bytes(0 if byte.bit_count() % 2 else byte & 0x7F for byte in range(256))


class RawFrames:
    """Gives every frame to every listener, at once: a listener neither waits nor raises."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str, bytes], None]] = []

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def subscribe(self, listener: Callable[[str, bytes], None]) -> None:
        """Have ``listener`` called with the name of a meter and a frame of it."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[str, bytes], None]) -> None:
        """Forget a listener."""
        self._listeners.remove(listener)

    def publish(self, meter: str, frame: bytes) -> None:
        """Hand a frame to every listener."""
        for listener in self._listeners:
            listener(meter, frame)


class FrameCutter:
    """Cuts whole frames out of bytes that come in any pieces; others, and noise, are left out.

    Where the parity bit arrives as bit 7, a frame comes out as a port with 7 bits would have given
    it: without that bit, and NUL in the place of a byte with wrong parity.
    """

    def __init__(self) -> None:
        self._begun = bytearray()  # from an STX on, at most MAX_FRAME bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete, in order."""
        frames: list[bytes] = []
        if _has_mark(data):
            data = bytes(self._begun) + data
            frames = [_seven_bits(frame) for frame in _whole(data) if len(frame) <= MAX_FRAME]
            begun = _begun(data)
            self._begun = bytearray(begun[0] if begun else b"")
        elif self._begun:
            self._begun += data
        if len(self._begun) > MAX_FRAME:
            self._begun.clear()
        return frames


def _seven_bits(frame: bytes) -> bytes:
    return frame.translate(_SEVEN_BITS) if frame[0] == _STX_OF_8_BITS else frame
