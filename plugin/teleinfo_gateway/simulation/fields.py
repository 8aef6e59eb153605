"""Values to groups: widths and order come from the table of labels, never from here."""

from collections.abc import Mapping

from teleinfo_gateway.simulation.registers import Stamped
from tic import BY_NAME, LABELS, Group

__all__ = ["Value", "group", "in_order"]

Value = int | str | Stamped
"""A number, filled with zeros to the label's size; a text of that size; either with a horodate."""


def group(label: str, value: Value) -> Group:
    """The group of ``label``."""
    stamp = None
    if isinstance(value, Stamped):
        stamp = value.horodate
        value = value.value
    if isinstance(value, int):
        value = f"{value:0{BY_NAME[label].size}}"
    return Group(label, value, stamp)


def in_order(values: Mapping[str, Value]) -> list[Group]:
    """The groups in the order in which a meter sends them."""
    return [group(label.name, values[label.name]) for label in LABELS if label.name in values]
