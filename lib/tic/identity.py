"""Who made a meter and what it is: ADCO and ADSC, ``CC AA TT NNNNNN``.

Source: EURIDIS association, list of manufacturer and device codes, v3.04A.
"""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"

_MANUFACTURERS = {
    "01": "Crouzet/Monetel",
    "02": "Sagem/Sagemcom",
    "03": "Schlumberger/Actaris/Itron",
    "04": "Landis+Gyr/Siemens",
    "05": "Sauter/Stepper/Zellweger",
    "06": "Itron",
    "07": "MAEC",
    "08": "Matra-Chauvin Arnoux/Enerdis",
    "09": "Faure-Herman",
    "10": "SEVME/SIS",
    "11": "Magnol/Elster/Honeywell",
    "12": "Gaz Thermique",
    "14": "Ghielmetti/Dialog/Micronique",
    "15": "Mecelec",
    "16": "Legrand/Baco",
    "17": "SERD-Schlumberger",
    "18": "Schneider/Merlin Gerin/Gardy",
    "19": "General Electric/Power Control",
    "20": "Nuovo Pignone/Dresser",
    "21": "SCLE",
    "22": "EDF",
    "23": "GDF",
    "24": "Hager-GE",
    "25": "Delta Dore",
    "26": "RIZ",
    "27": "Iskraemeco",
    "28": "GMT",
    "29": "Analog Devices",
    "30": "Michaud",
    "31": "Hexing",
    "32": "SIAME",
    "33": "Larsen & Toubro",
    "34": "Elster/Honeywell",
    "35": "Electronic Afzar Azma",
    "36": "AEC",
    "37": "AEM",
    "38": "Chint",
    "39": "ZIV",
    "70": "Landis+Gyr (export)",
    "71": "Stepper (export)",
    "81": "Sagemcom",
    "82": "Landis+Gyr",
    "83": "Elster/Honeywell",
    "84": "Sagemcom",
    "85": "Itron",
}

_DEVICES = {
    "01": "single-phase, multi-tariff, 1st generation",
    "03": "concentrator",
    "04": "concentrator",
    "05": "single-phase, single tariff, 1st generation",
    "06": "jaune (CJE)",
    "07": "ICE/Prisme",
    "09": "three-phase, 1st generation",
    "10": "jaune (CJE)",
    "15": "single-phase, multi-tariff without Tempo",
    "19": "concentrator",
    "20": "half-rate variant",
    "21": "half-rate variant",
    "22": "single-phase, multi-tariff, 2nd generation",
    "23": "single-phase, multi-tariff, 2nd generation",
    "25": "single-phase, single tariff, 2nd generation",
    "26": "three-phase, 2nd generation",
    "27": "three-phase, 2nd generation",
    "28": "single-phase, multi-tariff, 3rd generation",
    "29": "single-phase, multi-tariff, 3rd generation",
    "30": "three-phase, 3rd generation",
    "31": "three-phase, 3rd generation",
    "33": "jaune (CJE)",
    "34": "ICE 4 quadrants",
    "36": "PME-PMI",
    "60": "Linky single-phase 60 A G1",
    "61": "Linky single-phase 60 A G3 (top feed)",
    "62": "Linky single-phase 90 A G1",
    "63": "Linky three-phase 60 A G1",
    "64": "Linky single-phase 60 A G3",
    "65": "Linky single-phase trial G3",
    "67": "Linky single-phase pilot G1",
    "68": "Linky three-phase pilot G1",
    "70": "Linky single-phase G3 interoperable",
    "71": "Linky three-phase G3 interoperable",
    "75": "Linky single-phase 90 A G3",
    "76": "Linky three-phase 60 A G3",
    "86": "SEI digital meter, single-phase",
    "87": "SEI digital meter, three-phase",
}


@dataclass(frozen=True, slots=True)
class MeterIdentity:
    """What the 12 characters of ADCO or ADSC say.

    Kept as text: zeros lead and the type may be hexadecimal. The number of phases is not to be
    read here but from the labels the meter sends.
    """

    address: str
    manufacturer: str
    year: int  # of manufacture
    device: str
    serial: str

    @classmethod
    def parse(cls, address: str) -> MeterIdentity:
        """The parts of an address of 12 characters; codes outside the lists are ``unknown``."""
        year = int(address[2:4])
        return cls(
            address,
            _MANUFACTURERS.get(address[:2], UNKNOWN),
            year + (1900 if year >= 80 else 2000),
            _DEVICES.get(address[4:6], UNKNOWN),
            address[6:],
        )
