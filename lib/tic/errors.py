"""What can fail when TIC is written or asked for; what is read from a wire never raises."""

from __future__ import annotations

from tic.groups import Reason


class TicError(Exception):
    """Base of every exception of this package."""


class EncodeError(TicError, ValueError):
    """A group that no meter could send; ``label``, ``value`` and ``reason`` say which and why."""

    def __init__(self, label: str, value: str, reason: Reason) -> None:
        super().__init__(f"group {label!r} {value!r} cannot be encoded: {reason}")
        self.label = label
        self.value = value
        self.reason = reason
