"""Frames as they came: cut out of any pieces, and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.raw_frames import MAX_FRAME, FrameCutter
from tic import Group, encode_frame

FRAME = encode_frame([Group("ADCO", "021528603314"), Group("PAPP", "00500")])
OTHER = encode_frame([Group("ADCO", "021528603314"), Group("IINST1", "024")])


def even(data):
    """The same with the parity bit that an 8-bit line shows."""
    return bytes(byte | 0x80 * (byte.bit_count() % 2) for byte in data)


def cut(*pieces):
    cutter = FrameCutter()
    return [frame for piece in pieces for frame in cutter.feed(piece)]


@given(st.lists(st.integers(0, 3 * len(FRAME)), max_size=20))
def test_frames_come_out_whole_however_they_were_cut(places):
    line = b"noise" + FRAME + OTHER + FRAME + OTHER[:20]
    edges = [0, *sorted(places), len(line)]
    pieces = [line[begin:end] for begin, end in pairwise(edges)]
    assert cut(*pieces) == [FRAME, OTHER, FRAME]


def test_nothing_is_looked_at_inside():
    damaged = FRAME.replace(b"00500", b"\0????")
    assert cut(damaged) == [damaged]


@pytest.mark.parametrize("broken", [FRAME[:30] + b"\x04" + FRAME[30:], FRAME[:30] + FRAME])
def test_a_frame_that_was_broken_off_is_left_out(broken):
    assert cut(broken + OTHER) == ([FRAME, OTHER] if b"\x04" not in broken else [OTHER])


def test_the_parity_bit_is_taken_off_as_a_port_does():
    assert cut(even(FRAME), even(OTHER)) == [FRAME, OTHER]


def test_a_byte_with_wrong_parity_becomes_what_the_kernel_makes_of_it():
    line = bytearray(even(FRAME))
    line[30] ^= 1
    assert cut(bytes(line)) == [FRAME[:30] + b"\0" + FRAME[31:]]


def test_what_is_longer_than_a_frame_is_given_up():
    cutter = FrameCutter()
    cutter.feed(FRAME[:30])
    for _ in range(100):
        assert cutter.feed(b"x" * 999) == []
        assert len(cutter._begun) <= MAX_FRAME
    assert cutter.feed(b"\x02" + b"x" * MAX_FRAME + b"\x03") == []
    assert cutter.feed(FRAME) == [FRAME]


@given(st.lists(st.binary(max_size=600)))
def test_noise_gives_no_more_than_what_stands_between_marks(pieces):
    for frame in cut(*pieces):
        assert frame[0] == 2
        assert frame[-1] == 3
        assert not {2, 3, 4} & set(frame[1:-1])
