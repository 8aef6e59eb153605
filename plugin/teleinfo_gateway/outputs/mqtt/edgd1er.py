"""The frame as edgd1er's *teleinfo* publishes it: flat JSON, every value a string. Pure.

Horodates are left out but for that of DATE, which is its value. ``TIME`` is when the frame was
heard, and is UTC as its ``Z`` says; texts lose their padding. Historique frames have the same form.
"""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.texts import Telemetry, as_json, unpadded, whole
from teleinfo_gateway.outputs.mqtt.view import View

__all__ = ["Edgd1er"]


class Edgd1er(Telemetry):
    """``{"ADSC": ..., label: value, "TIME": ...}``."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        frame = {label: unpadded(text) for label, text in whole(view).items()}
        if view.time is not None:
            frame["TIME"] = f"{view.time:%Y-%m-%dT%H:%M:%SZ}"
        yield Message(topic, as_json(frame))
