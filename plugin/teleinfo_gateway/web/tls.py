"""TLS by files: a certificate and its key, in PEM."""

from __future__ import annotations

import ssl
from pathlib import Path

from teleinfo_gateway.config import TlsConfig
from teleinfo_gateway.errors import GatewayError

__all__ = ["CertificateError", "load", "tls_context"]

_HEADS = {"certificate": "-----BEGIN CERTIFICATE-----", "key": "PRIVATE KEY-----"}
_MAX_BYTES = 1 << 20  # a chain has some KiB


class CertificateError(GatewayError):
    """The certificate or its key cannot be used; the text says which, why and what to do."""


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """TLS 1.2 or newer, with the files of the configuration. Raises :class:`CertificateError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, config)
    return context


def load(context: ssl.SSLContext, config: TlsConfig) -> None:
    """Have new connections use what the files hold now.

    Raises :class:`CertificateError`: then they go on with what they had.
    """
    tls_context(config)  # half of a pair must not get in
    _load(context, config)


def _load(context: ssl.SSLContext, config: TlsConfig) -> None:
    _look(config.certificate, "certificate")
    if "ENCRYPTED" in _look(config.key, "key"):
        raise CertificateError(
            f"web.tls.key: the key in {config.key} has a passphrase, which nobody could type: "
            f"take it away with: openssl pkey -in {config.key} -out NEW"
        )
    try:
        context.load_cert_chain(config.certificate, config.key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(
                f"web.tls: the key in {config.key} is not that of the certificate in "
                f"{config.certificate}: name the two that were made together"
            ) from error
        raise CertificateError(
            f"web.tls: the certificate in {config.certificate} or the key in {config.key} is "
            f"damaged or of a kind that cannot be used ({error.reason or error}): make them anew"
        ) from error


def _look(path: str, what: str) -> str:
    """The text of a file that is what it should be, as far as its first line tells."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_BYTES).decode("ascii", "replace")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise CertificateError(f"web.tls.{what}: {path} cannot be read: {reason}") from error
    if _HEADS[what] not in text:
        raise CertificateError(
            f"web.tls.{what}: {path} holds no {what} in PEM (a line {_HEADS[what]!r})"
        )
    return text
