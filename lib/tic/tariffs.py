"""Tariff options: which index and which period of each is which supplier index ("slot").

A slot means the same in both modes: the index ``EASFnn`` of a standard frame is slot nn, and a
Linky in historique mode fills the old labels from them in this order. Source: Enedis-NOI-CPT_54E,
section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

INDEX_LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BASE": ("BASE",),
        "HC..": ("HCHC", "HCHP"),
        "EJP.": ("EJPHN", "EJPHPM"),
        "BBR(": ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"),
    }
)
"""OPTARIF to its index labels, slot 1 first; the last character of a Tempo option varies."""

PERIODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BASE": ("TH..",),
        "HC..": ("HC..", "HP.."),
        "EJP.": ("HN..", "PM.."),
        "BBR(": ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"),
    }
)
"""OPTARIF to the values of PTEC, slot 1 first."""

CALENDARS: Mapping[str, str] = MappingProxyType(
    {"BASE": "BASE", "H PLEINE/CREUSE": "HC..", "EJP": "EJP.", "TEMPO": "BBR("}
)
"""NGTF without padding to OPTARIF; with any other a Linky tells BASE in historique mode."""

INDEX_SLOTS: Mapping[str, int] = MappingProxyType(
    {label: slot for labels in INDEX_LABELS.values() for slot, label in enumerate(labels, 1)}
)
"""Index label of the historique mode to its slot."""

PERIOD_SLOTS: Mapping[str, int] = MappingProxyType(
    {period: slot for periods in PERIODS.values() for slot, period in enumerate(periods, 1)}
)
"""Value of PTEC to its slot."""
