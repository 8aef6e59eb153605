"""What is new from one reading of a meter to the next: overload, tariff, tomorrow, peak. Pure.

Sources: Enedis-NOI-CPT_02E (ADPS, PEJP, short frames: section 5.3), Enedis-NOI-CPT_54E (STGE,
NTARF, LTARF; contents of the historique groups of a Linky: section 5).
"""

from __future__ import annotations

from typing import NamedTuple

from teleinfo_gateway.readings import EventKind, Reading
from tic import BY_NAME, FrameKind, Mode, StatusRegister

__all__ = ["NONE", "Announcement", "Announcements"]

NONE = "none"
"""The value of an overload or a peak that is over."""

_AT_START = {EventKind.OVERLOAD: NONE}
"""What is taken to have been said before the first reading; of the others, whatever it tells."""

_WORDED_BY_MODE = (EventKind.TARIFF, EventKind.PEAK)
"""What the two modes do not tell alike: a switch of mode is no change of these."""

_PHASES = {
    "ADPS": ("1", "IINST"),
    "ADIR1": ("1", "IINST1"),
    "ADIR2": ("2", "IINST2"),
    "ADIR3": ("3", "IINST3"),
}
"""The label of an overload: its phase, and the current that is sent whenever it could be."""

_POWER = "power"
_ALL_HOURS = "TH.."
_MOBILE_PEAK = "PM.."


class Announcement(NamedTuple):
    """A new state of one meter, for an event: ``value`` for programs, ``detail`` in plain words.

    ``overload``: what is exceeded, separated by commas: the phases (``1`` to ``3``; ADPS is phase
    1) by their subscribed current, ``power`` by the reference power (STGE bit 7, standard mode
    only); or ``none``.
    ``tariff``: PTEC; for an offer without historique periods, in standard mode, NTARF, whose name
    (LTARF) is the detail.
    ``tomorrow``: DEMAIN (``BLEU``, ``BLAN``, ``ROUG``), ``----`` once that is taken back.
    ``peak``: ``notice``, ``peak`` or, with the next one announced, ``peak,notice``; or ``none``.
    """

    kind: EventKind
    value: str
    detail: str


class _State(NamedTuple):
    value: str
    detail: str


class Announcements:
    """Notices what is new in the readings of one meter, given in their order.

    The first state that is told is only remembered, so that a start of the gateway repeats no
    tariff, colour or notice; but an overload that goes on is told again, for it may be new.
    """

    def __init__(self) -> None:
        self._overload = _Overload()
        self._tariff = _Tariff()
        self._said: dict[EventKind, str] = {}
        self._mode: Mode | None = None

    def take(self, reading: Reading) -> list[Announcement]:
        """What a reading tells that the ones before did not."""
        if reading.mode is not self._mode:
            self._mode = reading.mode
            for kind in _WORDED_BY_MODE:
                self._said.pop(kind, None)
        told = {
            EventKind.OVERLOAD: self._overload.take(reading),
            EventKind.TARIFF: self._tariff.take(reading),
            EventKind.TOMORROW: _tomorrow(reading),
            EventKind.PEAK: _peak(reading),
        }
        return [
            Announcement(kind, *state)
            for kind, state in told.items()
            if state is not None and self._is_new(kind, state.value)
        ]

    def _is_new(self, kind: EventKind, value: str) -> bool:
        before = self._said.get(kind, _AT_START.get(kind, value))
        self._said[kind] = value
        return value != before


class _Overload:
    """What is exceeded, each until a frame proves its end."""

    def __init__(self) -> None:
        self._over: dict[str, str] = {}  # phase or power, in plain words
        self._limit = ""  # of a phase; short frames do not repeat it
        self._longs = 0  # complete long frames since the last short one

    def take(self, reading: Reading) -> _State | None:
        """The overload, or ``None`` if the reading says nothing about it."""
        labels = reading.historique
        if "ISOUSC" in labels:
            self._limit = f" of {int(labels['ISOUSC'])} A"
        begun = {
            phase: f"phase {phase}: {int(labels[label])} A{self._limit}"
            for label, (phase, _) in _PHASES.items()
            if label in labels
        }
        ended = self._ended(reading)
        if "STGE" in reading.values:
            if StatusRegister.parse(reading.values["STGE"]).over_reference_power:
                begun[_POWER] = "above the reference power"
            else:
                ended.add(_POWER)
        for what in ended:
            self._over.pop(what, None)
        self._over |= begun
        if not begun and not ended:
            return None
        over = sorted(self._over)
        detail = ", ".join(self._over[what] for what in over)
        return _State(",".join(over) or NONE, detail or "no overload any more")

    def _ended(self, reading: Reading) -> set[str]:
        """What this reading proves to be no overload.

        A label that is absent from a complete frame was not sent. Long frames come between the
        short ones as long as an overload lasts, so that a single one does not end ADIRn (CPT_02E
        section 5.3). In standard mode the labels are derived: a current or a subscription that
        waits to be confirmed hides them in a frame that lost nothing. Only STGE tells ``power``,
        which a switch to historique mode therefore ends.
        """
        if reading.kind is FrameKind.SHORT:
            self._longs = 0
        if not reading.complete:
            return set()
        if reading.kind is FrameKind.LONG:
            self._longs += 1
        labels = reading.historique
        absent = {
            phase
            for label, (phase, current) in _PHASES.items()
            if label not in labels and current in labels
        }
        if reading.mode is Mode.STANDARD:
            return absent if "PREF" in reading.values else set()
        if reading.kind is FrameKind.LONG and self._longs == 1 and "IINST" not in labels:
            absent = set()
        return absent | {_POWER}


class _Tariff:
    """The period that counts now."""

    def __init__(self) -> None:
        self._before: _State | None = None

    def take(self, reading: Reading) -> _State | None:
        """PTEC at once; NTARF when two readings in a row give it the same name.

        A new LTARF is believed one frame later than a new NTARF, and may be sent one frame later:
        the first readings would give the new number the old name, or none.
        """
        period = reading.historique.get("PTEC")
        if period is None:
            return None
        if reading.mode is Mode.HISTORIQUE or period != _ALL_HOURS:
            return _State(period, _meaning("PTEC", period))
        number = reading.values.get("NTARF")
        if number is None:
            return None
        state = _State(number, " ".join(reading.values.get("LTARF", "").split()))
        before, self._before = self._before, state
        return state if state == before else None


def _tomorrow(reading: Reading) -> _State | None:
    """The colour of tomorrow; other contracts than Tempo have none."""
    colour = reading.historique.get("DEMAIN")
    return None if colour is None else _State(colour, _meaning("DEMAIN", colour))


def _peak(reading: Reading) -> _State | None:
    """The mobile peak, by STGE in standard mode, by PEJP and PTEC in historique mode.

    PEJP may go on through the peak itself (CPT_02E): it is a notice only before. An absent one has
    ended in a complete frame alone.
    """
    if reading.mode is Mode.STANDARD:
        return _peak_by_register(reading.values["STGE"]) if "STGE" in reading.values else None
    period = reading.historique.get("PTEC")
    if period is None:
        return None
    if period == _MOBILE_PEAK:
        return _State("peak", _meaning("PTEC", period))
    if "PEJP" in reading.historique:
        minutes = int(reading.historique["PEJP"])
        return _State("notice", f"mobile peak announced, it begins within {minutes} min")
    return _State(NONE, "no mobile peak any more") if reading.complete else None


def _peak_by_register(stge: str) -> _State:
    """Peaks have the numbers 1 to 3; of Tempo, 1 is a white day and 2 a red one."""
    status = StatusRegister.parse(stge)
    states = []
    if status.peak_in_progress:
        states.append(_State("peak", f"mobile peak PM{status.peak_in_progress}"))
    if status.peak_notice:
        states.append(_State("notice", f"mobile peak PM{status.peak_notice} announced"))
    if not states:
        return _State(NONE, "no mobile peak any more")
    return _State(
        ",".join(state.value for state in states), ", ".join(state.detail for state in states)
    )


def _meaning(label: str, value: str) -> str:
    return BY_NAME[label].meanings.get(value, ("", ""))[0]
