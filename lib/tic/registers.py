"""Bit fields and composed values: STGE, RELAIS, PPOT, day profiles, Tempo contact programs.

Undefined codes decode to ``unknown``, never to an exception: meters outlive specifications.
Source: Enedis-NOI-CPT_54E sections 6.2.2 to 6.2.5; CPT_02E (PPOT, OPTARIF).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Breaker(StrEnum):
    """Why the breaking device is open (STGE bits 1-3)."""

    CLOSED = "closed"
    OVER_POWER = "open, over-power"
    OVER_VOLTAGE = "open, over-voltage"
    LOAD_SHEDDING = "open, load shedding"
    ORDER = "open by order"
    OVERHEAT_HIGH = "open, overheat above the switching current"
    OVERHEAT_LOW = "open, overheat below the switching current"
    UNKNOWN = "unknown"


class Euridis(StrEnum):
    """The Euridis output (STGE bits 19-20)."""

    DISABLED = "disabled"
    OPEN = "enabled without security"
    SECURED = "enabled with security"
    UNKNOWN = "unknown"


class PowerLine(StrEnum):
    """The power-line link to the operator (STGE bits 21-22)."""

    UNLOCKED = "new, unlock"
    LOCKED = "new, lock"
    REGISTERED = "registered"
    UNKNOWN = "unknown"


class Colour(StrEnum):
    """A Tempo colour (STGE bits 24-27)."""

    NONE = "none"
    BLUE = "blue"
    WHITE = "white"
    RED = "red"


_EURIDIS = (Euridis.DISABLED, Euridis.OPEN, Euridis.UNKNOWN, Euridis.SECURED)
_POWER_LINE = (PowerLine.UNLOCKED, PowerLine.LOCKED, PowerLine.REGISTERED, PowerLine.UNKNOWN)
_BREAKER = tuple(Breaker)
_COLOUR = tuple(Colour)


@dataclass(frozen=True, slots=True)
class StatusRegister:
    """STGE, the 32 status bits of a Linky.

    Tariff indexes count from 1, ``None`` where the code is undefined; peaks are 1 to 3, 0 for none.
    """

    contact_open: bool
    breaker: Breaker
    cover_open: bool
    over_voltage: bool
    over_reference_power: bool
    producer: bool
    injecting: bool
    supplier_tariff: int | None
    distributor_tariff: int
    clock_degraded: bool
    tic_standard: bool
    euridis: Euridis
    power_line: PowerLine
    power_line_synchronised: bool
    colour_today: Colour
    colour_tomorrow: Colour
    peak_notice: int
    peak_in_progress: int

    @classmethod
    def parse(cls, text: str) -> StatusRegister:
        """The register of 8 hexadecimal digits, most significant first."""
        word = int(text, 16)

        def bits(first: int, count: int = 1) -> int:
            return word >> first & (1 << count) - 1

        supplier = bits(10, 4) + 1
        return cls(
            contact_open=bool(bits(0)),
            breaker=_BREAKER[bits(1, 3)],
            cover_open=bool(bits(4)),
            over_voltage=bool(bits(6)),
            over_reference_power=bool(bits(7)),
            producer=bool(bits(8)),
            injecting=bool(bits(9)),
            supplier_tariff=supplier if supplier <= 10 else None,
            distributor_tariff=bits(14, 2) + 1,
            clock_degraded=bool(bits(16)),
            tic_standard=bool(bits(17)),
            euridis=_EURIDIS[bits(19, 2)],
            power_line=_POWER_LINE[bits(21, 2)],
            power_line_synchronised=bool(bits(23)),
            colour_today=_COLOUR[bits(24, 2)],
            colour_tomorrow=_COLOUR[bits(26, 2)],
            peak_notice=bits(28, 2),
            peak_in_progress=bits(30, 2),
        )


@dataclass(frozen=True, slots=True)
class Relays:
    """RELAIS: the numbers (1 to 8) of the relays that are closed; 1 is the dry contact."""

    closed: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Relays:
        """Three **decimal** digits; relay n weighs 2^(n-1)."""
        word = int(text)
        return cls(frozenset(n for n in range(1, 9) if word >> n - 1 & 1))


@dataclass(frozen=True, slots=True)
class PhasePresence:
    """PPOT: the phases (1 to 3) that have no voltage."""

    absent: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> PhasePresence:
        """Two hexadecimal digits; bit n is set when phase n is absent."""
        word = int(text, 16)
        return cls(frozenset(n for n in (1, 2, 3) if word >> n & 1))


class Contact(StrEnum):
    """What a day profile does with the dry contact."""

    UNCHANGED = "unchanged"
    TEMPO = "Tempo configuration"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Switching:
    """One block of a day profile.

    From ``minute`` (after midnight, legal time) on: the dry contact, the virtual contacts that are
    closed (1 to 7), and the supplier index (1 to 10), ``None`` where it does not change.
    """

    minute: int
    contact: Contact
    virtual_contacts: frozenset[int]
    tariff: int | None


def parse_profile(text: str) -> tuple[Switching, ...]:
    """The used blocks of PJOURF+1 or PPOINTE, at most 11: ``HHMMSSSS``, unused ``NONUTILE``."""
    contacts = tuple(Contact)
    blocks = []
    for block in text.split():
        if block == "NONUTILE":
            continue
        action = int(block[4:], 16)
        tariff = action & 0xF
        blocks.append(
            Switching(
                minute=int(block[:2]) * 60 + int(block[2:4]),
                contact=contacts[action >> 14],
                virtual_contacts=frozenset(n for n in range(1, 8) if action >> n + 3 & 1),
                tariff=tariff if 1 <= tariff <= 10 else None,
            )
        )
    return tuple(blocks)


@dataclass(frozen=True, slots=True)
class TempoContacts:
    """What the 4th character of OPTARIF ``BBRx`` programs for the output contacts."""

    water_heater: int  # program 1 to 3
    heating: str  # program 0 to 6, or C

    @classmethod
    def parse(cls, option: str) -> TempoContacts | None:
        """The programs of ``BBRx``, or ``None`` for another option or code."""
        code = ord(option[3:4] or "\0") - 0x28
        if not option.startswith("BBR") or not 0 <= code <= 0x17:
            return None
        return cls(1 + code // 8, "0123456C"[code % 8])
