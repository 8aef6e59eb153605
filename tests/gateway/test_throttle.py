"""A ceiling on the lines of one thing in the log."""

import itertools

import pytest

from teleinfo_gateway.throttle import Throttle


@pytest.fixture
def throttle():
    return Throttle()


def test_ten_lines_pass_at_once_then_none(throttle):
    assert [throttle.admit(100.0) for _ in range(12)] == [0] * 10 + [None] * 2


def test_then_one_in_five_minutes_tells_how_many_were_left_out(throttle):
    held = {second: throttle.admit(1000.0 + second) for second in range(3600)}
    passed = [second for second, count in held.items() if count is not None]
    assert passed[:10] == list(range(10))
    for before, after in itertools.pairwise(passed[9:]):
        assert 290 <= after - before <= 301
        assert held[after] == after - before - 1
    assert len(passed) > 20


def test_after_a_quiet_hour_all_pass_again(throttle):
    for _ in range(50):
        throttle.admit(100.0)
    assert throttle.admit(100.0 + 3600) == 40
    assert [throttle.admit(100.0 + 3600) for _ in range(10)] == [0] * 9 + [None]
