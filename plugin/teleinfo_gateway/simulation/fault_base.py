"""What every fault has: the name a user writes, a usual number, and words that explain it."""

from enum import StrEnum
from typing import Self

__all__ = ["Fault"]


class Fault(StrEnum):
    """A fault; its value is its name.

    ``usual`` is the number of those written without one: a rate for each byte of the line, or
    seconds from one time to the next in the meter. ``words`` say what happens.
    """

    usual: float
    words: str

    def __new__(cls, name: str, usual: float, words: str) -> Self:
        """A member from the three parts it is written with."""
        fault = str.__new__(cls, name)
        fault._value_ = name
        fault.usual = usual
        fault.words = words
        return fault
