"""What is written stays, once, and its sums are the same whatever the way they came."""

from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from teleinfo_gateway.history.periods import Grain, end_of, midnight, start_of
from teleinfo_gateway.history.retention import forget_before, forget_oldest_day, size_bytes
from teleinfo_gateway.history.sampling import EventRow, LabelRow, ReadingRow
from teleinfo_gateway.history.schema import (
    counter,
    event,
    label,
    metadata,
    meter,
    outage,
    period,
    reading,
)
from teleinfo_gateway.history.store import Batch, Stored, closed_days, store
from teleinfo_gateway.history.sums import sum_up

from . import histories
from .histories import ADCO, a_reading, energy, put, sums

history, memory = histories.history, histories.memory  # fixtures

DAY = midnight(date(2026, 1, 14))
HOUR_S, DAY_S = 3600, 86400


def rebuild(connection, adco=ADCO):
    """Make all sums anew whose readings are still there."""
    number, kept_from = connection.execute(
        sa.select(meter.c.id, meter.c.kept_from).where(meter.c.adco == adco)
    ).one()
    closed = closed_days(connection, adco)
    first, last = connection.execute(
        sa.select(sa.func.min(reading.c.ts), sa.func.max(reading.c.ts)).where(
            reading.c.meter_id == number
        )
    ).one()
    if first is not None:
        connection.execute(
            period.delete().where(
                period.c.meter_id == number,
                period.c.start_ts >= kept_from,
            )
        )
        sum_up(connection, number, max(first, kept_from), last, closed)


def forget_sums(connection):
    connection.execute(period.delete())
    connection.execute(outage.delete())


# --- the same sums


MIDNIGHTS = st.sampled_from(
    [
        midnight(date(*day))
        for day in ((2026, 1, 15), (2026, 1, 1), (2026, 3, 29), (2026, 10, 26), (2026, 2, 1))
    ]
)


@st.composite
def readings(draw, most=10):
    """Readings around a midnight, at any distance, often at full hours and at midnight itself."""
    ts = draw(MIDNIGHTS) - draw(st.sampled_from([0, 60, 3600, 50_000, 4 * DAY_S]))
    indexes, rows = [0, 0, 0], []
    for _ in range(draw(st.integers(1, most))):
        told = draw(st.sampled_from([True, True, True, False]))
        standard = draw(st.booleans())
        columns = dict(zip(("idx01", "idx02", "idx_inj"), indexes, strict=True)) if told else {}
        if not standard:
            columns.pop("idx_inj", None)
        elif told:
            columns["idx_total"] = sum(indexes)
        rows.append(
            ReadingRow(
                ADCO,
                ts,
                {
                    "interval_s": draw(st.sampled_from([1, 60, 170, 900])),
                    "optarif": draw(st.sampled_from(["HC..", "HC..", "HC..", "BASE", None])),
                    "slot": draw(st.integers(1, 2)),
                    "papp": draw(st.none() | st.integers(0, 9000)),
                    "papp_min": draw(st.none() | st.integers(0, 900)),
                    "papp_max": draw(st.none() | st.integers(900, 9000)),
                    **columns,
                },
            )
        )
        gap = draw(
            st.one_of(
                st.integers(1, 300),
                st.integers(1, 6 * HOUR_S),
                st.sampled_from([60, 180, HOUR_S, DAY_S, 9 * DAY_S, 33 * DAY_S]),
            )
        )
        to_the_hour = -ts % HOUR_S or HOUR_S
        ts += to_the_hour if draw(st.booleans()) and gap < HOUR_S else gap
        for slot in range(3):
            indexes[slot] += draw(st.sampled_from([0, 1, 7, 2500]))
        if draw(st.sampled_from([True, *[False] * 9])):
            indexes = [0, 0, 0]  # another counter
    return rows


@st.composite
def readings_in_any_order(draw):
    """The same readings twice: in order, and cut into batches that come in any order."""
    rows = draw(readings())
    order = draw(st.permutations(rows))
    cuts = sorted(draw(st.sets(st.integers(1, len(rows)))))
    batches = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    return rows, batches


@settings(deadline=None, max_examples=40)
@given(readings_in_any_order())
def test_sums_do_not_depend_on_the_order_or_the_batches(memory, rows_and_batches):
    rows, batches = rows_and_batches
    with memory() as connection:
        put(connection, *rows)
        at_once = sums(connection)
        forget_sums(connection)
        rebuild(connection)
        assert sums(connection) == at_once
    with memory() as connection:
        for batch in batches:
            put(connection, *batch)
        assert sums(connection) == at_once
        for batch in batches:
            put(connection, *batch)
        assert sums(connection) == at_once


@settings(deadline=None, max_examples=30)
@given(readings())
def test_each_period_is_its_parts_and_the_outages_that_cross_them(memory, rows):
    with memory() as connection:
        put(connection, *rows)
        apart = connection.execute(sa.select(outage)).all()
        for finer, coarser in (
            (Grain.HOUR, Grain.DAY),
            (Grain.DAY, Grain.MONTH),
            (Grain.MONTH, Grain.YEAR),
        ):
            expected = {}
            for start, wh in energy(connection, finer.value[0]).items():
                begin = start_of(coarser, start)
                expected[begin] = expected.get(begin, 0) + wh
            for one in apart:
                begin = start_of(coarser, one.start_ts)
                inside = one.end_ts <= end_of(coarser, begin)
                if inside and start_of(finer, one.start_ts) != start_of(finer, one.end_ts - 1):
                    expected[begin] = expected.get(begin, 0) + one.wh
            assert energy(connection, coarser.value[0]) == expected


def test_the_same_sums_on_each_database(history):
    rows = [
        a_reading(DAY - 90, 0, 0, papp=500, papp_min=400, papp_max=600, idx_inj=5, idx_total=9),
        a_reading(DAY - 30, 10, 0, papp=700, papp_min=300, papp_max=900, idx_inj=8, pinj=20),
        a_reading(DAY + 30, 30, 0, slot=2, papp=700, idx_inj=9),
        a_reading(DAY + 20 * HOUR_S, 40, 50),
        a_reading(DAY + 40 * DAY_S, 140, 50, optarif="HC.."),
        a_reading(DAY + 40 * DAY_S + 60, 140, 50, optarif="Tempo été", slot=10, idx10=2**40),
    ]
    with history.writing() as connection:
        assert put(connection, *rows) == Stored(6, 0, 0)
        at_once = sums(connection)
        assert energy(connection, "y") == {start_of(Grain.YEAR, DAY): 190 + 4}
        assert energy(connection, "h")[DAY - HOUR_S] == 10 + 10 + 3
        forget_sums(connection)
        rebuild(connection)
        assert sums(connection) == at_once
        connection.rollback()
    with history.writing() as connection:
        for row in reversed(rows):
            put(connection, row)
        assert sums(connection) == at_once


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_has_all_of_its_hours_when_the_clocks_change(memory, day, hours):
    begin = midnight(date(*day))
    with memory() as connection:
        put(connection, *(a_reading(begin + 900 * n, n, interval_s=900) for n in range(-8, 120)))
        assert energy(connection, "d")[begin] == hours * 4
        rows = connection.execute(
            sa.select(period).where(period.c.grain == "d", period.c.start_ts == begin)
        )
        assert [row.seconds for row in rows] == [hours * HOUR_S]


def test_the_energy_of_an_outage_is_where_all_of_it_lies(memory):
    month, year = start_of(Grain.MONTH, DAY), start_of(Grain.YEAR, DAY)
    with memory() as connection:
        put(connection, a_reading(DAY, 0), a_reading(DAY + 2 * HOUR_S, 1))
        assert [energy(connection, grain) for grain in "hdmy"] == [
            {},
            {DAY: 1},
            {month: 1},
            {year: 1},
        ]
        put(connection, a_reading(DAY + 2 * DAY_S, 11))
        assert [energy(connection, grain) for grain in "hdmy"] == [
            {},
            {DAY: 1},
            {month: 11},
            {year: 11},
        ]
        put(connection, a_reading(DAY + 40 * DAY_S, 111))
        assert [energy(connection, grain) for grain in "my"] == [{month: 11}, {year: 111}]
        put(connection, a_reading(DAY + 400 * DAY_S, 1111))
        assert energy(connection, "y") == {year: 111}
        assert sum(row.wh for row in connection.execute(sa.select(outage))) == 1111


def test_a_reading_of_the_full_hour_ends_the_outage_before_it(memory):
    with memory() as connection:
        put(connection, a_reading(DAY - 3000, 0))
        put(connection, a_reading(DAY, 10))
        assert energy(connection, "h") == {DAY - HOUR_S: 10}


def test_two_meters_do_not_mix(memory):
    with memory() as connection:
        put(connection, *(a_reading(DAY + n, n) for n in range(0, 600, 60)))
        alone = sums(connection)
        put(
            connection,
            *(a_reading(DAY + n, 7 * n, adco="041876097767") for n in range(0, 600, 30)),
            adco="041876097767",
        )
        assert sums(connection) == alone


# --- rows are there once


def test_a_reading_that_is_known_is_not_written_again(history):
    rows = [a_reading(DAY, 1), a_reading(DAY + 60, 2), a_reading(DAY, 1)]
    with history.writing() as connection:
        assert put(connection, *rows) == Stored(new=2)
        assert put(connection, *rows, a_reading(DAY + 120, 3)) == Stored(new=1, known=2)
        assert connection.execute(sa.select(sa.func.max(reading.c.seq))).scalar_one() == 3


def test_the_wall_clock_of_a_reading_is_legal_time(history):
    with history.writing() as connection:
        put(connection, a_reading(midnight(date(2026, 7, 1)), 1))
        assert (
            str(connection.execute(sa.select(reading.c.local_dt)).scalar_one())
            == "2026-07-01 00:00:00"
        )


def label_rows(connection):
    query = sa.select(label.c.label, label.c.ts, label.c.value, label.c.horodate)
    return [tuple(row) for row in connection.execute(query.order_by(label.c.label, label.c.ts))]


def a_label(ts, value, name="PPOT", horodate=None):
    return LabelRow(ADCO, ts, name, value, horodate)


def test_a_label_is_written_when_it_changes(history):
    with history.writing() as connection:
        put(
            connection, a_label(1, "00"), a_label(2, "00"), a_label(3, "02"), a_label(3, "7", "PRM")
        )
        put(connection, a_label(4, "02"), a_label(5, "00"), a_label(6, "00", horodate="H"))
        assert label_rows(connection) == [
            ("PPOT", 1, "00", None),
            ("PPOT", 3, "02", None),
            ("PPOT", 5, "00", None),
            ("PPOT", 6, "00", "H"),
            ("PRM", 3, "7", None),
        ]


def test_a_label_that_comes_late_is_compared_with_what_stood_then(history):
    with history.writing() as connection:
        put(connection, a_label(10, "00"), a_label(30, "02"))
        put(connection, a_label(5, "08"), a_label(20, "00"), a_label(25, "04"), a_label(30, "06"))
        assert [row[1:3] for row in label_rows(connection)] == [
            *((5, "08"), (10, "00"), (25, "04"), (30, "02")),
        ]


def test_an_event_is_written_with_its_meter_even_if_nothing_else_is_heard_of_it(history):
    with history.writing() as connection:
        put(connection, a_reading(DAY, 1))
        rows = [
            EventRow(ADCO, "house", DAY, "link", "lost", "x" * 3000),
            EventRow(None, "", DAY, "status", "v" * 200, ""),
        ]
        store(connection, Batch(events=rows))
        first, second = connection.execute(sa.select(event).order_by(event.c.seq)).all()
        assert (first.meter_id, first.name, len(first.detail)) == (1, "house", 2000)
        assert (second.meter_id, len(second.value)) == (None, 128)


def test_a_meter_is_as_last_told(history):
    with history.writing() as connection:
        put(connection, a_reading(DAY, 1), name="old", mode="historique", phases=1)
        put(
            connection, a_reading(DAY + 60, 1), name="new", mode="standard", replaces="041876097767"
        )
        put(connection, a_reading(DAY - 60, 1), name="older", phases=3)
        put(connection, a_reading(DAY + 90, 1), name=None)
        (found,) = connection.execute(sa.select(meter))
        assert tuple(found)[1:] == (
            *(ADCO, "new", "standard", 1, "041876097767", DAY - 60, DAY + 90, 0),
        )


# --- letting go


def some_days(days=6, every_s=2 * HOUR_S):
    """Readings of whole days from DAY on, some of them close to each other, some not."""
    for number, ts in enumerate(range(DAY, DAY + days * DAY_S, every_s)):
        yield a_reading(ts, 100 * number, papp=200)
        yield a_reading(ts + 60, 100 * number + 10, papp=300)


def kept(connection):
    """The times of the readings that are still there."""
    return list(connection.execute(sa.select(reading.c.ts).order_by(reading.c.ts)).scalars())


@settings(deadline=None, max_examples=40)
@given(readings(most=14), st.data())
def test_sums_stay_when_readings_go_and_when_they_are_made_anew(memory, rows, data):
    with memory() as connection:
        put(connection, *rows)
        whole = sums(connection)
        for border in data.draw(st.lists(st.sampled_from(rows), max_size=2)):
            forget_before(connection, border.ts)
            assert sums(connection) == whole
        rebuild(connection)
        assert sums(connection) == whole


@settings(deadline=None, max_examples=40)
@given(readings(most=14), st.data())
def test_what_comes_after_readings_went_is_summed_up_as_if_they_were_there(memory, rows, data):
    border = data.draw(st.sampled_from(rows)).ts
    early = [row for row in rows if row.ts < end_of(Grain.DAY, border)]
    with memory() as connection:
        put(connection, *rows)
        whole = sums(connection)
    with memory() as connection:
        put(connection, *early)
        forget_before(connection, border)
        put(connection, *(row for row in rows if row not in early))
        assert sums(connection) == whole


@settings(deadline=None, max_examples=40)
@given(readings(most=14), st.data())
def test_what_comes_late_does_not_change_a_day_whose_readings_are_gone(memory, rows, data):
    late = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.ts))
    early = [row for row in rows if row not in late]
    assume(early)
    with memory() as connection:
        put(connection, *early)
        forget_before(connection, data.draw(st.sampled_from(rows)).ts)
        closed = closed_days(connection, ADCO)

        def known_for_good():
            periods, outages = sums(connection)
            return [row for row in periods if row[0] in "hd" and row[1] in closed], [
                row for row in outages if start_of(Grain.DAY, row[3]) in closed
            ]

        before = known_for_good()
        stored = put(connection, *late)
        assert known_for_good() == before
        in_closed = [row for row in late if start_of(Grain.DAY, row.ts) in closed]
        assert (stored.new, stored.closed) == (len(late) - len(in_closed), len(in_closed))
        once = sums(connection)
        rebuild(connection)
        assert sums(connection) == once


def test_whole_days_go_but_for_the_readings_with_which_the_first_hour_begins(history):
    with history.writing() as connection:
        put(connection, *some_days(), a_label(DAY, "00"), EventRow(None, "", DAY, "status", "", ""))
        whole = sums(connection)
        assert forget_before(connection, DAY + 3 * DAY_S + HOUR_S) == 3 * 24 - 2 + 1
        last = DAY + 3 * DAY_S - 2 * HOUR_S
        assert kept(connection)[:3] == [last, last + 60, DAY + 3 * DAY_S]
        assert connection.execute(sa.select(meter.c.kept_from)).scalar_one() == DAY + 3 * DAY_S
        rebuild(connection)
        assert sums(connection) == whole


def test_the_first_hour_keeps_its_energy_though_the_last_reading_before_it_lost_its_indexes(memory):
    with memory() as connection:
        put(
            connection,
            *(a_reading(DAY - 90, 0), a_reading(DAY - 30), a_reading(DAY + 30, 12)),
            a_reading(DAY + DAY_S, 20),
        )
        whole = sums(connection)
        forget_before(connection, DAY)
        rebuild(connection)
        assert sums(connection) == whole


def test_readings_without_indexes_go_too(memory):
    with memory() as connection:
        put(connection, a_reading(DAY, 0), *(a_reading(DAY + n * HOUR_S) for n in range(1, 100)))
        forget_before(connection, DAY + 4 * DAY_S)
        assert kept(connection)[:3] == [DAY, DAY + 95 * HOUR_S, DAY + 96 * HOUR_S]


def test_what_comes_late_for_a_day_whose_readings_are_gone_is_refused_and_counted(history):
    with history.writing() as connection:
        put(connection, *some_days())
        forget_before(connection, DAY + 2 * DAY_S)
        whole = sums(connection)
        late = [a_reading(DAY + n * DAY_S + 600, 100) for n in range(2)]
        assert put(connection, *late) == Stored(closed=2)
        assert sums(connection) == whole
        assert put(connection, *late, a_reading(DAY + 2 * DAY_S + 30, 2405)) == Stored(1, 0, 2)


def test_a_day_that_lies_in_a_known_outage_is_known_too(memory):
    """Else its energy would be counted twice."""
    with memory() as connection:
        put(connection, a_reading(DAY, 0), a_reading(DAY + 5 * DAY_S, 500))
        put(connection, a_reading(DAY + 8 * DAY_S, 800))
        forget_before(connection, DAY + 7 * DAY_S)
        assert closed_days(connection, ADCO) == {DAY + n * DAY_S for n in range(7)}
        assert put(connection, a_reading(DAY + 2 * DAY_S, 7)) == Stored(closed=1)


def test_what_is_older_than_all_that_is_known_is_accepted(history):
    """In several batches, and though the first readings of the known days are gone."""
    old = [a_reading(DAY - 40 * DAY_S + n * HOUR_S, 10 * n) for n in range(48)]
    with history.writing() as connection:
        put(connection, *some_days())
        forget_before(connection, DAY + 3 * DAY_S)
        whole = sums(connection)
        closed = {ADCO: closed_days(connection, ADCO)}
        for rows in (old[20:], old[:20]):
            assert put(connection, *rows, closed=closed) == Stored(new=len(rows))
        periods, outages = sums(connection)
        assert [row for row in periods if row[1] >= start_of(Grain.YEAR, DAY)] == whole[0]
        assert [row for row in outages if row[3] >= DAY] == whole[1]
        assert sum(wh for day, wh in energy(connection, "d").items() if day < DAY) == 470
        assert put(connection, *old, closed=closed) == Stored(known=48)
        assert sums(connection) == [periods, outages]


def test_a_label_keeps_the_last_value_it_had(history):
    with history.writing() as connection:
        put(connection, a_reading(DAY, 0), a_reading(DAY + 9 * DAY_S, 1))
        put(connection, a_label(DAY, "00"), a_label(DAY + 1, "02"), a_label(DAY, "1", "PRM"))
        forget_before(connection, DAY + 5 * DAY_S)
        assert [row[:3] for row in label_rows(connection)] == [
            *(("PPOT", DAY + 1, "02"), ("PRM", DAY, "1")),
        ]


def test_the_oldest_days_go_one_by_one_until_only_the_newest_is_left(history):
    with history.writing() as connection:
        put(connection, *some_days(), a_reading(DAY - 30 * DAY_S, 0, adco="041876097767"))
        put(connection, EventRow(None, "", DAY + 3 * DAY_S, "status", "alive", ""))
        whole = sums(connection)
        gone = []
        while (rows := forget_oldest_day(connection)) is not None:
            gone.append(rows)
            assert len(gone) < 20
        assert sum(gone) == 5 * 24 - 2 + 1
        last = DAY + 5 * DAY_S - 2 * HOUR_S
        assert kept(connection)[:4] == [DAY - 30 * DAY_S, last, last + 60, DAY + 5 * DAY_S]
        assert sums(connection) == whole
        assert put(connection, a_reading(DAY + 6 * DAY_S - 60, 6000)) == Stored(new=1)


def test_there_is_no_oldest_day_of_an_empty_history(memory):
    with memory() as connection:
        assert forget_oldest_day(connection) is None
        assert forget_before(connection, DAY) == 0


def test_events_go_by_the_day_though_no_meter_is_ever_heard(memory):
    with memory() as connection:
        events = [EventRow(None, "", DAY + n * HOUR_S, "link", "", "") for n in range(50)]
        store(connection, Batch(events=events))
        assert [forget_oldest_day(connection) for _ in range(3)] == [24, 24, None]


def test_size_is_that_of_what_is_kept(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'history.db'}")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(counter.insert().values(name="seq", last=0))
        empty = size_bytes(connection)
        put(connection, *some_days(every_s=600))
        full = size_bytes(connection)
        assert full > empty + 50_000
        forget_before(connection, DAY + 5 * DAY_S)
        assert empty < size_bytes(connection) < full / 2
    engine.dispose()
