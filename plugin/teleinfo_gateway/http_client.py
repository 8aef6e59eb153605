"""One HTTP server that is told something: faults in words, and secrets in none of them."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from teleinfo_gateway.errors import GatewayError

__all__ = ["HttpError", "HttpServer", "shown"]

_CONNECT_S = 3.0
_READ_S = 5.0  # until an answer begins, between two pieces of it, and for the whole of its body
_PATIENT_S = 30.0  # the same where nothing should be sent again that is only slow to be taken
_ANSWER_BYTES = 4096  # what is said of a value is short; the rest of a page is left unread
_SHOWN = 200  # characters of what a server says
_LONGEST_WAIT_S = 3600.0  # however long a server asks for
_REFUSED = {401, 403}
_LAST_OF_A_HEADER = "\xff"  # headers are Latin-1

# It writes each URL into its debugging log, and a key may be in one.
logging.getLogger("urllib3").setLevel(logging.WARNING)


class HttpError(GatewayError):
    """A request has failed: the text says where, why and what to do, without any secret.

    ``status`` is that of the answer, ``answer`` its beginning, ``after_s`` how long the server
    wants to be left alone; without an answer ``status`` is ``None``.
    """

    def __init__(
        self, text: str, *, status: int | None = None, answer: bytes = b"", after_s: float = 0.0
    ) -> None:
        super().__init__(text)
        self.status = status
        self.answer = answer
        self.after_s = after_s


class HttpServer:
    """Where requests go, one after another, all in one thread at a time.

    ``refused`` says what to do when the server does not let us in, ``absent`` when it has no such
    page. A ``patient`` one waits longer for an answer: what is sent again may count twice.
    """

    def __init__(self, url: str, *, refused: str, absent: str, patient: bool = False) -> None:
        self.url = url
        self._answer_s = _PATIENT_S if patient else _READ_S
        self._advice = {401: refused, 403: refused, 404: absent}
        self._pool = urllib3.connection_from_url(
            url,
            maxsize=1,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=self._answer_s),
        )
        self._folder = urllib3.util.parse_url(url).path or ""

    def request(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The beginning of what is answered to ``target``, a path and query below the URL.

        Blocks for some seconds at most. Raises :class:`HttpError`, also for any status but 2xx.
        """
        for name, value in (headers or {}).items():
            if not value.isprintable() or max(value, default="") > _LAST_OF_A_HEADER:
                raise HttpError(
                    f"{self.url}: what stands in {name} has characters that HTTP cannot carry: "
                    "is the secret whole?"
                )
        try:
            response = self._pool.request(
                method,
                self._folder + target,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            answer = _beginning(response, self._answer_s)
        except HTTPError as error:
            # Without its cause: what it holds of the request is not for others.
            raise HttpError(f"{self.url} {_reason(error, self._answer_s)}") from None
        if not 200 <= response.status < 300:
            raise HttpError(
                f"{self.url} {self._refusal(response.status)}",
                status=response.status,
                answer=answer,
                after_s=_seconds(response.headers.get("Retry-After", "")),
            )
        return answer

    def close(self) -> None:
        """Give up the connection."""
        self._pool.close()

    def _refusal(self, status: int) -> str:
        if 300 <= status < 400:
            return (
                f"leads elsewhere (HTTP {status}): write the address that a browser shows in the "
                "end, perhaps with https://"
            )
        said = "refuses us" if status in _REFUSED else "answers with an error"
        advice = self._advice.get(status, "look into its own log")
        return f"{said} (HTTP {status}): {advice}"


def shown(said: str) -> str:
    """What a server says, fit for a log: on one line, printable, and not long."""
    text = " ".join(said.split())[:_SHOWN]
    return "".join(char if char.isprintable() else "?" for char in text)


def _beginning(response: urllib3.BaseHTTPResponse, answer_s: float) -> bytes:
    """What fits of an answer, if it comes in time."""
    end_s = time.monotonic() + answer_s
    answer = b""
    while len(answer) < _ANSWER_BYTES and time.monotonic() < end_s:
        piece = response.read1(_ANSWER_BYTES - len(answer))
        if not piece:
            response.release_conn()
            return answer
        answer += piece
    response.close()  # the rest would be taken for the beginning of the next answer
    return answer


def _seconds(text: str) -> float:
    """What ``Retry-After`` says in seconds; dates are not needed by any of these servers."""
    return min(float(text), _LONGEST_WAIT_S) if text.isdecimal() else 0.0


def _reason(error: HTTPError, answer_s: float) -> str:
    """What has happened, and what to do."""
    look = "is it running, and is this its address?"
    match error:
        case NameResolutionError():
            return "cannot be found: no machine is known by this name, is it written right?"
        case ConnectTimeoutError() if not isinstance(error, NewConnectionError):
            return f"does not answer within {_CONNECT_S:.0f} s: {look}"
        case ReadTimeoutError():
            return f"takes a request but does not answer within {answer_s:.0f} s: is it overloaded?"
        case SSLError():
            return f"cannot be trusted: {_of_tls(error)}"
        case NewConnectionError():
            cause = error.__cause__
            why = cause.strerror if isinstance(cause, OSError) else None
            return f"cannot be reached ({why or 'no connection'}): {look}"
    return "has closed the connection without an answer: is this an HTTP server?"


def _of_tls(error: SSLError) -> str:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is refused ({cause.verify_message}): let this machine trust the "
            "authority that signed it"
        )
    return "it does not speak TLS as it should: is it http:// at this port?"
