"""What every format of the MQTT output is: a pure translation of readings into messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, Reading

__all__ = ["Format"]


class Format(Protocol):
    """Words for what a meter says. The view has taken a reading or an event before it is told."""

    def told(self, view: View, reading: Reading, *, due: bool) -> Iterable[Message]:
        """What a reading brings; ``due`` at the meter's interval, and at once for what is urgent.

        Urgent are a tariff, an announcement, and the beginning, a change or the end of an overload.
        """
        raise NotImplementedError

    def happened(self, view: View, event: Event) -> Iterable[Message]:
        """What an event brings."""
        raise NotImplementedError

    def again(self, view: View) -> Iterable[Message]:
        """The present state, for a broker that may have forgotten everything."""
        raise NotImplementedError
