"""Labels -> columns of the table ``ti_reading``, and back to the label a column is called after.

A column has one meaning in both modes. Units are those of the label table: VA, A, V, Wh, kVA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from teleinfo_gateway.history.rollup import Sample
from teleinfo_gateway.readings import Reading
from tic import BY_NAME, CALENDARS, INDEX_LABELS, INDEX_SLOTS, PERIOD_SLOTS, Kind, Mode, usual_name

SLOTS = range(1, 11)
INDEXES = ("idx_total", *(f"idx{slot:02}" for slot in SLOTS), "idx_inj")

FROM_HISTORIQUE = {
    "ISOUSC": "isousc",
    "PAPP": "papp",
    **{f"IINST{n}": f"i{n or 1}" for n in ("", 1, 2, 3)},
    **{f"IMAX{n}": f"imax{n or 1}" for n in ("", 1, 2, 3)},
    "PMAX": "pmax",
    "ADPS": "adps",
    "PEJP": "pejp",
}
FROM_STANDARD = {
    "PREF": "pref",
    "SINSTS": "papp",
    **{f"SINSTS{n}": f"papp{n}" for n in (1, 2, 3)},
    "SINSTI": "pinj",
    **{f"IRMS{n}": f"i{n}" for n in (1, 2, 3)},
    **{f"URMS{n}": f"u{n}" for n in (1, 2, 3)},
    "EAST": "idx_total",
    **{f"EASF{slot:02}": f"idx{slot:02}" for slot in SLOTS},
    "EAIT": "idx_inj",
}
_SLOT_COLUMNS = {label: f"idx{slot:02}" for label, slot in INDEX_SLOTS.items()}
_OF_PRODUCERS = [label.name for label in BY_NAME.values() if label.producer]

NUMBERS: Mapping[str, str] = {
    column: BY_NAME[label].unit for label, column in (FROM_HISTORIQUE | FROM_STANDARD).items()
}
"""Every column that holds a number a meter tells, and its unit."""

_IN_COLUMNS = {
    *FROM_HISTORIQUE,
    *FROM_STANDARD,
    *INDEX_SLOTS,
    *("ADCO", "ADSC", "OPTARIF", "PTEC", "DEMAIN", "HHPHC", "MOTDETAT", "STGE"),
    *("ADIR1", "ADIR2", "ADIR3"),  # of short frames: told by the events of an overload
    "DATE",  # never the same; what it dates has its own horodate
}

Row = dict[str, int | str | None]


def columns_of(reading: Reading) -> Row:
    """What a long reading says, as columns; its indexes only if it lost none of them."""
    values = {usual_name(label): value for label, value in reading.values.items()}
    historique = reading.historique
    row: Row = dict(_numbers(historique, FROM_HISTORIQUE))
    row |= {
        "optarif": historique.get("OPTARIF"),
        "ptec": historique.get("PTEC"),
        "demain": historique.get("DEMAIN"),
        "hhphc": values.get("HHPHC"),
        "state": values.get("STGE", values.get("MOTDETAT")),
    }
    row["slot"] = PERIOD_SLOTS.get(historique.get("PTEC", ""))
    if reading.mode is Mode.STANDARD:
        row |= dict(_numbers(values, FROM_STANDARD))
        row |= _own_calendar(values)
    else:
        row |= dict(_numbers(historique, _SLOT_COLUMNS))
    if not _tells_every_index(row, reading):
        row |= dict.fromkeys(INDEXES)
    return row


def labels_of(reading: Reading) -> Iterator[tuple[str, str, str | None]]:
    """Label, value and horodate of everything that has no column of its own."""
    for sent, value in reading.values.items():
        label = usual_name(sent)
        if label not in _IN_COLUMNS:
            known = BY_NAME.get(label)
            text = value.strip() if known is not None and known.kind is Kind.TEXT else value
            yield label, text, reading.horodates.get(sent)


def sample_of(ts: int, row: Mapping[str, int | str | None]) -> Sample:
    """A row of ``ti_reading`` as the rollup takes it."""

    def number(column: str) -> int | None:
        value = row[column]
        return value if isinstance(value, int) else None

    optarif = row["optarif"]
    slots = {slot: number(f"idx{slot:02}") for slot in SLOTS}
    return Sample(
        ts=ts,
        interval_s=number("interval_s") or 0,
        optarif=contract(optarif) if isinstance(optarif, str) else "",
        slot=number("slot") or 0,
        slots={slot: wh for slot, wh in slots.items() if wh is not None},
        total=number("idx_total"),
        injected=number("idx_inj"),
        papp=number("papp"),
        papp_min=number("papp_min"),
        papp_max=number("papp_max"),
        pinj=number("pinj"),
    )


def _numbers(values: Mapping[str, str], columns: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for label, column in columns.items():
        if label in values:
            yield column, int(values[label])


def _own_calendar(values: Mapping[str, str]) -> Row:
    """The calendar and period in the meter's own words where no historique option stands for them.

    Its slots are then the ten supplier indexes, where the historique view has only their total.
    """
    calendar = " ".join(values.get("NGTF", "").split())
    slot = int(values["NTARF"]) if "NTARF" in values else None
    if not calendar or calendar.upper() in CALENDARS:
        return {} if slot is None else {"slot": slot}
    return {"optarif": calendar, "ptec": " ".join(values.get("LTARF", "").split()), "slot": slot}


def _tells_every_index(row: Row, reading: Reading) -> bool:
    if row["optarif"] is None:
        return False
    if reading.mode is Mode.HISTORIQUE:
        labels = INDEX_LABELS.get(contract(str(row["optarif"])), ())
        return bool(labels) and all(label in reading.historique for label in labels)
    if reading.complete:
        return True
    producer = any(label in reading.values for label in _OF_PRODUCERS)
    return all(f"idx{slot:02}" in row for slot in SLOTS) and (not producer or "idx_inj" in row)


def contract(optarif: str) -> str:
    """OPTARIF without what varies in it: the character of Tempo's program, the padding of EJP."""
    options = {"BBR": "BBR(", "EJP": "EJP."} if len(optarif) <= 4 else {}
    return options.get(optarif[:3], optarif)
