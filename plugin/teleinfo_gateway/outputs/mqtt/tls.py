"""What the connection to a broker is encrypted by."""

from __future__ import annotations

import socket
import ssl

from teleinfo_gateway.certificates import load_authority, load_pair
from teleinfo_gateway.config.mqtt import MqttTlsConfig

__all__ = ["broker_tls"]

_SECTION = "mqtt.tls"


class _Named(ssl.SSLContext):
    """Asks for a host by another name than the one it is reached by, and closes what fails."""

    server_name: str | None = None

    def wrap_socket(  # those of the class above
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """As the class above does it, and with the handshake, whoever wants it later."""
        wrapped = super().wrap_socket(
            sock,
            server_side,
            do_handshake_on_connect,
            suppress_ragged_eofs,
            self.server_name or server_hostname,
            session,
        )
        try:
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


def broker_tls(config: MqttTlsConfig | None) -> ssl.SSLContext:
    """The context of a client: the broker's certificate and its name are always verified.

    Without an authority of its own, those of the system count. Raises CertificateError.
    """
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config is None or config.ca is None:
        context.load_default_certs()
    if config is not None:
        context.server_name = config.server_name
        if config.ca is not None:
            load_authority(context, config.ca, f"{_SECTION}.ca")
        if config.certificate is not None and config.key is not None:
            load_pair(context, config.certificate, config.key, _SECTION)
    return context
