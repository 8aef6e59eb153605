"""Finding the speed of a line by what it says."""

import pytest

from teleinfo_gateway.speeds import SpeedSearch
from tic import Mode


@pytest.fixture
def search():
    found = SpeedSearch(None)
    found.listen(100.0)
    return found


def speak(search, now_s, groups=20, size=400):
    """A second of a good line, or of junk when no group verifies."""
    search.heard(size, groups, now_s)


@pytest.mark.parametrize(("mode", "baudrate"), [(Mode.HISTORIQUE, 1200), (Mode.STANDARD, 9600)])
def test_a_known_mode_leaves_nothing_to_search(mode, baudrate):
    search = SpeedSearch(mode)
    search.listen(0.0)
    search.heard(100_000, 0, 1.0)
    assert search.baudrate == baudrate
    assert not search.exhausted(1e6)


def test_silence_is_given_4_seconds_at_9600_and_8_at_1200(search):
    assert search.baudrate == 9600
    assert not search.exhausted(104.0)
    assert search.exhausted(104.1)
    search.turn()
    search.listen(104.1)
    assert search.baudrate == 1200
    assert not search.exhausted(112.0)
    assert search.exhausted(112.2)
    search.turn()
    assert search.baudrate == 9600


def test_junk_refutes_a_speed_before_its_time(search):
    search.heard(256, 0, 100.2)
    assert not search.exhausted(100.2)
    search.heard(1, 0, 100.3)
    assert search.exhausted(100.3)


def test_a_group_now_and_then_refutes_the_junk_before_it(search):
    for second in range(20):
        search.heard(200, 0, 100.0 + second)
        search.heard(20, 1, 100.5 + second)
    assert not search.exhausted(120.0)


def test_three_groups_settle_it(search):
    search.heard(40, 2, 100.1)
    assert not search.settled
    search.heard(20, 1, 100.2)
    assert search.settled


def test_a_settled_line_may_be_damaged_for_10_seconds(search):
    speak(search, 101.0)
    for second in range(10):
        speak(search, 102.0 + second, groups=0)
    assert not search.exhausted(111.0)
    assert search.exhausted(111.1)


def test_an_opened_port_begins_anew_with_its_time_and_junk(search):
    search.heard(250, 0, 103.9)
    search.listen(104.0)
    search.heard(250, 0, 104.1)
    assert not search.exhausted(107.9)


def follow(search, now_s, speaks):
    """Run the search against a line until it settles; gives when it did."""
    deadline_s = now_s + 60
    while not search.settled or search.baudrate != speaks:
        now_s += 1.0
        assert now_s < deadline_s
        right = search.baudrate == speaks
        search.heard(speaks // 10 if right else 110, (speaks // 200) * right, now_s)
        if search.exhausted(now_s):
            search.turn()
            search.listen(now_s)
    return now_s


@pytest.mark.parametrize("speaks", [1200, 9600])
def test_a_line_is_found_within_the_time_of_both_speeds(search, speaks):
    assert follow(search, 100.0, speaks) - 100.0 <= 12


@pytest.mark.parametrize(("before", "after"), [(1200, 9600), (9600, 1200)])
def test_a_meter_that_is_switched_is_followed_within_30_seconds(search, before, after):
    settled_s = follow(search, 100.0, before)
    assert follow(search, settled_s, after) - settled_s <= 30
