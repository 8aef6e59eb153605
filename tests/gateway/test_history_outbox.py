"""The sequence that durable outputs read: in order, without holes, and its loss is counted."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo_gateway.history.outbox import (
    Cursor,
    add_cursor,
    after,
    cursors,
    keep_cursors,
    move_cursor,
    slowest,
)
from teleinfo_gateway.history.periods import midnight
from teleinfo_gateway.history.retention import forget_before, forget_oldest_day
from teleinfo_gateway.history.sampling import EventRow, LabelRow
from teleinfo_gateway.history.schema import event, label, meter, reading

from . import histories
from .histories import ADCO, a_reading, put

history, memory = histories.history, histories.memory  # fixtures

DAY = midnight(date(2026, 1, 14))
DAY_S = 86400
WAIT_S = 50  # SQLite lets a writer wait by sleeping: a busy machine needs long


def rows_of(ts, number):
    """A reading, a label that changes and an event."""
    return (
        a_reading(ts, number),
        LabelRow(ADCO, ts, "PPOT", f"{number:02}", None),
        EventRow(ADCO, "house", ts, "link", "ok", ""),
    )


def put_days(connection, days):
    for number in range(days):
        put(connection, *rows_of(DAY + number * DAY_S, number))


def read_all(connection, limit, seq=0):
    """Everything behind a number, by pages."""
    found = []
    while page := after(connection, seq, limit):
        assert len(page) <= limit
        found += page
        seq = page[-1].seq
    return found


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=6), limit=st.integers(1, 12))
def test_pages_hold_every_row_once_and_in_order(memory, batches, limit):
    with memory() as connection:
        for number, counts in enumerate(batches):
            ts = DAY + 100 * number
            kinds = zip(*(rows_of(ts + n, 10 * number + n) for n in range(4)), strict=True)
            put(
                connection,
                *(row for kind, n in zip(kinds, counts, strict=True) for row in kind[:n]),
            )
        found = read_all(connection, limit)
        assert [entry.seq for entry in found] == list(range(1, sum(map(sum, batches)) + 1))
        for kind, total in zip(
            ("reading", "label", "event"), map(sum, zip(*batches, strict=True)), strict=False
        ):
            assert sum(entry.kind == kind for entry in found) == total


def test_a_row_has_the_columns_of_its_table(history):
    with history.writing() as connection:
        put(connection, *rows_of(DAY, 7))
    with history.reading() as connection:
        entries = after(connection, 0, 10)
    assert [entry.kind for entry in entries] == ["reading", "label", "event"]
    for entry, table in zip(entries, (reading, label, event), strict=True):
        assert set(entry.row) == set(table.c.keys())
    assert (entries[0].row["idx01"], entries[1].row["value"]) == (7, "07")


def test_two_who_write_at_once_leave_no_hole_and_what_is_seen_once_never_gets_older(history):
    """What a reader saw last is the end: nothing comes later in front of it."""
    batches, together = 6, Barrier(3)

    def write(first):
        together.wait(WAIT_S)
        for number in range(batches):
            with history.writing() as connection:
                put(connection, *rows_of(DAY + 1000 * number + first, 2 * number % 100 + first))

    def read():
        together.wait(WAIT_S)
        seen = []
        deadline_s = time.monotonic() + WAIT_S
        while len(seen) < expected and time.monotonic() < deadline_s:
            with history.reading() as connection:
                seen += after(connection, seen[-1].seq if seen else 0, 7)
        return [entry.seq for entry in seen]

    with history.writing() as connection:
        put(connection, EventRow(None, "", DAY, "status", "alive", ""))
    expected = 1 + 2 * batches * 3
    with ThreadPoolExecutor(3) as pool:
        reader, *writers = pool.submit(read), pool.submit(write, 0), pool.submit(write, 1)
        for writer in writers:
            writer.result(WAIT_S)
        assert reader.result(WAIT_S) == list(range(1, expected + 1))


def test_what_is_written_while_a_page_is_read_leaves_no_hole_in_it(history):
    """Each kind of row is looked up by a query of its own."""
    numbers = itertools.count(1)

    def write(*_):
        with history.writing() as connection:
            put(connection, *rows_of(DAY + (number := next(numbers)), number))

    write()
    with history.reading() as connection:
        sa.event.listen(connection, "after_cursor_execute", write)
        found = after(connection, 0, 99)
    assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
    assert next(numbers) > 4


def test_a_number_is_not_given_twice_when_a_writer_fails(history):
    with history.writing() as connection:
        put(connection, *rows_of(DAY, 1))
        connection.rollback()
    with history.writing() as connection:
        put(connection, *rows_of(DAY, 2))
        assert [entry.seq for entry in after(connection, 0, 10)] == [1, 2, 3]


def test_a_cursor_begins_at_the_end_or_before_all_and_stays_where_it_is(history):
    with history.writing() as connection:
        put_days(connection, 2)
        add_cursor(connection, "mqtt", 1)
        add_cursor(connection, "influx", 1, from_start=True)
        move_cursor(connection, "influx", 4, 2)
        add_cursor(connection, "influx", 3, from_start=True)
        assert cursors(connection) == [Cursor("influx", 4, 0, 2), Cursor("mqtt", 6, 0, 0)]
        assert slowest(connection) == 4


def test_a_cursor_never_moves_back(history):
    with history.writing() as connection:
        put_days(connection, 2)
        add_cursor(connection, "influx", 1, from_start=True)
        for seq in (5, 3, 5):
            move_cursor(connection, "influx", seq, 2)
        assert cursors(connection) == [Cursor("influx", 5, 0, 1)]


def test_cursors_of_outputs_that_are_gone_are_forgotten(history):
    with history.writing() as connection:
        for name in ("a", "b", "c"):
            add_cursor(connection, name, 1)
        keep_cursors(connection, {"b", "c", "d"})
        assert [one.name for one in cursors(connection)] == ["b", "c"]
        keep_cursors(connection, set())
        assert (cursors(connection), slowest(connection)) == ([], None)


def test_what_is_not_read_outlives_its_age(history):
    with history.writing() as connection:
        put_days(connection, 6)
        add_cursor(connection, "slow", 1, from_start=True)
        add_cursor(connection, "fast", 1)
        assert forget_before(connection, DAY + 4 * DAY_S) == 0
        move_cursor(connection, "slow", 7, 2)
        # The third day's label and event are not read; its reading is, but is one of the last two.
        assert forget_before(connection, DAY + 4 * DAY_S) == 2 + 2 + 2
        assert [entry.seq for entry in after(connection, 7, 99)] == list(range(8, 19))
        assert {one.lost for one in cursors(connection)} == {0}


def test_what_is_not_read_does_not_outlive_the_size_and_its_loss_is_counted(history):
    with history.writing() as connection:
        put_days(connection, 6)
        add_cursor(connection, "slow", 1, from_start=True)
        add_cursor(connection, "middle", 1, from_start=True)
        add_cursor(connection, "fast", 1)
        move_cursor(connection, "middle", 4, 2)
        assert forget_before(connection, DAY + 4 * DAY_S) == 0
        gone = 0
        for _ in range(2):
            gone += forget_oldest_day(connection)
        left = len(after(connection, 0, 99))
        found = {one.name: one for one in cursors(connection)}
        assert gone + left == 18
        assert found["slow"].lost == gone
        assert found["slow"].backlog == left
        assert found["middle"].lost == gone - 4 + sum(
            entry.seq <= 4 for entry in after(connection, 0, 99)
        )
        assert found["fast"] == Cursor("fast", 18, 0, 0)


@pytest.mark.parametrize(
    "way", [forget_before, lambda connection, _: forget_oldest_day(connection)]
)
def test_what_is_forgotten_is_told_exactly(memory, way):
    with memory() as connection:
        put_days(connection, 4)
        before = len(after(connection, 0, 99))
        gone = way(connection, DAY + 2 * DAY_S)
        assert before - len(after(connection, 0, 99)) == gone > 0
        assert connection.execute(sa.select(meter.c.kept_from)).scalar_one() > DAY
