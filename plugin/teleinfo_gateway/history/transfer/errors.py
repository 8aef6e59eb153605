"""What may fail while a history is carried from one place to another."""

from __future__ import annotations

from teleinfo_gateway.errors import GatewayError

__all__ = ["TransferError"]


class TransferError(GatewayError):
    """A source cannot be read, or is not what it was said to be; the text says what to do.

    It may hold names out of the source: it is made printable, and cut.
    """

    def __init__(self, text: str) -> None:
        super().__init__("".join(char if char.isprintable() else "?" for char in text[:2000]))
