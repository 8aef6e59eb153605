import math

import pytest

from xpl import Address, IllegalIntervalError
from xpl.heartbeat import Heartbeat, Presence, check_interval, interval_minutes


@pytest.fixture
def beat() -> Heartbeat:
    return Heartbeat(5, lambda: 4.0)


def run(beat: Heartbeat, until_s: float) -> list[float]:
    """Ask exactly when asked to; return when heartbeats left."""
    times = []
    while (now_s := beat.wake_up_s) <= until_s:
        if beat.due(now_s):
            times.append(now_s)
    return times


def test_nothing_is_due_before_the_start(beat: Heartbeat) -> None:
    assert beat.wake_up_s == math.inf
    assert not beat.due(0.0)


def test_a_hub_is_looked_for_each_3_s_for_2_min_then_each_30_s(beat: Heartbeat) -> None:
    beat.start(1000.0)
    times = run(beat, 1300.0)
    assert times[:3] == [1000.0, 1003.0, 1006.0]
    assert times[40:43] == [1120.0, 1150.0, 1180.0]
    assert times[-1] == 1300.0


def test_once_found_one_more_heartbeat_then_normal_pace(beat: Heartbeat) -> None:
    beat.start(0.0)
    assert beat.due(0.0)
    beat.heard(0.5)
    assert beat.hub_found
    assert run(beat, 1.0) == [0.5]
    beat.heard(0.6)
    assert run(beat, 300.0) == []
    assert run(beat, 301.0) == [300.5]


def test_after_two_heartbeats_without_any_traffic_the_hub_is_lost(beat: Heartbeat) -> None:
    beat.start(0.0)
    beat.heard(0.0)
    assert run(beat, 0.0) == [0.0]
    beat.heard(200.0)
    assert run(beat, 600.0) == [300.0, 600.0]
    assert beat.hub_found
    assert run(beat, 910.0) == [900.0, 903.0, 906.0, 909.0]
    assert not beat.hub_found
    beat.heard(910.0)
    assert run(beat, 1209.0) == [910.0]


def test_a_request_is_answered_once_after_its_delay(beat: Heartbeat) -> None:
    beat.start(0.0)
    beat.heard(0.0)
    run(beat, 0.0)
    for now_s in (10.0, 11.0, 13.9):
        beat.request(now_s)
    assert run(beat, 20.0) == [14.0]
    beat.request(20.0)
    assert run(beat, 100.0) == [24.0]


def test_an_answer_does_not_move_the_ordinary_heartbeat(beat: Heartbeat) -> None:
    beat.start(0.0)
    beat.heard(0.0)
    run(beat, 0.0)
    beat.request(100.0)
    assert run(beat, 400.0) == [104.0, 300.0]


def test_an_answer_and_a_heartbeat_due_together_are_one(beat: Heartbeat) -> None:
    beat.start(0.0)
    beat.heard(0.0)
    run(beat, 0.0)
    beat.request(296.0)
    assert run(beat, 400.0) == [300.0]


def test_a_heartbeat_says_where_and_how_often() -> None:
    presence = Presence(Address("acme", "lamp", "hall"), 50001, "192.0.2.10", 5, "1.0")
    app = presence.message("app")
    assert app.schema == "hbeat.app"
    assert app.body == (
        ("interval", "5"),
        ("port", "50001"),
        ("remote-ip", "192.0.2.10"),
        ("version", "1.0"),
    )
    end = presence.message("end")
    assert (end.schema, end.body) == ("hbeat.end", app.body)


def test_without_a_version_none_is_told() -> None:
    presence = Presence(Address("acme", "lamp", "hall"), 1, "127.0.0.1", 5)
    assert presence.message("app").get("version") is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        (None, 5),
        ("", 5),
        ("five", 5),
        ("5.5", 5),
        ("-1", 5),
        ("٣", 5),
        ("9" * 10_000, 5),
        ("0", 1),
        ("1", 1),
        (" 9 ", 9),
        ("30", 30),
        ("60", 30),
    ],
)
def test_an_interval_from_the_network_is_brought_into_range(text: str | None, minutes: int) -> None:
    assert interval_minutes(text) == minutes


@pytest.mark.parametrize("minutes", [0, 4, 31])
def test_an_own_interval_is_5_to_30_minutes(minutes: int) -> None:
    with pytest.raises(IllegalIntervalError, match="5 to 30"):
        check_interval(minutes)
