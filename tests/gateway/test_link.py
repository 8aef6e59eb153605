"""The state of a line, from what was heard and when."""

import pytest

from teleinfo_gateway.link import Link
from teleinfo_gateway.statuses import LinkState


@pytest.fixture
def changes():
    return []


@pytest.fixture
def link(changes):
    return Link(lambda state, detail: changes.append((state, detail)), 100.0)


def test_a_new_line_is_searched_and_lost_after_180_seconds(link, changes):
    assert link.state is LinkState.SEARCHING
    for now_s in range(100, 281):
        link.tick(now_s)
    assert (link.state, changes) == (LinkState.SEARCHING, [])
    link.tick(280.1)
    assert changes == [(LinkState.LOST, "nothing valid for 180 s")]


def test_a_line_is_silent_after_10_seconds_and_lost_after_180(link):
    link.frame(100.0)
    states = {}
    for now_s in range(100, 300):
        link.tick(now_s + 0.5)
        states.setdefault(link.state, now_s + 0.5)
    assert states == {LinkState.OK: 100.5, LinkState.SILENT: 110.5, LinkState.LOST: 280.5}


@pytest.mark.parametrize("quiet_s", [11, 200])
def test_a_frame_makes_it_good_again(link, quiet_s):
    link.frame(100.0)
    link.tick(100.0 + quiet_s)
    link.frame(101.0 + quiet_s)
    assert (link.state, link.detail) == (LinkState.OK, "")
    link.tick(110.0 + quiet_s)
    assert link.state is LinkState.OK


def test_standby_says_whom_to_ask_and_can_fall_silent(link):
    link.frame(100.0, standby=True)
    assert link.state is LinkState.STANDBY
    assert "ask Enedis" in link.detail
    link.tick(110.5)
    assert link.state is LinkState.SILENT
    link.frame(111.0, standby=True)
    assert link.state is LinkState.STANDBY
    link.frame(112.0)
    assert link.state is LinkState.OK


def test_without_a_port_nothing_else_is_said(link, changes):
    link.no_port("/dev/teleinfo: there is no such port")
    link.tick(1000.0)
    assert changes == [(LinkState.NO_PORT, "/dev/teleinfo: there is no such port")]
    link.no_port("/dev/teleinfo: another program uses the port")
    assert changes[1:] == [(LinkState.NO_PORT, "/dev/teleinfo: another program uses the port")]


def test_a_port_that_is_back_is_searched_for_a_frame(link):
    link.frame(100.0)
    link.no_port("gone")
    link.opened(200.0)
    assert (link.state, link.detail) == (LinkState.SEARCHING, "")
    link.frame(201.0)
    assert link.state is LinkState.OK


def test_a_port_that_is_back_does_not_hide_that_the_meter_is_lost(link):
    """It counts as heard ten seconds ago at most: it had no chance before."""
    link.frame(100.0)
    link.no_port("gone")
    link.opened(1000.0)
    link.tick(1001.0)
    assert link.state is LinkState.SEARCHING
    link.tick(1171.0)
    assert link.state is LinkState.LOST


def test_opening_at_another_speed_changes_nothing(link, changes):
    link.frame(100.0)
    changes.clear()
    link.opened(105.0)
    assert (link.state, changes) == (LinkState.OK, [])


def test_each_change_is_told_once(link, changes):
    for now_s in (100.0, 101.0, 102.0):
        link.frame(now_s)
    for now_s in (113.0, 114.0, 115.0):
        link.tick(now_s)
    assert [state for state, _ in changes] == [LinkState.OK, LinkState.SILENT]


def test_a_reader_that_starts_again_forgets(link):
    link.frame(100.0)
    link.restart(500.0)
    link.tick(505.0)
    assert link.state is LinkState.SEARCHING
