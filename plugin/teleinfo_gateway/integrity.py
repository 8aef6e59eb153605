"""May a frame be believed? Pure: between the decoder's frames and the gateway's readings."""

from __future__ import annotations

from collections.abc import Mapping

from tic import Frame, FrameKind, Mode

_MAY_REPEAT = {"ADPS"}
"""Inserted early in the first frame of an overload, then sent again at its place."""


class Integrity:
    """The rules of one line.

    A frame is believed if it came whole, told its meter's address, and the frame before told the
    same one: a damaged ADCO must not create a ghost meter.
    """

    def __init__(self) -> None:
        self.address: str | None = None
        self._candidate: str | None = None

    def believe(self, frame: Frame) -> Mapping[str, str] | None:
        """Label to value of a frame, or ``None`` if it is not to be believed.

        A label told twice with different values is left out: one of the two is wrong.
        """
        if frame.kind not in {FrameKind.LONG, FrameKind.SHORT} or not self.confirm(frame):
            return None
        values: dict[str, str] = {}
        doubtful: set[str] = set()
        for label, value, _ in frame.groups:
            if values.setdefault(label, value) != value:
                if label in _MAY_REPEAT:
                    values[label] = value
                else:
                    doubtful.add(label)
        return {label: value for label, value in values.items() if label not in doubtful}

    def in_standby(self, frame: Frame) -> bool:
        """Whether the frame holds its meter's address and nothing else."""
        return frame.kind is FrameKind.STANDBY and self.confirm(frame)

    def confirm(self, frame: Frame) -> bool:
        """Whether the frame is of the line's meter; two in a row with one address settle which.

        The address of the other mode does not count: such a frame is two, glued by lost marks.
        """
        address = frame.value("ADSC" if frame.mode is Mode.STANDARD else "ADCO")
        if address is None:
            return False
        if address == self._candidate:
            self.address = address
        self._candidate = address
        return address == self.address
