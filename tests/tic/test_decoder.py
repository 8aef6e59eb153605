"""The decoder between the marks: frames, losses, noise, and its bounds."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import (
    Decoder,
    Frame,
    FrameKind,
    Group,
    Mode,
    Reason,
    Refusal,
    Statistics,
    encode_frame,
    encode_group,
)

ADCO = Group("ADCO", "021528603314")
ADSC = Group("ADSC", "021528603314")
PAPP = Group("PAPP", "01234")
PTEC = Group("PTEC", "HP..")
CURRENTS = [Group("IINST1", "021"), Group("IINST2", "004"), Group("IINST3", "000")]
ADIR1, ADIR2 = Group("ADIR1", "021"), Group("ADIR2", "022")

FRAME = encode_frame([ADCO, PTEC, PAPP])
PAPP_LINE = encode_group(PAPP)
BAD_LINE = b"\nPAPP 01234 ,\r"  # the checksum is +


def decode(data, **options):
    decoder = Decoder(**options)
    return decoder.feed(data) + decoder.close()


def frames(data, **options):
    return [item for item in decode(data, **options) if isinstance(item, Frame)]


def refusals(data, **options):
    return [item for item in decode(data, **options) if isinstance(item, Refusal)]


def damaged(group):
    line = bytearray(encode_group(group))
    line[-2] ^= 0x01
    return bytes(line)


def test_a_group_comes_at_its_cr_and_a_frame_at_its_etx():
    decoder = Decoder()
    assert decoder.feed(b"\x02" + PAPP_LINE[:-1]) == []
    assert decoder.feed(b"\r") == [PAPP]
    assert decoder.feed(b"\x03") == [Frame(FrameKind.LONG, Mode.HISTORIQUE, (PAPP,))]
    assert decoder.close() == []


@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        ([ADCO, PTEC, PAPP], FrameKind.LONG),
        ([ADSC], FrameKind.LONG),
        ([ADCO], FrameKind.STANDBY),
        ([ADCO, *CURRENTS], FrameKind.SHORT),
        ([ADIR2, ADCO, *CURRENTS], FrameKind.SHORT),
        ([ADIR1, ADIR2, Group("ADIR3", "023"), ADCO, *CURRENTS], FrameKind.SHORT),
        ([*CURRENTS], FrameKind.SHORT),
        ([ADCO, *CURRENTS, PAPP], FrameKind.LONG),
        ([ADCO, Group("NEWLABEL", "1")], FrameKind.LONG),
    ],
)
def test_the_labels_of_a_whole_frame_tell_its_kind(groups, kind):
    separator = None if ADSC in groups else " "
    [frame] = frames(encode_frame(groups, separator))
    assert frame == Frame(kind, frame.mode, tuple(groups))


def test_the_meter_is_found_wherever_its_identity_stands():
    for at in range(4):
        groups = [ADIR2, *CURRENTS]
        groups.insert(at, ADCO)
        [frame] = frames(encode_frame(groups))
        assert frame.meter == ADCO.value
    [standard] = frames(encode_frame([ADSC]))
    assert (standard.meter, standard.mode) == (ADSC.value, Mode.STANDARD)
    [nameless] = frames(encode_frame([PAPP]))
    assert nameless.meter is None


def test_the_last_of_two_values_under_one_label_counts():
    [frame] = frames(encode_frame([ADCO, Group("ADPS", "031"), PAPP, Group("ADPS", "032")]))
    assert frame.value("ADPS") == "032"
    assert frame.value("ADIR1") is None
    assert len(frame.groups) == 4


def test_a_long_frame_that_lost_groups_is_not_taken_for_a_short_one():
    """What is left are the labels of a short frame; what was refused tells that it was longer."""
    lost = [PTEC, PAPP, Group("ISOUSC", "30"), Group("PPOT", "00")]
    body = b"".join(map(encode_group, [ADCO, *CURRENTS])) + b"".join(map(damaged, lost))
    [frame] = frames(b"\x02" + body + b"\x03")
    assert frame.kind is FrameKind.LONG
    assert (len(frame.groups), len(frame.refused)) == (4, 4)


def test_adco_alone_among_damaged_groups_is_not_standby():
    [frame] = frames(b"\x02" + encode_group(ADCO) + damaged(PAPP) + b"\x03")
    assert frame.kind is FrameKind.LONG


@pytest.mark.parametrize("end", [b"\x04", b"\x02"])
def test_eot_or_a_new_stx_interrupts_a_frame(end):
    first, second = frames(b"\x02" + encode_group(ADCO) + PAPP_LINE + end + FRAME)
    assert (first.kind, first.groups) == (FrameKind.INTERRUPTED, (ADCO, PAPP))
    assert second.kind is FrameKind.LONG


@pytest.mark.parametrize("identity", [ADCO, ADSC])
def test_a_repeated_identity_starts_a_new_frame(identity):
    """The marks between two frames were lost."""
    line = encode_group(identity)
    first, second = frames(b"\x02" + line + PAPP_LINE + line + b"\x03")
    assert (first.kind, first.groups) == (FrameKind.INTERRUPTED, (identity, PAPP))
    assert second.groups == (identity,)
    assert second.kind is (FrameKind.STANDBY if identity is ADCO else FrameKind.LONG)


def test_a_repeated_identity_outside_a_frame_parts_two_partial_ones():
    line = encode_group(ADCO)
    parts = frames(line + PAPP_LINE + line, partial=True)
    assert [part.kind for part in parts] == [FrameKind.PARTIAL, FrameKind.PARTIAL]


def test_the_tail_of_a_frame_at_the_start_is_no_error():
    for at in range(1, len(FRAME)):
        decoder = Decoder()
        items = decoder.feed(FRAME[at:] + FRAME)
        assert items[-1] == Frame(FrameKind.LONG, Mode.HISTORIQUE, (ADCO, PTEC, PAPP))
        assert not decoder.statistics.refused
    assert not Decoder(partial=True).feed(b"\x00\x00\x00234 +\r")


@pytest.mark.parametrize("first", [PAPP, ADCO, Group("NTARF", "01")])
def test_after_any_whole_group_a_piece_is_an_error(first):
    """It is no tail of a frame begun before the port was opened."""
    data = encode_group(first) + PAPP_LINE[1:]
    options = {"mode": Mode.HISTORIQUE, "partial": True}
    assert refusals(data, **options)[-1] == Refusal(Reason.CONTROL, None, b"")
    assert run([data[at : at + 1] for at in range(len(data))], options) == run([data], options)


def test_groups_outside_a_frame_are_given_to_who_asks():
    tail = PAPP_LINE + b"\x03"
    assert decode(tail) == []
    assert decode(tail, partial=True) == [PAPP, Frame(FrameKind.PARTIAL, Mode.HISTORIQUE, (PAPP,))]


def test_closing_gives_the_frame_in_progress_as_partial():
    assert decode(b"\x02" + PAPP_LINE + b"\nPTEC HP") == [
        PAPP,
        Frame(FrameKind.PARTIAL, Mode.HISTORIQUE, (PAPP,)),
    ]
    decoder = Decoder()
    decoder.feed(b"\x02" + PAPP_LINE + b"\nPTEC H")
    decoder.close()
    assert decoder.feed(b"P..  \r" + FRAME)[-1].kind is FrameKind.LONG, "it can be used again"


def test_a_frame_without_known_labels_has_the_mode_asked_for():
    unknown = encode_frame([Group("NEWLABEL", "1")])
    assert frames(unknown)[0].mode is Mode.HISTORIQUE
    assert frames(unknown, mode=Mode.STANDARD)[0].mode is Mode.STANDARD


def test_a_mode_refuses_the_labels_of_the_other_and_keeps_its_own():
    standard = Group("NTARF", "01")
    data = b"\x02" + encode_group(ADSC) + PAPP_LINE + encode_group(standard) + b"\x03"
    parity = bytes(b | (b.bit_count() % 2 << 7) for b in data)
    for sent in (data, parity):
        [frame] = frames(sent, mode=Mode.HISTORIQUE)
        assert frame.groups == (PAPP,)
        assert frame.refused == (
            Refusal(Reason.FORMAT, "ADSC", encode_group(ADSC)[1:-1]),
            Refusal(Reason.FORMAT, "NTARF", b"NTARF\t01\tN"),
        )


@pytest.mark.parametrize(
    ("between", "refused"),
    [
        (b"", []),
        (b"\r", []),  # a stray second CR
        (b"\n", []),  # an empty line
        (b"\n\r\n\r", []),
        (b"\x00\x0c\x10", []),  # control characters outside a group mean nothing
        (b"\x7f", []),
        (b"x", []),  # between CR and LF
        (b"\x0e" + PAPP_LINE[1:], [Reason.CONTROL]),  # its LF became 0x0E
        (PAPP_LINE[:-1], [Reason.CONTROL]),  # its CR is lost
        (PAPP_LINE[:-4] + b"\n\x00", [Reason.CONTROL, Reason.PARITY]),
        (PAPP_LINE[:-1] + b"\x00", [Reason.PARITY]),  # the parity of its CR is wrong
        (b"\x00" + PAPP_LINE[1:], [Reason.PARITY]),  # that of its LF
        (b"\x00\n\x00" + PAPP_LINE[1:], [Reason.PARITY]),
        (b"\x00\r" + b"\x0e" + PAPP_LINE[1:], [Reason.CONTROL]),  # the NUL was another noise
        (BAD_LINE, [Reason.CHECKSUM]),
        (b"\nPAPP\x0c01234 +\r", [Reason.CONTROL]),
        (b"\nPAPP " + b"0" * 130 + b"\r", [Reason.TOO_LONG]),
        (b"\nPAPP " + b"0" * 130, [Reason.TOO_LONG]),
        (b"\xbfPAPP\xff", []),
        (b"\nPAPP 01\xb234 +\r", [Reason.PARITY]),  # masked it would verify
    ],
)
def test_what_comes_between_two_groups_costs_only_itself(between, refused):
    data = b"\x02" + encode_group(ADCO) + between + encode_group(PTEC) + b"\x03"
    [frame] = frames(data)
    assert (frame.kind, frame.groups) == (FrameKind.LONG, (ADCO, PTEC))
    assert [refusal.reason for refusal in frame.refused] == refused
    assert run([data[at : at + 1] for at in range(len(data))], {}) == run([data], {})


def test_a_group_of_an_8_bit_line_needs_even_parity_in_every_byte():
    even = bytes(byte | (byte.bit_count() % 2 << 7) for byte in PAPP_LINE)
    assert decode(b"\x02" + even)[0] == PAPP
    for at, bit in itertools.product(range(1, len(even) - 1), range(8)):
        flipped = even[:at] + bytes([even[at] ^ 1 << bit]) + even[at + 1 :]
        items = decode(b"\x02" + flipped + b"\x03")
        assert PAPP not in items
        assert items[0].reason is Reason.PARITY


def test_a_refusal_shows_what_was_heard():
    assert refusals(b"\x02" + BAD_LINE) == [Refusal(Reason.CHECKSUM, "PAPP", b"PAPP 01234 ,")]
    assert refusals(b"\x02\nPA") == []
    assert refusals(b"\x02\nPA\n") == [Refusal(Reason.CONTROL, None, b"PA")]
    [long] = refusals(b"\x02\nEAST\t" + b"9" * 500)
    assert (long.reason, long.label, len(long.raw)) == (Reason.TOO_LONG, "EAST", 128)


def test_statistics_count_what_was_seen():
    decoder = Decoder()
    decoder.feed(FRAME + b"\x02" + BAD_LINE + PAPP_LINE + b"\x04")
    assert decoder.statistics == Statistics(
        bytes=len(FRAME) + 2 + len(BAD_LINE + PAPP_LINE),
        groups=4,
        eots=1,
        frames={FrameKind.LONG: 1, FrameKind.INTERRUPTED: 1},
        refused={Reason.CHECKSUM: 1},
    )


def test_only_an_eot_within_a_frame_counts():
    decoder = Decoder()
    decoder.feed(b"\x04" + FRAME + b"\x04\x02" + PAPP_LINE + b"\x02" + PAPP_LINE + b"\x04\x04")
    assert decoder.statistics.eots == 1


# What lines are made of, and what spoils them: far likelier to hurt than random bytes.
_PIECES = [
    *(bytes([byte]) for byte in b"\x02\x03\x04\n\r \tA0\x00\x0b\x80\xff"),
    *(b"B" * 60, b"B" * 127, b"\nPAPP", BAD_LINE, PAPP_LINE, PAPP_LINE[:-1]),
    *map(encode_group, (ADCO, ADSC, CURRENTS[0], Group("NTARF", "01"), Group("NEW", "1"))),
    bytes(byte | (byte.bit_count() % 2 << 7) for byte in PAPP_LINE),
    FRAME,
]
_noise = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(_PIECES)).map(b"".join))
_options = st.fixed_dictionaries({"mode": st.sampled_from([None, *Mode]), "partial": st.booleans()})


def run(pieces, options):
    decoder = Decoder(**options)
    items = [item for piece in pieces for item in decoder.feed(piece)]
    return items + decoder.close(), decoder.statistics


@settings(deadline=None, max_examples=300)
@given(data=_noise, cuts=st.lists(st.integers(0, 300)), options=_options)
def test_no_bytes_raise_and_no_cut_changes_what_they_mean(data, cuts, options):
    whole = run([data], options)
    assert run([data[at : at + 1] for at in range(len(data))], options) == whole
    edges = [0, *sorted(cuts), len(data)]
    assert run([data[a:b] for a, b in itertools.pairwise(edges)], options) == whole
    assert whole[1].bytes == len(data)


@settings(deadline=None)
@given(pieces=st.lists(_noise, max_size=20), options=_options)
def test_a_good_frame_after_any_noise_is_decoded(pieces, options):
    decoder = Decoder(partial=options["partial"])
    for piece in pieces:
        decoder.feed(piece)
    assert decoder.feed(FRAME)[-1] == Frame(FrameKind.LONG, Mode.HISTORIQUE, (ADCO, PTEC, PAPP))


@pytest.mark.parametrize(
    "unit",
    [
        b"\n",
        b"\r",
        b"x",
        b"\nx",
        b"\n\r",
        b"\nx\r",
        b"\xff",
        b"\n\xff",
        b"\x8a\x8d",
        b"\n" + b"x" * 200,
        b"\x02\n",
        PAPP_LINE,
        b"\x02" + PAPP_LINE,
        BAD_LINE,
        PAPP_LINE + BAD_LINE,
        PAPP_LINE + b"\xb1",
        encode_group(ADCO),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("begins", [b"\x02", b""], ids=["in a frame", "outside"])
@pytest.mark.parametrize("piece", [977, 100_000])
def test_endless_input_never_grows_memory(unit, begins, piece):
    """Whatever is fed, and however it is cut: little is kept between two calls."""
    decoder = Decoder(partial=not begins)
    decoder.feed(begins)
    data = unit * (piece // len(unit))
    for _ in range(2 if piece > 1000 else 50):
        decoder.feed(data)
        assert len(decoder._pending) <= 128
        assert len(decoder._groups) <= 256
        assert len(decoder._refused) <= 256
    for item in decoder.close():
        assert isinstance(item, Frame)
        assert len(item.groups) <= 256
        assert len(item.refused) <= 256


@pytest.mark.parametrize("line", [PAPP_LINE, BAD_LINE, encode_group(Group("NTARF", "01"))])
def test_a_frame_without_end_is_given_up(line):
    """A whole frame has at most 69 groups: 256 of them mean that the marks are lost."""
    mode = Mode.HISTORIQUE
    for cut in (len(line), 1_000_000):
        data = b"\x02" + line * 600
        items, _ = run([data[at : at + cut] for at in range(0, len(data), cut)], {"mode": mode})
        [given_up] = [item for item in items if isinstance(item, Frame)]
        assert given_up.kind is FrameKind.INTERRUPTED
        assert len(given_up.groups) + len(given_up.refused) == 256
