# ruff: noqa: E501  # one line for each metric
"""The table of metrics: names, kinds, labels and meanings, as Prometheus is told them.

Names follow its rules: base units, counters that end in ``_total``. The index in watt-hours breaks
them on purpose: it is the number that the display of the meter shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from teleinfo_gateway.durations import Durations

__all__ = ["BY_NAME", "FAMILIES", "Family", "Kind", "Sample"]


class Kind(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"  # always 1: its labels tell


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its whole name, and the names of its labels."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    en: str


class Sample(NamedTuple):
    """One series now: the name of its family, the values of its labels, its value."""

    family: str
    labels: tuple[str, ...]
    value: float | Durations


# name, kind, labels, English.
_TABLE = """
teleinfo_meter_info                            | info      | meter mode option phases    | What the meter is
teleinfo_last_frame_timestamp_seconds          | gauge     | meter                       | When a frame of the meter was last believed
teleinfo_energy_joules_total                   | counter   | meter direction slot tariff | Energy by supplier index
teleinfo_index_watt_hours                      | gauge     | meter direction slot tariff | The same as the display of the meter shows it
teleinfo_apparent_power_voltamperes            | gauge     | meter phase                 | Apparent power drawn
teleinfo_injected_apparent_power_voltamperes   | gauge     | meter phase                 | Apparent power injected
teleinfo_active_power_watts                    | gauge     | meter estimate              | Active power drawn, reckoned
teleinfo_injected_active_power_watts           | gauge     | meter estimate              | Active power injected, reckoned
teleinfo_current_amperes                       | gauge     | meter phase                 | Current
teleinfo_voltage_volts                         | gauge     | meter phase                 | Voltage
teleinfo_subscribed_current_amperes            | gauge     | meter                       | Current that each phase may draw
teleinfo_subscribed_power_voltamperes          | gauge     | meter                       | Apparent power that all phases may draw
teleinfo_load_ratio                            | gauge     | meter phase                 | Share of the subscribed current that is drawn
teleinfo_overload                              | gauge     | meter phase                 | Whether more is drawn than is subscribed
teleinfo_tariff_period                         | gauge     | meter period                | 1 for the period that counts now
teleinfo_port_info                             | info      | port name meter             | Which meter is read at the port
teleinfo_link_up                               | gauge     | port                        | Whether valid frames come
teleinfo_frames_total                          | counter   | port result                 | Frames heard
teleinfo_groups_total                          | counter   | port                        | Groups that verified
teleinfo_groups_rejected_total                 | counter   | port reason                 | Groups that did not verify
teleinfo_values_refused_total                  | counter   | port reason                 | Values that verified and were not believed
teleinfo_publication_delay_seconds             | histogram | port                        | From the last byte of a frame to its reading
teleinfo_frames_read_total                     | counter   | port                        | Whole frames, as goteleinfo counts them
teleinfo_frames_read_errors_total              | counter   | port error_type             | Frames that were not whole
teleinfo_frames_decoded_total                  | counter   | port                        | Whole frames without a refused group
teleinfo_frames_decode_errors_total            | counter   | port error_type             | Refused groups
teleinfo_output_sent_total                     | counter   | output                      | What the other side has taken
teleinfo_output_errors_total                   | counter   | output reason               | What failed, is refused for good, or was too old to send
teleinfo_output_lost_total                     | counter   | output                      | What is gone without having been sent
teleinfo_output_queue_length                   | gauge     | output                      | What waits to be sent
teleinfo_output_oldest_timestamp_seconds       | gauge     | output                      | When the oldest row that waits was kept
teleinfo_output_problem                        | gauge     | output                      | Whether something is wrong
teleinfo_output_connected                      | gauge     | output                      | Whether there is a connection
teleinfo_bus_queue_length                      | gauge     | listener                    | Readings and events yet to be taken
teleinfo_bus_lost_items_total                  | counter   | listener                    | Readings and events that came too fast
teleinfo_bus_wait_seconds                      | histogram | listener                    | From publication to being taken
"""


def _row(text: str) -> Family:
    name, kind, labels, en = (cell.strip() for cell in text.split("|"))
    return Family(name, Kind(kind), tuple(labels.split()), en)


FAMILIES: tuple[Family, ...] = tuple(map(_row, _TABLE.strip().splitlines()))
"""Every metric but those of the process, which are the library's."""

BY_NAME: Mapping[str, Family] = MappingProxyType({family.name: family for family in FAMILIES})
