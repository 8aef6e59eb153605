"""From the last byte of a frame to the event in the hands of an MQTT subscriber.

As ``latency``: all but a frame's last bytes are written first; the clock starts when the rest is
written and stops when the message is here. Gateway, broker and subscriber are three processes; the
gateway tells all it knows by default, Home Assistant's discovery included.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frames import Groups, groups_of, in_period, status, with_group_behind, with_values, write_frame
from gateway_process import GatewayProcess, devices
from line_writer import open_lines
from mqtt_broker import Broker, MqttEar
from table import Table

from teleinfo_gateway.simulation import Installation, Tariff
from tic import Group, Mode, encode_frame

_EVENTS = 300
_QUIET_S = 0.02
_LAST_S = 0.005  # before its last bytes: the gateway sleeps when they come
_FIRST_S = 15.0
_BUDGET_MS = 20


@dataclass(frozen=True, slots=True)
class _Case:
    """What a meter says again and again: frames, and whether each brings an event.

    ``state`` is the topic that changes with the event.
    """

    name: str
    state: str
    installation: Installation
    frames: Sequence[tuple[Groups, bool]]


def run() -> Table:
    rows = [row for case in _cases() for row in _measured(case)]
    return Table(
        "Latency from the last byte of a frame to an MQTT subscriber, ms",
        ("", "topic", "median", "99 %", "longest", "messages"),
        rows,
        (
            f"{_EVENTS} events of each kind, and the topic of the state that each changes.",
            f"The budget is {_BUDGET_MS} ms. A register (STGE) is believed when it is told twice.",
        ),
    )


def _cases() -> Iterator[_Case]:
    single = Installation(tariff=Tariff.HC)
    calm = groups_of(single)
    loaded = with_values(calm, IINST="052", PAPP="11960")
    over = with_group_behind(loaded, "IINST", Group("ADPS", "052"))
    yield _Case("historique, overload (ADPS)", "overload", single, [(calm, True), (over, True)])

    three = Installation(tariff=Tariff.HC, phases=3)
    calm = groups_of(three)
    currents = [Group("IINST1", "002"), Group("IINST2", "024"), Group("IINST3", "001")]
    short = [Group("ADIR2", "024"), Group("ADCO", three.identity), *currents]
    # One long frame among the short ones does not end an overload, two do.
    turns = [(calm, False), (calm, True), (short, True)]
    yield _Case("historique, overload (short frames)", "overload", three, turns)

    standard = Installation(mode=Mode.STANDARD, tariff=Tariff.HC)
    calm = groups_of(standard)
    over = with_values(calm, STGE=status(calm, 1 << 7, 1 << 7))
    turns = [(calm, False), (calm, True), (over, False), (over, True)]
    yield _Case("standard, overload (STGE)", "overload", standard, turns)

    for installation in (single, standard):
        groups = groups_of(installation)
        turns = [(in_period(groups, period), True) for period in (1, 2)]
        yield _Case(f"{installation.mode.value}, tariff", "slot", installation, turns)


def _measured(case: _Case) -> Iterator[tuple[str, ...]]:
    found = _latencies_ms(case)
    for topic, samples_ms in found.items():
        samples_ms.sort()
        percentiles = statistics.quantiles(samples_ms, n=100)
        figures = (percentiles[49], percentiles[98], samples_ms[-1])
        yield (case.name, topic, *(f"{each:.2f}" for each in figures), str(len(samples_ms)))


def _latencies_ms(case: _Case) -> dict[str, list[float]]:
    """Topic to what each of its messages took."""
    found: dict[str, list[float]] = {"event": [], case.state: []}
    (master, slave), *_ = open_lines(1)
    mode = case.installation.mode
    turns = [(encode_frame(groups), brings) for groups, brings in case.frames]
    with (
        Broker() as broker,
        MqttEar(broker, "teleinfo/+/event") as events,
        MqttEar(broker, f"teleinfo/+/{case.state}") as states,
        GatewayProcess(
            {"devices": devices([os.ttyname(slave)], mode), **broker.settings()}
        ) as gateway,
    ):
        ears = {"event": events, case.state: states}
        _until_heard(gateway, ears, master, turns)
        while len(found["event"]) < _EVENTS:
            for frame, brings in turns:
                begin_s = _write(master, frame)
                if not brings:
                    continue
                for topic, ear in ears.items():
                    if (heard := ear.hear(topic, 1.0)) is None:
                        raise gateway.silent(f"message of {topic}")
                    found[topic].append((heard.at_s - begin_s) * 1000)
    os.close(master)
    os.close(slave)
    return found


def _until_heard(
    gateway: GatewayProcess,
    ears: dict[str, MqttEar],
    master: int,
    turns: list[tuple[bytes, bool]],
) -> None:
    """Take turns until an event comes, and then until nothing is on its way any more."""
    until_s = time.monotonic() + _FIRST_S
    while ears["event"].hear("event", 0.05) is None:
        if time.monotonic() > until_s:
            raise gateway.silent("event")
        for frame, _ in turns:
            _write(master, frame)
    for _ in range(5):
        for frame, _ in turns:
            _write(master, frame)
    for ear in ears.values():
        while ear.hear("", 0.5) is not None:
            pass


def _write(master: int, frame: bytes) -> float:
    """Write a frame when what the one before it brought is told; gives when its last bytes were."""
    time.sleep(_QUIET_S)
    return write_frame(master, frame, _LAST_S)
