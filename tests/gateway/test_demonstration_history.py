"""The invented past of simulated meters: it agrees with itself and with the meter that goes on."""

import asyncio
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
import sqlalchemy as sa

from teleinfo_gateway.cli.demo import CONTRACTS, remember
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.contracts import option_of
from teleinfo_gateway.history.columns import INDEXES, contract
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.periods import Grain, local_day, start_of
from teleinfo_gateway.history.queries import known_meters
from teleinfo_gateway.history.schema import event, outage, period, reading
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.history.sums import code
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.simulation import (
    Installation,
    Past,
    SimulatedLine,
    SimulatedMeter,
    Tariff,
    gateway_events,
    simulated_meters,
)
from teleinfo_gateway.simulation import past as past_module
from tic import BY_NAME, INDEX_SLOTS, Decoder, Frame, Kind, Mode

START = datetime(2026, 1, 14, 18, 50, 17, tzinfo=UTC)  # red and white days are behind it
WAIT_S = 20
HOUSE, WORKSHOP = (meter.installation for meter in simulated_meters(START))
PRODUCER = Installation("roof", Mode.STANDARD, Tariff.BASE, phases=3, producer=True, seed=3)
KINDS = (HOUSE, WORKSHOP, PRODUCER, Installation(tariff=Tariff.EJP, overload=True, seed=5))
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.mode}-{kind.tariff}")

OFF = [  # of the gateway, in UTC; legal time is an hour ahead
    (datetime(2026, 1, 8, 20, 40, tzinfo=UTC), datetime(2026, 1, 9, 5, 50, tzinfo=UTC)),
    (datetime(2026, 1, 13, 12, 20, tzinfo=UTC), datetime(2026, 1, 13, 14, 5, tzinfo=UTC)),
]
WITHOUT = [  # between the reading before and the one after
    (datetime(2026, 1, 8, 20, 30, tzinfo=UTC), datetime(2026, 1, 9, 6, tzinfo=UTC)),
    (datetime(2026, 1, 13, 12, 19, tzinfo=UTC), datetime(2026, 1, 13, 14, 5, tzinfo=UTC)),
]


@pytest.fixture
def nine_days(monkeypatch):
    """A past that is made in a moment; both outages are in it."""
    monkeypatch.setattr(past_module, "_PAST_DAYS", 9)


@pytest.fixture
def database(tmp_path):
    made = Database(HistoryConfig(path=str(tmp_path / "history.db")))
    made.prepare()
    yield made
    made.close()


def as_stored(database, past):
    """The readings of a past, oldest first, after they were stored as they came."""
    rows = list(past.readings())
    for n in range(0, len(rows), 1000):
        part = rows[n : n + 1000]
        batch = Batch({past.installation.identity: past.meter(part[-1].ts)}, readings=part)
        with database.writing() as connection:
            store(connection, batch)
    return rows[::-1]


def told(row):
    """The indexes of a stored row or of its columns."""
    return {name: row[name] for name in INDEXES if row.get(name) is not None}


def drawn_and_injected(row):
    return sum(wh for name, wh in told(row).items() if name != "idx_total")


def seconds(instants):
    return [tuple(int(at.timestamp()) for at in pair) for pair in instants]


def rows_of(database, query):
    with database.reading() as connection:
        return connection.execute(query).all()


# --- the rows


@each_kind
def test_it_ends_with_what_the_meter_says_first(kind):
    newest = next(Past(kind, START).readings())
    items = Decoder().feed(SimulatedMeter(kind, START).frame(START))
    (frame,) = (item for item in items if isinstance(item, Frame))
    of_slot = {label: f"idx{slot:02}" for label, slot in INDEX_SLOTS.items()}
    of_slot |= {f"EASF{n:02}": f"idx{n:02}" for n in range(1, 11)}
    of_slot |= {"EAST": "idx_total", "EAIT": "idx_inj"}
    said = {
        of_slot[group.label]: int(group.value)
        for group in frame.groups
        if group.label in of_slot and BY_NAME[group.label].kind is Kind.INDEX
    }
    assert said
    assert told(newest.columns) == said
    assert newest.ts == int(START.timestamp())


@each_kind
def test_indexes_never_fall_and_what_counts_is_the_tariff_of_the_moment(nine_days, kind):
    rows = list(Past(kind, START).readings())[::-1]
    for before, after in pairwise(rows):
        earlier, later = told(before.columns), told(after.columns)
        assert all(earlier[name] <= later[name] for name in INDEXES if name in earlier)
        rising = {name for name in earlier if later[name] > earlier[name]}
        if after.ts - before.ts <= 1800:  # tariffs change on the half hour
            allowed = {f"idx{before.columns['slot']:02}", "idx_total", "idx_inj"}
            assert rising <= allowed
    assert drawn_and_injected(rows[-1].columns) > drawn_and_injected(rows[0].columns) + 20_000


def test_it_is_13_months_long_and_no_longer_than_a_database_bears():
    for kind in (HOUSE, WORKSHOP):
        days, rows, last = Counter(), 0, None
        for row in Past(kind, START).readings():
            days[local_day(row.ts)] += 1
            assert last is None or row.ts < last
            rows, last = rows + 1, row.ts
        assert len(days) == 396
        assert min(days.values()) >= 24 - 10  # the night of the outage
        assert rows < 14_000
        first = datetime.fromtimestamp(last, UTC)
        assert START - timedelta(days=396) < first < START - timedelta(days=395)


@each_kind
def test_the_same_start_gives_the_same_rows_each_time(nine_days, kind):
    past = Past(kind, START)
    again = Past(kind, START + timedelta(microseconds=999_999))
    assert list(past.readings()) == list(past.readings()) == list(again.readings())
    assert list(past.events()) == list(past.events()) == list(again.events())


def test_another_seed_has_another_past():
    one, other = (Past(Installation(seed=seed), START).readings() for seed in (1, 2))
    assert [row.columns["papp"] for row in islice(one, 50)] != [
        row.columns["papp"] for row in islice(other, 50)
    ]


def test_a_meter_that_was_new_has_no_past_before_that(nine_days):
    whole = sum(1 for _ in Past(Installation(tariff=Tariff.BASE), START).readings())
    rows = list(Past(Installation(tariff=Tariff.BASE, exchanges=1), START).readings())
    assert 0 < len(rows) < whole
    assert rows[-1].columns["idx01"] >= 0


def test_a_roof_injects_by_day_and_its_index_counts_it(monkeypatch):
    monkeypatch.setattr(past_module, "_PAST_DAYS", 2)
    rows = list(Past(PRODUCER, datetime(2026, 6, 20, 18, tzinfo=UTC)).readings())
    assert max(row.columns["pinj"] for row in rows) > 1000
    assert rows[0].columns["idx_inj"] > rows[-1].columns["idx_inj"] + 5000
    assert all(row.columns["papp_min"] == 0 for row in rows if row.columns["pinj"] > 0)


@each_kind
def test_no_reading_was_kept_while_the_gateway_was_off(kind):
    rows = list(islice(Past(kind, START).readings(), 3200))[::-1]
    gaps = [
        (before.ts, after.ts)
        for before, after in pairwise(rows)
        if after.ts - before.ts > max(180, before.columns["interval_s"])
    ]
    assert gaps == seconds(WITHOUT)


# --- the sums


@each_kind
def test_the_energy_of_hours_and_outages_is_the_difference_of_the_indexes(
    nine_days, database, kind
):
    rows = as_stored(database, Past(kind, START))
    counted = drawn_and_injected(rows[-1].columns) - drawn_and_injected(rows[0].columns)
    apart = rows_of(database, sa.select(outage))
    sums = {
        grain: rows_of(
            database, sa.select(sa.func.sum(period.c.wh)).where(period.c.grain == code(grain))
        )[0][0]
        for grain in (Grain.HOUR, Grain.DAY)
    }
    assert sums[Grain.HOUR] + sum(row.wh for row in apart) == counted
    night = sum(
        row.wh
        for row in apart
        if start_of(Grain.DAY, row.start_ts) != start_of(Grain.DAY, row.end_ts - 1)
    )
    assert night > 0
    assert sums[Grain.DAY] + night == counted


def test_the_mean_power_of_a_period_is_within_its_range(nine_days, database):
    as_stored(database, Past(HOUSE, START))
    powers = rows_of(database, sa.select(period).where(period.c.seconds > 0))
    assert powers
    for row in powers:
        assert row.papp_min <= row.va_seconds / row.seconds <= row.papp_max


def test_both_outages_are_known_and_no_other(nine_days, database):
    rows = as_stored(database, Past(HOUSE, START))
    spans = rows_of(database, sa.select(outage.c.start_ts, outage.c.end_ts, outage.c.optarif))
    assert {(row.start_ts, row.end_ts) for row in spans} == set(seconds(WITHOUT))
    assert {row.optarif for row in spans} == {contract("BBR(")}
    assert rows_of(database, sa.select(sa.func.count()).select_from(reading))[0][0] == len(rows)


# --- the events


def test_tempo_announces_its_colours_and_the_house_its_overloads():
    house, workshop = (list(Past(kind, START).events()) for kind in (HOUSE, WORKSHOP))
    assert {row.kind for row in house} == {"tariff", "tomorrow", "peak"}
    assert {row.value for row in house if row.kind == "tomorrow"} == {
        *("----", "BLEU", "BLAN", "ROUG"),
    }
    assert {row.kind for row in workshop} == {"tariff", "overload"}
    overloads = [row for row in workshop if row.kind == "overload"]
    assert 3 <= len(overloads) / 2 <= 5
    for begun, over in zip(overloads[::2], overloads[1::2], strict=True):
        assert begun.value != "none"
        assert "of 20 A" in begun.detail
        assert (over.value, over.ts - begun.ts) == ("none", 122)


@each_kind
def test_events_come_in_order_and_none_while_the_gateway_was_off(kind):
    rows = list(Past(kind, START).events())
    times = [row.ts for row in rows]
    assert times == sorted(times)
    assert all(ts >= (START - timedelta(days=31)).timestamp() for ts in times)
    for off, on in seconds(OFF):
        assert not [ts for ts in times if off <= ts <= on]
    assert all((row.adco, row.name) == (kind.identity, kind.name) for row in rows)


def test_the_gateway_told_that_it_went_off_and_came_back():
    told = [(row.ts, row.kind, row.value) for row in gateway_events(START)]
    assert [row for row in told if row[2] in {"stopped", "alive"}] == [
        (ts, "status", word)
        for off, on in seconds(OFF)
        for ts, word in ((off, "stopped"), (on, "alive"))
    ]


# --- what follows


def since(connection, ts):
    """The readings that tell indexes, from an instant on."""
    which = sa.and_(reading.c.ts >= ts, reading.c.idx01.is_not(None))
    query = sa.select(reading).where(which).order_by(reading.c.ts)
    return [dict(row) for row in connection.execute(query).mappings()]


def spans_and_times(connection):
    """The outages, and the times of the events in the order in which they were written."""
    spans = connection.execute(sa.select(outage.c.start_ts, outage.c.end_ts)).all()
    times = connection.execute(sa.select(event.c.ts).order_by(event.c.seq)).scalars()
    return {tuple(span) for span in spans}, list(times)


@pytest.mark.parametrize("kind", [HOUSE, WORKSHOP], ids=["house", "workshop"])
async def test_the_live_meter_goes_on_without_a_refusal_and_without_an_outage(
    nine_days, manager, kind, tmp_path, monkeypatch
):
    monkeypatch.setattr("teleinfo_gateway.history.output._FRESH_S", 0.0)
    meter = SimulatedMeter(kind, datetime.now(UTC))
    past = Past(kind, meter.start)
    ended = int(past.start.timestamp())
    async with SimulatedLine(meter) as line, asyncio.timeout(WAIT_S):
        running = manager(line, history=HistoryConfig(path=str(tmp_path / "history.db")))
        heard = running.bus.subscribe()
        await remember(running, [past], asyncio.Event())
        rows = []
        async for item in heard:
            assert not (isinstance(item, Event) and item.kind is EventKind.REFUSED), item
            if isinstance(item, Reading) and item.complete:
                rows = await running.history.ask(since, ended)
            if len(rows) > 1:
                break
        last, live = told(rows[0]), told(rows[1])
        assert (rows[0]["ts"], live.keys()) == (ended, last.keys())
        assert all(0 <= live[name] - last[name] < 100 for name in last)
        spans, times = await running.history.ask(spans_and_times)
    assert len(spans) == len({start for start, _ in spans}) == 2
    assert max(end for _, end in spans) < ended
    assert times == sorted(times)
    assert times[-1] >= ended > times[0]


async def test_the_history_knows_both_meters_by_their_names(nine_days, manager, tmp_path):
    pasts = [Past(kind, START) for kind in (HOUSE, WORKSHOP)]
    running = manager(history=HistoryConfig(path=str(tmp_path / "history.db")))
    async with asyncio.timeout(WAIT_S):
        await remember(running, pasts, asyncio.Event())
        known = {one.name: one for one in await running.history.ask(known_meters)}
    assert known.keys() == {"house", "workshop"}
    assert [known[name].phases for name in ("house", "workshop")] == [1, 3]
    for one in known.values():
        assert one.first_seen < (START - timedelta(days=8)).timestamp()
        assert one.last_seen == int(START.timestamp())


async def test_it_is_left_unfinished_when_the_gateway_stops(manager, tmp_path):
    running = manager(history=HistoryConfig(path=str(tmp_path / "history.db")))
    stop = asyncio.Event()
    async with asyncio.timeout(WAIT_S):
        remembering = asyncio.create_task(remember(running, [Past(HOUSE, START)], stop))
        rows = []
        while not rows:
            rows = await running.history.ask(since, 0)
        stop.set()
        await remembering
        rows = await running.history.ask(since, 0)
    assert rows[-1]["ts"] == int(START.timestamp())
    assert len(rows) < 2000


# --- the rest of the demonstration


def test_each_meter_has_the_contract_it_tells_and_there_is_one_to_compare_with():
    by_meter = {one.meter: one for one in CONTRACTS}
    for kind in (HOUSE, WORKSHOP):
        row = next(Past(kind, START).readings())
        assert by_meter[kind.name].option == option_of(str(row.columns["optarif"]))
    assert None in by_meter
    for one in CONTRACTS:
        assert one.price_on(local_day(int(START.timestamp())) - timedelta(days=396)) is not None
        assert all("demonstration" in price.source for price in one.prices)


def test_without_the_extra_sql_there_is_no_past_and_no_fault():
    program = """
import asyncio, sys
sys.modules["sqlalchemy"] = None
from teleinfo_gateway.cli.demo import remember
from teleinfo_gateway.config import Config, HistoryConfig
from teleinfo_gateway.manager import PluginManager

async def main():
    config = Config(xpl=None, web=None, history=HistoryConfig(path="/nowhere/history.db"))
    manager = PluginManager(config, demonstration=True)
    manager.start()
    await remember(manager, [], asyncio.Event())
    await manager.stop()

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr
