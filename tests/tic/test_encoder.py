"""What is encoded is decoded again, and what would be refused is not encoded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import (
    BY_NAME,
    LABELS,
    Decoder,
    EncodeError,
    Frame,
    FrameKind,
    Group,
    Mode,
    Reason,
    TicError,
    encode_frame,
    encode_group,
)
from tic.groups import checksum

SP, HT = " ", "\t"


def heard(data):
    """The groups of a frame that holds only these bytes."""
    return [item for item in Decoder().feed(b"\x02" + data + b"\x03") if isinstance(item, Group)]


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_every_label_survives_the_wire(groups_of, label, data):
    """With the separator of its mode; historique labels with HT too (CPT_02E v6)."""
    group = data.draw(groups_of(label))
    assert heard(encode_group(group)) == [group]
    assert heard(encode_group(group, HT)) == [group]
    if label.mode is Mode.HISTORIQUE:
        assert encode_group(group) == encode_group(group, SP) != encode_group(group, HT)


@settings(deadline=None)
@given(groups=st.lists(st.from_type(Group), max_size=20), interrupted=st.booleans())
def test_a_frame_survives_the_wire(groups, interrupted):
    groups = [group for group in groups if group.label not in {"ADCO", "ADSC"}]
    items = Decoder().feed(encode_frame(groups, interrupted=interrupted))
    assert items[: len(groups)] == groups
    frames = items[len(groups) :]
    assert [frame.groups for frame in frames] == ([tuple(groups)] if groups else [])
    assert all((frame.kind is FrameKind.INTERRUPTED) == interrupted for frame in frames)


def test_a_captured_frame_is_encoded_to_the_same_bytes(captures):
    for name in ("histo-hc-mono-l16c6", "std-base-tri-conso", "histo-base-tri-cbetm"):
        frames = [item for item in Decoder().feed(captures[name]) if isinstance(item, Frame)]
        assert b"".join(encode_frame(frame.groups) for frame in frames) == captures[name]
    name = "synthetic-histo-ht-mode2"
    frames = [item for item in Decoder().feed(captures[name]) if isinstance(item, Frame)]
    assert b"".join(encode_frame(frame.groups, HT) for frame in frames) == captures[name]


_parts = st.one_of(
    st.text(max_size=14),
    st.text(st.characters(codec="ascii"), max_size=100),
    st.sampled_from(["", "00", "01234", "BASE", "E210423054022", " 210423054022", "a b"]),
)
_labels = st.one_of(st.sampled_from(list(BY_NAME)), st.text(max_size=11), st.just("NEWLABEL"))


@settings(deadline=None, max_examples=500)
@given(
    group=st.builds(Group, _labels, _parts, st.none() | _parts),
    separator=st.sampled_from([SP, HT]),
)
def test_what_the_decoder_would_refuse_is_not_encoded(group, separator):
    """And the other way: what is refused here would not come back from a decoder."""
    try:
        sent = encode_group(group, separator)
    except EncodeError:
        fields = [text for text in (group.label, group.horodate, group.value) if text is not None]
        payload = separator.join(fields).encode("utf-8")
        covered = payload + b"\t" if separator == HT else payload
        sent = b"\n%b%b%c\r" % (payload, separator.encode(), checksum(covered))
        assert heard(sent) != [group]
    else:
        assert heard(sent) == [group]


@pytest.mark.parametrize(
    ("group", "separator", "reason"),
    [
        (Group("PAPP", "123"), None, Reason.SIZE),
        (Group("PAPP", "0123q"), None, Reason.VALUE),
        (Group("PAPP", "0123٣"), None, Reason.VALUE),  # a digit, but not of ASCII
        (Group("PAPP", "01234", "E210423054022"), HT, Reason.FORMAT),
        (Group("DATE", ""), None, Reason.FORMAT),
        (Group("DATE", "", "E210231054022"), None, Reason.VALUE),
        (Group("NTARF", "01"), SP, Reason.FORMAT),
        (Group("NEW", "1", "E210423054022"), SP, Reason.FORMAT),
        (Group("NEW", "1", "yesterday"), HT, Reason.VALUE),
        (Group("NEW LABEL", "1"), None, Reason.CHARSET),
        (Group("NEW", "1\r"), None, Reason.CHARSET),
        (Group("NEW", "1" * 99), None, Reason.SIZE),
    ],
)
def test_what_no_meter_could_send_is_refused_with_its_reason(group, separator, reason):
    with pytest.raises(EncodeError, match=f"cannot be encoded: {reason}") as caught:
        encode_group(group, separator)
    error = caught.value
    assert (error.label, error.value, error.reason) == (group.label, group.value, reason)
    assert isinstance(error, TicError)
    assert isinstance(error, ValueError)


def test_labels_of_other_meters_travel_with_either_separator():
    group = Group("ETATDYN1", "BT 4 SUP36")
    for separator in (SP, HT):
        assert heard(encode_group(group, separator)) == [group]
