"""What the commands that talk to a running gateway share: its address, requests, faults."""

from __future__ import annotations

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import click
from click.core import ParameterSource
from pydantic import TypeAdapter, ValidationError

from teleinfo_gateway.cli._common import print_faults
from teleinfo_gateway.config import TlsConfig, WebConfig, find_config, load_config
from teleinfo_gateway.errors import ConfigError, GatewayError
from teleinfo_gateway.secret import SecretError, is_reference, resolve
from teleinfo_gateway.web.records import Failure, MeterStatus

__all__ = [
    "Address",
    "ControlError",
    "RunningGateway",
    "gateway_of",
    "printable",
    "running_gateway",
    "token_option",
    "url_option",
]

_TIMEOUT_S = 5.0
_MAX_ANSWER = 8 << 20
"""Bytes; thousands of meters fit. What is longer does not come from a gateway."""

_PORTS = {"http": 80, "https": 443}

_T = TypeVar("_T")


class Address(NamedTuple):
    """Where a gateway answers, and which certificates are trusted if it is HTTPS."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class ControlError(click.ClickException, GatewayError):
    """A running gateway could not be asked, or refused; click prints it and exits with 1."""


class RunningGateway:
    """The HTTP API of a gateway that runs; every method may raise :class:`ControlError`.

    ``tls`` says which certificates are trusted, if it is asked by HTTPS.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        token: str | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._token = token
        shown = f"[{host}]" if ":" in host else host
        self._url = f"http{'s' if tls else ''}://{shown}:{port}"

    def get(self, path: str, answer: type[_T]) -> _T:
        """What ``path`` says, as a record or a list of records."""
        return self._request("GET", path, answer)

    def order(self, meter: str, action: str) -> MeterStatus:
        """Have a meter do ``start`` or ``stop``."""
        return self._request("POST", f"/api/meters/{quote(meter, safe='')}/{action}", MeterStatus)

    def _request(self, method: str, path: str, answer: type[_T]) -> _T:
        status, body = self._exchange(method, path)
        try:
            if status == 200:
                return TypeAdapter(answer).validate_json(body)
            error = TypeAdapter(Failure).validate_json(body).error
        except ValidationError:
            raise ControlError(
                f"what answers at {self._url} is not a teleinfo gateway, or one of another "
                f"version. Is web.listen of the configuration right? (--url names another address)"
            ) from None
        raise ControlError(printable(error, 2000))

    def _exchange(self, method: str, path: str) -> tuple[int, bytes]:
        connection = (
            HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
            if self._tls is None
            else HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_S, context=self._tls)
        )
        headers = {"Authorization": f"Bearer {self._token}".encode()} if self._token else {}
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(_MAX_ANSWER)
        except TimeoutError:
            raise ControlError(
                f"the gateway at {self._url} did not answer within {_TIMEOUT_S:.0f} s: "
                f"look at its log, and restart it if it hangs"
            ) from None
        except ssl.SSLError as error:
            raise ControlError(
                f"the gateway at {self._url} cannot be trusted ({error.reason or error}): its "
                f"certificate is not the one expected, or it does not speak TLS"
            ) from None
        except OSError as error:
            raise ControlError(
                f"no gateway answers at {self._url} ({error.strerror or error}). Start one with "
                f"'teleinfo run', or 'sudo systemctl start teleinfo' where it is installed as a "
                f"service; if one runs, its first log lines say where its HTTP API listens"
            ) from None
        except HTTPException:
            raise ControlError(f"what answers at {self._url} does not speak HTTP") from None
        finally:
            connection.close()


def _address_at(
    _context: click.Context, _parameter: click.Parameter, url: str | None
) -> Address | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _PORTS or parts.path.strip("/") or parts.query:
        raise click.BadParameter("an address is written http://HOST:PORT, nothing after it")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Address(host, port or _PORTS[parts.scheme], tls)


def _token_of(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    typed = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    if typed and not is_reference(text):
        raise click.BadParameter(
            "write where the token is, such as file:/etc/teleinfo/control.token: a token itself "
            "would be seen in the list of processes"
        )
    try:
        token = resolve(text)
    except SecretError as error:
        raise click.BadParameter(str(error)) from None
    if not token.isprintable():
        raise click.BadParameter("a token is one line of plain text, and this is not")
    return token


url_option = click.option(
    "--url",
    callback=_address_at,
    metavar="URL",
    help="Where the gateway answers, such as http://127.0.0.1:8181; "
    "without it, web.listen of the configuration.",
)

token_option = click.option(
    "--token",
    callback=_token_of,
    envvar="TELEINFO_TOKEN",
    metavar="REFERENCE",
    help="Where a token of web.tokens is, such as file:/etc/teleinfo/control.token, if the gateway "
    "has a password; without it, $TELEINFO_TOKEN.",
)


def running_gateway(
    config: Path | None, url: Address | None = None, token: str | None = None
) -> RunningGateway:
    """The gateway at an address, else that of a configuration, else that of the default one.

    Exits with 2 if the configuration has faults; raises :class:`ControlError` if it switches the
    HTTP API off.
    """
    if url is not None:
        return RunningGateway(*url, token)
    path = find_config(config)
    try:
        web = WebConfig() if path is None else load_config(path).web
    except ConfigError as error:
        print_faults(error)
        raise click.exceptions.Exit(2) from None
    if web is None:
        raise ControlError(
            f"the HTTP API is switched off in {path} (web: false), and this command needs it. "
            f"Remove that line and start the gateway again"
        )
    return gateway_of(web, token)


def gateway_of(web: WebConfig, token: str | None = None) -> RunningGateway:
    """The gateway that runs with these settings. Raises :class:`ControlError`."""
    # Whoever listens on every address answers on that of the machine itself.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104  # no listening
    tls = None if web.tls is None else _trusting(web.tls)
    return RunningGateway(host, web.port, tls, token)


def _trusting(tls: TlsConfig) -> ssl.SSLContext:
    """To trust the certificate of a configuration, and no other, whatever name it is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be a root
    try:
        context.load_verify_locations(tls.certificate)
    except OSError as error:
        raise ControlError(
            f"the certificate {tls.certificate} cannot be read ({error.strerror or error}): the "
            f"gateway cannot be recognised without it. (--url names an address)"
        ) from None
    return context


def printable(text: str, limit: int = 200) -> str:
    """Text from the other side, safe to print and at most ``limit`` characters."""
    return "".join(char if char.isprintable() else "?" for char in text[:limit])
