"""Columns of the history as the labels they came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.history.labels import as_sent, historique_labels, mode_of, own_labels
from teleinfo_gateway.history.schema import reading
from teleinfo_gateway.push_template import COLUMNS, LABELS
from tic import BY_NAME, Kind, Mode, usual_name

from .outbox_rows import ADCO, a_row, told_by

CAPTURES = [
    "histo-base-mono-linky",
    "histo-base-tri-cbetm",
    "histo-ejp-tri-cbetm",
    "histo-hc-mono-l16c6",
    "histo-tempo-mono-linky",
    "histo-tempo-tri-linky",
    "std-base-mono-conso",
    "std-base-tri-conso",
    "std-producer-mono-2018",
    "synthetic-histo-adps-mono",
    "synthetic-histo-ejp-mono",
    "synthetic-std-tempo-tri-producer-all-labels",
]
WITHOUT_COLUMN = {"PPOT", "ADIR1", "ADIR2", "ADIR3"}
OF_TEXT = {label.name for label in BY_NAME.values() if label.kind is Kind.TEXT}


@pytest.mark.parametrize("name", CAPTURES)
def test_a_row_gives_back_what_the_meter_sent(name, capture):
    found = list(told_by(capture(name)))
    assert found
    for told, row in found:
        assert mode_of(row.values) is told.mode
        labels = own_labels(row.adco, row.values)
        assert set(labels) <= LABELS
        written = as_sent(labels)
        sent = {"ADCO": ADCO} if told.mode is Mode.HISTORIQUE else {}  # some are masked
        sent |= {usual_name(label): value for label, value in told.values.items()}
        for label in OF_TEXT & written.keys():  # meters pad them at either side
            assert written.pop(label).split() == sent[label].split()
        assert written == {label: sent[label] for label in written}
        missing = {label for label in sent if label in LABELS} - labels.keys()
        # LTARF is told by PTEC where historique mode has a word for it; indexes are all or none.
        lost = {label for label in missing if BY_NAME[label].kind is Kind.INDEX}
        assert missing - lost <= {"NGTF", "LTARF"}
        assert not (lost and told.complete)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_row_gives_the_historique_words_of_any_meter(name, capture):
    for told, row in told_by(capture(name)):
        written = as_sent(historique_labels(row.adco, row.values))
        assert set(written) <= LABELS
        derived = {"ADCO": row.adco} | {
            label: value
            for label, value in told.historique.items()
            if label not in WITHOUT_COLUMN and label in written
        }
        if told.mode is Mode.STANDARD:  # to the VA, where a Linky rounds
            assert abs(int(written.pop("PAPP")) - int(derived.pop("PAPP"))) <= 5
            derived.pop("HHPHC", None)
        assert written == derived


def test_a_calendar_without_historique_word_keeps_its_own():
    values = {"optarif": "HEURES VERTES", "ptec": "WEEK-END", "slot": 7, "idx07": 5, "pref": 6}
    assert own_labels(ADCO, values) == {
        "ADSC": ADCO, "NGTF": "HEURES VERTES", "LTARF": "WEEK-END", "NTARF": 7, "EASF07": 5,
        "PREF": 6,
    }  # fmt: skip
    assert historique_labels(ADCO, values) == {
        "ADCO": ADCO, "OPTARIF": "HEURES VERTES", "PTEC": "WEEK-END"
    }  # fmt: skip


def test_what_nobody_knows_is_left_out():
    assert own_labels(ADCO, {}) == {"ADCO": ADCO}
    assert own_labels(ADCO, a_row(papp=None, i1=0).values) == {"ADCO": ADCO, "IINST": 0}


def test_the_placeholders_are_the_columns_of_the_history_and_the_labels_they_hold():
    keys = {"meter_id", "ts", "seq", "local_dt"}
    assert {column.name for column in reading.c} - keys == COLUMNS


COLUMN_VALUES = st.dictionaries(
    st.sampled_from(sorted(COLUMNS)), st.none() | st.integers(0, 99) | st.just("BBR("), max_size=20
)


@given(COLUMN_VALUES)
def test_no_row_is_beyond_words(values):
    for labels in (own_labels(ADCO, values), historique_labels(ADCO, values)):
        assert set(as_sent(labels)) <= LABELS
        assert None not in labels.values()
