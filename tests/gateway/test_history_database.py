"""The database of the history: where it is, who may read it, and what is said when it fails."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.errors import MissingExtraError
from teleinfo_gateway.history import engines
from teleinfo_gateway.history.database import (
    Database,
    HistoryError,
    UnwritableError,
    default_path,
)
from teleinfo_gateway.history.migrations import REVISIONS, VERSION_TABLE
from teleinfo_gateway.history.schema import counter, label, metadata, version
from teleinfo_gateway.secret import SecretError


@pytest.fixture
def opened(tmp_path):
    """The function that makes a database of a path or a URL, closed at the end."""
    with contextlib.ExitStack() as made:

        def make(where=tmp_path / "history.db"):
            config = {"url": where} if "://" in str(where) else {"path": str(where)}
            database = Database(HistoryConfig(**config))
            made.callback(database.close)
            return database

        yield make


def everything(file):
    """What a file is, to see that nobody touched it: its bytes, its rights and its company."""
    return file.read_bytes(), file.stat().st_mode, sorted(file.parent.iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# --- where it is


def test_the_service_keeps_it_in_its_state_directory(monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/teleinfo:/var/lib/other")
    assert default_path() == Path("/var/lib/teleinfo/history.db")


def test_a_user_keeps_it_in_the_state_folder_of_the_desktop(state_folder):
    assert default_path() == state_folder / "teleinfo/history.db"


@pytest.mark.parametrize("state", [None, "", "relative/folder"])
def test_a_user_without_such_a_folder_has_the_usual_one(monkeypatch, as_nobody, state):
    monkeypatch.delenv("XDG_STATE_HOME")
    if state is not None:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.setenv("HOME", "/home/anne")
    with as_nobody():
        assert default_path() == Path("/home/anne/.local/state/teleinfo/history.db")


def test_who_has_no_home_uses_that_of_the_service(monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME")
    assert default_path() == Path("/var/lib/teleinfo/history.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is root")
def test_root_uses_that_of_the_service(monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_path() == Path("/var/lib/teleinfo/history.db")


def test_folder_and_files_are_for_nobody_else(opened, state_folder):
    was = os.umask(0)
    try:
        database = opened("auto")
        database.prepare()
    finally:
        os.umask(was)
    folder = state_folder / "teleinfo"
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "history.db": 0o600,
        "history.db-wal": 0o600,
        "history.db-shm": 0o600,
    }


def test_the_file_alone_is_left_when_it_is_closed(opened, tmp_path):
    database = opened()
    database.prepare()
    database.close()
    assert [file.name for file in tmp_path.iterdir()] == ["history.db"]


# --- its tables


def test_an_empty_database_gets_the_newest_tables(database_url, opened):
    where = database_url.removeprefix("sqlite:///")
    database = opened(where)
    database.prepare()
    assert database.readable
    with database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) == set(metadata.tables)
        assert connection.scalar(sa.select(version.c.version_num)) == REVISIONS[-1]
        assert connection.execute(sa.select(counter)).all() == [("seq", 0)]
    database.prepare()
    other = opened(where)
    other.prepare()
    with other.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(version)) == 1


def test_tables_that_were_begun_are_finished(database_server, opened):
    """MariaDB commits each table by itself: a stop may leave some of them."""
    with database_server.database() as url:
        database = opened(url)
        with database.writing() as connection:
            metadata.tables["ti_meter"].create(connection)
            counter.create(connection)
        database.prepare()
        assert database.readable
        database.close()


def test_a_reader_does_not_wait_for_a_writer(opened):
    database = opened()
    database.prepare()
    with database.writing() as writer, database.reading() as reader:
        writer.execute(counter.update().values(last=5))
        assert reader.scalar(sa.select(counter.c.last)) == 0


def test_to_look_at_it_again_is_no_end_of_reading(opened, monkeypatch):
    """The writer does so after each failure, while others read what is there."""
    database = opened()
    database.prepare()
    seen = []
    monkeypatch.setattr(Database, "_prepare_tables", lambda self: seen.append(self.readable))
    database.prepare()
    assert seen == [True]


def test_what_another_program_put_in_its_place_is_not_read(opened, tmp_path):
    database = opened()
    database.prepare()
    database.close()
    database.path.write_text("not a database\n" * 1000)
    with pytest.raises(HistoryError, match="not a database"):
        database.prepare()
    assert not database.readable


def test_who_writes_has_the_right_from_the_beginning(opened, monkeypatch):
    """A transaction that reads first and writes later would be refused, and lose its work."""
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    one, other = opened(), opened()
    one.prepare()
    with one.writing(), pytest.raises(HistoryError, match="another program has held it"):
        other.writing().__enter__()


# --- files that it must not use


def test_a_folder_in_its_place(opened, tmp_path):
    with pytest.raises(
        HistoryError, match=r"it cannot be opened \(Is a directory\).* history\.path"
    ):
        opened(tmp_path).prepare()


@pytest.mark.parametrize(
    "content", [b"PAPP 00520\n" * 1000, b"\x1f\x8b" + bytes(5000)], ids=["text", "binary"]
)
def test_a_file_that_is_no_database_is_left_alone(opened, tmp_path, content):
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    before = everything(file)
    database = opened(file)
    with pytest.raises(
        HistoryError, match=r"notes\.txt: this file is not a database: name another"
    ):
        database.prepare()
    database.close()
    assert everything(file) == before
    assert not database.readable


def test_the_database_of_another_program_is_left_alone(opened, tmp_path):
    file = tmp_path / "home-assistant.db"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE states (state TEXT)")
    before = everything(file)
    database = opened(file)
    with pytest.raises(HistoryError, match=r"another program, with a table 'states': name another"):
        database.prepare()
    database.close()
    assert everything(file) == before
    assert not database.readable


def test_on_a_server_other_programs_may_have_their_tables_beside_ours(database_server, opened):
    with database_server.database() as url:
        database = opened(url)
        with database.writing() as connection:
            connection.execute(sa.text("CREATE TABLE tbl_teleinfo (papp INTEGER)"))
        database.prepare()
        assert database.readable
        database.close()


def test_a_newer_version_is_refused_and_left_alone(database_url, opened):
    where = database_url.removeprefix("sqlite:///")
    database = opened(where)
    database.prepare()
    with database.writing() as connection:
        connection.execute(version.update().values(version_num="9999"))
    again = opened(where)
    with pytest.raises(HistoryError, match=r"newer version .*\(schema 9999, this one knows 0001\)"):
        again.prepare()
    assert not again.readable
    with database.reading() as connection:
        assert connection.scalar(sa.select(version.c.version_num)) == "9999"


# --- rights and disks


def test_a_folder_where_nothing_may_be_made(opened, tmp_path, as_nobody):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    tmp_path.chmod(0o755)
    with as_nobody(), pytest.raises(HistoryError, match=r"Permission denied.*give this user"):
        opened(folder / "history.db").prepare()
    with as_nobody(), pytest.raises(HistoryError, match=r"Permission denied.*give this user"):
        opened(folder / "deeper" / "history.db").prepare()


def test_a_file_that_may_only_be_read_is_read(opened, tmp_path, as_nobody):
    database = opened()
    database.prepare()
    database.close()
    (tmp_path / "history.db").chmod(0o444)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o777)
    database = opened()
    with as_nobody():
        with pytest.raises(HistoryError, match=r"it cannot be written: give this user the right"):
            database.prepare()
        assert database.readable
        with database.reading() as connection:
            assert connection.scalar(sa.select(counter.c.last)) == 0
        database.close()


def test_a_file_that_may_not_even_be_read(opened, tmp_path, as_nobody):
    database = opened()
    database.prepare()
    database.close()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o777)
    if os.geteuid():
        (tmp_path / "history.db").chmod(0)
    with as_nobody(), pytest.raises(HistoryError, match=r"\(Permission denied\): give this user"):
        opened().prepare()


# --- a file that is deleted, moved or replaced while it is open


def names(file):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM ti_counter ORDER BY name")]


def add(database, name):
    with database.writing() as connection:
        connection.execute(counter.insert().values(name=name, last=0))


@pytest.fixture
def replacement(opened, tmp_path):
    """A database with the word ``other`` in it, that may take the place of one that is open."""
    other = tmp_path / "other.db"
    database = opened(other)
    database.prepare()
    add(database, "other")
    database.close()
    return other


def test_a_file_that_is_deleted_begins_anew(opened, tmp_path):
    database = opened()
    database.prepare()
    add(database, "old")
    assert not database.moved
    (tmp_path / "history.db").unlink()
    assert database.moved
    database.prepare()
    assert not database.moved
    add(database, "new")
    database.close()
    assert names(tmp_path / "history.db") == ["new", "seq"]


def test_a_file_that_is_replaced_is_not_mixed_with_the_one_before(opened, tmp_path, replacement):
    """SQLite would take the log that the old one left for that of the new one."""
    database = opened()
    database.prepare()
    add(database, "old")
    replacement.rename(tmp_path / "history.db")
    assert database.moved
    database.prepare()
    add(database, "new")
    database.close()
    assert names(tmp_path / "history.db") == ["new", "other", "seq"]


def test_a_file_that_is_replaced_keeps_the_log_that_came_with_it(opened, tmp_path, replacement):
    database, writer = opened(), opened(replacement)
    database.prepare()
    writer.prepare()
    add(writer, "late")
    # The log first: whoever sees the new file sees its log.
    for end in ("-wal", "-shm", ""):
        Path(f"{replacement}{end}").rename(tmp_path / f"history.db{end}")
    assert database.moved
    database.prepare()
    add(database, "new")
    database.close()
    writer.close()
    assert names(tmp_path / "history.db") == ["late", "new", "other", "seq"]


def test_a_database_on_a_server_is_never_moved(database_server, opened):
    with database_server.database() as url:
        database = opened(url)
        database.prepare()
        assert not database.moved
        database.close()


# --- servers


def unused(url, free_port):
    return sa.make_url(url).set(port=free_port()).render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url, _port: url.replace("pass%40", "guess%40"), r"(denied|authentication failed)"),
        (
            lambda url, _port: url.rpartition("/")[0] + "/history_none",
            r"([Uu]nknown database|does not exist)",
        ),
        (unused, r"[Cc]onnection refused"),
        (lambda url, _port: url.replace("127.0.0.1", "127.9.9.9"), r"[Cc]onnection refused"),
    ],
    ids=["password", "database", "port", "host"],
)
def test_a_url_that_leads_nowhere_says_why_and_not_the_password(
    database_server, opened, free_port, change, words
):
    with database_server.database() as url:
        database = opened(change(url, free_port))
        with pytest.raises(HistoryError, match=rf"(?s){words}.*is its URL right\?") as caught:
            database.prepare()
    text = str(caught.value)
    assert text.startswith(f"{database_server.scheme}://teleinfo:***@")
    assert "\n" not in text
    assert len(text) < 500
    assert not [word for word in ("pass%40", "pass@", "guess") if word in text]


@pytest.mark.parametrize("url", ["mariadb://u:s3cret@h:port/d", "mysql://u:s3cret@[::1/d"])
def test_a_url_that_is_none(opened, url):
    with pytest.raises(HistoryError, match=r"u:\*\*\*@.*: this is not the URL") as caught:
        opened(url)
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_url_of_something_else(opened, monkeypatch):
    monkeypatch.setenv("URL", "oracle://u:s3cret@h/d")
    with pytest.raises(HistoryError, match=r"a URL begins with mariadb, mysql, postgres") as caught:
        opened_by_reference()
    assert "s3cret" not in str(caught.value)


def opened_by_reference():
    return Database(HistoryConfig(url="${URL}"))


def test_half_a_password_is_not_taken_for_a_host(opened):
    with pytest.raises(HistoryError, match=r"write an @ in the password as %40") as caught:
        opened("postgresql://u:half@s3cret@127.0.0.1/d")
    assert "s3cret" not in str(caught.value)


def test_a_reference_that_leads_nowhere(monkeypatch):
    monkeypatch.delenv("URL", raising=False)
    with pytest.raises(SecretError, match=r"'URL' is not set"):
        opened_by_reference()


def test_a_server_that_stops_is_told_and_found_again(database_server, opened):
    with database_server.database() as url:
        database = opened(url)
        database.prepare()
        database_server.stop()
        with pytest.raises(HistoryError, match=r"does the server run"):
            database.prepare()
        assert not database.readable
        database_server.start()
        database.prepare()
        add(database, "back")
        database.close()


def test_a_row_that_no_server_takes_is_told_from_a_server_that_fails(database_server, opened):
    with database_server.database() as url:
        database = opened(url)
        database.prepare()
        row = {"meter_id": 1, "label": "L" * 13, "ts": 0, "seq": 1, "value": ""}
        with (
            pytest.raises(UnwritableError, match=r"(?i)too long"),
            database.writing() as connection,
        ):
            connection.execute(label.insert().values(row))
        with pytest.raises(UnwritableError, match=r"(?i)duplicate"):
            add(database, "seq")
        database.close()


# --- what is not installed


def run_without(*modules, url, env=()):
    """What a database of a URL says where these modules are missing."""
    code = f"""
import sys
sys.modules.update(dict.fromkeys({modules!r}))
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.errors import GatewayError
from teleinfo_gateway.history.database import Database
try:
    Database(HistoryConfig(url={url!r}))
except GatewayError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, **dict(env)},
    )
    return done.stdout


@pytest.mark.parametrize(
    ("module", "scheme", "extra"),
    [
        ("pymysql", "mariadb", "mariadb"),
        ("pymysql", "mysql", "mariadb"),
        ("psycopg", "postgresql", "postgresql"),
    ],
)
def test_a_driver_that_is_missing_names_the_extra(module, scheme, extra):
    said = run_without(module, url=f"{scheme}://u:s3cret@127.0.0.1/d")
    assert said.startswith(f"{MissingExtraError.__name__} the driver for {scheme} is not installed")
    assert f"the extra [{extra}] brings it" in said
    assert "s3cret" not in said


def test_a_driver_without_its_library_says_so():
    said = run_without(
        url="postgresql://u:s3cret@127.0.0.1/d", env={"PSYCOPG_IMPL": "none"}.items()
    )
    assert said.startswith("HistoryError postgresql://u:***@127.0.0.1/d: its driver does not work")
    assert "libpq" in said


def test_the_newest_tables_are_those_of_the_last_revision():
    assert VERSION_TABLE in metadata.tables
    assert list(REVISIONS) == sorted(REVISIONS)
