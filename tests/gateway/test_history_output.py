"""The history as it runs: what is published is kept, whatever happens to the disk or the server."""

import asyncio
import contextlib
import http.client
import json
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import yaml

from teleinfo_gateway.config import DeviceConfig, HistoryConfig, WebConfig
from teleinfo_gateway.config.files import FilesConfig
from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.history import engines, outbox
from teleinfo_gateway.history import gathering as gathering_module
from teleinfo_gateway.history import output as output_module
from teleinfo_gateway.history.database import HistoryError, UnwritableError
from teleinfo_gateway.history.keeper import Keeper
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import EventRow
from teleinfo_gateway.history.schema import event, label
from teleinfo_gateway.history.schema import reading as reading_table
from teleinfo_gateway.history.store import Batch
from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.web.server import WebServer

from .conftest import WAIT_S
from .histories import ADCO, a_reading, put

HISTORIQUE = "histo-hc-mono-l16c6"
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
LONG_S = 3600.0  # nothing here takes so long


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Waits of minutes, shortened; commits only when somebody asks."""
    monkeypatch.setattr(output_module, "COMMIT_S", LONG_S)
    monkeypatch.setattr(output_module, "_RETRY_S", 0.02)
    monkeypatch.setattr(output_module, "_LAST_WRITE_S", 3.0)
    monkeypatch.setattr(output_module, "_FRESH_S", 0.0)
    monkeypatch.setattr(output_module, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(engines, "BUSY_S", 0.2)


@pytest.fixture
async def history(bus, tmp_path):
    """The function that starts a history on a path or a URL; stopped at the end."""
    started = []

    def start(where=tmp_path / "history.db", **settings):
        where = str(where).removeprefix("sqlite:///")
        settings |= {"url": where} if "://" in where else {"path": where}

        def device(name):
            return DeviceConfig(name=name, device="/dev/null", interval=60)

        started.append(HistoryOutput(HistoryConfig(**settings), bus, device))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
def minute(reading):
    """The function that makes the reading of a minute after the start: 1 kW in the day tariff."""

    def make(number, **labels):
        values = {
            "OPTARIF": "HC..",
            "ISOUSC": "45",
            "HCHC": "001000000",
            "HCHP": f"{2_000_000 + 17 * number:09}",
            "PTEC": "HP..",
            "PAPP": "01000",
            "MOTDETAT": "000000",
        }
        made = reading(**values | labels)
        return replace(made, time=START + timedelta(minutes=number))

    return make


@pytest.fixture
def tell(bus, minute):
    """The function that publishes the readings of these minutes and an event with each."""

    def publish(numbers):
        for number in numbers:
            told = minute(number)
            bus.publish(told)
            kind = EventKind.LINK
            bus.publish(Event(kind, f"m{number % 40}", told.time, "ok", str(number)))

    return publish


async def kept(history):
    """The minutes of the readings and those of the events that are kept, in order."""

    def look(connection):
        stamps = connection.scalars(sa.select(reading_table.c.ts).order_by(reading_table.c.ts))
        minutes = [(ts - int(START.timestamp())) // 60 for ts in stamps]
        query = sa.select(event.c.detail).where(event.c.kind == "link").order_by(event.c.ts)
        return minutes, [int(detail) for detail in connection.scalars(query)]

    return await history.ask(look)


def both(numbers):
    """What :func:`kept` gives when all of these minutes were kept once."""
    return list(numbers), list(numbers)


def by_sqlite(file, query="SELECT count(*) FROM ti_reading"):
    """What a query finds without any of our programs."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchone()[0]


# --- what is kept, and when it is written


async def test_a_question_sees_what_was_published_a_moment_ago(history, tell, database_url):
    running = history(database_url)
    tell(range(5))
    assert await kept(running) == both(range(5))
    tell(range(5, 7))
    assert await kept(running) == both(range(7))


async def test_readings_are_kept_at_the_interval_and_events_at_once(history, bus, minute):
    running = history()
    for second in range(0, 300, 2):
        bus.publish(replace(minute(0), time=START + timedelta(seconds=second)))
    bus.publish(Event(EventKind.LINK, "house", START + timedelta(seconds=7), "ok", "7"))
    minutes, events = await kept(running)
    assert minutes == [0, 1, 2, 3, 4]
    assert events == [7]


async def test_nothing_is_written_before_it_is_time(history, tell, tmp_path, until):
    running = history()
    await kept(running)
    tell(range(100))
    await until(lambda: running.waiting == 200)
    assert by_sqlite(tmp_path / "history.db") == 0
    assert running.state()["waiting"] == 200
    assert running.state()["written"] == 0


async def test_what_waits_is_written_now_and_then(history, tell, tmp_path, until, monkeypatch):
    monkeypatch.setattr(output_module, "COMMIT_S", 0.02)
    running = history()
    for number in range(3):
        tell([number])
        await until(lambda: running.waiting)
        await until(lambda: not running.waiting)
    assert by_sqlite(tmp_path / "history.db") == 3
    assert running.state()["last_commit"].startswith(str(datetime.now(UTC).year))


async def test_a_page_that_asks_again_and_again_does_not_commit_each_time(
    history, tell, until, monkeypatch
):
    running = history()
    tell(range(3))
    assert await kept(running) == both(range(3))
    monkeypatch.setattr(output_module, "_FRESH_S", LONG_S)
    tell(range(3, 6))
    await until(lambda: running.waiting == 6)
    assert await kept(running) == both(range(3))
    monkeypatch.setattr(output_module, "_FRESH_S", 0.0)
    assert await kept(running) == both(range(6))


async def test_much_is_written_without_waiting(history, tell, tmp_path, until, monkeypatch):
    monkeypatch.setattr(output_module, "_BATCH", 50)
    running = history()
    await kept(running)
    tell(range(40))
    await until(lambda: running.state()["written"] >= 25)


async def test_to_stop_writes_all_and_a_restart_goes_on(history, tell, database_url):
    first = history(database_url)
    tell(range(10))
    await first.stop()
    assert first.state()["waiting"] == 0
    second = history(database_url)
    tell(range(10, 20))
    assert await kept(second) == both(range(20))
    labels = sa.select(sa.func.count()).select_from(label)
    assert await second.ask(lambda connection: connection.scalar(labels)) == 0


async def test_to_stop_at_once_writes_what_was_published(history, tell, tmp_path):
    running = history()
    tell(range(3))
    await running.stop()
    assert by_sqlite(tmp_path / "history.db") == 3


async def test_after_the_stop_nothing_is_answered_and_nothing_held_open(history, tell, tmp_path):
    running = history()
    tell(range(3))
    await running.stop()
    with pytest.raises(HistoryError, match="stopped"):
        await kept(running)
    with pytest.raises(HistoryError, match="stopped"):
        await running.keep(Batch())
    assert [file.name for file in tmp_path.iterdir()] == ["history.db"]


async def test_a_question_that_is_cancelled_while_it_writes_neither_loses_nor_doubles(
    history, tell, tmp_path, locked, until, monkeypatch
):
    monkeypatch.setattr(engines, "BUSY_S", 5)
    running = history()
    running._tidy_s = float("inf")
    await kept(running)
    for number in range(5):
        tell([number])
        with locked(tmp_path / "history.db"):
            asking = asyncio.create_task(kept(running))
            await until(lambda: running._in_hand)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
    assert await kept(running) == both(range(5))


async def test_many_questions_at_once_are_all_answered(history, tell):
    running = history()
    tell(range(50))
    answers = await asyncio.gather(*(kept(running) for _ in range(20)))
    assert answers == [both(range(50))] * 20


async def test_a_question_that_is_wrong_says_so_to_who_asks_alone(history, tell):
    running = history()
    tell(range(2))
    with pytest.raises(HistoryError, match="no such table"):
        await running.ask(lambda connection: connection.execute(sa.text("SELECT 1 FROM nowhere")))
    with pytest.raises(ZeroDivisionError):
        await running.ask(lambda _connection: 1 // 0)
    assert await kept(running) == both(range(2))
    assert running.state()["problem"] == ""


async def test_nothing_is_dated_by_a_clock_that_is_not_set(history, bus, tell, minute):
    running = history()
    bus.publish(replace(minute(0), time=datetime(1970, 1, 1, tzinfo=UTC)))
    bus.publish(Event(EventKind.LINK, "house", datetime(2000, 1, 1, tzinfo=UTC), "ok", "0"))
    assert await kept(running) == both([])
    assert "clock of this machine is not set" in running.state()["problem"]
    tell([1])
    assert await kept(running) == both([1])
    assert running.state()["problem"] == ""


async def test_a_database_that_is_too_large_lets_go_its_oldest_days(
    history, tell, until, monkeypatch
):
    monkeypatch.setattr(output_module, "_TIDY_S", 0.0)
    monkeypatch.setattr(output_module, "COMMIT_S", 0.02)
    running = history()
    keeper = running._keeper
    keeper.config = keeper.config.model_copy(update={"size": 0})  # less than a user may say
    for hour in range(48):
        tell(range(60 * hour, 60 * hour + 60))
        await asyncio.sleep(0)
    await until(lambda: running.state()["written"] == 2880)
    began = running.state()["written"]
    tell(range(2880, 2890))
    await until(lambda: running.state()["written"] > began)
    minutes, _ = await kept(running)
    assert len(minutes) < 2000
    assert minutes[-1] == 2889


def test_age_takes_its_course_after_a_long_pause_and_an_exchange(tmp_path):
    """The last two before a pause, and the last two of a meter that is gone, stay for good."""
    keeper = Keeper(
        HistoryConfig(path=str(tmp_path / "history.db"), readings=10), frozenset({"files"})
    )
    day_s, now = 86_400, int(time.time())
    with keeper.open().writing() as connection:
        for adco, first_day, hours in (
            ("021528603313", 100, 3),
            (ADCO, 99, 3),
            (ADCO, 40, 24 * 40),
        ):
            begin = now - first_day * day_s
            put(connection, *(a_reading(begin + 3600 * n, n, adco=adco) for n in range(hours)))
    for _ in range(60 // 7):
        keeper.forget_old()
    query = sa.select(reading_table.c.ts).order_by(reading_table.c.ts)
    with keeper.open().reading() as connection:
        stamps = list(connection.scalars(query))
    keeper.close()
    *of_the_other, _, before_the_first, first = stamps[:5]
    assert max(of_the_other) < now - 99 * day_s
    assert first >= now - 11 * day_s
    assert first - before_the_first == 3600


# --- another configuration


async def test_a_reload_writes_what_waits_and_goes_on_elsewhere(gateway, tmp_path, until):
    running = (await gateway(tmp_path / "one.db")).running
    first = running.history
    await until(lambda: first._waiting._rows.readings)

    def config(history):
        return running.config.model_copy(update={"history": history})

    await running.reload(config(HistoryConfig(path=f"{tmp_path}/two.db")))
    assert by_sqlite(tmp_path / "one.db") >= 1
    second = running.history
    assert running.outputs["history"] is second is not first
    await until(lambda: second._waiting._rows.readings)
    await running.reload(config(None))
    assert by_sqlite(tmp_path / "two.db") >= 1
    assert running.history is None
    assert "history" not in running.outputs


async def test_a_reload_releases_the_cursors_of_the_outputs_it_takes_out(gateway, tmp_path):
    running = (await gateway(tmp_path / "history.db")).running

    async def names():
        return [each.name for each in await running.history.ask(outbox.cursors)]

    async def reload(**outputs):
        await running.reload(running.config.model_copy(update=outputs))

    folder = tmp_path / "files"
    folder.mkdir()
    pushes = [PushConfig(name=name, url="http://127.0.0.1:9/") for name in ("one", "other")]
    await reload(files=FilesConfig(folder=str(folder)), push=tuple(pushes))
    async with asyncio.timeout(WAIT_S):
        while await names() != ["files", "push-one", "push-other"]:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.01)
        await reload(files=None, push=tuple(pushes[:1]))
        while await names() != ["push-one"]:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.01)
    # One that is back before its cursor was forgotten goes on where it was.
    running.history.keep_for(frozenset())
    running.history.keep_for(frozenset({"push-one"}))
    assert not running.history._gone


# --- disks that are full


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, and the functions that fill it and make room on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder, option):
    subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True)


def fill(folder):
    """Take all the room that is left; gives the file to remove."""
    other = folder / "other"
    with other.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return other


@pytest.mark.skipif(os.geteuid() == 0, reason="root runs these tests as they are")
def test_the_small_disks_of_an_ordinary_user(tmp_path):
    """A name space of one's own has a root who may mount; it is where these tests then run."""
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    command = ["unshare", "--map-root-user", "--mount", *pytest_here, "-k", "disk and not user"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("no name space of one's own on this machine")
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


async def test_on_a_full_disk_it_waits_answers_and_goes_on_by_itself(
    small_disk, history, tell, until, caplog
):
    caplog.set_level(logging.INFO)
    running = history(small_disk / "history.db")
    tell(range(100))
    assert await kept(running) == both(range(100))
    other = fill(small_disk)
    tell(range(100, 300))
    assert await kept(running) == both(range(100))  # what is on it can still be read
    assert (
        running.state()["problem"] == f"{small_disk}/history.db: the disk is full: free some space"
    )
    assert running.state()["waiting"] == 400
    fill(small_disk)
    assert await kept(running) == both(range(100))
    other.unlink()
    running._wanted.set()
    await until(lambda: not running.waiting)
    assert running.state()["problem"] == ""
    assert running.state()["lost"] == 0
    assert await kept(running) == both(range(300))
    told = [record.message for record in caplog.records if "history" in record.message]
    assert len([text for text in told if "the disk is full" in text]) == 1
    assert "history: it is written again" in told


async def test_a_start_on_a_full_disk_answers_and_goes_on_by_itself(
    small_disk, history, tell, until
):
    before = history(small_disk / "history.db")
    tell(range(100))
    await before.stop()
    room = small_disk / "room"
    room.write_bytes(bytes(48 * 1024))  # for what SQLite needs beside a file that is only read
    other = fill(small_disk)
    room.unlink()
    running = history(small_disk / "history.db")
    tell(range(100, 400))
    assert await kept(running) == both(range(100))
    await until(lambda: "the disk is full" in running.state()["problem"])
    other.unlink()
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(400))


async def test_a_new_file_on_a_full_disk_begins_when_there_is_room(
    small_disk, history, tell, until
):
    other = fill(small_disk)
    running = history(small_disk / "history.db")
    tell(range(10))
    with pytest.raises(HistoryError, match="the disk is full: free some space"):
        await kept(running)
    other.unlink()
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(10))


async def test_what_does_not_fit_in_memory_is_lost_oldest_first_and_counted(
    small_disk, history, tell, minute, until, monkeypatch
):
    monkeypatch.setattr(gathering_module, "MAX_WAITING", 100)
    running = history(small_disk / "history.db")
    await kept(running)
    other = fill(small_disk)
    running._wanted.set()
    tell(range(60))
    await until(lambda: running.state()["lost"] == 20)  # the events, which are of less use
    for number in range(60, 160):
        running._bus.publish(minute(number))
    await until(lambda: running.state()["lost"] == 120)
    await until(lambda: running.waiting == 100)
    other.unlink()
    await until(lambda: not running.waiting)
    assert await kept(running) == (list(range(60, 160)), [])
    assert running.state()["lost"] == 120


# --- files that change under it


async def test_a_file_that_is_deleted_or_replaced_loses_nothing_that_waits(history, tell, tmp_path):
    file = tmp_path / "history.db"
    running = history()
    tell(range(10))
    assert await kept(running) == both(range(10))
    tell(range(10, 20))
    file.unlink()
    assert await kept(running) == both(range(10, 20))
    before = tmp_path / "before.db"
    file.rename(before)
    tell(range(20, 30))
    assert await kept(running) == both(range(20, 30))
    before.rename(file)
    tell(range(30, 40))
    minutes, _ = await kept(running)
    assert minutes[-10:] == list(range(30, 40))
    assert not set(minutes) & set(range(20, 30))  # of the file that was replaced
    await running.stop()
    assert by_sqlite(file, "PRAGMA integrity_check") == "ok"


def damage(file):
    """Overwrite all but the first page."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xaa" * (size - 4096))


async def test_a_file_that_is_damaged_is_told_and_a_new_one_begun_in_its_place(
    history, tell, tmp_path, until
):
    file = tmp_path / "history.db"
    running = history()
    tell(range(100))
    await kept(running)
    damage(file)
    tell(range(100, 110))
    with pytest.raises(HistoryError, match=r"the file is damaged: .* move it away and a new one"):
        await kept(running)
    assert "the file is damaged" in running.state()["problem"]
    file.rename(tmp_path / "damaged.db")
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(100, 110))
    assert running.state()["problem"] == ""


async def test_a_file_that_was_damaged_before_the_start_is_told(history, tell, tmp_path, until):
    file = tmp_path / "history.db"
    before = history()
    tell(range(100))
    await before.stop()
    damage(file)
    running = history()
    await until(lambda: "the file is damaged" in running.state()["problem"])
    tell(range(100, 110))
    await until(lambda: running.waiting == 20)
    file.unlink()
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(100, 110))


async def test_a_folder_that_may_not_be_written_is_told_until_it_may(
    history, tell, tmp_path, as_nobody, until
):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    tmp_path.chmod(0o755)
    with as_nobody():
        running = history(folder / "history.db")
        tell(range(10))
        await until(lambda: "Permission denied" in running.state()["problem"])
        assert running.state()["database"] == f"{folder}/history.db"
    folder.chmod(0o777)
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(10))


async def test_a_read_only_file_system_is_told(small_disk, history, tell, until):
    running = history(small_disk / "history.db")
    tell(range(10))
    await running.stop()
    remount(small_disk, "ro")
    running = history(small_disk / "history.db")
    tell(range(10, 20))
    await until(lambda: "opened" in running.state()["problem"])
    remount(small_disk, "rw")
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(20))


@pytest.fixture
def locked():
    """The context in which another program has all rights to a file for itself."""

    @contextlib.contextmanager
    def hold(file):
        code = (
            "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "connection.execute('BEGIN EXCLUSIVE'); print(flush=True); input()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", code, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with holder:
            assert holder.stdout.readline()
            try:
                yield
            finally:
                holder.communicate(b"\n")

    return hold


async def test_a_program_that_writes_for_long_is_named_and_questions_are_answered(
    history, tell, tmp_path, locked, until, monkeypatch
):
    monkeypatch.setattr(engines, "BUSY_S", 5)
    monkeypatch.setattr(output_module, "_QUESTION_S", 0.1)
    running = history()
    tell(range(10))
    assert await kept(running) == both(range(10))
    with locked(tmp_path / "history.db"):
        tell(range(10, 20))
        async with asyncio.timeout(4):  # none waits as long as the writer
            answers = await asyncio.gather(*(kept(running) for _ in range(5)))
        assert answers == [both(range(10))] * 5
        assert running.state()["waiting"] == 20
        await until(lambda: "another program has held it" in running.state()["problem"])
    await until(lambda: not running.waiting)
    assert await kept(running) == both(range(20))


async def test_to_stop_does_not_wait_for_ever(history, tell, tmp_path, locked, until, caplog):
    running = history()
    await kept(running)
    tell(range(10))
    with locked(tmp_path / "history.db"):
        async with asyncio.timeout(WAIT_S):
            await running.stop()
    assert "stopped with 20 rows that could not be written" in caplog.text
    await until(lambda: not running._in_hand)  # its thread has ended


# --- servers


async def test_what_waits_while_a_server_is_gone_is_written_once_when_it_is_back(
    history, tell, database_server, until
):
    with database_server.database() as url:
        running = history(url)
        tell(range(10))
        assert await kept(running) == both(range(10))
        for first in (10, 30):
            database_server.stop()
            tell(range(first, first + 20))
            with pytest.raises(HistoryError, match=r"\*\*\*@127\.0\.0\.1"):
                await kept(running)
            assert running.state()["waiting"] == 40
            assert "pass" not in json.dumps(running.state())
            database_server.start()
            await until(lambda: not running.waiting)
        assert await kept(running) == both(range(50))
        assert running.state()["lost"] == 0
        assert running.state()["problem"] == ""
        await running.stop()


async def test_a_server_that_is_not_there_at_the_start_is_found_later(
    history, tell, database_server, until
):
    with database_server.database() as url:
        database_server.stop()
        running = history(url)
        tell(range(10))
        with pytest.raises(HistoryError, match="does the server run"):
            await kept(running)
        database_server.start()
        await until(lambda: not running.waiting)
        assert await kept(running) == both(range(10))
        await running.stop()


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    history, tell, mariadb, until, monkeypatch
):
    monkeypatch.setattr(engines, "_CONNECT_S", 1)
    monkeypatch.setitem(engines._OPTIONS, "mariadb", {"read_timeout": 1})
    with mariadb.database() as url:
        running = history(url)
        tell(range(10))
        assert await kept(running) == both(range(10))
        mariadb._process.send_signal(signal.SIGSTOP)
        try:
            tell(range(10, 20))
            running._wanted.set()
            await until(lambda: "timed out" in running.state()["problem"])
        finally:
            mariadb._process.send_signal(signal.SIGCONT)
        await until(lambda: not running.waiting)
        assert await kept(running) == both(range(20))
        await running.stop()


@pytest.mark.parametrize("scheme", ["mariadb", "postgresql"])
async def test_the_end_does_not_wait_for_a_server_that_never_answers(
    scheme, teleinfo, tmp_path, line, ears, free_port
):
    """It takes the connection, as what stands between two networks does, and says nothing."""
    web = f"127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {
            "devices": [{"name": "house", "device": line.path}],
            "xpl": {"interface": "lo", "hub": "never", "port": ears.port},
            "web": {"listen": web},
            "history": {"url": f"{scheme}://me:pass@127.0.0.1:{silent.getsockname()[1]}/house"},
        }
        file = tmp_path / "teleinfo.yaml"
        file.write_text(yaml.safe_dump(settings))
        program = await teleinfo("run", "--config", file)
        silent.setblocking(False)
        async with asyncio.timeout(WAIT_S):
            connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        with connection:
            program.signal(signal.SIGTERM)
            code, _, err = await program.end()  # the driver would wait two minutes
        assert code == 0
        assert "Traceback" not in err


async def test_rows_that_are_never_taken_do_not_hold_up_the_others(
    history, tell, database_server, until
):
    with database_server.database() as url:
        running = history(url)
        tell(range(5))
        await kept(running)
        running._waiting._rows.events.append(EventRow(None, "n" * 33, 0, "link", "ok", "0"))
        await until(lambda: not running.waiting or running._wanted.set())
        assert running.state()["lost"] == 1
        assert "not kept" in running.state()["problem"]
        with pytest.raises(UnwritableError):
            await running.keep(Batch(events=[EventRow(None, "n" * 33, 0, "link", "ok", "0")]))
        tell(range(5, 10))
        assert await kept(running) == both(range(10))
        await running.stop()


async def test_a_fault_of_ours_costs_what_was_at_hand_and_no_more(history, tell, until, caplog):
    running = history()
    await kept(running)
    running._waiting._rows.events.append(None)
    running._wanted.set()
    await until(lambda: not running.waiting)
    assert running.state()["lost"] == 1
    assert "a fault of this program" in running.state()["problem"]
    assert "Traceback" in caplog.text
    tell(range(5))
    assert await kept(running) == both(range(5))


async def test_words_of_any_language_are_kept_as_they_are(history, bus, database_url):
    running = history(database_url)
    words = "compteur changé → n° 2 ⚡ 😀"
    bus.publish(Event(EventKind.CHANGE, "house", START, "exchange", words))
    details = sa.select(event.c.detail)
    assert await running.ask(lambda connection: connection.scalar(details)) == words


# --- nothing else suffers


class Trouble:
    """A way to break the file of a running history, and to mend it."""

    def __init__(self, words, breaking, mending):
        self.words, self.breaking, self.mending = words, breaking, mending


def text_in_its_place(file):
    file.rename(file.with_name("away.db"))
    file.write_text("not a database\n" * 1000)


TROUBLES = {
    "full": Trouble(
        "disk is full", lambda f: fill(f.parent), lambda f: (f.parent / "other").unlink()
    ),
    "damaged": Trouble("is damaged", damage, lambda f: f.unlink()),
    "folder": Trouble("is not a database", text_in_its_place, lambda f: f.unlink()),
}


class Watched:
    """A gateway whose meter talks, and those who listen to it."""

    def __init__(self, running, ears, port):
        self.running, self.ears, self._port = running, ears, port
        self.web = WebServer(running, WebConfig(listen=f"127.0.0.1:{port}"))

    @property
    def history(self):
        return self.running.history.state()

    async def get(self, path):
        """The answer of the API to a request that succeeds."""

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", path)
                response = connection.getresponse()
                assert response.status == 200
                return json.loads(response.read())

        return await asyncio.to_thread(ask)


@pytest.fixture
async def gateway(manager, line, talking, ears, free_port):
    """The function that starts a gateway with a history and the API."""
    async with contextlib.AsyncExitStack() as started:

        async def start(file):
            running = manager(line, interval=1, history=HistoryConfig(path=str(file)))
            watched = Watched(running, ears, free_port())
            await watched.web.start()
            started.push_async_callback(watched.web.stop)
            talking(line, HISTORIQUE)
            return watched

        yield start


@pytest.mark.parametrize("name", TROUBLES)
async def test_xpl_and_the_api_go_on_whatever_the_disk_does(
    name, small_disk, gateway, until, monkeypatch
):
    monkeypatch.setattr(output_module, "COMMIT_S", 0.05)
    trouble, file = TROUBLES[name], small_disk / "history.db"
    watched = await gateway(file)
    await until(lambda: watched.history["written"])
    trouble.breaking(file)
    await until(lambda: trouble.words in watched.history["problem"])
    watched.ears.heard()
    await watched.ears.message()
    told = await watched.get("/api/status")
    assert trouble.words in told["outputs"]["history"]["problem"]
    assert told["outputs"]["xpl"]["problem"] == ""
    assert told["status"] == "alive"
    assert await watched.get("/api/sensors")
    written = watched.history["written"]
    trouble.mending(file)
    await until(lambda: watched.history["written"] > written)
    await until(lambda: watched.history["problem"] == "")  # it is told after the rows are there
    assert watched.history["lost"] == 0


async def test_a_history_that_cannot_be_opened_stops_nothing(gateway, tmp_path, until):
    (tmp_path / "file").write_text("")
    watched = await gateway(tmp_path / "file" / "history.db")
    await watched.ears.message()
    await until(lambda: "cannot be opened" in watched.history["problem"])
    watched.ears.heard()
    await watched.ears.message()
    told = await watched.get("/api/status")
    assert told["outputs"]["history"]["database"] == f"{tmp_path}/file/history.db"
