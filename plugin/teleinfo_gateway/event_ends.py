"""Which events are over: ADPS, ADIRn, PEJP, announced peaks exist only while they last. Pure.

Source: Enedis-NOI-CPT_02E section 5.3 (short frames), Enedis-NOI-CPT_54E section 6.2 (DPMn, FPMn).
"""

from __future__ import annotations

from teleinfo_gateway.readings import Reading
from tic import LABELS, FrameKind, Mode

__all__ = ["EventEnds"]

_EVENTS = {
    mode: tuple(label.name for label in LABELS if label.event and label.mode is mode)
    for mode in Mode
}
_OF_SHORT_FRAMES = tuple(name for name in _EVENTS[Mode.HISTORIQUE] if name.startswith("ADIR"))
_OF_LONG_FRAMES = tuple(name for name in _EVENTS[Mode.HISTORIQUE] if name not in _OF_SHORT_FRAMES)
_EVERY = _EVENTS[Mode.HISTORIQUE] + _EVENTS[Mode.STANDARD]


class EventEnds:
    """Follows the frames of one meter."""

    def __init__(self) -> None:
        self._longs = 0  # complete long frames since the last short one

    def after(self, reading: Reading) -> tuple[str, ...]:
        """The event labels that are over if this reading does not have them.

        Long frames come between the short ones as long as an overload lasts, so that a single one
        does not end ADIRn. A frame that lost a group ends nothing. In standard mode the historique
        labels are derived from each frame.
        """
        if not reading.complete:
            return ()
        if reading.mode is Mode.STANDARD:
            return _EVERY
        if reading.kind is FrameKind.SHORT:
            self._longs = 0
            return _OF_SHORT_FRAMES
        self._longs += 1
        return _EVENTS[Mode.HISTORIQUE] if self._longs > 1 else _OF_LONG_FRAMES
