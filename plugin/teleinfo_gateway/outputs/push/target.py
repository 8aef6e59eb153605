"""One request for each reading, one after the other."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.forwarding import RefusedError, Row, TargetError
from teleinfo_gateway.http_client import HttpError, HttpServer, shown
from teleinfo_gateway.outputs.push.forms import Form, form_of
from teleinfo_gateway.outputs.push.values import values_of
from teleinfo_gateway.push_template import (
    Missing,
    Value,
    in_json,
    in_text,
    in_url,
    names_in,
)
from teleinfo_gateway.secret import resolve

__all__ = ["PushTarget"]

log = logging.getLogger(__name__)

_PAUSE_S = 0.05  # between two requests: 20 a second at most, a day of one meter in 72 s
_NEW_S = 300.0
"""What is older is not new to a server that has no other time than its own. The history hands over
what a meter says within two minutes."""

_REMEMBERED = 1000  # readings; more do not come again when one of them fails

_NEVER = {400, 409, 410, 413, 414, 422, 431}
_CONTENT = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}

_Key = tuple[int, int, str]
"""What tells a reading from all others: a history that takes the place of another begins with the
same numbers."""


class PushTarget:
    """Sends readings in order; other rows are passed over.

    A server cannot know a reading again that it has already. So what was taken is not sent again
    when another one fails; only after the end of the program what was on its way may come twice,
    with the same ``Idempotency-Key``.
    """

    in_order = True
    batch = 20
    """Rows between two notes of how far it is: as many may come twice. A second's work."""

    def __init__(self, config: PushConfig) -> None:
        self._config = config
        self._form: Form = form_of(config)
        self._server = HttpServer(
            self._form.server,
            refused="check the secret and the headers of this push",
            absent="is the path of its url right?",
        )
        self._taken: dict[_Key, None] = {}  # the last ones, in order
        self._told: set[str] = set()  # names that were missing; as many as there are placeholders
        self._warn_of_readers()

    @property
    def address(self) -> str:
        """The server, without the path, in which a secret may be."""
        return self._form.server

    def send(self, rows: Sequence[Row]) -> None:
        """Return when all were taken; raises :class:`TargetError`, :class:`RefusedError`."""
        for row in rows:
            key = row.seq, row.ts, row.adco
            if row.kind != "reading" or not self._is_wanted(row) or key in self._taken:
                continue
            self._push(row)
            self._taken[key] = None
            if len(self._taken) > _REMEMBERED:
                del self._taken[next(iter(self._taken))]

    def close(self) -> None:
        """Give up the connection."""
        self._server.close()

    def _is_wanted(self, row: Row) -> bool:
        return self._form.catch_up or time.time() - row.ts < _NEW_S

    def _push(self, row: Row) -> None:
        secret = "" if self._config.secret is None else resolve(self._config.secret)
        try:
            target, body, headers = self._request(row, values_of(row, secret))
        except Missing as missing:
            if missing.name not in self._told:
                self._told.add(missing.name)
                log.warning(
                    "push-%s: readings without %s are not sent ({%s?} lets them pass)",
                    *(self._config.name, missing.name, missing.name),
                )
            return
        try:
            answer = self._server.request(self._form.method, target, body=body, headers=headers)
        except HttpError as error:
            if error.status in _NEVER:
                raise RefusedError(
                    f"{self.address} refuses it (HTTP {error.status}): "
                    f"{_shown(error.answer, secret) or 'without a reason'}"
                ) from None
            raise TargetError(str(error), after_s=error.after_s) from None
        if self._form.check is not None:
            self._form.check(answer)
        time.sleep(_PAUSE_S)

    def _request(
        self, row: Row, values: dict[str, Value]
    ) -> tuple[str, bytes | None, dict[str, str]]:
        """Path and query, body and headers for a reading. Raises :class:`Missing`."""
        form = self._form
        headers = {name: in_text(text, values) for name, text in form.headers.items()}
        headers["Idempotency-Key"] = f"{row.adco}-{row.ts}-{row.seq}"
        for name, text in headers.items():
            if not (text.isascii() and text.isprintable()):
                raise TargetError(f"the header {name} would have characters that HTTP cannot carry")
        body = None
        if form.body is not None:
            fill = {"json": in_json, "form": in_url, "text": in_text}[form.format]
            body = fill(form.body, values).encode()
            if not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = _CONTENT[form.format]
        return in_url(form.target, values), body, headers

    def _warn_of_readers(self) -> None:
        parts = urlsplit(self._form.server)
        in_the_open = parts.scheme == "http" and not _is_here(parts.hostname or "")
        if in_the_open and "secret" in names_in(self._form.target):
            log.warning(
                "push-%s: the secret stands in the URL, and http:// shows it to everybody on the "
                "way to %s: use https://, or a secret that opens nothing else",
                *(self._config.name, parts.hostname),
            )


def _is_here(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(answer: bytes, secret: str) -> str:
    """What is said in an answer, unless it repeats the secret."""
    text = answer.decode("utf-8", "replace")
    if secret and (secret in text or quote(secret, safe="") in text):
        return "(its answer holds the secret)"
    return shown(text)
