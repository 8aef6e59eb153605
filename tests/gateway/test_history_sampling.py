"""What of the readings and events is kept, in which column, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.history.columns import (
    INDEXES,
    NUMBERS,
    columns_of,
    contract,
    labels_of,
    sample_of,
)
from teleinfo_gateway.history.event_log import EventLog
from teleinfo_gateway.history.sampling import EventRow, LabelRow, ReadingRow, Sampler
from teleinfo_gateway.history.schema import label as label_table
from teleinfo_gateway.history.schema import reading as reading_table
from teleinfo_gateway.readings import Event, EventKind, Reading
from tic import (
    BY_NAME,
    CALENDARS,
    INDEX_LABELS,
    Decoder,
    Frame,
    FrameKind,
    HistoriqueView,
    Kind,
    Mode,
    usual_name,
)

CAPTURES = [path.stem for path in Path(__file__).parents[1].glob("captures/*.tic")]
START = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
NOT_KEPT = {"ADCO", "ADSC", "DATE", "ADIR1", "ADIR2", "ADIR3"}
"""The meter itself; its clock; what the events of an overload tell."""

BASE = {"OPTARIF": "BASE", "BASE": "000000100", "PTEC": "TH..", "PAPP": "00500"}
STANDARD = {
    "NGTF": "H PLEINE/CREUSE ",
    "LTARF": "  HEURE  CREUSE ",
    "EAST": "000000550",
    **{f"EASF{slot:02}": f"{slot * 10:09}" for slot in range(1, 11)},
    "IRMS1": "002",
    "URMS1": "231",
    "PREF": "09",
    "SINSTS": "00499",
    "STGE": "00DA0001",
    "NTARF": "01",
}
"""A single-phase meter, but for what is padded or has no column."""


@pytest.fixture(scope="session")
def readings_of(capture):
    """The function that gives the readings of a capture, each frame being believed as it is."""

    def read(name):
        decoder, view = Decoder(), HistoriqueView()
        for frame in decoder.feed(capture(name)) + decoder.close():
            if not isinstance(frame, Frame) or not frame.groups:
                continue
            values = {group.label: group.value for group in frame.groups}
            historique = values
            if frame.mode is Mode.STANDARD:
                historique = {group.label: group.value for group in view.translate(values)}
            yield Reading(
                meter="house",
                address=frame.meter or "",
                time=START,
                mode=frame.mode,
                kind=frame.kind,
                complete=not frame.refused,
                values=values,
                historique=historique,
                horodates={group.label: group.horodate for group in frame.groups if group.horodate},
            )

    return read


@pytest.fixture
def standard():
    """The function that makes a reading in standard mode."""

    def make(*, complete=True, **changes):
        values = {key: one for key, one in (STANDARD | changes).items() if one is not None}
        derived = HistoriqueView().translate(values)
        return Reading(
            meter="house",
            address="021528603314",
            time=START,
            mode=Mode.STANDARD,
            kind=FrameKind.LONG,
            complete=complete,
            values=values,
            historique={group.label: group.value for group in derived},
        )

    return make


# --- columns


@pytest.mark.parametrize("name", CAPTURES)
def test_every_label_of_a_capture_is_kept(readings_of, name):
    """But indexes of which one was lost: the energy of all slots is reckoned together."""
    for reading in readings_of(name):
        if reading.kind is not FrameKind.LONG:
            continue
        row = columns_of(reading)
        others = {label for label, _, _ in labels_of(reading)}
        for sent, value in reading.values.items():
            label = usual_name(sent)
            if BY_NAME[label].kind is Kind.INDEX and label not in others and row["idx01"] is None:
                assert not reading.complete
            elif label not in NOT_KEPT | others:
                number = int(value) if value.isdecimal() else None
                assert ({value, number} - {None}) & set(row.values()), sent


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_kept_of_a_capture_fits_the_tables(readings_of, name):
    for reading in readings_of(name):
        for column, value in columns_of(reading).items():
            if value is not None:
                kind = reading_table.c[column].type
                assert isinstance(value, kind.python_type)
                assert len(str(value)) <= (getattr(kind, "length", None) or 12)
        for name_, value, horodate in labels_of(reading):
            assert len(name_) <= label_table.c.label.type.length
            assert len(value) <= label_table.c.value.type.length
            assert horodate is None or len(horodate) == label_table.c.horodate.type.length


def test_units_are_those_of_the_table_of_labels():
    assert {column: NUMBERS[column] for column in ("isousc", "pref", "papp", "pinj", "u1")} == {
        "isousc": "A",
        "pref": "kVA",
        "papp": "VA",
        "pinj": "VA",
        "u1": "V",
    }
    assert {NUMBERS[column] for column in INDEXES} == {"Wh"}
    assert NUMBERS["pmax"] == BY_NAME["PMAX"].unit == "W"
    assert set(NUMBERS) <= set(reading_table.c.keys())


@pytest.mark.parametrize("calendar", CALENDARS)
def test_a_slot_is_in_the_same_column_in_both_modes(standard, calendar):
    told = standard(NGTF=f"{calendar:16}", NTARF="01")
    before = columns_of(replace(told, mode=Mode.HISTORIQUE, values=told.historique))
    after = columns_of(told)
    for name in ("optarif", "ptec", "slot"):
        assert before[name] == after[name]
    slots = {name: before[name] for name in INDEXES if before.get(name) is not None}
    assert len(slots) == len(INDEX_LABELS[CALENDARS[calendar]])
    assert slots.items() <= after.items()


def test_a_historique_reading(reading):
    row = columns_of(
        reading(**BASE | {"IINST": "002", "IMAX": "090", "HHPHC": "A", "MOTDETAT": "000000"})
    )
    assert {name: value for name, value in row.items() if value is not None} == {
        "optarif": "BASE",
        "ptec": "TH..",
        "slot": 1,
        "idx01": 100,
        "papp": 500,
        "i1": 2,
        "imax1": 90,
        "hhphc": "A",
        "state": "000000",
    }


def test_a_standard_reading_has_its_own_values_and_the_historique_contract(standard):
    row = columns_of(standard())
    assert [row[name] for name in ("optarif", "ptec", "slot")] == ["HC..", "HC..", 1]
    assert [row[name] for name in ("papp", "u1", "i1", "pref", "isousc")] == [499, 231, 2, 9, 45]
    assert [row[f"idx{slot:02}"] for slot in range(1, 11)] == list(range(10, 110, 10))
    assert (row["idx_total"], row["state"]) == (550, "00DA0001")


def test_an_unknown_calendar_keeps_its_name_and_its_slots(standard):
    row = columns_of(standard(NGTF=" Heures  Vertes  ", LTARF="  WEEK-END      ", NTARF="07"))
    assert [row[name] for name in ("optarif", "ptec", "slot")] == ["Heures Vertes", "WEEK-END", 7]
    assert row["idx07"] == 70
    taken = sample_of(0, {**dict.fromkeys(reading_table.c.keys()), **row})
    assert (taken.tariff, taken.slots[7]) == (("Heures Vertes", 7), 70)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        *(("BBR(", "BBR("), ("BBR?", "BBR("), ("BBR", "BBR("), ("EJP ", "EJP."), ("EJP.", "EJP.")),
        *(("HC..", "HC.."), ("EJP WEEK-END", "EJP WEEK-END"), ("", "")),
    ],
)
def test_a_contract_is_told_without_what_varies_in_it(told, meant):
    assert contract(told) == meant


def test_a_historique_reading_that_lost_an_index_has_none(reading):
    values = {"OPTARIF": "HC..", "HCHC": "000000001", "PTEC": "HC..", "PAPP": "00100"}
    row = columns_of(reading(complete=False, **values))
    assert ([row[name] for name in INDEXES], row["papp"]) == ([None] * len(INDEXES), 100)
    assert columns_of(reading(complete=False, **values, HCHP="000000002"))["idx02"] == 2


@pytest.mark.parametrize("lost", [{"EASF03": None}, {"SINSTI": "00100"}, {"EASF10": None}])
def test_a_standard_reading_that_lost_an_index_has_none(standard, lost):
    row = columns_of(standard(complete=False, **lost))
    assert {row[name] for name in INDEXES} == {None}


def test_a_meter_that_is_never_heard_without_a_fault_still_counts_energy(standard, readings_of):
    assert columns_of(standard(complete=False, SINSTS=None))["idx01"] == 10
    (insane,) = readings_of("std-base-tri-insane-sinsts")
    assert not insane.complete
    assert columns_of(insane)["idx01"] == int(insane.values["EASF01"])


def test_a_reading_without_its_contract_has_no_indexes(reading, standard):
    assert columns_of(reading(**BASE | {"OPTARIF": None}))["idx01"] is None
    assert columns_of(standard(NGTF=None))["idx01"] is None


def test_a_text_is_kept_without_its_padding_and_a_pilot_label_under_its_usual_name(reading):
    told = reading(mode=Mode.STANDARD, MSG1="  bonjour ", SMAXN="01234", XYZ=" 1 ")
    told = replace(told, horodates={"SMAXN": "H260114120000"})
    assert list(labels_of(told)) == [
        ("MSG1", "bonjour", None),
        ("SMAXSN", "01234", "H260114120000"),
        ("XYZ", " 1 ", None),
    ]


# --- sampling


@pytest.fixture
def kept(reading):
    """The function that gives what a sampler keeps of frames: (second, changes) each."""

    def take(*frames, interval=60, sampler=None):
        sampler = sampler or Sampler()
        found = []
        for second, changes in frames:
            told = replace(
                reading(**{"complete": True, **BASE, **changes}),
                time=START + timedelta(seconds=second),
            )
            found += sampler.take(told, interval)
        return [replace_ts(row) for row in found]

    def replace_ts(row):
        return row._replace(ts=row.ts - int(START.timestamp()))

    return take


def times(rows):
    return [row.ts for row in rows if isinstance(row, ReadingRow)]


def labels(rows):
    return [(row.ts, row.label, row.value) for row in rows if isinstance(row, LabelRow)]


def test_one_reading_is_kept_each_interval(kept):
    assert times(kept(*((second, {}) for second in range(0, 200, 2)))) == [0, 60, 120, 180]


def test_frames_that_do_not_fit_the_interval_do_not_add_up(kept):
    """With the fraction of a second cut off, the frame at 59 is the one of this minute."""
    assert times(kept(*((second, {}) for second in range(0, 300, 59)))) == [
        0,
        59,
        118,
        177,
        236,
        295,
    ]


def test_the_first_frame_of_an_hour_is_kept(kept):
    assert times(kept(*((second, {}) for second in range(3560, 3640, 5)))) == [3560, 3600]


@pytest.mark.parametrize("change", [{"PTEC": "HP.."}, {"OPTARIF": "HC.."}])
def test_a_change_of_tariff_is_kept_at_once(kept, change):
    assert times(kept((0, {}), (2, {}), (4, change), (6, change))) == [0, 4]


def test_a_change_in_the_second_of_the_last_reading_is_kept_in_the_next(kept):
    change = {"PTEC": "HP.."}
    assert times(kept((0, {}), (0, change), (1, change))) == [0, 1]


def test_a_damaged_reading_waits_for_a_whole_one(kept):
    damaged = {"complete": False}
    assert times(kept((0, {}), (60, damaged), (62, damaged), (64, {}), (125, {}))) == [0, 64, 125]


def test_a_damaged_reading_is_kept_when_no_whole_one_came_for_two_intervals(kept):
    frames = ((second, {"complete": False}) for second in range(2, 250, 2))
    assert times(kept((0, {}), *frames)) == [0, 120, 240]


def test_a_line_that_never_has_a_whole_frame_is_kept_too(kept):
    frames = ((second, {"complete": False}) for second in range(0, 500, 5))
    assert times(kept(*frames)) == [120, 240, 360, 480]


def test_short_and_broken_frames_are_not_kept(kept):
    for kind in set(FrameKind) - {FrameKind.LONG}:
        assert kept((0, {"kind": kind, "PPOT": "00"})) == []


def test_a_clock_that_is_set_back_does_not_stop_it(kept):
    assert times(kept((0, {}), (-86400, {}), (-86398, {}), (-86340, {}))) == [0, -86400, -86340]


def test_the_range_of_power_is_that_of_all_frames_since_the_last_one_kept(kept):
    watts = {0: 500, 2: 90, 4: 9000, 58: 300, 60: 500, 62: 400, 118: 410, 120: 420}
    rows = kept(*((second, {"PAPP": f"{watt:05}"}) for second, watt in watts.items()), interval=50)
    found = [tuple(row.columns[name] for name in ("papp_min", "papp", "papp_max")) for row in rows]
    assert times(rows) == [0, 58, 118]
    assert found == [(500, 500, 500), (90, 300, 9000), (400, 410, 500)]


@pytest.mark.parametrize("later", [7200, -7200])
def test_the_power_of_before_an_outage_or_a_clock_that_is_set_is_not_of_after_it(kept, later):
    watts = {0: 500, 30: 9000, later: 100, later + 30: 300, later + 60: 200}
    rows = kept(*((second, {"PAPP": f"{watt:05}"}) for second, watt in watts.items()))
    found = [(row.columns["papp_min"], row.columns["papp_max"]) for row in rows]
    assert found == [(500, 500), (100, 100), (200, 300)]


@given(
    frames=st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 20000), st.booleans()), min_size=1
    ),
    interval=st.integers(1, 170),
)
def test_every_power_is_in_the_range_of_one_reading(frames, interval):
    sampler, ts, waiting = Sampler(), 0, []
    for gap, watt, complete in frames:
        ts += gap
        values = BASE | {"PAPP": f"{watt:05}"}
        told = Reading(
            *("house", "1", START + timedelta(seconds=ts), Mode.HISTORIQUE, FrameKind.LONG),
            *(complete, values, values),
        )
        waiting.append(watt)
        for row in sampler.take(told, interval):
            assert (row.columns["papp_min"], row.columns["papp_max"]) == (
                min(waiting),
                max(waiting),
            )
            assert row.columns["interval_s"] == interval
            waiting = []


def test_a_number_without_a_column_is_kept_with_a_reading_only(kept):
    frames = [(second, {"SMAXSN": f"{second:05}"}) for second in range(0, 130, 10)]
    assert labels(kept(*frames)) == [
        (0, "SMAXSN", "00000"),
        (60, "SMAXSN", "00060"),
        (120, "SMAXSN", "00120"),
    ]


def test_an_unknown_label_is_kept_with_a_reading_for_it_may_be_a_number(kept):
    frames = [(second, {"EApP_s": f"{second:05}"}) for second in range(0, 70, 10)]
    assert labels(kept(*frames)) == [(0, "EApP_s", "00000"), (60, "EApP_s", "00060")]


@pytest.mark.parametrize(
    ("label", "one", "other"),
    [("PPOT", "00", "02"), ("MSG1", "a" * 32, "b" * 32), ("RELAIS", "000", "001")],
)
def test_a_text_or_code_that_changes_is_kept_at_once(kept, label, one, other):
    rows = kept((0, {label: one}), (2, {label: one}), (4, {label: other}), (60, {label: other}))
    assert labels(rows) == [(0, label, one), (4, label, other)]


def test_a_label_that_comes_late_is_kept_at_once(kept):
    assert labels(kept((0, {}), (2, {"SMAXSN": "00001"}))) == [(2, "SMAXSN", "00001")]


def test_the_same_value_with_another_horodate_is_another(reading):
    sampler, found = Sampler(), []
    for second, horodate in ((0, "H260114100000"), (60, "H260114100000"), (120, "H260114110000")):
        told = reading(**BASE, SMAXSN="01000")
        told = replace(told, time=START + timedelta(seconds=second), horodates={"SMAXSN": horodate})
        found += [row.horodate for row in sampler.take(told, 60) if isinstance(row, LabelRow)]
    assert found == ["H260114100000", "H260114110000"]


# --- events


def event(second, kind=EventKind.REFUSED, value="PAPP 99999", meter="house"):
    return Event(kind, meter, START + timedelta(seconds=second), value, "why")


def test_an_event_is_kept_as_it_is():
    (row,) = EventLog().take(event(5), "021528603314")
    assert row == EventRow(
        "021528603314", "house", int(START.timestamp()) + 5, "refused", "PAPP 99999", "why"
    )


def test_thirty_events_of_a_kind_and_an_hour_are_kept_and_the_others_counted():
    log = EventLog()
    rows = [row for second in range(100) for row in log.take(event(second), None)]
    assert len(rows) == 30
    assert len(list(log.take(event(50, EventKind.LINK), None))) == 1
    assert len(list(log.take(event(50, meter="other"), None))) == 1
    more, again = log.take(event(3600), None)
    assert (more.value, more.kind) == ("more", "refused")
    assert more.detail.startswith("70 more")
    assert again.value == "PAPP 99999"
    assert len(list(log.take(event(7200), None))) == 1
