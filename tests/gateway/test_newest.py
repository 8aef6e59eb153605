"""What waits for one who is slow: the newest values, in turns, none that is old."""

from teleinfo_gateway.newest import KEEP_S, Newest


def waiting(**values):
    newest = Newest()
    for key, value in values.items():
        newest.put(key, value, 0)
    return newest


def turns(newest, count, now_s=0):
    return [newest.turn(now_s) for _ in range(count)]


def test_nothing_waits_at_first():
    newest = Newest()
    assert newest.turn(0) is None
    assert (len(newest), newest.too_old) == (0, 0)


def test_a_newer_value_takes_the_place_of_the_one_before():
    newest = waiting(a="old", b="b")
    newest.put("a", "new", 1)
    assert len(newest) == 2
    assert newest.turn(1) == ("a", "new")


def test_what_cannot_be_sent_stops_no_other():
    assert turns(waiting(a="1", b="2"), 4) == [("a", "1"), ("b", "2")] * 2


def test_what_comes_faster_than_it_is_sent_stops_no_other():
    newest = waiting(a="1", b="2")
    seen = []
    for number in range(4):
        key, value = newest.turn(0)
        newest.put("a", f"newer {number}", 0)
        newest.done(key, value)
        seen.append(key)
    assert seen == ["a", "b", "a", "a"]


def test_what_is_done_waits_no_more_unless_a_newer_one_has_come():
    newest = waiting(a="1")
    key, value = newest.turn(0)
    newest.put("a", "2", 1)
    newest.done(key, value)
    assert newest.turn(1) == ("a", "2")
    newest.done("a", "2")
    assert len(newest) == 0
    newest.done("a", "2")  # harmless: it may have been dropped meanwhile


def test_what_is_older_than_the_timeout_of_a_meter_is_dropped_and_counted():
    newest = waiting(a="1", b="2")
    newest.put("b", "3", 100)
    assert KEEP_S == 180
    assert newest.turn(180) == ("a", "1")
    assert newest.turn(180.1) == ("b", "3")
    assert (len(newest), newest.too_old) == (1, 1)
    newest.forget(281)
    assert (len(newest), newest.too_old) == (0, 2)
    assert newest.turn(281) is None
