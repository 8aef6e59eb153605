"""One group: checksum, value rules and bit errors (what the checksum cannot see)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import BY_NAME, LABELS, Decoder, Group, Kind, Label, Reason, Refusal
from tic.groups import checksum

SP, HT = " ", "\t"


def line(*fields, separator):
    """A group with a right checksum, whatever its fields."""
    payload = separator.join(fields).encode("latin-1")
    covered = payload + b"\t" if separator == HT else payload
    return b"\n%b%b%c\r" % (payload, separator.encode(), checksum(covered))


def heard(data):
    """What a meter's frame with only this line in it gives."""
    return [
        item
        for item in Decoder().feed(b"\x02" + data + b"\x03")
        if isinstance(item, Group | Refusal)
    ]


# Computed by hand in the guides, or read on real meters.
@pytest.mark.parametrize(
    ("text", "total", "group"),
    [
        ("ADCO 021528603314 :", 922, Group("ADCO", "021528603314")),
        ("HHPHC A ,", 460, Group("HHPHC", "A")),
        ("PTEC HP..  ", 576, Group("PTEC", "HP..")),  # the checksum is a space
        ("OPTARIF BBR( S", 819, Group("OPTARIF", "BBR(")),
        ("NTARF\t01\tN", 494, Group("NTARF", "01")),
        ("DATE\tE210423054022\t\t7", 983, Group("DATE", "", "E210423054022")),
        ("SMAXSN-1\tE210422183457\t01952\t ", 1536, Group("SMAXSN-1", "01952", "E210422183457")),
        ("DPM1\t 250123060000\t00\t ", 1024, Group("DPM1", "00", " 250123060000")),
    ],
)
def test_the_checksums_of_the_specification_verify(text, total, group):
    covered = text[:-1] if text[-2] == HT else text[:-2]  # the last HT counts, the last SP does not
    assert sum(covered.encode()) == total
    assert checksum(covered.encode()) == (total & 0x3F) + 0x20 == ord(text[-1])
    assert heard(b"\n" + text.encode() + b"\r") == [group]


@pytest.mark.parametrize("separator", [SP, HT])
def test_both_separators_are_understood_with_historique_labels(separator):
    assert heard(line("PTEC", "HP..", separator=separator)) == [Group("PTEC", "HP..")]


def test_a_checksum_over_the_last_space_is_wrong():
    """As some guides are misread."""
    assert heard(b"\nADCO 021528603314 %c\r" % checksum(b"ADCO 021528603314 "))[0].reason is (
        Reason.CHECKSUM
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\nPAPP 0\x00234 +\r", Reason.PARITY),  # as the kernel gives a byte of wrong parity
        (b"\nPAPP 0\x7f234 +\r", Reason.CONTROL),
        (b"\nPAPP 01234 +\n", Reason.CONTROL),
        (b"\nPAPP " + b"0" * 124 + b"\r", Reason.TOO_LONG),
        (b"\nPAPP 0123\xb4 +\r", Reason.PARITY),
        (line("PA.P", "01234", separator=SP), Reason.CHARSET),
        (line("", "01234", separator=SP), Reason.CHARSET),
        (line("ELEVENCHARS", "01234", separator=HT), Reason.CHARSET),
        (b"\nx\r", Reason.FORMAT),
        (b"\n  !\r", Reason.FORMAT),
        (b"\nPAPP 01234+\r", Reason.FORMAT),
        (b"\nNTARF\t01\tNN\r", Reason.FORMAT),
        (b"\nNTARF\t01 N\r", Reason.FORMAT),
        (line("DPM1", " 250123060000", "00", "00", separator=HT), Reason.FORMAT),
        (line("NTARF", "01", separator=SP), Reason.FORMAT),  # no meter sends it so
        (line("NTARF", "E210423054022", "01", separator=HT), Reason.FORMAT),
        (line("CCASN", "01234", separator=HT), Reason.FORMAT),
        (line("DATE", "", separator=HT), Reason.FORMAT),
        (b"\nPAPP 01234 *\r", Reason.CHECKSUM),
        (b"\nPAPP 01234 k\r", Reason.CHECKSUM),  # outside 0x20-0x5F
        (line("PAPP", "1234", separator=SP), Reason.SIZE),
        (line("PAPP", "001234", separator=SP), Reason.SIZE),
        (line("DATE", "E210423054022", separator=HT), Reason.SIZE),
        (line("NGTF", "BASE", separator=HT), Reason.SIZE),  # its padding is lost
        (line("NEWLABEL", "x" * 99, separator=HT), Reason.SIZE),
        (line("PAPP", "0123q", separator=SP), Reason.VALUE),
        (line("NEWLABEL", "E211323054022", "1", separator=HT), Reason.VALUE),
    ],
)
def test_each_refusal_tells_the_first_rule_broken(data, reason):
    assert [refusal.reason for refusal in heard(data)] == [reason]


HORODATES = {
    True: [
        "E210423054022",
        "H081225223518",
        "h000101000000",
        "e991231235959",
        "H240229120000",  # leap years end in 00, 04 ... 96
        "H000229120000",
    ],
    False: [
        "210423054022",
        "E21042305402",
        "E2104230540222",
        "F210423054022",
        "E211323054022",
        "E210023054022",
        "E210400054022",
        "E210431054022",
        "E210132054022",
        "H230229120000",
        "H220229120000",
        "E210423245959",
        "E210423236000",
        "E210423235960",
        "E21042305402 ",
        "E2104230540q2",
    ],
}


@pytest.mark.parametrize("label", ["DATE", "SMAXSN", "CCASN-1", "UMOY1", "DPM1", "FPM3"])
def test_a_horodate_is_a_season_and_a_date_that_exists(label):
    value = "0" * BY_NAME[label].size
    for good, horodates in HORODATES.items():
        for horodate in horodates:
            [item] = heard(line(label, horodate, value, separator=HT))
            assert isinstance(item, Group) == good, horodate
            assert good or item.reason is Reason.VALUE


@pytest.mark.parametrize(
    "label", [label for label in LABELS if label.timestamped], ids=lambda label: label.name
)
def test_only_announced_peaks_have_no_season(label):
    value = "0" * label.size
    [item] = heard(line(label.name, " 210423054022", value, separator=HT))
    assert isinstance(item, Group) == label.name.startswith(("DPM", "FPM"))


@pytest.mark.parametrize(
    ("label", "good", "bad"),
    [
        (
            "ADCO",
            ["021528603314", "0215A8603314"],
            ["XXXXXXXXXXXX", "02q876531234", "0215a8603314"],
        ),
        ("PRM", ["12345678901234"], ["1234567890123A"]),
        ("OPTARIF", ["BASE", "HC..", "EJP.", "EJP ", "BBR(", "BBR?"], ["BBR@", "BBR'", "HC  "]),
        (
            "PTEC",
            ["TH..", "HC..", "HP..", "HN..", "PM..", "HCJB", "HPJW", "HPJR"],
            ["HP.n", "HMJB", "HCJV", "TH  ", "hp.."],
        ),
        ("DEMAIN", ["----", "BLEU", "BLAN", "ROUG"], ["____", "bleu", "-m--"]),
        ("HHPHC", list("ACDEYX123456789"), list("BF0 a")),
        ("MOTDETAT", ["000000", "4F00AB"], ["00000g", "00000a"]),
        ("PPOT", ["00", "0E"], ["0G"]),
        ("PEJP", ["30"], ["3 "]),
        ("STGE", ["003A4401"], ["003a4401", "003A440p"]),
        ("RELAIS", ["000", "141", "255"], ["256", "300", "1 1"]),
        ("NTARF", ["01", "10"], ["00", "11"]),
        ("BASE", ["000000000"], ["00000000 ", "-00000001", "00000000²", "00000000p"]),
        ("NGTF", ["  H SUPER + (W) "], ["      BASE    é ", "      BASE   `  "]),
        (
            "PJOURF+1",
            ["00004001 06004002 22004001" + " NONUTILE" * 8, "00008001" + " NONUTILE" * 10],
            [
                "24004001" + " NONUTILE" * 10,
                "00604001" + " NONUTILE" * 10,
                "0000400g" + " NONUTILE" * 10,
                "00008001" + " NONUTILF" * 10,
                "00008001" + "-NONUTILE" * 10,
            ],
        ),
    ],
)
def test_a_value_is_one_of_its_label(label, good, bad):
    separator = SP if BY_NAME[label].mode == "historique" else HT
    for value in good:
        assert heard(line(label, value, separator=separator)) == [Group(label, value)]
    for value in bad:
        [item] = heard(line(label, value, separator=separator))
        assert item.reason is (Reason.VALUE if value.isascii() else Reason.PARITY), value


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_a_value_has_the_exact_size_of_its_label(captured, label):
    group = captured[label.name]
    separator = SP if label.mode == "historique" else HT
    fields = [label.name] if group.horodate is None else [label.name, group.horodate]
    for value in (group.value + "0", group.value[:-1], ""):
        if value != group.value:
            [item] = heard(line(*fields, value, separator=separator))
            assert item.reason is Reason.SIZE


@pytest.mark.parametrize(
    ("fields", "separator", "group"),
    [
        (("SMAXSN9-1", "12345"), HT, Group("SMAXSN9-1", "12345")),
        (("EA_s", "00123kWh"), SP, Group("EA_s", "00123kWh")),  # PME-PMI meters
        (("ETATDYN1", "BT 4 SUP36"), SP, Group("ETATDYN1", "BT 4 SUP36")),
        (("GAZ", "1234567"), SP, Group("GAZ", "1234567")),  # relay concentrators
        (("FUTURE", "E210423054022", "x y"), HT, Group("FUTURE", "x y", "E210423054022")),
        (("FUTURE", ""), HT, Group("FUTURE", "")),
    ],
)
def test_a_label_outside_the_table_passes_as_it_is(fields, separator, group):
    assert heard(line(*fields, separator=separator)) == [group]


def test_a_concentrators_short_index_is_refused():
    """Relay concentrators send indexes of 8 characters: not supported, rather than guessed."""
    assert heard(line("HCHC", "12345678", separator=SP))[0].reason is Reason.SIZE


def survives(label: Label, group: Group, at: int, bit: int) -> bool:
    """Whether flipping a bit may go unseen: only bit 6, which the checksum cannot see.

    And then only in free text, where a letter is as good as a digit or a sign, and in the digits or
    signs of the label, which makes it an unknown one: never the value of another known label.
    """
    if bit != 6:
        return False
    if at < len(label.name):
        name = label.name[:at] + chr(ord(label.name[at]) ^ 0x40) + label.name[at + 1 :]
        return name not in BY_NAME and re.fullmatch("[A-Za-z0-9+_-]+", name) is not None
    start = len(label.name) + 1 + (0 if group.horodate is None else 14)
    if label.kind is not Kind.TEXT or not start <= at < start + label.size:
        return False
    return re.fullmatch("[ -_a-z]", chr(ord(group.value[at - start]) ^ 0x40)) is not None


def flip(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_no_flipped_bit_of_a_real_group_goes_unseen(captured, label):
    """Every bit of every character between LF and CR."""
    group = captured[label.name]
    fields = [part for part in (group.label, group.horodate, group.value) if part is not None]
    for separator in (SP, HT) if label.mode == "historique" else (HT,):
        sent = line(*fields, separator=separator)
        assert heard(sent) == [group]
        for at in range(1, len(sent) - 1):
            for bit in range(7):
                given = [item for item in heard(flip(sent, at, bit)) if isinstance(item, Group)]
                assert len(given) == survives(label, group, at - 1, bit)
                assert group not in given


@settings(deadline=None, max_examples=500)
@given(group=st.from_type(Group), data=st.data())
def test_no_flipped_bit_of_any_group_goes_unseen(group, data):
    label = BY_NAME[group.label]
    fields = [part for part in (group.label, group.horodate, group.value) if part is not None]
    sent = line(*fields, separator=SP if label.mode == "historique" else HT)
    at = data.draw(st.integers(1, len(sent) - 2))
    bit = data.draw(st.integers(0, 6))
    given = [item for item in heard(flip(sent, at, bit)) if isinstance(item, Group)]
    assert len(given) == survives(label, group, at - 1, bit)
