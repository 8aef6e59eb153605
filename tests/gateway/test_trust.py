"""When one value of one label is believed, by what was told before."""

import pytest

from teleinfo_gateway.trust import AtOnce, IndexTrust, Steady, TwiceTold

LIMIT_W = 9000.0


def believed(trust, *told, every_s=1.5, doubt=""):
    """What is believed after each value."""
    return [
        trust.take(value, number * every_s, LIMIT_W, doubt).believed
        for number, value in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["100"], [None]),
        (["100", "100"], [None, "100"]),
        (["100", "101", "102"], [None, "100", "101"]),
        (["100", "100", "108", "100"], [None, "100", "100", "100"]),
        (["100", "101", "109", "102", "103"], [None, "100", "101", "101", "102"]),
        (["900", "100", "101"], [None, None, "100"]),
        (["100", "900100", "101", "102"], [None, None, None, "101"]),
        (["500", "501", "000", "502"], [None, "500", "500", "501"]),
        (["500", "500", "499", "500"], [None, "500", "500", "500"]),
    ],
    ids=[
        "one value is not enough",
        "two that agree begin",
        "each is believed one frame late",
        "too high, unmasked by the next",
        "too high while it rises",
        "a first value too high",
        "a jump at the beginning",
        "a zero never passes",
        "it never falls",
    ],
)
def test_an_index(told, expected):
    assert believed(IndexTrust(), *told) == expected


def test_a_refused_index_says_why_and_what_was_expected():
    index = IndexTrust()
    believed(index, "001000", "001001")
    assert index.take("000999", 5, LIMIT_W, "").refused == (
        "000999",
        "an index never falls",
        "001000 or a little more",
    )
    assert index.take("901001", 6, LIMIT_W, "").refused.reason == "an index never jumps"
    index.take("001009", 7, LIMIT_W, "")
    assert index.take("001002", 8, LIMIT_W, "").refused == (
        "001009",
        "lone outlier",
        "at most 001002, told next",
    )


def test_an_index_may_rise_by_the_power_limit_and_the_time():
    for hours, wh, right in [(1, 9400, True), (1, 9600, False), (10, 90400, True)]:
        index = IndexTrust()
        believed(index, "000000", "000000")
        verdict = index.take(f"{wh:06}", hours * 3600, LIMIT_W, "")
        assert (verdict.refused is None) == right


def test_an_index_in_doubt_is_neither_believed_nor_remembered():
    index = IndexTrust()
    believed(index, "100", "101")
    assert index.take("150", 3, LIMIT_W, "equal sums").believed == "100"
    assert index.take("102", 4, LIMIT_W, "").believed == "101"
    assert believed(IndexTrust(), "100", "101", doubt="equal sums") == [None, None]


def test_an_index_that_goes_its_own_way_for_half_a_minute_is_the_meters_word():
    index = IndexTrust()
    believed(index, "5000", "5000")
    verdicts = [index.take(f"{n:04}", 10 + 4 * n, LIMIT_W, "") for n in range(12)]
    assert [verdict.rebased for verdict in verdicts].index(True) == 9
    assert {verdict.believed for verdict in verdicts[:9]} == {"5000", None}
    assert verdicts[9].believed == "0008"
    assert verdicts[10].believed == "0009"


def test_noise_never_moves_an_index_however_long_it_lasts():
    index = IndexTrust()
    believed(index, "5000", "5000")
    for n in range(100):
        verdict = index.take("4000" if n % 2 else "3000", 10 + n, LIMIT_W, "")
        assert verdict.believed in {"5000", None}
        assert not verdict.rebased


def test_an_index_that_was_not_confirmed_for_half_a_minute_is_not_told_as_new():
    index = IndexTrust()
    believed(index, "100", "100")
    assert index.take("102", 29, LIMIT_W, "").believed == "100"
    assert index.take("103", 70, LIMIT_W, "").believed is None
    assert index.take("104", 71, LIMIT_W, "").believed == "103"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["A"], [None]),
        (["A", "A"], [None, "A"]),
        (["A", "A", "B", "A"], [None, "A", None, "A"]),
        (["A", "A", "B", "B"], [None, "A", None, "B"]),
        (["A", "A", "B", "C", "B"], [None, "A", None, None, None]),
    ],
)
def test_a_text_is_believed_when_it_is_told_again(told, expected):
    assert believed(TwiceTold(), *told) == expected


def test_a_text_told_once_is_refused_when_the_next_one_differs():
    text = TwiceTold()
    believed(text, "A", "A", "B")
    assert text.take("A", 9, LIMIT_W, "").refused == (
        "B",
        "told once",
        "the same value in the next frame",
    )


@pytest.mark.parametrize(
    ("told", "doubts", "expected"),
    [
        (["005", "005", "030"], ["", "", ""], [None, "005", "030"]),
        (["005", "005", "030", "005"], ["", "", "no", ""], [None, "005", None, "005"]),
        (["005", "005", "030", "031"], ["", "", "no", "no"], [None, "005", None, "031"]),
        (["005", "005", "800", "005"], ["", "", "", ""], [None, "005", None, "005"]),
        (["005", "005", "800", "801"], ["", "", "", ""], [None, "005", None, "801"]),
        (["211"], [""], [None]),
    ],
    ids=[
        "loads are switched",
        "contradicted once",
        "contradicted and told again",
        "more than the house can draw",
        "more than that, told again",
        "a label told once may be another one, damaged",
    ],
)
def test_a_current(told, doubts, expected):
    trust = Steady(near=2, ceiling=1 / 200)
    verdicts = [
        trust.take(value, 0, LIMIT_W, doubt) for value, doubt in zip(told, doubts, strict=True)
    ]
    assert [verdict.believed for verdict in verdicts] == expected


def test_a_lone_outlier_is_refused_when_the_next_value_comes():
    trust = Steady(near=2, ceiling=1 / 200)
    believed(trust, "005", "005", "800")
    assert trust.take("006", 9, LIMIT_W, "").refused == (
        "800",
        "lone outlier",
        "about 006, told next",
    )


def test_an_overload_never_waits_unless_its_frame_contradicts_it():
    assert AtOnce().take("050", 0, LIMIT_W, "").believed == "050"
    verdict = AtOnce().take("010", 0, LIMIT_W, "more than 45")
    assert verdict.believed is None
    assert verdict.refused == ("010", "contradicted", "more than 45")
