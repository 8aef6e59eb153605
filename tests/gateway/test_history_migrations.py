"""Versions of the database: an older one is brought up to date, and never at the price of its rows.

There is one version so far: a second one is made up here, and runs through the real Alembic.
"""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history import database as database_module
from teleinfo_gateway.history.database import Database, HistoryError, OlderVersionError
from teleinfo_gateway.history.migrations import REVISIONS, runner
from teleinfo_gateway.history.sampling import EventRow
from teleinfo_gateway.history.schema import counter, event, version
from teleinfo_gateway.history.store import Batch, store

GOLDEN = Path(__file__).parent / "golden"

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("ti_event") as table:
        table.add_column(sa.Column("importance", sa.Integer()))
    op.execute("UPDATE ti_event SET importance = 3")
"""

BROKEN = SECOND.replace("UPDATE ti_event", "UPDATE ti_nowhere")


@pytest.fixture
def opened():
    """The function that makes a database of a URL, that of a file too; closed at the end."""
    with contextlib.ExitStack() as made:

        def make(url):
            file = url.removeprefix("sqlite:///")
            database = Database(HistoryConfig(path=file) if file != url else HistoryConfig(url=url))
            made.callback(database.close)
            return database

        yield make


@pytest.fixture
def first_version(opened):
    """The function that makes a database as the first version did, with 1,000 events in it."""

    def make(url):
        kind = url.partition(":")[0]
        statements = (GOLDEN / f"history-0001-{kind}.sql").read_text().split(";\n")
        database = opened(url)
        with database.writing() as connection:
            for statement in filter(str.strip, statements):
                connection.execute(sa.text(statement))
            connection.execute(counter.insert().values(name="seq", last=0))
            connection.execute(version.insert().values(version_num="0001"))
            events = [EventRow(None, "", ts, "link", "ok", "é" * 100) for ts in range(1000)]
            store(connection, Batch(events=events))
        database.close()
        return url

    return make


@pytest.fixture
def newer_program(monkeypatch, tmp_path):
    """The function that makes this program one that knows the version 0002."""

    def make(script=SECOND):
        folder = tmp_path / "scripts%20"
        shutil.copytree(runner.SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "0002_importance.py").write_text(script)
        monkeypatch.setattr(runner, "SCRIPTS", folder)
        monkeypatch.setattr(database_module, "REVISIONS", ("0001", "0002"))

    return make


@pytest.fixture
def file(tmp_path, first_version):
    """A file of the first version."""
    path = tmp_path / "data" / "history.db"
    path.parent.mkdir()
    first_version(f"sqlite:///{path}")
    return path


def shape(connection):
    """All that a database tells of its tables."""
    inspector = sa.inspect(connection)
    return {
        table: (
            [{**each, "type": str(each["type"])} for each in inspector.get_columns(table)],
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(map(str, inspector.get_indexes(table))),
            sorted(map(str, inspector.get_unique_constraints(table))),
            inspector.get_table_options(table),
        )
        for table in inspector.get_table_names()
    }


def looked_at(path):
    """Version, number of events and whether they have the new column, by SQLite alone."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (found,) = connection.execute("SELECT version_num FROM ti_version").fetchone()
        (events,) = connection.execute("SELECT count(*) FROM ti_event").fetchone()
        columns = [row[1] for row in connection.execute("PRAGMA table_info(ti_event)")]
        return found, events, "importance" in columns


OLD, NEW = ("0001", 1000, False), ("0002", 1000, True)


def test_what_the_migrations_make_is_what_an_empty_database_gets(
    database_url, first_version, opened, request
):
    """Whoever changes the tables and forgets the migration is told here."""
    migrated = opened(first_version(database_url))
    with contextlib.suppress(OlderVersionError):
        migrated.prepare()
    migrated.migrate()
    with migrated.reading() as connection:
        by_migrations = shape(connection)
        assert connection.scalar(sa.select(version.c.version_num)) == REVISIONS[-1]
    with migrated.writing() as connection:
        for table in by_migrations:
            connection.execute(sa.text(f"DROP TABLE {table}"))
    fresh = opened(database_url)
    fresh.prepare()
    with fresh.reading() as connection:
        assert shape(connection) == by_migrations


# --- a file


def test_an_older_file_is_brought_up_to_date_beside_a_copy(file, opened, newer_program):
    newer_program()
    database = opened(f"sqlite:///{file}")
    database.prepare()
    assert database.readable
    with database.writing() as connection:
        store(connection, Batch(events=[EventRow(None, "", 2000, "link", "ok", "")]))
    database.close()
    assert looked_at(file) == ("0002", 1001, True)
    copy = file.with_name("history.db.schema-0001")
    assert looked_at(copy) == OLD
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_the_copy_can_take_the_place_of_the_file(file, opened, newer_program, monkeypatch):
    newer_program()
    opened(f"sqlite:///{file}").prepare()
    copy = file.with_name("history.db.schema-0001")
    monkeypatch.undo()
    before = opened(f"sqlite:///{copy}")
    before.prepare()
    with before.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(event)) == 1000


def test_a_migration_that_fails_leaves_the_file_as_it_was(file, opened, newer_program, monkeypatch):
    newer_program(BROKEN)
    database = opened(f"sqlite:///{file}")
    with pytest.raises(HistoryError, match=r"no such table: ti_nowhere.* is as it was") as caught:
        database.prepare()
    assert "history.db.schema-0001 is a copy. Start again" in str(caught.value)
    assert not database.readable
    database.close()
    assert looked_at(file) == OLD
    monkeypatch.undo()
    older = opened(f"sqlite:///{file}")
    older.prepare()
    assert older.readable


def test_a_migration_that_failed_is_not_tried_again_and_again(file, opened, newer_program):
    """Each try would write the whole file once more."""
    newer_program(BROKEN)
    database = opened(f"sqlite:///{file}")
    with pytest.raises(HistoryError) as first:
        database.prepare()
    file.with_name("history.db.schema-0001").unlink()
    with pytest.raises(HistoryError) as second:
        database.prepare()
    assert str(second.value) == str(first.value)
    assert not file.with_name("history.db.schema-0001").exists()


def test_a_script_that_is_missing_is_told(file, opened, newer_program):
    newer_program(SECOND.replace('"0001"', "None"))
    next(runner.SCRIPTS.glob("versions/0001*")).unlink()
    with pytest.raises(HistoryError, match=r"history\.db: Can't locate revision .*'0001'"):
        opened(f"sqlite:///{file}").prepare()
    assert looked_at(file) == OLD


def test_without_a_right_to_make_the_copy_nothing_is_done(file, opened, newer_program):
    newer_program()
    file.with_name("history.db.schema-0001").mkdir()
    with pytest.raises(HistoryError, match=r"its backup .*schema-0001 cannot be made first: .*dir"):
        opened(f"sqlite:///{file}").prepare()
    assert looked_at(file) == OLD


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_without_room_for_the_copy_nothing_is_done(tmp_path, first_version, opened, newer_program):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        file = disk / "history.db"
        first_version(f"sqlite:///{file}")
        (disk / "other").write_bytes(bytes(550_000))
        newer_program()
        database = opened(f"sqlite:///{file}")
        with pytest.raises(HistoryError, match=r"backup .* cannot be made first: .* MB are needed"):
            database.prepare()
        assert not file.with_name("history.db.schema-0001").exists()
        database.close()
        assert looked_at(file) == OLD
        (disk / "other").unlink()
        database.prepare()  # it was not given up: there is room now
        database.close()
        assert looked_at(file) == NEW
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


# --- a server


def test_an_older_database_on_a_server_waits_for_its_owner(
    database_server, first_version, opened, newer_program
):
    with database_server.database() as url:
        database = opened(first_version(url))
        newer_program()
        for _ in range(2):
            with pytest.raises(OlderVersionError, match=r"0001 is older than 0002. Make a backup"):
                database.prepare()
        database.migrate()
        database.prepare()
        with database.reading() as connection:
            assert connection.scalar(sa.text("SELECT max(importance) FROM ti_event")) == 3
            assert connection.scalar(sa.select(sa.func.count()).select_from(event)) == 1000
        database.migrate()  # nothing is left to do
        database.close()


def test_on_postgresql_a_migration_that_fails_leaves_the_tables_as_they_were(
    postgresql, first_version, opened, newer_program
):
    """MariaDB has no way back: it commits each change of a table by itself."""
    with postgresql.database() as url:
        database = opened(first_version(url))
        newer_program(BROKEN)
        with pytest.raises(HistoryError, match=r"\*\*\*@.*ti_nowhere"):
            database.migrate()
        with database.reading() as connection:
            assert connection.scalar(sa.select(version.c.version_num)) == "0001"
            columns = sa.inspect(connection).get_columns("ti_event")
        assert "importance" not in {column["name"] for column in columns}
        database.close()
