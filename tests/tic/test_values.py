"""What a group means: numbers, texts, registers, profiles and identities."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import (
    BY_NAME,
    Group,
    Horodate,
    Kind,
    MeterIdentity,
    PhasePresence,
    Relays,
    StatusRegister,
    stamp,
    typed,
)


def summer(*moment):
    return datetime(*moment, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("group", "value"),
    [
        (Group("BASE", "000123456"), 123456),
        (Group("PAPP", "01116"), 1116),
        (Group("ISOUSC", "30"), 30),
        (Group("PEJP", "30"), 30),
        (Group("NTARF", "05"), 5),
        (Group("CCASN", "00042", "E210423054022"), 42),
        (Group("DPM1", "00", " 250123060000"), 0),
        (Group("DATE", "", "E210423054022"), Horodate(summer(2021, 4, 23, 5, 40, 22))),
        (Group("NGTF", "      BASE      "), "BASE"),
        (Group("LTARF", "    HP  BLEU    "), "HP BLEU"),
        (Group("MSG1", "PAS DE          MESSAGE         "), "PAS DE MESSAGE"),
        (Group("OPTARIF", "HC.."), "HC.."),
        (Group("DEMAIN", "----"), "----"),
        (Group("MOTDETAT", "400000"), "400000"),  # reserved for the operator: not decoded
        (Group("PRM", "01234567890123"), "01234567890123"),
        (Group("PPOT", "02"), PhasePresence(frozenset({1}))),
        (Group("RELAIS", "001"), Relays(frozenset({1}))),
        (Group("EA_s", "00123kWh"), "00123kWh"),
    ],
)
def test_a_value_has_the_type_of_its_label(group, value):
    assert typed(group) == value


@settings(deadline=None)
@given(group=st.from_type(Group))
def test_every_value_that_the_decoder_believes_has_its_type(group):
    value = typed(group)
    match BY_NAME[group.label].kind:
        case Kind.TEXT | Kind.CODE:
            assert isinstance(value, str)
        case Kind.CLOCK:
            assert isinstance(value, Horodate)
        case Kind.IDENTITY:
            assert isinstance(value, str if group.label == "PRM" else MeterIdentity)
        case Kind.PROFILE:
            assert isinstance(value, tuple)
        case Kind.REGISTER:
            assert isinstance(value, StatusRegister | Relays | PhasePresence | str)
        case _:
            assert isinstance(value, int)
    assert (stamp(group) is None) == (group.horodate is None)


def test_the_instant_of_a_group_is_told_apart_from_its_value():
    group = Group("SMAXSN-1", "01952", "E210422183457")
    assert (typed(group), stamp(group)) == (1952, Horodate(summer(2021, 4, 22, 18, 34, 57)))
    assert stamp(Group("PAPP", "01234")) is None


@pytest.mark.parametrize(
    ("address", "manufacturer", "year", "device", "serial"),
    [
        (
            "021528603314",
            "Sagem/Sagemcom",
            2015,
            "single-phase, multi-tariff, 3rd generation",
            "603314",
        ),
        (
            "031762270346",
            "Schlumberger/Actaris/Itron",
            2017,
            "Linky single-phase 90 A G1",
            "270346",
        ),
        ("041976012345", "Landis+Gyr/Siemens", 2019, "Linky three-phase 60 A G3", "012345"),
        (
            "029928000001",
            "Sagem/Sagemcom",
            1999,
            "single-phase, multi-tariff, 3rd generation",
            "000001",
        ),
        ("99152A000001", "unknown", 2015, "unknown", "000001"),
    ],
)
def test_an_address_tells_who_made_the_meter(address, manufacturer, year, device, serial):
    identity = MeterIdentity(address, manufacturer, year, device, serial)
    assert MeterIdentity.parse(address) == identity
    assert typed(Group("ADCO", address)) == typed(Group("ADSC", address)) == identity


def test_each_assigned_code_has_a_name():
    makers = {f"{code:02}" for code in range(100)} - {"00", "13"}
    makers -= {f"{code:02}" for code in (*range(40, 70), *range(72, 81), *range(86, 100))}
    devices = "01 03 04 05 06 07 09 10 15 19 20 21 22 23 25 26 27 28 29 30 31 33 34 36 60 61 62 63"
    devices += " 64 65 67 68 70 71 75 76 86 87"
    for code in range(100):
        identity = MeterIdentity.parse(f"{code:02}15{code:02}000001")
        assert (identity.manufacturer != "unknown") == (f"{code:02}" in makers)
        assert (identity.device != "unknown") == (f"{code:02}" in devices.split())
