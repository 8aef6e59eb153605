"""What the values of one frame say of each other."""

import pytest

from teleinfo_gateway.plausibility import doubts_of, power_limit_w

SINGLE = {"URMS1": "230", "IRMS1": "010", "SINSTS": "02300"}
THREE = {
    **{f"URMS{n}": "230" for n in (1, 2, 3)},
    **{f"IRMS{n}": "002" for n in (1, 2, 3)},
    **{f"SINSTS{n}": "00460" for n in (1, 2, 3)},
    "SINSTS": "01380",
}
SUMS = {
    "EAST": "000001000",
    **{f"EASF{n:02}": "000000100" for n in range(1, 11)},
    **{f"EASD{n:02}": "000000250" for n in range(1, 5)},
}


@pytest.mark.parametrize(
    ("told", "doubted"),
    [
        (SUMS, set()),
        (SUMS | {"EAST": "000001002"}, set()),
        (SUMS | {"EAST": "000001003"}, {"EAST"}),
        (SUMS | {"EASF03": "000000103"}, {f"EASF{n:02}" for n in range(1, 11)}),
        (SUMS | {"EASD02": "000000150"}, {f"EASD{n:02}" for n in range(1, 5)}),
        (
            SUMS | {"EASD02": "000000150", "EASF01": "000000300"},
            {*SUMS},
        ),
        ({"EAST": "000001000", "EASF01": "000000001"}, set()),
        ({"NTARF": "01", "STGE": "003A0001"}, set()),
        ({"NTARF": "05", "STGE": "9B3A9000"}, set()),
        ({"NTARF": "02", "STGE": "003A0001"}, {"NTARF", "STGE"}),
        (SINGLE, set()),
        (SINGLE | {"SINSTS": "02530"}, set()),
        (SINGLE | {"SINSTS": "04600"}, {"SINSTS", "IRMS1"}),
        (SINGLE | {"SINSTS": "00000"}, set()),
        (THREE, set()),
        (THREE | {"SINSTS2": "48370"}, {"SINSTS2", "IRMS2", "SINSTS", "SINSTS1", "SINSTS3"}),
        (THREE | {"SINSTS": "90000"}, {"SINSTS", "SINSTS1", "SINSTS2", "SINSTS3"}),
        (THREE | {"SINSTS1": "00000", "SINSTS": "00013"}, set()),
        ({"PAPP": "02300", "IINST": "010"}, set()),
        ({"PAPP": "00000", "IINST": "010"}, set()),
        ({"PAPP": "09300", "IINST": "010"}, {"PAPP", "IINST"}),
        ({"PAPP": "00300", "IINST": "010"}, {"PAPP", "IINST"}),
        ({"PAPP": "00300", "IINST1": "010", "IINST2": "000", "IINST3": "001"}, set()),
        (
            {"PAPP": "09300", "IINST1": "010", "IINST2": "000", "IINST3": "001"},
            {"PAPP", "IINST1", "IINST2", "IINST3"},
        ),
        ({"PAPP": "09300", "IINST1": "010"}, set()),
        ({"ADPS": "046", "ISOUSC": "45"}, set()),
        ({"ADPS": "045", "ISOUSC": "45"}, set()),
        ({"ADPS": "006", "ISOUSC": "45"}, {"ADPS"}),
        ({"URMS1": "000", "URMS2": "241", "UMOY3": "230"}, set()),
        ({"URMS1": "087", "UMOY2": "871"}, {"URMS1", "UMOY2"}),
    ],
)
def test_a_label_that_its_frame_contradicts_is_in_doubt(told, doubted):
    assert doubts_of(told).keys() == doubted


@pytest.mark.parametrize(
    ("told", "limit_w"),
    [
        ({}, None),
        ({"PCOUP": "09", "PREF": "06"}, 13500),
        ({"PREF": "06"}, 9000),
        ({"ISOUSC": "30"}, 30 * 230 * 1.5),
        ({"ISOUSC": "20", "IINST2": "001"}, 20 * 230 * 3 * 1.5),
    ],
)
def test_the_power_limit_follows_the_subscription(told, limit_w):
    assert power_limit_w(told) == limit_w
