"""What the commands that talk to a running gateway share: its address, requests, faults."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import click
from pydantic import TypeAdapter, ValidationError

from teleinfo_gateway.cli._common import print_faults
from teleinfo_gateway.config import WebConfig, find_config, load_config
from teleinfo_gateway.errors import ConfigError, GatewayError
from teleinfo_gateway.web.records import Failure, MeterStatus

__all__ = ["ControlError", "RunningGateway", "printable", "running_gateway", "url_option"]

_TIMEOUT_S = 5.0
_MAX_ANSWER = 8 << 20
"""Bytes; thousands of meters fit. What is longer does not come from a gateway."""

_T = TypeVar("_T")


class ControlError(click.ClickException, GatewayError):
    """A running gateway could not be asked, or refused; click prints it and exits with 1."""


class RunningGateway:
    """The HTTP API of a gateway that runs; every method may raise :class:`ControlError`."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

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
        connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read(_MAX_ANSWER)
        except TimeoutError:
            raise ControlError(
                f"the gateway at {self._url} did not answer within {_TIMEOUT_S:.0f} s: "
                f"look at its log, and restart it if it hangs"
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


def _gateway_at(
    _context: click.Context, _parameter: click.Parameter, url: str | None
) -> RunningGateway | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if not host or parts.scheme != "http" or parts.path.strip("/") or parts.query:
        raise click.BadParameter("an address is written http://HOST:PORT, nothing after it")
    return RunningGateway(host, port)


url_option = click.option(
    "--url",
    "gateway",
    callback=_gateway_at,
    metavar="URL",
    help="Where the gateway answers, such as http://127.0.0.1:8181; "
    "without it, web.listen of the configuration.",
)


def running_gateway(config: Path | None) -> RunningGateway:
    """The gateway of a configuration, or of the default one.

    Exits with 2 if the configuration has faults; raises :class:`ControlError` if it switches the
    HTTP API off.
    """
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
    return RunningGateway(web.host, web.port)


def printable(text: str, limit: int = 200) -> str:
    """Text from the other side, safe to print and at most ``limit`` characters."""
    return "".join(char if char.isprintable() else "?" for char in text[:limit])
