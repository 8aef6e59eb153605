"""The simulated household, and the frames of the meter in front of it; no terminal here."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise, product

import pytest

from teleinfo_gateway.simulation import (
    House,
    Installation,
    SimulatedMeter,
    SimulationError,
    Tariff,
    simulated_meters,
)
from teleinfo_gateway.simulation.clock import from_legal
from teleinfo_gateway.simulation.measure import measure
from teleinfo_gateway.simulation.tariffs import colour_of
from tic import LABELS, Decoder, Frame, FrameKind, Kind, Mode, Phases, encode_group
from tic.horodate import Horodate
from tic.registers import Colour, StatusRegister, parse_profile

EVENING = datetime(2026, 1, 14, 19, 50, tzinfo=UTC)  # 20:50, a working day
NOON = datetime(2026, 6, 20, 11, tzinfo=UTC)
SECOND = timedelta(seconds=1)

KINDS = [
    Installation(mode=mode, tariff=tariff, phases=phases, producer=producer, seed=7)
    for mode, tariff, phases, producer in product(Mode, Tariff, (1, 3), (False, True))
    if mode is Mode.STANDARD or not producer
]
NAMES = [f"{kind.mode}-{kind.tariff}-{kind.phases}{'-producer' * kind.producer}" for kind in KINDS]
STANDARD = [kind for kind in KINDS if kind.mode is Mode.STANDARD]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)
each_standard = pytest.mark.parametrize(
    "kind", STANDARD, ids=[name for name in NAMES if name.startswith("standard")]
)


def decode(data: bytes) -> Frame:
    """The one frame in ``data``; no group of it is refused."""
    decoder = Decoder()
    items = decoder.feed(data)
    assert not decoder.statistics.refused
    (frame,) = [item for item in items if isinstance(item, Frame)]
    return frame


def frame_at(meter, at):
    return decode(meter.frame(at))


@cache
def eighty_minutes(kind, start=EVENING):
    """Frames of 80 minutes, one every 97 s; those of an evening pass 22:00."""
    meter = SimulatedMeter(kind, start)
    return [frame_at(meter, start + timedelta(seconds=step)) for step in range(0, 4800, 97)]


def numbers(frame):
    return {group.label: int(group.value) for group in frame.groups if group.value.isdigit()}


def labels(frame):
    return [group.label for group in frame.groups]


def on_the_line(meter, seconds, offset=0.0):
    """Frames one after the other, as on the wire, with the second at which each begins."""
    at = offset
    while at < seconds:
        data = meter.frame(meter.start + timedelta(seconds=at))
        yield at, decode(data)
        at += len(data) * meter.installation.byte_s + 0.025


# --- every meter ---------------------------------------------------------------------------


@each_kind
def test_every_frame_decodes_without_a_refusal(kind):
    order = {label.name: rank for rank, label in enumerate(LABELS)}
    for frame in eighty_minutes(kind):
        assert (frame.mode, frame.kind) == (kind.mode, FrameKind.LONG)
        assert frame.meter == kind.identity
        ranks = [order[label] for label in labels(frame)]
        assert ranks == sorted(set(ranks))


@each_kind
def test_indexes_never_fall_and_some_rise(kind):
    indexes = [label.name for label in LABELS if label.kind is Kind.INDEX]
    seen = [numbers(frame) for frame in eighty_minutes(kind)]
    for earlier, later in pairwise(seen):
        assert all(earlier[name] <= later[name] for name in indexes if name in earlier)
    assert sum(seen[-1].get(name, 0) > seen[0].get(name, 0) for name in indexes) > 0


@each_standard
def test_a_linky_sends_every_label_of_its_kind(kind):
    of_kind = {
        label.name: label.optional
        for label in LABELS
        if label.mode is Mode.STANDARD
        and not label.alias_of
        and (label.phases is Phases.ANY or kind.phases == 3)
        and (kind.producer or not label.producer)
    }
    for frame in eighty_minutes(kind):
        sent = set(labels(frame))
        assert sent <= set(of_kind)
        assert {name for name, optional in of_kind.items() if not optional} <= sent


@each_standard
def test_the_three_sums_of_energy_agree(kind):
    for frame in eighty_minutes(kind):
        value = numbers(frame)
        assert value["EAST"] == sum(value[f"EASF{index:02}"] for index in range(1, 11))
        assert value["EAST"] == sum(value[f"EASD{index:02}"] for index in range(1, 5))


@each_standard
def test_the_status_register_says_what_the_labels_say(kind):
    for frame in eighty_minutes(kind):
        status = StatusRegister.parse(frame.value("STGE"))
        assert status.supplier_tariff == int(frame.value("NTARF"))
        assert status.contact_open is (frame.value("RELAIS") == "000")
        assert status.producer is kind.producer
        assert status.injecting is (numbers(frame).get("SINSTI", 0) > 0)
        assert status.tic_standard


@each_standard
def test_power_is_voltage_times_current(kind):
    for frame in eighty_minutes(kind, NOON if kind.tariff is Tariff.BASE else EVENING):
        value = numbers(frame)
        for phase in range(1, kind.phases + 1):
            number = phase if kind.phases == 3 else ""
            error = value[f"SINSTS{number}"] - value[f"URMS{phase}"] * value[f"IRMS{phase}"]
            if value[f"SINSTS{number}"] > 0:  # does not hold for a phase that injects
                assert abs(error) <= value[f"URMS{phase}"] / 2
        if kind.phases == 3 and not kind.producer:
            assert value["SINSTS"] == sum(value[f"SINSTS{phase}"] for phase in (1, 2, 3))


def test_no_household_exceeds_its_subscription_unasked():
    for seed, phases in product(range(3), (1, 3)):
        kind = Installation(phases=phases, seed=seed)
        house = House(seed, phases)
        for step in range(10 * 24 * 20):  # ten days of January, every three minutes
            now = measure(house, EVENING + timedelta(minutes=3 * step))
            assert max(now.current_a) <= kind.subscribed_a


def test_identities_are_recognisably_invented():
    for kind in KINDS:
        assert re.fullmatch(r"00[0-9]{2}[0-9A-F]{2}[0-9]{6}", kind.identity)
        assert re.fullmatch(r"00[0-9]{12}", kind.delivery_point)
    assert Installation(seed=8).identity != Installation(seed=9).identity


def test_a_historique_producer_and_two_phases_do_not_exist():
    with pytest.raises(SimulationError, match="standard"):
        Installation(producer=True)
    with pytest.raises(SimulationError, match="1 or 3"):
        Installation(phases=2)


def test_the_demonstration_has_two_meters_with_names_of_their_own():
    meters = simulated_meters(EVENING)
    assert [meter.installation.name for meter in meters] == ["house", "workshop"]
    assert len({meter.installation.identity for meter in meters}) == 2


# --- the same again ------------------------------------------------------------------------


@each_kind
def test_the_same_seed_and_instants_give_the_same_bytes(kind):
    one, other = SimulatedMeter(kind, EVENING), SimulatedMeter(kind, EVENING)
    assert one.frame(EVENING) == other.frame(EVENING)


def test_the_instants_asked_for_do_not_change_what_is_counted():
    kind = STANDARD[0]
    often, seldom = SimulatedMeter(kind, EVENING), SimulatedMeter(kind, EVENING)
    for tenths in range(0, 3000, 7):
        often.frame(EVENING + timedelta(seconds=tenths / 10))
    end = EVENING + timedelta(seconds=300)
    assert often.frame(end) == seldom.frame(end)
    assert often.frame(EVENING) == often.frame(end)  # time does not go back


def test_another_seed_is_another_household():
    assert House(1).power_w(EVENING) != House(2).power_w(EVENING)


def test_power_depends_on_nothing_but_the_second():
    house, instants = House(3, 3), [EVENING + timedelta(hours=7 * n) for n in range(40)]
    forwards = [house.power_w(at) for at in instants]
    assert [house.power_w(at) for at in reversed(instants)] == forwards[::-1]
    assert house.power_w(EVENING + timedelta(microseconds=999_999)) == forwards[0]


# --- the household -------------------------------------------------------------------------


def mean_w(house, day, hours):
    """Mean power of a day between two hours of legal time."""
    begin = from_legal(day, datetime.min.time())
    seconds = range(int(hours[0] * 3600), int(hours[1] * 3600), 60)
    return sum(sum(house.power_w(begin + n * SECOND)) for n in seconds) / len(seconds)


def test_evenings_cost_more_than_nights_and_winters_more_than_summers():
    house = House(4)
    july, january = date(2026, 7, 8), date(2026, 1, 14)
    assert 80 < mean_w(house, july, (3, 5)) < 300
    assert mean_w(house, july, (18.5, 20)) > 2 * mean_w(house, july, (3, 5))
    assert mean_w(house, january, (8, 18)) > 2 * mean_w(house, july, (8, 18))


def test_the_water_heater_waits_for_the_off_peak_hours():
    for phases in (1, 3):
        house, day = House(5, phases), date(2026, 7, 8)
        assert mean_w(house, day, (22.5, 23.5)) > 2200
        assert mean_w(house, day, (14, 22)) < 1500


def test_a_producer_injects_at_noon_and_never_at_night():
    house = House(6, producer=True)
    assert mean_w(house, date(2026, 6, 20), (11, 15)) < -500
    assert mean_w(house, date(2026, 6, 20), (2, 4)) > 0


# --- energy --------------------------------------------------------------------------------


@pytest.mark.parametrize("phases", [1, 3])
def test_each_index_counts_the_power_of_its_hours(phases):
    kind = Installation(mode=Mode.STANDARD, tariff=Tariff.HC, phases=phases)
    meter = SimulatedMeter(kind, EVENING)
    before, off_peak = numbers(frame_at(meter, EVENING)), EVENING.replace(hour=21, minute=0)
    after = numbers(frame_at(meter, EVENING + timedelta(hours=3)))
    counted_ws = Counter()
    for n in range(3 * 3600):
        at = EVENING + n * SECOND
        counted_ws["EASF01" if at >= off_peak else "EASF02"] += sum(meter.house.power_w(at))
    for label in ("EASF01", "EASF02"):
        assert after[label] - before[label] == pytest.approx(counted_ws[label] / 3600, abs=1)
    assert after["EAST"] - before["EAST"] == pytest.approx(counted_ws.total() / 3600, abs=1)


def test_injected_energy_is_counted_apart():
    kind = Installation(mode=Mode.STANDARD, phases=3, producer=True)
    begin = NOON - timedelta(hours=6)
    meter = SimulatedMeter(kind, begin)
    before = numbers(frame_at(meter, begin))
    after = numbers(frame_at(meter, begin + timedelta(hours=3)))
    power_w = [sum(meter.house.power_w(begin + n * SECOND)) for n in range(3 * 3600)]
    drawn_wh = sum(watts for watts in power_w if watts > 0) / 3600
    injected_wh = -sum(watts for watts in power_w if watts < 0) / 3600
    assert min(drawn_wh, injected_wh) > 10
    assert after["EAST"] - before["EAST"] == pytest.approx(drawn_wh, abs=1)
    assert after["EAIT"] - before["EAIT"] == pytest.approx(injected_wh, abs=1)
    assert any(after[f"ERQ{quadrant}"] > before[f"ERQ{quadrant}"] for quadrant in (2, 3))


def test_the_load_curve_has_the_mean_power_of_each_half_hour():
    meter = SimulatedMeter(Installation(mode=Mode.STANDARD), EVENING)
    end = EVENING.replace(hour=20, minute=30)
    assert "CCASN" not in labels(frame_at(meter, end))  # being written
    frame = frame_at(meter, end + 10 * SECOND)
    points = {group.label: group for group in frame.groups if group.label.startswith("CCASN")}
    times = {label: Horodate.parse(point.horodate).time for label, point in points.items()}
    assert times == {"CCASN": end, "CCASN-1": end - timedelta(minutes=30)}
    drawn_w = [sum(meter.house.power_w(end - n * SECOND)) for n in range(1, 1801)]
    assert int(points["CCASN"].value) == pytest.approx(sum(drawn_w) / 1800, abs=1)


def test_at_midnight_the_highest_power_becomes_the_day_befores():
    midnight = datetime(2026, 1, 14, 23, tzinfo=UTC)
    kind = Installation(mode=Mode.STANDARD, phases=3)
    meter = SimulatedMeter(kind, midnight - timedelta(minutes=5))
    before = {group.label: group for group in frame_at(meter, midnight - SECOND).groups}
    after = {group.label: group for group in frame_at(meter, midnight).groups}
    for label in ("SMAXSN", "SMAXSN1", "SMAXSN2", "SMAXSN3"):
        assert after[f"{label}-1"][1:] == before[label][1:]
        assert after[label][1:] == ("00000", "H260115000000")
    assert int(before["SMAXSN"].value) > 1000


def test_the_clock_follows_legal_time():
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    meter = SimulatedMeter(Installation(mode=Mode.STANDARD), change - SECOND)
    told = [frame_at(meter, at).groups[2].horodate for at in (change - SECOND, change)]
    assert told == ["H260329015959", "E260329030000"]


# --- tariffs -------------------------------------------------------------------------------


def test_a_tempo_year_has_22_red_days_and_43_white_ones():
    days = [date(2025, 9, 1) + timedelta(days=n) for n in range(365)]
    colours = Counter(colour_of(day) for day in days)
    assert (colours[Colour.RED], colours[Colour.WHITE]) == (22, 43)
    red = [day for day in days if colour_of(day) is Colour.RED]
    assert all(day.month in {11, 12, 1, 2, 3} and day.weekday() < 5 for day in red)


def a_day(colour, before):
    """A winter day of a colour whose day before has the colour ``before``."""
    days = (date(2025, 11, 2) + timedelta(days=n) for n in range(140))
    return next(
        day
        for day in days
        if colour_of(day) is colour and colour_of(day - timedelta(days=1)) is before
    )


def story(installation, day, *hours):
    """Frames at legal hours of a day, each a second before and at the hour; 30 is 06:00 next."""
    begin = from_legal(day, datetime.min.time())
    start = begin + timedelta(hours=hours[0]) - SECOND
    meter = SimulatedMeter(installation, start)
    for hour in hours:
        at = begin + timedelta(hours=hour)
        yield from (frame_at(meter, at - SECOND), frame_at(meter, at))


def test_tomorrows_colour_is_announced_at_20_and_forgotten_at_6():
    eve = a_day(Colour.RED, Colour.BLUE) - timedelta(days=1)
    frames = list(story(Installation(tariff=Tariff.TEMPO), eve, 20, 22, 30, 46))
    assert [frame.value("DEMAIN") for frame in frames[:6]] == [
        *("----", "ROUG"),
        *("ROUG", "ROUG"),
        *("ROUG", "----"),
    ]
    assert [frame.value("PTEC") for frame in frames] == [
        *("HPJB", "HPJB"),
        *("HPJB", "HCJB"),  # the night belongs to the day that began at 06:00
        *("HCJB", "HPJR"),
        *("HPJR", "HCJR"),
    ]


def test_a_linky_announces_a_red_day_as_mobile_peak_2():
    day = a_day(Colour.RED, Colour.BLUE)
    eve = day - timedelta(days=1)
    kind = Installation(mode=Mode.STANDARD, tariff=Tariff.TEMPO)
    silent, announced, night, begun = story(kind, eve, 20, 30)
    for frame in (announced, night):
        peak = {group.label: group.horodate for group in frame.groups if group.label[1:3] == "PM"}
        assert peak == {
            "DPM2": f" {day:%y%m%d}060000",
            "FPM2": f" {day + timedelta(1):%y%m%d}060000",
        }
        status = StatusRegister.parse(frame.value("STGE"))
        assert (status.peak_notice, status.peak_in_progress) == (2, 0)
        assert (status.colour_today, status.colour_tomorrow) == (Colour.BLUE, Colour.RED)
        assert [part.tariff for part in parse_profile(frame.value("PPOINTE"))] == [5, 6, 5]
    assert not {"DPM2", "PPOINTE"} & set(labels(silent))
    assert begun.value("DPM2") == "00"
    assert "PPOINTE" not in labels(begun)
    status = StatusRegister.parse(begun.value("STGE"))
    assert (status.peak_notice, status.peak_in_progress) == (0, 2)
    assert status.colour_tomorrow is Colour.NONE
    assert (begun.value("NTARF"), begun.value("LTARF").split()) == ("06", ["HP", "ROUGE"])


def test_an_ejp_peak_has_30_minutes_of_notice_and_lasts_until_1_at_night():
    day = a_day(Colour.RED, Colour.BLUE)
    frames = list(story(Installation(tariff=Tariff.EJP), day, 6.5, 7, 25))
    assert [(frame.value("PEJP"), frame.value("PTEC")) for frame in frames] == [
        *((None, "HN.."), ("30", "HN..")),
        *(("30", "HN.."), ("30", "PM..")),
        *(("30", "PM.."), (None, "HN..")),
    ]
    linky = list(story(Installation(mode=Mode.STANDARD, tariff=Tariff.EJP), day, 6.5, 7))
    notices = [StatusRegister.parse(frame.value("STGE")).peak_notice for frame in linky]
    assert notices == [0, 1, 1, 0]
    assert ["PPOINTE" in labels(frame) for frame in linky] == [False, True, True, False]


def test_off_peak_hours_close_the_contact():
    kind = Installation(mode=Mode.STANDARD, tariff=Tariff.HC)
    frames = list(story(kind, date(2026, 1, 14), 6, 22))
    assert [frame.value("RELAIS") for frame in frames] == ["001", "000", "000", "001"]
    assert [frame.value("LTARF").strip() for frame in frames[:2]] == [
        "HEURE CREUSE",
        "HEURE PLEINE",
    ]


# --- overloads -----------------------------------------------------------------------------

SINGLE = Installation(overload=True)
THREE = Installation(phases=3, overload=True)


def being_sent(meter, frame, began, second):
    """How many groups of a frame are out, or on their way, at a second; from their lengths."""
    at, count = began + meter.installation.byte_s, 0
    for group in frame.groups:
        count += 1
        at += len(encode_group(group)) * meter.installation.byte_s
        if at >= second:
            break
    return count


@pytest.mark.parametrize("tenths", range(86, 100))
def test_an_overload_stops_a_long_frame_after_the_group_being_sent(tenths):
    meter = SimulatedMeter(THREE, EVENING)
    began, frame = next(on_the_line(meter, 10, tenths / 10))
    assert frame.kind is FrameKind.INTERRUPTED
    assert len(frame.groups) == being_sent(meter, frame, began, 10)
    following = decode(meter.frame(EVENING + 11 * SECOND))
    assert labels(following) == ["ADIR2", "ADCO", "IINST1", "IINST2", "IINST3"]


def test_twenty_short_frames_and_a_long_one_until_a_minute_after_the_overload():
    frames = list(on_the_line(SimulatedMeter(THREE, EVENING), 115))
    kinds = [frame.kind for _, frame in frames]
    cut = kinds.index(FrameKind.INTERRUPTED)
    cycle = [FrameKind.SHORT] * 20 + [FrameKind.LONG]
    ends = next(n for n, (at, _) in enumerate(frames) if at >= 110)  # 50 s and a minute
    assert set(kinds[:cut]) == {FrameKind.LONG}
    assert kinds[cut + 1 : ends] == (cycle * 10)[: ends - cut - 1]
    assert set(kinds[ends:]) == {FrameKind.LONG}


def test_the_minute_is_counted_from_the_end_of_the_overload():
    for second, kind in ((109.9, FrameKind.SHORT), (110, FrameKind.LONG)):
        meter = SimulatedMeter(THREE, EVENING)
        for _ in on_the_line(meter, 20):  # some short frames of the first cycle
            pass
        assert frame_at(meter, EVENING + timedelta(seconds=second)).kind is kind


def test_short_frames_name_the_phases_in_overload_and_no_other():
    names = []
    for at, frame in on_the_line(SimulatedMeter(THREE, EVENING), 720):
        if frame.kind is FrameKind.SHORT:
            value = numbers(frame)
            over = [f"ADIR{phase}" for phase in (1, 2, 3) if value[f"IINST{phase}"] > 20]
            assert labels(frame) == [*over, "ADCO", "IINST1", "IINST2", "IINST3"]
            assert all(value[alarm] == value[alarm.replace("ADIR", "IINST")] for alarm in over)
            assert bool(over) is (10 <= int(at + 1e-6) % 300 < 50)
            names.append("".join(alarm[-1] for alarm in over))
    assert set(names) == {"2", "13", "123", ""}


@pytest.mark.parametrize("tenths", range(86, 100))
def test_adps_follows_the_group_being_sent_once_then_keeps_its_place(tenths):
    meter = SimulatedMeter(SINGLE, EVENING)
    frames = on_the_line(meter, 12, tenths / 10)
    began, first = next(frames)
    _, second = next(frames)
    assert labels(first).index("ADPS") == being_sent(meter, first, began, 10)
    assert labels(first).count("ADPS") == 1
    assert labels(second)[labels(second).index("ADPS") - 1] == "IINST"
    assert int(second.value("ADPS")) > 45


def test_adps_ends_with_the_overload_and_comes_back():
    meter = SimulatedMeter(SINGLE, EVENING)
    heard = {
        second: "ADPS" in labels(frame_at(meter, EVENING + second * SECOND))
        for second in (5, 20, 45, 55, 200, 320)
    }
    assert heard == {5: False, 20: True, 45: True, 55: False, 200: False, 320: True}


def test_a_linky_in_overload_sets_the_bit_of_its_register():
    meter = SimulatedMeter(Installation(mode=Mode.STANDARD, overload=True), EVENING)
    over = [
        StatusRegister.parse(frame_at(meter, EVENING + n * SECOND).value("STGE"))
        for n in (5, 20, 55)
    ]
    assert [status.over_reference_power for status in over] == [False, True, False]
