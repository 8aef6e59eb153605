"""A frame: the groups between STX and ETX, and what kind of frame they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tic.groups import Group, Refusal
from tic.labels import BY_NAME, Mode


class FrameKind(StrEnum):
    """How a frame came and what it is for."""

    LONG = "long"
    SHORT = "short"  # three-phase overload: currents only (CPT_02E section 5.3)
    STANDBY = "standby"  # the meter's output is not activated: ADCO alone
    INTERRUPTED = "interrupted"  # ended by EOT or by a new frame, not by ETX
    PARTIAL = "partial"  # groups outside a whole frame


@dataclass(frozen=True, slots=True)
class Frame:
    """What was on the wire between two frame marks, and nothing more."""

    kind: FrameKind
    mode: Mode
    groups: tuple[Group, ...]
    refused: tuple[Refusal, ...] = ()

    @property
    def meter(self) -> str | None:
        """The meter's identity (ADCO or ADSC), wherever it stands in the frame."""
        return self.value("ADCO") or self.value("ADSC")

    def value(self, label: str) -> str | None:
        """The last value sent under ``label``, or ``None``."""
        for group in reversed(self.groups):
            if group.label == label:
                return group.value
        return None


_SHORT = frozenset({"ADCO", "ADIR1", "ADIR2", "ADIR3", "IINST1", "IINST2", "IINST3"})


def kind_of(groups: Sequence[Group], refused: Sequence[Refusal]) -> FrameKind:
    """The kind of a whole frame, by its labels.

    A long frame that lost most of its groups is not taken for a short one: what was refused
    counts too.
    """
    if len(groups) + len(refused) > len(_SHORT) or any(
        group.label not in _SHORT for group in groups
    ):
        return FrameKind.LONG
    if any(group.label != "ADCO" for group in groups):
        return FrameKind.SHORT
    return FrameKind.STANDBY if groups and not refused else FrameKind.LONG


def mode_of(groups: Sequence[Group]) -> Mode | None:
    """The mode that the first known label belongs to, or ``None``."""
    for group in groups:
        if group.label in BY_NAME:
            return BY_NAME[group.label].mode
    return None
