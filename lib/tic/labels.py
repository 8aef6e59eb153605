"""The one table of TIC labels: names, sizes, units, kinds and meanings of both modes.

Everything that names a label elsewhere (info.json, xPL keys, documentation, simulator) is made
from :data:`LABELS`. The order of the table is the order in which a meter sends the groups.

Sources: Enedis-NOI-CPT_54E v3 (standard mode, Linky); Enedis-NOI-CPT_02E v6 (historique mode).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType


class Mode(StrEnum):
    """The two languages of a meter's output."""

    HISTORIQUE = "historique"
    STANDARD = "standard"


class Kind(StrEnum):
    """What a value is, hence how it is checked and which type it has."""

    IDENTITY = "identity"  # of a meter or a delivery point
    INDEX = "index"  # energy counter, never falls
    POWER = "power"
    CURRENT = "current"
    VOLTAGE = "voltage"
    DURATION = "duration"
    NUMBER = "number"  # a count or a rank, without unit
    CODE = "code"  # one of few fixed texts
    TEXT = "text"  # free text, padded with spaces
    REGISTER = "register"  # bit field
    PROFILE = "profile"  # switching times of a day
    CLOCK = "clock"  # the horodate is the value


class Phases(StrEnum):
    """Which meters send a label."""

    ANY = "any"
    SINGLE = "single-phase"
    THREE = "three-phase"


Meanings = Mapping[str, tuple[str, str]]
"""Coded value to its plain words, English and French."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label of the specification.

    ``size`` is the exact number of characters of the value; ``unit`` is ``""`` where the value
    has none; ``pattern`` is the regular expression that a whole value matches; ``event`` marks
    what only exists while it lasts (its absence from a whole frame ends it); ``alias_of`` is the
    usual name of a label that only pilot meters spell so.
    """

    name: str
    mode: Mode
    size: int
    kind: Kind
    unit: str
    phases: Phases
    timestamped: bool
    producer: bool
    optional: bool
    event: bool
    en: str
    fr: str
    pattern: str
    meanings: Meanings = field(compare=False)
    alias_of: str = ""

    def meaning(self, value: str, language: str = "en") -> str:
        """The plain words for a coded ``value``, or ``""``; ``language`` is ``en`` or ``fr``."""
        words = self.meanings.get(value)
        return "" if words is None else words[language == "fr"]


# name, size, kind, unit, flags, English, French.
# Flags: H with horodate, M single-phase only, T three-phase only, P producer, O optional, E event.
_HISTORIQUE = """
ADCO      | 12 | identity | -    | -   | Electric meter address                                 | adresse du compteur
OPTARIF   |  4 | code     | -    | -   | Tariff option                                          | option tarifaire
ISOUSC    |  2 | current  | A    | -   | Subscribed current                                     | intensité souscrite
BASE      |  9 | index    | Wh   | -   | Base option index                                      | index option base
HCHC      |  9 | index    | Wh   | -   | Off-peak hours index                                   | index heures creuses
HCHP      |  9 | index    | Wh   | -   | Peak hours index                                       | index heures pleines
EJPHN     |  9 | index    | Wh   | -   | EJP normal hours index                                 | index EJP heures normales
EJPHPM    |  9 | index    | Wh   | -   | EJP mobile peak hours index                            | index EJP heures de pointe mobile
BBRHCJB   |  9 | index    | Wh   | -   | Tempo blue days, off-peak index                        | index Tempo jours bleus, heures creuses
BBRHPJB   |  9 | index    | Wh   | -   | Tempo blue days, peak index                            | index Tempo jours bleus, heures pleines
BBRHCJW   |  9 | index    | Wh   | -   | Tempo white days, off-peak index                       | index Tempo jours blancs, heures creuses
BBRHPJW   |  9 | index    | Wh   | -   | Tempo white days, peak index                           | index Tempo jours blancs, heures pleines
BBRHCJR   |  9 | index    | Wh   | -   | Tempo red days, off-peak index                         | index Tempo jours rouges, heures creuses
BBRHPJR   |  9 | index    | Wh   | -   | Tempo red days, peak index                             | index Tempo jours rouges, heures pleines
PEJP      |  2 | duration | min  | E   | EJP notice (30 min before)                             | préavis EJP (30 min avant)
PTEC      |  4 | code     | -    | -   | Current tariff period                                  | période tarifaire en cours
DEMAIN    |  4 | code     | -    | -   | Tempo colour of tomorrow                               | couleur Tempo du lendemain
IINST     |  3 | current  | A    | M   | Instantaneous current                                  | intensité instantanée
IINST1    |  3 | current  | A    | T   | Instantaneous current, phase 1                         | intensité instantanée, phase 1
IINST2    |  3 | current  | A    | T   | Instantaneous current, phase 2                         | intensité instantanée, phase 2
IINST3    |  3 | current  | A    | T   | Instantaneous current, phase 3                         | intensité instantanée, phase 3
ADPS      |  3 | current  | A    | ME  | Subscribed power overrun warning                       | avertissement de dépassement de puissance souscrite
IMAX      |  3 | current  | A    | M   | Maximum current                                        | intensité maximale
IMAX1     |  3 | current  | A    | T   | Maximum current, phase 1                               | intensité maximale, phase 1
IMAX2     |  3 | current  | A    | T   | Maximum current, phase 2                               | intensité maximale, phase 2
IMAX3     |  3 | current  | A    | T   | Maximum current, phase 3                               | intensité maximale, phase 3
PMAX      |  5 | power    | W    | T   | Maximum three-phase power                              | puissance maximale triphasée
PAPP      |  5 | power    | VA   | -   | Apparent power                                         | puissance apparente
HHPHC     |  1 | code     | -    | -   | Hourly group                                           | horaire heures pleines/creuses
MOTDETAT  |  6 | register | -    | -   | Meter status word                                      | mot d'état du compteur
PPOT      |  2 | register | -    | T   | Presence of potentials                                 | présence des potentiels
ADIR1     |  3 | current  | A    | TE  | Current overload warning, phase 1                      | avertissement de dépassement d'intensité, phase 1
ADIR2     |  3 | current  | A    | TE  | Current overload warning, phase 2                      | avertissement de dépassement d'intensité, phase 2
ADIR3     |  3 | current  | A    | TE  | Current overload warning, phase 3                      | avertissement de dépassement d'intensité, phase 3
"""
_STANDARD = """
ADSC      | 12 | identity | -    | -   | Electric meter address                                 | adresse du compteur
VTIC      |  2 | number   | -    | -   | TIC version                                            | version de la TIC
DATE      |  0 | clock    | -    | H   | Meter clock                                            | date et heure du compteur
NGTF      | 16 | text     | -    | O   | Supplier tariff calendar                               | calendrier tarifaire fournisseur
LTARF     | 16 | text     | -    | O   | Current supplier tariff                                | tarif fournisseur en cours
EAST      |  9 | index    | Wh   | -   | Active energy drawn, total                             | énergie active soutirée totale
EASF01    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 1                  | énergie active soutirée, fournisseur, index 1
EASF02    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 2                  | énergie active soutirée, fournisseur, index 2
EASF03    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 3                  | énergie active soutirée, fournisseur, index 3
EASF04    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 4                  | énergie active soutirée, fournisseur, index 4
EASF05    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 5                  | énergie active soutirée, fournisseur, index 5
EASF06    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 6                  | énergie active soutirée, fournisseur, index 6
EASF07    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 7                  | énergie active soutirée, fournisseur, index 7
EASF08    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 8                  | énergie active soutirée, fournisseur, index 8
EASF09    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 9                  | énergie active soutirée, fournisseur, index 9
EASF10    |  9 | index    | Wh   | -   | Active energy drawn, supplier index 10                 | énergie active soutirée, fournisseur, index 10
EASD01    |  9 | index    | Wh   | -   | Active energy drawn, distributor index 1               | énergie active soutirée, distributeur, index 1
EASD02    |  9 | index    | Wh   | -   | Active energy drawn, distributor index 2               | énergie active soutirée, distributeur, index 2
EASD03    |  9 | index    | Wh   | -   | Active energy drawn, distributor index 3               | énergie active soutirée, distributeur, index 3
EASD04    |  9 | index    | Wh   | -   | Active energy drawn, distributor index 4               | énergie active soutirée, distributeur, index 4
EAIT      |  9 | index    | Wh   | P   | Active energy injected, total                          | énergie active injectée totale
ERQ1      |  9 | index    | varh | P   | Reactive energy, quadrant 1                            | énergie réactive, quadrant 1
ERQ2      |  9 | index    | varh | P   | Reactive energy, quadrant 2                            | énergie réactive, quadrant 2
ERQ3      |  9 | index    | varh | P   | Reactive energy, quadrant 3                            | énergie réactive, quadrant 3
ERQ4      |  9 | index    | varh | P   | Reactive energy, quadrant 4                            | énergie réactive, quadrant 4
IRMS1     |  3 | current  | A    | -   | Current, phase 1                                       | courant efficace, phase 1
IRMS2     |  3 | current  | A    | T   | Current, phase 2                                       | courant efficace, phase 2
IRMS3     |  3 | current  | A    | T   | Current, phase 3                                       | courant efficace, phase 3
URMS1     |  3 | voltage  | V    | -   | Voltage, phase 1                                       | tension efficace, phase 1
URMS2     |  3 | voltage  | V    | T   | Voltage, phase 2                                       | tension efficace, phase 2
URMS3     |  3 | voltage  | V    | T   | Voltage, phase 3                                       | tension efficace, phase 3
PREF      |  2 | power    | kVA  | -   | Subscribed apparent power                              | puissance apparente de référence
PCOUP     |  2 | power    | kVA  | -   | Breaking power                                         | puissance apparente de coupure
SINSTS    |  5 | power    | VA   | -   | Apparent power drawn                                   | puissance apparente soutirée
SINSTS1   |  5 | power    | VA   | T   | Apparent power drawn, phase 1                          | puissance apparente soutirée, phase 1
SINSTS2   |  5 | power    | VA   | T   | Apparent power drawn, phase 2                          | puissance apparente soutirée, phase 2
SINSTS3   |  5 | power    | VA   | T   | Apparent power drawn, phase 3                          | puissance apparente soutirée, phase 3
SMAXSN    |  5 | power    | VA   | H   | Highest apparent power drawn today                     | puissance apparente maximale soutirée (jour)
SMAXSN1   |  5 | power    | VA   | HT  | Highest apparent power drawn today, phase 1            | puissance apparente maximale soutirée (jour), phase 1
SMAXSN2   |  5 | power    | VA   | HT  | Highest apparent power drawn today, phase 2            | puissance apparente maximale soutirée (jour), phase 2
SMAXSN3   |  5 | power    | VA   | HT  | Highest apparent power drawn today, phase 3            | puissance apparente maximale soutirée (jour), phase 3
SMAXSN-1  |  5 | power    | VA   | H   | Highest apparent power drawn the previous day          | puissance apparente maximale soutirée (la veille)
SMAXSN1-1 |  5 | power    | VA   | HT  | Highest apparent power drawn the previous day, phase 1 | puissance apparente maximale soutirée (la veille), phase 1
SMAXSN2-1 |  5 | power    | VA   | HT  | Highest apparent power drawn the previous day, phase 2 | puissance apparente maximale soutirée (la veille), phase 2
SMAXSN3-1 |  5 | power    | VA   | HT  | Highest apparent power drawn the previous day, phase 3 | puissance apparente maximale soutirée (la veille), phase 3
SINSTI    |  5 | power    | VA   | P   | Apparent power injected                                | puissance apparente injectée
SMAXIN    |  5 | power    | VA   | HP  | Highest apparent power injected today                  | puissance apparente maximale injectée (jour)
SMAXIN-1  |  5 | power    | VA   | HP  | Highest apparent power injected the previous day       | puissance apparente maximale injectée (la veille)
CCASN     |  5 | power    | W    | HO  | Load curve, active power drawn, last point             | courbe de charge, puissance active soutirée, dernier point
CCASN-1   |  5 | power    | W    | HO  | Load curve, active power drawn, point before           | courbe de charge, puissance active soutirée, point précédent
CCAIN     |  5 | power    | W    | HPO | Load curve, active power injected, last point          | courbe de charge, puissance active injectée, dernier point
CCAIN-1   |  5 | power    | W    | HPO | Load curve, active power injected, point before        | courbe de charge, puissance active injectée, point précédent
UMOY1     |  3 | voltage  | V    | H   | Average voltage, phase 1                               | tension moyenne, phase 1
UMOY2     |  3 | voltage  | V    | HT  | Average voltage, phase 2                               | tension moyenne, phase 2
UMOY3     |  3 | voltage  | V    | HT  | Average voltage, phase 3                               | tension moyenne, phase 3
STGE      |  8 | register | -    | -   | Status register                                        | registre de statuts
DPM1      |  2 | number   | -    | HOE | Start of announced mobile peak 1                       | début de pointe mobile 1
FPM1      |  2 | number   | -    | HOE | End of announced mobile peak 1                         | fin de pointe mobile 1
DPM2      |  2 | number   | -    | HOE | Start of announced mobile peak 2                       | début de pointe mobile 2
FPM2      |  2 | number   | -    | HOE | End of announced mobile peak 2                         | fin de pointe mobile 2
DPM3      |  2 | number   | -    | HOE | Start of announced mobile peak 3                       | début de pointe mobile 3
FPM3      |  2 | number   | -    | HOE | End of announced mobile peak 3                         | fin de pointe mobile 3
MSG1      | 32 | text     | -    | -   | Short message                                          | message court
MSG2      | 16 | text     | -    | O   | Ultra-short message                                    | message ultra court
PRM       | 14 | identity | -    | -   | Delivery point                                         | point de livraison (PRM)
RELAIS    |  3 | register | -    | -   | State of the relays                                    | état des relais
NTARF     |  2 | number   | -    | -   | Current supplier index number                          | numéro de l'index tarifaire en cours
NJOURF    |  2 | number   | -    | -   | Day number, supplier calendar                          | numéro du jour, calendrier fournisseur
NJOURF+1  |  2 | number   | -    | -   | Day number of tomorrow, supplier calendar              | numéro du prochain jour, calendrier fournisseur
PJOURF+1  | 98 | profile  | -    | -   | Profile of tomorrow, supplier calendar                 | profil du prochain jour, calendrier fournisseur
PPOINTE   | 98 | profile  | -    | OE  | Profile of the next peak day                           | profil du prochain jour de pointe
"""

# The names that pilot Linky G1 meters (device types 67, 68) give to three labels.
_PILOT_NAMES = {"SINST1": "SINSTS", "SMAXN": "SMAXSN", "SMAXN-1": "SMAXSN-1"}

_METER = r"[0-9]{4}[0-9A-F]{2}[0-9]{6}"  # the type may be hexadecimal (EURIDIS list, v3.04A)
_BLOCK = r"(?:(?:[01][0-9]|2[0-3])[0-5][0-9][0-9A-F]{4}|NONUTILE)"

# The labels whose values obey a narrower rule than "the characters of their kind".
_PATTERNS = {
    "ADCO": _METER,
    "OPTARIF": r"BASE|HC\.\.|EJP[. ]|BBR[(-?]",
    "PTEC": r"TH\.\.|H[CP]\.\.|HN\.\.|PM\.\.|H[CP]J[BWR]",
    "DEMAIN": "----|BLEU|BLAN|ROUG",
    "HHPHC": "[ACDEY1-9X]",
    "ADSC": _METER,
    "RELAIS": "[01][0-9]{2}|2(?:[0-4][0-9]|5[0-5])",
    "NTARF": "0[1-9]|10",
}

_MEANINGS: Mapping[str, Meanings] = {
    "OPTARIF": {
        "BASE": ("single tariff", "tarif unique"),
        "HC..": ("peak/off-peak", "heures pleines/creuses"),
        "EJP.": ("peak-day option (EJP)", "effacement des jours de pointe (EJP)"),
        "EJP ": ("peak-day option (EJP)", "effacement des jours de pointe (EJP)"),
        **{f"BBR{chr(code)}": ("Tempo", "Tempo") for code in range(0x28, 0x40)},
    },
    "PTEC": {
        "TH..": ("all hours", "toutes heures"),
        "HC..": ("off-peak", "heures creuses"),
        "HP..": ("peak", "heures pleines"),
        "HN..": ("normal hours", "heures normales"),
        "PM..": ("mobile peak", "pointe mobile"),
        "HCJB": ("off-peak, blue day", "heures creuses, jour bleu"),
        "HPJB": ("peak, blue day", "heures pleines, jour bleu"),
        "HCJW": ("off-peak, white day", "heures creuses, jour blanc"),
        "HPJW": ("peak, white day", "heures pleines, jour blanc"),
        "HCJR": ("off-peak, red day", "heures creuses, jour rouge"),
        "HPJR": ("peak, red day", "heures pleines, jour rouge"),
    },
    "DEMAIN": {
        "----": ("not announced", "non annoncée"),
        "BLEU": ("blue", "bleu"),
        "BLAN": ("white", "blanc"),
        "ROUG": ("red", "rouge"),
    },
}


def _pattern(name: str, kind: Kind, size: int) -> str:
    """The rule of a value: that of the label, else the characters of its kind."""
    match kind:
        case _ if name in _PATTERNS:
            return _PATTERNS[name]
        case Kind.TEXT:
            # No meter is known to write ` { | } ~: these are a space and brackets with bit 6
            # flipped, which the checksum cannot see.
            return rf"[ -_a-z]{{{size}}}"
        case Kind.REGISTER:
            return rf"[0-9A-F]{{{size}}}"
        case Kind.PROFILE:
            return rf"{_BLOCK}(?: {_BLOCK}){{10}}"
        case _:
            return rf"[0-9]{{{size}}}"


def _phases(flags: str) -> Phases:
    return Phases.THREE if "T" in flags else Phases.SINGLE if "M" in flags else Phases.ANY


def _row(mode: Mode, text: str) -> Label:
    """One line of the table."""
    name, size, kind, unit, flags, en, fr = (cell.strip() for cell in text.split("|"))
    return Label(
        name=name,
        mode=mode,
        size=int(size),
        kind=Kind(kind),
        unit="" if unit == "-" else unit,
        phases=_phases(flags),
        timestamped="H" in flags,
        producer="P" in flags,
        optional="O" in flags,
        event="E" in flags,
        en=en,
        fr=fr,
        pattern=_pattern(name, Kind(kind), int(size)),
        meanings=MappingProxyType(_MEANINGS.get(name, {})),
    )


def _table() -> tuple[Label, ...]:
    rows = [
        _row(mode, text)
        for mode, table in ((Mode.HISTORIQUE, _HISTORIQUE), (Mode.STANDARD, _STANDARD))
        for text in table.strip().splitlines()
    ]
    usual = {label.name: label for label in rows}
    return (
        *rows,
        *(replace(usual[name], name=pilot, alias_of=name) for pilot, name in _PILOT_NAMES.items()),
    )


LABELS: tuple[Label, ...] = _table()
"""Every label of both modes, each mode in its order of emission, then the pilot names."""

BY_NAME: Mapping[str, Label] = MappingProxyType({label.name: label for label in LABELS})
"""The same by name; no name exists in both modes."""

LABEL_NAME = re.compile(r"[A-Za-z0-9+_-]{1,10}")
"""What any label looks like: SMAXSN1-1 has 9 characters, PME-PMI meters use lower case, ``_``."""


def usual_name(name: str) -> str:
    """The name of the specification for a label as sent: the pilot names are translated."""
    return _PILOT_NAMES.get(name, name)
