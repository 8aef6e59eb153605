"""``teleinfo.std``: a standard meter's own labels on xPL; real UDP where messages leave."""

import re
from dataclasses import replace

import pytest

from teleinfo_gateway.outputs.xpl import XplOutput, schema
from tic import LABELS, Decoder, Frame, FrameKind, Group, Kind, Mode, encode_frame
from xpl import Address, Message, MessageType

STANDARD = [label for label in LABELS if label.mode is Mode.STANDARD]
ALL_LABELS = "synthetic-std-tempo-tri-producer-all-labels"
ADDRESS = "021961361253"


def standard_reading(reading, values, horodates=None):
    made = reading(mode=Mode.STANDARD, PAPP="00500", OPTARIF="BASE")
    return replace(made, address=ADDRESS, values=values, horodates=horodates or {})


@pytest.fixture
def said(capture, reading):
    """The reading of the capture that has every label."""
    frames = [item for item in Decoder().feed(capture(ALL_LABELS) * 2) if isinstance(item, Frame)]
    groups = {group.label: group for frame in frames for group in frame.groups}
    return standard_reading(
        reading,
        {label: group.value for label, group in groups.items()},
        {label: group.horodate for label, group in groups.items() if group.horodate},
    )


@pytest.fixture
def largest(reading):
    """Every label of the table at once and at its full size: more than any meter says."""
    return standard_reading(
        reading,
        {label.name: "X" * label.size for label in STANDARD},
        {label.name: "H991231235959" for label in STANDARD if label.timestamped},
    )


def datagrams(bodies):
    """With the longest source there can be."""
    source = Address("v" * 8, "teleinfo", "i" * 16)
    return [
        Message(MessageType.STAT, source=source, schema=schema.STANDARD, body=body).encode()
        for body in bodies
    ]


def pairs(bodies):
    return [pair for body in bodies for pair in body if pair[0] not in {"adsc", "device"}]


# --- keys


def test_every_standard_label_has_a_key_of_its_own_and_it_is_legal():
    keys = {}
    for label in STANDARD:
        keys[label.name] = schema.standard_key(label.name)
        if label.timestamped and label.kind is not Kind.CLOCK:
            keys[f"{label.name}, horodate"] = f"{keys[label.name]}-h"
    assert len(set(keys.values())) == len(keys) > 79
    assert all(re.fullmatch(r"[a-z0-9-]{1,16}", key) for key in keys.values())
    assert "device" not in keys.values()


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("ADSC", "adsc"),
        ("EASF01", "easf01"),
        ("NJOURF+1", "njourf-p1"),
        ("PJOURF+1", "pjourf-p1"),
        ("SMAXSN1-1", "smaxsn1-1"),
        ("SINST1", "sinst1"),  # of pilot meters: as sent
    ],
)
def test_a_key_is_the_label_in_lower_case_with_p_for_plus(label, key):
    assert schema.standard_key(label) == key


# --- values


def test_every_label_of_a_frame_is_told_in_the_order_of_the_table(said):
    told = pairs(schema.standard_bodies(said, raw=True, device="adco"))
    values = {schema.standard_key(label): value for label, value in said.values.items()}
    stamps = {f"{schema.standard_key(label)}-h": time for label, time in said.horodates.items()}
    values["date"] = stamps.pop("date-h")
    del values["adsc"]
    assert dict(told) == values | stamps
    order = [schema.standard_key(label.name) for label in STANDARD]
    keys = [key.removesuffix("-h") for key, _ in told]
    assert keys == sorted(keys, key=order.index)
    assert [key for key, _ in told if key.startswith("smaxsn")][:2] == ["smaxsn", "smaxsn-h"]


@pytest.mark.parametrize(
    ("label", "value", "horodate", "domogik", "raw"),
    [
        ("EAST", "000000007", None, {"east": "000000007"}, {"east": "000000007"}),
        ("NGTF", "      BASE      ", None, {"ngtf": "base"}, {"ngtf": "      BASE      "}),
        ("STGE", "003A4401", None, {"stge": "003a4401"}, {"stge": "003A4401"}),
        ("MSG1", " " * 32, None, {}, {}),
        ("DATE", "", "h250612094512", {"date": "h250612094512"}, {"date": "h250612094512"}),
        ("DATE", "", "E250612094512", {"date": "e250612094512"}, {"date": "E250612094512"}),
        (
            "DPM1",
            "00",
            " 250123060000",
            {"dpm1": "00", "dpm1-h": "250123060000"},
            {"dpm1": "00", "dpm1-h": " 250123060000"},
        ),
        (
            "PJOURF+1",
            "00004001 06004002" + " NONUTILE" * 9,
            None,
            {"pjourf-p1": "0000400106004002" + "nonutile" * 9},
            {"pjourf-p1": "00004001 06004002" + " NONUTILE" * 9},
        ),
        ("UNHEARD", "1", None, {}, {}),
    ],
)
def test_values_are_those_of_the_profile(reading, label, value, horodate, domogik, raw):
    told = standard_reading(reading, {label: value}, {label: horodate} if horodate else {})
    for is_raw, expected in ((False, domogik), (True, raw)):
        (body,) = schema.standard_bodies(told, raw=is_raw, device="none")
        assert dict(body) == {"adsc": ADDRESS} | expected


# --- parts


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("device", ["adco", "none", "d" * 128])
@pytest.mark.parametrize("which", ["said", "largest"])
def test_every_part_can_be_attributed_and_fits_one_datagram(request, which, device, raw):
    told = request.getfixturevalue(which)
    bodies = schema.standard_bodies(told, raw=raw, device=device)
    last = {"adco": ADDRESS, "none": None}.get(device, device)
    for body, data in zip(bodies, datagrams(bodies), strict=True):
        assert len(data) < 1472
        assert Message.decode(data).body == body
        assert body[0] == ("adsc", ADDRESS)
        assert dict(body).get("device") == last
        assert "device" not in dict(body[:-1])
        assert all(0 < len(value) <= 128 for _, value in body)
        assert len(dict(body)) == len(body)
    keys = [key for key, _ in pairs(bodies)]
    assert len(set(keys)) == len(keys)


def test_the_largest_frame_is_split_and_loses_nothing(largest):
    one, two, *more = schema.standard_bodies(largest, raw=True, device="adco")
    assert len(more) <= 1
    told = dict(pairs([one, two, *more]))
    assert all(told[schema.standard_key(label.name)] for label in STANDARD if label.size == 98)
    assert len(told["pjourf-p1"]) == 98
    assert sum(len(data) for data in datagrams([one, two, *more])) > 1472


def test_a_value_and_its_horodate_stay_together(largest):
    for body in schema.standard_bodies(largest, raw=True, device="adco"):
        keys = [key for key, _ in body]
        for number, key in enumerate(keys):
            if key.endswith("-h"):
                assert keys[number - 1] == key.removesuffix("-h")


def test_the_same_frame_is_split_the_same_way(said):
    split = [schema.standard_bodies(said, raw=False, device="adco") for _ in range(2)]
    assert split[0] == split[1]


def test_a_frame_that_lost_everything_else_is_told_with_its_address(reading):
    (body,) = schema.standard_bodies(standard_reading(reading, {}), raw=False, device="adco")
    assert body == (("adsc", ADDRESS), ("device", ADDRESS))


# --- on the network


@pytest.fixture
async def output(bus, lo_xpl, until):
    """The function that starts an output with these settings."""
    started = []

    async def start(interval_s=60.0, **settings):
        new = XplOutput(lo_xpl(**settings), bus, lambda _name: interval_s)
        new.start()
        started.append(new)
        await until(lambda: new.state()["sent"])
        return new

    yield start
    for each in started:
        await each.stop()


async def test_behind_each_basic_come_the_parts_of_std(output, bus, ears, said):
    await output(standard=True)
    bus.publish(said)
    kinds = {"teleinfo.basic", "teleinfo.std"}
    basic = await ears.message(*kinds)
    bodies = schema.standard_bodies(said, raw=False, device="adco")
    parts = [await ears.message(*kinds) for _ in bodies]
    assert basic.schema == "teleinfo.basic"
    assert [message.schema for message in parts] == ["teleinfo.std"] * len(bodies)
    assert [message.body for message in parts] == bodies
    assert all(message.type is MessageType.STAT for message in parts)
    assert all(str(message.target) == "*" for message in parts)


async def test_std_keeps_the_interval_of_the_meter(output, bus, ears, said, reading):
    """A fence of another meter shows that nothing was said in between."""
    await output(standard=True, device="none")
    parts = len(schema.standard_bodies(said, raw=False, device="none"))
    for _ in range(3):
        bus.publish(said)
    bus.publish(reading(PTEC="HC.."))  # told at once
    kinds = {"teleinfo.basic", "teleinfo.std"}
    heard = [(await ears.message(*kinds)).schema for _ in range(parts + 2)]
    assert heard == ["teleinfo.basic", *["teleinfo.std"] * parts, "teleinfo.basic"]


@pytest.mark.parametrize("asked", [False, True])
async def test_std_is_sent_only_if_asked_and_only_in_standard_mode(
    output, bus, ears, said, reading, asked
):
    await output(standard=asked)
    bus.publish(reading(PAPP="00500") if asked else said)
    bus.publish(reading(FrameKind.SHORT, ADIR1="030"))
    kinds = {"teleinfo.basic", "teleinfo.std", "teleinfo.short"}
    heard = [(await ears.message(*kinds)).schema for _ in range(2)]
    assert heard == ["teleinfo.basic", "teleinfo.short"]


async def test_what_a_wire_says_arrives_with_the_horodates(manager, line, ears, capture, talking):
    """Through decoder, integrity and meter; what is dated is told with its date."""
    manager(line, standard=True, values="raw", interval=1)
    talking(line, capture(ALL_LABELS))
    told = {}
    while not {"date", "smaxsn-h", "pjourf-p1"} <= told.keys():
        told |= dict((await ears.message("teleinfo.std")).body)
    assert re.fullmatch(r"[EeHh][0-9]{12}", told["date"])
    assert re.fullmatch(r"[EeHh][0-9]{12}", told["smaxsn-h"])


def test_pilot_meters_have_the_keys_of_their_labels(reading):
    frame = encode_frame([Group("ADSC", ADDRESS), Group("SINST1", "00500")])
    (heard,) = [item for item in Decoder().feed(frame) if isinstance(item, Frame)]
    told = standard_reading(reading, {group.label: group.value for group in heard.groups})
    (body,) = schema.standard_bodies(told, raw=False, device="none")
    assert body == (("adsc", ADDRESS), ("sinst1", "00500"))
