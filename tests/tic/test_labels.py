"""The table of labels says what the specifications say."""

import re

import pytest

from tic import BY_NAME, LABELS, Kind, Mode, Phases, typed, usual_name

# Copied by hand from Enedis-NOI-CPT_02E and -CPT_54E, and compared with the table of the library:
# names in order of emission, number of characters, unit, then h (horodate), 1 (single-phase only),
# 3 (three-phase only), p (producers only), o (optional).
HISTORIQUE = """
ADCO 12; OPTARIF 4; ISOUSC 2 A; BASE 9 Wh; HCHC 9 Wh; HCHP 9 Wh; EJPHN 9 Wh; EJPHPM 9 Wh
BBRHCJB 9 Wh; BBRHPJB 9 Wh; BBRHCJW 9 Wh; BBRHPJW 9 Wh; BBRHCJR 9 Wh; BBRHPJR 9 Wh
PEJP 2 min; PTEC 4; DEMAIN 4; IINST 3 A 1; IINST1 3 A 3; IINST2 3 A 3; IINST3 3 A 3; ADPS 3 A 1
IMAX 3 A 1; IMAX1 3 A 3; IMAX2 3 A 3; IMAX3 3 A 3; PMAX 5 W 3; PAPP 5 VA; HHPHC 1; MOTDETAT 6
PPOT 2 3; ADIR1 3 A 3; ADIR2 3 A 3; ADIR3 3 A 3
"""
STANDARD = """
ADSC 12; VTIC 2; DATE 0 h; NGTF 16 o; LTARF 16 o; EAST 9 Wh
EASF01 9 Wh; EASF02 9 Wh; EASF03 9 Wh; EASF04 9 Wh; EASF05 9 Wh
EASF06 9 Wh; EASF07 9 Wh; EASF08 9 Wh; EASF09 9 Wh; EASF10 9 Wh
EASD01 9 Wh; EASD02 9 Wh; EASD03 9 Wh; EASD04 9 Wh; EAIT 9 Wh p
ERQ1 9 varh p; ERQ2 9 varh p; ERQ3 9 varh p; ERQ4 9 varh p
IRMS1 3 A; IRMS2 3 A 3; IRMS3 3 A 3; URMS1 3 V; URMS2 3 V 3; URMS3 3 V 3; PREF 2 kVA; PCOUP 2 kVA
SINSTS 5 VA; SINSTS1 5 VA 3; SINSTS2 5 VA 3; SINSTS3 5 VA 3
SMAXSN 5 VA h; SMAXSN1 5 VA h3; SMAXSN2 5 VA h3; SMAXSN3 5 VA h3
SMAXSN-1 5 VA h; SMAXSN1-1 5 VA h3; SMAXSN2-1 5 VA h3; SMAXSN3-1 5 VA h3
SINSTI 5 VA p; SMAXIN 5 VA hp; SMAXIN-1 5 VA hp
CCASN 5 W ho; CCASN-1 5 W ho; CCAIN 5 W hpo; CCAIN-1 5 W hpo
UMOY1 3 V h; UMOY2 3 V h3; UMOY3 3 V h3; STGE 8
DPM1 2 ho; FPM1 2 ho; DPM2 2 ho; FPM2 2 ho; DPM3 2 ho; FPM3 2 ho
MSG1 32; MSG2 16 o; PRM 14; RELAIS 3; NTARF 2; NJOURF 2; NJOURF+1 2; PJOURF+1 98; PPOINTE 98 o
"""
PILOT = "SINST1 5 VA; SMAXN 5 VA h; SMAXN-1 5 VA h"

UNITS = {"A", "V", "W", "VA", "kVA", "Wh", "varh", "min"}
EACH = pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)


def expected(text, mode):
    rows = []
    for row in filter(None, re.split(r"[;\n]", text)):
        name, size, *rest = row.split()
        unit = rest.pop(0) if rest and rest[0] in UNITS else ""
        flags = rest[0] if rest else ""
        phases = Phases.THREE if "3" in flags else Phases.SINGLE if "1" in flags else Phases.ANY
        rows.append((name, mode, int(size), unit, phases, *(flag in flags for flag in "hpo")))
    return rows


def test_the_table_is_that_of_the_specifications():
    assert [
        (
            label.name,
            label.mode,
            label.size,
            label.unit,
            label.phases,
            label.timestamped,
            label.producer,
            label.optional,
        )
        for label in LABELS
    ] == (
        expected(HISTORIQUE, Mode.HISTORIQUE)
        + expected(STANDARD, Mode.STANDARD)
        + expected(PILOT, Mode.STANDARD)
    )


def test_both_modes_are_whole():
    count = {mode: sum(label.mode is mode for label in LABELS) for mode in Mode}
    assert count == {Mode.HISTORIQUE: 34, Mode.STANDARD: 71 + 3}
    assert len(BY_NAME) == len(LABELS), "no name stands twice"


def test_only_what_ends_by_its_absence_is_an_event():
    events = {label.name for label in LABELS if label.event}
    peaks = {f"{end}PM{n}" for end in "DF" for n in (1, 2, 3)}
    assert events == {"ADPS", "PEJP", "ADIR1", "ADIR2", "ADIR3", "PPOINTE"} | peaks


def test_pilot_meters_spell_three_labels_otherwise():
    aliases = {label.name: label.alias_of for label in LABELS if label.alias_of}
    assert aliases == {"SINST1": "SINSTS", "SMAXN": "SMAXSN", "SMAXN-1": "SMAXSN-1"}
    assert {name: usual_name(name) for name in aliases} == aliases
    assert usual_name("SINSTS") == "SINSTS"
    assert usual_name("NEWLABEL") == "NEWLABEL"


@EACH
def test_a_unit_goes_with_the_kind(label):
    units = {
        Kind.INDEX: {"Wh", "varh"},
        Kind.POWER: {"W", "VA", "kVA"},
        Kind.CURRENT: {"A"},
        Kind.VOLTAGE: {"V"},
        Kind.DURATION: {"min"},
    }
    assert label.unit in units.get(label.kind, {""})


@EACH
def test_a_label_is_explained_in_both_languages(label):
    for words in (label.en, label.fr):
        assert words == words.strip()
        assert len(words) > 3
    assert label.en != label.fr


@EACH
def test_the_captures_have_a_group_of_every_label(captured, label):
    group = captured[label.name]
    assert re.fullmatch(label.pattern, group.value)
    assert typed(group) is not None


@EACH
def test_every_coded_value_has_a_meaning_and_no_other(label):
    for value in label.meanings:
        assert re.fullmatch(label.pattern, value)
        assert label.meaning(value)
        assert label.meaning(value, "fr")
    assert label.meaning("?") == ""


@pytest.mark.parametrize(
    ("label", "value", "english", "french"),
    [
        ("OPTARIF", "HC..", "peak/off-peak", "heures pleines/creuses"),
        ("OPTARIF", "BBR(", "Tempo", "Tempo"),
        ("PTEC", "HCJR", "off-peak, red day", "heures creuses, jour rouge"),
        ("DEMAIN", "BLAN", "white", "blanc"),
        ("PAPP", "01234", "", ""),
    ],
)
def test_codes_are_told_in_plain_words(label, value, english, french):
    assert BY_NAME[label].meaning(value) == english
    assert BY_NAME[label].meaning(value, "fr") == french


def test_hchc_is_off_peak_and_hchp_peak():
    """Swapped in the documentation of an older program."""
    assert BY_NAME["HCHC"].en.startswith("Off-peak")
    assert BY_NAME["HCHP"].en.startswith("Peak")
