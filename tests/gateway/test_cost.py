"""Costs: nothing lost, nothing reckoned that is not known, prices of the right day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.config import load_config
from teleinfo_gateway.cost import Hour, NotComparableError, Stretch, Use, cents, cost
from teleinfo_gateway.slot_energy import slot_energy
from tic.horodate import legal_zone

HOUR = timedelta(hours=1)
TEMPO_SLOTS = ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")
FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)


def utc(text):
    """An instant written in legal time."""
    local = datetime.fromisoformat(text)
    return local.replace(tzinfo=legal_zone(local)).astimezone(UTC)


def use(first, last, option="BASE", wh=None, power_kva=6, **of_hours):
    """The same energy in each hour from the legal day ``first`` to ``last``, which is left out."""
    start, end = utc(first.isoformat()), utc(last.isoformat())
    hours = [
        Hour(start + index * HOUR, wh or {1: 1000}, **of_hours)
        for index in range((end - start) // HOUR)
    ]
    return Use(start, end, option, hours, power_kva=power_kva)


@pytest.fixture(scope="session")
def contract(tmp_path_factory):
    """The function that makes a contract; its prices are those of 2026 unless told otherwise."""
    file = tmp_path_factory.mktemp("contracts") / "teleinfo.yaml"

    def contract(option="BASE", energy="{BASE: 0.2}", keys="", more="", prices=None):
        first = f"from: 2026-01-01, subscription: {{6: 15.65, 9: 19.56}}, energy: {energy}{more}"
        prices = prices or [f"{{{first}, source: a bill}}"]
        text = f"contracts: [{{name: c, option: {option}, prices: [{', '.join(prices)}], {keys}}}]"
        file.write_text(text, encoding="utf-8")
        return load_config(file).contracts[0]

    return contract


@pytest.fixture(scope="session")
def base(contract):
    return contract()


@pytest.fixture(scope="session")
def off_peak(contract):
    return contract("HC", "{HC: 0.1, HP: 0.2}", 'off_peak: ["22:30-06:30"]')


@pytest.fixture(scope="session")
def any_contract(base, off_peak, tempo):
    return {"base": base, "off_peak": off_peak, "tempo": tempo}


@pytest.fixture(scope="session")
def tempo(contract):
    prices = ", ".join(f"{name}: {index}" for index, name in enumerate(TEMPO_SLOTS, 1))
    days = "{from: 2026-01-01, to: 2026-02-10, white: [2026-01-05], red: [2026-01-06]}"
    return contract("TEMPO", f"{{{prices}}}", f"days: [{days}]")


def wh_of(found):
    return {slot.name: slot.wh for slot in found.slots}


# The meter's own contract


def test_a_month_costs_its_energy_and_one_subscription(base):
    found = cost(base, use(FEBRUARY, MARCH))
    assert [(slot.slot, slot.name, slot.wh) for slot in found.slots] == [(1, "BASE", 672_000)]
    assert found.slots[0].euros == Decimal("134.4")
    assert found.subscription_euros == Decimal("15.65")
    assert (found.taxes_euros, found.injected_euros) == (0, 0)
    assert found.total_euros == Decimal("150.05")
    assert (found.complete, found.redistributed, found.estimated_wh) == (True, False, 0)
    assert found.seen_s == 28 * 86_400
    assert found.sources == ("a bill",)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_is_one_day_of_subscription_whatever_its_length(base, day, hours):
    first = date.fromisoformat(day)
    found = cost(base, use(first, first + timedelta(days=1)))
    assert found.slots[0].wh == hours * 1000
    length = 30 if first.month == 6 else 31
    assert found.subscription_euros == Decimal("15.65") / length


def test_each_slot_has_its_price(off_peak):
    found = cost(off_peak, use(FEBRUARY, MARCH, "HC..", {1: 100, 2: 300}))
    assert wh_of(found) == {"HC": 67_200, "HP": 201_600}
    assert [slot.euros for slot in found.slots] == [Decimal("6.72"), Decimal("40.32")]
    assert not found.redistributed


def test_slots_of_a_suppliers_own_calendar_have_their_names(contract):
    week_end = contract("HC SEM WE", "{A: 1, B: 2, C: 3}", "slots: [A, B, C]")
    found = cost(week_end, use(FEBRUARY, MARCH, "HC SEM WE       ", {1: 1, 3: 2, 4: 5}))
    assert wh_of(found) == {"A": 672, "B": 0, "C": 1344}
    assert (found.unknown_slot_wh, found.complete) == (5 * 672, False)


def test_a_price_applies_from_its_legal_day_on(contract):
    prices = [
        "{from: 2026-01-01, subscription: 31, energy: {BASE: 0.1}, source: old}",
        "{from: 2026-01-11, subscription: 62, energy: {BASE: 0.2}, source: new}",
    ]
    january = use(date(2026, 1, 1), FEBRUARY)
    found = cost(contract(prices=prices), january)
    assert found.slots[0].euros == Decimal("0.1") * 240 + Decimal("0.2") * 504
    assert found.subscription_euros == 10 * 1 + 21 * 2
    assert found.sources == ("old", "new")


def test_days_before_the_first_price_are_counted_not_priced(contract):
    prices = ["{from: 2026-01-11, subscription: 62, energy: {BASE: 0.2}, source: new}"]
    found = cost(contract(prices=prices), use(date(2026, 1, 1), FEBRUARY))
    assert (found.days_without_price, found.unpriced_wh) == (10, 240_000)
    assert found.total_euros == Decimal("0.2") * 504 + 21 * 2
    assert found.slots[0].wh == 744_000
    assert not found.complete


def test_a_power_without_a_price_has_none(base, contract):
    by_power = contract(energy="{BASE: {6: 0.2}}")
    for power_kva in (12, None):
        found = cost(base, use(FEBRUARY, MARCH, power_kva=power_kva))
        assert (found.days_without_price, found.subscription_euros) == (28, 0)
        assert (found.unpriced_wh, found.slots[0].euros) == (0, Decimal("134.4"))
        found = cost(by_power, use(FEBRUARY, MARCH, power_kva=power_kva))
        assert (found.unpriced_wh, found.slots[0].euros) == (672_000, 0)
        assert not found.complete


def test_the_power_of_the_contract_goes_before_that_of_the_meter(contract):
    assert cost(contract(keys="power: 9"), use(FEBRUARY, MARCH)).power_kva == 9


def test_energy_of_an_unknown_slot_is_priced_in_base_alone(base, off_peak):
    month = {0: 10, 1: 100}
    assert cost(base, use(FEBRUARY, MARCH, wh=month)).slots[0].wh == 672 * 110
    found = cost(off_peak, use(FEBRUARY, MARCH, "HC", month))
    assert (wh_of(found), found.unknown_slot_wh) == ({"HC": 67_200, "HP": 0}, 6720)
    assert not found.complete


def test_taxes_are_added_where_the_prices_have_none(contract):
    taxes = "{excise: 0.03, cta: {6: 2}, vat_energy: 20, vat_subscription: 5.5}"
    found = cost(contract(more=f", taxes: {taxes}"), use(FEBRUARY, MARCH))
    excise = Decimal("20.16")
    vat = (Decimal("134.4") + excise) / 5 + (Decimal("15.65") + 2) * Decimal("0.055")
    assert found.taxes_euros == excise + 2 + vat
    assert found.total_euros == Decimal("150.05") + found.taxes_euros


def test_a_tax_without_an_amount_at_this_power_is_not_taken_for_none(contract):
    found = cost(contract(more=", taxes: {cta: {9: 2}}"), use(FEBRUARY, MARCH))
    assert (found.days_without_price, found.complete) == (28, False)


def test_injected_energy_is_counted_and_paid_if_it_has_a_price(base, contract):
    month = use(FEBRUARY, MARCH, injected_wh=500)
    assert (cost(base, month).injected_wh, cost(base, month).injected_euros) == (336_000, 0)
    found = cost(contract(more=", injection: 0.04"), month)
    assert found.injected_euros == Decimal("13.44")
    assert found.total_euros == Decimal("150.05") - Decimal("13.44")


def test_an_outage_is_shared_by_time_where_a_price_changes(contract):
    prices = [
        "{from: 2026-01-01, subscription: 0, energy: {BASE: 1}, source: old}",
        "{from: 2026-02-01, subscription: 0, energy: {BASE: 2}, source: new}",
    ]
    outage = Stretch(utc("2026-01-31T18:00"), utc("2026-02-01T06:00"), {1: 1001})
    within = Stretch(utc("2026-02-02T18:00"), utc("2026-02-03T06:00"), {1: 1000})
    span = Use(utc("2026-01-31"), utc("2026-02-04"), "BASE", [], [outage, within])
    found = cost(contract(prices=prices), span)
    assert found.slots[0].euros == Decimal("0.5") + Decimal("1.002") + 2
    assert (found.slots[0].wh, found.estimated_wh) == (2001, 1001)


def test_energy_injected_in_an_outage_is_shared_by_time_too(contract):
    prices = [
        "{from: 2026-01-01, subscription: 0, energy: {BASE: 1}, injection: 1, source: old}",
        "{from: 2026-02-01, subscription: 0, energy: {BASE: 1}, injection: 2, source: new}",
    ]
    outage = Stretch(utc("2026-01-31T18:00"), utc("2026-02-01T06:00"), {}, injected_wh=1001)
    found = cost(
        contract(prices=prices), Use(utc("2026-01-31"), utc("2026-02-04"), "BASE", [], [outage])
    )
    assert (found.injected_wh, found.injected_euros) == (1001, Decimal("0.5") + Decimal("1.002"))


# Another contract


def test_base_takes_all(base):
    found = cost(base, use(FEBRUARY, MARCH, "BBR(", {3: 400, 6: 600}))
    assert (found.slots[0].wh, found.redistributed, found.estimated_wh) == (672_000, True, 0)


def test_off_peak_hours_are_taken_by_legal_time_and_shared_by_minutes_at_a_border(off_peak):
    for first in (date(2026, 1, 15), date(2026, 7, 15)):
        found = cost(off_peak, use(first, first + timedelta(days=1)))
        assert wh_of(found) == {"HC": 8000, "HP": 16_000}
        assert (found.redistributed, found.estimated_wh) == (True, 2000)


def test_on_the_days_that_legal_time_changes_no_hour_is_lost(off_peak):
    spring = cost(off_peak, use(date(2026, 3, 29), date(2026, 3, 30)))
    autumn = cost(off_peak, use(date(2026, 10, 25), date(2026, 10, 26)))
    assert wh_of(spring) == {"HC": 7000, "HP": 16_000}
    assert wh_of(autumn) == {"HC": 9000, "HP": 16_000}


def test_a_tempo_day_begins_at_six_and_unknown_days_are_not_reckoned(tempo):
    found = cost(tempo, use(date(2026, 1, 5), date(2026, 1, 8)))
    assert wh_of(found) == {
        "HCJB": 6000 + 2000,
        "HPJB": 16_000,
        "HCJW": 8000,
        "HPJW": 16_000,
        "HCJR": 8000,
        "HPJR": 16_000,
    }
    assert (found.complete, found.estimated_wh) == (True, 0)
    found = cost(tempo, use(date(2026, 2, 10), date(2026, 2, 13)))
    assert found.not_reckoned_wh == 48_000 - 6000
    assert (sum(wh_of(found).values()), found.complete) == (30_000, False)


def test_an_ejp_peak_lasts_from_seven_to_one(contract):
    ejp = contract(
        "EJP", "{HN: 1, PM: 2}", "days: [{from: 2026-01-05, to: 2026-01-06, peak: [2026-01-06]}]"
    )
    found = cost(ejp, use(date(2026, 1, 6), date(2026, 1, 8)))
    assert wh_of(found) == {"HN": 7000 + 6000, "PM": 18_000}
    assert found.not_reckoned_wh == 17_000


def test_a_tempo_meter_tells_the_colours_and_off_peak_hours_itself(tempo, contract):
    day = use(date(2026, 2, 20), date(2026, 2, 21), "TEMPO", {3: 100, 4: 200, 0: 1})
    found = cost(tempo, day)
    assert (wh_of(found)["HCJW"], found.not_reckoned_wh, found.redistributed) == (2400, 0, False)
    without_times = contract("HC", "{HC: 0.1, HP: 0.2}")
    found = cost(without_times, day)
    assert (wh_of(found), found.unknown_slot_wh) == ({"HC": 2400, "HP": 4800}, 24)
    assert found.redistributed


def test_an_outage_is_spread_over_its_time_and_said_to_be_an_estimate(off_peak):
    outage = Stretch(utc("2026-01-05T22:30"), utc("2026-01-06T22:30"), {1: 2000, 0: 401})
    asleep = Stretch(utc("2026-01-06T23:00"), utc("2026-01-07T05:00"), {1: 100})
    found = cost(off_peak, Use(utc("2026-01-05"), utc("2026-01-08"), "BASE", [], [outage, asleep]))
    assert wh_of(found) == {"HC": 800 + 100, "HP": 1601}
    assert found.estimated_wh == 2401


def test_what_cannot_be_compared_says_why(contract, off_peak):
    day = use(FEBRUARY, FEBRUARY + timedelta(days=1))
    with pytest.raises(NotComparableError, match="write its times under off_peak"):
        cost(contract("HC", "{HC: 0.1, HP: 0.2}"), day)
    with pytest.raises(NotComparableError, match="known to meters with X alone"):
        cost(contract("X", "{A: 1}", "slots: [A]"), day)


def test_another_power_has_its_subscription_and_says_how_often_it_would_not_do(base):
    month = use(FEBRUARY, MARCH, papp_max_va=6500)
    found = cost(base, month)
    assert (found.power_kva, found.hours_above_power) == (6, 672)
    found = cost(base, month, power_kva=9)
    assert (found.power_kva, found.hours_above_power) == (9, 0)
    assert found.subscription_euros == Decimal("19.56")
    assert cost(base, use(FEBRUARY, MARCH)).hours_above_power is None


def test_cents_are_rounded_as_on_a_bill():
    assert [str(cents(Decimal(text))) for text in ("1", "0.125", "-0.125", "2.344")] == [
        *("1.00", "0.13", "-0.13", "2.34")
    ]


# Whatever is asked

INSTANTS = st.integers(0, 500_000).map(
    lambda minutes: datetime(2025, 12, 31, 22, tzinfo=UTC) + timedelta(minutes=minutes)
)
SLOT_WH = st.dictionaries(st.integers(0, 7), st.integers(0, 10_000), max_size=3)
HOURS = st.lists(
    st.builds(lambda n, wh: Hour(datetime(2026, 1, 1, tzinfo=UTC) + n * HOUR, wh),
              st.integers(0, 9000), SLOT_WH), max_size=5
)  # fmt: skip
STRETCHES = st.lists(
    st.builds(lambda start, minutes, wh: Stretch(start, start + timedelta(minutes=minutes), wh),
              INSTANTS, st.integers(0, 5000), SLOT_WH), max_size=3
)  # fmt: skip


@given(HOURS, STRETCHES, st.sampled_from(["BASE", "HC", "BBR(", "X"]), st.data())
def test_no_watt_hour_is_lost_or_made(any_contract, hours, stretches, option, data):
    contract = any_contract[data.draw(st.sampled_from(sorted(any_contract)))]
    span = Use(utc("2026-01-01"), utc("2026-02-01"), option, hours, stretches, 6)
    found = cost(contract, span)
    reported = sum(wh_of(found).values()) + found.unknown_slot_wh + found.not_reckoned_wh
    assert reported == sum(sum(part.wh.values()) for part in (*hours, *stretches))
    assert all(wh >= 0 for wh in slot_energy(contract, span).wh.values())


@given(st.lists(INSTANTS, min_size=2, max_size=6, unique=True))
def test_the_parts_of_a_period_cost_what_it_costs(base, cuts):
    cuts.sort()
    parts = [
        cost(base, Use(start, end, "BASE", [], power_kva=6)).subscription_euros
        for start, end in pairwise(cuts)
    ]
    whole = cost(base, Use(cuts[0], cuts[-1], "BASE", [], power_kva=6)).subscription_euros
    assert abs(sum(parts) - whole) < Decimal("1e-20")
