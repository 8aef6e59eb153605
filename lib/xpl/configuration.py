"""Remote configuration: what a device may be told with config.list, .current and .response."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from xpl._text import number
from xpl.address import GROUP_PREFIX, Address, Target
from xpl.errors import EncodeError, IllegalFilterError
from xpl.filters import Filter
from xpl.heartbeat import MAX_INTERVAL_MIN, MIN_INTERVAL_MIN, check_interval
from xpl.message import Message, check_pair

__all__ = ["Configuration", "Item", "Kind"]

_MAX_GROUPS = 16
_MAX_FILTERS = 16


class Kind(enum.Enum):
    """Whether a device needs an item, and when it may change."""

    CONFIG = "config"  # required, settable until the device is configured
    RECONF = "reconf"  # required, settable at any time
    OPTION = "option"  # not required


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of its own that a device lets others set; it may hold up to `maximum` values."""

    name: str
    kind: Kind = Kind.OPTION
    maximum: int = 1

    def __str__(self) -> str:
        return self.name if self.maximum == 1 else f"{self.name}[{self.maximum}]"


_STANDARD_ITEMS = (
    Item("newconf", Kind.RECONF),
    Item("interval"),
    Item("group", maximum=_MAX_GROUPS),
    Item("filter", maximum=_MAX_FILTERS),
)


def _no_values() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a configurable device is set: save it when it changes, pass it in at the next start.

    `groups` are names without their prefix; `values` are those of the device's own `items`.
    Raises IllegalIntervalError for an interval outside 5 to 30 minutes.
    """

    instance: str
    configured: bool = False
    interval_min: int = MIN_INTERVAL_MIN
    groups: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    items: tuple[Item, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=_no_values)

    def __post_init__(self) -> None:
        check_interval(self.interval_min)

    def list_body(self) -> Iterator[tuple[str, str]]:
        """Yield the pairs of the answer to config.list: what may be set."""
        for item in (*_STANDARD_ITEMS, *self.items):
            yield item.kind.value, str(item)

    def current_body(self) -> Iterator[tuple[str, str]]:
        """Yield the pairs of the answer to config.current: what is set.

        An unset item is left out, because an empty value costs some readers the whole message.
        """
        yield "newconf", self.instance
        yield "interval", str(self.interval_min)
        yield from (("group", GROUP_PREFIX + group) for group in self.groups)
        yield from (("filter", str(wanted)) for wanted in self.filters)
        for item in self.items:
            yield from ((item.name, value) for value in self.values.get(item.name, ()))

    def updated(self, response: Message) -> Self:
        """Return the configuration that a config.response leaves.

        A name that is present replaces all its values, so an empty value clears it. What could
        not be sent back (illegal, too many) is passed over; an interval is brought into range.
        Configured is a device as soon as no required item of its own lacks a value.
        """
        minutes = number(response.get("interval"))
        values = {**self.values, **dict(self._new_values(response))}
        return replace(
            self,
            instance=_instance(response.get("newconf"), self.instance),
            interval_min=self.interval_min
            if minutes is None
            else min(max(minutes, MIN_INTERVAL_MIN), MAX_INTERVAL_MIN),
            groups=tuple(_groups(response)) if _names(response, "group") else self.groups,
            filters=tuple(_filters(response)) if _names(response, "filter") else self.filters,
            values=MappingProxyType(values),
            configured=all(
                values.get(item.name) for item in self.items if item.kind is not Kind.OPTION
            ),
        )

    def _new_values(self, response: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
        for item in self.items:
            fixed = self.configured and item.kind is Kind.CONFIG
            if _names(response, item.name) and not fixed:
                told = (value for value in response.get_all(item.name) if _legal(item.name, value))
                yield item.name, tuple(told)[: item.maximum]


def _names(response: Message, name: str) -> bool:
    return response.get(name) is not None


def _legal(name: str, value: str) -> bool:
    try:
        check_pair(name, value)
    except EncodeError:
        return False
    return True


def _instance(told: str | None, current: str) -> str:
    """Return the new instance if it makes a legal address."""
    try:
        wanted = (told or current).strip().lower()
        Address("any", "any", wanted).check()
    except EncodeError:
        return current
    return wanted


def _groups(response: Message) -> Iterator[str]:
    for text in response.get_all("group")[:_MAX_GROUPS]:
        try:
            target = Target.parse(text)
            target.check()
        except EncodeError:
            continue
        if target.group is not None:
            yield target.group


def _filters(response: Message) -> Iterator[Filter]:
    for text in response.get_all("filter")[:_MAX_FILTERS]:
        try:
            wanted = Filter.parse(text)
        except IllegalFilterError:
            continue
        if _legal("filter", str(wanted)):
            yield wanted
