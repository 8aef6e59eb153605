"""The sensor table: last value, last received, lost or not, and which events are over."""

from datetime import UTC, datetime

import pytest

from teleinfo_gateway.sensors import SENSORS, TIMEOUT_S, SensorTable
from tic import FrameKind, Mode

NOW = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
PHASES = {"IINST1": "002", "IINST2": "024", "IINST3": "001"}


@pytest.fixture
def table():
    return SensorTable()


@pytest.fixture
def take(table, reading):
    """The function that has the table take a frame of these labels."""

    def update(kind=FrameKind.LONG, mode=Mode.HISTORIQUE, *, complete=True, now_s=0.0, **values):
        table.update(reading(kind, mode, complete=complete, **values), now_s)

    return update


def test_there_are_34_sensors_each_a_historique_label():
    assert len(SENSORS) == 34
    assert {label.mode for label in SENSORS} == {Mode.HISTORIQUE}


def test_a_sensor_keeps_its_last_value_and_when_it_came(table, take):
    take(PAPP="00500")
    sensor = table["PAPP"]
    assert (sensor.reference, sensor.last_value, sensor.last_received) == ("papp", "00500", NOW)


def test_a_value_that_a_frame_lacks_stays(table, take):
    take(PAPP="00500", HCHP="000000001")
    take(HCHP="000000002")
    assert table["PAPP"].last_value == "00500"
    assert table["HCHP"].last_value == "000000002"


def test_only_sensors_that_were_fed_are_seen_in_the_order_of_info_json(table, take):
    take(PAPP="00500", HCHP="000000001", EAST="000000009")
    assert [sensor.reference for sensor in table.seen()] == ["adco", "hchp", "papp"]


def test_adco_is_lost_after_180_seconds_without_it(table, take):
    take(now_s=1000.0)
    assert TIMEOUT_S == {"ADCO": 180}
    assert not table["ADCO"].is_lost(1180.0)
    assert table["ADCO"].is_lost(1180.1)
    take(now_s=1200.0)
    assert not table["ADCO"].is_lost(1200.1)


@pytest.mark.parametrize("label", [label.name for label in SENSORS if label.name != "ADCO"])
def test_no_other_sensor_is_ever_lost(table, take, label):
    take(**{label: "0"})
    assert table[label].timeout_s == 0
    assert not table[label].is_lost(1e9)


def test_a_sensor_that_was_never_fed_is_not_lost(table):
    assert not table["ADCO"].is_lost(1e9)


def test_each_meter_is_lost_on_its_own(reading):
    one, other = SensorTable(), SensorTable()
    one.update(reading(), 0.0)
    other.update(reading(), 100.0)
    assert one["ADCO"].is_lost(200.0)
    assert not other["ADCO"].is_lost(200.0)


def test_a_meter_in_standby_is_heard_by_its_address_alone(table):
    table.hear("021528603314", NOW, 5.0)
    assert table["ADCO"].last_value == "021528603314"
    assert not table["ADCO"].is_lost(185.0)


@pytest.mark.parametrize("event", ["ADPS", "PEJP"])
def test_an_event_is_over_when_a_complete_long_frame_lacks_it(table, take, event):
    take(**{event: "046"})
    take(complete=False)
    assert table[event].last_value == "046"
    take(FrameKind.SHORT, **PHASES)
    assert table[event].last_value == "046"
    take()
    assert table[event].last_value is None
    assert table[event].last_received == NOW


def test_an_overload_on_a_phase_is_over_when_a_short_frame_lacks_it(table, take):
    take(FrameKind.SHORT, ADIR1="022", ADIR2="024", **PHASES)
    take(FrameKind.SHORT, ADIR2="024", **PHASES)
    assert table["ADIR1"].last_value is None
    assert table["ADIR2"].last_value == "024"


def test_the_long_frame_between_short_ones_does_not_end_an_overload_two_running_do(table, take):
    for _ in range(3):
        take(FrameKind.SHORT, ADIR2="024", **PHASES)
        take(PAPP="05000")
        assert table["ADIR2"].last_value == "024"
    take(PAPP="05000")
    assert table["ADIR2"].last_value is None


def test_a_standard_frame_without_overload_ends_it(table, take):
    take(mode=Mode.STANDARD, ADIR2="024")
    take(mode=Mode.STANDARD, complete=False)
    assert table["ADIR2"].last_value == "024"
    take(mode=Mode.STANDARD)
    assert table["ADIR2"].last_value is None
