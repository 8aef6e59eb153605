"""What waits to be sent, bounded whatever happens to the broker. Pure."""

from __future__ import annotations

from teleinfo_gateway.outputs.mqtt.message import Message

__all__ = ["Outbox"]

_MAX_EVENTS = 1000
"""Events that may wait: hours of them. States need no ceiling, their topics are counted."""


class Outbox:
    """Keeps of each state the latest only; events wait in their order, the oldest are lost first.

    A state is what is retained, and what is sent again and again with QoS 0. It keeps its turn, or
    what changes all the time would never have one; with QoS 1 it does not overtake what was put
    before it.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._waiting: dict[str | int, Message] = {}
        self._events = 0
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Add a message; a newer state takes the place of the one that waits."""
        if message.retain or message.qos == 0:
            if message.qos:
                self._waiting.pop(message.topic, None)
            self._waiting[message.topic] = message
            return
        if self._events == _MAX_EVENTS:
            oldest = next(key for key in self._waiting if isinstance(key, int))
            del self._waiting[oldest]
            self._events -= 1
            self.lost += 1
        self._number += 1
        self._waiting[self._number] = message
        self._events += 1

    def take(self) -> Message | None:
        """The oldest message, if one waits."""
        key = next(iter(self._waiting), None)
        if key is None:
            return None
        self._events -= isinstance(key, int)
        return self._waiting.pop(key)

    def clear(self) -> None:
        """Drop everything, as what is sent after a reconnection is made anew."""
        self.lost += self._events
        self._events = 0
        self._waiting.clear()
