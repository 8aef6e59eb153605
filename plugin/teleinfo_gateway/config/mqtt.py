"""The section ``mqtt`` of the configuration."""

import re
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from teleinfo_gateway.config.settings import Settings, both_or_none, refusal

__all__ = ["FormatsConfig", "HomeAssistantConfig", "MqttConfig", "MqttTlsConfig"]

_TOPIC = re.compile(r"(?!\$)(?:[^\s+#\0{}]|\{name\}|\{adco\})+")
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

USUAL_TOPICS = {
    "native": "teleinfo",
    "teleinfo2mqtt": "teleinfo",
    "edgd1er": "linky",
    "jeedom": "teleinfo/jeedom/{adco}",
    "tasmota": "tele/{name}/SENSOR",
    "zigbee2mqtt": "zigbee2mqtt/{name}",
    "teleinfod": "teleinfo",
    "teleinfod_historique": "teleinfo/historique",
}
"""What the users of a format expect."""

_OF_SEVERAL_METERS = {"native", "teleinfo2mqtt"}
"""The formats that put the meter's address behind their topic."""

_APART = (
    {"native", "teleinfo2mqtt"},
    {"edgd1er", "jeedom", "tasmota", "zigbee2mqtt"},
    {"teleinfod", "teleinfod_historique"},
)
"""The formats that would write the same topics if theirs were the same."""


def _format_field(usual: str | None = None) -> str | None:
    field: str | None = Field(
        default=usual,
        description="true, false, or a topic such as home/meter",
    )
    return field


class MqttTlsConfig(Settings):
    """The files of TLS, in PEM; nothing is opened here."""

    ca: str | None = Field(
        default=None,
        description="the whole path of a PEM file, such as /etc/teleinfo/broker-ca.crt",
    )
    certificate: str | None = Field(
        default=None, description="the whole path of a PEM file, such as /etc/teleinfo/mqtt.crt"
    )
    key: str | None = Field(
        default=None,
        description="the whole path of a PEM file, such as /etc/teleinfo/mqtt.key",
    )
    server_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="the name in the broker's certificate, such as broker.home",
    )

    @field_validator("ca", "certificate", "key")
    @classmethod
    def _whole(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith("/"):
            raise ValueError("the path of a file is written whole, from its first /")
        return path

    @model_validator(mode="after")
    def _of_certificate(self) -> Self:
        both_or_none(self, "certificate", "key")
        return self


class FormatsConfig(Settings):
    """Where each format is published; ``None`` is not at all.

    ``{name}`` stands for the name of a meter, ``{adco}`` for its address.
    """

    native: str | None = _format_field(USUAL_TOPICS["native"])
    teleinfo2mqtt: str | None = _format_field()
    edgd1er: str | None = _format_field()
    jeedom: str | None = _format_field()
    tasmota: str | None = _format_field()
    zigbee2mqtt: str | None = _format_field()
    teleinfod: str | None = _format_field()
    teleinfod_historique: str | None = _format_field()

    @field_validator("*", mode="before")
    @classmethod
    def _switched(cls, topic: object, info: ValidationInfo) -> object:
        if topic is True:
            return USUAL_TOPICS[str(info.field_name)]
        return None if topic is False else topic

    @field_validator("*")
    @classmethod
    def _one_topic(cls, topic: str | None, info: ValidationInfo) -> str | None:
        if topic is None:
            return None
        if not _TOPIC.fullmatch(topic) or len(topic) > 128:
            raise ValueError("a topic has no space, + or #, and begins with no $")
        if topic.endswith("/") or "//" in topic:
            raise ValueError("a word follows each / of a topic")
        if info.field_name in _OF_SEVERAL_METERS and "{" in topic:
            raise ValueError("the meter's address follows by itself")
        rivals = {name for names in _APART if info.field_name in names for name in names}
        for name, other in info.data.items():  # those before this one
            if other == topic and name in rivals:
                raise ValueError(f"{name} has this topic, and both would write there")
        return topic

    def shared(self) -> list[str]:
        """The formats whose topic is the same for every meter."""
        return [
            name
            for name, topic in self
            if topic and name not in _OF_SEVERAL_METERS and "{" not in topic
        ]


class HomeAssistantConfig(Settings):
    """How meters are announced to Home Assistant, and to Domoticz, which reads the same."""

    discovery: Literal["entity", "device"] = Field(default="entity", description="entity or device")
    prefix: str = Field(
        default="homeassistant",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        max_length=64,
        description="the discovery prefix of Home Assistant, homeassistant unless changed there",
    )
    language: Literal["fr", "en"] = Field(default="fr", description="fr or en")


class MqttConfig(Settings):
    """Which broker is told, and in which words; ``password`` may be a reference."""

    url: str = Field(
        default="mqtt://localhost",
        description="mqtt://host or mqtts://host (with TLS), with :port if it is not the usual one",
    )
    username: str | None = Field(
        default=None, min_length=1, max_length=128, description="the name the broker knows us by"
    )
    password: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="a password, or a reference such as file:/etc/teleinfo/mqtt.password",
    )
    tls: MqttTlsConfig | None = Field(
        default=None,
        validate_default=True,
        description="the keys ca, certificate, key and server_name, each if needed",
    )
    protocol: Literal["auto", 5, "3.1.1"] = Field(default="auto", description="auto, 5 or 3.1.1")
    client_id: str = Field(
        default="auto",
        pattern=r"^[0-9A-Za-z_.-]{1,64}$",
        description="auto, or 1 to 64 letters, digits, _, . and -",
    )
    privacy: Literal["none", "alias"] = Field(default="none", description="none or alias")
    control: Literal["auto", True, False] = Field(default="auto", description="auto, true or false")
    max_interval: int = Field(default=60, ge=1, le=3600, description="whole seconds from 1 to 3600")
    min_interval: int = Field(
        default=0, ge=0, le=3600, description="whole seconds from 0 (each change at once) to 3600"
    )
    formats: FormatsConfig = Field(
        default=FormatsConfig(), description=f"the keys {', '.join(FormatsConfig.model_fields)}"
    )
    homeassistant: HomeAssistantConfig | None = Field(
        default=HomeAssistantConfig(),
        description="the keys discovery, prefix and language, or false to announce nothing",
    )

    @field_validator("url")
    @classmethod
    def _a_broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it begins with mqtt:// or mqtts:// and names a host")
        if parts.username is not None:
            raise ValueError("user and password have keys of their own: username and password")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("nothing follows the host and the port")
        if not _has_port(parts):
            raise ValueError("a port from 1 to 65535 is needed")
        return url

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if self.password is not None:
            both_or_none(self, "username", "password")
        return self

    @field_validator("tls")
    @classmethod
    def _encrypted(cls, tls: MqttTlsConfig | None, info: ValidationInfo) -> MqttTlsConfig | None:
        if tls is not None and not info.data.get("url", "mqtts:").startswith("mqtts:"):
            raise ValueError("the url begins with mqtts:// then")
        return tls

    @field_validator("min_interval")
    @classmethod
    def _below(cls, min_interval: int, info: ValidationInfo) -> int:
        if min_interval > info.data.get("max_interval", min_interval):
            raise ValueError("max_interval is shorter")
        return min_interval

    @field_validator("homeassistant", mode="before")
    @classmethod
    def _switched(cls, section: object) -> object:
        return (
            {True: {}, False: None}.get(section, section) if isinstance(section, bool) else section
        )

    @field_validator("homeassistant")
    @classmethod
    def _on_native(
        cls, section: HomeAssistantConfig | None, info: ValidationInfo
    ) -> HomeAssistantConfig | None:
        """Called for what is written only: by default, nothing is announced without native."""
        formats = info.data.get("formats")
        if section is not None and formats is not None and formats.native is None:
            raise ValueError("what is announced are the topics of formats.native, which is off")
        return section

    @property
    def host(self) -> str:
        """The broker's host."""
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        """The broker's TCP port."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("mqtts:")

    @property
    def announced(self) -> HomeAssistantConfig | None:
        """How meters are announced, if they are."""
        return None if self.formats.native is None else self.homeassistant

    @property
    def takes_commands(self) -> bool:
        """Whether readers may be stopped and started by messages.

        By default only where not everybody on the network may publish: the broker knows us by a
        password or a certificate, or it is that of this machine.
        """
        if self.control != "auto":
            return self.control
        known = self.password is not None or (self.tls is not None and self.tls.key is not None)
        return known or self.host in _LOOPBACK


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def shared_topics(formats: FormatsConfig, meters: int) -> None:
    """Refuse a topic that two meters would share; raises what a validator raises."""
    if meters > 1 and (names := formats.shared()):
        raise refusal(
            {
                ("formats", name): "several meters would share it: put {name} or {adco} into it"
                for name in names
            }
        )
