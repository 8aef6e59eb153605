"""What hallard's ``teleinfo`` counts, and the block it prints at its end."""

from __future__ import annotations

from dataclasses import dataclass

from tic import Decoder, Frame, FrameKind, Reason, Refusal

__all__ = ["HallardStatistics"]

_WHOLE = {FrameKind.LONG, FrameKind.SHORT, FrameKind.STANDBY}
_DAMAGED = {Reason.CHECKSUM, Reason.PARITY}


@dataclass(slots=True)
class HallardStatistics:
    """Counters since the start. A frame counts as good, or under its first fault."""

    sent: int = 0
    checked: int = 0
    good: int = 0
    bad_checksums: int = 0
    bad_formats: int = 0
    bad_sizes: int = 0

    def check(self, data: bytes) -> Frame | None:
        """The frame, if ``data`` is one and all of it verifies: one bad group spoils it."""
        self.checked += 1
        decoder = Decoder()
        items = decoder.feed(data) + decoder.close()
        refused = [item for item in items if isinstance(item, Refusal)]
        frames = [item for item in items if isinstance(item, Frame)]
        if len(frames) == 1 and frames[0].kind in _WHOLE and not refused:
            self.good += 1
            return frames[0]
        reason = refused[0].reason if refused else Reason.FORMAT
        if reason in _DAMAGED:
            self.bad_checksums += 1
        elif reason in {Reason.TOO_LONG, Reason.SIZE}:
            self.bad_sizes += 1
        else:
            self.bad_formats += 1
        return None

    def __str__(self) -> str:
        """The block of 1.0.8; nothing here speaks to MySQL or EmonCMS."""
        counts = {
            "Frames Sent": self.sent,
            "Frames checked": self.checked,
            "Frames OK": self.good,
            "Checksum errors": self.bad_checksums,
            "Frame format Errors": self.bad_formats,
            "Frame size Errors": self.bad_sizes,
            **dict.fromkeys(_NOT_HERE, 0),
        }
        return "\n".join(
            [
                "teleinfo 1.0.8 Statistics",
                "=" * 26,
                *(f"{label:<20}: {count}" for label, count in counts.items()),
                "-" * 26,
            ]
        )


_NOT_HERE = (
    "MySQL init OK",
    "MySQL init errors",
    "MySQL connect OK",
    "MySQL connect errors",
    "MySQL queries OK",
    "MySQL queries errors",
    "EmonCMS total post",
    "EmonCMS post OK",
    "EmonCMS post errors",
    "EmonCMS timeout",
)
