"""Real and synthetic meters: every capture decodes to exactly what stands in it."""

import itertools
import random
import re
from collections import Counter
from typing import NamedTuple

import pytest

from tic import BY_NAME, Decoder, Frame, FrameKind, Group, Mode, Reason, Refusal


class Counts(NamedTuple):
    """What is in a file, counted without any decoder.

    ``groups`` stand between LF and CR with no mark inside, in a frame or not; ``verified`` are
    those whose checksum is right.
    """

    etx: int  # frames ended by ETX
    eot: int  # frames ended by EOT
    groups: int
    verified: int


PARITY = "synthetic-histo-8bit-parity-bit-set"  # its bytes are counted once masked with 0x7F

COUNTS = {
    "histo-hc-mono-l16c6": Counts(5, 0, 55, 55),
    "histo-hc-mono-double-cr": Counts(10, 0, 110, 110),
    "histo-base-tri-cbetm": Counts(5, 0, 75, 75),
    "std-base-tri-conso": Counts(5, 0, 265, 265),
    "std-base-mono-conso": Counts(30, 0, 1140, 1140),
    "std-tri-garbled": Counts(2, 0, 88, 76),
    "histo-tempo-mono-linky": Counts(20, 0, 320, 320),
    "histo-hc-mono-cold-start": Counts(13, 0, 153, 153),
    "histo-hc-mono-domogik-test": Counts(1, 0, 11, 11),
    "histo-hc-mono-masked": Counts(6, 0, 76, 69),
    "histo-ejp-tri-cbetm": Counts(1, 0, 18, 18),
    "histo-base-tri-motdetat4": Counts(1, 0, 17, 17),
    "std-producer-mono-2018": Counts(1, 0, 67, 67),
    "histo-base-tri-linky": Counts(0, 0, 16, 16),
    "histo-tempo-tri-linky": Counts(1, 0, 22, 21),
    "histo-base-mono-linky": Counts(1, 0, 10, 10),
    "std-base-tri-insane-sinsts": Counts(1, 0, 53, 51),
    "std-tempo-mono-red-day": Counts(0, 0, 39, 39),
    "synthetic-histo-base-mono-cbemm-noicc": Counts(3, 0, 24, 24),
    "synthetic-histo-ejp-mono": Counts(7, 0, 74, 74),
    "synthetic-histo-adps-mono": Counts(5, 0, 58, 58),
    "synthetic-histo-eot-telereport": Counts(3, 1, 41, 41),
    "synthetic-histo-hc-tri-short-frames": Counts(66, 1, 430, 430),
    "synthetic-histo-veille-adco-only": Counts(4, 0, 4, 4),
    "synthetic-histo-ht-mode2": Counts(2, 0, 22, 22),
    PARITY: Counts(3, 0, 33, 33),
    "synthetic-std-mono-msg2-degraded-clock": Counts(7, 0, 268, 268),
    "synthetic-std-tempo-tri-producer-all-labels": Counts(3, 0, 204, 204),
    "synthetic-std-mono-pilot-g1": Counts(1, 0, 37, 37),
    "synthetic-mode-switch-histo-to-std": Counts(7, 1, 147, 147),
    "synthetic-std-tri-line-noise": Counts(5, 0, 262, 258),
}

EMPTY = {"synthetic-mode-switch-histo-to-std": 1}
"""Frames that hold nothing and are therefore not given: here STX, noise without any LF, EOT."""

# The only groups whose checksum verifies and that a value rule refuses.
DISBELIEVED = {
    "histo-ejp-tri-cbetm": (
        "the publisher masked the identity with 10 letters, and made the checksum again",
        [("ADCO", Reason.SIZE)] * 2,
    ),
    "histo-base-tri-motdetat4": (
        "the publisher masked the identity with 12 letters, and made the checksum again",
        [("ADCO", Reason.VALUE)] * 2,
    ),
    "std-producer-mono-2018": (
        "the publisher lost the padding of a text: an even number of spaces, which sum to 0",
        [("NGTF", Reason.SIZE)],
    ),
    "std-tri-garbled": (
        "the publisher lost the padding of three texts: even numbers of spaces again",
        [("NGTF", Reason.SIZE), ("LTARF", Reason.SIZE), ("MSG1", Reason.SIZE)] * 2,
    ),
}

KINDS = {
    "histo-base-tri-linky": {FrameKind.PARTIAL: 2},
    "histo-base-tri-motdetat4": {FrameKind.LONG: 1, FrameKind.PARTIAL: 2},
    "histo-ejp-tri-cbetm": {FrameKind.LONG: 1, FrameKind.PARTIAL: 2},
    "histo-hc-mono-cold-start": {FrameKind.LONG: 13, FrameKind.PARTIAL: 2},
    "histo-hc-mono-masked": {FrameKind.LONG: 6, FrameKind.PARTIAL: 2},
    "std-producer-mono-2018": {FrameKind.LONG: 1, FrameKind.PARTIAL: 2},
    "std-tempo-mono-red-day": {FrameKind.PARTIAL: 1},
    "synthetic-histo-eot-telereport": {FrameKind.LONG: 3, FrameKind.INTERRUPTED: 2},
    "synthetic-histo-hc-tri-short-frames": {
        FrameKind.LONG: 6,
        FrameKind.SHORT: 60,
        FrameKind.INTERRUPTED: 1,
    },
    "synthetic-histo-veille-adco-only": {FrameKind.STANDBY: 4},
    "synthetic-mode-switch-histo-to-std": {FrameKind.LONG: 7, FrameKind.PARTIAL: 3},
}
"""The kinds of the frames of a file; where it is not named, all are long."""

REASONS = {
    "histo-hc-mono-masked": {Reason.CHECKSUM: 7, Reason.CONTROL: 1},
    "histo-tempo-tri-linky": {Reason.CHECKSUM: 1},
    "std-base-tri-insane-sinsts": {Reason.CHECKSUM: 2},
    "std-tri-garbled": {Reason.CHECKSUM: 6, Reason.FORMAT: 6},
    "synthetic-histo-eot-telereport": {Reason.CONTROL: 1},
    "synthetic-mode-switch-histo-to-std": {Reason.CONTROL: 6},
    "synthetic-std-tri-line-noise": {
        Reason.PARITY: 1,
        Reason.CHECKSUM: 1,
        Reason.CONTROL: 3,
        Reason.FORMAT: 1,
    },
}
"""The other refusals of a file, whose checksum does not verify or that are no groups at all."""

NAMES = pytest.mark.parametrize("name", COUNTS)


def cleared(name, data):
    return bytes(byte & 0x7F for byte in data) if name == PARITY else data


def verified_groups(data):
    """The groups whose checksum verifies: the rules of the specification, written plainly."""
    found = []
    for line in re.findall(rb"\n([^\n\r\x02-\x04]{4,})\r", data):
        text = line.decode("latin-1")
        separator, mark = text[-2], text[-1]
        covered = line[:-2] if separator == " " else line[:-1]
        if separator in " \t" and chr((sum(covered) & 0x3F) + 0x20) == mark:
            label, *rest = text[:-2].split(separator, 1 if separator == " " else -1)
            found.append((label, rest[-1], rest[0] if len(rest) == 2 else None))
    return found


def decode(pieces, **options):
    decoder = Decoder(**options)
    items = [item for piece in pieces for item in decoder.feed(piece)]
    return items + decoder.close(), decoder.statistics


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_every_capture_is_in_the_table(captures):
    assert set(captures) == set(COUNTS)


@NAMES
def test_the_files_hold_what_the_table_says(captures, name):
    data = cleared(name, captures[name])
    ends = Counter(re.findall(rb"\x02[^\x02-\x04]*([\x03\x04])", data))
    groups = re.findall(rb"\n[^\n\r\x02-\x04]*\r", data)
    counted = Counts(ends[b"\x03"], ends[b"\x04"], len(groups), len(verified_groups(data)))
    assert counted == COUNTS[name]


@NAMES
def test_every_group_whose_checksum_verifies_is_given_or_named_here(captures, name):
    items, statistics = decode([captures[name]], partial=True)
    given = [tuple(group) for group in of(Group, items)]
    _why, named = DISBELIEVED.get(name, ("", []))
    disbelieved = [
        (refusal.label, refusal.reason)
        for refusal in of(Refusal, items)
        if refusal.reason in {Reason.SIZE, Reason.VALUE}
    ]
    assert disbelieved == named
    assert len(given) + len(named) == COUNTS[name].verified
    assert statistics.groups == len(given)
    left_out = Counter(verified_groups(cleared(name, captures[name]))) - Counter(given)
    assert sorted(label for label, _, _ in left_out.elements()) == sorted(
        label for label, _ in named
    )


@NAMES
def test_everything_else_is_refused_for_the_reason_it_has(captures, name):
    _, statistics = decode([captures[name]], partial=True)
    _why, named = DISBELIEVED.get(name, ("", []))
    expected = Counter(REASONS.get(name, {})) + Counter(reason for _, reason in named)
    assert statistics.refused == expected


@NAMES
def test_frames_end_with_the_mark_that_the_meter_sent(captures, name):
    """Fed byte by byte, so that the mark that gave a frame is the byte just fed."""
    decoder = Decoder(partial=True)
    ends = Counter()
    for byte in captures[name]:
        for frame in of(Frame, decoder.feed(bytes([byte]))):
            if frame.kind is not FrameKind.PARTIAL:
                ends[byte & 0x7F] += 1
    counts = COUNTS[name]
    assert ends[0x03] == counts.etx
    assert ends[0x04] == counts.eot - EMPTY.get(name, 0)


@NAMES
def test_frames_are_of_the_kinds_that_the_meter_sent(captures, name):
    items, statistics = decode([captures[name]], partial=True)
    assert statistics.frames == KINDS.get(name, {FrameKind.LONG: COUNTS[name].etx})
    assert Counter(frame.kind for frame in of(Frame, items)) == statistics.frames


@NAMES
def test_any_cut_gives_the_same_items(captures, name):
    data = captures[name]
    whole = decode([data], partial=True)
    assert decode([data[at : at + 1] for at in range(len(data))], partial=True) == whole
    chance = random.Random(name)  # noqa: S311  # the same cuts at every run
    for pieces in (2, 3, 10, 50, 200):
        cuts = [0, *sorted(chance.randrange(len(data)) for _ in range(pieces - 1)), len(data)]
        cut = [data[a:b] for a, b in itertools.pairwise(cuts)]
        assert decode(cut, partial=True) == whole


@NAMES
def test_without_partial_only_what_stands_in_a_frame_is_given(captures, name):
    every, all_statistics = decode([captures[name]], partial=True)
    framed, statistics = decode([captures[name]])
    whole = [frame for frame in of(Frame, every) if frame.kind is not FrameKind.PARTIAL]
    assert of(Frame, framed)[: len(whole)] == whole
    assert statistics.groups == all_statistics.groups, "what is outside a frame still counts"
    assert statistics.refused == all_statistics.refused


@NAMES
def test_the_groups_given_one_by_one_are_those_of_the_frames(captures, name):
    items, _ = decode([captures[name]], partial=True)
    gathered = [group for frame in of(Frame, items) for group in frame.groups]
    assert gathered == of(Group, items)
    assert [bad for frame in of(Frame, items) for bad in frame.refused] == of(Refusal, items)


@NAMES
def test_a_frame_has_the_mode_and_the_identity_of_its_meter(captures, name):
    items, _ = decode([captures[name]], partial=True)
    for frame in of(Frame, items):
        known = [group.label for group in frame.groups if group.label in BY_NAME]
        if known:
            assert {BY_NAME[label].mode for label in known} == {frame.mode}
        identity = "ADSC" if frame.mode is Mode.STANDARD else "ADCO"
        assert (frame.meter is not None) == (identity in known)


@NAMES
def test_groups_come_in_the_order_of_the_table(captures, name):
    """But ADIRn before ADCO in short frames, and ADPS, sent first where the overload began."""
    order = {label: rank for rank, label in enumerate(BY_NAME)}
    order |= {"SINST1": order["SINSTS"], "SMAXN": order["SMAXSN"], "SMAXN-1": order["SMAXSN-1"]}
    items, _ = decode([captures[name]], partial=True)
    for frame in of(Frame, items):
        if frame.kind is FrameKind.PARTIAL:
            continue
        labels = [group.label for group in frame.groups]
        overloads = [label for label in labels if label.startswith("ADIR")]
        assert labels[: len(overloads)] == overloads == sorted(overloads)
        if labels.count("ADPS") == 1 and labels.index("ADPS") < labels.index("IINST"):
            labels.remove("ADPS")
        ranks = [order[label] for label in labels[len(overloads) :]]
        assert ranks == sorted(set(ranks)), "each label once, in order"


def test_adps_comes_early_in_the_first_frame_of_an_overload(captures):
    items, _ = decode([captures["synthetic-histo-adps-mono"]])
    where = [
        [group.label for group in frame.groups].index("ADPS")
        for frame in of(Frame, items)
        if frame.value("ADPS")
    ]
    assert where == [3, 7, 7]


def test_a_flipped_bit_on_an_8_bit_line_spoils_only_its_group(captures):
    data = bytearray(captures[PARITY])
    clean = of(Group, decode([bytes(data)])[0])
    at = data.index(0x82, 1)  # the second STX: somewhere in the frame that follows it
    value = next(i for i in range(at + 30, len(data)) if data[i] & 0x7F == ord("1"))
    data[value] ^= 0x40
    items, statistics = decode([bytes(data)])
    assert statistics.refused == {Reason.PARITY: 1}
    assert statistics.frames == {FrameKind.LONG: 3}
    groups = of(Group, items)
    assert len(groups) == len(clean) - 1
    assert not Counter(groups) - Counter(clean)


def test_a_mode_refuses_the_labels_of_the_other(captures):
    data = captures["synthetic-mode-switch-histo-to-std"]
    _, either = decode([data])
    historique, old = decode([data], mode=Mode.HISTORIQUE)
    standard, new = decode([data], mode=Mode.STANDARD)
    assert {group.label[:4] for group in of(Group, historique)}.isdisjoint({"ADSC", "DATE"})
    assert "ADCO" not in {group.label for group in of(Group, standard)}
    assert old.groups + new.groups == either.groups
    assert old.refused[Reason.FORMAT] == new.groups
    assert new.refused[Reason.FORMAT] == old.groups
