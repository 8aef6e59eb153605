"""What the formats of other programs share: when they tell, topics, labels and sums. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from teleinfo_gateway.outputs.mqtt.derived import contract
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, Reading
from tic import BY_NAME, INDEX_LABELS, Kind, Mode

__all__ = ["Telemetry", "as_json", "as_number", "kwh", "labels", "total_wh", "unpadded", "whole"]

_WH_PER_KWH = 1000
_INDEXES = {contract(option): names for option, names in INDEX_LABELS.items()}


class Telemetry:
    """A format that tells all it knows of a meter whenever that is due, and of events nothing.

    ``topic`` may hold ``{name}``, the configured name, and ``{adco}``, which is the view's key. A
    meter that nothing is known of, not even its address, is not told.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def told(self, view: View, reading: Reading, *, due: bool) -> Iterable[Message]:  # noqa: ARG002  # the view has it, whole
        """See :class:`~teleinfo_gateway.outputs.mqtt.format.Format`."""
        return self._known(view) if due else ()

    def happened(self, view: View, event: Event) -> Iterable[Message]:  # noqa: ARG002  # for those that tell events
        """See :class:`~teleinfo_gateway.outputs.mqtt.format.Format`."""
        return ()

    def again(self, view: View) -> Iterable[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.format.Format`."""
        # An old frame would be taken for a new one.
        return self._known(view) if view.available else ()

    def state(self, view: View, topic: str) -> Iterable[Message]:
        """Everything that is known of a meter; ``topic`` is that of the meter."""
        raise NotImplementedError

    def topic(self, view: View) -> str:
        """Where this meter is told."""
        return self._topic.replace("{name}", view.name).replace("{adco}", view.key)

    def _known(self, view: View) -> Iterable[Message]:
        return self.state(view, self.topic(view)) if view.key and view.values else ()


def as_json(content: object) -> str:
    """JSON without spaces, as small programs write and expect it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def labels(view: View) -> dict[str, str]:
    """Label to value as sent, the address always and first."""
    address = "ADSC" if view.mode is Mode.STANDARD else "ADCO"
    return {address: view.key} | dict(view.values)


def whole(view: View) -> dict[str, str]:
    """The same; the meter's clock, which is sent without a value, has its horodate for one."""
    return {
        label: text
        for label, value in labels(view).items()
        if (text := view.horodates.get(label, "") if _is_clock(label) else value)
    }


def as_number(label: str, value: str) -> int | str:
    """A value of digits as a number; addresses stay text, for their zeros count."""
    known = BY_NAME.get(label)
    is_identity = known is not None and known.kind is Kind.IDENTITY
    return int(value) if value.isdigit() and not is_identity else value


def unpadded(value: str) -> str:
    """A text without the spaces around it and with single ones inside."""
    return " ".join(value.split())


def total_wh(view: View) -> int | None:
    """The energy drawn: EAST, or the sum of the indexes once all of the contract are known."""
    values = view.values
    if "EAST" in values:
        return int(values["EAST"])
    option = contract(values.get("OPTARIF", ""))
    indexes = [values.get(label) for label in _INDEXES.get(option, ())]
    known = [int(index) for index in indexes if index is not None]
    return sum(known) if known and len(known) == len(indexes) else None


def kwh(energy_wh: int) -> float:
    """Energy in the unit of most displays."""
    return energy_wh / _WH_PER_KWH


def _is_clock(label: str) -> bool:
    known = BY_NAME.get(label)
    return known is not None and known.kind is Kind.CLOCK
