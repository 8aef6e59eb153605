"""The section ``web`` of the configuration."""

import ipaddress
import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from teleinfo_gateway.config.settings import MISSING, Listening, Settings, refusal
from teleinfo_gateway.host_port import split_host_port
from teleinfo_gateway.password import PasswordHash
from teleinfo_gateway.secret import TOKEN_MIN, is_reference, long_enough

__all__ = ["IN_THE_CLEAR", "TlsConfig", "TokenConfig", "WebConfig"]

IN_THE_CLEAR = (
    "it is open to other machines without TLS: whoever is on the network can read along the "
    "password, the tokens and the readings; web.tls names a certificate and its key"
)
"""What is said of a section that is in the clear."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ORIGIN = re.compile(
    r"(https?)://(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::([0-9]{1,5}))?"
)
_USUAL_PORT = {"http": "80", "https": "443"}


class TokenConfig(Settings):
    """What lets one program in; ``token`` may be a reference."""

    name: str = Field(
        pattern=r"^[a-z0-9-]{1,32}$",
        description="1 to 32 lower-case letters, digits and hyphens, such as home-assistant",
    )
    scope: Literal["read", "control", "ingest"] = Field(description="read, control or ingest")
    token: str = Field(
        repr=False,
        description=f"at least {TOKEN_MIN} characters, in quotes if all are digits, or a reference "
        "such as file:/etc/teleinfo/home-assistant.token",
    )

    _not_guessed = field_validator("token")(long_enough)


class TlsConfig(Settings):
    """The files of TLS, in PEM; nothing is opened here."""

    certificate: str = Field(
        description="the whole path of a PEM file, such as /etc/teleinfo/web.crt"
    )
    key: str = Field(description="the whole path of a PEM file, such as /etc/teleinfo/web.key")

    @field_validator("certificate", "key")
    @classmethod
    def _whole(cls, path: str) -> str:
        if not path.startswith("/"):
            raise ValueError("the path of a file is written whole, from its first /")
        return path


class WebConfig(Listening):
    """Where the page and the HTTP API answer, and to whom; ``password`` may be a reference."""

    listen: str = Field(
        default="127.0.0.1:8181",
        description="an address of this machine and a port, such as 127.0.0.1:8181",
    )
    password: str | None = Field(
        default=None,
        validate_default=True,
        repr=False,
        description="what 'teleinfo password' prints, or a reference such as "
        "file:/etc/teleinfo/web.password (only 127.0.0.1, [::1] and localhost need none)",
    )
    tokens: tuple[TokenConfig, ...] = Field(
        default=(), description='a list of tokens, each beginning with "-"'
    )
    tls: TlsConfig | None = Field(default=None, description="the keys certificate and key")
    hosts: tuple[str, ...] = Field(
        default=(), description="a list of host names such as teleinfo.home, without a port"
    )
    origins: tuple[str, ...] = Field(
        default=(), description="a list of sites such as http://homeassistant.local:8123"
    )

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine can reach it."""
        return _is_loopback(self.host)

    @property
    def is_in_the_clear(self) -> bool:
        """Whether the network between can read along: passwords, tokens and what is answered."""
        return self.tls is None and not self.is_local

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http{'s' * (self.tls is not None)}://{self.listen}/"

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, listen: str) -> str:
        split_host_port(listen)
        return listen

    @field_validator("password")
    @classmethod
    def _kept_as_a_hash(cls, password: str | None, info: ValidationInfo) -> str | None:
        if password is None:
            listen = info.data.get("listen")  # absent if it was refused
            if listen is not None and not _is_loopback(split_host_port(listen)[0]):
                raise refusal({(): MISSING})
        elif not is_reference(password):
            PasswordHash.parse(password)
        return password

    @field_validator("tokens")
    @classmethod
    def _each_name_once(cls, tokens: tuple[TokenConfig, ...]) -> tuple[TokenConfig, ...]:
        first: dict[str, int] = {}
        faults: dict[tuple[str | int, ...], str] = {}
        for index, token in enumerate(tokens):
            if first.setdefault(token.name, index) != index:
                faults[index, "name"] = "another token has this name: give each its own"
        if faults:
            raise refusal(faults)
        return tokens

    @field_validator("hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host[:64]!r} is no host name in lower case")
        return hosts

    @field_validator("origins")
    @classmethod
    def _as_browsers_write_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            found = _ORIGIN.fullmatch(origin)
            if found is None:
                raise ValueError(
                    f"{origin[:64]!r} is not http:// or https://, a host in lower case and "
                    "perhaps a port, with nothing after it"
                )
            if found[2] == _USUAL_PORT[found[1]]:
                raise ValueError(f"browsers leave :{found[2]} out of {origin}: do the same")
        return origins


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
