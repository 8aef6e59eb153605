"""TLS by files: a certificate and its key, in PEM."""

from __future__ import annotations

import ssl

from teleinfo_gateway.certificates import load_pair
from teleinfo_gateway.config import TlsConfig

__all__ = ["load", "tls_context"]

_SECTION = "web.tls"


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """TLS 1.2 or newer, with the files of the configuration. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_pair(context, config.certificate, config.key, _SECTION)
    return context


def load(context: ssl.SSLContext, config: TlsConfig) -> None:
    """Have new connections use what the files hold now.

    Raises CertificateError: then they go on with what they had.
    """
    tls_context(config)  # half of a pair must not get in
    load_pair(context, config.certificate, config.key, _SECTION)
