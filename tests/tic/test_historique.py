"""Historique keys from standard frames, by the rules of a Linky."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import (
    BY_NAME,
    LABELS,
    Decoder,
    Frame,
    FrameKind,
    Group,
    HistoriqueView,
    Mode,
    StatusRegister,
    encode_group,
    usual_name,
)

SINGLE = {
    "ADSC": "061961361253",
    "NGTF": "H PLEINE/CREUSE ",
    "EAST": "000000999",
    **{f"EASF{n:02}": f"{n:09}" for n in range(1, 11)},
    "IRMS1": "010",
    "URMS1": "233",
    "PREF": "06",
    "SINSTS": "02324",
    "SMAXSN-1": "05120",
    "STGE": "003A4401",
    "NTARF": "02",
}
THREE = SINGLE | {
    "IRMS2": "002",
    "IRMS3": "003",
    "URMS2": "231",
    "URMS3": "230",
    "PREF": "12",
    "SINSTS1": "01000",
}
BASE, HC, EJP, TEMPO = (
    "      BASE      ",
    "H PLEINE/CREUSE ",
    "       EJP      ",
    "     TEMPO      ",
)


def translated(values, view=None):
    """From label to value; every group must be one that a meter could send."""
    groups = (view or HistoriqueView()).translate(values)
    for group in groups:
        assert BY_NAME[group.label].mode is Mode.HISTORIQUE
        assert encode_group(group)
    return {group.label: group.value for group in groups}


def frames(captures, name):
    """The values of each frame of a capture in which no group was lost."""
    return [
        {group.label: group.value for group in item.groups}
        for item in Decoder().feed(captures[name])
        if isinstance(item, Frame) and item.kind is FrameKind.LONG
    ]


def test_a_single_phase_frame_translates_whole():
    assert translated(SINGLE) == {
        "ADCO": "061961361253",
        "OPTARIF": "HC..",
        "ISOUSC": "30",
        "HCHC": "000000001",
        "HCHP": "000000002",
        "PTEC": "HP..",
        "IINST": "010",
        "IMAX": "090",
        "PAPP": "02320",
        "HHPHC": "A",
        "MOTDETAT": "000000",
    }


def test_a_three_phase_frame_translates_whole():
    assert translated(THREE | {"NGTF": BASE}) == {
        "ADCO": "061961361253",
        "OPTARIF": "BASE",
        "ISOUSC": "20",
        "BASE": "000000001",
        "PTEC": "TH..",
        "IINST1": "010",
        "IINST2": "002",
        "IINST3": "003",
        "IMAX1": "060",
        "IMAX2": "060",
        "IMAX3": "060",
        "PMAX": "05120",
        "PAPP": "02320",
        "HHPHC": "A",
        "MOTDETAT": "000000",
        "PPOT": "00",
    }


def test_groups_come_in_the_order_of_the_table():
    order = list(BY_NAME)
    labels = [group.label for group in HistoriqueView().translate(THREE | {"IRMS3": "099"})]
    assert labels == sorted(labels, key=order.index)


def index(*labels):
    """EASF01 and following, under these labels."""
    return {label: f"{n:09}" for n, label in enumerate(labels, 1)}


TEMPO_INDEXES = ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR")
EVERY_INDEX = {"BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM", *TEMPO_INDEXES}


@pytest.mark.parametrize(
    ("ngtf", "option", "indexes"),
    [
        (BASE, "BASE", {"BASE": "000000001"}),
        ("H PLEINE/CREUSE ", "HC..", index("HCHC", "HCHP")),
        (" h  pleine/creuse", "HC..", index("HCHC", "HCHP")),
        (EJP, "EJP.", index("EJPHN", "EJPHPM")),
        (TEMPO, "BBR(", index(*TEMPO_INDEXES)),
        ("   PRODUCTEUR   ", "BASE", {"BASE": "000000999"}),
        ("HC et Week-End  ", "BASE", {"BASE": "000000999"}),
        ("H SUPER CREUSES ", "BASE", {"BASE": "000000999"}),
        (" " * 16, "BASE", {"BASE": "000000999"}),
    ],
)
def test_the_contract_gives_the_option_and_its_indexes(ngtf, option, indexes):
    """EASF01 under a historical BASE contract, EAST under any other without historique name."""
    found = translated(SINGLE | {"NGTF": ngtf})
    assert found["OPTARIF"] == option
    assert {label: value for label, value in found.items() if label in EVERY_INDEX} == indexes


@pytest.mark.parametrize(
    ("ngtf", "periods"),
    [
        (BASE, ["TH.."] * 10),
        ("HC SEM WE LUNDI ", ["TH.."] * 10),
        (HC, ["HC..", "HP.."] + [None] * 8),
        (EJP, ["HN..", "PM.."] + [None] * 8),
        (TEMPO, ["HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"] + [None] * 4),
    ],
)
def test_the_running_index_gives_the_period(ngtf, periods):
    for number, period in enumerate(periods, 1):
        assert translated(SINGLE | {"NGTF": ngtf, "NTARF": f"{number:02}"}).get("PTEC") == period


@pytest.mark.parametrize(
    ("stge", "colour"),
    [("003A4401", "----"), ("073A4401", "BLEU"), ("9B3A9000", "BLAN"), ("0F3A4401", "ROUG")],
)
def test_the_status_register_gives_the_colour_of_tomorrow(stge, colour):
    assert translated(SINGLE | {"NGTF": TEMPO, "STGE": stge})["DEMAIN"] == colour
    for other in (BASE, HC, EJP):
        assert "DEMAIN" not in translated(SINGLE | {"NGTF": other, "STGE": stge})


@pytest.mark.parametrize(
    ("stge", "notice"), [("003A4401", None), ("103A4401", "30"), ("303A4401", "30")]
)
def test_the_status_register_gives_the_notice_of_an_ejp_peak(stge, notice):
    assert translated(SINGLE | {"NGTF": EJP, "STGE": stge}).get("PEJP") == notice
    assert "PEJP" not in translated(SINGLE | {"NGTF": TEMPO, "STGE": stge})


@pytest.mark.parametrize(
    ("values", "pref", "isousc"),
    [
        (SINGLE, "03", "15"),
        (SINGLE, "06", "30"),
        (SINGLE, "12", "60"),
        (SINGLE, "18", "90"),
        (SINGLE, "36", None),  # 180 A do not fit two characters
        (THREE, "06", "10"),
        (THREE, "12", "20"),
        (THREE, "18", "30"),
        (THREE, "36", "60"),
        (THREE, "99", None),
    ],
)
def test_the_subscribed_power_gives_the_subscribed_current(values, pref, isousc):
    assert translated(values | {"PREF": pref}).get("ISOUSC") == isousc


@pytest.mark.parametrize(
    ("sinsts", "papp"),
    [
        ("00000", "00000"),
        ("00004", "00000"),
        ("00005", "00010"),
        ("02324", "02320"),
        ("02325", "02330"),
        ("99999", "99990"),
    ],
)
def test_the_apparent_power_is_rounded_to_10_va(sinsts, papp):
    assert translated(SINGLE | {"SINSTS": sinsts})["PAPP"] == papp


@pytest.mark.parametrize(("irms", "adps"), [("029", None), ("030", None), ("031", "031")])
def test_adps_is_there_above_the_subscribed_current_only(irms, adps):
    assert translated(SINGLE | {"IRMS1": irms}).get("ADPS") == adps


@pytest.mark.parametrize(
    ("pref", "currents", "overloads"),
    [
        ("12", ("020", "020", "020"), {}),
        ("12", ("010", "021", "020"), {"ADIR2": "021"}),
        ("12", ("021", "022", "023"), {"ADIR1": "021", "ADIR2": "022", "ADIR3": "023"}),
        ("07", ("011", "012", "000"), {"ADIR2": "012"}),  # 7 kVA are 11.7 A per phase
    ],
)
def test_adir_is_there_for_each_phase_above_its_limit(pref, currents, overloads):
    values = THREE | {f"IRMS{n}": current for n, current in enumerate(currents, 1)}
    found = translated(values | {"PREF": pref})
    assert {label: value for label, value in found.items() if label[:4] == "ADIR"} == overloads
    assert "ADPS" not in found


@pytest.mark.parametrize(
    ("voltages", "ppot"),
    [
        (("233", "231", "230"), "00"),
        (("000", "231", "230"), "02"),
        (("233", "003", "230"), "04"),
        (("233", "231", "019"), "08"),
        (("233", "231", "020"), "00"),
        (("000", "000", "000"), "0E"),
        (("233", None, "230"), None),
    ],
)
def test_a_phase_without_voltage_is_absent(voltages, ppot):
    values = THREE | {f"URMS{n}": volts for n, volts in enumerate(voltages, 1)}
    found = translated({label: value for label, value in values.items() if value is not None})
    assert found.get("PPOT") == ppot


def test_pilot_meters_translate_as_the_others_do():
    pilot = {"SINSTS": "SINST1", "SMAXSN-1": "SMAXN-1"}
    values = {pilot.get(label, label): value for label, value in SINGLE.items()}
    assert translated(values) == translated(SINGLE)


def test_a_frame_that_lost_its_calendar_keeps_the_contract():
    view = HistoriqueView()
    before = translated(SINGLE | {"NGTF": TEMPO}, view)
    lost = {label: value for label, value in SINGLE.items() if label != "NGTF"}
    for _ in range(9):
        assert translated(lost, view) == before
    found = translated(lost, view)
    assert (found["OPTARIF"], found["PTEC"], found["BASE"]) == ("BASE", "TH..", "000000999")
    assert translated(SINGLE | {"NGTF": TEMPO}, view) == before, "it comes back at once"


def test_now_and_then_a_calendar_is_enough():
    view = HistoriqueView()
    lost = {label: value for label, value in SINGLE.items() if label != "NGTF"}
    for at in range(60):
        assert translated(lost if at % 9 else SINGLE, view)["OPTARIF"] == "HC.."


def test_nothing_is_said_of_a_tariff_not_known_yet():
    found = translated({label: value for label, value in SINGLE.items() if label != "NGTF"})
    assert not found.keys() & (EVERY_INDEX | {"OPTARIF", "PTEC"})
    assert found["PAPP"] == "02320"


@pytest.mark.parametrize("label", ["IRMS2", "IRMS1", "URMS2", "SINSTS1"])
def test_a_three_phase_meter_stays_one_when_a_group_is_lost(label):
    found = translated({name: value for name, value in THREE.items() if name != label})
    assert "PMAX" in found
    assert not found.keys() & {"IINST", "IMAX", "ADPS"}
    assert ("IINST2" in found) == (label != "IRMS2")


@pytest.mark.parametrize("values", [SINGLE, THREE])
def test_what_a_frame_lost_is_left_out(values):
    whole = translated(values)
    for label in values:
        view = HistoriqueView()
        view.translate(values)
        left = translated({name: text for name, text in values.items() if name != label}, view)
        assert left.keys() <= whole.keys()
        assert all(whole[name] == left[name] for name in left)


STANDARD_CAPTURES = {
    # name: option, period, three phases or one; as the meter itself would tell
    "std-base-tri-conso": ("BASE", "TH..", 3),
    "std-base-mono-conso": ("BASE", "TH..", 1),
    "std-base-tri-insane-sinsts": ("BASE", "TH..", 3),
    "synthetic-std-tempo-tri-producer-all-labels": ("BBR(", None, 3),
    "synthetic-std-mono-msg2-degraded-clock": ("HC..", None, 1),
    "synthetic-std-mono-pilot-g1": ("BASE", "TH..", 1),
    "synthetic-std-tri-line-noise": ("BASE", "TH..", 3),
}


@pytest.mark.parametrize("name", STANDARD_CAPTURES)
def test_every_standard_capture_translates(captures, name):
    option, period, phases = STANDARD_CAPTURES[name]
    view = HistoriqueView()
    seen = frames(captures, name)
    assert seen
    for values in seen:
        found = translated(values, view)
        assert found["OPTARIF"] == option
        assert period is None or found["PTEC"] == period
        assert ("PMAX" in found) == (phases == 3)
        if option == "BBR(":
            tomorrow = StatusRegister.parse(values["STGE"]).colour_tomorrow
            assert found["DEMAIN"] == {"red": "ROUG", "white": "BLAN"}[tomorrow]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("std-tempo-mono-red-day", {"OPTARIF": "BBR(", "PTEC": "HCJR", "DEMAIN": "BLAN"}),
        ("std-producer-mono-2018", {"IMAX": "090"}),
        ("std-tri-garbled", {"IMAX1": "060"}),
    ],
)
def test_incomplete_captures_translate_as_far_as_they_go(captures, name, expected):
    decoder = Decoder(partial=True)
    items = decoder.feed(captures[name]) + decoder.close()
    values = {item.label: item.value for item in items if isinstance(item, Group)}
    found = translated(values)
    assert {label: found[label] for label in expected} == expected


_standard = [label for label in LABELS if label.mode is Mode.STANDARD]


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_whatever_a_meter_sends_the_derived_groups_can_be_encoded(data):
    labels = data.draw(st.lists(st.sampled_from(_standard), unique=True, max_size=30))
    values = {
        label.name: data.draw(st.from_regex(label.pattern, fullmatch=True)) for label in labels
    }
    if data.draw(st.booleans()):
        values["NGTF"] = data.draw(st.sampled_from([BASE, HC, EJP, TEMPO]))
    view = HistoriqueView()
    for _ in range(11):
        found = translated(values, view)
        assert (found.get("ADCO") is None) == ("ADSC" not in values)
        assert all(usual_name(label) == label for label in found)


def test_a_three_phase_meter_stays_one_when_its_frame_lost_its_end():
    view = HistoriqueView()
    view.translate(THREE)
    cut = {label: THREE[label] for label in ("ADSC", "NGTF", "IRMS1", "PREF")}
    derived = {group.label: group.value for group in view.translate(cut)}
    assert derived["ISOUSC"] == "20"
    assert "IINST1" in derived
    assert not derived.keys() & {"IINST", "ADPS", "IMAX"}


def test_one_damaged_label_does_not_make_a_meter_three_phase_for_good():
    view = HistoriqueView()
    view.translate(SINGLE | {"URMS2": "233"})
    derived = {group.label for group in view.translate(SINGLE)}
    assert {"IINST", "IMAX"} <= derived
