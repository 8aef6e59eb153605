"""``teleinfo history check``, ``rebuild``, ``vacuum`` and ``migrate``, and what they all share."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo as program
from teleinfo_gateway.cli.history import history as group
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history import database as database_module
from teleinfo_gateway.history import engines
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.migrations import REVISIONS, runner
from teleinfo_gateway.history.outbox import add_cursor
from teleinfo_gateway.history.retention import forget_before
from teleinfo_gateway.history.schema import cursor, outage, period, reading, version

from .histories import ADCO, a_reading, history, put, sums  # noqa: F401

DOCS = Path(__file__).parents[2] / "docs/commands.rst"
START = int(datetime(2026, 1, 14, 11, tzinfo=UTC).timestamp())
DAY = 86_400

CONTEXT = click.Context(group)
COMMANDS = {name: group.get_command(CONTEXT, name) for name in group.list_commands(CONTEXT)}


@pytest.fixture
def config(history, tmp_path):  # noqa: F811
    """The configuration of the history of the test."""
    url = history.engine.url
    scheme = {"mysql+pymysql": "mariadb", "postgresql+psycopg": "postgresql"}.get(url.drivername)
    server = url.set(drivername=scheme or "sqlite").render_as_string(hide_password=False)
    where = {"url": server} if scheme else {"path": str(history.path)}
    file = tmp_path / "teleinfo.yaml"
    file.write_text(json.dumps({"history": where}))
    return file


@pytest.fixture
def run(config):
    """The function that runs a command on it."""

    def run(*arguments):
        result = CliRunner().invoke(program, ["history", *arguments, "--config", str(config)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def filled(history):  # noqa: F811
    """Three days of readings of five minutes, with an outage."""
    rows = [
        a_reading(START + 300 * n, 1000 + 5 * n, 2000 + 7 * n, interval_s=300, papp=400 + n)
        for n in range(3 * 288)
        if not 300 < n < 350
    ]
    with history.writing() as connection:
        put(connection, rows[0])
        put(connection, *rows)
        add_cursor(connection, "influx", START, from_start=True)
    return history


@pytest.fixture
def file(tmp_path):
    """A configuration with an SQLite file, and that file with some readings in it."""
    path = tmp_path / "kept.db"
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    with database.writing() as connection:
        put(connection, *(a_reading(START + 60 * n, n, n, papp=n) for n in range(2000)))
    database.close()
    (tmp_path / "kept.yaml").write_text(f"history: {{path: {path}}}\n")
    return path


def on_file(file, *arguments):
    options = ["--config", str(file.with_suffix(".yaml"))]
    result = CliRunner().invoke(program, ["history", *arguments, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


# --- help and documentation


def section(name):
    parts = re.split(r"(?m)^(.+)\n-{3,}\n", DOCS.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))[f"teleinfo history {name}"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    result = CliRunner().invoke(program, ["history", name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: teleinfo history {name} " in result.output
    assert f"Example: teleinfo history {name}" in result.output


def test_the_group_lists_its_commands_with_an_example():
    result = CliRunner().invoke(program, ["history", "--help"])
    assert result.exit_code == 0
    assert all(re.search(rf"(?m)^  {name} ", result.output) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_no_other_is_documented(name):
    found = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    options = {option for one in found for option in one.opts}
    assert all(one.help for one in found)
    assert set(re.findall(r"(?<![\w-])--[a-z-]+[a-z]", section(name))) == options


# --- check


def test_a_sound_history_is_said_to_be_one(filled, run):
    result = run("check")
    assert result.exit_code == 0, result.output
    assert f"sums of meter house ({ADCO}): as its readings say" in result.output
    assert "815 readings, known from 2026-01-14 12:00:00" in result.output
    assert "94.2 % seen" in result.output
    assert "output influx: 815 rows wait, 0 were lost" in result.output


def test_sums_that_differ_from_the_readings_are_found_and_nothing_is_changed(filled, run):
    with filled.writing() as connection:
        connection.execute(
            period.update().where(period.c.grain == "d", period.c.slot == 2).values(wh=1)
        )
        connection.execute(outage.delete())
        before = sums(connection)
    result = run("check")
    assert result.exit_code == 1
    assert re.search(r"4 days, .*1 outage differ from the readings", result.output)
    assert "-> teleinfo history rebuild" in result.output
    with filled.reading() as connection:
        assert sums(connection) == before


def test_a_cursor_beyond_the_end_is_found(filled, run):
    with filled.writing() as connection:
        connection.execute(cursor.update().values(seq=10**9))
    result = run("check")
    assert result.exit_code == 1
    assert "it has read what does not exist" in result.output


@pytest.mark.parametrize(
    ("found", "advice"), [("9999", "install a newer one"), (None, "'teleinfo run' makes them")]
)
def test_another_version_is_told(history, run, found, advice):  # noqa: F811
    with history.writing() as connection:
        connection.execute(version.delete())
        if found:
            connection.execute(version.insert().values(version_num=found))
    result = run("check")
    assert result.exit_code == 1
    assert advice in result.output


def test_an_older_version_is_told_and_not_touched(history, run, monkeypatch):  # noqa: F811
    monkeypatch.setattr("teleinfo_gateway.cli.history._check.REVISIONS", (*REVISIONS, "0002"))
    result = run("check")
    assert result.exit_code == 1
    assert "-> this program has 0002: teleinfo history migrate" in result.output


def test_a_damaged_file_is_told_with_advice(file):
    with file.open("r+b") as raw:
        raw.seek(3 * 4096)
        raw.write(os.urandom(40 * 4096))
    result = on_file(file, "check")
    assert result.exit_code == 1
    assert "restore a" in result.output


def test_a_file_that_is_no_database_is_told(file):
    file.write_text("something else, and longer than the header of a database of SQLite" * 9)
    result = on_file(file, "check")
    assert result.exit_code == 1
    assert "this file is not a database" in result.output


def test_a_history_without_readings_is_right(history, run):  # noqa: F811
    result = run("check")
    assert result.exit_code == 0
    assert "no meter is in it yet: the gateway writes" in result.output


# --- rebuild


def test_sums_are_made_anew_and_what_changed_is_told(filled, run):
    with filled.writing() as connection:
        before = sums(connection)
        connection.execute(period.delete())
        connection.execute(outage.delete())
    result = run("rebuild")
    assert result.exit_code == 0, result.output
    assert re.search(rf"meter house \({ADCO}\): \d\d hours, 4 days, 1 month, 1 year", result.output)
    with filled.reading() as connection:
        assert sums(connection) == before
    assert f"meter house ({ADCO}): nothing changed" in run("rebuild", "--meter", "house").output


def test_sums_of_days_whose_readings_are_gone_stay(filled, run):
    with filled.writing() as connection:
        forget_before(connection, START + 2 * DAY)
        before = sums(connection)
    assert "nothing changed" in run("rebuild").output
    with filled.reading() as connection:
        assert sums(connection) == before
    assert run("check").exit_code == 0


def test_months_of_readings_are_summed_up_piece_by_piece(history, run):  # noqa: F811
    rows = [a_reading(START + 3600 * n, n, 3 * n, interval_s=3600) for n in range(24 * 80)]
    with history.writing() as connection:
        put(connection, *rows)
        before = sums(connection)
        connection.execute(period.delete())
    assert "1919 hours, 81 days, 4 months, 1 year changed" in run("rebuild").output
    with history.reading() as connection:
        assert sums(connection) == before


def test_nothing_to_sum_up(history, run):  # noqa: F811
    result = run("rebuild")
    assert result.exit_code == 0
    assert "The history knows no meter yet" in result.stderr
    result = run("rebuild", "--meter", "cellar")
    assert result.exit_code == 1
    assert "the history knows no meter 'cellar'; it has: none yet" in result.stderr


# --- vacuum


def test_a_file_becomes_smaller_once_readings_are_gone(file):
    database = Database(HistoryConfig(path=str(file)))
    with database.writing() as connection:
        connection.execute(reading.delete())
    database.close()
    before = file.stat().st_size
    result = on_file(file, "vacuum")
    assert result.exit_code == 0
    assert re.search(r"kept.db: 0\.\d MB before, 0\.\d MB now", result.stdout)
    assert file.stat().st_size < before / 2


def test_a_file_that_another_program_reads_becomes_smaller_later(file):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM ti_meter").fetchall()
        result = on_file(file, "vacuum")
    assert result.exit_code == 0
    assert "the file becomes smaller when that one has ended" in result.stderr


def test_a_file_that_another_program_writes_is_left_as_it_is(file, monkeypatch):
    monkeypatch.setattr("teleinfo_gateway.cli.history.vacuum._BUSY_S", 0.1)
    monkeypatch.setattr(engines, "BUSY_S", 0.1)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = on_file(file, "vacuum")
    assert result.exit_code == 1
    assert "another program has held it" in result.stderr


def test_a_disk_without_room_is_told(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        path = folder / "kept.db"
        (folder / "kept.yaml").write_text(f"history: {{path: {path}}}\n")
        database = Database(HistoryConfig(path=str(path)))
        database.prepare()
        with database.writing() as connection:
            put(connection, *(a_reading(START + 60 * n, n, n, papp=n) for n in range(1000)))
        database.close()
        with contextlib.suppress(OSError), (folder / "other").open("wb", buffering=0) as other:
            while other.write(bytes(4096)):
                pass
        os.truncate(folder / "other", (folder / "other").stat().st_size - 80_000)
        result = on_file(path, "vacuum")
        assert result.exit_code == 1
        assert "the disk is full" in result.stderr
        assert "The file is as it was" in result.stderr
        (folder / "other").unlink()
        assert on_file(path, "check").exit_code == 0
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_server_looks_after_its_own_space(database_server, tmp_path):
    with database_server.database() as url:
        file = tmp_path / "kept.db"
        file.with_suffix(".yaml").write_text(json.dumps({"history": {"url": url}}))
        result = on_file(file, "vacuum")
    assert result.exit_code == 0
    assert "its space is the affair of the server" in result.stderr
    assert "pass" not in result.output


# --- migrate

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("ti_event") as table:
        table.add_column(sa.Column("importance", sa.Integer()))
"""


def test_nothing_to_migrate_is_told(history, run):  # noqa: F811
    result = run("migrate")
    assert result.exit_code == 0
    assert "version 0001, there is nothing to do" in result.output


def test_an_older_version_is_brought_up_to_date(filled, run, monkeypatch, tmp_path):
    scripts = tmp_path / "migrations"
    shutil.copytree(runner.SCRIPTS, scripts)
    (scripts / "versions/0002_importance.py").write_text(SECOND)
    monkeypatch.setattr(runner, "SCRIPTS", scripts)
    monkeypatch.setattr(database_module, "REVISIONS", (*REVISIONS, "0002"))
    if filled.path is None:
        refused = run("rebuild")
        assert refused.exit_code == 1
        assert "then run: teleinfo history migrate" in refused.stderr
    result = run("migrate")
    assert result.exit_code == 0, result.output
    assert "version 0001 before, 0002 now" in result.output
    assert filled.path is None or Path(f"{filled.path}.schema-0001").exists()
    with filled.reading() as connection:
        columns = {column["name"] for column in sa.inspect(connection).get_columns("ti_event")}
    assert "importance" in columns


# --- what can go wrong with all of them

ALL = [
    *(["check"], ["rebuild"], ["vacuum"], ["migrate"], ["export"]),
    ["import", "/no/such/file.csv", "--format", "csv"],
]


@pytest.mark.parametrize("arguments", [*ALL[:5], [*ALL[5], "--dry-run"]])
def test_a_history_that_never_began(tmp_path, arguments):
    file = tmp_path / "kept.db"
    file.with_suffix(".yaml").write_text(f"history: {{path: {file}}}\n")
    result = on_file(file, *arguments)
    assert result.exit_code == 1
    assert "there is no history yet at" in result.stderr or "No such file" in result.stderr
    assert not file.exists()


@pytest.mark.parametrize("arguments", ALL)
def test_a_history_that_is_switched_off(tmp_path, arguments):
    file = tmp_path / "kept.db"
    file.with_suffix(".yaml").write_text("history: false\n")
    result = on_file(file, *arguments)
    assert result.exit_code == 1
    assert "the history is switched off in" in result.stderr


@pytest.mark.parametrize("arguments", ALL)
def test_a_faulty_configuration(tmp_path, arguments):
    file = tmp_path / "kept.db"
    file.with_suffix(".yaml").write_text("history: {readings: 0}\n")
    result = on_file(file, *arguments)
    assert result.exit_code == 2
    assert "history.readings" in result.stderr


@pytest.mark.parametrize("arguments", ALL)
def test_a_server_that_is_not_there(tmp_path, arguments, free_port):
    file = tmp_path / "kept.db"
    url = f"postgresql://me:secret@127.0.0.1:{free_port()}/house"
    file.with_suffix(".yaml").write_text(json.dumps({"history": {"url": url}}))
    result = on_file(file, *arguments)
    assert result.exit_code == 1
    assert "does the server run" in result.output
    assert "secret" not in result.output


def without(module, *arguments):
    code = (
        f"import sys; sys.modules[{module!r}] = None\nfrom teleinfo_gateway.cli import main\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [*(["history", *each] for each in ALL), ["energy"]], ids=lambda one: one[-1]
)
def test_an_extra_that_is_not_installed_is_named(tmp_path, arguments):
    (tmp_path / "teleinfo.yaml").write_text("xpl: false\n")
    options = ["--config", str(tmp_path / "teleinfo.yaml")]
    result = without("sqlalchemy", *arguments, *options)
    assert result.returncode == 1
    assert "the extra [sql] brings it: pip install -e '.[sql]' in the clone" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_driver_that_is_not_installed_is_named(tmp_path):
    (tmp_path / "teleinfo.yaml").write_text("history: {url: mysql://me@127.0.0.1/house}\n")
    result = without("pymysql", "history", "check", "--config", str(tmp_path / "teleinfo.yaml"))
    assert result.returncode == 1
    assert "the extra [mariadb] brings it" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["history", "--help"], ["history", "import", "-h"]]
)
def test_help_needs_no_extra(arguments):
    result = without("sqlalchemy", *arguments)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_service_keeps_its_own_place(tmp_path, monkeypatch):
    kept = tmp_path / "service/history.db"
    kept.parent.mkdir()
    kept.touch()
    monkeypatch.setattr("teleinfo_gateway.cli._history._SERVICE", kept)
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["/opt/our teleinfo/bin/teleinfo"])
    result = CliRunner().invoke(program, ["history", "check"])
    assert result.exit_code == 1
    there = f"sudo -u teleinfo STATE_DIRECTORY={kept.parent}"
    assert f"{there} '/opt/our teleinfo/bin/teleinfo' ..." in result.stderr
    monkeypatch.setattr("sys.argv", ["/opt/teleinfo_gateway/__main__.py"])
    result = CliRunner().invoke(program, ["history", "check"])
    assert f"{there} {sys.executable} -m teleinfo_gateway ..." in result.stderr
