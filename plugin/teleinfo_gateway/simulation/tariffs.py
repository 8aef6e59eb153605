"""Tariffs: which index counts, which colour the day has, what is announced; all from the time.

Hours of this simulation: off-peak from 22:00 to 06:00; a Tempo day runs from 06:00 to 06:00 and is
announced at 20:00 the evening before; an EJP peak runs from 07:00 to 01:00, announced at 06:30.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from random import Random

from teleinfo_gateway.simulation.clock import from_legal, to_legal
from tic.registers import Colour

__all__ = ["OPTIONS", "Option", "Peak", "Slot", "Tariff", "TariffState", "colour_of", "state_at"]

_DAY = timedelta(days=1)
_WINTER = frozenset({11, 12, 1, 2, 3})  # the distributor's high season


class Tariff(StrEnum):
    """The contracts that a meter has shown since its historique mode."""

    BASE = "base"
    HC = "hc"
    EJP = "ejp"
    TEMPO = "tempo"


@dataclass(frozen=True, slots=True)
class Slot:
    """One supplier index: its label and PTEC in historique mode, its LTARF in standard mode."""

    label: str
    ptec: str
    ltarf: str


@dataclass(frozen=True, slots=True)
class Option:
    """A contract: OPTARIF, NGTF, its indexes in the order of EASF01.., and an ordinary day.

    ``profile`` has the blocks of PJOURF+1 (Enedis-NOI-CPT_54E).
    """

    optarif: str
    ngtf: str
    slots: tuple[Slot, ...]
    profile: tuple[str, ...]


OPTIONS: Mapping[Tariff, Option] = {
    Tariff.BASE: Option("BASE", "BASE", (Slot("BASE", "TH..", "BASE"),), ("00008001",)),
    Tariff.HC: Option(
        "HC..",
        "H PLEINE/CREUSE",
        (Slot("HCHC", "HC..", "HEURE CREUSE"), Slot("HCHP", "HP..", "HEURE PLEINE")),
        ("0000C001", "06008002", "2200C001"),
    ),
    Tariff.EJP: Option(
        "EJP.",
        "EJP",
        (Slot("EJPHN", "HN..", "HEURE NORMALE"), Slot("EJPHPM", "PM..", "POINTE MOBILE")),
        ("00008001",),
    ),
    Tariff.TEMPO: Option(
        "BBR(",
        "TEMPO",
        (
            Slot("BBRHCJB", "HCJB", "HC  BLEU"),
            Slot("BBRHPJB", "HPJB", "HP  BLEU"),
            Slot("BBRHCJW", "HCJW", "HC  BLANC"),
            Slot("BBRHPJW", "HPJW", "HP  BLANC"),
            Slot("BBRHCJR", "HCJR", "HC  ROUGE"),
            Slot("BBRHPJR", "HPJR", "HP  ROUGE"),
        ),
        ("00004001", "06004002", "22004001"),
    ),
}
_EJP_PEAK_DAY = ("00008002", "01008001", "07008002")
_TEMPO_NUMBERS = {Colour.BLUE: 0, Colour.WHITE: 1, Colour.RED: 2}  # also of their mobile peaks


@dataclass(frozen=True, slots=True)
class Peak:
    """A mobile peak: its number (DPMn, FPMn), when it is, and the blocks of PPOINTE."""

    number: int
    begin: datetime
    end: datetime
    profile: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TariffState:
    """What the tariff says, true until the instant ``until``.

    ``supplier`` and ``distributor`` are the index numbers that count, from 1; ``day`` is the date
    in legal time; the colours are those of Tempo days, ``none`` for other tariffs.
    """

    option: Option
    supplier: int
    distributor: int
    contact_closed: bool
    today: Colour
    tomorrow: Colour
    announced: Peak | None
    in_progress: Peak | None
    day: date
    until: datetime

    @property
    def slot(self) -> Slot:
        """The supplier index that counts."""
        return self.option.slots[self.supplier - 1]


def colour_of(day: date) -> Colour:
    """The Tempo colour of a day, the same for every meter; EJP peaks are on the red days."""
    return _colours(day.year if day.month >= 9 else day.year - 1).get(day, Colour.BLUE)


@lru_cache(maxsize=8)  # a simulation touches two years, a history a few more
def _colours(year: int) -> Mapping[date, Colour]:
    """The 22 red and 43 white days of the Tempo year that begins in September."""
    begin, end = date(year, 9, 1), date(year + 1, 9, 1)
    days = [begin + n * _DAY for n in range((end - begin).days)]
    Random(year).shuffle(days)  # noqa: S311  # a calendar, not a secret
    red = [day for day in days if day.month in _WINTER and day.weekday() < 5][:22]
    white = [day for day in days if day.month in _WINTER | {10, 4, 5} and day.weekday() < 6]
    white = [day for day in white if day not in red][:43]
    return dict.fromkeys(red, Colour.RED) | dict.fromkeys(white, Colour.WHITE)


# Every clock time at which anything can change.
_CHANGES = tuple(time(*clock) for clock in ((0,), (1,), (6,), (6, 30), (7,), (20,), (22,)))


def state_at(tariff: Tariff, at: datetime) -> TariffState:
    """The state of the tariff at an aware instant."""
    legal = to_legal(at)
    day, hour = legal.date(), legal.hour
    off_peak = not 6 <= hour < 22
    tempo = tariff is Tariff.TEMPO
    tempo_day = day - _DAY if hour < 6 else day
    today = colour_of(tempo_day) if tempo else Colour.NONE
    known = tempo and not 6 <= hour < 20
    peaks = [peak for notice, peak in _peaks(tariff, day) if notice <= at < peak.end]
    in_progress = next((peak for peak in peaks if peak.begin <= at), None)
    match tariff:
        case Tariff.BASE:
            supplier = 1
        case Tariff.HC:
            supplier = 1 if off_peak else 2
        case Tariff.EJP:
            supplier = 2 if in_progress else 1
        case Tariff.TEMPO:
            supplier = 2 * _TEMPO_NUMBERS[today] + (1 if off_peak else 2)
    return TariffState(
        option=OPTIONS[tariff],
        supplier=supplier,
        distributor=(3 if day.month in _WINTER else 1) + (0 if off_peak else 1),
        contact_closed=off_peak and tariff in {Tariff.HC, Tariff.TEMPO},
        today=today,
        tomorrow=colour_of(tempo_day + _DAY) if known else Colour.NONE,
        announced=next((peak for peak in peaks if peak.begin > at), None),
        in_progress=in_progress,
        day=day,
        until=min(
            change
            for clock in _CHANGES
            for change in (from_legal(day, clock), from_legal(day + _DAY, clock))
            if change > at
        ),
    )


def _peaks(tariff: Tariff, day: date) -> list[tuple[datetime, Peak]]:
    """The peaks from the day before to the day after, each with the instant of its notice."""
    days = (day - _DAY, day, day + _DAY)
    if tariff is Tariff.TEMPO:
        return [_tempo_peak(day) for day in days if colour_of(day) is not Colour.BLUE]
    if tariff is Tariff.EJP:
        return [_ejp_peak(day) for day in days if colour_of(day) is Colour.RED]
    return []


def _tempo_peak(day: date) -> tuple[datetime, Peak]:
    """On Tempo contracts peak 1 is a white day and peak 2 a red one."""
    number = _TEMPO_NUMBERS[colour_of(day)]
    off_peak, peak = 2 * number + 1, 2 * number + 2
    profile = (f"0000400{off_peak}", f"0600400{peak}", f"2200400{off_peak}")
    begin, end = from_legal(day, time(6)), from_legal(day + _DAY, time(6))
    return from_legal(day - _DAY, time(20)), Peak(number, begin, end, profile)


def _ejp_peak(day: date) -> tuple[datetime, Peak]:
    begin, end = from_legal(day, time(7)), from_legal(day + _DAY, time(1))
    return from_legal(day, time(6, 30)), Peak(1, begin, end, _EJP_PEAK_DAY)
