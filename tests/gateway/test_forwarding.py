"""Store and forward: whatever happens to whom, each row reaches the target or is accounted for."""

import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.emoncms import EmoncmsConfig
from teleinfo_gateway.config.influxdb import InfluxdbConfig
from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.forwarding import RefusedError, TargetError
from teleinfo_gateway.forwarding import forwarder as forwarder_module
from teleinfo_gateway.forwarding import refusals as refusals_module
from teleinfo_gateway.forwarding.forwarder import Forwarder
from teleinfo_gateway.forwarding.progress import Progress
from teleinfo_gateway.forwarding.target import Row
from teleinfo_gateway.history import engines, outbox
from teleinfo_gateway.history import output as output_module
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.retention import forget_before, forget_oldest_day
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow
from teleinfo_gateway.history.store import Batch
from teleinfo_gateway.outputs.emoncms import EmoncmsTarget
from teleinfo_gateway.outputs.influxdb import InfluxdbTarget
from teleinfo_gateway.outputs.push import PushTarget

from .histories import ADCO, a_reading
from .http_servers import HttpServer
from .ledgers import Ledger, raising
from .outbox_rows import a_row

START = 1_767_225_600
DAY_S = 86400
LONG_S = 3600.0  # nothing here takes so long
AWAY = TargetError("it is away")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Waits of minutes and seconds, shortened."""
    monkeypatch.setattr(forwarder_module, "_LOOK_S", 0.02)
    monkeypatch.setattr(forwarder_module, "_CATCH_UP_S", 0.0)
    monkeypatch.setattr(forwarder_module, "_FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(forwarder_module, "_LAST_RETRY_S", 0.04)
    monkeypatch.setattr(output_module, "COMMIT_S", LONG_S)
    monkeypatch.setattr(output_module, "_RETRY_S", 0.02)
    monkeypatch.setattr(output_module, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(output_module, "_FRESH_S", 0.0)
    monkeypatch.setattr(engines, "BUSY_S", 5)


@pytest.fixture
async def opened():
    """The function that starts a history on a path or a URL; stopped at the end."""
    started = []

    def start(where, readers=frozenset({"ledger"})):
        where = str(where).removeprefix("sqlite:///")
        place = {"url": where} if "://" in where else {"path": where}
        started.append(
            HistoryOutput(HistoryConfig(**place), Bus(), lambda name: None, frozenset(readers))
        )
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
async def history(opened, tmp_path):
    return opened(tmp_path / "history.db")


@pytest.fixture
async def forwarding(history):
    """The function that starts a forwarder, by default from the history to a ledger."""
    started = []

    def start(target, name="ledger", of=history):
        started.append(Forwarder(name, target, of))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


_stamps = itertools.count(START)


def events(number):
    rows = [EventRow(None, "house", next(_stamps), "link", "ok", "") for _ in range(number)]
    return Batch({}, [], [], rows)


def days(number):
    """Events of consecutive days."""
    rows = [EventRow(None, "", START + DAY_S * n, "link", "ok", "") for n in range(number)]
    return Batch({}, [], [], rows)


async def begun(forwarder, until):
    """It has its cursor: what is written from now on is for it."""
    await until(lambda: forwarder._progress is not None)


async def everything(history):
    return [entry.seq for entry in await history.ask(outbox.after, 0, 1_000_000)]


async def cursor_of(history, name="ledger"):
    found = await history.ask(outbox.cursors)
    return next((each for each in found if each.name == name), None)


# --- which rows, and in which order


async def test_rows_come_in_order_and_once(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    for number in (1, 10, 2500, 3):
        await history.keep(events(number))
    await until(lambda: running.state()["sent"] == 2514)
    assert ledger.numbers() == await everything(history)
    state = running.state()
    assert (state["backlog"], state["oldest"], state["problem"], state["failed"]) == (0, "", "", 0)
    assert (state["rate"], state["lost"], state["refused"]) == (2514, 0, 0)
    assert json.loads(json.dumps(state)) == state


async def test_a_row_tells_all_that_is_known(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    rows = []
    ledger.trouble = rows.extend
    meter = MeterRow(ADCO, START + 1, "house", "historique", 3, "021528603313")
    await history.keep(
        Batch(
            {ADCO: meter},
            [a_reading(START, 5, 7, papp=900, state="000000")],
            [LabelRow(ADCO, START, "PPOT", "00", None)],
            [
                EventRow(ADCO, "house", START, "link", "ok", "why"),
                EventRow(None, "", START, "status", "alive", ""),
            ],
        )
    )
    await until(lambda: running.state()["sent"] == 4)
    reading, label, of_meter, of_gateway = rows
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    for row in (reading, label, of_meter):
        known = (row.adco, row.name, row.ts, row.mode, row.phases, row.replaces)
        assert known == (ADCO, "house", START, "historique", 3, "021528603313")
    assert reading.values["idx02"] == 7
    assert reading.values["papp"] == 900
    assert not {"meter_id", "seq", "ts", "local_dt"} & reading.values.keys()
    assert label.values == {"label": "PPOT", "value": "00", "horodate": None}
    assert of_meter.values == {"kind": "link", "value": "ok", "detail": "why"}
    assert (of_gateway.adco, of_gateway.name, of_gateway.mode) == ("", "", None)


async def test_a_new_output_begins_with_what_comes_from_now_on(history, forwarding, ledger, until):
    await history.keep(events(10))
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(3))
    await until(lambda: running.state()["sent"] == 3)
    assert ledger.numbers() == [11, 12, 13]


async def test_a_new_output_may_begin_with_all_that_is_kept(history, ledger, until):
    await history.keep(events(10))
    running = Forwarder("ledger", ledger, history, from_start=True)
    running.start()
    await history.keep(events(3))
    await until(lambda: running._remembered == 13)
    await running.stop()
    assert ledger.numbers() == list(range(1, 14))


async def test_after_an_outage_what_is_new_goes_first(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    ledger.trouble = raising(AWAY)
    await history.keep(events(3000))
    await until(lambda: running._progress.live == 3000)
    await history.keep(events(5))
    failed = running.state()["failed"]
    await until(lambda: running.state()["failed"] > failed + 1)  # it has seen them
    ledger.trouble = lambda rows: None
    await until(lambda: running.state()["sent"] == 3005)
    assert ledger.numbers() == [*range(3001, 3006), *range(1, 3001)]
    await until(lambda: running.state()["backlog"] == 0)
    await history.keep(events(1))
    await until(lambda: running.state()["sent"] == 3006)
    assert (await cursor_of(history)).seq == 3006


async def test_what_is_new_need_not_wait_for_what_is_missed(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    ledger.trouble = raising(AWAY)
    await history.keep(events(4500))
    await until(lambda: running._progress.live == 4500)
    let_go = threading.Semaphore(0)
    ledger.trouble = lambda rows: let_go.acquire(timeout=LONG_S)
    let_go.release()
    await until(lambda: running.state()["sent"] == 1000)
    await history.keep(events(2))
    for _ in range(99):
        let_go.release()
    await until(lambda: running.state()["sent"] == 4502)
    assert ledger.numbers().index(4502) < 4500 - 1000


async def test_a_target_that_wants_them_in_order_has_them_in_order(
    history, forwarding, tmp_path, until
):
    ledger = Ledger(tmp_path / "ordered", in_order=True)
    running = forwarding(ledger)
    await begun(running, until)
    ledger.trouble = raising(AWAY)
    await history.keep(events(3000))
    await until(lambda: running.state()["failed"] > 2)
    await history.keep(events(5))
    ledger.trouble = lambda rows: None
    await until(lambda: running.state()["sent"] == 3005)
    assert ledger.numbers() == list(range(1, 3006))


async def test_what_comes_at_once_in_thousands_is_not_what_is_new(
    history, forwarding, ledger, until
):
    """Such as an import."""
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(4000))
    await until(lambda: running.state()["backlog"] == 3000)
    assert running.state()["oldest"]
    await until(lambda: running.state()["sent"] == 4000)
    await until(lambda: running.state()["backlog"] == 0)
    assert sorted(ledger.numbers()) == list(range(1, 4001))


# --- stops, restarts and kills


async def test_the_next_start_goes_on_where_the_last_one_was(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(10))
    await until(lambda: running._remembered == 10)
    await running.stop()
    await history.keep(events(10))
    again = forwarding(ledger)
    await until(lambda: again.state()["sent"] == 10)
    assert ledger.numbers() == list(range(1, 21))


async def test_a_restart_in_the_middle_of_what_is_missed_loses_nothing(
    history, opened, forwarding, ledger, until, tmp_path
):
    running = forwarding(ledger)
    await begun(running, until)
    ledger.trouble = raising(AWAY)
    await history.keep(events(5000))
    await until(lambda: running._progress.live == 5000)
    await history.keep(events(5))
    let_go = threading.Semaphore(3)  # what is new, and two batches
    ledger.trouble = lambda rows: let_go.acquire(timeout=LONG_S)
    await until(lambda: running._remembered == 2000)
    await running.stop()
    await history.stop()
    let_go.release(99)

    later = opened(tmp_path / "history.db")
    again = forwarding(ledger, of=later)
    await later.keep(events(5))
    await until(lambda: again._remembered == 5010)
    sent = ledger.numbers()
    assert set(sent) == set(range(1, 5011))
    assert len(sent) <= 5010 + 1000 + 5  # what was on its way, and what was new


async def test_the_end_need_not_wait_for_a_target_that_hangs(
    history, forwarding, ledger, tmp_path, until
):
    let_go = threading.Event()
    ledger.trouble = lambda rows: let_go.wait(LONG_S)
    other = Ledger(tmp_path / "other")
    hanging, working = forwarding(ledger), forwarding(other, "other")
    await begun(hanging, until)
    await begun(working, until)
    await history.keep(events(5))
    await until(lambda: ledger.tried_s and other.numbers() == [1, 2, 3, 4, 5])
    async with asyncio.timeout(5):
        await hanging.stop()
    assert ledger.closed == 0  # one at a time
    let_go.set()
    await until(lambda: ledger.closed)
    await working.stop()
    assert other.closed == 1


async def test_any_number_of_outputs_have_everything(history, forwarding, tmp_path, until):
    ledgers = [Ledger(tmp_path / f"{number}") for number in range(8)]
    running = [forwarding(each, each.file.name) for each in ledgers]
    for each in running:
        await begun(each, until)
    ledgers[0].trouble = raising(AWAY)
    ledgers[1].trouble = raising(RefusedError("never"))  # everything: it has another fault
    for _ in range(5):
        await history.keep(events(20))
        await asyncio.sleep(0.01)
    await until(lambda: all(each._remembered == 100 for each in running[2:]))
    assert [each.numbers() for each in ledgers[2:]] == [list(range(1, 101))] * 6
    await until(lambda: running[1].state()["problem"] == "never")
    assert running[1].state()["refused"] == 0
    for name in "01":
        assert (await cursor_of(history, name)).backlog == 100


async def test_nothing_is_lost_by_chance(history, forwarding, ledger, until):
    """Any order of faults, refusals, stops and new rows."""
    chance = random.Random(7)  # noqa: S311  # no secret
    refused = set()

    def trouble(rows):
        if chance.random() < 0.1:
            raise TargetError("by chance")
        if any(row.seq % 997 == 0 for row in rows):
            if len(rows) == 1:
                refused.add(rows[0].seq)
            raise RefusedError("not by 997")

    running = forwarding(ledger)
    await begun(running, until)
    ledger.trouble = trouble
    for _ in range(40):
        await history.keep(events(chance.choice([1, 5, 300, 1500])))
        await asyncio.sleep(chance.uniform(0, 0.02))
        if chance.random() < 0.3:
            await running.stop()
            running = forwarding(ledger)
    last = (await everything(history))[-1]
    await until(lambda: running._remembered == last)
    assert set(ledger.numbers()) == set(range(1, last + 1)) - refused
    assert refused == set(range(997, last + 1, 997))


# --- what the target says


async def test_what_is_refused_is_set_aside_with_its_reason_and_the_rest_goes_on(
    history, forwarding, ledger, until, state_folder, caplog
):
    def trouble(rows):
        if any(row.seq in {3, 7} for row in rows):
            raise RefusedError("not this one")

    ledger.trouble = trouble
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(10))
    await until(lambda: running._remembered == 10)
    assert ledger.numbers() == [1, 2, 4, 5, 6, 8, 9, 10]
    state = running.state()
    assert (state["refused"], state["refused_reason"]) == (2, "not this one")
    assert (state["problem"], state["sent"], state["backlog"]) == ("", 8, 0)
    file = ledger.file.parent / "refused-ledger.jsonl"  # beside the history
    aside = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(row["seq"], row["reason"]) for row in aside] == [
        (3, "not this one"),
        (7, "not this one"),
    ]
    assert aside[0]["values"] == {"kind": "link", "value": "ok", "detail": ""}
    assert file.stat().st_mode & 0o777 == 0o600
    assert caplog.text.count("not this one") == 1


async def test_what_was_set_aside_is_not_set_aside_again(history, forwarding, ledger, until):
    away = True

    def trouble(rows):
        if any(row.seq == 2 for row in rows):
            raise RefusedError("not this one")
        if away and rows[0].seq > 5:
            raise AWAY

    ledger.trouble = trouble
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(10))
    await until(lambda: running.state()["failed"] > 2)
    away = False
    await until(lambda: running._remembered == 10)
    assert running.state()["refused"] == 1
    assert ledger.numbers() == [1, 3, 4, 5, 6, 7, 8, 9, 10]


async def test_what_is_set_aside_has_a_ceiling(history, forwarding, ledger, until, monkeypatch):
    monkeypatch.setattr(refusals_module, "_MAX_BYTES", 1000)

    def every_other(rows):
        if any(row.seq % 2 for row in rows):
            raise RefusedError("never")

    ledger.trouble = every_other
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(100))
    await until(lambda: running.state()["refused"] == 50)
    size = (ledger.file.parent / "refused-ledger.jsonl").stat().st_size
    assert 700 < size <= 1000


async def test_reasons_of_many_wordings_do_not_fill_the_log(tmp_path, caplog):
    aside = refusals_module.Refusals("ledger", tmp_path)
    for number in range(100):
        aside.add(Row(number, "event", "", "", START, {}), f"line {number}")
    assert len(caplog.records) == 20
    assert (aside.count, aside.reason) == (100, "line 99")


async def test_where_nothing_can_be_set_aside_it_is_counted(tmp_path, caplog):
    (tmp_path / "file").touch()
    aside = refusals_module.Refusals("ledger", tmp_path / "file")
    aside.add(Row(1, "event", "", "", START, {}), "never")
    assert aside.count == 1
    assert "cannot be written" in caplog.text


def odd(row):
    return row.seq % 2


def refusing(*numbers):
    """A trouble with these rows alone."""

    def trouble(rows):
        if any(row.seq in numbers for row in rows):
            raise RefusedError("not this one")

    return trouble


async def test_what_a_target_has_no_use_for_was_not_sent(history, forwarding, ledger, until):
    ledger.wants = odd
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(10))
    await until(lambda: running._remembered == 10)
    assert ledger.numbers() == [1, 3, 5, 7, 9]
    assert (running.state()["sent"], running.state()["rate"]) == (5, 5)
    assert running.state()["backlog"] == 0


def test_each_target_tells_how_many_rows_it_took():
    rows = [
        a_row(1, papp=500, idx01=7),
        a_row(2, "label", label="PPOT", value="00", horodate=None),
        a_row(3, "event", kind="link", value="ok", detail=""),
    ]
    server = HttpServer(b"ok")
    server.start()
    targets = (
        EmoncmsTarget(EmoncmsConfig(url=server.url, apikey="k" * 32)),
        InfluxdbTarget(InfluxdbConfig(url=server.url, database="house")),
        PushTarget(PushConfig(name="one", url=f"{server.url}/")),
        PushTarget(PushConfig(name="one", url=f"{server.url}/?power={{SINSTS}}")),
    )
    assert [target.send(rows) for target in targets] == [1, 3, 1, 0]
    assert [target.send(rows[1:]) for target in targets] == [0, 2, 0, 0]
    assert targets[2].send(rows) == 1  # not sent again, and there nevertheless
    assert len(server.requests) == 4
    for target in targets:
        target.close()
    server.stop()


async def test_what_it_has_no_use_for_does_not_prove_a_refusal(history, forwarding, ledger, until):
    """A server that refuses everything has another fault: nothing is set aside, nothing lost."""
    ledger.wants = odd
    ledger.trouble = raising(RefusedError("never"))
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(6))
    await until(lambda: running.state()["failed"] > 2)
    assert running.state()["refused"] == 0
    assert running.state()["backlog"] == 6
    ledger.trouble = lambda rows: None
    await until(lambda: running._remembered == 6)
    assert ledger.numbers() == [1, 3, 5]


async def test_what_proves_a_refusal_may_be_more_than_a_request_away(
    history, forwarding, ledger, until
):
    ledger.batch = 10
    ledger.wants = lambda row: row.seq in {3, 200}
    ledger.trouble = refusing(3)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(200))
    await until(lambda: running._remembered == 200)
    assert ledger.numbers() == [200]
    assert (running.state()["refused"], running.state()["backlog"]) == (1, 0)
    assert running._reach == 10


async def test_a_gap_that_ends_with_a_refusal_is_closed(
    history, forwarding, ledger, until, monkeypatch
):
    """What comes after it was there before; what the target took a moment ago proves as much."""
    monkeypatch.setattr("teleinfo_gateway.forwarding.progress._FAR", 5)
    ledger.trouble = raising(AWAY)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(10))
    await until(lambda: running._progress.live == 10)
    ledger.trouble = refusing(9, 10)
    await until(lambda: running.state()["problem"] == "not this one")
    assert running.state()["refused"] == 0
    await history.keep(events(1))
    await until(lambda: running._remembered == 11)
    assert sorted(ledger.numbers()) == [*range(1, 9), 11]
    state = running.state()
    assert (state["refused"], state["backlog"], state["problem"]) == (2, 0, "")


async def test_a_target_is_back_when_it_takes_something(history, forwarding, ledger, until, caplog):
    caplog.set_level("INFO")
    ledger.trouble = raising(AWAY)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(3))
    await until(lambda: running.state()["problem"] == "it is away")
    ledger.wants = lambda row: row.seq > 3  # such as rows that have become too old
    await until(lambda: running._remembered == 3)
    assert running.state()["problem"] == "it is away"
    ledger.trouble = lambda rows: None
    await history.keep(events(1))
    await until(lambda: running.state()["problem"] == "")
    assert caplog.text.count("go to") == 1


async def test_a_target_that_is_away_is_tried_less_and_less(
    history, forwarding, ledger, until, caplog, monkeypatch
):
    monkeypatch.setattr(forwarder_module, "_FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(forwarder_module, "_LAST_RETRY_S", 0.16)
    ledger.trouble = raising(AWAY)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(3))
    await until(lambda: len(ledger.tried_s) == 7)
    pauses = [later - before for before, later in itertools.pairwise(ledger.tried_s)]
    assert all(
        pause >= wait
        for pause, wait in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.16, 0.16), strict=True)
    )
    assert sum(pauses) < 10
    state = running.state()
    assert (state["problem"], state["backlog"]) == ("it is away", 3)
    assert state["oldest"].startswith("20")
    assert caplog.text.count("it is away") == 1
    ledger.trouble = lambda rows: None
    await until(lambda: running.state()["problem"] == "")
    assert ledger.numbers() == [1, 2, 3]


async def test_a_target_is_left_alone_as_long_as_it_asks(history, forwarding, ledger, until):
    ledger.trouble = raising(TargetError("too many", after_s=0.3))
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(3))
    await until(lambda: len(ledger.tried_s) == 3)
    assert all(later - before >= 0.3 for before, later in itertools.pairwise(ledger.tried_s))


async def test_a_fault_of_a_target_costs_no_row(history, forwarding, ledger, until, caplog):
    ledger.trouble = raising(ValueError("secret"))
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(3))
    await until(lambda: running.state()["failed"] == 3)
    assert running.state()["problem"] == "a fault of this program: ValueError"
    assert caplog.text.count("Traceback") == 1
    ledger.trouble = lambda rows: None
    await until(lambda: running.state()["sent"] == 3)


# --- what happens to the history


async def test_what_retention_takes_before_it_is_read_is_counted(
    history, forwarding, ledger, until
):
    ledger.trouble = raising(AWAY)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(days(10))
    assert await history.change(forget_before, START + 5 * DAY_S) == 0  # age alone takes nothing
    assert await history.change(forget_oldest_day) == 1
    assert await history.change(forget_oldest_day) == 1
    await until(lambda: running.state()["lost"] == 2)
    assert running.state()["backlog"] == 8
    ledger.trouble = lambda rows: None
    await until(lambda: running._remembered == 10)
    assert ledger.numbers() == list(range(3, 11))


async def test_what_retention_takes_of_a_gap_does_not_stop_it(
    history, forwarding, ledger, until, monkeypatch
):
    monkeypatch.setattr("teleinfo_gateway.forwarding.progress._FAR", 5)
    ledger.trouble = raising(AWAY)
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(days(10))
    await until(lambda: running._progress.live == 10)
    for _ in range(9):
        await history.change(forget_oldest_day)
    await history.keep(events(1))
    ledger.trouble = lambda rows: None
    await until(lambda: running._remembered == 11)
    assert sorted(ledger.numbers()) == await everything(history)


async def test_a_history_that_cannot_be_used_is_waited_for(
    opened, forwarding, ledger, until, tmp_path
):
    folder = tmp_path / "not yet"
    folder.touch()
    history = opened(folder / "history.db")
    running = forwarding(ledger, of=history)
    await until(lambda: running.state()["failed"] > 2)
    assert "cannot be opened" in running.state()["problem"]
    folder.unlink()
    await until(lambda: running.state()["problem"] == "")  # though there is nothing to send
    await history.keep(events(2))
    await until(lambda: running.state()["sent"] == 2)


async def test_a_history_that_took_the_place_of_another_is_sent_from_its_beginning(
    history, forwarding, ledger, until, tmp_path, caplog
):
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(50))
    await until(lambda: running._remembered == 50)
    for file in tmp_path.glob("history.db*"):
        file.unlink()
    history._keeper.ready = False  # as after anything that fails
    await history.keep(events(3))
    await until(lambda: len(ledger.numbers()) == 53)
    assert ledger.numbers()[50:] == [1, 2, 3]
    assert "another one" in caplog.text
    await until(lambda: running._remembered == 3)
    assert (await cursor_of(history)).seq == 3


async def test_a_cursor_that_somebody_removes_comes_back(history, forwarding, ledger, until):
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(5))
    await until(lambda: running._remembered == 5)
    await history.change(outbox.keep_cursors, set())
    await history.keep(events(5))
    await until(lambda: running._remembered == 10)
    assert (await cursor_of(history)).seq == 10
    assert ledger.numbers() == list(range(1, 11))


async def test_the_start_forgets_the_cursors_of_outputs_that_are_gone(
    history, forwarding, ledger, until, opened, tmp_path
):
    for name in ("ledger", "gone"):
        await begun(forwarding(ledger, name), until)
    await history.stop()
    later = opened(tmp_path / "history.db", {"ledger", "new"})
    await until(lambda: later._keeper.ready)
    assert await cursor_of(later)
    assert await cursor_of(later, "gone") is None
    # One that a reload brings is no reader of the start, and stays whatever fails.
    await begun(forwarding(ledger, "reloaded", of=later), until)
    later._keeper.ready = False
    await later.keep(events(1))
    assert await cursor_of(later, "reloaded")


async def test_gateways_that_share_a_database_leave_each_other_their_cursors(
    opened, until, database_server
):
    now = int(time.time())
    with database_server.database() as url:
        first = opened(url, {"ledger"})
        for name, used in (("ledger", now), ("of another", now), ("abandoned", now - 100 * DAY_S)):
            await first.change(outbox.add_cursor, name, used)
        second = opened(url, set())
        await until(lambda: second._keeper.ready)
        kept = await second.ask(outbox.cursors)
        assert {each.name for each in kept} == {"ledger", "of another"}
        await first.stop()
        await second.stop()


async def test_a_server_that_restarts_costs_nothing(
    opened, forwarding, ledger, until, database_server
):
    with database_server.database() as url:
        history = opened(url)
        running = forwarding(ledger, of=history)
        await begun(running, until)
        await history.keep(events(1500))
        await until(lambda: running._remembered == 1500)
        await asyncio.to_thread(database_server.stop)
        await until(lambda: running.state()["problem"])
        await asyncio.to_thread(database_server.start)
        await until(lambda: running.state()["problem"] == "")
        await history.keep(events(1500))
        await until(lambda: running._remembered == 3000)
        assert sorted(ledger.numbers()) == list(range(1, 3001))
        # What reads when a history stops would keep its connection.
        await until(lambda: history._asking._value == 2 and not history._writing.locked())
        await running.stop()
        await history.stop()


async def test_to_look_where_nothing_is_new_writes_nothing(
    history, forwarding, ledger, until, tmp_path
):
    running = forwarding(ledger)
    await begun(running, until)
    await history.keep(events(5))
    await until(lambda: running._remembered == 5)

    with contextlib.closing(sqlite3.connect(tmp_path / "history.db")) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        await asyncio.sleep(0.3)  # a dozen looks
        assert other.execute("PRAGMA data_version").fetchone() == before


# --- which rows are next


actions = st.lists(
    st.one_of(
        st.tuples(st.just("rows"), st.integers(1, 3000)),
        st.tuples(st.just("live"), st.integers(0, 1000)),
        st.tuples(st.just("missed"), st.integers(0, 1000)),
        st.tuples(st.sampled_from(["fault", "remember", "restart"]), st.just(0)),
    ),
    max_size=60,
)


class Model:
    """What a forwarder does with its progress, and what the target then has."""

    def __init__(self, *, in_order):
        self.in_order = in_order
        self.last = self.remembered = 0
        self.there = set()
        self.progress = Progress(0, in_order=in_order)

    def rows(self, number):
        self.last += number

    def live(self, number):
        until = min(self.last, self.progress.live + number)
        if until > self.progress.live:
            self._send(self.progress.live, until)
            self.progress.sent_live(until)

    def missed(self, number):
        until = min(self.progress.missed, self.progress.low + number)
        if self.progress.has_gap and until > self.progress.low:
            self._send(self.progress.low, until)
            self.progress.sent_missed(until)

    def fault(self, _):
        """After one, it looks how far it is behind."""
        self.progress.look_ahead(self.last)

    def remember(self, _):
        self.remembered = max(self.remembered, self.progress.confirmed)

    def restart(self, _):
        self.progress = Progress(self.remembered, in_order=self.in_order)
        self.fault(_)

    def _send(self, first, until):
        assert not self.in_order or set(range(1, first + 1)) <= self.there
        self.there.update(range(first + 1, until + 1))


@given(actions=actions, in_order=st.booleans())
@settings(deadline=None)
def test_no_row_is_passed_over_whatever_happens(actions, in_order):
    model = Model(in_order=in_order)
    for action, number in actions:
        getattr(model, action)(number)
        progress = model.progress
        assert progress.low <= progress.missed <= progress.live <= model.last
        assert set(range(1, progress.confirmed + 1)) <= model.there
        assert not (in_order and progress.has_gap)
    while model.progress.live < model.last or model.progress.has_gap:
        model.live(1000)
        model.missed(1000)
    assert model.there == set(range(1, model.last + 1))
    assert model.progress.confirmed == model.last
