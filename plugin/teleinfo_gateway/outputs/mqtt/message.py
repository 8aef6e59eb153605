"""What is published: messages, and names that may stand in a topic."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Message", "plain_name"]


class Message(NamedTuple):
    """One message; an empty payload that is retained removes what the broker keeps."""

    topic: str
    payload: str
    qos: int = 0
    retain: bool = False


def plain_name(label: str) -> str:
    """A label for topics and keys: ``SMAXSN-1`` is ``SMAXSN_1``, ``NJOURF+1`` is ``NJOURF_P1``.

    ``+`` is a wildcard of MQTT, and Home Assistant takes letters, digits, ``-`` and ``_`` only.
    """
    return label.replace("+", "_P").replace("-", "_")
