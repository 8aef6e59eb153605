"""What a bug report shows of a line: figures, and a recording that tells nobody's name."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from teleinfo_gateway.anonymise import Anonymiser
from teleinfo_gateway.cli.decode import add, figures
from teleinfo_gateway.recording import CutShort, Event, Opened, Received, RecordingWriter
from tic import Decoder, Statistics

__all__ = ["Excerpt"]

_MAX_BYTES = 1 << 20
"""Of a line: 18 minutes in standard mode; a small computer makes it anonymous in half a minute."""

_COLUMNS = 76


@dataclass(slots=True)
class _Stretch:
    """What was heard from one opening of the port to the next."""

    opened: Opened
    pieces: list[Received] = field(default_factory=list)
    heard: Statistics = field(default_factory=Statistics)

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)


class Excerpt:
    """The beginning of a recording, made anonymous.

    A stretch in which no group can be read is left out: who knows the wrong speed at which it was
    heard might read what :class:`Anonymiser` cannot.
    """

    def __init__(self, events: Iterable[Event], anonymiser: Anonymiser) -> None:
        self._notes: list[str] = []
        self._stretches = list(self._gather(events))
        self._anonymiser = anonymiser
        for stretch in self._stretches:
            decoder = Decoder(partial=True)
            decoder.feed(stretch.data)
            decoder.close()
            stretch.heard = decoder.statistics
        anonymiser.learn(b"".join(s.data for s in self._stretches if s.heard.groups))

    def _gather(self, events: Iterable[Event]) -> Iterator[_Stretch]:
        size = 0
        stretch = None
        for event in events:
            if isinstance(event, CutShort):
                self._notes.append(f"The recording: {event}.")
            elif isinstance(event, Received):
                size += len(event.data)
                if size > _MAX_BYTES:
                    self._notes.append(f"Only the first {_MAX_BYTES >> 20} MiB are shown.")
                    break
                if stretch is None:  # a raw capture
                    stretch = _Stretch(Opened(0.0, None))
                stretch.pieces.append(event)
            else:
                if stretch is not None:
                    yield stretch
                stretch = _Stretch(event)
        if stretch is not None:
            yield stretch

    def figures(self) -> str:
        """What the decoder made of it, and what is not shown."""
        total = Statistics()
        notes = list(self._notes)
        for stretch in self._stretches:
            add(total, stretch.heard)
            if stretch.heard.bytes and not stretch.heard.groups:
                speed = f" at {stretch.opened.baudrate} bit/s" if stretch.opened.baudrate else ""
                notes.append(
                    f"Left out: {stretch.heard.bytes} bytes{speed} without a readable group."
                )
        return "\n".join([figures(total), *notes])

    def text(self) -> str:
        """The recording, compressed, as lines of Base64."""
        packed = base64.b64encode(gzip.compress(b"".join(self._recorded()), mtime=0)).decode()
        return "\n".join(packed[at : at + _COLUMNS] for at in range(0, len(packed), _COLUMNS))

    def _recorded(self) -> Iterator[bytes]:
        writer = RecordingWriter()
        for stretch in self._stretches:
            yield writer.opened(stretch.opened.at_s, stretch.opened.baudrate)
            if not stretch.heard.groups:
                continue
            data = self._anonymiser.stream(stretch.data)
            at = 0
            for piece in stretch.pieces:  # cut as it came
                size = len(piece.data)
                yield writer.received(piece.at_s or 0.0, data[at : at + size])
                at += size
