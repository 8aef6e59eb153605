"""Bit fields: the status register, relays, phases, day profiles, Tempo programs."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tic import (
    Breaker,
    Colour,
    Contact,
    Decoder,
    Euridis,
    Group,
    PhasePresence,
    PowerLine,
    Relays,
    StatusRegister,
    Switching,
    TempoContacts,
    parse_profile,
    typed,
)

UNUSED = " NONUTILE"
NONE = frozenset[int]()
IDLE = StatusRegister.parse("00000000")


def status(**fields):
    """The register of a meter in standard mode, PLC new and locked, Euridis secured, and this."""
    usual = {
        "tic_standard": True,
        "euridis": Euridis.SECURED,
        "power_line": PowerLine.LOCKED,
    }
    return dataclasses.replace(IDLE, **(usual | fields))


def test_an_idle_register_is_all_zero():
    idle = StatusRegister(
        contact_open=False,
        breaker=Breaker.CLOSED,
        cover_open=False,
        over_voltage=False,
        over_reference_power=False,
        producer=False,
        injecting=False,
        supplier_tariff=1,
        distributor_tariff=1,
        clock_degraded=False,
        tic_standard=False,
        euridis=Euridis.DISABLED,
        power_line=PowerLine.UNLOCKED,
        power_line_synchronised=False,
        colour_today=Colour.NONE,
        colour_tomorrow=Colour.NONE,
        peak_notice=0,
        peak_in_progress=0,
    )
    assert idle == IDLE


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("003A0001", {"contact_open": True}),
        ("003A4001", {"contact_open": True, "distributor_tariff": 2}),
        ("003A8000", {"distributor_tariff": 3}),
        ("003A0101", {"contact_open": True, "producer": True}),
        (
            "002A0301",
            {"contact_open": True, "producer": True, "injecting": True, "euridis": Euridis.OPEN},
        ),
        (
            "013A0501",
            {
                "contact_open": True,
                "producer": True,
                "supplier_tariff": 2,
                "colour_today": Colour.BLUE,
            },
        ),
        (
            "013A4401",
            {
                "contact_open": True,
                "supplier_tariff": 2,
                "distributor_tariff": 2,
                "colour_today": Colour.BLUE,
            },
        ),
        (
            "9B3A9000",
            {
                "supplier_tariff": 5,
                "distributor_tariff": 3,
                "colour_today": Colour.RED,
                "colour_tomorrow": Colour.WHITE,
                "peak_notice": 1,
                "peak_in_progress": 2,
            },
        ),
        (
            "003B4401",
            {
                "contact_open": True,
                "supplier_tariff": 2,
                "distributor_tariff": 2,
                "clock_degraded": True,
            },
        ),
    ],
)
def test_registers_seen_on_real_meters(text, fields):
    assert StatusRegister.parse(text) == status(**fields)


def coded(first, values):
    """One row per code of a field whose lowest bit is ``first``."""
    return [(code << first, value) for code, value in enumerate(values)]


STATUS_BITS = {
    "contact_open": coded(0, [False, True]),
    "breaker": coded(1, Breaker),
    "cover_open": coded(4, [False, True]),
    "over_voltage": coded(6, [False, True]),
    "over_reference_power": coded(7, [False, True]),
    "producer": coded(8, [False, True]),
    "injecting": coded(9, [False, True]),
    "supplier_tariff": coded(10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, *[None] * 6]),
    "distributor_tariff": coded(14, [1, 2, 3, 4]),
    "clock_degraded": coded(16, [False, True]),
    "tic_standard": coded(17, [False, True]),
    "euridis": coded(19, [Euridis.DISABLED, Euridis.OPEN, Euridis.UNKNOWN, Euridis.SECURED]),
    "power_line": coded(21, PowerLine),
    "power_line_synchronised": coded(23, [False, True]),
    "colour_today": coded(24, [Colour.NONE, Colour.BLUE, Colour.WHITE, Colour.RED]),
    "colour_tomorrow": coded(26, [Colour.NONE, Colour.BLUE, Colour.WHITE, Colour.RED]),
    "peak_notice": coded(28, [0, 1, 2, 3]),
    "peak_in_progress": coded(30, [0, 1, 2, 3]),
}


def test_the_bits_of_the_table_are_every_field_and_every_bit_but_the_unused():
    assert list(STATUS_BITS) == [field.name for field in dataclasses.fields(StatusRegister)]
    used = 0
    for word, _ in itertools.chain.from_iterable(STATUS_BITS.values()):
        used |= word
    assert used == 0xFFFFFFFF & ~(1 << 5 | 1 << 18)


@pytest.mark.parametrize("field", STATUS_BITS)
def test_each_field_of_the_register_is_read_from_its_bits_alone(field):
    for word, value in STATUS_BITS[field]:
        assert StatusRegister.parse(f"{word:08X}") == dataclasses.replace(IDLE, **{field: value})
        others = word | 0xFFFFFFFF & ~STATUS_BITS[field][-1][0]
        assert getattr(StatusRegister.parse(f"{others:08X}"), field) == value


def test_the_codes_of_the_breaking_device_are_in_the_order_of_the_specification():
    assert [member.name for member in Breaker] == [
        "CLOSED",
        "OVER_POWER",
        "OVER_VOLTAGE",
        "LOAD_SHEDDING",
        "ORDER",
        "OVERHEAT_HIGH",
        "OVERHEAT_LOW",
        "UNKNOWN",
    ]


@given(word=st.integers(0, 0xFFFFFFFF))
def test_no_code_raises(word):
    StatusRegister.parse(f"{word:08X}")


@pytest.mark.parametrize(
    "capture", ["std-base-tri-conso", "synthetic-std-mono-msg2-degraded-clock"]
)
def test_the_running_index_is_told_twice_alike(captures, capture):
    groups = Decoder().feed(captures[capture])
    indexes = [
        typed(group) for group in groups if isinstance(group, Group) and group.label == "NTARF"
    ]
    registers = [
        typed(group) for group in groups if isinstance(group, Group) and group.label == "STGE"
    ]
    assert [register.supplier_tariff for register in registers] == indexes


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("000", set()),
        ("001", {1}),
        ("140", {3, 4, 8}),
        ("141", {1, 3, 4, 8}),
        ("255", set(range(1, 9))),
    ],
)
def test_relays_are_a_decimal_number(text, closed):
    assert Relays.parse(text).closed == closed


@pytest.mark.parametrize(
    ("text", "absent"),
    [("00", set()), ("02", {1}), ("04", {2}), ("08", {3}), ("0E", {1, 2, 3}), ("F1", set())],
)
def test_a_phase_is_absent_where_its_bit_is_set(text, absent):
    assert PhasePresence.parse(text).absent == absent


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (
            "00004001 06004002 22004001" + UNUSED * 8,
            [
                Switching(0, Contact.TEMPO, NONE, 1),
                Switching(360, Contact.TEMPO, NONE, 2),
                Switching(1320, Contact.TEMPO, NONE, 1),
            ],
        ),
        ("00008001" + UNUSED * 10, [Switching(0, Contact.OPEN, NONE, 1)]),
        ("0256C001" + UNUSED * 10, [Switching(176, Contact.CLOSED, NONE, 1)]),
        ("00000000" + UNUSED * 10, [Switching(0, Contact.UNCHANGED, NONE, None)]),
        ("0000000B" + UNUSED * 10, [Switching(0, Contact.UNCHANGED, NONE, None)]),
        ("0000000A" + UNUSED * 10, [Switching(0, Contact.UNCHANGED, NONE, 10)]),
        ("2359041F" + UNUSED * 10, [Switching(1439, Contact.UNCHANGED, frozenset({1, 7}), None)]),
        ("00003800" + UNUSED * 10, [Switching(0, Contact.UNCHANGED, NONE, None)]),
        ("NONUTILE" + UNUSED * 10, []),
    ],
)
def test_a_profile_is_its_used_blocks(text, blocks):
    assert parse_profile(text) == tuple(blocks)


def test_a_profile_may_use_all_eleven_blocks():
    text = " ".join(f"{hour:02}00C00{1 + hour % 2}" for hour in range(11))
    blocks = parse_profile(text)
    assert [block.minute for block in blocks] == [60 * hour for hour in range(11)]
    assert [block.tariff for block in blocks] == [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]


TEMPO_CODES = {1: "()*+,-./", 2: "01234567", 3: "89:;<=>?"}


@pytest.mark.parametrize("water_heater", TEMPO_CODES)
def test_the_fourth_character_of_tempo_programs_the_contacts(water_heater):
    for code, heating in zip(TEMPO_CODES[water_heater], "0123456C", strict=True):
        assert TempoContacts.parse(f"BBR{code}") == TempoContacts(water_heater, heating)


@pytest.mark.parametrize("option", ["BASE", "HC..", "EJP.", "BBR'", "BBR@", "BBR"])
def test_other_options_program_no_contacts(option):
    assert TempoContacts.parse(option) is None
