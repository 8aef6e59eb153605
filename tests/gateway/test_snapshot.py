"""What one meter says now, from readings that each say a part of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from teleinfo_gateway.readings import Event, EventKind
from teleinfo_gateway.snapshot import Snapshot
from tic import FrameKind, Mode

HC = {"ADCO": "021528603314", "OPTARIF": "HC..", "HCHC": "000000123", "PTEC": "HP..", "IINST": "2"}
LINKY = {"ADSC": "021528603314", "EAST": "027117279", "NTARF": "07", "IRMS1": "003"}


@pytest.fixture
def take(reading):
    """The function that gives a snapshot a reading."""

    def give(snapshot, values, kind=FrameKind.LONG, mode=Mode.HISTORIQUE, **changes):
        changes = {"historique": values if mode is Mode.HISTORIQUE else {}} | changes
        complete = changes.pop("complete", True)
        snapshot.take(replace(reading(kind, mode, complete=complete, **values), **changes))
        return snapshot

    return give


@pytest.fixture
def note(reading):
    """The function that gives a snapshot an event."""

    def give(snapshot, kind, value):
        snapshot.note(Event(kind, "house", reading().time, value))

    return give


def test_begins_with_nothing():
    said = Snapshot()
    assert (said.address, said.mode, said.time, said.overload, said.slot) == (
        "",
        None,
        None,
        "none",
        None,
    )
    assert (said.values, said.horodates, said.historique, said.frames) == ({}, {}, {}, 0)
    assert not said.three_phase


def test_what_a_reading_lacks_stays(take):
    said = take(Snapshot(), HC)
    take(said, {"ADCO": HC["ADCO"], "PAPP": "00500"}, complete=False)
    assert said.values == {**HC, "PAPP": "00500"}
    assert said.historique == said.values
    take(said, {**HC, "HCHC": "000000124"})
    assert said.values["HCHC"] == "000000124"
    assert said.values["PAPP"] == "00500"


def test_the_order_is_that_of_the_last_frame_then_the_rest(take):
    said = take(Snapshot(), {"ADCO": "1", "A": "1", "B": "1", "C": "1"})
    take(said, {"C": "2", "ADCO": "1", "B": "2"})
    assert list(said.values.items()) == [("C", "2"), ("ADCO", "1"), ("B", "2"), ("A", "1")]
    assert list(said.historique) == ["C", "ADCO", "B", "A"]


def test_only_complete_long_frames_are_counted(take):
    said = Snapshot()
    take(said, HC)
    take(said, HC, complete=False)
    take(said, HC, FrameKind.SHORT)
    take(said, HC, FrameKind.INTERRUPTED, complete=False)
    take(said, HC)
    assert said.frames == 2


def test_the_time_and_the_mode_are_those_of_the_last_reading(take, reading):
    said = take(Snapshot(), HC)
    assert (said.time, said.mode, said.address) == (
        reading().time,
        Mode.HISTORIQUE,
        reading().address,
    )


def test_horodates_are_merged_like_values(take):
    said = take(Snapshot(), LINKY, mode=Mode.STANDARD, horodates={"SMAXSN": "a", "DATE": "b"})
    take(said, LINKY, mode=Mode.STANDARD, horodates={"DATE": "c"})
    assert said.horodates == {"SMAXSN": "a", "DATE": "c"}


@pytest.mark.parametrize("label", ["ADPS", "PEJP"])
def test_an_event_of_long_frames_is_over_when_a_complete_one_lacks_it(take, label):
    said = take(Snapshot(), {**HC, label: "046"})
    take(said, HC, complete=False)
    assert said.values[label] == "046"
    take(said, HC, FrameKind.SHORT)
    assert said.values[label] == "046"
    take(said, HC)
    assert said.ended == {label}
    assert label not in said.values
    assert label not in said.historique
    take(said, HC)
    assert said.ended == frozenset()


def test_an_overload_of_one_phase_outlives_the_long_frames_between_the_short_ones(take):
    short = {"ADCO": "1", "ADIR2": "024", "IINST2": "024"}
    said = take(Snapshot(), HC)
    for _ in range(3):
        take(said, short, FrameKind.SHORT)
        take(said, HC)
        assert said.values["ADIR2"] == "024"
    take(said, HC)
    assert said.ended == {"ADIR2"}


def test_a_short_frame_ends_what_it_lacks(take):
    said = take(Snapshot(), {"ADIR1": "050", "ADIR2": "051"}, FrameKind.SHORT)
    take(said, {"ADIR2": "051"}, FrameKind.SHORT)
    assert said.ended == {"ADIR1"}
    assert said.values == {"ADIR2": "051"}


def test_the_peaks_of_the_standard_mode_end_with_their_horodate(take):
    said = take(
        Snapshot(),
        {**LINKY, "DPM1": "01"},
        mode=Mode.STANDARD,
        horodates={"DPM1": "H1", "DATE": ""},
    )
    take(said, LINKY, mode=Mode.STANDARD)
    assert said.ended == {"DPM1"}
    assert said.horodates == {"DATE": ""}


def test_what_is_derived_in_the_standard_mode_ends_too(take):
    said = take(Snapshot(), LINKY, mode=Mode.STANDARD, historique={"ADCO": "1", "ADPS": "046"})
    take(said, LINKY, mode=Mode.STANDARD, historique={"ADCO": "1"})
    assert said.ended == {"ADPS"}
    assert said.historique == {"ADCO": "1"}


@pytest.mark.parametrize("change", ["exchange", "mode", "contract"])
def test_begins_anew_after_a_change(take, note, change):
    said = take(Snapshot(), HC, horodates={"DATE": "x"})
    note(said, EventKind.CHANGE, change)
    assert (said.values, said.horodates, said.historique, said.frames) == ({}, {}, {}, 0)
    take(said, {"ADCO": HC["ADCO"], "BASE": "000000001"})
    assert said.values == {"ADCO": HC["ADCO"], "BASE": "000000001"}
    assert said.frames == 1


def test_what_was_said_before_a_long_silence_is_not_said_any_more(take, reading):
    """An index is believed late: the one of before would be told beside powers of now."""
    said = take(Snapshot(), {**HC, "ADPS": "046"}, horodates={"DATE": "x"})
    back = {"ADCO": HC["ADCO"], "IINST": "9"}
    take(said, back, time=reading().time + timedelta(seconds=180), complete=False)
    assert said.values == {**HC, "ADPS": "046", "IINST": "9"}
    take(said, back, time=reading().time + timedelta(seconds=361), complete=False)
    assert said.values == said.historique == {**back, "ADPS": "046"}
    assert (said.horodates, said.frames) == ({}, 0)
    take(said, back, time=reading().time + timedelta(seconds=362))
    assert said.ended == {"ADPS"}
    assert said.values == back


def test_an_index_that_starts_anew_changes_no_other_label(take, note):
    said = take(Snapshot(), HC)
    note(said, EventKind.CHANGE, "rebase")
    assert said.values == HC


def test_another_mode_or_meter_begins_anew_even_without_an_event(take, note):
    said = take(Snapshot(), HC)
    note(said, EventKind.OVERLOAD, "1")
    take(said, LINKY, mode=Mode.STANDARD)
    assert (said.values, said.frames, said.overload) == (LINKY, 1, "1")
    take(said, LINKY, mode=Mode.STANDARD, address="041876097767")
    assert (said.values, said.frames, said.overload) == (LINKY, 1, "none")


def test_the_overload_is_that_of_the_last_event(take, note):
    said = take(Snapshot(), HC)
    note(said, EventKind.OVERLOAD, "1,3")
    note(said, EventKind.TARIFF, "HC..")
    assert said.overload == "1,3"
    note(said, EventKind.OVERLOAD, "none")
    assert said.overload == "none"


@pytest.mark.parametrize(
    ("period", "slot"), [("TH..", 1), ("HC..", 1), ("HP..", 2), ("HPJR", 6), ("NEW.", None)]
)
def test_the_slot_of_a_period(take, period, slot):
    assert take(Snapshot(), {**HC, "PTEC": period}).slot == slot


def test_the_slot_of_the_standard_mode_is_told_by_the_meter(take):
    said = take(Snapshot(), LINKY, mode=Mode.STANDARD)
    assert said.slot == 7
    assert take(Snapshot(), {"ADSC": "1"}, mode=Mode.STANDARD).slot is None


@pytest.mark.parametrize("label", ["IINST2", "IRMS2"])
def test_a_second_phase_makes_three(take, label):
    assert not take(Snapshot(), HC).three_phase
    assert take(Snapshot(), {**HC, label: "001"}).three_phase
