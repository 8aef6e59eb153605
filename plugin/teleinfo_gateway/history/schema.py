"""The tables of the history, the same on SQLite, MariaDB and PostgreSQL.

Their names begin with ``ti_``, so that the names other programs expect stay free for views. Times
are unix seconds, UTC; energy is in Wh, power in VA. What each column means is told in
docs/history.rst; which label it comes from, in ``columns``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import sqlite

from teleinfo_gateway.history.columns import INDEXES
from teleinfo_gateway.history.migrations import VERSION_TABLE

metadata = MetaData()

_LocalTime = DateTime().with_variant(
    sqlite.DATETIME(truncate_microseconds=True),  # type: ignore[no-untyped-call]  # SQLAlchemy's
    "sqlite",
)


def _table(name: str, *columns: Column[object] | Index) -> Table:
    """A table ordered by its primary key where the database lets us say so."""
    return Table(
        name,
        metadata,
        *columns,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def _numbers(kind: type[Integer], *names: str) -> list[Column[object]]:
    return [Column(name, kind) for name in names]


def _key(name: str, kind: type[Integer] = Integer) -> Column[object]:
    return Column(name, kind, primary_key=True, autoincrement=False)


meter = Table(
    "ti_meter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("adco", String(12), nullable=False, unique=True),
    Column("name", String(32)),
    Column("mode", String(10)),
    Column("phases", SmallInteger),
    Column("replaces", String(12)),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("kept_from", BigInteger, nullable=False, default=0),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)
"""Each meter by its address. Readings before ``kept_from`` are gone; their sums stay."""

reading = _table(
    "ti_reading",
    _key("meter_id"),
    _key("ts", BigInteger),
    Column("seq", BigInteger, nullable=False),
    Column("local_dt", _LocalTime, nullable=False),
    Column("interval_s", SmallInteger, nullable=False),
    Column("optarif", String(16)),
    Column("ptec", String(16)),
    Column("slot", SmallInteger),
    Column("demain", String(4)),
    Column("hhphc", String(1)),
    Column("state", String(8)),
    *_numbers(SmallInteger, "isousc", "pref", "adps", "pejp"),
    *_numbers(Integer, "papp", "papp_min", "papp_max", "papp1", "papp2", "papp3", "pinj", "pmax"),
    *_numbers(SmallInteger, "i1", "i2", "i3", "u1", "u2", "u3", "imax1", "imax2", "imax3"),
    *_numbers(BigInteger, *INDEXES),
    Index("ix_ti_reading_seq", "seq", unique=True),
)
# Foreign dashboards on a server ask by wall clock; nothing of ours does.
Index("ix_ti_reading_local", reading.c.meter_id, reading.c.local_dt).ddl_if(
    callable_=lambda *_arguments, dialect, **_more: dialect.name != "sqlite"
)

label = _table(
    "ti_label",
    _key("meter_id"),
    Column("label", String(12), primary_key=True),
    _key("ts", BigInteger),
    Column("seq", BigInteger, nullable=False),
    Column("value", String(128), nullable=False),
    Column("horodate", String(13)),
    Index("ix_ti_label_seq", "seq", unique=True),
)
"""Every other label, one row for each change."""

period = _table(
    "ti_period",
    _key("meter_id"),
    Column("grain", String(1), primary_key=True),
    _key("start_ts", BigInteger),
    Column("optarif", String(16), primary_key=True),
    _key("slot", SmallInteger),
    Column("wh", BigInteger),
    Column("va_seconds", BigInteger),
    Column("papp_min", Integer),
    Column("papp_max", Integer),
    Column("seconds", Integer, nullable=False),
)
"""Energy and power of each hour (h), day (d), month (m) and year (y), by contract and slot."""

outage = _table(
    "ti_outage",
    _key("meter_id"),
    _key("start_ts", BigInteger),
    Column("optarif", String(16), primary_key=True),
    _key("slot", SmallInteger),
    Column("end_ts", BigInteger, nullable=False),
    Column("wh", BigInteger, nullable=False),
)
"""Energy drawn while nobody listened; it is in the sums of the periods that hold all of it."""

event = _table(
    "ti_event",
    _key("seq", BigInteger),
    Column("meter_id", Integer),
    Column("name", String(32), nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("value", String(128), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_ti_event_ts", "ts"),
)

counter = _table(
    "ti_counter", Column("name", String(16), primary_key=True), Column("last", BigInteger)
)
"""The last ``seq`` given. Who writes locks it, so that numbers become visible in their order."""

cursor = _table(
    "ti_cursor",
    Column("name", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("updated_ts", BigInteger, nullable=False),
)
"""How far each durable output has read."""

version = Table(
    VERSION_TABLE,
    metadata,
    Column("version_num", String(32), primary_key=True),
    mysql_engine="InnoDB",
)
"""The version of these tables, in the shape that Alembic gives it."""
