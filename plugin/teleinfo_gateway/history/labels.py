"""Columns of the table ``ti_reading`` -> the labels they were filled from. Pure.

Outputs that speak in labels are told here what the meter said, in its own mode, and in historique
mode whatever its mode is. Numbers are numbers; :func:`as_sent` gives them their zeros back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from teleinfo_gateway.history.columns import FROM_HISTORIQUE, FROM_STANDARD, contract
from tic import BY_NAME, CALENDARS, INDEX_LABELS, Kind, Mode

__all__ = ["as_sent", "historique_labels", "mode_of", "own_labels"]

Columns = Mapping[str, int | str | None]
Labels = dict[str, int | str]

_NGTF = {option: calendar for calendar, option in CALENDARS.items()}
_STGE_SIZE = BY_NAME["STGE"].size
_STANDARD_ONLY = {
    *("pref", "pinj", "idx_total", "idx_inj"),
    *(f"{name}{phase}" for name in ("papp", "u") for phase in (1, 2, 3)),
}
_BY_PHASE = ("IINST", "IMAX")
"""Phase 1 has this label where it is the only one, and one that ends with 1 where it is not."""


def mode_of(columns: Columns) -> Mode:
    """The mode that a meter spoke: only some columns are filled in both."""
    standard = any(columns.get(name) is not None for name in _STANDARD_ONLY)
    if standard or len(str(columns.get("state") or "")) == _STGE_SIZE:
        return Mode.STANDARD
    return Mode.HISTORIQUE


def own_labels(adco: str, columns: Columns) -> Labels:
    """What a reading says, with the labels of the meter's own mode, the address among them.

    Those that have no column (``ti_label``) are not here. NGTF of a contract that historique mode
    has a word for is told by that word.
    """
    if mode_of(columns) is Mode.HISTORIQUE:
        return historique_labels(adco, columns)
    ours: dict[str, int | str | None] = {"ADSC": adco}
    option = str(columns.get("optarif") or "")
    if option:
        known = _NGTF.get(contract(option))
        ours["NGTF"] = known or option
        ours["LTARF"] = None if known else columns.get("ptec")
    ours |= {label: columns.get(column) for label, column in FROM_STANDARD.items()}
    ours |= {"NTARF": columns.get("slot"), "STGE": columns.get("state")}
    return _told(ours)


def historique_labels(adco: str, columns: Columns) -> Labels:
    """What a reading says in the words of historique mode, the address among them.

    For a standard meter they are derived, power to the VA; a calendar that historique mode has no
    word for keeps its own names, and its indexes have no label.
    """
    historique: dict[str, int | str | None] = {"ADCO": adco}
    for label, column in FROM_HISTORIQUE.items():
        historique[label] = columns.get(column)
    three = any(columns.get(name) is not None for name in ("i2", "i3", "imax2", "imax3"))
    for label in _BY_PHASE:
        del historique[label if three else f"{label}1"]
    option = str(columns.get("optarif") or "")
    for slot, label in enumerate(INDEX_LABELS.get(contract(option), ()), 1):
        historique[label] = columns.get(f"idx{slot:02}")
    for label in ("OPTARIF", "PTEC", "DEMAIN", "HHPHC"):
        historique[label] = columns.get(label.lower())
    if mode_of(columns) is Mode.HISTORIQUE:
        historique["MOTDETAT"] = columns.get("state")
    return _told(historique)


def as_sent(labels: Mapping[str, int | str]) -> dict[str, str]:
    """Labels with their values as a meter writes them: leading zeros, trailing spaces."""
    return dict(_written(labels))


def _written(labels: Mapping[str, int | str]) -> Iterator[tuple[str, str]]:
    for label, value in labels.items():
        known = BY_NAME[label]
        if isinstance(value, int):
            yield label, f"{value:0{known.size}}"
        else:
            yield label, value.ljust(known.size) if known.kind is Kind.TEXT else value


def _told(labels: Mapping[str, int | str | None]) -> Labels:
    return {label: value for label, value in labels.items() if value is not None}
