"""The format of recordings: what is written is read back, and a damaged file as far as it goes."""

import io
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.recording import (
    CutShort,
    Opened,
    Received,
    RecordingError,
    RecordingWriter,
    paced,
    read_recording,
)

PAGE = Path(__file__).parents[2] / "docs/recording.rst"
HEADER = b"\x89TICREC\x01"


def events_of(data, size=1 << 20):
    """The events in ``data``, read at most ``size`` bytes at a time."""
    file = io.BytesIO(data)
    return list(read_recording(lambda wanted: file.read(min(wanted, size))))


def written(events, begin_s=1000.0):
    """The recording of events whose times count from ``begin_s``."""
    writer = RecordingWriter()
    return b"".join(
        writer.opened(begin_s + event.at_s, event.baudrate)
        if isinstance(event, Opened)
        else writer.received(begin_s + event.at_s, event.data)
        for event in events
    )


STORY = [
    Opened(0.0, 9600),
    Received(0.013, b"\x02\nADCO 0215"),
    Received(0.2, b"28603314 :\r"),
    Opened(90.0, 1200),
    Received(90.5, bytes(range(256))),
    Opened(100.0, None),
]


def test_the_format_is_as_documented():
    """The example of the page, byte by byte."""
    lines = re.findall(r"^   ((?:[0-9a-f]{2} ?)+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    writer = RecordingWriter()
    assert [bytes.fromhex(line) for line in lines] == [
        HEADER,
        writer.opened(50.0, 1200).removeprefix(HEADER),
        writer.received(50.133, b"\x02\nADCO"),
        writer.opened(60.0, None),
    ]


def test_what_is_written_is_read_back():
    assert events_of(written(STORY)) == STORY


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_however_the_file_is_read(size):
    assert events_of(written(STORY), size) == STORY


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),  # milliseconds since the one before
            st.one_of(st.binary(min_size=1, max_size=300), st.integers(2, 4_000_000), st.none()),
        ),
        max_size=20,
    )
)
def test_any_story_is_read_back(steps):
    at_ms, story = 0, [Opened(0.0, 1200)]
    for step_ms, what in steps:
        at_ms += step_ms
        kind = Received if isinstance(what, bytes) else Opened
        story.append(kind(at_ms / 1000, what))
    assert events_of(written(story)) == story


def test_a_long_read_is_cut_and_nothing_is_lost():
    data = bytes(100_000)
    _, *pieces = events_of(written([Opened(0.0, 9600), Received(1.0, data)]))
    assert b"".join(piece.data for piece in pieces) == data
    assert {piece.at_s for piece in pieces} == {1.0}


def test_rounding_does_not_add_up():
    story = [Opened(0.0, 9600), *(Received(n * 0.0014, b"x") for n in range(1, 10_001))]
    assert events_of(written(story))[-1].at_s == pytest.approx(14.0, abs=0.001)


def test_time_never_goes_back():
    writer = RecordingWriter()
    data = writer.opened(5.0, 9600) + writer.received(4.0, b"x") + writer.received(5.1, b"y")
    assert [event.at_s for event in events_of(data)] == [0.0, 0.0, 0.1]


def test_a_gap_longer_than_the_format_can_tell_is_shortened():
    _, received = events_of(written([Opened(0.0, 9600), Received(1e9, b"x")]))
    assert received.at_s == (2**35 - 1) / 1000


# --- files that are not whole --------------------------------------------------------------


def test_a_file_cut_anywhere_is_read_up_to_its_last_whole_record():
    data = written(STORY)
    ends = {len(written(STORY[:count])): count for count in range(1, len(STORY) + 1)}
    for size in range(len(HEADER), len(data)):
        events = events_of(data[:size])
        whole = max((end for end in ends if end <= size), default=len(HEADER))
        expected = STORY[: ends.get(whole, 0)]
        if size != whole:
            expected = [*expected, CutShort(whole)]
        assert events == expected


@pytest.mark.parametrize(
    "tail", [bytes(4096), b"\xff" * 4096, b"\x00\x00\x00", b"\x05\x80\x80\x04"]
)
def test_what_a_power_cut_leaves_behind_ends_the_recording(tail):
    data = written(STORY)
    assert events_of(data + tail) == [*STORY, CutShort(len(data))]


def test_the_end_says_where_it_is():
    assert "from byte 1234 on" in str(CutShort(1234))


@given(st.binary(max_size=500))
def test_any_bytes_after_the_header_are_read_without_an_exception(tail):
    for event in events_of(HEADER + tail):
        assert isinstance(event, CutShort) or event.at_s >= 0


def test_another_version_is_named():
    with pytest.raises(RecordingError, match="version 2"):
        events_of(b"\x89TICREC\x02" + bytes(10))


@pytest.mark.parametrize("size", range(len(HEADER) + 1))
def test_a_file_cut_in_its_header_holds_nothing(size):
    events = events_of(HEADER[:size])
    assert events in ([], [Received(None, HEADER[:size])])


# --- raw captures --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 1 << 20])
def test_a_raw_capture_is_one_stream_without_times(capture, size):
    data = capture("std-base-tri-conso")
    events = events_of(data, size)
    assert b"".join(event.data for event in events) == data
    assert {event.at_s for event in events} == {None}


@pytest.mark.parametrize(
    ("name", "byte_s"), [("histo-tempo-mono-linky", 1 / 120), ("std-base-mono-conso", 1 / 960)]
)
def test_a_raw_capture_is_played_at_the_pace_of_its_line(capture, name, byte_s):
    data = capture(name)
    events = list(paced(events_of(data)))
    assert b"".join(event.data for event in events) == data
    assert events[-1].at_s == pytest.approx(len(data) * byte_s, rel=0.05)
    assert all(one.at_s < other.at_s for one, other in pairwise(events))


def test_the_pace_follows_a_switch_of_mode(capture):
    data = capture("synthetic-mode-switch-histo-to-std")
    at = data.index(b"ADSC")
    last_s = list(paced(events_of(data)))[-1].at_s
    assert last_s == pytest.approx(at / 120 + (len(data) - at) / 960, rel=0.1)


def test_a_recording_keeps_its_own_times():
    assert list(paced(iter(STORY))) == STORY
