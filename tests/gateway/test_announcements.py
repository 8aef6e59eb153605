"""Which overloads, tariffs, colours and peaks are told, and which are not."""

from dataclasses import replace

import pytest

from teleinfo_gateway.announcements import Announcements
from teleinfo_gateway.readings import EventKind
from tic import FrameKind, HistoriqueView, Mode

OVERLOAD, TARIFF, TOMORROW, PEAK = (
    EventKind.OVERLOAD,
    EventKind.TARIFF,
    EventKind.TOMORROW,
    EventKind.PEAK,
)
MONO = {"OPTARIF": "HC..", "ISOUSC": "45", "PTEC": "HP..", "IINST": "009"}
TRI = {"IINST1": "002", "IINST2": "024", "IINST3": "001"}
TRI_LONG = {"OPTARIF": "HC..", "ISOUSC": "20", "PTEC": "HP..", **TRI}
EJP = {"OPTARIF": "EJP.", "PTEC": "HN..", "IINST": "009"}
TEMPO = {"OPTARIF": "BBR(", "PTEC": "HPJB", "DEMAIN": "----", "IINST": "009"}

LINKY = {
    "NGTF": "H PLEINE/CREUSE ",
    "LTARF": "  HEURE PLEINE  ",
    "NTARF": "02",
    "PREF": "09",
    "IRMS1": "010",
    "STGE": "003A0401",
}
LINKY_TRI = LINKY | {"PREF": "12", "IRMS2": "024", "IRMS3": "001"}
OFFER = LINKY | {"NGTF": "HC et Week-End  ", "LTARF": "  HC WEEK END   ", "NTARF": "03"}
ABOVE = {"STGE": "003A0481"}  # bit 7


@pytest.fixture
def announcements():
    return Announcements()


@pytest.fixture
def historique(announcements, reading):
    """The function that gives what a historique frame of these labels announces."""

    def told(kind=FrameKind.LONG, *, complete=True, **labels):
        return announcements.take(reading(kind, complete=complete, **labels))

    return told


@pytest.fixture
def standard(announcements, reading):
    """The same for a standard frame; the historique labels are derived as a meter's are."""
    view = HistoriqueView()

    def told(*, complete=True, **labels):
        frame = reading(mode=Mode.STANDARD, complete=complete, **labels)
        derived = {group.label: group.value for group in view.translate(frame.values)}
        return announcements.take(replace(frame, historique=derived))

    return told


def states(announced):
    return [(kind, value) for kind, value, _ in announced]


# --- overload


def test_an_overload_of_a_single_phase_begins_and_ends_once(historique):
    assert historique(**MONO) == []
    assert historique(**MONO, ADPS="046") == [(OVERLOAD, "1", "phase 1: 46 A of 45 A")]
    assert historique(**MONO, ADPS="047") == []
    assert historique(**MONO) == [(OVERLOAD, "none", "no overload any more")]
    assert historique(**MONO) == []


def test_an_overload_that_goes_on_at_the_start_is_told(historique):
    assert states(historique(**MONO, ADPS="046")) == [(OVERLOAD, "1")]


@pytest.mark.parametrize("lost", [{}, {"IINST": None}])
def test_an_overload_ends_in_no_damaged_frame(historique, lost):
    historique(**MONO, ADPS="046")
    assert historique(complete=False, **MONO | lost) == []
    assert states(historique(**MONO)) == [(OVERLOAD, "none")]


def test_an_overload_begins_in_a_damaged_frame_too(historique):
    historique(**MONO)
    assert states(historique(complete=False, **MONO, ADPS="046")) == [(OVERLOAD, "1")]


def test_each_phase_begins_and_ends_by_itself(historique):
    historique(**TRI_LONG)
    short = FrameKind.SHORT
    assert historique(short, **TRI, ADIR2="024") == [(OVERLOAD, "2", "phase 2: 24 A of 20 A")]
    assert historique(short, **TRI, ADIR2="025", ADIR1="021") == [
        (OVERLOAD, "1,2", "phase 1: 21 A of 20 A, phase 2: 25 A of 20 A")
    ]
    assert states(historique(short, **TRI, ADIR1="021")) == [(OVERLOAD, "1")]
    assert states(historique(short, **TRI)) == [(OVERLOAD, "none")]
    assert historique(short, **TRI) == []


def test_a_damaged_short_frame_adds_phases_and_ends_none(historique):
    historique(FrameKind.SHORT, **TRI, ADIR2="024")
    damaged = {"kind": FrameKind.SHORT, "complete": False}
    assert historique(**damaged, **TRI) == []
    assert states(historique(**damaged, **TRI, ADIR3="021")) == [(OVERLOAD, "2,3")]


def test_the_long_frame_between_short_ones_ends_nothing(historique):
    historique(FrameKind.SHORT, **TRI, ADIR2="024")
    assert historique(**TRI_LONG) == []
    assert historique(FrameKind.SHORT, **TRI, ADIR2="024") == []
    assert historique(**TRI_LONG) == []


def test_two_long_frames_in_a_row_end_an_overload_of_three_phases(historique):
    historique(FrameKind.SHORT, **TRI, ADIR2="024")
    assert historique(**TRI_LONG) == []
    assert historique(complete=False, **TRI_LONG) == []
    assert states(historique(**TRI_LONG)) == [(OVERLOAD, "none")]


@pytest.mark.parametrize("kind", [FrameKind.INTERRUPTED, FrameKind.PARTIAL])
def test_a_piece_of_a_frame_ends_nothing(historique, kind):
    historique(FrameKind.SHORT, **TRI, ADIR2="024")
    assert historique(kind, complete=False, **TRI_LONG) == []


def test_a_standard_meter_tells_each_phase_by_its_current(standard):
    assert standard(**LINKY_TRI | {"IRMS2": "010"}) == []
    assert standard(**LINKY_TRI) == [(OVERLOAD, "2", "phase 2: 24 A of 20 A")]
    assert states(standard(**LINKY_TRI | {"IRMS2": "010"})) == [(OVERLOAD, "none")]


def test_the_reference_power_is_an_overload_of_its_own(standard):
    """By another test than the currents: a filtered power."""
    standard(**LINKY)
    over = {"IRMS1": "046"}
    assert states(standard(**LINKY | over)) == [(OVERLOAD, "1")]
    assert standard(**LINKY | over | ABOVE) == [
        (OVERLOAD, "1,power", "phase 1: 46 A of 45 A, above the reference power")
    ]
    assert states(standard(**LINKY | ABOVE)) == [(OVERLOAD, "power")]
    assert states(standard(**LINKY)) == [(OVERLOAD, "none")]


@pytest.mark.parametrize("waiting", ["IRMS1", "PREF", "STGE"])
def test_what_waits_to_be_confirmed_ends_no_overload(standard, waiting):
    over = LINKY | {"IRMS1": "046"} | ABOVE
    standard(**over)
    assert standard(**over | {waiting: None}) == []
    assert standard(**over) == []


def test_an_overload_lasts_over_a_switch_of_mode(historique, standard):
    assert states(standard(**LINKY | {"IRMS1": "046"})) == [(OVERLOAD, "1")]
    assert historique(**MONO, ADPS="046") == []
    assert states(historique(**MONO)) == [(OVERLOAD, "none")]


def test_historique_mode_knows_no_reference_power(historique, standard):
    assert states(standard(**LINKY | ABOVE)) == [(OVERLOAD, "power")]
    assert states(historique(**MONO)) == [(OVERLOAD, "none")]


# --- tariff


def test_a_tariff_is_told_when_it_changes_and_not_before(historique):
    assert historique(**MONO) == []
    assert historique(**MONO) == []
    assert historique(**MONO | {"PTEC": "HC.."}) == [(TARIFF, "HC..", "off-peak")]
    assert historique(**MONO | {"PTEC": "HC.."}) == []


def test_a_tariff_that_damage_took_has_not_changed(historique):
    historique(**MONO)
    assert historique(complete=False, **MONO | {"PTEC": None}) == []
    assert historique(FrameKind.SHORT, **TRI) == []
    assert historique(**MONO) == []


def test_a_standard_meter_of_a_historique_contract_tells_its_ptec(standard):
    assert standard(**LINKY) == []
    assert standard(**LINKY | {"NTARF": "01", "LTARF": None}) == [(TARIFF, "HC..", "off-peak")]


def test_the_tariff_of_another_offer_is_its_number_with_its_own_name(standard):
    """A new name is believed one frame after the number, and may be sent one frame later."""
    for _ in range(3):
        assert standard(**OFFER) == []
    new = {"NTARF": "01", "LTARF": " HEURE   CREUSE "}
    assert standard(**OFFER | new | {"LTARF": OFFER["LTARF"]}) == []
    assert standard(**OFFER | new | {"LTARF": None}) == []
    assert standard(**OFFER | new) == []
    assert standard(**OFFER | new) == [(TARIFF, "01", "HEURE CREUSE")]
    assert standard(**OFFER | new) == []


def test_an_offer_without_names_is_told_by_its_numbers(standard):
    nameless = OFFER | {"LTARF": None}
    assert not any(standard(**nameless) for _ in range(3))
    assert standard(**nameless | {"NTARF": "01"}) == []
    assert standard(**nameless | {"NTARF": "01"}) == [(TARIFF, "01", "")]


def test_a_name_or_a_number_that_damage_took_is_no_change_of_tariff(standard):
    frames = [OFFER, OFFER, *[OFFER | {"LTARF": None}] * 3, OFFER | {"NTARF": None}, OFFER, OFFER]
    assert not any(standard(**frame) for frame in frames)


def test_a_switch_of_mode_is_no_change_of_tariff(historique, standard):
    all_hours = MONO | {"OPTARIF": "BASE", "PTEC": "TH.."}
    assert historique(**all_hours) == []
    assert not any(standard(**OFFER) for _ in range(3))
    assert historique(**all_hours) == []


# --- the colour of tomorrow


def test_a_colour_is_told_when_it_is_announced_changed_and_taken_back(historique):
    assert historique(**TEMPO) == []
    assert historique(**TEMPO | {"DEMAIN": "ROUG"}) == [(TOMORROW, "ROUG", "red")]
    assert historique(**TEMPO | {"DEMAIN": "ROUG"}) == []
    assert historique(**TEMPO | {"DEMAIN": "BLAN"}) == [(TOMORROW, "BLAN", "white")]
    assert historique(**TEMPO) == [(TOMORROW, "----", "not announced")]


def test_a_colour_announced_before_the_start_is_not_told_again(historique):
    assert historique(**TEMPO | {"DEMAIN": "ROUG"}) == []
    assert states(historique(**TEMPO)) == [(TOMORROW, "----")]


def test_a_colour_that_damage_took_was_not_taken_back(historique):
    historique(**TEMPO | {"DEMAIN": "ROUG"})
    assert historique(complete=False, **TEMPO | {"DEMAIN": None}) == []
    assert historique(**TEMPO | {"DEMAIN": None}) == []
    assert historique(**TEMPO | {"DEMAIN": "ROUG"}) == []


def test_a_standard_meter_announces_the_same_colours(historique, standard):
    tempo = LINKY | {"NGTF": "     TEMPO      "}
    historique(**TEMPO)
    assert standard(**tempo) == []
    assert standard(**tempo | {"STGE": "0C3A0401"}) == [(TOMORROW, "ROUG", "red")]


# --- mobile peak


def test_a_peak_of_ejp_is_announced_begins_and_ends(historique):
    """PEJP may be sent through the peak: it is a notice only before."""
    assert historique(**EJP) == []
    assert historique(**EJP, PEJP="30") == [
        (PEAK, "notice", "mobile peak announced, it begins within 30 min")
    ]
    assert historique(**EJP, PEJP="30") == []
    peak = EJP | {"PTEC": "PM.."}
    assert historique(**peak, PEJP="30") == [
        (TARIFF, "PM..", "mobile peak"),
        (PEAK, "peak", "mobile peak"),
    ]
    assert historique(**peak) == []
    assert historique(**EJP) == [
        (TARIFF, "HN..", "normal hours"),
        (PEAK, "none", "no mobile peak any more"),
    ]


@pytest.mark.parametrize("before", [EJP | {"PEJP": "30"}, EJP | {"PTEC": "PM.."}])
def test_a_notice_or_a_peak_before_the_start_is_not_told_again_but_its_end_is(historique, before):
    assert historique(**before) == []
    assert (PEAK, "none") in states(historique(**EJP))


def test_a_notice_ends_in_no_damaged_frame(historique):
    historique(**EJP, PEJP="30")
    assert historique(complete=False, **EJP) == []
    assert historique(complete=False, **EJP | {"PTEC": None}, PEJP="30") == []
    assert states(historique(**EJP)) == [(PEAK, "none")]


def test_a_standard_meter_tells_notice_and_peak_side_by_side(standard):
    tempo = LINKY | {"NGTF": "     TEMPO      "}
    assert standard(**tempo) == []
    assert standard(**tempo | {"STGE": "103A0401"}) == [
        (PEAK, "notice", "mobile peak PM1 announced")
    ]
    assert standard(**tempo | {"STGE": "403A0401"}) == [(PEAK, "peak", "mobile peak PM1")]
    assert standard(**tempo | {"STGE": None}) == []
    assert standard(**tempo | {"STGE": "603A0401"}) == [
        (PEAK, "peak,notice", "mobile peak PM1, mobile peak PM2 announced")
    ]
    assert standard(**tempo) == [(PEAK, "none", "no mobile peak any more")]


def test_a_switch_of_mode_begins_and_ends_no_peak(historique, standard):
    """Of Tempo, only the standard mode tells peaks."""
    tempo = LINKY | {"NGTF": "     TEMPO      ", "STGE": "403A0401"}
    assert historique(**TEMPO | {"PTEC": "HPJB"}) == []
    assert standard(**tempo) == []
    assert historique(**TEMPO) == []
