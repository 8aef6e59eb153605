"""The tables of tariff options say one thing, the same in both modes."""

import re

import pytest

from tic import (
    BY_NAME,
    CALENDARS,
    INDEX_LABELS,
    INDEX_SLOTS,
    PERIOD_SLOTS,
    PERIODS,
    HistoriqueView,
    Kind,
    Mode,
)

NGTF = {option: calendar for calendar, option in CALENDARS.items()}
EASF = {f"EASF{slot:02}": f"{slot:09}" for slot in range(1, 11)}


def test_every_option_has_an_index_for_each_period():
    assert INDEX_LABELS.keys() == PERIODS.keys() == set(CALENDARS.values())
    for option, labels in INDEX_LABELS.items():
        assert len(labels) == len(PERIODS[option])


def test_the_tables_name_what_the_table_of_labels_knows():
    for label in INDEX_SLOTS:
        assert (BY_NAME[label].kind, BY_NAME[label].mode) == (Kind.INDEX, Mode.HISTORIQUE)
    for period in PERIOD_SLOTS:
        assert period in BY_NAME["PTEC"].meanings
    for option in INDEX_LABELS:
        assert re.fullmatch(BY_NAME["OPTARIF"].pattern, option)
    for calendar in CALENDARS:
        assert len(calendar) <= BY_NAME["NGTF"].size


def test_no_index_and_no_period_is_missing_or_of_two_options():
    assert set(INDEX_SLOTS) == {
        name
        for name, label in BY_NAME.items()
        if (label.kind, label.mode) == (Kind.INDEX, Mode.HISTORIQUE)
    }
    assert set(PERIOD_SLOTS) == set(BY_NAME["PTEC"].meanings)
    for table, slots in ((INDEX_LABELS, INDEX_SLOTS), (PERIODS, PERIOD_SLOTS)):
        names = [name for option in table.values() for name in option]
        assert len(names) == len(set(names)) == len(slots)


@pytest.mark.parametrize("option", INDEX_LABELS)
def test_a_slot_is_the_number_of_the_supplier_index_in_both_modes(option):
    for slot, (label, period) in enumerate(
        zip(INDEX_LABELS[option], PERIODS[option], strict=True), 1
    ):
        told = {"NGTF": NGTF[option], "NTARF": f"{slot:02}", **EASF}
        derived = {group.label: group.value for group in HistoriqueView().translate(told)}
        assert derived[label] == EASF[f"EASF{slot:02}"]
        assert derived["PTEC"] == period
        assert INDEX_SLOTS[label] == PERIOD_SLOTS[period] == slot
