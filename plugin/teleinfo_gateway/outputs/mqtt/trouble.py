"""Why there is no connection to a broker, and what to do about it, in words. Pure."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.errors import GatewayError

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

__all__ = ["BrokerError", "end_of", "judge", "twin", "unreachable"]

_ENDS = {
    "Unspecified error": "it was closed at the other end",
    "Keep alive timeout": "the broker does not answer any more",
}
"""What paho and MQTT 5 call the usual ends of a connection."""


class BrokerError(GatewayError):
    """There is no connection; the text says why and what to do.

    ``other_protocol`` says that the broker may speak the other version of MQTT.
    """

    def __init__(self, text: str, *, other_protocol: bool = False) -> None:
        super().__init__(text)
        self.other_protocol = other_protocol


def unreachable(config: MqttConfig, error: OSError | UnicodeError) -> BrokerError:
    """What opening a connection has failed of."""
    broker = f"{config.host}:{config.port}"
    match error:
        case ssl.SSLCertVerificationError():
            text = (
                f"shows a certificate that is not trusted: {error.verify_message}. "
                "mqtt.tls.ca names the authority that signed it, mqtt.tls.server_name its name"
            )
        case ssl.SSLError():
            text = (
                f"cannot be spoken to by TLS: {error.reason or error}. Is this its port for TLS, "
                "and does it want mqtt.tls.certificate?"
            )
        case TimeoutError():
            text = "does not answer: is it a broker, and is it on?"
        case ConnectionRefusedError():
            text = (
                "cannot be reached: nothing listens there: is the broker running, and is this its "
                "port?"
            )
        case socket.gaierror() | UnicodeError():
            text = "cannot be reached: no machine has this name: look at mqtt.url"
        case _:
            text = f"cannot be reached: {error.strerror or error}"
    return BrokerError(f"{broker} {text}")


def judge(config: MqttConfig, answer: ReasonCode | None) -> None:
    """Raise :class:`BrokerError` unless the broker lets us in; ``None`` is no answer at all."""
    broker = f"{config.host}:{config.port}"
    if answer is None:
        hint = "is this its port without TLS?"
        if config.has_tls:
            hint = "is this its port for TLS, and does it want mqtt.tls.certificate?"
        raise BrokerError(
            f"{broker} closed the connection at once: is it a broker, and {hint}",
            other_protocol=True,
        )
    if not answer.is_failure:
        return
    match answer.getName():
        case "Bad user name or password" | "Not authorized":
            who = config.username
            user = "us without a user name" if who is None else f"the user {who!r}"
            raise BrokerError(
                f"{broker} does not let {user} in: set mqtt.username and mqtt.password to what "
                "the broker knows"
            )
        case "Unsupported protocol version":
            raise BrokerError(
                f"{broker} does not speak this version of MQTT: set mqtt.protocol to auto",
                other_protocol=True,
            )
        case name:
            raise BrokerError(f"{broker} refuses the connection: {name}")


def end_of(name: str, client_id: str) -> str:
    """The end of a connection in words, by the name that paho or MQTT 5 gives its reason."""
    return twin(client_id) if name == "Session taken over" else _ENDS.get(name, name)


def twin(client_id: str) -> str:
    """Who has taken our place; brokers of MQTT 3.1.1 and some of MQTT 5 do not tell."""
    return (
        f"another program calls itself {client_id!r} there, too: give this one a name of its own "
        "with mqtt.client_id"
    )
