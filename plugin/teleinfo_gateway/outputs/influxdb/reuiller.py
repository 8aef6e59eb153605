"""The points of S. Reuiller's script: a measurement for each label of a historique frame. Pure.

Each has the tags ``host`` and ``region`` and one field, ``value``, of the type that the script
gave it: an existing database takes no other. The address of the meter is never sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.outputs.influxdb.line_protocol import Point
from tic import BY_NAME, INDEX_LABELS, PERIODS

__all__ = ["Reuiller"]

_S = 1_000_000_000  # nanoseconds
_INTEGERS = {"BASE", "HCHC", "HCHP", "IINST", "IMAX", "ISOUSC", "PAPP"}
_TEMPO = set(INDEX_LABELS["BBR("])
_STATUS_SIZE = BY_NAME["MOTDETAT"].size

# Label of a frame to column of the history, without what depends on the contract or the phases.
_COLUMNS = {
    "ISOUSC": "isousc",
    "PEJP": "pejp",
    "DEMAIN": "demain",
    "ADPS": "adps",
    "PMAX": "pmax",
    "PAPP": "papp",
    "HHPHC": "hhphc",
}


class Reuiller:
    """Points by label; ``{meter}`` in a tag is the name of the meter."""

    def __init__(self, host: str, region: str, *, tempo_as_int: bool) -> None:
        self._tags = {"host": host, "region": region}
        self._integers = _INTEGERS | (_TEMPO if tempo_as_int else set())

    def points(self, row: Row) -> Iterator[Point]:
        """The points of a reading; labels of standard mode and events had none."""
        if row.kind != "reading":
            return
        tags = {key: text.replace("{meter}", row.name) for key, text in self._tags.items()}
        for label, value in _labels(row):
            yield Point(label, row.ts * _S, tags, {"value": self._typed(label, value)})

    def _typed(self, label: str, value: int | str) -> int | str:
        """As the script sent it: an integer, or the characters of the frame."""
        if isinstance(value, int) and label not in self._integers:
            return f"{value:0{BY_NAME[label].size}}"
        return value


def _labels(row: Row) -> Iterator[tuple[str, int | str]]:
    """Every label that a column holds the value of."""
    columns = dict(_COLUMNS)
    phases = ("1", "2", "3") if row.values.get("i2") is not None else ("",)
    for phase in phases:
        columns[f"IINST{phase}"] = f"i{phase or 1}"
        columns[f"IMAX{phase}"] = f"imax{phase or 1}"
    option = _option(str(row.values.get("optarif") or ""))
    if option:  # not a calendar of standard mode that historique mode has no words for
        columns |= {"OPTARIF": "optarif"}
        columns |= {label: f"idx{slot:02}" for slot, label in enumerate(INDEX_LABELS[option], 1)}
        if row.values.get("ptec") in PERIODS[option]:
            columns["PTEC"] = "ptec"
    if len(str(row.values.get("state") or "")) == _STATUS_SIZE:  # not STGE
        columns["MOTDETAT"] = "state"
    for label, column in columns.items():
        value = row.values.get(column)
        if value is not None:
            yield label, value


def _option(optarif: str) -> str:
    """The option by its first three characters, for the fourth of Tempo varies."""
    if len(optarif) > BY_NAME["OPTARIF"].size:
        return ""
    return next((option for option in INDEX_LABELS if option[:3] == optarif[:3]), "")
