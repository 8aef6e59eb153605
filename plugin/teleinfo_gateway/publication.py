"""When a reading is told: at the meter's interval, and at once if it cannot wait. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from teleinfo_gateway.readings import Reading
from tic import FrameKind, Mode

_AT_ONCE = ("OPTARIF", "PTEC", "DEMAIN", "PEJP", "ADPS")
_MAY_END = {"PEJP", "ADPS"}  # absence of the others is damage, not a change
_OVERLOAD = ("ADIR1", "ADIR2", "ADIR3")
_SHORT = ("ADCO", *_OVERLOAD, "IINST1", "IINST2", "IINST3")

_EARLY_S = 0.5
"""Half a frame: with an interval of one second and a frame each 0.9 s, every frame is told."""

_SAME_SHORT_S = 1.0
"""A short message that says nothing new is held back so long; the meter repeats several a second
(xPL schema teleinfo.short has no rule of its own)."""


class Publication:
    """Decides for one meter what of its readings leaves as ``teleinfo.basic`` and ``.short``."""

    def __init__(self) -> None:
        self._basic_s: float | None = None  # when the last basic left
        self._urgent: dict[str, str | None] = {}
        self._short_s = 0.0
        self._short: Mapping[str, str] = {}
        self._overload = False

    def basic(self, reading: Reading, interval_s: float, now_s: float) -> Mapping[str, str] | None:
        """The values of ``teleinfo.basic`` if one is due, else ``None``."""
        if reading.kind is not FrameKind.LONG:
            return None
        values = {
            label: value for label, value in reading.historique.items() if label not in _OVERLOAD
        }
        urgent = self._changed(values, reading.complete)
        waited = self._basic_s is None or now_s - self._basic_s >= interval_s - _EARLY_S
        if not (urgent or waited):
            return None
        self._basic_s = now_s
        return values

    def short(self, reading: Reading, now_s: float) -> Mapping[str, str] | None:
        """The values of ``teleinfo.short`` for an overload, and once when it is over.

        A standard meter has no short frames: each of its frames is asked.
        """
        if reading.kind is not FrameKind.SHORT and reading.mode is not Mode.STANDARD:
            return None
        values = {
            label: reading.historique[label] for label in _SHORT if label in reading.historique
        }
        overload = any(label in values for label in _OVERLOAD)
        if not overload and not (self._overload and reading.complete):
            return None
        self._overload = overload
        if values == self._short and now_s - self._short_s < _SAME_SHORT_S:
            return None
        self._short_s, self._short = now_s, values
        return values

    def is_due(self, reading: Reading, interval_s: float, now_s: float) -> bool:
        """Whether either of them leaves, for outputs that then tell everything they know."""
        basic = self.basic(reading, interval_s, now_s)
        short = self.short(reading, now_s)
        return basic is not None or short is not None

    def _changed(self, values: Mapping[str, str], complete: bool) -> bool:
        """Whether a tariff, an announcement or an overload differs from what was last told."""
        changed = False
        for label in _AT_ONCE:
            value = values.get(label)
            if value is None and not (complete and label in _MAY_END):
                continue
            changed |= value != self._urgent.get(label)
            self._urgent[label] = value
        return changed
