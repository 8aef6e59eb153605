"""How much of the subscription is in use, and when a Linky's breaker would open. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from teleinfo_gateway.readings import Reading
from tic import MeterIdentity, Mode

_VA_PER_A = 200
"""What a contract counts: ISOUSC is PREF / 200 V (Enedis-NOI-CPT_54E, historique groups)."""

_VA_PER_KVA = 1000
_SUBSCRIBED = ("ISOUSC", "PREF", "PCOUP")
_ONLY_THREE_PHASE = ("IRMS2", "IRMS3", "SINSTS2", "SINSTS3")  # damage does not hide all of them
_WITH_BREAKER = ("Linky", "SEI")  # how the devices are called that have one inside

_FILTER = 0.008
_OPENS_AT = 1.3
"""The rule of the breaker (Enedis-NOI-CPT_54E, SMAXSN): each second the square of the power enters
a filter with this share, and what comes out is held against the square of so many PCOUP."""

_SILENCE_S = 60.0
"""After so long without a frame the load may have been anything: half a filter's time."""


@dataclass(frozen=True, slots=True)
class Load:
    """What each phase draws, and what each may draw.

    ``pcoup_va`` is the breaking power of a phase; ``None`` if the meter has no breaker inside, or
    does not tell the power of each phase.
    """

    drawn_va: tuple[int, ...]
    drawn_a: tuple[int, ...]
    limit_va: float
    limit_a: float
    pcoup_va: float | None

    @property
    def percent(self) -> float:
        """The share of its limit that the worst phase draws."""
        return 100 * max(self.drawn_va) / self.limit_va

    @property
    def margin_va(self) -> float:
        """What the worst phase can still carry; negative in an overload."""
        return self.limit_va - max(self.drawn_va)

    @property
    def margin_a(self) -> float:
        """The same, by the subscribed current."""
        return self.limit_a - max(self.drawn_a)


class LoadReader:
    """Reads the load from the frames of one meter; short ones do not repeat what is subscribed."""

    def __init__(self) -> None:
        self._subscribed: dict[str, int] = {}

    def read(self, reading: Reading) -> Load | None:
        """The load, or ``None`` if the frame lost one of the values that tell it."""
        for label in _SUBSCRIBED:
            if label in reading.values:
                self._subscribed[label] = int(reading.values[label])
        try:
            standard = reading.mode is Mode.STANDARD
            load = self._standard(reading) if standard else self._historique(reading)
        except KeyError:
            return None
        return load if load.limit_va else None

    def _standard(self, reading: Reading) -> Load:
        """IRMS has no sign: a phase that draws no apparent power injects."""
        values = reading.values
        if any(label in values for label in _ONLY_THREE_PHASE):
            drawn_va = tuple(int(values[f"SINSTS{phase}"]) for phase in (1, 2, 3))
        else:
            drawn_va = (int(values.get("SINSTS") or values["SINST1"]),)  # of pilot meters
        drawn_a = tuple(
            int(values[f"IRMS{phase}"]) if power_va else 0
            for phase, power_va in enumerate(drawn_va, 1)
        )
        phase_va = _VA_PER_KVA / len(drawn_va)
        pref = self._subscribed["PREF"]
        pcoup_va = self._subscribed.get("PCOUP", pref) * phase_va
        return Load(drawn_va, drawn_a, pref * phase_va, pref * phase_va / _VA_PER_A, pcoup_va)

    def _historique(self, reading: Reading) -> Load:
        """PAPP is one number: on three phases, and where there is none, currents tell the power."""
        values = reading.values
        labels = ("IINST",) if "IINST" in values else ("IINST1", "IINST2", "IINST3")
        drawn_a = tuple(int(values[label]) for label in labels)
        drawn_va = tuple(amperes * _VA_PER_A for amperes in drawn_a)
        limit_a = self._subscribed["ISOUSC"]
        pcoup_va = None
        if len(drawn_a) == 1 and "PAPP" in values:
            drawn_va = (int(values["PAPP"]),)
            if MeterIdentity.parse(reading.address).device.startswith(_WITH_BREAKER):
                pcoup_va = float(limit_a * _VA_PER_A)  # PCOUP is PREF but for rare contracts
        return Load(drawn_va, drawn_a, limit_a * _VA_PER_A, limit_a, pcoup_va)


class BreakerFilter:
    """Follows the filter of a Linky, ``Y(n) = B X(n)^2 + (1 - B) Y(n-1)``, phase by phase.

    What was drawn before the first frame is not known: the load of then is taken to have lasted,
    but for what is over PCOUP.
    """

    def __init__(self) -> None:
        self._filtered: tuple[float, ...] = ()  # VA^2
        self._heard_s = -math.inf

    def take(self, load: Load, now_s: float) -> None:
        """The load has lasted since the frame before."""
        if load.pcoup_va is None:
            return
        passed_s, self._heard_s = now_s - self._heard_s, now_s
        if passed_s > _SILENCE_S or len(load.drawn_va) != len(self._filtered):
            self._filtered = tuple(min(va, load.pcoup_va) ** 2 for va in load.drawn_va)
            return
        kept = (1 - _FILTER) ** passed_s
        self._filtered = tuple(
            kept * before + (1 - kept) * va**2
            for va, before in zip(load.drawn_va, self._filtered, strict=True)
        )

    def opens_in_s(self, load: Load) -> int | None:
        """Seconds until the breaker opens if ``load``, the last one taken, goes on.

        ``None`` if it can go on for ever, or if that is not known.
        """
        if load.pcoup_va is None:
            return None
        limit = (_OPENS_AT * load.pcoup_va) ** 2
        return min(
            (
                _reaches_in_s(va**2, before, limit)
                for va, before in zip(load.drawn_va, self._filtered, strict=True)
                if va**2 > limit
            ),
            default=None,
        )


def _reaches_in_s(power: float, filtered: float, limit: float) -> int:
    """Seconds until the filter, fed with ``power``, gives ``limit``; all in VA^2."""
    if filtered >= limit:
        return 0
    return math.ceil(math.log((power - limit) / (power - filtered)) / math.log(1 - _FILTER))
