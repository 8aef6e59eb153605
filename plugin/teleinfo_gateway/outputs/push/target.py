"""One request for each reading, one after the other."""

from __future__ import annotations

import ipaddress
import json
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

_PASSED_OVER = 1000  # rows of a batch that are too old but for the last: live ones wait for them
_REMEMBERED = 1000  # readings; more do not come again when one of them fails

_HAS_IT = 409
"""Conflict: what servers say to an ``Idempotency-Key``, or a meter and time, that they know."""
_NEVER = {400, 410, 413, 414, 422, 431}
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
    """Rows between two notes of how far it is: as many may come twice. A second's work, or one of
    passing over rows where only what is new is sent."""

    def __init__(self, config: PushConfig) -> None:
        self._config = config
        self._form: Form = form_of(config)
        if not self._form.catch_up:
            self.batch = _PASSED_OVER
        self._server = HttpServer(
            self._form.server,
            refused="check the secret and the headers of this push",
            absent="is the path of its url right?",
            patient=True,
        )
        self._taken: dict[_Key, None] = {}  # the last ones, in order
        self._told: set[str] = set()  # names that were missing; as many as there are placeholders
        self._had_some = False
        self._warn_of_readers()

    @property
    def address(self) -> str:
        """The server, without the path, in which a secret may be."""
        return self._form.server

    def send(self, rows: Sequence[Row]) -> int:
        """Return when all were taken, and how many that is.

        Raises :class:`TargetError` and :class:`RefusedError`.
        """
        taken = 0
        for row in rows:
            key = row.seq, row.ts, row.adco
            if row.kind != "reading" or not self._is_wanted(row):
                continue
            if key not in self._taken:
                if not self._push(row):
                    continue
                self._taken[key] = None
                if len(self._taken) > _REMEMBERED:
                    del self._taken[next(iter(self._taken))]
            taken += 1
        return taken

    def close(self) -> None:
        """Give up the connection."""
        self._server.close()

    def _is_wanted(self, row: Row) -> bool:
        return self._form.catch_up or time.time() - row.ts < _NEW_S

    def _push(self, row: Row) -> bool:
        """Send a reading; ``False`` if it lacks something that the request needs."""
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
            return False
        try:
            answer = self._server.request(self._form.method, target, body=body, headers=headers)
        except HttpError as error:
            if error.status == _HAS_IT:
                self._note_known(shown(_without(secret, error.answer)))
                return True
            if error.status in _NEVER:
                said = shown(_without(secret, error.answer)) or "without a reason"
                raise RefusedError(
                    f"{self.address} refuses it (HTTP {error.status}): {said}"
                ) from None
            raise TargetError(str(error), after_s=error.after_s) from None
        if self._form.check is not None:
            self._form.check(_without(secret, answer))
        time.sleep(_PAUSE_S)
        return True

    def _note_known(self, said: str) -> None:
        """Say once that the server has a reading already: after a crash some come twice."""
        if not self._had_some:
            self._had_some = True
            log.warning(
                "push-%s: a reading is there already (HTTP 409): %s", self._config.name, said
            )

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


def _without(secret: str, answer: bytes) -> str:
    """What is said in an answer, which may repeat the secret as it was sent or as JSON has it."""
    text = answer.decode("utf-8", "replace")
    for told in filter(None, (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])):
        text = text.replace(told, "***")
    return text
