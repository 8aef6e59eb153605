"""The copy of the history on a server: the same rows and sums, whatever happens to either side.

Run as a program (``python -m tests.gateway.test_sql_output FOLDER URL KILLS``), this module forks
processes that write a history and its copy, and kills each at a moment of its own.
"""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig, SqlConfig
from teleinfo_gateway.forwarding import forwarder as forwarder_module
from teleinfo_gateway.forwarding.forwarder import Forwarder
from teleinfo_gateway.history import output as output_module
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow
from teleinfo_gateway.history.schema import event, label, meter, outage, period, reading, version
from teleinfo_gateway.history.store import Batch
from teleinfo_gateway.outputs.sql import SqlTarget, timescale

from .histories import ADCO, a_reading

START = 1_767_225_600
OTHER = "041876097767"
KILLS = 12


pytestmark = pytest.mark.usefixtures("impatient")


def minutes(numbers, adco=ADCO):
    """A reading of each minute, a label that says one of two words, and some events."""
    meters = {adco: MeterRow(adco, START + 60 * max(numbers), f"m{adco[-1]}", "standard", 3, None)}
    readings, labels, events = [], [], []
    for n in numbers:
        ts = START + 60 * n
        energy = {"idx_total": 30 * n, "papp": 900 + n % 500, "state": f"{n:08}"}
        readings.append(a_reading(ts, 10 * n, 20 * n, adco=adco, **energy))
        if n % 7 == 0:
            word = "AB"[n // 7 % 2]
            labels.append(LabelRow(adco, ts, "LTARF", word, "H260114185000" if n % 2 else None))
        if n % 10 == 0:
            events.append(EventRow(adco, f"m{adco[-1]}", ts, "link", "ok", str(n)))
            events.append(EventRow(None, "", ts, "status", "alive", str(n)))
    return Batch(meters, readings, labels, events)


def contents(connection):
    """All rows, as they are told whatever their numbers are."""
    names = {row.id: row.adco for row in connection.execute(sa.select(meter.c.id, meter.c.adco))}
    found = {}
    for table in (meter, reading, label, event, period, outage):
        rows = connection.execute(sa.select(table)).mappings()
        found[table.name] = sorted(
            repr(
                {
                    column: names.get(value) if column == "meter_id" else value
                    for column, value in row.items()
                    if column not in {"seq", "id"}
                }
            )
            for row in rows
        )
    return found


def copied(url):
    """What stands in the copy."""
    database = Database(HistoryConfig(url=url))
    try:
        with database.reading() as connection:
            return contents(connection)
    finally:
        database.close()


@pytest.fixture
def server_url(database_server):
    with database_server.database() as url:
        yield url


class Gateway:
    """A history and its copy."""

    def __init__(self, file, url):
        self.history = HistoryOutput(
            HistoryConfig(path=str(file)), Bus(), lambda name: None, frozenset({"sql"})
        )
        self.sql = Forwarder("sql", SqlTarget(SqlConfig(url=url)), self.history, from_start=True)
        self.history.start()
        self.sql.start()

    async def begun(self, until):
        await until(lambda: self.sql._progress is not None)

    async def done(self, until):
        last = await self.history.ask(
            lambda connection: connection.execute(sa.text("SELECT last FROM ti_counter")).scalar()
        )
        await until(lambda: self.sql._remembered == last and not self.sql.state()["backlog"])

    async def stop(self):
        await self.sql.stop()
        await self.history.stop()


@pytest.fixture
async def gateway(tmp_path):
    """The function that starts a history with a copy at a URL."""
    started = []

    def start(url, file=tmp_path / "history.db"):
        started.append(Gateway(file, url))
        return started[-1]

    yield start
    for each in started:
        await each.stop()


async def test_the_copy_is_the_same(gateway, server_url, until):
    running = gateway(server_url)
    await running.begun(until)
    await running.history.keep(minutes(range(300)))
    await running.history.keep(minutes(range(0, 500, 5), OTHER))
    await running.history.keep(minutes(range(400, 700)))
    await running.done(until)
    assert copied(server_url) == await running.history.ask(contents)
    assert running.sql.state()["problem"] == ""
    assert "***" in running.sql.state()["target"]
    assert "pass" not in running.sql.state()["target"]


async def test_what_was_kept_before_is_copied_too(gateway, server_url, until, tmp_path):
    before = HistoryOutput(
        HistoryConfig(path=str(tmp_path / "history.db")), Bus(), lambda name: None
    )
    before.start()
    await before.keep(minutes(range(2000)))
    await before.stop()
    running = gateway(server_url)
    await running.begun(until)
    await running.history.keep(minutes(range(2000, 2010)))
    await running.done(until)
    assert copied(server_url) == await running.history.ask(contents)


async def test_a_server_that_is_away_for_long_has_all_of_it_later(
    gateway, server_url, database_server, until
):
    running = gateway(server_url)
    await running.begun(until)
    await running.history.keep(minutes(range(100)))
    await running.done(until)
    await asyncio.to_thread(database_server.stop)
    for first in range(100, 2500, 400):
        await running.history.keep(minutes(range(first, first + 400)))
    await until(lambda: running.sql.state()["backlog"] > 2000)
    assert "does the server run" in running.sql.state()["problem"]
    assert "pass" not in running.sql.state()["problem"]
    failed = running.sql.state()["failed"]
    await until(lambda: running.sql.state()["failed"] > failed + 1)
    await running.history.keep(minutes(range(2500, 2600)))
    await asyncio.to_thread(database_server.start)
    await running.done(until)
    assert running.sql.state()["problem"] == ""
    assert copied(server_url) == await running.history.ask(contents)


async def test_a_gateway_that_restarts_goes_on(gateway, server_url, until):
    first = gateway(server_url)
    await first.begun(until)
    await first.history.keep(minutes(range(1500)))
    await until(lambda: first.sql.state()["sent"])
    await first.stop()
    second = gateway(server_url)
    await second.history.keep(minutes(range(1500, 1600)))
    await second.done(until)
    assert copied(server_url) == await second.history.ask(contents)


async def test_what_is_written_twice_is_there_once(gateway, server_url, until, monkeypatch):
    running = gateway(server_url)
    await running.begun(until)
    send = running.sql._target.send
    monkeypatch.setattr(running.sql._target, "send", lambda rows: (send(rows), send(rows)))
    await running.history.keep(minutes(range(300)))
    await running.done(until)
    assert copied(server_url) == await running.history.ask(contents)


async def test_a_word_that_comes_back_is_told_though_the_one_between_comes_later(
    gateway, server_url, until, monkeypatch
):
    monkeypatch.setattr("teleinfo_gateway.forwarding.progress._FAR", 0)
    running = gateway(server_url)
    await running.begun(until)

    def said(ts, word):
        return Batch(
            {ADCO: MeterRow(ADCO, ts, "house", None, None, None)},
            labels=[LabelRow(ADCO, ts, "LTARF", word, None)],
        )

    await running.history.keep(said(START, "A"))
    await running.done(until)
    away = running.sql._target.send

    def raising(rows):
        raise TimeoutError

    monkeypatch.setattr(running.sql._target, "send", raising)
    await running.history.keep(said(START + 1, "B"))
    await until(lambda: running.sql._progress.has_gap)
    await running.history.keep(said(START + 2, "A"))
    running.sql._was_away = False
    monkeypatch.setattr(running.sql._target, "send", away)
    await running.done(until)
    assert copied(server_url)["ti_label"] == (await running.history.ask(contents))["ti_label"]


async def test_what_the_server_cannot_hold_is_set_aside(gateway, server_url, until, tmp_path):
    running = gateway(server_url)
    await running.begun(until)
    batch = minutes(range(50))
    batch.readings[20].columns["isousc"] = 70_000  # SQLite takes it
    await running.history.keep(batch)
    await running.done(until)
    state = running.sql.state()
    assert (state["refused"], state["problem"]) == (1, "")
    assert "out of range" in state["refused_reason"].lower()
    assert len(copied(server_url)["ti_reading"]) == 49
    assert (tmp_path / "refused-sql.jsonl").read_text(encoding="utf-8").count("\n") == 1


async def test_gateways_may_share_a_copy(gateway, server_url, until, tmp_path):
    one = gateway(server_url, tmp_path / "one.db")
    two = gateway(server_url, tmp_path / "two.db")
    await one.begun(until)
    await two.begun(until)
    for first in range(0, 300, 50):
        await one.history.keep(minutes(range(first, first + 50)))
        await two.history.keep(minutes(range(first, first + 50), OTHER))
    await one.done(until)
    await two.done(until)
    found = copied(server_url)
    for table in ("ti_meter", "ti_reading", "ti_label", "ti_period"):
        parts = [(await each.history.ask(contents))[table] for each in (one, two)]
        assert found[table] == sorted(itertools.chain(*parts)), table


# --- what is wrong is said


async def problem_of(url, gateway, until):
    running = gateway(url)
    await running.begun(until)
    await running.history.keep(minutes(range(3)))
    await until(lambda: running.sql.state()["problem"])
    return running.sql.state()["problem"]


async def test_a_wrong_password_is_told_without_it(gateway, server_url, until):
    problem = await problem_of(server_url.replace("pass%40word", "wr0ng"), gateway, until)
    assert "teleinfo" in problem
    assert "wr0ng" not in problem


async def test_a_secret_that_is_not_there_yet_is_waited_for(gateway, server_url, until, tmp_path):
    secret = tmp_path / "url"
    running = gateway(f"file:{secret}")
    await running.begun(until)
    await running.history.keep(minutes(range(3)))
    await until(lambda: "cannot be read" in running.sql.state()["problem"])
    secret.write_text(server_url, encoding="utf-8")
    await running.done(until)
    assert running.sql.state()["target"] == f"file:{secret}"
    assert len(copied(server_url)["ti_reading"]) == 3


async def test_an_older_schema_says_how_to_bring_it_up_to_date(
    gateway, server_url, until, monkeypatch
):
    database = Database(HistoryConfig(url=server_url))
    database.prepare()
    with database.writing() as connection:
        connection.execute(sa.update(version).values(version_num="0000"))
    database.close()
    monkeypatch.setattr(
        "teleinfo_gateway.history.database.REVISIONS",
        ("0000", "0001"),
    )
    problem = await problem_of(server_url, gateway, until)
    assert problem.endswith("teleinfo history migrate --sql")


async def test_it_runs_in_a_gateway(gateway_with, server_url, until, line, talking, device):
    manager = gateway_with(devices=(device(line, interval=1),), sql=SqlConfig(url=server_url))
    talking(line, "histo-hc-mono-l16c6")
    await until(lambda: manager.outputs["sql"].state()["sent"] > 3)
    await manager.stop()
    assert copied(server_url)["ti_reading"]


# --- TimescaleDB

_AS_TIMESCALE = """
CREATE SCHEMA timescaledb_information;
CREATE TABLE timescaledb_information.hypertables (hypertable_name name, hypertable_schema name);
CREATE FUNCTION create_hypertable(relation regclass, time_column_name name,
  chunk_time_interval anyelement DEFAULT NULL::bigint, migrate_data boolean DEFAULT false)
RETURNS text LANGUAGE sql AS $$
  INSERT INTO timescaledb_information.hypertables VALUES (relation::text, current_schema());
  SELECT relation::text || ' ' || time_column_name || ' ' || chunk_time_interval;
$$;
"""
"""What the statements need of the extension, which Debian does not package."""


def test_a_plain_postgresql_stays_plain(postgresql):
    with postgresql.database() as url:
        database = Database(HistoryConfig(url=url))
        database.prepare()
        with database.writing() as connection:
            assert not timescale.make_hypertable(connection)
        database.close()


async def test_with_timescaledb_the_readings_are_a_hypertable_once(
    gateway, postgresql, until, monkeypatch
):
    monkeypatch.setattr(timescale, "_IS_INSTALLED", "SELECT 1")
    with postgresql.database() as url:
        driven = sa.make_url(url).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(driven, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(_AS_TIMESCALE))
        for first in (0, 100):
            running = gateway(url)
            await running.begun(until)
            await running.history.keep(minutes(range(first, first + 100)))
            await running.done(until)
            await running.stop()
        with engine.begin() as connection:
            made = connection.execute(
                sa.text("SELECT hypertable_name FROM timescaledb_information.hypertables")
            )
            assert made.scalars().all() == ["ti_reading"]
        unique = [
            each["column_names"]
            for each in sa.inspect(engine).get_indexes("ti_reading")
            if each["unique"]
        ]
        assert unique == [["seq", "ts"]]
        assert len(copied(url)["ti_reading"]) == 200


# --- kills


async def write(folder, url, first, told):
    """A history that is written and copied until it is killed; ``first`` < 0: until it is done."""
    forwarder_module._LOOK_S = forwarder_module._CATCH_UP_S = 0.001
    output_module._FRESH_S = 0.0
    gateway = Gateway(folder / "history.db", url)
    while gateway.sql._progress is None:  # noqa: ASYNC110  # it has no event
        await asyncio.sleep(0.001)
    os.write(told, b"!")

    async def until(holds):
        while not holds():  # noqa: ASYNC110  # the same
            await asyncio.sleep(0.01)

    if first < 0:
        await gateway.done(until)
        return
    for number in itertools.count(first, 40):
        await gateway.history.keep(minutes(range(number, number + 40)))
        await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311  # no secret


def forked(folder, url, first):
    """A process that has begun."""
    heard, told = os.pipe()
    process = os.fork()
    if process == 0:
        code = 1
        try:
            asyncio.run(write(folder, url, first, told))
            code = 0
        finally:
            os._exit(code)
    os.close(told)
    assert os.read(heard, 1), "it has not begun"
    os.close(heard)
    return process


def main(folder, url, kills):
    chance = random.Random(5)  # noqa: S311  # moments, not secrets
    for number in range(kills):
        process = forked(folder, url, number * 10_000)
        time.sleep(chance.uniform(0.05, 0.4))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    _, status = os.waitpid(forked(folder, url, -1), 0)
    assert status == 0, status
    database = Database(HistoryConfig(path=str(folder / "history.db")))
    with database.reading() as connection:
        assert contents(connection) == copied(url)
        rows = connection.execute(sa.select(sa.func.count()).select_from(reading)).scalar_one()
    database.close()
    sys.stdout.write(str(rows))


@pytest.mark.timeout(120)
def test_no_kill_costs_or_doubles_a_row(server_url, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.gateway.test_sql_output", tmp_path, server_url, str(KILLS)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout) > 40  # at some moment of a busy machine less is written than at others


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
