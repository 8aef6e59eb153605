"""How good a line is, and the advice: counts and times in, words out."""

import itertools
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from teleinfo_gateway import quality
from teleinfo_gateway.quality import Counts, Evidence, QualityMeter, advice
from teleinfo_gateway.sources import Trouble, Way, way_of
from teleinfo_gateway.statuses import LinkState
from tic import Reason, Statistics

TROUBLESHOOTING = Path(__file__).parents[2] / "docs/troubleshooting.rst"
STANDBY = "the meter's output is in standby: ask Enedis or your supplier to activate it"


class Line:
    """A line whose seconds are played."""

    def __init__(self, way=Way.PORT):
        self.now_s = 1000.0
        self.statistics = Statistics()
        self.meter = QualityMeter(self.statistics, self.now_s, way)

    def play(self, seconds, groups=0, size=0, **refused):
        for _ in range(seconds):
            self.now_s += 1.0
            self.statistics.groups += groups
            self.statistics.bytes += size
            for name, count in refused.items():
                self.statistics.refused[Reason[name]] += count
            self.meter.tick(self.now_s)
        return self

    def report(self, link=LinkState.OK, **told):
        return self.meter.report(link, self.now_s, **told)

    @property
    def rates(self):
        return [
            rate if rate is None else round(rate, 3) for rate in self.report().error_rates.values()
        ]


@pytest.fixture
def line():
    return Line()


# --- figures


def test_before_anything_is_heard_there_is_no_rate(line):
    assert line.rates == [None, None, None]
    assert line.report().bytes_per_s == 0
    assert line.report().advice == ""


def test_the_rate_is_the_share_of_refused_groups(line):
    line.play(20, groups=7, CHECKSUM=1, PARITY=1, SIZE=1)
    assert line.rates == [0.3, 0.3, 0.3]


def test_each_rate_forgets_after_its_time(line):
    line.play(60, groups=6, CHECKSUM=6)
    assert line.rates == [0.5, 0.5, 0.5]
    line.play(60 + 5, groups=10)
    assert line.rates[0] == 0.0
    assert line.rates[1] == line.rates[2] > 0.1
    line.play(15 * 60 + 75, groups=10)
    assert line.rates[1] == 0.0
    assert line.rates[2] > 0.0
    line.play(3600 + 300, groups=10)
    assert line.rates == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("minutes", [1, 15, 60])
def test_a_rate_looks_back_as_far_as_it_says_and_a_twelfth_more_at_most(line, minutes):
    """Before its time is over nothing is forgotten."""
    line.play(100, groups=9)
    line.play(1, CHECKSUM=1)
    line.play(60 * minutes - 1, groups=9)
    assert line.report().error_rates[minutes] > 0
    line.play(5 * minutes + 1, groups=9)
    assert line.report().error_rates[minutes] == 0


def test_what_is_heard_between_two_ticks_counts_already(line):
    line.play(5, groups=10)
    line.statistics.refused[Reason.CHECKSUM] += 50
    assert line.rates[0] == 0.5


def test_bytes_per_second_are_those_of_the_last_minute(line):
    line.play(300, size=900)
    assert line.report().bytes_per_s == pytest.approx(900, rel=0.01)
    line.play(70)
    assert line.report().bytes_per_s == 0


def test_a_line_that_was_not_listened_to_for_long_has_no_rate(line):
    """No ticks while there is no port: the old figures do not stand for now."""
    line.play(120, groups=10, size=100, CHECKSUM=10)
    line.now_s += 7200
    assert line.rates == [None, None, None]
    assert line.report().bytes_per_s == 0
    line.meter.restart(line.now_s)
    assert line.rates == [None, None, None]
    line.play(10, groups=10)
    assert line.rates == [0.0, 0.0, 0.0]


def test_tries_to_open_a_port_let_time_pass_too(line):
    line.play(120, groups=10, CHECKSUM=10)
    for _ in range(4000):
        line.now_s += 1.0
        line.meter.restart(line.now_s)
    assert line.rates == [None, None, None]


def test_memory_is_bounded_whatever_the_time(line):
    def size():
        windows = line.meter._windows.values()
        return [len(window._marks) for window in windows], sum(
            sys.getsizeof(counts) for window in windows for _, counts in window._marks
        )

    line.play(4000, groups=10, CHECKSUM=1)
    before = size()
    line.play(20_000, groups=10, CHECKSUM=1)
    assert size() == before
    assert max(before[0]) <= 13


# --- advice, from a line


def test_a_good_line_needs_none(line):
    assert line.play(600, groups=11, size=110).report(baudrate=1200).advice == ""


def test_now_and_then_a_damaged_group_is_normal(line):
    line.play(600, groups=11, size=110)
    line.play(1, groups=11, size=110, CHECKSUM=4)
    assert line.report(baudrate=1200).advice == ""


def test_two_in_a_hundred_damaged_are_a_weak_signal(line):
    for _ in range(60):
        line.play(1, groups=10, size=110, CHECKSUM=1)
        line.play(1, groups=11, size=110)
    assert line.report(baudrate=1200).advice == "weak signal: check the wires"
    line.play(66, groups=11, size=110)
    assert line.report(baudrate=1200).advice == ""


@pytest.mark.parametrize("reason", ["CHECKSUM", "PARITY", "CONTROL", "FORMAT", "CHARSET"])
def test_many_damaged_at_9600_are_an_adapter_too_slow_for_it(line, reason):
    line.play(60, groups=20, size=900, **{reason: 18})
    assert line.report(baudrate=9600).advice.startswith("adapter too slow for standard mode")
    assert line.report(baudrate=1200).advice == "weak signal: check the wires"
    assert line.report(baudrate=None).advice == "weak signal: check the wires"


def test_a_label_that_never_fits_is_no_fault_of_the_wires(line):
    line.play(60, groups=10, size=110, SIZE=1)
    assert "please report it" in line.report(baudrate=1200).advice


def test_bytes_lost_in_the_computer_are_no_fault_of_the_wires(line):
    line.play(120, groups=30, size=900, CHECKSUM=2)
    line.meter.overruns = 50
    assert line.report(baudrate=9600).advice.startswith("bytes are lost in the computer")
    assert line.report().overruns == 50
    line.play(70, groups=30, size=900, CHECKSUM=2)
    assert line.report(baudrate=9600).advice == "weak signal: check the wires"


def test_junk_that_never_verifies_is_the_wrong_speed_once_both_had_their_time(line):
    line.play(14, size=110)
    assert line.report(LinkState.SEARCHING, baudrate=9600).advice == ""
    line.play(1, size=110)
    both = line.report(LinkState.SEARCHING, baudrate=9600).advice
    assert both.startswith("wrong speed, another talker")
    fixed = line.report(LinkState.SEARCHING, baudrate=9600, searches=False).advice
    assert fixed.startswith("wrong speed: set mode: auto")
    remote = line.report(LinkState.SEARCHING, baudrate=None, searches=False).advice
    assert remote.startswith("wrong speed: set the serial server")


def test_a_meter_that_was_switched_while_its_mode_is_fixed_is_the_wrong_speed(line):
    line.play(600, groups=11, size=110)
    line.play(15, size=110, CONTROL=1)
    found = line.report(LinkState.SILENT, baudrate=1200, searches=False)
    assert found.advice.startswith("wrong speed")


def test_a_line_that_falls_silent_has_lost_its_wires(line):
    line.play(600, groups=11, size=110)
    line.play(14)
    assert line.report(LinkState.SILENT, baudrate=1200).advice == ""
    line.play(1)
    assert line.report(LinkState.SILENT, baudrate=1200).advice.startswith("nothing arrives")


@pytest.mark.parametrize(
    ("device", "heard", "begins"),
    [
        ("/dev/ttyUSB0", {}, "nothing arrives: check the wires at I1 and I2"),
        ("socket://pi:2000", {}, "nothing arrives from the serial server"),
        ("rfc2217://pi:2000", {}, "nothing arrives from the serial server"),
        ("udp://0.0.0.0:1200", {}, "no datagram arrives"),
        ("socket://pi:2000", {"size": 100}, "wrong speed: set the serial server"),
        ("udp://0.0.0.0:1200", {"size": 2}, "datagrams arrive and none is a sound frame"),
        ("udp://0.0.0.0:1200", {"size": 100}, "datagrams arrive and none is a sound frame"),
        ("socket://pi:2000", {"groups": 9, "CHECKSUM": 1}, "weak signal: check the wires at"),
        ("udp://0.0.0.0:1200", {"groups": 9, "CHECKSUM": 1}, "weak signal: check the wires at"),
        ("/dev/ttyUSB0", {"groups": 9, "CHECKSUM": 1}, "weak signal: check the wires"),
    ],
)
def test_the_wires_are_those_of_the_machine_that_reads_the_meter(device, heard, begins):
    line = Line(way_of(device)).play(20, **heard)
    assert line.report(LinkState.SEARCHING, baudrate=None).advice.startswith(begins)


def test_a_byte_now_and_then_is_an_output_that_is_not_activated(line):
    """Older meters then send a pulse for each Wh, which reads as a byte."""
    for _ in range(20):
        line.play(1, size=1)
        line.play(3)
    assert line.report(LinkState.SEARCHING, baudrate=1200).advice.startswith("only stray bytes")


def test_time_without_a_port_is_no_silence(line):
    line.play(60, groups=11, size=110)
    line.now_s += 3600
    line.meter.restart(line.now_s)
    assert line.play(10).report(LinkState.SEARCHING, baudrate=1200).advice == ""


# --- advice, as a table


@pytest.mark.parametrize(
    ("evidence", "begins"),
    [
        (Evidence(LinkState.NO_PORT, Trouble.ABSENT), "unplugged"),
        (Evidence(LinkState.NO_PORT, Trouble.BUSY), "busy"),
        (Evidence(LinkState.NO_PORT, Trouble.DENIED), "no permission"),
        (Evidence(LinkState.STANDBY), STANDBY),
    ],
)
def test_the_state_of_the_link_comes_first(evidence, begins):
    worst = replace(evidence, quiet_s=999.0, junk=9999, minute=Counts(1, 1, 99, 99, 99))
    assert advice(worst).startswith(begins)
    assert advice(evidence).startswith(begins)


def test_a_port_with_a_trouble_of_its_own_leaves_the_word_to_the_link():
    assert advice(Evidence(LinkState.NO_PORT, Trouble.OTHER, quiet_s=999.0)) == ""


def test_any_evidence_gives_one_of_the_texts():
    texts = {text for _, text in quality._RULES} | {""}
    seen = set()
    for link, trouble, baudrate, searches, way, quiet_s, junk, minute in itertools.product(
        LinkState,
        (None, *Trouble),
        (None, 1200, 9600),
        (True, False),
        Way,
        (0.0, 20.0, 100.0),
        (0, 10, 1000),
        (
            Counts(),
            Counts(9, 90, 9),
            Counts(9, 90, 90),
            Counts(9, 90, 0, 9),
            Counts(9, 90, 9, 0, 1),
        ),
    ):
        evidence = Evidence(link, trouble, baudrate, searches, way, quiet_s, junk, minute)
        seen.add(advice(evidence))
    assert seen == texts


def test_every_advice_is_in_the_documentation():
    page = re.sub(r"\s+", " ", TROUBLESHOOTING.read_text(encoding="utf-8"))
    for _, text in quality._RULES:
        assert text.partition(": ")[0] in page, text
