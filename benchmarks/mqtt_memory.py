"""Resident memory of the MQTT output: with its broker, without it, and with one that stalls."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from itertools import cycle

from frames import groups_of, with_values
from gateway_process import GatewayProcess, Resident, devices, speaking_lines
from line_writer import open_lines
from mqtt_broker import NO_OUTPUT, Broker, MqttEar
from table import Table

from teleinfo_gateway.simulation import Installation, Tariff
from tic import Mode, encode_frame

_ALONE_S = 15.0
_BEFORE = 2_000  # frames while the broker is there
_LOOKS = (0, 4_000, 20_000)  # frames after which the memory is looked at
_PATIENCE_S = 15.0


def run() -> Table:
    with speaking_lines(1, Mode.STANDARD) as paths:
        meters = devices(paths, Mode.STANDARD)
        found = {"no output": _without(meters), "MQTT, one standard meter": _told(meters)}
    found |= _flooded(stalls=False)
    found |= _flooded(stalls=True)
    return Table(
        "Resident memory of the MQTT output, MB",
        ("", "all", "own"),
        [(name, f"{each.all_mb:.1f}", f"{each.own_mb:.1f}") for name, each in found.items()],
        (
            f"After {_ALONE_S:.0f} s; then frames as fast as they are read, an event in each.",
            "10^6 bytes; all: VmRSS, with libraries; own: RssAnon, what no other process shares.",
        ),
    )


def _without(meters: list[dict[str, object]]) -> Resident:
    with GatewayProcess({"devices": meters, **NO_OUTPUT}) as gateway:
        time.sleep(_ALONE_S)
        return gateway.resident


def _told(meters: list[dict[str, object]]) -> Resident:
    with (
        Broker() as broker,
        MqttEar(broker, "teleinfo/+/state") as ear,
        GatewayProcess({"devices": meters, **broker.settings()}) as gateway,
    ):
        ear.wait(_ALONE_S)
        if ear.hear("state", _PATIENCE_S) is None:
            raise gateway.silent("state")
        return gateway.resident


def _flooded(*, stalls: bool) -> dict[str, Resident]:
    """What was found after so many frames without a broker, or with one that reads nothing."""
    (master, slave), *_ = open_lines(1)
    settings = {"devices": devices([os.ttyname(slave)], Mode.HISTORIQUE)}
    frames = cycle(_frames())
    found = {}
    with (
        Broker() as broker,
        MqttEar(broker, "teleinfo/+/event") as ear,
        GatewayProcess({**settings, **broker.settings()}) as gateway,
    ):
        _until_heard(gateway, ear, master, frames)
        _speak(gateway, master, frames, _BEFORE)
        broker.stall(on=True) if stalls else broker.stop()
        sent = 0
        for look in _LOOKS:
            _speak(gateway, master, frames, look - sent)
            sent = look
            what = "a broker that stalls" if stalls else "the broker away"
            found[f"{what}, after {look} frames"] = gateway.resident
    os.close(master)
    os.close(slave)
    return found


def _frames() -> Iterator[bytes]:
    """Frames of a meter that differ in tariff, current and power."""
    groups = groups_of(Installation(tariff=Tariff.HC))
    for amperes in range(1, 41):
        period = "HC.." if amperes % 2 else "HP.."
        load = {"IINST": f"{amperes:03}", "PAPP": f"{amperes * 230:05}"}
        yield encode_frame(with_values(groups, PTEC=period, **load))


def _until_heard(
    gateway: GatewayProcess, ear: MqttEar, master: int, frames: Iterator[bytes]
) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while ear.hear("event", 0.1) is None:
        if time.monotonic() > until_s:
            raise gateway.silent("event")
        _speak(gateway, master, frames, 1)


def _speak(gateway: GatewayProcess, master: int, frames: Iterator[bytes], count: int) -> None:
    """Write so many frames, each as soon as there is room for it."""
    for _ in range(count):
        left = next(frames)
        while left:
            if not select.select([], [master], [], _PATIENCE_S)[1]:
                raise gateway.silent("reader")
            left = left[os.write(master, left) :]
