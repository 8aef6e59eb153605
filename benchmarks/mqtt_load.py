"""Processor for 100 meters on ptys, told to an MQTT broker: every change of every label."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from gateway_process import GatewayProcess, devices, speaking_lines
from mqtt_broker import NO_OUTPUT, Broker, Heard, MqttEar
from table import Table

from tic import Mode

_METERS = 100
_WARM_UP_S = 12.0  # ports are opened, every meter is believed and announced
_MEASURED_S = 15.0
_RECEIVED = "$SYS/broker/messages/received"  # with an answer to a ping now and then


def run() -> Table:
    return Table(
        f"{_METERS} meters on ptys told by MQTT, bytes in pieces of 16",
        ("", "% of a core", "messages/s", "CPU ms/message", "resident, MB"),
        [row for mode in (Mode.STANDARD, Mode.HISTORIQUE) for row in _rows(mode)],
        (
            "Lines at their real speed. The writer and the broker are not counted.",
            "CPU of a message: what MQTT adds to the same gateway without an output.",
        ),
    )


def _rows(mode: Mode) -> Iterator[tuple[str, ...]]:
    with speaking_lines(_METERS, mode) as paths:
        meters = devices(paths, mode)
        without, told = _without(meters), _told(meters)
    cpu_ms = 10 * (told.percent - without.percent) / told.messages_per_s
    messages = (f"{told.messages_per_s:.0f}", f"{cpu_ms:.3f}")
    yield (f"{mode.value}, no output", f"{without.percent:.1f}", "", "", f"{without.all_mb:.1f}")
    yield (f"{mode.value}, MQTT", f"{told.percent:.1f}", *messages, f"{told.all_mb:.1f}")


@dataclass(frozen=True, slots=True)
class _Load:
    percent: float  # of a core
    messages_per_s: float
    all_mb: float


def _without(meters: list[dict[str, object]]) -> _Load:
    with GatewayProcess({"devices": meters, **NO_OUTPUT}) as gateway:
        time.sleep(_WARM_UP_S)
        before_s = gateway.cpu_s
        time.sleep(_MEASURED_S)
        percent = 100 * (gateway.cpu_s - before_s) / _MEASURED_S
        return _Load(percent, 0, gateway.resident.all_mb)


def _told(meters: list[dict[str, object]]) -> _Load:
    with (
        Broker() as broker,
        MqttEar(broker, _RECEIVED) as ear,
        GatewayProcess({"devices": meters, **broker.settings()}) as gateway,
    ):
        ear.wait(_WARM_UP_S)
        first, before_s = _next(gateway, ear), gateway.cpu_s
        ear.wait(_MEASURED_S)
        last, after_s = _next(gateway, ear), gateway.cpu_s
        seconds = last.at_s - first.at_s
        messages = int(last.payload) - int(first.payload)
        percent = 100 * (after_s - before_s) / seconds
        return _Load(percent, messages / seconds, gateway.resident.all_mb)


def _next(gateway: GatewayProcess, ear: MqttEar) -> Heard:
    """How many messages the broker has received; it tells that every two seconds."""
    heard = ear.hear(_RECEIVED, 5.0)
    if heard is None:
        raise gateway.silent("message")
    return heard
