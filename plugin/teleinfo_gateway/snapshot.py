"""What one meter says now: the last value of every label. Pure.

Outputs that send whole frames, or what has changed, look at this: a frame that lost a group, and a
short one, say less than is known.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from teleinfo_gateway.announcements import NONE
from teleinfo_gateway.event_ends import EventEnds
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.sensors import TIMEOUT_S
from tic import BY_NAME, PERIOD_SLOTS, FrameKind, Mode

__all__ = ["Snapshot"]

_BEGINS_ANEW = {"exchange", "mode", "contract"}
"""The changes after which other labels are sent."""

_SILENCE = timedelta(seconds=TIMEOUT_S["ADCO"])
"""After so long a meter was lost, and what it had said is no news any more."""


class Snapshot:
    """Follows one meter through its readings and events, given in their order.

    ``values``, ``horodates`` and ``historique`` are those of a reading, for every label that was
    told since the meter, its mode or its contract last changed, or was lost for a time; those of an
    event go when it is over. ``ended`` are the event labels that the last reading ended.
    ``overload`` is the value of the last such event. ``frames`` counts complete long frames.
    """

    def __init__(self) -> None:
        self.address = ""
        self.mode: Mode | None = None
        self.time: datetime | None = None
        self.overload = NONE
        self._begin()

    def _begin(self) -> None:
        self.values: dict[str, str] = {}
        self.horodates: dict[str, str] = {}
        self.historique: dict[str, str] = {}
        self.ended: frozenset[str] = frozenset()
        self.frames = 0
        self._ends = EventEnds()

    def _return(self) -> None:
        """Forget what was said long ago, but for events: their end is yet to be told.

        An index is believed late: beside newer values, that of before would be told as one of now.
        """
        self.values, self.horodates, self.historique = (
            {label: value for label, value in known.items() if _is_event(label)}
            for known in (self.values, self.horodates, self.historique)
        )
        self.frames = 0

    @property
    def slot(self) -> int | None:
        """The supplier index that counts now, 1 to 10."""
        if self.mode is Mode.STANDARD:
            number = self.values.get("NTARF")
            return None if number is None else int(number)
        return PERIOD_SLOTS.get(self.values.get("PTEC", ""))

    @property
    def three_phase(self) -> bool:
        """Whether labels of a second phase were told."""
        return "IINST2" in self.values or "IRMS2" in self.values

    def take(self, reading: Reading) -> None:
        """Take what a reading says; what it lacks stays, but for events that are over."""
        if (reading.address, reading.mode) != (self.address, self.mode):
            if self.address and reading.address != self.address:
                self.overload = NONE  # that was another meter's
            self._begin()
        elif self.time is not None and reading.time - self.time > _SILENCE:
            self._return()
        self.address, self.mode, self.time = reading.address, reading.mode, reading.time
        # In the order of this frame, then the rest.
        self.values = {**reading.values, **self.values, **reading.values}
        self.horodates |= reading.horodates
        self.historique = {**reading.historique, **self.historique, **reading.historique}
        told = reading.values.keys() | reading.historique.keys()
        over = set(self._ends.after(reading)) - told
        self.ended = frozenset(over & (self.values.keys() | self.historique.keys()))
        for label in self.ended:
            for known in (self.values, self.horodates, self.historique):
                known.pop(label, None)
        self.frames += reading.complete and reading.kind is FrameKind.LONG

    def note(self, event: Event) -> None:
        """Take what an event says."""
        if event.kind is EventKind.OVERLOAD:
            self.overload = event.value
        elif event.kind is EventKind.CHANGE and event.value in _BEGINS_ANEW:
            self._begin()


def _is_event(name: str) -> bool:
    label = BY_NAME.get(name)
    return label is not None and label.event
