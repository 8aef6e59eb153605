"""The sections ``history`` and ``ingest`` of the configuration."""

import re

from pydantic import Field, ValidationInfo, field_validator

from teleinfo_gateway.config.settings import Listening, Settings
from teleinfo_gateway.host_port import split_host_port
from teleinfo_gateway.secret import TOKEN_MIN, is_reference, long_enough

__all__ = ["HistoryConfig", "IngestConfig", "database_url"]

_DATABASE = re.compile(r"(?:mariadb|mysql|postgresql)://[^\s/]*/\S+")


def database_url(url: str) -> str:
    """The URL of a database on a server, or a reference to one; else ValueError."""
    if not (is_reference(url) or _DATABASE.fullmatch(url)):
        raise ValueError("such a URL ends with a / and the name of a database")
    return url


class HistoryConfig(Settings):
    """Where the history is, and what of it is kept. Nothing is opened here.

    What ``path: auto`` stands for is decided by the history, for it depends on the machine.
    ``url`` may be a reference for :mod:`teleinfo_gateway.secret`.
    """

    path: str = Field(default="auto", description="auto, or the whole path of an SQLite file")
    url: str | None = Field(
        default=None,
        repr=False,
        description="mariadb://, mysql:// or postgresql:// with user:password@host/database, or "
        "a reference such as file:/etc/teleinfo/database.url",
    )
    readings: int = Field(
        default=400,
        ge=1,
        le=36_500,
        description="whole days from 1 to 36500 (a hundred years)",
    )
    size: int = Field(
        default=2000,
        ge=20,
        le=1_000_000,
        description="whole megabytes from 20 to 1000000 (a terabyte)",
    )

    @field_validator("path")
    @classmethod
    def _whole(cls, path: str) -> str:
        if path != "auto" and not path.startswith("/"):
            raise ValueError("the path of a file is written whole, from its first /")
        if path.endswith("/"):
            raise ValueError("this is a directory: name the file inside it")
        return path

    @field_validator("url")
    @classmethod
    def _one_database(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        if info.data.get("path", "auto") != "auto":
            raise ValueError("path names a file already, keep one of the two")
        return database_url(url)


class IngestConfig(Listening):
    """Where readers on other machines send what they read; ``token`` may be a reference."""

    listen: str = Field(
        description="the address that other machines reach and a port, such as 0.0.0.0:8182"
    )
    token: str = Field(
        repr=False,
        description=f"at least {TOKEN_MIN} characters, in quotes if all are digits, or a reference "
        "such as file:/etc/teleinfo/ingest.token",
    )

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, listen: str) -> str:
        split_host_port(listen)
        return listen

    _not_guessed = field_validator("token")(long_enough)
