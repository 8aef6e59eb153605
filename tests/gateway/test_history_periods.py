"""Hours, days, weeks, months and years of French legal time."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.history.periods import (
    Grain,
    end_of,
    local_day,
    local_time,
    midnight,
    start_of,
    starts,
)

PARIS = ZoneInfo("Europe/Paris")
GRAINS = st.sampled_from(Grain)
INSTANTS = st.integers(
    int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2099, 12, 31, tzinfo=UTC).timestamp()),
)


def at(*moment, fold=0):
    """The instant of a moment of legal time, by the time zone database."""
    return int(datetime(*moment, fold=fold, tzinfo=PARIS).timestamp())


@given(INSTANTS)
def test_legal_time_is_that_of_the_time_zone_database(ts):
    paris = datetime.fromtimestamp(ts, PARIS)
    assert local_time(ts) == paris.replace(tzinfo=None)
    assert local_day(ts) == paris.date()
    assert midnight(paris.date()) == at(paris.year, paris.month, paris.day)


@pytest.mark.parametrize(
    ("grain", "inside", "start", "end"),
    [
        (Grain.HOUR, (2026, 1, 14, 18, 50), (2026, 1, 14, 18), (2026, 1, 14, 19)),
        (Grain.DAY, (2026, 1, 14, 18, 50), (2026, 1, 14), (2026, 1, 15)),
        (Grain.WEEK, (2026, 1, 1, 0, 0), (2025, 12, 29), (2026, 1, 5)),
        (Grain.WEEK, (2026, 3, 29, 23, 59), (2026, 3, 23), (2026, 3, 30)),
        (Grain.MONTH, (2024, 2, 29, 23, 59), (2024, 2, 1), (2024, 3, 1)),
        (Grain.MONTH, (2026, 12, 31, 23, 59), (2026, 12, 1), (2027, 1, 1)),
        (Grain.YEAR, (2026, 1, 1), (2026, 1, 1), (2027, 1, 1)),
        (Grain.YEAR, (2026, 12, 31, 23, 59, 59), (2026, 1, 1), (2027, 1, 1)),
    ],
)
def test_a_period_begins_and_ends_in_legal_time(grain, inside, start, end):
    assert (start_of(grain, at(*inside)), end_of(grain, at(*inside))) == (at(*start), at(*end))


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)]
)
def test_a_day_has_23_24_or_25_hours(day, hours):
    begin = midnight(date(*day))
    assert len(list(starts(Grain.HOUR, begin, end_of(Grain.DAY, begin)))) == hours


def test_the_hour_that_comes_twice_is_two_hours():
    first, second = at(2026, 10, 25, 2, 30), at(2026, 10, 25, 2, 30, fold=1)
    assert local_time(first) == local_time(second)
    assert end_of(Grain.HOUR, first) == start_of(Grain.HOUR, second)


@given(GRAINS, INSTANTS)
def test_a_period_holds_its_instants_and_ends_where_the_next_begins(grain, ts):
    start, end = start_of(grain, ts), end_of(grain, ts)
    assert start <= ts < end
    assert {start_of(grain, start), start_of(grain, end - 1)} == {start}
    assert {end_of(grain, start), end_of(grain, end - 1)} == {end}
    assert start_of(grain, end) == end


@given(GRAINS, INSTANTS, st.integers(1, 40 * 86400))
def test_periods_cover_a_stretch_without_holes_or_overlap(grain, ts, length):
    found = list(starts(grain, ts, ts + length))
    assert found[0] == start_of(grain, ts)
    assert [end_of(grain, start) for start in found] == [
        *found[1:],
        end_of(grain, ts + length - 1),
    ]


@given(GRAINS, INSTANTS)
def test_no_period_overlaps_an_empty_stretch(grain, ts):
    begin = start_of(grain, ts)
    assert list(starts(grain, begin, begin)) == []


@given(INSTANTS)
def test_each_period_is_made_of_whole_finer_ones(ts):
    for finer, coarser in (
        (Grain.HOUR, Grain.DAY),
        (Grain.DAY, Grain.WEEK),
        (Grain.DAY, Grain.MONTH),
        (Grain.MONTH, Grain.YEAR),
    ):
        begin, end = start_of(coarser, ts), end_of(coarser, ts)
        parts = list(starts(finer, begin, end))
        assert (parts[0], end_of(finer, parts[-1])) == (begin, end)
