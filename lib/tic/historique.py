"""Historique keys from a standard frame, by the rules a Linky itself follows.

A Linky in historique mode fills the old labels from its own registers; doing the same here means
that nobody who reads those labels notices when the operator switches the meter to standard mode.
Source: Enedis-NOI-CPT_54E section 5 (contents of the historique groups of a Linky).
"""

from __future__ import annotations

from collections.abc import Mapping

from tic.groups import Group
from tic.labels import BY_NAME, Phases, usual_name
from tic.registers import Colour, StatusRegister
from tic.tariffs import CALENDARS, INDEX_LABELS, PERIODS

_COLOURS = {Colour.NONE: "----", Colour.BLUE: "BLEU", Colour.WHITE: "BLAN", Colour.RED: "ROUG"}

_PATIENCE = 10
"""Frames without NGTF after which the meter is taken not to send it (it is optional); before, one
damaged group would turn a Tempo contract into BASE."""

_SURE_OF_THREE = 3
"""Three-phase labels in one frame (a whole one has 15) that settle it: a frame that lost its end
must not turn the meter into a single-phase one, nor one damaged label into a three-phase one."""

_ABSENT_V = 20
"""Below this voltage a phase counts as absent; Enedis gives no figure."""


class HistoriqueView:
    """Translates the standard frames of one meter; remembers its contract between frames."""

    def __init__(self) -> None:
        self._contract: str | None = None
        self._without = 0  # frames since NGTF was last seen
        self._three = False  # surely three-phase

    def translate(self, values: Mapping[str, str]) -> tuple[Group, ...]:
        """The historique groups of one whole frame, label to value as sent, in table order.

        What the frame does not tell is left out: a label missing here was missing there.
        """
        seen = {usual_name(label): value for label, value in values.items()}
        told = sum(label in BY_NAME and BY_NAME[label].phases is Phases.THREE for label in seen)
        self._three |= told >= _SURE_OF_THREE
        three = self._three or told > 0
        found = {"ADCO": seen.get("ADSC"), "HHPHC": "A", "MOTDETAT": "000000"}
        found |= self._tariff(seen)
        found |= _three_phase(seen) if three else _single_phase(seen)
        if "SINSTS" in seen:
            found["PAPP"] = f"{min((int(seen['SINSTS']) + 5) // 10 * 10, 99990):05}"
        return tuple(Group(label, value) for label in BY_NAME if (value := found.get(label)))

    def _tariff(self, seen: Mapping[str, str]) -> dict[str, str | None]:
        """OPTARIF, the indexes, PTEC, DEMAIN and PEJP."""
        contract = self._current_contract(seen)
        if contract is None:
            return {}
        option = CALENDARS.get(contract, "BASE")
        if option == "BASE":
            # The two differ on a meter that had another tariff before.
            index = seen.get("EASF01" if contract == "BASE" else "EAST")
            return {"OPTARIF": option, "PTEC": "TH..", "BASE": index}
        found: dict[str, str | None] = {"OPTARIF": option}
        for number, label in enumerate(INDEX_LABELS[option], 1):
            found[label] = seen.get(f"EASF{number:02}")
        rank = int(seen.get("NTARF", "0"))
        if 1 <= rank <= len(PERIODS[option]):
            found["PTEC"] = PERIODS[option][rank - 1]
        if "STGE" in seen:
            status = StatusRegister.parse(seen["STGE"])
            if option == "BBR(":
                found["DEMAIN"] = _COLOURS[status.colour_tomorrow]
            elif option == "EJP." and status.peak_notice:
                found["PEJP"] = "30"
        return found

    def _current_contract(self, seen: Mapping[str, str]) -> str | None:
        """NGTF without padding; the last one known if this frame lost it; ``None`` if unknown."""
        if "NGTF" in seen:
            self._contract = " ".join(seen["NGTF"].split()).upper()
            self._without = 0
        else:
            self._without += 1
            if self._without >= _PATIENCE:
                self._contract = ""
        return self._contract


def _single_phase(seen: Mapping[str, str]) -> dict[str, str | None]:
    current = seen.get("IRMS1")
    found: dict[str, str | None] = {"IINST": current, "IMAX": "090"}
    if "PREF" in seen:
        limit_a = int(seen["PREF"]) * 5  # PREF / 200 V
        found["ISOUSC"] = f"{limit_a:02}" if limit_a < 100 else None
        if current is not None and int(current) > limit_a:
            found["ADPS"] = current
    return found


def _three_phase(seen: Mapping[str, str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {"PMAX": seen.get("SMAXSN-1")}
    thirds = int(seen["PREF"]) * 5 if "PREF" in seen else None  # PREF / (3 x 200 V), in A / 3
    if thirds is not None:
        found["ISOUSC"] = f"{thirds // 3:02}" if thirds < 300 else None
    voltages = [seen.get(f"URMS{n}") for n in (1, 2, 3)]
    if None not in voltages:
        absent = sum(1 << n for n, volts in enumerate(voltages, 1) if int(volts or 0) < _ABSENT_V)
        found["PPOT"] = f"{absent:02X}"
    for n in (1, 2, 3):
        current = seen.get(f"IRMS{n}")
        found[f"IINST{n}"] = current
        found[f"IMAX{n}"] = "060"
        if thirds is not None and current is not None and int(current) * 3 > thirds:
            found[f"ADIR{n}"] = current
    return found
