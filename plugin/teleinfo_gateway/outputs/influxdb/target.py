"""Rows as points, to whatever takes InfluxDB's line protocol over HTTP.

Sources: InfluxDB 1.8, 2.7 and 3 documentation, "Write data" of each HTTP API; VictoriaMetrics
documentation, "How to send data in InfluxDB line protocol".
"""

from __future__ import annotations

import gzip
import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from itertools import chain
from urllib.parse import urlencode

from teleinfo_gateway.config.influxdb import InfluxdbConfig
from teleinfo_gateway.forwarding import RefusedError, Row, TargetError
from teleinfo_gateway.http_client import HttpError, HttpServer, shown
from teleinfo_gateway.outputs.influxdb.line_protocol import encode
from teleinfo_gateway.outputs.influxdb.native import Native, NumbersOnly
from teleinfo_gateway.outputs.influxdb.reuiller import Reuiller
from teleinfo_gateway.secret import resolve

__all__ = ["InfluxdbTarget"]

log = logging.getLogger(__name__)

_NEVER = {400, 413, 422}
"""What another try does not change: the points are wrong, too many, or of another type."""

_TOO_OLD = b"retention policy"
"""In what InfluxDB says when it has stored all that is not older than what its database keeps."""

_LOGIN = (
    "check influxdb.username and influxdb.password; the user must have the right to write into the "
    "database"
)
_REFUSED = {
    "influxdb1": _LOGIN,
    "victoriametrics": _LOGIN,
    "influxdb2": "check influxdb.token: it must have the right to write into the bucket",
    "influxdb3": "check influxdb.token: it must have the right to write into the database",
}


class InfluxdbTarget:
    """Writes points, all of some rows in one request.

    A row that comes twice becomes the same points, which InfluxDB stores once.
    """

    in_order = False

    def __init__(self, config: InfluxdbConfig) -> None:
        self._config = config
        self._layout = _layout(config)
        self._has_let_go = False
        self._server = HttpServer(
            config.url,
            refused=_REFUSED[config.kind],
            absent=f"has it {_place(config)}, and is this its address?",
            patient=True,
        )

    @property
    def address(self) -> str:
        """The URL, and where the points are kept there."""
        return f"{self._config.url} ({_place(self._config)})"

    def send(self, rows: Sequence[Row]) -> int:
        """Return when the points are stored, and of how many rows there are some.

        Raises :class:`TargetError` and :class:`RefusedError`.
        """
        points = [list(self._layout.points(row)) for row in rows]
        lines = encode(chain.from_iterable(points))
        if not lines:
            return 0
        try:
            self._write(lines)
        except HttpError as error:
            if error.status in _NEVER and _TOO_OLD in error.answer:
                self._let_go(_reason(error))
                return 0
            if error.status in _NEVER:
                raise RefusedError(
                    f"{self._config.url} refuses points (HTTP {error.status}): {_reason(error)}"
                ) from None
            raise TargetError(_told(error), after_s=error.after_s) from None
        return sum(any(point.fields for point in of_row) for of_row in points)

    def close(self) -> None:
        """Give up the connection."""
        self._server.close()

    def _let_go(self, said: str) -> None:
        """Say once that points are older than what the database keeps: it has no use for them."""
        if not self._has_let_go:
            self._has_let_go = True
            log.warning("influxdb: the %s keeps no points so old: %s", _place(self._config), said)

    def _write(self, points: bytes) -> None:
        """Write, at the first time into a database that may have to be made."""
        try:
            self._post(_write_path(self._config), gzip.compress(points, 6), "gzip")
        except HttpError as error:
            if error.status != 404 or self._config.kind != "influxdb1":
                raise
            self._create_database()
            self._post(_write_path(self._config), gzip.compress(points, 6), "gzip")

    def _create_database(self) -> None:
        statement = f'CREATE DATABASE "{self._config.database}"'
        wanted = f"{self._config.url} has no {_place(self._config)}"
        try:
            answer = self._post("/query", urlencode({"q": statement}).encode())
        except HttpError as error:
            if error.status in {401, 403}:
                raise TargetError(
                    f"{wanted}, and this user may not make it (HTTP {error.status}): let an "
                    f"administrator run: {statement}"
                ) from None
            raise
        if b'"error"' in answer:
            raise TargetError(f"{wanted}, and does not make it: {_words(answer)}")
        log.info("influxdb: made the %s on %s", _place(self._config), self._config.url)

    def _post(self, path: str, body: bytes, encoding: str = "") -> bytes:
        headers = {
            "Content-Type": "text/plain; charset=utf-8"
            if encoding
            else "application/x-www-form-urlencoded",
            **({"Content-Encoding": encoding} if encoding else {}),
            **_authorization(self._config),
        }
        return self._server.request("POST", path, body=body, headers=headers)


def _layout(config: InfluxdbConfig) -> Native | Reuiller:
    if config.layout == "reuiller":
        return Reuiller(config.host, config.region, tempo_as_int=config.tempo_as_int)
    return (NumbersOnly if config.kind == "victoriametrics" else Native)(config.privacy)


def _place(config: InfluxdbConfig) -> str:
    return f"{'bucket' if config.kind == 'influxdb2' else 'database'} {config.database}"


def _write_path(config: InfluxdbConfig) -> str:
    """Path and query of a write; no secret is in them."""
    match config.kind:
        case "influxdb2":
            query = {"org": config.org or "", "bucket": config.database, "precision": "ns"}
            return f"/api/v2/write?{urlencode(query)}"
        case "influxdb3":
            query = {"db": config.database, "precision": "nanosecond"}
            return f"/api/v3/write_lp?{urlencode(query)}"
        case _:
            query = {"db": config.database, "precision": "ns"}
            return f"/write?{urlencode(query)}"


def _authorization(config: InfluxdbConfig) -> dict[str, str]:
    """Read when it is used, so that a file that was corrected is noticed."""
    if config.token is not None:
        scheme = "Token" if config.kind == "influxdb2" else "Bearer"
        return {"Authorization": f"{scheme} {resolve(config.token)}"}
    if config.username is not None and config.password is not None:
        login = f"{config.username}:{resolve(config.password)}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
    return {}


def _told(error: HttpError) -> str:
    """What went wrong, with what the server says of it."""
    return f"{error} ({_words(error.answer)})" if error.answer else str(error)


def _reason(error: HttpError) -> str:
    return _words(error.answer) or "without a reason"


def _words(answer: bytes) -> str:
    """What is said in an answer, fit for a log."""
    text = answer.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        text = str(found.get("error") or found.get("message") or text)
    return shown(text)
