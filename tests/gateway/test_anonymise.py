"""A line made anonymous: whose it is can no longer be read, and all the rest still can."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.anonymise import Anonymiser
from tic import Decoder, Frame, Group, Mode, Refusal, encode_frame, encode_group
from tic.groups import read_group

CAPTURES = sorted((Path(__file__).parents[1] / "captures").glob("*.tic"))
MASK = bytes(byte & 0x7F for byte in range(256))
EVEN = [byte | (byte.bit_count() % 2) << 7 for byte in range(128)]
SECRETS = {"ADCO", "ADSC", "PRM", "MSG1", "MSG2"}

ADDRESS = "021528603314"
PRM = "25203473204149"


def anonymous(data):
    return Anonymiser().stream(data)


def decoded(data):
    """The items of a stream and the decoder's statistics."""
    decoder = Decoder(partial=True)
    return decoder.feed(data) + decoder.close(), decoder.statistics


def identities(data):
    """Every identity of a capture: told by its label, verified or not, with digits in it."""
    told = re.findall(rb"(?:ADCO|ADSC|PRM)[ \t]([^ \t\r\n]{7,16})[ \t]", data.translate(MASK))
    return {value for value in told if len(set(value[6:])) > 1}


def historique(address=ADDRESS, **values):
    values = {"OPTARIF": "BASE", "ISOUSC": "30", "BASE": "003141592", "PTEC": "TH..", **values}
    return encode_frame(
        [Group("ADCO", address), *(Group(label, value) for label, value in values.items())]
    )


def standard(message="COUPURE 14/06 CHEZ DURAND", prm=PRM):
    return encode_frame(
        [
            Group("ADSC", ADDRESS),
            Group("EAST", "003141592"),
            Group("MSG1", f"{message:32}"),
            Group("PRM", prm),
            Group("NTARF", "01"),
        ]
    )


# --- whole lines ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_capture_loses_its_identities_and_nothing_else(path):
    data = path.read_bytes()
    shown = anonymous(data)
    assert len(shown) == len(data)
    for original in identities(data):
        assert original not in shown.translate(MASK)
    (before, counted), (after, counted_after) = decoded(data), decoded(shown)
    assert counted_after == counted
    for old, new in zip(before, after, strict=True):
        if isinstance(old, Frame):
            assert (new.kind, new.mode) == (old.kind, old.mode)
        elif isinstance(old, Group) and old.label not in SECRETS:
            assert new == old
        else:
            assert (type(new), new.label) == (type(old), old.label)
            assert not isinstance(old, Refusal) or new.reason == old.reason


def test_maker_year_and_type_stay_and_the_serial_is_invented():
    assert decoded(anonymous(historique()))[0][0] == Group("ADCO", "021528999001")


def test_an_identity_is_the_same_everywhere():
    anonymiser = Anonymiser()
    first = decoded(anonymiser.stream(historique() + standard()))[0]
    again = decoded(anonymiser.stream(standard(prm="19000000000042")))[0]
    meters = {item.meter for item in first + again if isinstance(item, Frame)}
    assert meters == {"021528999001"}
    points = [item.value for item in first + again if getattr(item, "label", "") == "PRM"]
    assert len(set(points)) == 2
    assert all(point.startswith("99999999999") for point in points)


def test_two_meters_stay_two():
    shown = decoded(anonymous(historique() + historique("021528603315") + historique()))[0]
    first, second, third = [item.meter for item in shown if isinstance(item, Frame)]
    assert first == third != second


def test_an_invented_identity_is_nobody_elses():
    """Not even if a meter on the line is called as the first one would be."""
    taken = "021528999001"
    shown = anonymous(historique() + historique(taken))
    assert taken.encode() not in shown
    assert len({item.meter for item in decoded(shown)[0] if isinstance(item, Frame)}) == 2


@pytest.mark.parametrize("text", ["PAS DE          MESSAGE", "     PAS DE          MESSAGE"])
def test_no_message_stays_as_it_is(text):
    data = standard(text)
    assert decoded(anonymous(data))[0][2] == decoded(data)[0][2]


def test_a_message_is_crossed_out():
    shown = decoded(anonymous(standard()))[0][2]
    assert shown == Group("MSG1", "XXXXXXX 00/00 XXXX XXXXXX       ")


def test_texts_of_the_supplier_stay(capture):
    data = capture("std-tempo-mono-red-day")
    assert b"TEMPO" in anonymous(data)


def test_an_8_bit_line_keeps_its_parity(capture):
    data = bytes(EVEN[byte] for byte in standard())
    shown = anonymous(data)
    assert all(byte.bit_count() % 2 == 0 for byte in shown)
    assert shown.translate(MASK) == anonymous(standard())


def test_what_was_anonymous_already_stays():
    masked = b"\x02\nADCO XXXXXXXXXXXX 7\r\nBASE 001181243 _\r\x03"
    assert anonymous(masked) == masked


# --- damaged lines -------------------------------------------------------------------------


def test_a_wrong_checksum_stays_wrong_by_as_much():
    data = historique().replace(b" :\r", b" >\r")
    (refused, *_), _ = decoded(data)
    (shown, *_), _ = decoded(anonymous(data))
    assert (shown.reason, shown.label) == (refused.reason, refused.label)
    assert shown.raw.startswith(b"ADCO 021528999001 ")


def test_a_flipped_bit_is_shown_and_the_digit_is_not():
    """``0`` became ``p``, which no checksum sees; what was 3 stays unknown."""
    data = historique() + historique().replace(b"8603314", b"86p3314")
    assert b"ADCO 021528999001" in anonymous(data)
    assert re.search(rb"ADCO 0215289y9001", anonymous(data))


DAMAGED = [
    b"\nADDO 021528603314 :\r",  # the label
    b"\nADCO 02152860314 :\r",  # a byte lost
    b"\nADCO 0215286\x0033314 :\r",  # a byte hit, another added
    b"\nHCHP 0195711ADCO 021528603314 :\r",  # two groups in one
    b"\x0eADCO 021528603314 :\r",  # LF hit: no group at all
    b"\nADCO 021528603314 :\nBASE 003141592 ;\r",  # CR lost
    b"\nADCO 0215\n28603314 :\r",  # LF added
    b"ADCO 02152860",  # and then a power cut
]


@pytest.mark.parametrize("copy", DAMAGED, ids=repr)
def test_a_damaged_copy_tells_nothing(copy):
    shown = anonymous(historique() + copy)
    for at in range(len("603314") - 3):
        assert b"603314"[at : at + 4] not in shown


@pytest.mark.parametrize("size", range(1, 19))
def test_a_line_that_begins_or_ends_amid_its_address_tells_nothing(size):
    """Even if the address never came whole."""
    group = b"\nADCO 021528603314 :\r"
    head = group[size:] + b"\nBASE 003141592 4\r"
    tail = b"\nBASE 003141592 4\r" + group[:size]
    for shown in (anonymous(head), anonymous(tail)):
        assert not re.search(rb"[1-8]", shown.replace(b"003141592 4", b""))


def test_an_address_that_never_verified_is_replaced_too():
    data = historique().replace(b" :\r", b" >\r")
    assert b"ADCO 021528999001" in anonymous(data * 3)


def test_a_long_number_under_a_damaged_label_is_an_identity():
    data = b"\nP\x12M\t25203473204149\tF\r"
    assert b"00000000000000" in anonymous(data)


@pytest.mark.parametrize(
    ("label", "damaged"),
    [(b"MSG1", b"MSGq"), (b"PRM", b"prM"), (b"ADSC", b"aDsC")],  # the sums are the same
)
def test_a_damaged_label_that_verifies_tells_nothing(label, damaged):
    """The group passes for one of an unknown meter."""
    data = standard() + standard().replace(b"\n" + label, b"\n" + damaged)
    assert decoded(data)[1].refused.total() == 0
    shown = anonymous(data)
    for private in (PRM, ADDRESS, "DURAND"):
        assert private.encode() not in shown
    assert decoded(shown)[1] == decoded(data)[1]


def test_around_a_piece_of_an_identity_every_digit_goes():
    """What two faults cut into pieces too small to be known is between known ones."""
    shown = anonymous(historique() + b"\nADDO 0215286\x0033\x004 :\r").rpartition(b"ADDO")[2]
    assert not re.search(rb"[1-9]", shown)


def test_zeros_are_nobodys():
    """A damaged value that has them stays as legible as it was."""
    damaged = b"\nEAST\t000012345\t?\r"
    assert damaged in anonymous(standard(prm="19000000000042") + damaged)


def test_a_group_of_wrong_parity_is_searched_and_a_good_one_is_left_alone():
    line = bytes(EVEN[byte] for byte in standard())
    good = bytes(EVEN[byte] for byte in encode_group(Group("EASF01", "002034732")))
    odd = good[:1] + bytes([good[1] ^ 0x80]) + good[2:]
    assert anonymous(line + good).endswith(good)
    assert b"2034" not in anonymous(line + odd).translate(MASK)


def test_a_damaged_message_tells_nothing():
    data = standard() + standard().replace(b"MSG1", b"MS\x00G1")
    shown = anonymous(data)
    for word in (b"COUP", b"CHEZ", b"DURA", b"RAND"):
        assert word not in shown


def damage(data, rate, bits, chance):
    """Flipped bits, lost, added and hit bytes, in the shares of a bad line."""
    damaged = bytearray()
    for byte in data:
        fault = chance.random() / rate
        if fault > 1:
            damaged.append(byte)
        elif fault < 0.6:
            damaged.append(byte ^ 1 << chance.randrange(bits))
        elif fault < 0.8:
            damaged.append(0)
        elif fault < 0.9:
            damaged += bytes([byte, chance.randrange(256)])
    return bytes(damaged)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("bits", [7, 8])
@pytest.mark.parametrize(
    "name",
    [
        "histo-hc-mono-l16c6",
        "std-base-tri-conso",
        "synthetic-histo-8bit-parity-bit-set",
        "synthetic-std-mono-msg2-degraded-clock",
    ],
)
def test_a_bad_line_tells_nothing_and_decodes_as_before(capture, name, bits, rate):
    chance = random.Random(f"{name} {bits} {rate}")  # noqa: S311  # it must repeat
    source = capture(name)[:6000]
    secrets = {value[6 if len(value) == 12 else 0 :] for value in identities(source)}
    for _ in range(10):
        data = source + damage(source, rate, bits, chance)
        shown = anonymous(data)
        assert decoded(shown)[1] == decoded(data)[1]
        text = without_good_groups(shown.translate(MASK))
        for secret in secrets:
            for at in range(len(secret) - 3):
                piece = secret[at : at + 4]
                assert len(set(piece)) < 3 or piece not in text  # zeros are everywhere


def without_good_groups(data):
    """What a good group says is no piece of an identity, even if it looks like one."""

    def unless_good(found):
        group = read_group(found[1], found[1].decode())
        return b"" if group is not None and group.label not in SECRETS else found[0]

    return re.sub(rb"(\n[^\n\r\x02-\x04]{4,127})\r", unless_good, data)


@given(st.binary(max_size=2000))
def test_any_bytes_pass(data):
    assert len(anonymous(data)) == len(data)


@given(
    st.lists(
        st.sampled_from(
            [b"\n", b"\r", b"ADCO ", b"PRM\t", b"MSG1\t", b"9", b"\xb1", b" ", b"\t:", b"x"]
        )
    )
)
def test_any_pieces_of_groups_pass(pieces):
    data = b"".join(pieces)
    assert len(anonymous(data)) == len(data)


def test_memory_is_bounded():
    anonymiser = Anonymiser()
    for number in range(500):
        message = f"A{number}B{number * 7}C{number * 13}D{number * 17}E"
        anonymiser.stream(historique(f"021528{number:06}") + standard(message))
    assert len(anonymiser._kept) <= 64
    assert len(anonymiser._words) <= 1100


def test_identities_beyond_that_bound_are_still_hidden():
    anonymiser = Anonymiser()
    for number in range(100):
        anonymiser.stream(historique(f"0215{number:02}000000"))
    assert ADDRESS.encode() not in anonymiser.stream(historique())
    assert ADDRESS not in anonymiser.text(ADDRESS)


# --- text ----------------------------------------------------------------------------------


def test_text_uses_the_same_invented_identities():
    anonymiser = Anonymiser()
    anonymiser.stream(historique())
    assert anonymiser.text(f'"adco": "{ADDRESS}"') == '"adco": "021528999001"'
    assert anonymiser.text(f"domogik-{ADDRESS}x") == "domogik-021528999001x"


def test_identities_that_were_never_heard_are_replaced_in_text():
    text = Anonymiser().text(f"{ADDRESS} -> 0415A8603314, point {PRM}")
    assert text == "021528999001 -> 0415A8999001, point 99999999999001"


@pytest.mark.parametrize("text", ["2026-01-14T18:50:00Z", "9600 bit/s", "E210423054022", "", "é"])
def test_other_text_stays(text):
    assert Anonymiser().text(text) == text


def test_it_is_mode_standard_that_has_a_delivery_point():
    """The frames made above are what the tests take them for."""
    frames = [item for item in decoded(standard() + historique())[0] if isinstance(item, Frame)]
    assert [frame.mode for frame in frames] == [Mode.STANDARD, Mode.HISTORIQUE]
    assert not any(frame.refused for frame in frames)
