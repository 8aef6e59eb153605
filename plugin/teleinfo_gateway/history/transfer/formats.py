"""The tables of older programs, and our own files: which column says what. Pure.

``tbl_teleinfo`` is hallard's, also as BmdOnline's dashboards know it from other programs; ``frame``
is edgd1er's; ``teleinfo`` is robinroche's; ``csv`` is what ``teleinfo history export`` writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from teleinfo_gateway.history.columns import INDEXES, Row, columns_of, contract, labels_of
from teleinfo_gateway.history.transfer.own import own_label, own_reading
from teleinfo_gateway.history.transfer.sources import Row as Foreign
from teleinfo_gateway.history.transfer.values import as_text, value_of, whole
from teleinfo_gateway.history.transfer.wall_clock import time_of
from teleinfo_gateway.readings import Reading
from tic import (
    INDEX_LABELS,
    INDEX_SLOTS,
    LABELS,
    PERIODS,
    FrameKind,
    HistoriqueView,
    Horodate,
    Mode,
)

__all__ = ["FORMATS", "Format", "Told"]


class Told(NamedTuple):
    """What a row says: columns of a reading, and labels (name, value, horodate) beside them."""

    columns: Row | None
    labels: Sequence[tuple[str, str, str | None]] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of table; all names of columns are in capitals.

    ``times`` and ``meters`` are columns that may tell these, best first, ``needs`` those of which
    one must be there; ``energies`` are the indexes, which order rows of the same time. ``taker``
    makes, for each meter, what turns a row into :class:`Told` and counts what it leaves out.
    """

    tables: tuple[str, ...]
    times: tuple[str, ...]
    meters: tuple[str, ...]
    needs: tuple[str, ...]
    energies: tuple[str, ...]
    mode: Mode | None
    taker: Callable[[str], Callable[[Foreign, Counter[str]], Told]]
    exact: Callable[[Foreign], datetime | None] | None = None

    def time(self, row: Foreign, column: str) -> datetime | None:
        """When a row was true; naive if only a wall clock tells."""
        exact = self.exact(row) if self.exact is not None else None
        return exact or time_of(row[column])

    def energy(self, row: Foreign) -> int | None:
        """What the indexes of a row add up to; ``None`` if it has none."""
        told = [number for name in self.energies if (number := whole(row.get(name))) is not None]
        return sum(told) if told else None


_HISTORIQUE = {label.name for label in LABELS if label.mode is Mode.HISTORIQUE} - {"ADCO"}

_COLUMNS: Mapping[str, str] = MappingProxyType(
    {name: name for name in _HISTORIQUE}
    | {f"T1_{name}": name for name in (*INDEX_SLOTS, "PTEC")}  # an Eco-Devices box
    | {name.removeprefix("BBR"): name for name in INDEX_LABELS["BBR("]}
    | {f"INST{n}": f"IINST{n}" for n in ("", 1, 2, 3)}
    | {"PPAP": "PAPP", "TENSION": "URMS1"}
)
"""Column of ``tbl_teleinfo`` and its kind to label; TENSION has the form of URMS1."""

_ENERGIES = tuple(name for name, label in _COLUMNS.items() if label in INDEX_SLOTS)

_STANDARD: Mapping[str, str] = MappingProxyType(
    {
        label.name.replace("-", "MIN").replace("+", "PLUS"): label.name
        for label in LABELS
        if label.mode is Mode.STANDARD and label.name not in {"ADSC", "DATE"}
    }
)
_NO_TIME = datetime.fromtimestamp(0, UTC)
"""What a row says does not depend on when it was."""

_TOTALS = ("EAST", *(f"EASF{slot:02}" for slot in range(1, 11)))


def _historique(adco: str) -> Callable[[Foreign, Counter[str]], Told]:
    def take(row: Foreign, left_out: Counter[str]) -> Told:
        values = _values(row, _COLUMNS, left_out)
        volts = values.pop("URMS1", None)
        told = _told(_reading(adco, Mode.HISTORIQUE, values, _of_one_contract(values)))
        if volts is not None and told.columns is not None:
            told.columns["u1"] = int(volts)
        return told

    return take


def _of_one_contract(values: Mapping[str, str]) -> dict[str, str]:
    """Without the indexes that are not of the contract: some tables hold 0 for them.

    Where OPTARIF is not told, it is that of the indexes that move or, without any, of the period.
    """
    option = values.get("OPTARIF") or _option_of(values)
    if option is None:
        return {label: value for label, value in values.items() if label not in INDEX_SLOTS}
    own = INDEX_LABELS.get(contract(option), ())
    return {"OPTARIF": option} | {
        label: value for label, value in values.items() if label not in INDEX_SLOTS or label in own
    }


def _option_of(values: Mapping[str, str]) -> str | None:
    told = [
        option
        for option, labels in INDEX_LABELS.items()
        if any(int(values.get(label, "0")) for label in labels)
    ]
    if not told:
        told = [option for option, periods in PERIODS.items() if values.get("PTEC") in periods]
    return told[0] if len(told) == 1 else None


def _standard(adco: str) -> Callable[[Foreign, Counter[str]], Told]:
    view = HistoriqueView()

    def take(row: Foreign, left_out: Counter[str]) -> Told:
        values = _values(row, _STANDARD, left_out)
        historique = {group.label: group.value for group in view.translate(values)}
        whole_frame = all(label in values for label in _TOTALS)
        return _told(_reading(adco, Mode.STANDARD, values, historique, complete=whole_frame))

    return take


def _clock_of_meter(row: Foreign) -> datetime | None:
    """DATE of a standard frame, unless the meter said that its own clock was not set."""
    horodate = Horodate.parse(as_text(row.get("DATE")) or "")
    return None if horodate is None or horodate.degraded else horodate.time


def _power_only(adco: str) -> Callable[[Foreign, Counter[str]], Told]:
    """The table knows HP and HC only, and no index."""

    def take(row: Foreign, left_out: Counter[str]) -> Told:
        values = _values(row, {"PAPP": "PAPP", "PTEC": "PTEC"}, left_out)
        if option := _option_of(values):
            values["OPTARIF"] = option
        return _told(_reading(adco, Mode.HISTORIQUE, values, values))

    return take


def _told(reading: Reading) -> Told:
    """What a foreign row says; of the power between two rows nothing is known but theirs."""
    columns = columns_of(reading)
    columns |= {"papp_min": columns.get("papp"), "papp_max": columns.get("papp")}
    return Told(columns, list(labels_of(reading)))


def _own(_adco: str) -> Callable[[Foreign, Counter[str]], Told]:
    def take(row: Foreign, left_out: Counter[str]) -> Told:
        if row.get("LABEL") is None:
            return Told(own_reading(row, left_out))
        label = own_label(row, left_out)
        return Told(None, [label] if label else [])

    return take


def _values(row: Foreign, names: Mapping[str, str], left_out: Counter[str]) -> dict[str, str]:
    return {
        label: text
        for column, label in names.items()
        if column in row and (text := value_of(label, row[column], left_out)) is not None
    }


def _reading(
    adco: str,
    mode: Mode,
    values: Mapping[str, str],
    historique: Mapping[str, str],
    *,
    complete: bool = True,
) -> Reading:
    """As from a meter."""
    return Reading(
        meter="",
        address=adco,
        time=_NO_TIME,
        mode=mode,
        kind=FrameKind.LONG,
        complete=complete,
        values=values,
        historique={"ADCO": adco, **historique},
    )


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "tbl_teleinfo": Format(
            tables=("tbl_teleinfo", "DbiTeleinfo"),
            times=("DATE", "TIMESTAMP", "FTIMESTAMP", "TIMESTP"),
            meters=("ADCO",),
            needs=("PAPP", "PPAP", *_ENERGIES),
            energies=_ENERGIES,
            mode=Mode.HISTORIQUE,
            taker=_historique,
        ),
        "frame": Format(
            tables=("frame",),
            times=("TIME",),
            meters=("ADSC",),
            needs=("EAST", "SINSTS"),
            energies=("EAST",),
            mode=Mode.STANDARD,
            taker=_standard,
            exact=_clock_of_meter,
        ),
        "teleinfo": Format(
            tables=("teleinfo",),
            times=("TIME",),
            meters=(),
            needs=("PAPP",),
            energies=(),
            mode=Mode.HISTORIQUE,
            taker=_power_only,
        ),
        "csv": Format(
            tables=("file",),
            times=("TS", "TIME"),
            meters=("ADCO",),
            needs=("PAPP", "LABEL", *(name.upper() for name in INDEXES)),
            energies=tuple(name.upper() for name in INDEXES),
            mode=None,
            taker=_own,
        ),
    }
)
"""What can be imported, by name."""
