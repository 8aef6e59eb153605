"""The sensor table: for each meter and sensor the last value, when it came, lost or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from teleinfo_gateway.event_ends import EventEnds
from teleinfo_gateway.readings import Reading
from tic import LABELS, Label, Mode

TIMEOUT_S = {"ADCO": 180}
"""Sensors that count as lost when nothing comes for so long; the others never do."""


SENSORS: tuple[Label, ...] = tuple(label for label in LABELS if label.mode is Mode.HISTORIQUE)
"""The 34 sensors of ``teleinfo.electric_meter``: one per historique label."""


@dataclass(slots=True)
class Sensor:
    """One sensor of one meter; ``last_received`` is aware UTC, both are ``None`` before a value.

    The value of an event (ADPS, ADIRn, PEJP) is ``None`` again once the event is over.
    """

    label: Label
    last_value: str | None = None
    last_received: datetime | None = None
    received_s: float | None = None  # monotonic

    @property
    def reference(self) -> str:
        """The key of the sensor: the label in lower case."""
        return self.label.name.lower()

    @property
    def timeout_s(self) -> int:
        """Seconds after which the sensor is lost; 0 means never."""
        return TIMEOUT_S.get(self.label.name, 0)

    def is_lost(self, now_s: float) -> bool:
        """Whether the timeout has passed since the last value."""
        return (
            self.timeout_s > 0
            and self.received_s is not None
            and now_s - self.received_s > self.timeout_s
        )


class SensorTable:
    """The sensors of one meter."""

    def __init__(self) -> None:
        self._sensors = {label.name: Sensor(label) for label in SENSORS}
        self._ends = EventEnds()

    def __getitem__(self, label: str) -> Sensor:
        return self._sensors[label]

    def seen(self) -> list[Sensor]:
        """The sensors that the meter has fed, in the order of info.json."""
        return [sensor for sensor in self._sensors.values() if sensor.last_received is not None]

    def update(self, reading: Reading, now_s: float) -> None:
        """Take what a reading says; what it lacks stays, but for events that are over."""
        for name, value in reading.historique.items():
            sensor = self._sensors.get(name)
            if sensor is not None:
                self._set(sensor, value, reading.time, now_s)
        for name in self._ends.after(reading):
            if name in self._sensors and name not in reading.historique:
                self._sensors[name].last_value = None

    def hear(self, address: str, time: datetime, now_s: float) -> None:
        """A frame that says nothing but the meter's address (standby)."""
        self._set(self._sensors["ADCO"], address, time, now_s)

    @staticmethod
    def _set(sensor: Sensor, value: str, time: datetime, now_s: float) -> None:
        sensor.last_value = value
        sensor.last_received = time
        sensor.received_s = now_s
