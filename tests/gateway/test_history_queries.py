"""What the history answers: meters, energy by period, events, and series for charts."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teleinfo_gateway.history.periods import Grain, end_of, midnight, start_of
from teleinfo_gateway.history.queries import (
    UnknownMeterError,
    energy,
    events,
    known_meters,
    meter_ids,
    subscribed_kva,
)
from teleinfo_gateway.history.retention import forget_before
from teleinfo_gateway.history.rollup import Outage, Sum, Tariff
from teleinfo_gateway.history.sampling import EventRow, LabelRow
from teleinfo_gateway.history.series import series

from . import histories
from .histories import ADCO, a_reading, put

history, memory = histories.history, histories.memory  # fixtures

MONDAY = midnight(date(2026, 1, 12))
HOUR_S, DAY_S = 3600, 86400
HC = Tariff("HC..", 1)
OLD = "041876097767"


def wh(periods):
    """Start and Wh of each period, all tariffs together."""
    return [(one.start, sum(each.wh or 0 for each in one.sums.values())) for one in periods]


# --- meters


def test_a_meter_is_known_by_its_name_or_address_with_those_it_replaces(history):
    with history.writing() as connection:
        put(connection, a_reading(MONDAY, 1, adco=OLD), adco=OLD)
        put(connection, a_reading(MONDAY + 60, 1), replaces=OLD, phases=1)
        put(connection, a_reading(MONDAY, 1, adco="999999999999"), adco="999999999999", name=None)
        old, new, other = sorted(one.id for one in known_meters(connection))
        assert known_meters(connection)[0].adco == ADCO
        assert meter_ids(connection, "house") == meter_ids(connection, ADCO) == [new, old]
        assert meter_ids(connection, OLD) == [old]
        assert meter_ids(connection, "999999999999") == [other]
        with pytest.raises(UnknownMeterError) as caught:
            meter_ids(connection, "barn" * 50)
        assert str(caught.value) == (
            f"the history knows no meter {('barn' * 16)!r}; it has: house ({ADCO}), "
            f"house ({OLD}), ? (999999999999)"
        )


def test_meters_that_replace_each_other_in_a_circle_are_each_there_once(memory):
    with memory() as connection:
        put(connection, a_reading(MONDAY, 1, adco=OLD), adco=OLD, replaces=ADCO)
        put(connection, a_reading(MONDAY, 1), replaces=OLD)
        assert len(meter_ids(connection, ADCO)) == 2


def test_an_empty_history_knows_no_meter(memory):
    with memory() as connection, pytest.raises(UnknownMeterError, match="it has: none yet"):
        meter_ids(connection, "house")


@pytest.mark.parametrize(
    ("columns", "phases", "kva"),
    [
        ({"pref": 9, "isousc": 45}, 1, 9),
        ({"isousc": 45}, 1, 9),
        ({"isousc": 30}, 3, 18),
        ({}, 1, None),
    ],
)
def test_the_subscribed_power_is_that_last_told(history, columns, phases, kva):
    with history.writing() as connection:
        put(connection, a_reading(MONDAY, 1, **columns), a_reading(MONDAY + 60, 1), phases=phases)
        (known,) = known_meters(connection)
        assert subscribed_kva(connection, known) == kva


# --- energy


def test_energy_of_a_week_has_the_outages_that_cross_its_days(history):
    with history.writing() as connection:
        put(
            connection,
            a_reading(MONDAY + HOUR_S, 0),
            a_reading(MONDAY + HOUR_S + 60, 5),
            a_reading(MONDAY + 3 * DAY_S, 105),
            a_reading(MONDAY + 9 * DAY_S, 1105),
        )
        (first, second) = energy(connection, [1], Grain.WEEK, MONDAY, MONDAY + 14 * DAY_S)
        assert (first.start, first.end) == (MONDAY, MONDAY + 7 * DAY_S)
        assert first.sums[HC].wh == 105
        assert first.outages == [Outage(MONDAY + 3 * DAY_S, MONDAY + 9 * DAY_S, HC, 1000)]
        assert (second.start, wh([second])[0][1], second.outages) == (MONDAY + 7 * DAY_S, 0, [])


def test_energy_of_a_period_is_asked_for_by_any_instant_in_it(history):
    with history.writing() as connection:
        put(connection, *(a_reading(MONDAY + n * 60, n) for n in range(-100, 2000)))
        hour = MONDAY + 5 * HOUR_S
        assert wh(energy(connection, [1], Grain.HOUR, hour + 7, hour + 8)) == [(hour, 60)]
        assert wh(energy(connection, [1], Grain.HOUR, hour, hour + HOUR_S)) == [(hour, 60)]
        assert wh(energy(connection, [1], Grain.DAY, hour, hour + 1)) == [(MONDAY, 1440)]
        assert wh(energy(connection, [1], Grain.YEAR, hour, hour + 1)) == [
            (start_of(Grain.YEAR, hour), 2099),
        ]
        assert energy(connection, [1], Grain.DAY, hour + 9 * DAY_S, hour + 10 * DAY_S) == []


def test_an_outage_that_began_before_stands_at_the_first_period(history):
    with history.writing() as connection:
        put(connection, a_reading(MONDAY, 0), a_reading(MONDAY + 5 * DAY_S, 50))
        day = MONDAY + 2 * DAY_S
        (found,) = energy(connection, [1], Grain.DAY, day, day + DAY_S)
        assert (found.start, found.sums) == (day, {})
        assert [one.wh for one in found.outages] == [50]


def test_energy_of_a_meter_goes_on_with_that_of_the_one_before(history):
    with history.writing() as connection:
        put(
            connection,
            *(a_reading(MONDAY + n * 60, n, adco=OLD, papp=900, papp_max=900) for n in range(30)),
            adco=OLD,
        )
        put(
            connection,
            *(a_reading(MONDAY + n * 60, 2 * n, papp=300, papp_max=400) for n in range(30, 60)),
            replaces=OLD,
        )
        (found,) = energy(
            connection, meter_ids(connection, "house"), Grain.HOUR, MONDAY, MONDAY + 1
        )
        assert found.sums == {HC: Sum(29 + 58, 29 * 60 * (900 + 300), 300, 900, 2 * 29 * 60)}


@settings(deadline=None, max_examples=40)
@given(
    gaps=st.lists(
        st.sampled_from([60, 170, HOUR_S, 7 * HOUR_S, DAY_S, 3 * DAY_S]), min_size=1, max_size=12
    ),
    grain=st.sampled_from(Grain),
)
def test_all_periods_and_what_stands_apart_are_what_the_indexes_say(memory, gaps, grain):
    ts = [MONDAY - 12 * DAY_S]
    for gap in gaps:
        ts.append(ts[-1] + gap)
    with memory() as connection:
        put(connection, *(a_reading(one, 100 * n, 7 * n) for n, one in enumerate(ts)))
        found = energy(connection, [1], grain, ts[0], ts[-1] + 1)
    assert [one.start for one in found] == sorted({one.start for one in found})
    apart = [one for each in found for one in each.outages]
    assert sum(each for _, each in wh(found)) + sum(one.wh for one in apart) == 107 * len(gaps)
    for one in apart:
        assert end_of(grain, one.start) < one.end


# --- events


def test_events_are_the_newest_of_a_meter_and_kinds_page_by_page(history):
    with history.writing() as connection:
        put(connection, a_reading(MONDAY, 1), adco=ADCO)
        kinds = ("link", "refused", "status")
        rows = [EventRow(ADCO, "house", MONDAY + n, kinds[n % 3], str(n), "") for n in range(9)]
        put(connection, *rows, EventRow(None, "", MONDAY + 9, "status", "9", ""))

        def values(meters=None, kinds=(), before=None, limit=99):
            return [one.value for one in events(connection, meters, kinds, before, limit)]

        assert values() == list("9876543210")
        assert values([1]) == list("876543210")
        assert values([1], ["link", "status"], limit=3) == list("865")
        newest = events(connection, None, (), None, 4)
        assert values(before=newest[-1].seq, limit=2) == list("54")
        assert (newest[0].meter, newest[0].adco) == ("", None)
        assert (newest[1].meter, newest[1].adco, newest[1].ts) == ("house", ADCO, MONDAY + 8)
        assert values([]) == []


# --- series


def minutes(first, last, step_s=60, **columns):
    """Readings with a power that is never twice the same."""
    for number, ts in enumerate(range(first, last, step_s)):
        papp = 100 + number * 7919 % 5000
        yield a_reading(
            ts,
            number,
            **{
                "interval_s": step_s,
                "papp": papp,
                "papp_min": papp - 10,
                "papp_max": papp + 10,
                "u1": 230 + number % 3,
                **columns,
            },
        )


def test_a_short_stretch_is_given_reading_by_reading(history):
    with history.writing() as connection:
        put(connection, *minutes(MONDAY, MONDAY + 600))
        found = series(connection, [1], (MONDAY, MONDAY + 300), ["u1", "papp"], 10)
    assert (found.step_s, found.time) == (0, list(range(MONDAY, MONDAY + 300, 60)))
    assert found.slot == [1] * 5
    assert list(found.curves) == ["u1", "papp"]
    assert found.curves["u1"].value == [230, 231, 232, 230, 231]
    papp = found.curves["papp"]
    assert papp.min == [one - 10 for one in papp.value]
    assert papp.max == [one + 10 for one in papp.value]
    assert found.curves["u1"].min == []


def test_a_point_without_values_stands_where_readings_are_missing(history):
    with history.writing() as connection:
        put(connection, *minutes(MONDAY, MONDAY + 120), *minutes(MONDAY + 600, MONDAY + 720))
        found = series(connection, [1], (MONDAY, MONDAY + 720), ["u1"], 12)
    assert [ts - MONDAY for ts in found.time] == [0, 60, 120, 600, 660]
    assert [one is None for one in found.curves["u1"].value] == [False, False, True, False, False]
    assert found.slot[2] is None


@pytest.mark.parametrize(
    ("length", "points", "step"),
    [(HOUR_S, 20, 300), (12 * HOUR_S, 300, 300), (2 * DAY_S, 100, 1800), (2 * DAY_S, 48, HOUR_S)],
)
def test_the_mean_the_lowest_and_the_highest_of_a_step(history, length, points, step):
    """Of powers over an hour or more, by time; of anything else, and before, by reading."""
    rows = list(minutes(MONDAY, MONDAY + length))
    with history.writing() as connection:
        put(connection, *rows)
        found = series(connection, [1], (MONDAY, MONDAY + length), ["papp", "u1", "idx01"], points)
    assert found.step_s == step
    assert found.time == list(range(MONDAY, MONDAY + length, step))
    for number, ts in enumerate(found.time):
        inside = [row.columns for row in rows if ts <= row.ts < ts + step]
        for name, curve in found.curves.items():
            told = [one[name] for one in inside]
            if name == "idx01":
                assert curve.value[number] == max(told)
            elif name == "papp" and step >= HOUR_S and number == len(found.time) - 1:
                continue  # the last reading lasts until the next one, which is not there
            else:
                assert curve.value[number] == pytest.approx(sum(told) / len(told), abs=0.06)
        if step < HOUR_S:
            papp = found.curves["papp"]
            assert papp.min[number] == min(one["papp_min"] for one in inside)
            assert papp.max[number] == max(one["papp_max"] for one in inside)


def test_an_index_of_a_step_is_the_highest_though_the_tariff_changes_in_it(history):
    with history.writing() as connection:
        put(
            connection,
            *minutes(MONDAY, MONDAY + 900),
            *minutes(MONDAY + 900, MONDAY + 7200, slot=2, idx01=15),
        )
        found = series(connection, [1], (MONDAY, MONDAY + 7200), ["idx01", "u1"], 4)
    assert found.step_s == 1800
    assert found.curves["idx01"].value == [15.0] * 4
    assert found.curves["u1"].value == [231.0] * 4
    assert set(found.slot) <= {1, 2}
    assert found.slot[1:] == [2, 2, 2]


@settings(deadline=None, max_examples=40)
@given(
    length=st.integers(1, 40 * DAY_S),
    points=st.integers(1, 500),
    every_s=st.sampled_from([600, 1700, 5000]),
    names=st.sets(st.sampled_from(["papp", "u1", "idx01", "PPOT"])),
)
def test_there_are_about_as_many_points_as_asked_for(memory, length, points, every_s, names):
    with memory() as connection:
        put(connection, *minutes(MONDAY, MONDAY + 3 * DAY_S, every_s))
        found = series(connection, [1], (MONDAY, MONDAY + length), sorted(names), points)
    assert len(found.time) <= (points + 1 if found.step_s else 2 * points + 1)
    assert found.time == sorted(set(found.time))
    for curve in found.curves.values():
        assert len(curve.value) == len(found.time) == len(found.slot)


def test_readings_that_were_closer_once_are_not_given_one_by_one(memory):
    with memory() as connection:
        put(
            connection,
            *minutes(MONDAY, MONDAY + 600, 1),
            *minutes(MONDAY + 600, MONDAY + 1200, 170),
        )
        found = series(connection, [1], (MONDAY, MONDAY + 1200), ["papp"], 10)
    assert (found.step_s, len(found.time)) == (600, 2)


def test_a_hundred_years_are_not_more_points_than_a_day(memory):
    with memory() as connection:
        put(connection, *minutes(MONDAY, MONDAY + DAY_S))
        found = series(connection, [1], (0, MONDAY * 2), ["papp"], 50)
    assert len(found.time) <= 51
    assert sum(one is not None for one in found.curves["papp"].value) == 1


def test_hours_and_minutes_without_a_power_do_not_lower_the_mean(history):
    """Of a meter that told 900 VA, then lost PAPP for half an hour, then for two hours."""
    silent = range(MONDAY + 1800, MONDAY + 3 * HOUR_S, 60)
    rows = [
        a_reading(ts, 0, papp=None if ts in silent else 900)
        for ts in range(MONDAY, MONDAY + 6 * HOUR_S + 1, 60)
    ]
    with history.writing() as connection:
        put(connection, *rows)
        found = series(connection, [1], (MONDAY, MONDAY + 6 * HOUR_S), ["papp"], 1)
        (day,) = energy(connection, [1], Grain.DAY, MONDAY, MONDAY + 1)
    assert (found.step_s, set(found.curves["papp"].value)) == (6 * HOUR_S, {900.0})
    assert day.sums[HC].va_seconds == 900 * day.sums[HC].seconds == 900 * 6 * HOUR_S


def test_powers_of_long_steps_come_from_the_hours_and_outlive_the_readings(history):
    with history.writing() as connection:
        put(connection, *minutes(MONDAY, MONDAY + 3 * DAY_S, 600, pinj=50))
        names = ["papp", "pinj", "u1"]
        before = series(connection, [1], (MONDAY, MONDAY + 3 * DAY_S), names, 24)
        forget_before(connection, MONDAY + 2 * DAY_S)
        found = series(connection, [1], (MONDAY, MONDAY + 3 * DAY_S), names, 24)
    assert found.step_s == 3 * HOUR_S
    assert found.curves["papp"] == before.curves["papp"]
    assert found.curves["pinj"].value[:16] == [50.0] * 16
    assert found.curves["u1"].value[0] is None
    assert found.curves["u1"].value[-1] is not None
    assert set(found.slot) == set(before.slot) == {1}


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_steps_have_one_length_when_the_clocks_change(memory, day):
    begin, end = midnight(day), end_of(Grain.DAY, midnight(day))
    with memory() as connection:
        put(connection, *minutes(begin, end))
        found = series(connection, [1], (begin, end), ["papp"], 25)
    assert found.step_s == HOUR_S
    assert len(found.time) == (end - begin) // HOUR_S
    assert None not in found.curves["papp"].value


def test_hours_are_read_at_their_beginning_where_readings_are_many(memory, monkeypatch):
    monkeypatch.setattr("teleinfo_gateway.history.series._MAX_READINGS", 100)
    with memory() as connection:
        put(connection, *minutes(MONDAY, MONDAY + DAY_S))
        found = series(connection, [1], (MONDAY, MONDAY + DAY_S), ["u1"], 12)
    assert found.step_s == 2 * HOUR_S
    assert set(found.curves["u1"].value) == {231.0}


def test_a_label_holds_its_value_until_it_changes(history):
    with history.writing() as connection:
        put(connection, *minutes(MONDAY, MONDAY + 600))
        for ts, value in (
            (-9000, "00100"),
            (-5000, "00200"),
            (130, "00300"),
            (240, "x"),
            (300, "7"),
        ):
            put(connection, LabelRow(ADCO, MONDAY + ts, "SMAXSN", value, None))
        put(connection, LabelRow(ADCO, MONDAY, "UMOY1", "231", None))
        raw = series(connection, [1], (MONDAY, MONDAY + 360), ["SMAXSN", "nothing"], 10)
        steps = series(connection, [1], (MONDAY - 10800, MONDAY + 1800), ["SMAXSN"], 7)
        nothing = series(connection, [1], (0, 60), ["SMAXSN"], 7)
    assert raw.curves["SMAXSN"].value == [200, 200, 200, 300, None, 7]
    assert raw.curves["nothing"].value == [None] * 6
    assert steps.step_s == 1800
    assert steps.curves["SMAXSN"].value == [None, 100, 100, 200, 200, 200, 7]
    assert nothing.curves["SMAXSN"].value == []


def test_the_readings_of_a_meter_and_the_one_before_are_one_series(history):
    with history.writing() as connection:
        rows = [row._replace(adco=OLD) for row in minutes(MONDAY, MONDAY + 300)]
        put(connection, *rows, adco=OLD)
        put(connection, *minutes(MONDAY + 300, MONDAY + 600), replaces=OLD)
        meters = meter_ids(connection, "house")
        found = series(connection, meters, (MONDAY, MONDAY + 600), ["papp"], 10)
    assert len(found.time) == 10
    assert None not in found.curves["papp"].value
