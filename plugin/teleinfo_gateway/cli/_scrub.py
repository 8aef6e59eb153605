"""What the gateway knows, without what tells whose it is: identities, hosts, addresses, secrets."""

from __future__ import annotations

import re
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from teleinfo_gateway.anonymise import Anonymiser
from xpl import instance_from_hostname

__all__ = ["Scrubber"]

_HIDDEN = "(hidden)"

_PLAIN = {"name", "type", "mode", "interval", "vendor", "interface", "hub", "values"}
"""Settings whose text is shown; of any other only what every configuration may say."""

_url = re.compile(r"(\w+://)(?!127\.|localhost|\[::1\])[^\s\"']*[^\s\"':,.]").sub
_ipv4 = re.compile(r"\b(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b").sub
_ipv6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){3,}[0-9A-Fa-f]{0,4}(?![\w:])").sub
_usb_serial = re.compile(r"(by-id/[^\s\"':]*_|/dev/teleinfo-)[^_\s\"':]+?(?=-if\d|[\s\"':]|$)").sub


class Scrubber:
    """Makes text fit to be shown; identities become those that ``anonymiser`` gives them."""

    def __init__(self, anonymiser: Anonymiser) -> None:
        self._anonymiser = anonymiser
        self._names = _own_names()

    def text(self, text: str) -> str:
        """Any text of the gateway."""
        text = self._anonymiser.text(text)
        text = _url(r"\1(host)", text)
        text = _ipv4("(address)", text)
        text = _ipv6("(address)", text)
        text = _usb_serial(r"\1(serial)", text)
        return self._names.sub("(name)", text)

    def answer(self, value: object, key: str = "") -> object:
        """What the HTTP API said; names of meters stay."""
        match value:
            case Mapping():
                shown = self._anonymiser.text  # a key may be the name of a meter
                return {shown(name): self.answer(inner, name) for name, inner in value.items()}
            case list():
                return [self.answer(inner, key) for inner in value]
            case str() if key == "source":  # vendor-device.instance; the instance is the host
                return f"{value.partition('.')[0]}.{_HIDDEN}"
            case str():
                return self._anonymiser.text(value) if key == "name" else self.text(value)
        return value

    def settings(self, value: object, key: str = "", usual: Collection[str] = ()) -> object:
        """A configuration, or what stands at a key of it; ``usual`` texts are shown."""
        match value:
            case BaseModel():
                fields = type(value).model_fields
                return {
                    fields[name].alias or name: self.settings(inner, name, _usual(fields[name]))
                    for name, inner in value
                }
            case Mapping() if key == "extensions":  # only their authors know what is secret
                return dict.fromkeys(value, _HIDDEN)
            case Mapping():
                return {name: self.settings(inner, name) for name, inner in value.items()}
            case list() | tuple():
                return [self.settings(inner, key, usual) for inner in value]
            case str() if value in usual:
                return value
            case str():
                return self._setting(key, value)
            case int() | float() | None:
                return value
        return _HIDDEN

    def _setting(self, key: str, value: str) -> str:
        if key in _PLAIN:
            return self._anonymiser.text(value)
        is_port = key == "device" and ("://" in value or value.startswith("/"))
        return self.text(value) if is_port or key in {"replaces", "listen"} else _HIDDEN


def _usual(field: FieldInfo) -> set[str]:
    """The texts of a setting that tell nothing of anybody: those to choose from, the default."""
    kinds = (field.annotation, *get_args(field.annotation))
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    return {word for word in (*words, field.default) if isinstance(word, str)}


def _own_names() -> re.Pattern[str]:
    """What this machine and its user are called."""
    host = socket.gethostname()
    names = {host, host.partition(".")[0], instance_from_hostname(host), Path.home().name}
    words = sorted(names - {"", "localhost", "default", "root"}, key=len, reverse=True)
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, words)) or '(?!)'})(?![A-Za-z0-9])",
        re.IGNORECASE,
    )
