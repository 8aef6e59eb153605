"""What leaves at the interval, what at once, and what is held back."""

import pytest

from teleinfo_gateway.publication import Publication
from tic import FrameKind, Mode

CALM = {"OPTARIF": "HC..", "PTEC": "HP..", "PAPP": "00500"}
TEMPO = {"OPTARIF": "BBR(", "PTEC": "HPJB", "DEMAIN": "----"}
EJP = {"OPTARIF": "EJP.", "PTEC": "HN.."}
LATE_S = 1000.0
INTERVAL_S = 60


@pytest.fixture
def publication():
    return Publication()


@pytest.fixture
def basic(publication, reading):
    """The function that tells whether a long frame of these labels, at this time, is published."""

    def due(now_s, kind=FrameKind.LONG, mode=Mode.HISTORIQUE, *, complete=True, **values):
        told = publication.basic(
            reading(kind, mode, complete=complete, **values), INTERVAL_S, LATE_S + now_s
        )
        return told is not None

    return due


@pytest.fixture
def short(publication, reading):
    """The function that gives the short message of a frame of these labels, or ``None``."""

    def told(now_s, kind=FrameKind.SHORT, mode=Mode.HISTORIQUE, *, complete=True, **values):
        values = {"IINST1": "002", "IINST2": "024", "IINST3": "001", **values}
        return publication.short(reading(kind, mode, complete=complete, **values), LATE_S + now_s)

    return told


# --- teleinfo.basic


def test_the_first_frame_is_published_whatever_the_clock_says(publication, reading):
    assert publication.basic(reading(PAPP="00500"), 170, 0.0)


def test_a_steady_meter_is_published_once_an_interval(basic):
    due = [now_s for now_s in range(200) if basic(now_s, **CALM)]
    assert due == [0, 60, 120, 180]


def test_the_interval_counts_from_the_last_message_even_an_early_one(basic):
    assert basic(0, **CALM)
    assert basic(50, **CALM | {"PTEC": "HC.."})
    assert not basic(60, **CALM | {"PTEC": "HC.."})
    assert basic(110, **CALM | {"PTEC": "HC.."})


def test_a_frame_that_comes_half_a_second_early_is_not_put_off_to_the_next(basic):
    assert basic(0, **CALM)
    assert not basic(59.4, **CALM)
    assert basic(59.5, **CALM)


def test_at_the_shortest_interval_every_frame_of_a_standard_meter_is_told(publication, reading):
    told = [publication.basic(reading(**CALM), 1, frame * 0.92) for frame in range(10)]
    assert all(told)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CALM, CALM | {"PTEC": "HC.."}),
        (CALM, {"OPTARIF": "BASE", "PTEC": "TH.."}),
        (TEMPO, TEMPO | {"DEMAIN": "ROUG"}),
        (TEMPO | {"DEMAIN": "ROUG"}, TEMPO),
        (TEMPO, TEMPO | {"PTEC": "HCJB"}),
        (CALM, CALM | {"ADPS": "046"}),
        (CALM | {"ADPS": "046"}, CALM | {"ADPS": "047"}),
        (CALM | {"ADPS": "046"}, CALM),
        (EJP, EJP | {"PEJP": "30"}),
        (EJP | {"PEJP": "30"}, EJP | {"PEJP": "30", "PTEC": "PM.."}),
        (EJP | {"PEJP": "30"}, EJP),
    ],
)
def test_what_cannot_wait_is_published_at_once_and_once(basic, before, after):
    assert basic(0, **before)
    assert basic(1, **after)
    assert not basic(2, **after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CALM, CALM | {"PAPP": "09000"}),
        (CALM, CALM | {"HCHP": "000000002", "IINST": "040"}),
        (CALM | {"ADPS": "046"}, CALM | {"ADPS": "046", "PAPP": "09000"}),
    ],
)
def test_other_changes_wait(basic, before, after):
    assert basic(0, **before)
    assert not basic(1, **after)


@pytest.mark.parametrize("lost", ["PTEC", "OPTARIF", "DEMAIN"])
def test_a_label_that_damage_took_has_not_changed(basic, lost):
    assert basic(0, **TEMPO)
    assert not basic(1, complete=False, **TEMPO | {lost: None})
    assert not basic(2, **TEMPO | {lost: None})  # a meter that always sends it did not end it
    assert not basic(3, **TEMPO)


@pytest.mark.parametrize("event", [{"ADPS": "046"}, {"PEJP": "30"}])
def test_an_event_ends_only_in_a_complete_frame(basic, event):
    assert basic(0, **CALM | event)
    assert not basic(1, complete=False, **CALM)
    assert basic(2, **CALM)


def test_a_change_in_a_damaged_frame_is_still_a_change(basic):
    assert basic(0, **CALM)
    assert basic(1, complete=False, **CALM | {"PTEC": "HC.."})


def test_a_short_frame_is_never_a_basic_message(basic):
    assert not basic(0, FrameKind.SHORT, IINST1="002", ADIR2="024")
    assert basic(0, **CALM)


def test_a_basic_message_has_every_label_but_adir(publication, reading):
    """A standard meter tells an overload beside everything else."""
    told = publication.basic(
        reading(mode=Mode.STANDARD, IINST2="024", ADIR2="024", PAPP="05000"), 60, 0.0
    )
    assert told == {"ADCO": "021528603314", "IINST2": "024", "PAPP": "05000"}


# --- teleinfo.short


def test_an_overload_is_told_at_once_with_the_phases_that_are_in_it(short):
    assert short(0, ADIR2="024", PAPP="05000") == {
        "ADCO": "021528603314",
        "ADIR2": "024",
        "IINST1": "002",
        "IINST2": "024",
        "IINST3": "001",
    }


def test_an_overload_that_stays_the_same_is_told_once_a_second(short):
    told = [tenth for tenth in range(31) if short(tenth / 10, ADIR2="024")]
    assert told == [0, 10, 20, 30]


@pytest.mark.parametrize(
    "changed",
    [{"ADIR2": "025"}, {"ADIR2": "024", "ADIR3": "021"}, {"ADIR2": "024", "IINST1": "003"}],
)
def test_an_overload_that_changes_is_told_at_once(short, changed):
    assert short(0, ADIR2="024")
    assert short(0.1, **changed)


def test_the_first_frame_without_an_overload_is_told_the_others_are_not(short):
    assert short(0, ADIR2="024")
    assert short(0.1) == {
        "ADCO": "021528603314",
        "IINST1": "002",
        "IINST2": "024",
        "IINST3": "001",
    }
    assert not any(short(second) for second in range(1, 60))


def test_short_frames_without_an_overload_before_are_not_told(short):
    """The gateway started in the minute that follows an overload."""
    assert short(0) is None


def test_damage_does_not_end_an_overload(short):
    assert short(0, ADIR2="024")
    assert short(0.5, complete=False) is None
    assert short(0.6) is not None


def test_a_new_overload_is_told_however_soon_it_comes(short):
    assert short(0, ADIR2="024")
    assert short(0.1)
    assert short(0.2, ADIR2="024")


def test_the_long_frames_between_short_ones_end_nothing(short):
    assert short(0, ADIR2="024")
    assert short(1, FrameKind.LONG) is None
    assert short(1.5, ADIR2="024")


def test_a_standard_meter_has_no_short_frames_and_is_asked_at_each_frame(short):
    standard = (FrameKind.LONG, Mode.STANDARD)
    assert short(0, *standard) is None
    assert short(1, *standard, ADIR2="024", PAPP="05000")["ADIR2"] == "024"
    assert short(1.9, *standard, ADIR2="024", PAPP="05010") is None
    assert short(2, *standard, ADIR2="024") is not None
    assert short(2.1, *standard, complete=False) is None
    assert "ADIR2" not in short(3, *standard)
    assert short(4, *standard) is None
