"""The section ``push`` of the configuration."""

import json
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from teleinfo_gateway.config.settings import MISSING, Settings, plain_url, refusal
from teleinfo_gateway.push_template import NAMES, in_json, names_in

__all__ = ["PushConfig"]

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110, section 5.6.2
_SECRET = "secret"  # noqa: S105  # the name of a placeholder
_OWN_KEYS = ("method", "body", "format", "headers", "catch_up")


class PushConfig(Settings):
    """One request for each reading; ``url``, ``body`` and ``headers`` may have placeholders.

    With a ``preset`` the URL is that of the server, and the other keys are those of the preset.
    ``secret`` may be a reference; ``{secret}`` stands for it.
    """

    name: str = Field(
        pattern=r"^[a-z0-9-]{1,32}$",
        description="1 to 32 lower-case letters, digits and hyphens, such as garage",
    )
    preset: Literal["gateway", "robinroche", "alexandrevilain"] | None = Field(
        default=None, description="gateway, robinroche or alexandrevilain"
    )
    url: str = Field(
        max_length=2000,
        description="a whole URL such as https://example.org/power?va={PAPP}, or with a preset the "
        "address of the server",
    )
    method: Literal["GET", "POST"] = Field(default="POST", description="GET or POST")
    body: str | None = Field(
        default=None,
        max_length=10_000,
        description="what a POST carries, with placeholders such as {PAPP}",
    )
    format: Literal["json", "form", "text"] = Field(
        default="json", description="json, form or text"
    )
    headers: dict[str, str] = Field(
        default={},
        repr=False,
        description="a mapping of names of HTTP headers to what they hold",
    )
    secret: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="a token or password, or a reference such as file:/etc/teleinfo/push.token",
    )
    catch_up: bool = Field(default=True, description="true or false")

    @field_validator("url")
    @classmethod
    def _of_a_host(cls, url: str) -> str:
        parts = urlsplit(url)
        if "{" in parts.netloc:
            raise ValueError("no placeholder stands in the host")
        plain_url(f"{parts.scheme}://{parts.netloc}")
        if parts.fragment or re.search(r"[^!-~]", url):
            raise ValueError("after the host there are no spaces, accents or #: write %20 and such")
        return url

    @field_validator("headers")
    @classmethod
    def _names_of_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        faults: dict[tuple[str | int, ...], str] = {
            (name,): "no HTTP header can have this name or this text"
            for name, text in headers.items()
            if not (_HEADER.fullmatch(name) and text.isascii())
        }
        if faults:
            raise refusal(faults)
        return headers

    @model_validator(mode="after")
    def _makes_sense(self) -> "PushConfig":
        faults = dict(self._with_preset() if self.preset else self._alone())
        if faults:
            raise refusal(faults)
        return self

    def _with_preset(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What a preset leaves open is the address and the secret."""
        for key in _OWN_KEYS:
            if key in self.model_fields_set:
                yield (key,), f"the preset {self.preset} says this already"
        try:
            plain_url(self.url)
        except ValueError as error:
            yield ("url",), f"with a preset it is the address of the server: {error}"
        if self.secret is None:
            yield ("secret",), MISSING

    def _alone(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        texts: dict[tuple[str | int, ...], str] = {("url",): self.url}
        if self.body is not None:
            texts["body",] = self.body
        texts |= {("headers", name): text for name, text in self.headers.items()}
        for place, text in texts.items():
            yield from self._unknown(place, text)
        if self.body is None:
            return
        if self.method == "GET":
            yield ("body",), "a GET has none: put the values into the url"
        elif self.format == "json" and not _is_json(self.body):
            yield ("body",), "this is no JSON once the placeholders are filled"

    def _unknown(
        self, place: tuple[str | int, ...], text: str
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        names = names_in(text)
        unknown = sorted(set(names) - NAMES)
        if unknown:
            yield place, f"no placeholder is called {{{unknown[0]}}}: labels are in capitals"
        elif _SECRET in names and self.secret is None:
            yield ("secret",), MISSING


def _is_json(body: str) -> bool:
    try:
        json.loads(in_json(body, dict.fromkeys(names_in(body), 0)))
    except (ValueError, RecursionError):
        return False
    return True
