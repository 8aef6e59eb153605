"""Which frames are believed, and what of them."""

import pytest

from teleinfo_gateway.integrity import Integrity
from tic import Frame, FrameKind, Group, Mode

ONE, TWO = "021528603314", "061961361253"
LONG, SHORT, STANDBY = FrameKind.LONG, FrameKind.SHORT, FrameKind.STANDBY


def frame(*groups, kind=LONG, mode=Mode.HISTORIQUE):
    return Frame(kind, mode, tuple(Group(*group) for group in groups))


def of(address, *groups, **changes):
    return frame(("ADCO", address), ("PAPP", "00500"), *groups, **changes)


@pytest.fixture
def integrity():
    return Integrity()


@pytest.fixture
def known(integrity):
    """The rules of a line whose meter is known."""
    integrity.believe(of(ONE))
    integrity.believe(of(ONE))
    return integrity


def test_two_frames_in_a_row_settle_which_meter_it_is(integrity):
    assert integrity.believe(of(ONE)) is None
    assert integrity.address is None
    assert integrity.believe(of(ONE)) == {"ADCO": ONE, "PAPP": "00500"}
    assert integrity.address == ONE


def test_a_damaged_address_makes_no_ghost_meter(known):
    assert known.believe(of(TWO)) is None
    assert known.address == ONE
    assert known.believe(of(ONE)) is not None
    assert known.believe(of(TWO)) is None
    assert known.address == ONE


def test_two_addresses_in_turn_are_never_both_believed(integrity):
    assert [integrity.believe(of(address)) for address in (ONE, TWO) * 5] == [None] * 10


def test_another_meter_is_believed_at_its_second_frame(known):
    assert known.believe(of(TWO)) is None
    assert known.believe(of(TWO)) is not None
    assert known.address == TWO
    assert known.believe(of(ONE)) is None


def test_a_frame_without_an_address_is_not_believed_and_forgets_nothing(known):
    assert known.believe(frame(("PAPP", "00500"))) is None
    assert known.believe(of(ONE)) is not None


@pytest.mark.parametrize("kind", [FrameKind.INTERRUPTED, FrameKind.PARTIAL])
def test_a_frame_that_is_not_whole_is_not_believed_and_settles_nothing(integrity, kind):
    assert integrity.believe(of(ONE)) is None
    assert integrity.believe(of(ONE, kind=kind)) is None
    assert integrity.address is None


def test_short_and_long_frames_agree_on_the_meter(integrity):
    assert integrity.believe(of(ONE)) is None
    short = frame(("ADIR2", "024"), ("ADCO", ONE), ("IINST2", "024"), kind=SHORT)
    assert integrity.believe(short) == {"ADIR2": "024", "ADCO": ONE, "IINST2": "024"}


def test_a_standard_meter_tells_its_address_as_adsc(integrity):
    standard = frame(("ADSC", ONE), ("SINSTS", "00500"), mode=Mode.STANDARD)
    assert integrity.believe(standard) is None
    assert integrity.believe(standard) == {"ADSC": ONE, "SINSTS": "00500"}


def test_a_meter_is_the_same_in_both_modes(known):
    assert known.believe(frame(("ADSC", ONE), mode=Mode.STANDARD)) is not None


@pytest.mark.parametrize(("mode", "address"), [(Mode.STANDARD, "ADCO"), (Mode.HISTORIQUE, "ADSC")])
def test_the_address_of_the_other_mode_proves_nothing(known, mode, address):
    """Two frames glued where the meter was switched: STX and ETX between them were lost."""
    assert known.believe(frame(("PAPP", "00500"), (address, ONE), mode=mode)) is None


def test_a_label_told_twice_alike_is_believed(known):
    assert known.believe(of(ONE, ("PAPP", "00500")))["PAPP"] == "00500"


def test_a_label_told_twice_differently_is_left_out_the_others_are_not(known):
    values = known.believe(of(ONE, ("PAPP", "00600"), ("IINST", "003"), ("PAPP", "00500")))
    assert values == {"ADCO": ONE, "IINST": "003"}


def test_adps_may_be_told_early_and_again_the_last_one_counts(known):
    values = known.believe(of(ONE, ("ADPS", "046"), ("IINST", "047"), ("ADPS", "047")))
    assert values["ADPS"] == "047"


def test_standby_is_known_by_two_frames_too(integrity):
    standby = frame(("ADCO", ONE), kind=STANDBY)
    assert not integrity.in_standby(standby)
    assert integrity.in_standby(standby)
    assert not integrity.in_standby(of(ONE))
    assert integrity.believe(standby) is None
