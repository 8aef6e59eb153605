"""What ``teleinfo history check`` looks at. Needs the extra ``[sql]``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, inspect, select

from teleinfo_gateway.cli._gateway import printable
from teleinfo_gateway.cli._history import BEGINNING
from teleinfo_gateway.cli.history._sums import chosen_meters, differences, in_words, title
from teleinfo_gateway.history.database import Database, HistoryError
from teleinfo_gateway.history.migrations import REVISIONS
from teleinfo_gateway.history.outbox import cursors
from teleinfo_gateway.history.periods import Grain, local_time
from teleinfo_gateway.history.queries import KnownMeter
from teleinfo_gateway.history.rollup import INJECTED
from teleinfo_gateway.history.schema import counter, metadata, period, reading, version
from teleinfo_gateway.history.sums import code

__all__ = ["Finding", "findings", "stored_version"]

_MAX_FAULTS = 20
"""Of a damaged file: it may have thousands, and the advice is the same."""

_REPAIR = (
    "stop the gateway, keep a copy of the file and of those with -wal and -shm beside it, then "
    "restore a backup; without one, 'teleinfo history export' may still read what is whole"
)


class Finding(NamedTuple):
    """Something that was looked at; ``advice`` if it is not right."""

    text: str
    advice: str = ""


def findings(database: Database) -> Iterator[Finding]:
    """Each part that was looked at; a part that cannot be used ends it."""
    yield Finding(database.name)
    try:
        with database.reading() as connection:
            sound = list(_file(connection))
            versions = _version(connection)
        yield from sound
        yield versions
        if versions.advice or any(each.advice for each in sound):
            return
        with database.reading() as connection:
            meters = chosen_meters(connection, None)
            about = [_meter(connection, meter) for meter in meters]
            waiting = list(_cursors(connection))
        yield from _sums(database, meters)
        yield from about or [Finding(f"no meter is in it yet: {BEGINNING}")]
        yield from waiting
    except HistoryError as error:
        yield Finding(str(error), "nothing more can be looked at until this is over")


def _file(connection: Connection) -> Iterator[Finding]:
    """SQLite's own check of every page; servers check theirs by themselves."""
    if connection.dialect.name != "sqlite":
        yield Finding("file: looked after by the server")
        return
    said = connection.exec_driver_sql(f"PRAGMA integrity_check({_MAX_FAULTS})").scalars().all()
    if said == ["ok"]:
        yield Finding("file: sound")
        return
    for fault in said:
        yield Finding(f"file: {printable(str(fault))}", "" if fault is not said[-1] else _REPAIR)


def _version(connection: Connection) -> Finding:
    found = stored_version(connection)
    if found is None:
        return Finding("tables: there are none", "'teleinfo run' makes them when it starts")
    missing = sorted(set(metadata.tables) - set(inspect(connection).get_table_names()))
    text = f"tables: version {found}"
    if found in REVISIONS[:-1]:
        return Finding(text, f"this program has {REVISIONS[-1]}: teleinfo history migrate")
    if found != REVISIONS[-1]:
        return Finding(text, f"this program knows {REVISIONS[-1]}: install a newer one")
    if missing:
        return Finding(f"{text}, without {', '.join(missing)}", "restore a backup")
    return Finding(text)


def stored_version(connection: Connection) -> str | None:
    """The version of the tables, if there are any."""
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar()


def _sums(database: Database, meters: list[KnownMeter]) -> Iterator[Finding]:
    try:
        for meter, counts in differences(database, meters, keep=False):
            if counts:
                yield Finding(
                    f"sums of {title(meter)}: {in_words(counts)} differ from the readings",
                    "teleinfo history rebuild",
                )
            else:
                yield Finding(f"sums of {title(meter)}: as its readings say")
    except HistoryError as error:
        yield Finding(
            f"sums: not compared. {error}", "they are compared by writing and taking it back"
        )


def _meter(connection: Connection, meter: KnownMeter) -> Finding:
    """What is kept of a meter, and how much of its time was seen."""
    count = connection.execute(
        select(func.count()).select_from(reading).where(reading.c.meter_id == meter.id)
    ).scalar_one()
    seen_s = connection.execute(
        select(func.sum(period.c.seconds)).where(
            period.c.meter_id == meter.id,
            period.c.grain == code(Grain.YEAR),
            period.c.slot != INJECTED.slot,
        )
    ).scalar()
    since, until = local_time(meter.first_seen), local_time(meter.last_seen)
    known_s = max(meter.last_seen - meter.first_seen, 1)
    share = min(100 * float(seen_s or 0) / known_s, 100)
    return Finding(
        f"{title(meter)}: {count} readings, known from {since} to {until}, {share:.1f} % seen"
    )


def _cursors(connection: Connection) -> Iterator[Finding]:
    last = connection.execute(select(counter.c.last)).scalar()
    if last is None:
        yield Finding("sequence: its counter is gone", "restore a backup")
        return
    for each in cursors(connection):
        text = f"output {printable(each.name)}: {each.backlog} rows wait, {each.lost} were lost"
        beyond = each.seq > last
        yield Finding(text, "it has read what does not exist: restore a backup" if beyond else "")
