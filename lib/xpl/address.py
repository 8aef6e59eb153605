"""Who speaks and who is meant.

Parsing is liberal (any case, any length); `check()` holds the stricter rules for what we send.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from xpl._text import printable
from xpl.errors import IllegalAddressError, IllegalTargetError

__all__ = ["EVERYONE", "GROUP_PREFIX", "Address", "Target", "instance_from_hostname"]

GROUP_PREFIX = "xpl-group."

_LEGAL_ADDRESS = re.compile(r"[a-z0-9]{3,8}-[a-z0-9]{1,8}\.[a-z0-9-]{1,16}")
_LEGAL_GROUP = re.compile(r"[a-z0-9-]{1,16}")
_INSTANCE_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Address:
    """One device: vendor-device.instance."""

    vendor: str
    device: str
    instance: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split at the first `-` and the first `.` after it, in lower case.

        Raises IllegalAddressError when one of the three parts is missing.
        """
        vendor, _, rest = text.strip().lower().partition("-")
        device, _, instance = rest.partition(".")
        if not (vendor and device and instance):
            raise IllegalAddressError(f"not vendor-device.instance: {printable(text)!r}", text)
        return cls(vendor, device, instance)

    def __str__(self) -> str:
        return f"{self.vendor}-{self.device}.{self.instance}"

    def check(self) -> None:
        """Raise IllegalAddressError unless every reader of xPL accepts this address."""
        text = str(self)
        # The first hyphen ends the vendor, so a part that holds its own separator shows up here.
        if not _LEGAL_ADDRESS.fullmatch(text) or text.startswith(GROUP_PREFIX):
            raise IllegalAddressError(
                f"illegal address {printable(text)!r}: vendor-device.instance needs 3 to 8, "
                "1 to 8 and 1 to 16 of a-z and 0-9 (the instance also '-')",
                text,
            )


@dataclass(frozen=True, slots=True)
class Target:
    """Everyone (`*`), one device, or the members of a group (xpl-group.NAME)."""

    address: Address | None = None
    group: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a target in any case; an empty one means everyone.

        Raises IllegalAddressError when it is none of the three forms.
        """
        text = text.strip().lower()
        if text in {"", "*"}:
            return cls()
        if text.startswith(GROUP_PREFIX) and text != GROUP_PREFIX:
            return cls(group=text.removeprefix(GROUP_PREFIX))
        return cls(address=Address.parse(text))

    def __str__(self) -> str:
        if self.group is not None:
            return GROUP_PREFIX + self.group
        return "*" if self.address is None else str(self.address)

    def check(self) -> None:
        """Raise IllegalAddressError or IllegalTargetError unless this may be sent."""
        if self.group is not None and not _LEGAL_GROUP.fullmatch(self.group):
            raise IllegalTargetError(
                f"illegal group {printable(self.group)!r}: 1 to 16 of a-z, 0-9 and '-'", self.group
            )
        if self.address is not None:
            self.address.check()

    def matches(self, address: Address, groups: Collection[str] = ()) -> bool:
        """Whether a device with this address, member of these groups, is meant."""
        if self.group is not None:
            return self.group in groups
        return self.address is None or self.address == address


EVERYONE = Target()


def instance_from_hostname(hostname: str) -> str:
    """Derive an instance that is stable for a machine: what Domogik makes of the same name.

    Lower case, up to the first dot, only a-z and 0-9, cut to 16; "default" if nothing is left.
    """
    label = hostname.lower().partition(".")[0]
    return re.sub(r"[^a-z0-9]", "", label)[:_INSTANCE_LENGTH] or "default"
