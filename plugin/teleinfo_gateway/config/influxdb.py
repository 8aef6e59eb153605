"""The section ``influxdb`` of the configuration."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from teleinfo_gateway.config.settings import MISSING, Settings, both_or_none, plain_url, refusal

__all__ = ["InfluxdbConfig", "influxdb_fits"]

_WITH_LOGIN = {"influxdb1", "victoriametrics"}
_WITH_TOKEN = {"influxdb2", "influxdb3"}
_TEXT = r"^[^\x00-\x1f\x7f]+$"  # counted by max_length: a counted class of Unicode takes megabytes
_METER = "{meter}"


class InfluxdbConfig(Settings):
    """A server that takes InfluxDB's line protocol; ``password`` and ``token`` may be references.

    ``host``, ``region`` and ``tempo_as_int`` are for the layout ``reuiller`` alone.
    """

    url: str = Field(
        default="http://localhost:8086",
        description="the address of the server, such as http://localhost:8086",
    )
    kind: Literal["influxdb1", "influxdb2", "influxdb3", "victoriametrics"] = Field(
        default="influxdb1", description="influxdb1, influxdb2, influxdb3 or victoriametrics"
    )
    database: str = Field(
        default="teleinfo",
        pattern=r"^[\w./ -]+$",
        max_length=64,
        description="the name of a database, of InfluxDB 2 that of a bucket: 1 to 64 letters, "
        "digits, spaces and _ . / -",
    )
    org: str | None = Field(
        default=None,
        pattern=_TEXT,
        max_length=64,
        description="the organization that has the bucket of InfluxDB 2",
    )
    username: str | None = Field(
        default=None,
        max_length=128,
        pattern=r"^[^:\x00-\x1f\x7f]+$",  # Basic authentication ends the name at the :
        description="the name of a user who may write into the database",
    )
    password: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="a password, or a reference such as file:/etc/teleinfo/influxdb.password",
    )
    token: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="a token, or a reference such as file:/etc/teleinfo/influxdb.token",
    )
    layout: Literal["native", "reuiller"] = Field(
        default="native", description="native or reuiller"
    )
    privacy: Literal["none", "alias"] = Field(default="none", description="none or alias")
    host: str = Field(
        default="raspberry",
        pattern=_TEXT,
        max_length=64,
        description="1 to 64 characters; {meter} in it is the name of the meter",
    )
    region: str = Field(
        default="linky",
        pattern=_TEXT,
        max_length=64,
        description="1 to 64 characters; {meter} in it is the name of the meter",
    )
    tempo_as_int: bool = Field(default=False, description="true or false")

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        return plain_url(url)

    @model_validator(mode="after")
    def _of_its_kind(self) -> "InfluxdbConfig":
        if faults := dict(self._faults()):
            raise refusal(faults)
        if self.kind in _WITH_LOGIN:
            both_or_none(self, "username", "password")
        return self

    def _faults(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What does not go together."""
        if self.kind == "influxdb2":
            if self.org is None:
                yield ("org",), MISSING
        elif self.org is not None:
            yield ("org",), "only influxdb2 has organizations"
        if self.kind in _WITH_TOKEN:
            if self.username is not None or self.password is not None:
                key = "username" if self.username is not None else "password"
                yield (key,), f"{self.kind} lets in whoever has a token: write it as token"
        elif self.token is not None:
            yield ("token",), f"{self.kind} knows username and password instead"
        if self.kind == "influxdb2" and self.token is None:
            yield ("token",), MISSING
        if self.layout == "reuiller" and self.kind == "victoriametrics":
            yield ("layout",), "this layout has texts, which VictoriaMetrics would store as 0"


def influxdb_fits(influxdb: InfluxdbConfig, meters: int) -> InfluxdbConfig:
    """Refuse points that two meters would share; raises what a validator raises."""
    told = _METER in influxdb.host or _METER in influxdb.region
    if influxdb.layout == "reuiller" and meters > 1 and not told:
        raise refusal(
            {
                ("region",): "the layout reuiller does not tell one meter from another: put "
                f"{_METER} into region or host"
            }
        )
    return influxdb
