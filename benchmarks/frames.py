"""Frames of a simulated meter, changed as a benchmark needs them, and written to its pty."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from line_writer import PIECE

from teleinfo_gateway.simulation import Installation, SimulatedMeter
from tic import Decoder, Frame, Group

Groups = Sequence[Group]


def groups_of(installation: Installation) -> Groups:
    """What a meter says now."""
    meter = SimulatedMeter(installation, datetime.now(UTC))
    items = Decoder().feed(meter.frame(meter.start))
    return next(item.groups for item in items if isinstance(item, Frame))


def with_values(groups: Groups, **values: str) -> list[Group]:
    """The groups with other values for some labels."""
    return [Group(each.label, values.get(each.label, each.value), each.horodate) for each in groups]


def with_group_behind(groups: Groups, label: str, group: Group) -> list[Group]:
    """The groups and one more behind that of a label."""
    after = 1 + [each.label for each in groups].index(label)
    return [*groups[:after], group, *groups[after:]]


def status(groups: Groups, mask: int, bits: int) -> str:
    """STGE with other bits."""
    register = next(int(group.value, 16) for group in groups if group.label == "STGE")
    return f"{register & ~mask | bits:08X}"


def in_period(groups: Groups, period: int) -> list[Group]:
    """The groups as they are in tariff period 1 or 2; STGE must tell the period of NTARF."""
    if any(group.label == "PTEC" for group in groups):
        return with_values(groups, PTEC=("HC..", "HP..")[period - 1])
    name = ("HEURE CREUSE", "HEURE PLEINE")[period - 1].ljust(16)
    register = status(groups, 0xF << 10, period - 1 << 10)
    return with_values(groups, NTARF=f"{period:02}", STGE=register, LTARF=name)


def write_frame(master: int, frame: bytes, pause_s: float) -> float:
    """Write a frame, its last bytes after a pause in which the gateway falls asleep.

    Gives when these were written, by ``time.perf_counter``.
    """
    last = (len(frame) - 1) // PIECE * PIECE
    os.write(master, frame[:last])
    time.sleep(pause_s)
    begin_s = time.perf_counter()
    os.write(master, frame[last:])
    return begin_s
