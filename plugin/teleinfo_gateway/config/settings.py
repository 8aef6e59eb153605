"""What every section of the configuration is made of."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from teleinfo_gateway.host_port import split_host_port

__all__ = [
    "MISSING",
    "FrozenMapping",
    "Listening",
    "Settings",
    "both_or_none",
    "plain_url",
    "refusal",
]

MISSING = "missing"
"""The reason of a fault at a key that has to be written and is not."""

_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|[0-9a-f]*:[0-9a-f:.]*(?:%.+)?")
"""A name as DNS has it, or an address of IPv4 or IPv6, in lower case."""


class Settings(BaseModel):
    """Frozen, so that a reload can compare old and new; nothing unknown, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FrozenMapping(dict[str, dict[str, Any]]):
    """A mapping that nobody changes, so that settings with it can be compared and hashed."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return hash(repr(sorted(self.items(), key=lambda item: item[0])))


class Listening(Settings):
    """A section that says where something answers; a class of its own checks the address."""

    listen: str

    @property
    def host(self) -> str:
        """The host to bind, without the brackets of an IPv6 address."""
        return split_host_port(self.listen)[0]

    @property
    def port(self) -> int:
        """The TCP port to bind."""
        return split_host_port(self.listen)[1]


def plain_url(url: str) -> str:
    """An HTTP address without secrets, and without the slash at its end; else ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", url):
        raise ValueError("it begins with http:// or https:// and names a host")
    if not _HOST.fullmatch(parts.hostname):
        raise ValueError("the name of a host has no accents: it has letters, digits, - and dots")
    if parts.username is not None:
        raise ValueError("no user and no password stand in it: they have keys of their own")
    if parts.query or parts.fragment:
        raise ValueError("nothing follows the host, the port and the folder")
    if parts.port == 0:  # urlsplit itself refuses what is no port
        raise ValueError("a port from 1 to 65535 is needed")
    return url.rstrip("/")


def refusal(faults: Mapping[tuple[str | int, ...], str]) -> ValidationError:
    """What a validator raises that refuses several parts of its value, each for its own reason."""
    return ValidationError.from_exception_data(
        "value",
        [
            InitErrorDetails(
                type=MISSING if reason == MISSING else _because(reason), loc=location, input=None
            )
            for location, reason in faults.items()
        ],
    )


def both_or_none(settings: Settings, one: str, other: str) -> None:
    """Refuse a key that is written without the other, at the other; raises what a validator does.

    Both are ``None`` where they are not written.
    """
    missing, written = (one, other) if getattr(settings, one) is None else (other, one)
    if getattr(settings, missing) is None and getattr(settings, written) is not None:
        raise refusal({(missing,): f"{written} needs it"})


def _because(reason: str) -> PydanticCustomError:
    return PydanticCustomError("value_error", "{error}", {"error": reason})
