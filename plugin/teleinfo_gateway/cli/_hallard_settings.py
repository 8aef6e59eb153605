"""The options of hallard's ``teleinfo`` and its file: ``key = value`` lines, options go first.

Source: hallard/teleinfo, version 1.0.8.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import click

from teleinfo_gateway.errors import GatewayError

__all__ = ["FILE", "HallardError", "HallardSettings", "hallard_settings"]

FILE = Path("/etc/teleinfo.conf")

_MAX_FILE = 1 << 16  # bytes; a real file has two thousand
_MODES = {"s": "send", "r": "receive", "t": "test"}
_TRUE = {"1", "true"}
_PORTS = range(1024, 65535)  # the next one is used as well

_ELSEWHERE = {
    "mysql": "MySQL is not supported here: use the gateway's outputs (teleinfo run), "
    "section sql of teleinfo.yaml; teleinfo history view makes the table tbl_teleinfo",
    "emoncms": "EmonCMS is not supported here: use the gateway's outputs (teleinfo run), "
    "section emoncms of teleinfo.yaml",
}

_IGNORED = frozenset(
    {"nolock", "user", "password", "server", "database", "table", "mysql_port"}
    | {"url", "apikey", "node"}
)
"""What is read over: the lock is the kernel's, the others belong to MySQL and EmonCMS."""


class HallardError(GatewayError):
    """The options, or the file, ask for what cannot be done; the text says what to change."""


@dataclass(frozen=True, slots=True)
class HallardSettings:
    """What to do; ``mode`` is ``send``, ``receive`` or ``test``. Nothing secret is kept."""

    mode: str
    tty: str
    network: str
    port: int
    get: str
    verbose: bool
    daemon: bool


_KNOWN = _IGNORED | _ELSEWHERE.keys() | {field.name for field in fields(HallardSettings)}


def hallard_settings(options: Mapping[str, str], file: Path) -> HallardSettings:
    """Join what was written on the command line and in the file. Raises :class:`HallardError`."""
    given = {**_read(file), **options}
    for key, reason in _ELSEWHERE.items():
        if _flag(given, key):
            raise HallardError(f"{key}: {reason}")
    mode = "receive" if given.get("get") else _MODES.get(given.get("mode", "")[:1].lower())
    if mode is None:
        raise HallardError("mode: send, receive or test is needed, such as --mode send")
    tty = given.get("tty", "")
    if mode != "receive" and not tty:
        raise HallardError(
            "tty: the serial port of the meter is needed, such as --tty /dev/ttyUSB0"
        )
    return HallardSettings(
        mode=mode,
        tty=tty,
        network=_address(given.get("network", "127.0.0.1")),
        port=_port(given.get("port", "1200")),
        get=given.get("get", "").upper(),
        verbose=_flag(given, "verbose"),
        daemon=_flag(given, "daemon"),
    )


def _read(file: Path) -> dict[str, str]:
    """The keys of the file; none if it is not there."""
    try:
        with file.open("rb") as stream:
            text = stream.read(_MAX_FILE).decode("utf-8", "replace")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HallardError(f"{file}: {error.strerror}") from error
    given: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#;[":
            continue
        key, equals, value = line.partition("=")
        key = key.strip().lower()
        if not equals or key not in _KNOWN:
            click.echo(f"{file}:{number}: not understood, read over", err=True)
            continue
        given[key] = value.strip()
    return given


def _flag(given: Mapping[str, str], key: str) -> bool:
    return given.get(key, "").lower() in _TRUE


def _address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise HallardError("network: an IP address is needed, such as 192.168.1.255") from None
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in _PORTS:
        raise HallardError(f"port: a number from {_PORTS[0]} to {_PORTS[-1]} is needed")
    return int(text)
