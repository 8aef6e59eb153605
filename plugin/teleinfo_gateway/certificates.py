"""Certificates and keys by files, in PEM, for both ends of TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from teleinfo_gateway.errors import GatewayError

__all__ = ["CertificateError", "load_authority", "load_pair"]

_HEADS = {"certificate": "-----BEGIN CERTIFICATE-----", "key": "PRIVATE KEY-----"}
_MAX_BYTES = 1 << 20  # a chain has some KiB


class CertificateError(GatewayError):
    """A certificate or its key cannot be used; the text says which, why and what to do."""


def load_pair(context: ssl.SSLContext, certificate: str, key: str, section: str) -> None:
    """Show a certificate to the other side; ``section`` is where the two files are configured.

    Raises :class:`CertificateError`.
    """
    _look(certificate, "certificate", f"{section}.certificate")
    if "ENCRYPTED" in _look(key, "key", f"{section}.key"):
        raise CertificateError(
            f"{section}.key: the key in {key} has a passphrase, which nobody could type: "
            f"take it away with: openssl pkey -in {key} -out NEW"
        )
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(
                f"{section}: the key in {key} is not that of the certificate in "
                f"{certificate}: name the two that were made together"
            ) from error
        raise CertificateError(
            f"{section}: the certificate in {certificate} or the key in {key} is "
            f"damaged or of a kind that cannot be used ({error.reason or error}): make them anew"
        ) from error


def load_authority(context: ssl.SSLContext, path: str, setting: str) -> None:
    """Trust what the authority in a file has signed. Raises :class:`CertificateError`."""
    text = _look(path, "certificate", setting)
    try:
        context.load_verify_locations(cadata=text)
    except ssl.SSLError as error:
        raise CertificateError(
            f"{setting}: the certificate in {path} is damaged ({error.reason or error}): "
            "copy it anew"
        ) from error


def _look(path: str, what: str, setting: str) -> str:
    """The text of a file that is what it should be, as far as its first line tells."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_BYTES).decode("ascii", "replace")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "no file can have this name"
        raise CertificateError(f"{setting}: {path} cannot be read: {reason}") from error
    if _HEADS[what] not in text:
        raise CertificateError(
            f"{setting}: {path} holds no {what} in PEM (a line {_HEADS[what]!r})"
        )
    return text
