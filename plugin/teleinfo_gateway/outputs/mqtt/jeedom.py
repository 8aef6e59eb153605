"""The frame as the plugin *teleinfo* of Jeedom takes it by MQTT. Pure.

One object ``TIC`` of raw strings. The plugin loses what stands before the address and refuses a
frame without one or a number beside the object (tried with its versions 4.8), so that the address
comes first and every message is complete.
"""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.texts import Telemetry, as_json, whole
from teleinfo_gateway.outputs.mqtt.view import View

__all__ = ["Jeedom"]


class Jeedom(Telemetry):
    """``{"TIC": {"ADCO": ..., label: value as sent}}``; a short frame is told as the whole one."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        yield Message(topic, as_json({"TIC": whole(view)}))
