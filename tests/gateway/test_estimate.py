"""What is reckoned of a meter, against households and breakers whose truth is known."""

import itertools
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from teleinfo_gateway.estimate import Estimate, Estimator
from teleinfo_gateway.index_power import IndexPower
from teleinfo_gateway.load import BreakerFilter, Load
from teleinfo_gateway.readings import Reading
from teleinfo_gateway.simulation import SimulatedMeter
from teleinfo_gateway.simulation.installation import Installation
from teleinfo_gateway.simulation.tariffs import Tariff, state_at
from teleinfo_gateway.tempo import TempoCalendar
from teleinfo_gateway.web.representation import meter_states
from tic import Colour, Decoder, Frame, FrameKind, HistoriqueView, Mode

START = datetime(2026, 1, 14, 16, tzinfo=UTC)
ELECTRONIC = "001028000001"
LINKY = "002164000001"


def reading(mode=Mode.HISTORIQUE, address=ELECTRONIC, kind=FrameKind.LONG, time=START, **values):
    return Reading("house", address, time, mode, kind, True, values, values)


def told_by(installation, hours):
    """What a simulated meter says: (seconds, reading) for each frame."""
    meter = SimulatedMeter(installation, START)
    decoder, view = Decoder(), HistoriqueView()
    at = START
    while at < START + timedelta(hours=hours):
        data = meter.frame(at)
        at += timedelta(seconds=len(data) * installation.byte_s + 0.03)
        for frame in (item for item in decoder.feed(data) if isinstance(item, Frame)):
            values = {group.label: group.value for group in frame.groups}
            groups = view.translate(values) if frame.mode is Mode.STANDARD else frame.groups
            historique = {group.label: group.value for group in groups}
            told = Reading(
                "house", frame.meter, at, frame.mode, frame.kind, True, values, historique
            )
            yield (at - START).total_seconds(), told, meter.house


def after(*readings, every_s=1.5):
    """The estimate after these readings."""
    estimator = Estimator()
    for number, each in enumerate(readings):
        estimator.update(each, number * every_s)
    return estimator.estimate((len(readings) - 1) * every_s)


class Line:
    """A frame now and then, with an index that rises at a known power.

    The register is looked at every ``refresh_s`` seconds; 0 is all the time.
    """

    def __init__(self, period_s=1.5, refresh_s=1.0):
        self.index = IndexPower()
        self.now_s = 1000.3
        self.label = "HCHC"
        self._period_s = period_s
        self._refresh_s = refresh_s
        self._begin_s = self.now_s
        self._ws = 0.0

    def draw(self, watts, seconds):
        """Draw that power for that time: [(seconds since the change, power told)]."""
        told = []
        while self.now_s < self._begin_s + seconds:
            since_s = self.now_s - self._begin_s
            if self._refresh_s:
                since_s -= min(since_s, self.now_s % self._refresh_s)
            wh = int((self._ws + watts * since_s) // 3600)
            self.index.take({"HCHP": 7, "HCHC": 7} | {self.label: 7 + wh}, self.now_s)
            told.append((self.now_s - self._begin_s, self.index.power()))
            self.now_s += self._period_s
        self._begin_s += seconds
        self._ws += watts * seconds
        return told


# --- active power


@pytest.mark.parametrize("refresh_s", [0, 1])
@pytest.mark.parametrize("period_s", [0.93, 1.1, 1.5, 1.73, 3.0])
@pytest.mark.parametrize("watts", [20, 80, 230, 777, 1500, 2400, 3000, 5000, 9000, 20000])
def test_a_steady_load_is_known_within_5_percent_and_within_its_error(watts, period_s, refresh_s):
    a_wh_s = 3600 / watts
    for since_s, power in Line(period_s, refresh_s).draw(watts, max(600, 6 * a_wh_s)):
        if power is not None:
            assert abs(power.power_w - watts) <= power.error_w
        if since_s > 120 + 2 * a_wh_s:
            assert abs(power.power_w - watts) <= 0.05 * watts
            assert power.error_w <= 0.08 * watts


def test_the_window_adapts_to_the_load():
    windows_s = [Line().draw(watts, 1200)[-1][1].window_s for watts in (9000, 1000, 100, 20)]
    assert windows_s == sorted(windows_s)
    assert windows_s[0] < 35
    assert windows_s[-1] < 200


def test_nothing_is_told_before_it_is_known():
    told = Line().draw(500, 60)
    first_s = next(since_s for since_s, power in told if power)
    assert 10 < first_s < 30
    assert IndexPower().power() is None


@pytest.mark.parametrize(("before", "now"), [(60, 3000), (300, 1200), (9000, 2500), (20, 9000)])
def test_a_new_load_is_known_soon(before, now):
    line = Line()
    line.draw(before, 900)
    for since_s, power in line.draw(now, 200):
        if since_s > 25:
            assert abs(power.power_w - now) <= power.error_w
        if since_s > 90:
            assert abs(power.power_w - now) <= 0.05 * now


def test_a_load_that_is_gone_shows_before_the_next_wh():
    line = Line()
    line.draw(3000, 300)
    for since_s, power in line.draw(60, 300):
        if since_s > 6:
            assert abs(power.power_w - 60) <= power.error_w
        if since_s > 20:
            assert power.power_w < 250


def test_a_house_that_draws_nothing_is_known_to_after_ten_minutes():
    told = Line().draw(0, 7300)
    assert {power for since_s, power in told if since_s < 598} == {None}
    assert all(power.power_w < 6.1 for since_s, power in told if since_s > 602)
    assert round(told[-1][1].power_w) == 0


def test_a_wh_that_takes_longer_than_ten_minutes_tells_all_the_same():
    told = Line().draw(4, 3600)
    assert abs(told[-1][1].power_w - 4) < 0.1


def test_another_tariff_begins_a_new_window():
    line = Line()
    line.draw(1000, 300)
    line.label = "HCHP"
    line._ws = 0.0
    told = line.draw(1000, 300)
    seconds = [power.window_s for _, power in told[40:] if power]
    assert told[6][1] is None  # the two rises of the new index are not there yet
    assert max(seconds) < 60


def test_a_frame_that_lost_an_index_changes_nothing():
    line = Line()
    line.draw(1000, 120)
    before = line.index.power()
    line.index.take({"HCHC": 9999}, line.now_s)
    line.index.take({}, line.now_s)
    assert line.index.power() == before


def test_two_frames_handed_over_at_once_are_one():
    line = Line()
    for _ in range(40):
        line.draw(3000, 3)
        wh = int(line._ws // 3600)
        line.index.take({"HCHP": 7, "HCHC": 7 + wh}, line.now_s - 1.5)
    assert abs(line.index.power().power_w - 3000) < 150


@pytest.mark.parametrize(
    ("indexes", "later_s"),
    [
        ({"HCHP": 7, "HCHC": 3}, 1.5),  # it fell
        ({"HCHP": 7, "HCHC": 9999}, 1.5),  # set anew
        ({"BASE": 5000}, 1.5),  # another contract
        ({"HCHP": 7, "HCHC": 61}, 61),  # nobody listened
    ],
)
def test_what_breaks_the_sequence_begins_anew(indexes, later_s):
    line = Line()
    line.draw(1000, 120)
    assert line.index.power() is not None
    line.index.take(indexes, line.now_s + later_s)
    assert line.index.power() is None
    assert not line.index._rises


def test_what_is_kept_is_bounded():
    for watts, period_s in itertools.product((5, 100, 3600, 20000), (0.5, 1.5, 20)):
        line = Line(period_s)
        line.draw(watts, 3000)
        assert len(line.index._rises) <= 100


HOUSES = [
    Installation(),
    Installation(mode=Mode.STANDARD, tariff=Tariff.TEMPO, seed=2),
    Installation(phases=3, seed=3),
    Installation(mode=Mode.STANDARD, phases=3, producer=True, seed=4),
]


@pytest.mark.parametrize("installation", HOUSES, ids=lambda one: f"{one.mode}-{one.phases}")
def test_a_household_is_known_within_the_error_nearly_all_the_time(installation):
    """Two hours with kettles, ovens and a refrigerator; truth is the average over the window."""
    estimator = Estimator()
    asked = told = wrong = 0
    drawn_w = []  # of each second
    for now_s, said, house in told_by(installation, hours=2):
        while len(drawn_w) <= now_s:
            at = START + timedelta(seconds=len(drawn_w))
            drawn_w.append(max(0.0, sum(house.power_w(at))))
        estimator.update(said, now_s)
        if now_s < 120 or said.kind is FrameKind.SHORT:
            continue
        asked += 1
        estimate = estimator.estimate(now_s)
        if estimate.active_power_w is not None:
            told += 1
            window = drawn_w[-estimate.window_s - 1 :]
            true_w = sum(window) / len(window)
            wrong += abs(estimate.active_power_w - true_w) > estimate.error_w + 0.05 * true_w
    assert told > 0.97 * asked
    assert wrong < 0.01 * told


def test_what_a_producer_sells_is_told_apart_from_what_the_house_draws():
    readings = [
        reading(Mode.STANDARD, LINKY, EAST="000001000", EAIT=f"{n * 1.5 * 2000 / 3600:09.0f}")
        for n in range(500)
    ]
    estimate = after(*readings)
    assert abs(estimate.injected_power_w - 2000) < 100
    assert estimate.active_power_w <= 6
    assert after(reading(EASTX="1")).injected_power_w is None


# --- load and margins


def standard(*drawn_va, pref="09", pcoup="09", **changes):
    values = {"PREF": pref, "PCOUP": pcoup, "SINSTS": f"{sum(drawn_va):05}"}
    for phase, va in enumerate(drawn_va, 1):
        values[f"IRMS{phase}"] = f"{round(va / 230):03}"
        if len(drawn_va) > 1:
            values[f"SINSTS{phase}"] = f"{va:05}"
    return reading(Mode.STANDARD, LINKY, **values | changes)


THREE = {"IINST1": "002", "IINST2": "018", "IINST3": "005", "ISOUSC": "20", "PAPP": "05800"}


@pytest.mark.parametrize(
    ("said", "percent", "margin_va", "margin_a"),
    [
        (reading(ISOUSC="45", IINST="020", PAPP="04500"), 50, 4500, 25),
        (reading(ISOUSC="45", IINST="045", PAPP="10350"), 115, -1350, 0),
        (reading(ISOUSC="30", IINST="015"), 50, 3000, 15),  # no PAPP on the oldest
        (reading(**THREE), 90, 400, 2),  # the worst phase, at 200 VA for each A
        (standard(4500), 50, 4500, 25),
        (standard(9900), 110, -900, 2),
        (standard(0, IRMS1="010"), 0, 9000, 45),  # what is injected is not drawn
        (standard(1000, 3600, 0, pref="12", IRMS3="009"), 90, 400, 4),
        (reading(Mode.STANDARD, PREF="06", SINST1="03000", IRMS1="013"), 50, 3000, 17),  # pilot
        (reading(ISOUSC="00", IINST="001"), None, None, None),
        (reading(PAPP="00500", ISOUSC="45"), None, None, None),
        (reading(Mode.STANDARD, SINSTS="00500", IRMS1="002"), None, None, None),
    ],
)
def test_the_worst_phase_tells_load_and_margin(said, percent, margin_va, margin_a):
    told = after(said)
    assert (told.load_percent, told.margin_va, told.margin_a) == (percent, margin_va, margin_a)


def test_short_frames_tell_the_load_against_what_long_ones_said():
    short = reading(kind=FrameKind.SHORT, IINST1="002", IINST2="024", IINST3="005")
    assert after(short).load_percent is None
    told = after(reading(**THREE), short)
    assert (told.load_percent, told.margin_a) == (120, -4)


def test_a_three_phase_frame_that_lost_a_phase_is_not_taken_for_a_single_phase_one():
    whole = standard(1000, 3600, 100, pref="12")
    damaged = {label: value for label, value in whole.values.items() if label != "SINSTS2"}
    assert after(reading(Mode.STANDARD, LINKY, **damaged)).load_percent is None
    assert after(whole, reading(Mode.STANDARD, LINKY, **damaged)).load_percent == 90


# --- the breaker


def first_second_above(filtered, power_va, limit_va2):
    """By the rule itself, second by second."""
    for second in range(1, 100_000):
        filtered = 0.008 * power_va**2 + 0.992 * filtered
        if filtered >= limit_va2:
            return second
    return None


@given(st.integers(0, 11000), st.integers(0, 600), st.integers(11800, 40000))
def test_the_seconds_to_the_breaker_are_those_of_the_rule(before_va, waited_s, power_va):
    """PCOUP 9 kVA: it opens at 11.7 kVA, filtered."""
    breaker, filtered = BreakerFilter(), float(min(before_va, 9000) ** 2)
    light, heavy = (Load((va,), (0,), 9000, 45, 9000.0) for va in (before_va, power_va))
    for second in range(waited_s + 1):
        breaker.take(light, float(second))
        if second:
            filtered = 0.008 * before_va**2 + 0.992 * filtered
    assert breaker.opens_in_s(light) is None
    seconds = breaker.opens_in_s(heavy)
    assert abs(seconds - first_second_above(filtered, power_va, 11700**2)) <= 1


def test_the_filter_is_followed_whatever_the_time_between_frames():
    """The time left goes down by what has passed, and the breaker opens when it is over."""
    breaker = BreakerFilter()
    load = Load((15000,), (65,), 9000, 45, 9000.0)
    breaker.take(Load((2000,), (9,), 9000, 45, 9000.0), 0.0)
    breaker.take(load, 0.9)
    begin_s = breaker.opens_in_s(load)
    now_s = 0.9
    for pause_s in (0.7, 1.5, 3, 0.93, 20, 5):
        now_s += pause_s
        breaker.take(load, now_s)
        assert abs(breaker.opens_in_s(load) - (begin_s + 0.9 - now_s)) <= 1
    breaker.take(load, now_s + 59)
    breaker.take(load, now_s + 110)
    assert breaker.opens_in_s(load) == 0


def test_a_short_peak_is_no_danger_and_a_long_one_is():
    calm, peak = standard(2000), standard(15000)
    assert after(*[calm] * 40).breaker_s is None
    soon = after(*[calm] * 40, *[peak] * 2).breaker_s
    sooner = after(*[calm] * 40, *[peak] * 40).breaker_s
    assert 60 < sooner + 50 < soon < 140
    assert after(*[calm] * 40, *[peak] * 40, calm).breaker_s is None


def test_the_past_that_nobody_heard_is_not_taken_for_an_overload():
    assert after(standard(15000)).breaker_s > 30


def test_a_pause_makes_the_filter_begin_anew():
    breaker = BreakerFilter()
    load = Load((15000,), (65,), 9000, 45, 9000.0)
    breaker.take(Load((0,), (0,), 9000, 45, 9000.0), 0.0)
    breaker.take(load, 61.0)
    assert breaker._filtered == (9000.0**2,)


def test_the_first_phase_to_open_counts():
    """12 kVA on three phases: each opens at 5.2 kVA."""

    def opens_in_s(*drawn_va):
        return after(standard(*drawn_va, pref="12", pcoup="12")).breaker_s

    assert opens_in_s(6000, 7000, 100) == opens_in_s(100, 7000, 100) < opens_in_s(6000, 100, 100)
    assert opens_in_s(5000, 5000, 5000) is None


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (reading(address=LINKY, ISOUSC="45", IINST="070", PAPP="16000"), True),
        (reading(address=ELECTRONIC, ISOUSC="45", IINST="070", PAPP="16000"), False),
        (reading(address=LINKY, ISOUSC="45", IINST="070"), False),
        (reading(address=LINKY, **THREE | {"IINST2": "060"}), False),
    ],
)
def test_in_historique_mode_only_a_single_phase_linky_tells_enough(said, known):
    assert (after(said).breaker_s is not None) is known


# --- Tempo


def legal(day, hour, minute=0):
    """An instant of January 2026 in legal time, an hour before UTC."""
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def tempo_after(*periods):
    """The calendar after (instant, PTEC[, DEMAIN])."""
    calendar = TempoCalendar()
    for time, period, *tomorrow in periods:
        told = {"PTEC": period} | ({"DEMAIN": tomorrow[0]} if tomorrow else {})
        calendar.take(told, time)
    return calendar


def test_a_tempo_day_runs_from_6_to_6():
    calendar = tempo_after(
        (legal(14, 7), "HPJR"),
        (legal(14, 23), "HCJR"),
        (legal(15, 5, 49), "HCJR", "BLEU"),
        (legal(15, 6, 11), "HPJB", "----"),
    )
    now = calendar.at(legal(15, 6, 12))
    assert (now.red, now.blue, now.white) == (1, 1, 0)
    assert (now.today, now.tomorrow) == (Colour.BLUE, None)
    before = calendar.at(legal(15, 5))
    assert (before.red, before.blue) == (1, 0)


def test_the_colour_of_tomorrow_is_told_when_it_is_announced():
    calendar = tempo_after((legal(14, 19), "HPJB", "----"))
    assert calendar.at(legal(14, 19)).tomorrow is None
    calendar.take({"PTEC": "HPJB", "DEMAIN": "ROUG"}, legal(14, 20))
    assert calendar.at(legal(15, 3)).tomorrow is Colour.RED
    assert calendar.at(legal(15, 7)).tomorrow is None  # of another day, nothing is known
    assert calendar.at(legal(15, 7)).today is None


def test_what_was_announced_yesterday_is_not_told_of_tomorrow():
    """A frame that lost DEMAIN says nothing new, but the day is another one."""
    calendar = tempo_after((legal(15, 3), "HCJB", "ROUG"), (legal(15, 6, 11), "HPJR"))
    assert calendar.at(legal(15, 6, 12)).today is Colour.RED
    assert calendar.at(legal(15, 6, 12)).tomorrow is None


@pytest.mark.parametrize("minute", [-9, -1, 0, 1, 9])
def test_a_clock_that_is_wrong_around_6_gives_no_day_a_wrong_colour(minute):
    """The meter changes colour some minutes before or after our clock says 06:00."""
    change = legal(15, 6) + timedelta(minutes=minute)
    times = [legal(15, 5) + timedelta(minutes=n) for n in range(120)]
    calendar = tempo_after(*((time, "HCJR" if time < change else "HPJW") for time in times))
    told = calendar.at(legal(15, 8))
    assert (told.red, told.white, told.blue) == (1, 1, 0)


def test_days_that_nobody_heard_are_counted_as_not_seen():
    calendar = tempo_after((legal(10, 12), "HPJB"), (legal(14, 12), "HPJW"))
    told = calendar.at(legal(14, 12))
    since_september = (date(2026, 1, 14) - date(2025, 9, 1)).days + 1
    assert told.since == date(2025, 9, 1)
    assert (told.blue, told.white, told.red) == (1, 1, 0)
    assert told.not_seen == since_september - 2


def test_a_tempo_year_begins_in_september():
    night, noon = (datetime(2026, 9, 1, hour, tzinfo=UTC) for hour in (3, 12))
    calendar = tempo_after((night, "HCJB"), (noon, "HPJB"))
    told = calendar.at(noon)
    assert (told.since, told.blue, told.not_seen) == (date(2026, 9, 1), 1, 0)
    last = calendar.at(night)
    assert (last.since, last.blue, last.not_seen) == (date(2025, 9, 1), 1, 364)


def test_a_whole_year_counts_its_22_red_and_43_white_days():
    """The simulated calendar, each hour from August on; summer time comes and goes."""
    periods = {Colour.BLUE: "HPJB", Colour.WHITE: "HPJW", Colour.RED: "HPJR"}
    calendar = TempoCalendar()
    time = datetime(2025, 8, 1, tzinfo=UTC)
    while time < datetime(2026, 9, 1, 3, tzinfo=UTC):
        today = state_at(Tariff.TEMPO, time).today
        calendar.take({"PTEC": periods[today]}, time)
        time += timedelta(hours=1)
    told = calendar.at(time - timedelta(hours=1))
    assert (told.blue, told.white, told.red, told.not_seen) == (300, 43, 22, 0)
    assert len(calendar._days) == 366


def test_another_contract_has_no_tempo_days():
    assert tempo_after((legal(14, 12), "HP..")).at(legal(14, 12)) is None
    assert TempoCalendar().at(legal(14, 12)) is None
    left = tempo_after((legal(14, 12), "HPJB"), (legal(14, 13), "TH.."))
    assert left.at(legal(14, 13)) is None


def test_a_frame_without_its_period_changes_nothing():
    calendar = tempo_after((legal(14, 12), "HPJB"))
    calendar.take({"PAPP": "00500"}, legal(14, 13))
    assert calendar.at(legal(14, 13)).today is Colour.BLUE


# --- all together


def test_before_the_first_frame_nothing_is_known():
    assert Estimator().estimate(5.0) == Estimate()
    assert Estimate().estimated is True


def test_a_line_that_falls_silent_is_known_no_more_but_for_the_days():
    estimator = Estimator()
    said = reading(ISOUSC="45", IINST="020", PAPP="04500", PTEC="HPJB", time=legal(14, 12))
    estimator.update(said, 100.0)
    assert estimator.estimate(110.0).load_percent == 50
    silent = estimator.estimate(110.1)
    assert silent == Estimate(tempo=silent.tempo)
    assert silent.tempo.today is Colour.BLUE
    assert estimator.estimate(100.0 + 20 * 3600).tempo.today is None


def test_a_load_that_no_frame_repeats_is_known_no_more():
    told = after(reading(ISOUSC="45", IINST="020", PAPP="04500"), *[reading(PTEC="HP..")] * 10)
    assert told.load_percent is None


async def test_the_http_api_tells_the_estimate_of_each_meter(
    manager, line, capture, talking, until
):
    """As JSON, and marked as what it is."""
    gateway = manager(line)
    talking(line, capture("std-base-mono-conso"))
    await until(lambda: meter_states(gateway)[0].estimate.load_percent is not None)
    (state,) = from_json(to_json(meter_states(gateway)))
    assert state["estimate"]["estimated"] is True
    assert set(state["estimate"]) == {field.name for field in fields(Estimate)}
    assert state["estimate"]["margin_va"] > 0
    assert state["estimate"]["tempo"] is None


@pytest.mark.parametrize("changed", [{"address": "001028000002"}, {"mode": Mode.STANDARD}])
def test_another_meter_and_another_mode_begin_anew(changed):
    said = [
        reading(ISOUSC="45", IINST="020", PAPP="04500", BASE=f"{n * 2:09}", EAST=f"{n * 2:09}")
        for n in range(60)
    ]
    assert after(*said).active_power_w is not None
    told = after(*said, reading(**changed, BASE="000000120", EAST="000000120"))
    assert (told.active_power_w, told.load_percent) == (None, None)
