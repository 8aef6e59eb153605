"""The table of readings as a hypertable, where TimescaleDB is installed in a database.

Source: TimescaleDB documentation, "create_hypertable()" in the form that takes the name of the
column, which every version since 1.0 has, "Enforce constraints with unique indexes on hypertables".
"""

from __future__ import annotations

from sqlalchemy import Connection, text

__all__ = ["make_hypertable"]

_CHUNK_S = 7 * 86400
"""Of readings by one part of the table: 10,080 of one meter with one a minute."""

_IS_INSTALLED = "SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"
_IS_MADE = (
    "SELECT 1 FROM timescaledb_information.hypertables WHERE hypertable_name = 'ti_reading' "
    "AND hypertable_schema = current_schema()"
)

_MAKE = (
    f"SELECT create_hypertable('ti_reading', 'ts', chunk_time_interval => {_CHUNK_S}, "
    "migrate_data => true)"
)
_STATEMENTS = (
    # Each unique index of a hypertable has the column by which it is cut; the key has it.
    "DROP INDEX ix_ti_reading_seq",
    "CREATE UNIQUE INDEX ix_ti_reading_seq ON ti_reading (seq, ts)",
    _MAKE,
)


def make_hypertable(connection: Connection) -> bool:
    """Whether ``ti_reading`` became one: nothing is done without the extension, or twice."""
    if connection.dialect.name != "postgresql":
        return False
    if not connection.execute(text(_IS_INSTALLED)).first():
        return False
    if connection.execute(text(_IS_MADE)).first():
        return False
    for statement in _STATEMENTS:
        connection.execute(text(statement))
    return True
