"""What goes wrong with a simulated line and a simulated meter, and ``--faults``: real ptys."""

import asyncio
import math
import os
import select
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from random import Random

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli.simulate import simulate
from teleinfo_gateway.simulation import (
    Faults,
    FaultyMeter,
    Installation,
    LineFault,
    LineFaults,
    MeterFault,
    SimulatedLine,
    SimulatedMeter,
    SimulationError,
    Tariff,
)
from tic import LABELS, Decoder, Frame, FrameKind, Horodate, Kind, Mode
from tic.registers import StatusRegister

START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
WAIT_S = 20
INDEXES = {label.name for label in LABELS if label.kind is Kind.INDEX}


@cache
def stream(mode=Mode.STANDARD, seconds=60):
    """Frames of a healthy meter, one behind the other."""
    meter = SimulatedMeter(Installation(mode=mode), START)
    return b"".join(meter.frame(START + timedelta(seconds=n)) for n in range(seconds))


each_line_fault = pytest.mark.parametrize("fault", list(LineFault))
MIXED = dict.fromkeys(LineFault, 0.003)
LOSSES = {
    *(LineFault.LOST_BYTE, LineFault.LOST_LF, LineFault.LOST_CR, LineFault.MERGED),
    LineFault.TRUNCATED,
}
"""Nothing comes instead of what they damage; one byte does with the others."""


# --- a bad line ----------------------------------------------------------------------------


def damages(fault, rate=0.002):
    """What was before, at and behind each damaged place, and what came instead.

    Everything between these places has arrived as it was sent.
    """
    data = stream()
    arrived, marks = LineFaults({fault: rate}, seed=5).damage_with_marks(data)
    assert marks
    size = 0 if fault in LOSSES else 1
    at = heard = 0
    for begin, end in marks:
        assert at <= begin <= end
        assert arrived[heard : heard + begin - at] == data[at:begin]
        heard += begin - at
        came = arrived[heard : heard + size]
        yield data[begin - 1 : begin], data[begin:end], data[end : end + 1], came
        at, heard = end, heard + size
    assert arrived[heard:] == data[at:]


def test_a_bit_flip_changes_one_of_seven_bits_any_of_them():
    flipped = Counter()
    for _, was, _, came in damages(LineFault.BIT_FLIP, 0.02):
        assert (was[0] ^ came[0]).bit_count() == 1
        flipped[was[0] ^ came[0]] += 1
    assert set(flipped) == {1 << bit for bit in range(7)}


def test_a_bit_flip_that_the_parity_tells_is_a_nul():
    assert {(len(was), came) for _, was, _, came in damages(LineFault.BIT_FLIP_PARITY)} == {
        (1, b"\0")
    }


def test_a_high_byte_replaces_one():
    came = [(len(was), came[0] >= 0x80) for _, was, _, came in damages(LineFault.HIGH_BYTE)]
    assert set(came) == {(1, True)}


def test_a_lost_byte_is_any_one():
    lost = [(len(was), came) for _, was, _, came in damages(LineFault.LOST_BYTE)]
    assert set(lost) == {(1, b"")}


def test_an_added_byte_has_seven_bits_and_replaces_none():
    added = [(was, len(came), came[0] < 0x80) for _, was, _, came in damages(LineFault.ADDED_BYTE)]
    assert set(added) == {(b"", 1, True)}


def test_a_nul_is_added():
    assert {(was, came) for _, was, _, came in damages(LineFault.NUL)} == {(b"", b"\0")}


@pytest.mark.parametrize(
    ("fault", "byte"), [(LineFault.LOST_LF, b"\n"), (LineFault.LOST_CR, b"\r")]
)
def test_a_lost_lf_or_cr_is_nothing_else(fault, byte):
    assert {(was, came) for _, was, _, came in damages(fault)} == {(byte, b"")}


def test_merged_groups_lose_what_is_between_them():
    ends = {(was, came) for _, was, _, came in damages(LineFault.MERGED)}
    # The last group of a frame and the first of the next one have the frame's marks in between.
    assert ends == {(b"\r\n", b""), (b"\r\x03\x02\n", b"")}


def test_a_truncated_frame_lacks_the_rest_and_its_etx():
    for _, was, following, came in damages(LineFault.TRUNCATED):
        assert came == b""
        assert was.endswith(b"\x03")
        assert following in {b"\x02", b""}


def test_eot_stands_behind_a_whole_group_and_a_new_frame_follows():
    for before, was, following, came in damages(LineFault.EOT):
        assert (before, came) == (b"\r", b"\x04")
        assert was.endswith(b"\x03")
        assert following in {b"\x02", b""}


def test_a_decoder_takes_eot_for_an_interrupted_frame():
    decoder = Decoder()
    items = decoder.feed(LineFaults({LineFault.EOT: 0.002}).damage(stream()))
    kinds = Counter(item.kind for item in items if isinstance(item, Frame))
    assert kinds[FrameKind.INTERRUPTED] > 10
    assert not decoder.statistics.refused


@each_line_fault
def test_there_are_as_many_faults_as_the_rate_says(fault):
    size, rate = 400_000, 0.01
    # Short frames: what a truncated one loses are few bytes, and LF and CR are near.
    data = b"\x02\n1\r\x03" * (size // 5)
    _, marks = LineFaults({fault: rate}, seed=2).damage_with_marks(data)
    mean = size * rate
    hidden = 0.05 * mean  # faults that fell together
    assert -hidden - 5 * math.sqrt(mean) < len(marks) - mean < 5 * math.sqrt(mean)


def test_rates_of_a_mix_hold_for_each_fault():
    rates = {LineFault.LOST_BYTE: 0.01, LineFault.NUL: 0.03}
    arrived, marks = LineFaults(rates, seed=2).damage_with_marks(b"x" * 400_000)
    assert arrived.count(b"\0") == pytest.approx(12_000, abs=5 * math.sqrt(12_000))
    assert len(marks) - arrived.count(b"\0") == pytest.approx(4000, abs=5 * math.sqrt(4000))


def test_a_rate_of_1_spares_nothing():
    assert LineFaults({LineFault.LOST_BYTE: 1}).damage(stream()) == b""
    assert LineFaults({LineFault.LOST_LF: 1}).damage(stream()) == stream().replace(b"\n", b"")


def test_no_faults_change_nothing():
    for rates in ({}, {LineFault.BIT_FLIP: 0}):
        assert LineFaults(rates).damage_with_marks(stream()) == (stream(), [])


@each_line_fault
def test_the_same_seed_damages_the_same_and_another_does_not(fault):
    one, same, other = (LineFaults({fault: 0.01}, seed).damage(stream()) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("seed", range(20))
def test_the_pieces_in_which_bytes_are_given_change_nothing(seed):
    rng = Random(seed)  # noqa: S311  # sizes, not secrets
    whole, pieces = LineFaults(MIXED, seed), LineFaults(MIXED, seed)
    data, arrived, marks, at = stream(), b"", [], 0
    expected, where = whole.damage_with_marks(data)
    while at < len(data):
        size = rng.choice((0, 1, 2, 7, 60, 900))
        came, spans = pieces.damage_with_marks(data[at : at + size])
        arrived += came
        marks += [(at + begin, at + end) for begin, end in spans]
        at += size
    assert arrived == expected
    # A loss that goes on in the next piece is marked in both.
    joined = []
    for begin, end in marks:
        if joined and joined[-1][1] == begin < end and joined[-1][0] < begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    assert positions(joined) == positions(where)


def positions(marks):
    return {at for span in marks for at in range(*span)}


@pytest.mark.parametrize("mode", list(Mode))
@each_line_fault
def test_what_is_not_marked_is_heard(mode, fault):
    data = stream(mode)
    arrived, marks = LineFaults({fault: 0.01}, seed=3).damage_with_marks(data)
    whole, begin = Counter(), data.find(b"\n")
    while begin >= 0:
        end = data.index(b"\r", begin) + 1
        if not any(mark[0] < end and mark[1] > begin for mark in marks):
            whole[data[begin:end]] += 1
        begin = data.find(b"\n", end)
    assert whole.total() > 100
    heard = Counter(b"\n" + line + b"\r" for line in lines(arrived))
    assert not whole - heard


def lines(data):
    """What stands between an LF and the next CR."""
    return [piece.split(b"\r")[0] for piece in data.split(b"\n")[1:] if b"\r" in piece]


@pytest.mark.parametrize("fault", [LineFault.LOST_LF, LineFault.MERGED])
def test_what_waits_for_a_byte_that_never_comes_takes_no_room(fault):
    faults = LineFaults({fault: 1})
    for _ in range(10):
        assert faults.damage(b"x" * 1000) == b"x" * 1000
    assert len(faults._waiting) == 1


@pytest.mark.parametrize("rates", [(-0.1,), (1.1,), (math.nan,), (0.6, 0.6)])
def test_rates_that_are_none_are_refused(rates):
    with pytest.raises(SimulationError, match="0 to 1"):
        LineFaults(dict(zip(LineFault, rates, strict=False)))


# --- a meter to which things happen --------------------------------------------------------


def faulty(mode=Mode.STANDARD, *, periods, **kind):
    faults = {MeterFault(name.replace("_", "-")): number for name, number in periods.items()}
    return FaultyMeter(Installation(mode=mode, **kind), START, faults)


def frames(meter, seconds):
    """Second and frame of the meter, once a second; ``None`` where it is silent."""
    for second in range(seconds):
        decoder = Decoder()
        items = decoder.feed(meter.frame(START + timedelta(seconds=second)))
        assert not decoder.statistics.refused
        yield second, next((item for item in items if isinstance(item, Frame)), None)


def value_of(frame, label):
    return int(frame.value(label))


@pytest.mark.parametrize(("mode", "phases"), list(product(Mode, (1, 3))))
def test_a_meter_without_faults_is_an_ordinary_one(mode, phases):
    kind = Installation(mode=mode, phases=phases, overload=True)
    one, other = FaultyMeter(kind, START, {}), SimulatedMeter(kind, START)
    for second in range(60):
        at = START + timedelta(seconds=second)
        assert one.frame(at) == other.frame(at)


@pytest.mark.parametrize("mode", list(Mode))
def test_the_same_seed_makes_the_same_meter_and_another_does_not(mode):
    every = {fault: 10 + 3 * n for n, fault in enumerate(MeterFault)}
    meters = [FaultyMeter(Installation(mode=mode, seed=s), START, every) for s in (1, 1, 2)]
    one, same, other = (
        [meter.frame(START + timedelta(seconds=n)) for n in range(200)] for meter in meters
    )
    assert one == same != other


@pytest.mark.parametrize("mode", list(Mode))
def test_every_frame_of_every_fault_verifies(mode):
    every = {fault: 10 + 3 * n for n, fault in enumerate(MeterFault)}
    meter = FaultyMeter(Installation(mode=mode, phases=3, overload=True), START, every)
    assert sum(frame is not None for _, frame in frames(meter, 400)) > 200


def test_silence_lasts_a_quarter_of_its_period():
    silent = [second for second, frame in frames(faulty(periods={"silence": 40}), 100) if not frame]
    assert silent == [*range(40, 50), *range(80, 90)]


def test_a_meter_in_standby_sends_its_identity_alone():
    meter = faulty(Mode.HISTORIQUE, periods={"standby": 40})
    for second, frame in frames(meter, 100):
        standby = second >= 40 and second % 40 < 10
        assert (frame.kind is FrameKind.STANDBY) is standby
        assert frame.meter == meter.installation.identity


def test_a_linky_in_standard_mode_has_no_standby():
    meter = faulty(periods={"standby": 4})
    assert all(len(frame.groups) > 30 for _, frame in frames(meter, 10))


@pytest.mark.parametrize("phases", [1, 3])
def test_a_mode_switch_changes_the_language_and_nothing_else(phases):
    meter = faulty(Mode.HISTORIQUE, phases=phases, periods={"mode_switch": 10})
    heard = [frame for _, frame in frames(meter, 40)]
    modes = [frame.mode for frame in heard]
    assert modes == [mode for mode in (Mode.HISTORIQUE, Mode.STANDARD) * 2 for _ in range(10)]
    assert len({frame.meter for frame in heard}) == 1
    assert heard[0].meter.startswith("0021")  # a Linky of 2021 from the start
    indexes = [
        value_of(frame, "HCHP" if frame.mode is Mode.HISTORIQUE else "EASF02") for frame in heard
    ]
    assert indexes == sorted(indexes)
    assert indexes[-1] - indexes[0] < 1000


def test_a_switched_line_has_the_speed_of_its_mode():
    meter = faulty(Mode.HISTORIQUE, periods={"mode_switch": 10})
    bauds = [meter.installation.baud for _ in frames(meter, 30)]
    assert bauds == [baud for baud in (1200, 9600, 1200) for _ in range(10)]


def test_a_linky_in_historique_mode_says_what_linkys_say():
    for phases, maxima in ((1, {"IMAX": "090"}), (3, {f"IMAX{n}": "060" for n in (1, 2, 3)})):
        kind = Installation(tariff=Tariff.BASE, phases=phases, linky=True)
        decoder = Decoder()
        *_, frame = decoder.feed(SimulatedMeter(kind, START).frame(START))
        assert not decoder.statistics.refused
        assert frame.value("HHPHC") == "A"
        assert {label: frame.value(label) for label in maxima} == maxima


def test_a_producer_cannot_switch():
    with pytest.raises(SimulationError, match="mode-switch=0"):
        faulty(producer=True, periods={"mode_switch": 10})
    faulty(producer=True, periods={"mode_switch": 0})


@pytest.mark.parametrize("mode", list(Mode))
def test_an_exchanged_meter_has_another_identity_and_indexes_near_0(mode):
    heard = [frame for _, frame in frames(faulty(mode, periods={"meter_exchange": 20}), 60)]
    identities = [frame.meter for frame in heard]
    assert [identities.count(meter) for meter in dict.fromkeys(identities)] == [20, 20, 20]
    assert all(meter.startswith("002164") for meter in identities[20:])
    for frame in heard[20:]:
        told = [group for group in frame.groups if group.label in INDEXES]
        assert told
        assert all(int(group.value) < 200 for group in told)
    if mode is Mode.STANDARD:
        assert len({frame.value("PRM") for frame in heard}) == 1


def test_an_exchanged_meter_counts_on():
    first, *_, last = [
        frame
        for second, frame in frames(faulty(periods={"meter_exchange": 1000}), 1600)
        if second >= 1000
    ]
    assert first.meter == last.meter
    assert value_of(last, "EAST") - value_of(first, "EAST") > 20
    assert value_of(last, "EAST") == sum(value_of(last, f"EASF{n:02}") for n in range(1, 11))
    assert value_of(last, "EAST") == sum(value_of(last, f"EASD{n:02}") for n in range(1, 5))


def test_contracts_follow_each_other():
    meter = faulty(Mode.HISTORIQUE, periods={"contract_change": 10})
    options = [frame.value("OPTARIF") for _, frame in frames(meter, 50)]
    expected = ("HC..", "EJP.", "BBR(", "BASE", "HC..")
    assert options == [option for option in expected for _ in range(10)]


def test_a_new_contract_has_its_own_labels_and_goes_on_counting():
    meter = faulty(Mode.HISTORIQUE, periods={"contract_change": 10})
    before, after = (frame for second, frame in frames(meter, 11) if second in {9, 10})
    assert before.value("EJPHN") is None
    assert after.value("HCHC") is None
    assert value_of(after, "EJPHN") == value_of(before, "HCHC")
    assert after.value("PTEC") == "HN.."


def test_a_linky_keeps_the_indexes_of_its_last_contract():
    meter = faulty(tariff=Tariff.EJP, periods={"contract_change": 10})
    before, after = (frame for second, frame in frames(meter, 11) if second in {9, 10})
    assert (before.value("NGTF").strip(), after.value("NGTF").strip()) == ("EJP", "TEMPO")
    for label in ("EASF01", "EASF02", "EAST"):
        assert value_of(after, label) - value_of(before, label) in {0, 1}
    status = StatusRegister.parse(after.value("STGE"))
    assert status.supplier_tariff == value_of(after, "NTARF")


def date_of(frame):
    return next(group.horodate for group in frame.groups if group.label == "DATE")


def test_a_degraded_clock_is_late_and_says_so_until_it_is_set_again():
    for second, frame in frames(faulty(periods={"degraded_clock": 40}), 100):
        degraded = second >= 40 and second % 40 < 10
        clock = Horodate.parse(date_of(frame))
        late = timedelta(minutes=10) if degraded else timedelta(0)
        assert clock.degraded is degraded
        assert date_of(frame)[0] == ("h" if degraded else "H")
        assert clock.time == START + timedelta(seconds=second) - late
        status = StatusRegister.parse(frame.value("STGE"))
        assert status.clock_degraded is degraded


def test_what_was_dated_before_the_outage_stays_dated():
    meter = faulty(tariff=Tariff.TEMPO, periods={"degraded_clock": 40})
    before, during = (frame for second, frame in frames(meter, 42) if second in {39, 41})
    dated = {group.label: group.horodate for group in during.groups if group.horodate}
    for group in before.groups:
        if group.horodate and group.label != "DATE":
            assert dated[group.label] == group.horodate


def test_what_is_dated_after_the_outage_is_doubtful():
    meter = faulty(periods={"degraded_clock": 2000})
    heard = [frame for second, frame in frames(meter, 2450) if second >= 2420]
    voltage = next(group for group in heard[-1].groups if group.label == "UMOY1")
    assert voltage.horodate == "h260114202000"  # 20:30, ten minutes late


def differences(right, told):
    """Labels whose values differ, with both values."""
    assert [group.label for group in right.groups] == [group.label for group in told.groups]
    return [
        (group.label, int(one.value), int(group.value))
        for one, group in zip(right.groups, told.groups, strict=True)
        if one != group
    ]


@pytest.mark.parametrize("mode", list(Mode))
def test_an_index_jumps_up_down_and_to_zero_for_one_frame_each(mode):
    meter, healthy = faulty(mode, periods={"index_jump": 7}), faulty(mode, periods={})
    jumps = []
    for (second, told), (_, right) in zip(frames(meter, 60), frames(healthy, 60), strict=True):
        wrong = differences(right, told)
        assert len(wrong) == (second > 0 and second % 7 == 0)
        jumps += wrong
    assert {label for label, _, _ in jumps} <= INDEXES
    assert len({label for label, _, _ in jumps}) > 1
    for n, (_, right_wh, wrong_wh) in enumerate(jumps):
        if n % 3 == 0:
            assert right_wh + 10_000 <= wrong_wh <= right_wh + 50_000_000
        elif n % 3 == 1:
            assert 0 <= wrong_wh < right_wh
        else:
            assert wrong_wh == 0


def test_jumps_missed_in_a_silence_are_not_made_up_for():
    meter = faulty(periods={"index_jump": 2, "silence": 40})
    healthy = faulty(periods={"silence": 40})
    wrong = [
        second
        for (second, told), (_, right) in zip(frames(meter, 60), frames(healthy, 60), strict=True)
        if told and differences(right, told)
    ]
    assert wrong == [*range(2, 40, 2), *range(50, 60, 2)]


@pytest.mark.parametrize(
    ("mode", "phases", "labels"),
    [
        (Mode.STANDARD, 1, {"SINSTS"}),
        (Mode.STANDARD, 3, {"SINSTS1", "SINSTS2", "SINSTS3"}),
        (Mode.HISTORIQUE, 1, {"PAPP"}),
        (Mode.HISTORIQUE, 3, {"PAPP"}),
    ],
)
def test_wrong_powers_are_insane_for_a_quarter_of_the_period(mode, phases, labels):
    meter = faulty(mode, phases=phases, periods={"wrong_sinsts": 40})
    healthy = faulty(mode, phases=phases, periods={})
    for (second, told), (_, right) in zip(frames(meter, 100), frames(healthy, 100), strict=True):
        wrong = differences(right, told)
        assert {label for label, _, _ in wrong} == (
            labels if second >= 40 and second % 40 < 10 else set()
        )
        assert all(30_000 <= power_va <= 99_999 for _, _, power_va in wrong)


@pytest.mark.parametrize("period_s", [-1, 0.5, math.nan, math.inf])
def test_periods_that_are_none_are_refused(period_s):
    with pytest.raises(SimulationError, match="1 s or more"):
        faulty(periods={"silence": period_s})


# --- the list ------------------------------------------------------------------------------


def test_a_list_has_names_and_numbers():
    faults = Faults.parse("bit-flip=0.01, lost-cr ,mode-switch=120,silence")
    assert faults.rates == {LineFault.BIT_FLIP: 0.01, LineFault.LOST_CR: LineFault.LOST_CR.usual}
    assert faults.periods_s == {MeterFault.MODE_SWITCH: 120, MeterFault.SILENCE: 150}
    assert Faults.parse("") == Faults()


def test_all_is_everything_and_what_is_written_last_counts():
    faults = Faults.parse("eot=0.5,all,silence=0")
    assert set(faults.rates) == set(LineFault)
    assert set(faults.periods_s) == set(MeterFault)
    assert faults.rates[LineFault.EOT] == LineFault.EOT.usual
    assert faults.periods_s[MeterFault.SILENCE] == 0
    assert sum(faults.rates.values()) < 0.01


@pytest.mark.parametrize(
    "text", ["bitflip", "BIT-FLIP", "bit-flip=0.01;eot", "=3", "all=2", "eot="]
)
def test_a_list_that_is_wrong_is_refused(text):
    with pytest.raises(SimulationError, match=r"no fault is called|a number belongs"):
        Faults.parse(text)


# --- on a terminal -------------------------------------------------------------------------


async def read_line(line, size):
    """The first ``size`` bytes that a line says, and more."""
    terminal = os.open(line.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    loop, data, enough = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def take():
        data.extend(os.read(terminal, 4096))
        if len(data) >= size:
            enough.set()

    loop.add_reader(terminal, take)
    try:
        await asyncio.wait_for(enough.wait(), WAIT_S)
    finally:
        loop.remove_reader(terminal)
        os.close(terminal)
    return bytes(data)


async def test_a_line_damages_what_its_meter_says_and_nothing_more():
    meters = [SimulatedMeter(Installation(mode=Mode.STANDARD), START) for _ in range(2)]
    damaged = SimulatedLine(meters[0], speed=50, faults=LineFaults(MIXED, seed=3))
    async with SimulatedLine(meters[1], speed=50) as clean, damaged:
        said, heard = await asyncio.gather(read_line(clean, 20_000), read_line(damaged, 4000))
    expected = LineFaults(MIXED, seed=3).damage(said)
    size = min(len(expected), len(heard))
    assert size >= 4000
    assert heard[:size] == expected[:size]


async def test_a_line_is_quiet_while_its_meter_is_silent():
    meter = faulty(periods={"silence": 8})
    async with SimulatedLine(meter, speed=50) as line:
        data = await read_line(line, 20_000)
    told = [int(date_of(item)[-4:]) for item in Decoder().feed(data) if isinstance(item, Frame)]
    gaps = [later - earlier for earlier, later in pairwise(told) if later // 100 == earlier // 100]
    assert set(gaps) <= {0, 1, 2, 3, 4}
    assert max(gaps) >= 2  # of the two seconds it was silent


async def test_a_switched_line_keeps_the_time_of_its_meter():
    meter = faulty(Mode.HISTORIQUE, periods={"mode_switch": 20})
    async with SimulatedLine(meter, speed=50) as line:
        data = await read_line(line, 16_000)
    heard = [item for item in Decoder().feed(data) if isinstance(item, Frame)]
    assert {frame.mode for frame in heard} == set(Mode)
    standard = [int(date_of(frame)[-4:]) for frame in heard if frame.mode is Mode.STANDARD][:20]
    assert standard[0] == pytest.approx(5020, abs=3)
    assert standard[-1] - standard[0] == pytest.approx(len(standard) * 0.926, abs=2)


# --- the command ---------------------------------------------------------------------------


@contextmanager
def running(*arguments):
    """The terminal of ``teleinfo simulate`` as a process, which ends well on SIGTERM."""
    program = "from teleinfo_gateway.cli.simulate import simulate; simulate()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert select.select([process.stdout], [], [], WAIT_S)[0]
            yield process.stdout.readline().rstrip("\n")
            process.terminate()
            assert process.wait(WAIT_S) == 0
        finally:
            if process.poll() is None:
                process.kill()


def hear(path, satisfied):
    """Feed a decoder from a terminal until ``satisfied`` with it and the frames heard."""
    terminal = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    decoder, heard = Decoder(), []
    end = time.monotonic() + WAIT_S
    try:
        while not satisfied(decoder, heard):
            assert time.monotonic() < end
            if select.select([terminal], [], [], 1)[0]:
                items = decoder.feed(os.read(terminal, 4096))
                heard += [item for item in items if isinstance(item, Frame)]
    finally:
        os.close(terminal)
    return heard


def test_a_damaged_line_is_heard_in_part():
    with running("--mode", "standard", "--speed", 20, "--faults", "bit-flip=0.01") as path:
        heard = hear(
            path,
            lambda decoder, frames: decoder.statistics.refused.total() > 50 and len(frames) > 5,
        )
    assert sum(len(frame.groups) for frame in heard) > 50


def test_a_switch_is_heard_with_one_identity():
    with running("--faults", "mode-switch=5", "--speed", 20) as path:
        heard = hear(path, lambda _, frames: {frame.mode for frame in frames} == set(Mode))
    assert {frame.meter for frame in heard if frame.kind is FrameKind.LONG} == {"002164000001"}


def test_all_faults_at_once_are_survived():
    with running("--phases", 3, "--overload", "--speed", 100, "--faults", "all") as path:
        heard = hear(
            path,
            lambda _, frames: (
                len({frame.meter for frame in frames if frame.meter}) > 1
                and {frame.mode for frame in frames} == set(Mode)
                and len(frames) > 200
            ),
        )
    assert {FrameKind.LONG, FrameKind.INTERRUPTED} <= {frame.kind for frame in heard}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--faults", "gremlins"], [*LineFault, *MeterFault, "'gremlins'"]),
        (["--faults", "eot=often"], ["eot=often: a number"]),
        (["--faults", "bit-flip=2"], ["0 to 1"]),
        (["--faults", "silence=0.1"], ["1 s or more"]),
        (["--faults", "all", "--producer", "--mode", "standard"], ["mode-switch=0"]),
    ],
)
def test_wrong_faults_are_wrong_use_and_the_right_ones_are_told(arguments, said):
    result = CliRunner().invoke(simulate, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    text = " ".join(result.stderr.split())
    assert all(words in text for words in said)


def test_help_tells_every_fault():
    result = CliRunner().invoke(simulate, ["--help"])
    assert result.exit_code == 0
    for fault in (*LineFault, *MeterFault):
        assert f"  {fault} " in result.stdout
        assert fault.words in result.stdout
