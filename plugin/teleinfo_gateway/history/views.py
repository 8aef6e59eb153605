"""Views of one meter with the table names and columns that older programs query.

Names and columns: hallard/teleinfo and the dashboards of BmdOnline (``tbl_teleinfo``),
robinroche/Teleinfo-web (``teleinfo``), edgd1er/teleinfo (``frame``), alexandrevilain/teleinfo
(``teleinfo_frames``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    inspect,
    literal,
    null,
    or_,
    select,
    text,
)

from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.history.columns import SLOTS
from teleinfo_gateway.history.schema import label, meter, reading
from tic import INDEX_LABELS, PERIOD_SLOTS

__all__ = ["View", "ViewError", "ViewKind", "create_view"]

ViewKind = Literal["tbl_teleinfo", "teleinfo", "frame", "teleinfo_frames"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

_Column = ColumnElement[Any]

_row = reading.alias("r").c
_meter = meter.alias("m")

_BEGIN = func.substr(_row.optarif, 1, 3)  # the fourth character of Tempo and EJP varies
_OPTIONS = {"HC..": _row.optarif == "HC..", "EJP.": _BEGIN == "EJP", "BBR": _BEGIN == "BBR"}

_FRAME_LABELS: tuple[str, ...] = (
    *("VTIC", *(f"EASD{n:02}" for n in (1, 2, 3, 4)), "PCOUP"),
    *("SMAXSN", *(f"SMAXSN{n}" for n in (1, 2, 3)), "SMAXSN-1", "CCASN", "CCASN-1"),
    *(*(f"UMOY{n}" for n in (1, 2, 3)), "RELAIS", "NJOURF", "NJOURF+1"),
)
_FRAME_TEXTS = ("NGTF", "LTARF", "MSG1", "PRM", "PJOURF+1")


class ViewError(GatewayError):
    """The view cannot be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class View:
    """A view of the meter with the address ``adco``. Raises :class:`ViewError` for its name.

    ``ejp_as_hc`` shows the contract EJP as HC where a contract is told: HN as HC, PM as HP.
    """

    kind: ViewKind
    name: str
    adco: str
    ejp_as_hc: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.lower().startswith("ti_"):
            raise ViewError(
                f"a view cannot be called {self.name[:70]!r}: take up to 63 letters, digits and _ "
                "that begin with a letter, but not with ti_"
            )

    def statement(self, dialect: Dialect) -> str:
        """The ``CREATE VIEW``; on PostgreSQL, which folds names so, all are in lower case."""
        columns = _columns(self, dialect.name)
        if dialect.name == "postgresql":
            columns = {column.lower(): value for column, value in columns.items()}
        query: Select[Any] = (
            select(*(value.label(column) for column, value in columns.items()))
            .join_from(_row.ts.table, _meter, _meter.c.id == _row.meter_id)
            .where(_meter.c.adco == self.adco)
        )
        if self.kind in {"tbl_teleinfo", "teleinfo"}:
            query = query.where(_row.optarif.is_not(None))  # of a frame that lost it
        written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        return f"CREATE VIEW {_quoted(self.name_on(dialect), dialect)} AS\n{written}"

    def name_on(self, dialect: Dialect) -> str:
        """What a query finds it by that does not quote its name."""
        return self.name.lower() if dialect.name == "postgresql" else self.name


def create_view(connection: Connection, view: View) -> None:
    """Make a view, in the place of one of ours that has the name. Raises :class:`ViewError`."""
    found, name = inspect(connection), view.name_on(connection.dialect)
    if name in found.get_view_names():
        if reading.name not in found.get_view_definition(name):
            raise ViewError(f"another program's view is called {name}: choose another --name")
        connection.execute(text(f"DROP VIEW {_quoted(name, connection.dialect)}"))
    elif found.has_table(name):
        raise ViewError(f"there is a table called {name} already: choose another --name")
    connection.exec_driver_sql(view.statement(connection.dialect))


def _quoted(name: str, dialect: Dialect) -> str:
    return dialect.identifier_preparer.quote(name)


def _columns(view: View, dialect: str) -> dict[str, _Column]:
    match view.kind:
        case "tbl_teleinfo":
            return _tbl_teleinfo(ejp_as_hc=view.ejp_as_hc)
        case "teleinfo":
            return _teleinfo(ejp_as_hc=view.ejp_as_hc)
        case "frame":
            return _frame()
    return _teleinfo_frames(dialect)


def _tbl_teleinfo(*, ejp_as_hc: bool) -> dict[str, _Column]:
    columns: dict[str, _Column] = {"id": _row.ts, "DATE": _row.local_dt, "ADCO": _meter.c.adco}
    columns["OPTARIF"] = _option(ejp_as_hc=ejp_as_hc)
    columns["ISOUSC"] = _row.isousc
    columns |= _indexes(ejp_as_hc=ejp_as_hc)
    columns |= {"DEMAIN": _row.demain, "PEJP": _row.pejp, "PTEC": _ptec(ejp_as_hc=ejp_as_hc)}
    columns |= {f"IINST{n}": _row[f"i{n}"] for n in (1, 2, 3)}
    columns |= {f"IMAX{n}": _row[f"imax{n}"] for n in (1, 2, 3)}
    columns |= {"HHPHC": _row.hhphc, "PMAX": _row.pmax, "PAPP": _row.papp, "ADPS": _row.adps}
    # Standard meters have a longer word there, STGE.
    columns["MOTDETAT"] = case((func.length(_row.state) == 6, _row.state))
    columns["TENSION"] = _row.u1
    return columns


def _option(*, ejp_as_hc: bool) -> _Column:
    """A calendar that historique mode does not know, with its ten slots, is shown as one rate."""
    names = {option: option for option in _OPTIONS} | ({"EJP.": "HC.."} if ejp_as_hc else {})
    return case(*((is_it, names[option]) for option, is_it in _OPTIONS.items()), else_="BASE")


def _ptec(*, ejp_as_hc: bool) -> _Column:
    as_hc = [(_row.ptec == "HN..", "HC.."), (_row.ptec == "PM..", "HP..")] if ejp_as_hc else []
    return case(*as_hc, (_row.ptec.in_(sorted(PERIOD_SLOTS)), _row.ptec), else_="TH..")


def _indexes(*, ejp_as_hc: bool) -> dict[str, _Column]:
    """The indexes of all options; those of others than that of the row are NULL."""
    indexes: dict[str, _Column] = {
        "BASE": case(
            (_row.optarif == "BASE", _row.idx01),
            (or_(*_OPTIONS.values()), null()),
            else_=_row.idx_total,
        )
    }
    for option, is_it in _OPTIONS.items():
        for slot, index in enumerate(INDEX_LABELS["BBR(" if option == "BBR" else option], 1):
            indexes[index] = case((is_it, _row[f"idx{slot:02}"]))
    if ejp_as_hc:
        either = or_(_OPTIONS["HC.."], _OPTIONS["EJP."])
        indexes |= {"EJPHN": null(), "EJPHPM": null()}
        indexes |= {"HCHC": case((either, _row.idx01)), "HCHP": case((either, _row.idx02))}
    return indexes


def _teleinfo(*, ejp_as_hc: bool) -> dict[str, _Column]:
    rate = func.substr(_ptec(ejp_as_hc=ejp_as_hc), 1, 2)
    columns: dict[str, _Column] = {"id": _row.ts, "time": _row.local_dt, "papp": _row.papp}
    return columns | {"ptec": rate, "price": case((rate == "HP", 1), else_=0)}


def _frame() -> dict[str, _Column]:
    """``DATE``, the meter's own clock, is not kept."""
    columns: dict[str, _Column] = {
        "TIME": _row.local_dt,
        "ADSC": _meter.c.adco,
        "DATE": cast(null(), String(13)),
        "STGE": case((func.length(_row.state) == 8, _row.state)),
        "EAST": _row.idx_total,
        "EAIT": _row.idx_inj,
        "PREF": _row.pref,
        "NTARF": _row.slot,
        "SINSTS": _row.papp,
    }
    columns |= {f"EASF{slot:02}": _row[f"idx{slot:02}"] for slot in SLOTS}
    for name, ours in (("SINSTS", "papp"), ("IRMS", "i"), ("URMS", "u")):
        columns |= {f"{name}{n}": _row[f"{ours}{n}"] for n in (1, 2, 3)}
    columns |= {_frame_name(name): cast(_said(name), Integer) for name in _FRAME_LABELS}
    return columns | {_frame_name(name): _said(name) for name in _FRAME_TEXTS}


def _frame_name(name: str) -> str:
    return name.replace("-", "MIN").replace("+", "PLUS")


def _said(name: str) -> _Column:
    """What a label said at the time of a reading."""
    return (
        select(label.c.value)
        .where(label.c.meter_id == _row.meter_id, label.c.label == name, label.c.ts <= _row.ts)
        .order_by(label.c.ts.desc())
        .limit(1)
        .correlate(_row.ts.table)
        .scalar_subquery()
    )


def _teleinfo_frames(dialect: str) -> dict[str, _Column]:
    """In UTC. The energy of a meter in historique mode is the sum of its indexes."""
    slots = (func.coalesce(_row[f"idx{slot:02}"], 0) for slot in SLOTS)
    summed = sum(slots, start=literal(0, BigInteger))
    return {
        "time": _instant(dialect),
        "total_active_energy": func.coalesce(_row.idx_total, func.nullif(summed, 0)),
        "instant_apparent_power": cast(_row.papp, BigInteger),
        "instant_apparent_injected_power": cast(_row.pinj, BigInteger),
    }


def _instant(dialect: str) -> _Column:
    if dialect == "postgresql":
        return func.to_timestamp(_row.ts)
    if dialect == "sqlite":
        return func.datetime(_row.ts, "unixepoch")
    return func.timestampadd(text("SECOND"), _row.ts, text("CAST('1970-01-01' AS DATETIME)"))
