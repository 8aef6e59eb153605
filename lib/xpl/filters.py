"""Which broadcasts a device wants to hear (xPL specification, filters and groups)."""

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from typing import Self

from xpl._text import printable
from xpl.address import Address
from xpl.errors import IllegalFilterError
from xpl.message import Message, MessageType

__all__ = ["Filter", "is_for", "passes"]

_PARTS = 6


@dataclass(frozen=True, slots=True)
class Filter:
    """A pattern over a message's type, source and schema; a part `*` matches anything."""

    msgtype: str = "*"
    vendor: str = "*"
    device: str = "*"
    instance: str = "*"
    schema_class: str = "*"
    schema_type: str = "*"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read msgtype.vendor.device.instance.class.type, or the older form vendor-device.

        Raises IllegalFilterError.
        """
        parts = text.strip().lower().split(".")
        if len(parts) == _PARTS - 1:
            vendor, hyphen, device = parts[1].partition("-")
            # A lone star stands for any vendor and any device.
            parts[1:2] = [vendor, device if hyphen or vendor != "*" else "*"]
        if len(parts) != _PARTS or not all(parts):
            raise IllegalFilterError(
                f"not a filter: {printable(text)!r}; it is "
                "msgtype.vendor.device.instance.class.type, each part a word or '*'",
                text,
            )
        return cls(*parts)

    def __str__(self) -> str:
        return ".".join(astuple(self))

    def matches(self, message: Message) -> bool:
        """Whether type, source and schema fit; the target does not count."""
        source = message.source
        schema_class, _, schema_type = message.schema.partition(".")
        said = (
            message.type.value,
            source.vendor,
            source.device,
            source.instance,
            schema_class,
            schema_type,
        )
        return all(part in {"*", word} for part, word in zip(astuple(self), said, strict=True))


def passes(message: Message, filters: Iterable[Filter]) -> bool:
    """Whether any filter matches, or there is none."""
    filters = tuple(filters)
    return not filters or any(wanted.matches(message) for wanted in filters)


def is_for(
    message: Message,
    address: Address,
    groups: Collection[str] = (),
    filters: Iterable[Filter] = (),
) -> bool:
    """Whether a device with this address, these groups and these filters should see the message.

    Filters weed out broadcasts only: never a message to the device or to its group,
    never config.* or a request for heartbeats.
    """
    if not message.target.matches(address, groups):
        return False
    exempt = message.schema.startswith("config.") or (
        message.type is MessageType.CMND and message.schema == "hbeat.request"
    )
    broadcast = message.target.address is None and message.target.group is None
    return exempt or not broadcast or passes(message, filters)
