"""What the gateway says of itself at ``ROOT/status``, where no other one should speak. Pure."""

from __future__ import annotations

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.native import OFFLINE, ONLINE, Native

__all__ = ["Presence"]


class Presence:
    """Says ``online``, also after another gateway has left and said ``offline`` for both."""

    def __init__(self, native: Native) -> None:
        self._native = native
        self._has_echo = False  # of what we said, which the broker has yet to send us
        self._is_shared = False

    @property
    def topic(self) -> str:
        """What to hear."""
        return self._native.status_topic

    @property
    def problem(self) -> str:
        """What is wrong with two gateways there, once the other one was heard on this connection.

        Whoever dies has its last will taken back by the other one, so that its meters seem alive.
        """
        if not self._is_shared:
            return ""
        return (
            f"another gateway says {ONLINE} and {OFFLINE} at {self.topic}, too, so that nobody "
            "can tell which of them is there: give each topics of its own with mqtt.formats.native"
        )

    def begin(self) -> Message:
        """What to say on a new connection, after the topic was subscribed to."""
        self._is_shared = False
        self._has_echo = True
        return self._native.status(ONLINE)

    def hear(self, word: str, *, retained: bool) -> list[Message]:
        """Take what was said there; gives the answer."""
        if retained:  # maybe by ourselves, before
            return []
        if word == ONLINE and self._has_echo:
            self._has_echo = False
            return []
        self._is_shared = True
        return [self._native.status(ONLINE)] if word == OFFLINE else []
