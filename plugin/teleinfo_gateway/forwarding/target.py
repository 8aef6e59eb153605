"""What a durable output has to do: take rows, and say whether it has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from teleinfo_gateway.errors import GatewayError

__all__ = ["RefusedError", "Row", "Target", "TargetError"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the history: a reading, the new value of a label, or an event.

    ``seq`` grows from row to row. ``adco`` is ``""`` and ``name`` too for an event of the gateway
    itself. ``ts`` are unix seconds. ``values`` are the columns of ``ti_reading``, ``ti_label``
    (``label``, ``value``, ``horodate``) or ``ti_event`` (``kind``, ``value``, ``detail``) beside
    these; ``None`` is what is not known. ``mode`` (``historique`` or ``standard``), ``phases`` and
    ``replaces``, the address of the meter before, are what is known of the meter by now.
    """

    seq: int
    kind: Literal["reading", "label", "event"]
    adco: str
    name: str
    ts: int
    values: Mapping[str, int | str | None]
    mode: str | None = None
    phases: int | None = None
    replaces: str | None = None


class TargetError(GatewayError):
    """The rows are to be sent again later; the text says what is wrong and what to do.

    ``after_s`` is how long the target wants to be left alone.
    """

    def __init__(self, text: str, *, after_s: float = 0.0) -> None:
        super().__init__(text)
        self.after_s = after_s


class RefusedError(GatewayError):
    """The target will never take at least one of these rows; the text says why."""


class Target(Protocol):
    """Where rows go. Its methods block, and are called one at a time, from any thread.

    Rows may come a second time, after a crash between sending and remembering: what is taken twice
    must count once. ``in_order`` is for targets that want every row after the one before it; others
    get the newest first, and what was missed meanwhile. A target may have ``batch``, the rows of
    one call at most: after a crash so many may come twice.
    """

    in_order: bool

    @property
    def address(self) -> str:
        """Where it is, without secrets."""
        raise NotImplementedError

    def send(self, rows: Sequence[Row]) -> int | None:
        """Return when the target has confirmed all of them.

        Gives how many it took: those it has no use for are passed over. ``None`` is all of them.
        Raises :class:`TargetError` to be asked again, :class:`RefusedError` if one of them will
        never be taken: they are then sent one by one to find it.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give up connections; another ``send`` may follow."""
        raise NotImplementedError
