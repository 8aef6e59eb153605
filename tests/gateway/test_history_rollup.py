"""Samples -> energy of hours and of outages: nothing is lost, nothing is invented."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.history.rollup import (
    INJECTED,
    UNKNOWN,
    Outage,
    Sample,
    Sum,
    Tariff,
    follows,
    roll_up,
    tells_energy,
)

HOUR = 1_800_000_000 - 1_800_000_000 % 3600
HC, HP = Tariff("HC..", 1), Tariff("HC..", 2)


def sample(ts, *indexes, slot=1, optarif="HC..", interval=60, **more):
    """A sample ``ts`` seconds after HOUR; its indexes are those of the slots 1, 2 and so on."""
    return Sample(HOUR + ts, interval, optarif, slot, dict(enumerate(indexes, 1)), **more)


def energy(rollup):
    """Wh by hour (counted from HOUR) and tariff."""
    return {
        ((start - HOUR) // 3600, tariff): one.wh
        for (start, tariff), one in rollup.hours.items()
        if one.wh is not None
    }


def outages(rollup):
    return [(start - HOUR, end - HOUR, tariff, wh) for start, end, tariff, wh in rollup.outages]


def crosses_hours(outage):
    return outage.start // 3600 != (outage.end - 1) // 3600


GAPS_S = st.one_of(st.integers(1, 200), st.integers(1, 9000), st.sampled_from([60, 180, 3600]))


@st.composite
def histories(draw, contracts=("HC..",), falls=False):
    """Samples of a meter: any spacing, with and without indexes, as each parameter allows."""
    ts, indexes, total, injected = HOUR + draw(st.integers(0, 3599)), [0, 0], 0, 0
    samples = []
    for _ in range(draw(st.integers(0, 12))):
        optarif = draw(st.sampled_from(contracts))
        told, standard = draw(st.sampled_from([True, True, False])), draw(st.booleans())
        slot = draw(st.integers(1, 2))
        samples.append(
            Sample(
                ts=ts,
                interval_s=draw(st.sampled_from([1, 10, 60, 170, 900])),
                optarif=optarif,
                slot=slot,
                slots=dict(enumerate(indexes, 1)) if told else {},
                total=total if told and standard else None,
                injected=injected if told and standard else None,
                papp=draw(st.none() | st.integers(0, 9000)),
                papp_min=draw(st.none() | st.integers(0, 900)),
                papp_max=draw(st.none() | st.integers(900, 9000)),
                pinj=draw(st.none() | st.integers(0, 9000)),
            )
        )
        gap = draw(GAPS_S)
        gap = gap if draw(st.booleans()) else -(-gap // 3600) * 3600 - ts % 3600 or 3600
        ts += gap
        most = min(5000, 13 * gap)  # 50 kW
        drawn = draw(st.integers(-50 if falls else 0, most))
        indexes[slot - 1], total = indexes[slot - 1] + drawn, total + drawn
        injected += draw(st.integers(-50 if falls else 0, most))
    return samples


@pytest.mark.parametrize(("seconds", "risen"), [(60, 2000), (3600, 52_000), (86_400, 1_300_000)])
def test_what_no_installation_can_draw_is_another_counter_and_no_energy(seconds, risen):
    before = Sample(HOUR, 60, "HC..", 1, {1: 5000, 2: 7000})
    assert not energy(roll_up([before, Sample(HOUR + seconds, 60, "HC..", 1, {1: 5000 + risen})]))
    assert not roll_up([before, Sample(HOUR + seconds, 60, "HC..", 1, {1: 5000 + risen})]).outages


@given(histories())
def test_hours_and_the_outages_that_cross_one_are_what_the_indexes_say(samples):
    rollup = roll_up(samples)
    found = Counter()
    for (_, tariff), one in rollup.hours.items():
        found[tariff] += one.wh or 0
    for outage in filter(crosses_hours, rollup.outages):
        found[outage.tariff] += outage.wh
    told = [one for one in samples if one.slots]
    expected = Counter()
    if told:
        first, last = told[0].slots, told[-1].slots
        expected = Counter({Tariff("HC..", slot): last[slot] - first[slot] for slot in (1, 2)})
    for before, after in pairwise(filter(tells_energy, samples)):
        if before.injected is not None and after.injected is not None:
            expected[INJECTED] += after.injected - before.injected
    assert +found == +expected


@given(histories(("HC..", "BASE", ""), falls=True))
def test_energy_is_never_negative(samples):
    rollup = roll_up(samples)
    assert all(one.wh is None or one.wh >= 0 for one in rollup.hours.values())
    assert all(outage.wh > 0 for outage in rollup.outages)


@given(histories(("HC..", "BASE"), falls=True))
def test_no_more_is_seen_of_an_hour_than_it_has(samples):
    seen, injected = Counter(), Counter()
    for (hour, tariff), one in roll_up(samples).hours.items():
        (injected if tariff == INJECTED else seen)[hour] += one.seconds
    assert max(seen.values(), default=0) <= 3600
    assert all(injected[hour] <= seen[hour] for hour in injected)
    assert seen.total() == sum(
        after.ts - before.ts for before, after in pairwise(samples) if follows(before, after)
    )


@given(histories())
def test_what_follows_closely_is_no_outage(samples):
    for outage in roll_up(samples).outages:
        assert outage.end - outage.start > 180


@given(histories())
def test_no_power_that_was_met_is_lost(samples):
    hours = [one for (_, tariff), one in roll_up(samples).hours.items() if tariff != INJECTED]
    met = [before.papp for before, after in pairwise(samples) if follows(before, after)]
    for name, extreme in (("papp_min", min), ("papp_max", max)):
        found, told = ([getattr(one, name) for one in each] for each in (hours, samples))
        assert extreme((va for va in found if va is not None), default=None) == extreme(
            (va for va in told + met if va is not None), default=None
        )


@given(histories())
def test_the_mean_of_an_hour_lies_in_its_range(samples):
    for one in roll_up(samples).hours.values():
        if one.powered_s:
            assert one.papp_min <= one.va_seconds / one.powered_s <= one.papp_max
            mean = one.va_seconds_of_all / one.seconds
            assert one.papp_min - 1 <= mean <= one.papp_max + 1
        else:
            assert one.va_seconds is None


def test_an_hour_has_the_power_that_still_stood_when_it_began():
    rollup = roll_up(
        [
            sample(1800, papp=8000, papp_max=8000, interval=1800),
            sample(3600, papp=100, papp_max=100, interval=1800),
            sample(5400, papp=100, papp_max=100, interval=1800),
        ]
    )
    assert [rollup.hours[HOUR + hour, HC].papp_max for hour in (0, 3600)] == [8000, 100]


def test_time_of_which_no_power_was_told_does_not_lower_the_mean():
    sums = roll_up([sample(0, papp=600), sample(60), sample(180)]).hours[HOUR, HC]
    assert (sums.va_seconds, sums.seconds, sums.powered_s) == (36_000, 180, 60)
    assert sums.va_seconds_of_all == 600 * 180
    both = sums.plus(Sum(None, None, None, None, 600))
    assert (both.va_seconds, both.seconds, both.powered_s) == (36_000, 780, 60)


@pytest.mark.parametrize(
    ("offset", "minutes", "lost"),
    [
        *((3630, 20, 0), (7230, 3, 0), (630, 10, 0), (110, 40, 40)),  # ahead, then set back
        *((-2600, 3, 20), (-2600, 40, 20), (-410, 5, 20)),  # behind, as after a power cut
    ],
)
def test_a_clock_that_was_wrong_for_a_while_makes_no_energy(offset, minutes, lost):
    """Readings of the wrong time stand between those of the right one."""
    samples = [
        sample(60 * minute + (offset if 60 <= minute < 60 + minutes else 0), 20 * minute, 500)
        for minute in range(400)
    ]
    rollup = roll_up(sorted(samples, key=lambda one: one.ts))
    apart = sum(one.wh for one in rollup.outages if crosses_hours(one))
    assert sum(energy(rollup).values()) + apart == 20 * 399 - lost


def test_an_index_that_begins_anew_counts_from_where_it_began():
    anew = [sample(0, 5000), sample(60, 0), sample(120, 30), sample(180, 31)]
    assert energy(roll_up(anew)) == {(0, HC): 31}


def test_energy_is_split_at_the_hour_by_time_and_no_watt_hour_is_lost():
    rollup = roll_up([sample(3580, 0), sample(3640, 10)])
    assert energy(rollup) == {(0, HC): 3, (1, HC): 7}
    assert outages(rollup) == []


def test_an_outage_inside_an_hour_is_in_that_hour():
    rollup = roll_up([sample(100, 0), sample(3000, 10)])
    assert energy(rollup) == {(0, HC): 10}
    assert outages(rollup) == [(100, 3000, HC, 10)]
    assert {one.seconds for one in rollup.hours.values()} == {0}


def test_an_outage_that_ends_with_the_hour_is_inside():
    assert energy(roll_up([sample(100, 0), sample(3600, 10)])) == {(0, HC): 10}


def test_an_outage_across_hours_is_in_none_of_them():
    rollup = roll_up([sample(100, 0, 0), sample(9000, 10, 20)])
    assert energy(rollup) == {}
    assert outages(rollup) == [(100, 9000, HC, 10), (100, 9000, HP, 20)]


@pytest.mark.parametrize(
    ("interval", "gap", "close"),
    [(1, 180, True), (1, 181, False), (60, 180, True), (170, 510, True), (170, 511, False)],
)
def test_samples_follow_each_other_up_to_180_s_or_three_intervals(interval, gap, close):
    assert follows(sample(0, interval=interval), sample(gap)) is close


def test_an_hour_in_which_nothing_was_drawn_has_0_in_the_current_slot_only():
    assert energy(roll_up([sample(0, 5, 7), sample(60, 5, 7)])) == {(0, HC): 0}


def test_a_sample_without_indexes_interrupts_the_time_but_not_the_energy():
    rollup = roll_up([sample(0, 0), sample(60, papp=100), sample(120, 10)])
    assert energy(rollup) == {(0, HC): 10}
    assert rollup.hours[HOUR, HC].seconds == 120


def test_energy_across_a_change_of_contract_is_told_by_the_total_only():
    changed = [sample(0, 5, 5, total=100), sample(60, 50, optarif="BASE", total=130)]
    assert energy(roll_up(changed)) == {(0, UNKNOWN): 30}
    assert energy(roll_up([one._replace(total=None) for one in changed])) == {}


def test_a_switch_of_mode_changes_nothing_of_the_slots():
    standard = sample(60, *range(10, 110, 10), slot=2, total=500)
    assert energy(roll_up([sample(0, 5, 5), standard, sample(120, 10, 26, slot=2)])) == {
        (0, HC): 5,
        (0, HP): 15 + 6,
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (sample(0, 5, 50), sample(60, 9, 49)),
        (sample(0, 5, injected=9), sample(60, 8, injected=8)),
        (sample(0, 5, total=9, injected=1), sample(60, 8, optarif="BASE", total=8, injected=2)),
    ],
    ids=["slot", "injected", "total"],
)
def test_an_index_that_falls_is_another_counter_and_nothing_is_known(before, after):
    assert energy(roll_up([before, after])) == {}
    assert energy(roll_up([before, after._replace(ts=before.ts + 9000)])) == {}


def test_a_new_counter_counts_from_its_first_sample_on():
    assert energy(roll_up([sample(0, 900), sample(60, 3), sample(120, 10)])) == {(0, HC): 7}


def test_injected_energy_and_power_stand_apart():
    rollup = roll_up(
        [
            sample(0, 5, injected=10, papp=0, pinj=600),
            sample(60, 5, injected=20, papp=0, pinj=900),
        ]
    )
    assert energy(rollup) == {(0, HC): 0, (0, INJECTED): 10}
    assert rollup.hours[HOUR, INJECTED] == Sum(10, 36000, 600, 600, 60)


def test_power_is_weighed_by_time_and_its_range_is_that_until_the_next_sample():
    rollup = roll_up(
        [
            sample(0, 0, papp=100, papp_min=90, papp_max=110),
            sample(10, 0, papp=400, papp_min=50, papp_max=700),
            sample(70, 0, papp=400, papp_min=350, papp_max=500),
        ]
    )
    assert rollup.hours[HOUR, HC] == Sum(0, 100 * 10 + 400 * 60, 50, 700, 70)


def test_time_and_power_are_of_the_tariff_at_their_beginning():
    rollup = roll_up(
        [sample(0, 0, 0, papp=100), sample(60, 2, 0, slot=2, papp=200), sample(120, 2, 3, slot=2)]
    )
    assert (rollup.hours[HOUR, HC].va_seconds, rollup.hours[HOUR, HP].va_seconds) == (6000, 12000)
    assert energy(rollup) == {(0, HC): 2, (0, HP): 3}


def test_two_sums_together():
    both = Sum(1, None, 5, None, 10).plus(Sum(2, 30, 4, 8, 20))
    assert both == Sum(3, 30, 4, 8, 30, untold_s=10)
    assert Sum().plus(Sum()) == Sum()


def test_few_samples_make_no_energy():
    assert roll_up([]).hours == {}
    alone = roll_up([sample(0, 5, papp_min=1, papp_max=2)])
    assert alone.hours == {(HOUR, HC): Sum(None, None, 1, 2, 0)}
    assert alone.outages == []
    assert Outage(0, 1, HC, 2).tariff == HC
