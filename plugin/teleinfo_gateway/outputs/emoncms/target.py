"""Readings to EmonCMS: one by ``input/post``, several by ``input/bulk``.

Source: EmonCMS, ``Modules/input/input_methods.php`` and ``input_controller.php``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from teleinfo_gateway.config.emoncms import EmoncmsConfig
from teleinfo_gateway.forwarding import RefusedError, Row, TargetError
from teleinfo_gateway.http_client import HttpError, HttpServer, shown
from teleinfo_gateway.outputs.emoncms.inputs import inputs_of
from teleinfo_gateway.secret import SecretError, resolve

__all__ = ["EmoncmsTarget"]

_BULK = 50
"""Readings of one request: EmonCMS works through the processes of each input before it answers, and
on a small machine 50 readings of 15 inputs take it about a second."""

_NEVER = {400, 413, 414, 422}
_OF_THE_ACCOUNT = "Error:"  # how it begins when this node or input is one too many


class _Entry(NamedTuple):
    ts: int
    node: str
    inputs: dict[str, int]


class EmoncmsTarget:
    """Posts the numbers of readings, with their time.

    In order, because the processes of EmonCMS that sum up take the last value to be the one before.
    A reading that comes twice has the same values at the same time, which its feeds store once.
    """

    in_order = True
    batch = _BULK  # one request: what EmonCMS has is not posted again behind what is newer

    def __init__(self, config: EmoncmsConfig) -> None:
        self._config = config
        self._refuses = (
            "emoncms.apikey must be the write key that EmonCMS shows under My Account, not the "
            "read key"
        )
        self._server = HttpServer(
            config.url,
            refused=self._refuses,
            absent="is this its address? On an emonPi it ends with /emoncms",
            patient=True,
        )

    @property
    def address(self) -> str:
        """The URL."""
        return self._config.url

    def send(self, rows: Sequence[Row]) -> int:
        """Return when EmonCMS has the readings, and how many there are.

        Raises :class:`TargetError` and :class:`RefusedError`.
        """
        entries = list(self._entries(rows))
        if len(entries) == 1:
            self._ask("/input/post", _post(entries[0]))
        elif entries:
            self._ask("/input/bulk", _bulk(entries))
        return len(entries)

    def close(self) -> None:
        """Give up the connection."""
        self._server.close()

    def _entries(self, rows: Sequence[Row]) -> Iterator[_Entry]:
        for row in rows:
            if row.kind == "reading" and (inputs := inputs_of(row.adco, row.values)):
                yield _Entry(row.ts, self._node(row), inputs)

    def _node(self, row: Row) -> str:
        node = self._config.node.replace("{adco}", row.adco)
        return node.replace("{name}", row.name or row.adco)

    def _ask(self, path: str, fields: dict[str, str | int]) -> None:
        try:
            answer = self._server.request(
                "POST",
                path,
                body=urlencode(fields).encode(),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Authorization": f"Bearer {self._key()}",
                },
            )
        except HttpError as error:
            if error.status in _NEVER:
                said = _shown(error.answer) or "without a reason"
                raise RefusedError(
                    f"{self.address} refuses it (HTTP {error.status}): {said}"
                ) from None
            raise TargetError(str(error), after_s=error.after_s) from None
        self._check(answer)

    def _key(self) -> str:
        """Read when it is used, so that a file that was corrected is noticed."""
        key = resolve(self._config.apikey)
        if not (key.isascii() and key.isprintable()):
            raise SecretError("emoncms.apikey has characters that no key of EmonCMS has")
        return key

    def _check(self, answer: bytes) -> None:
        """Whether EmonCMS took it: every answer of its own has the status 200."""
        found = _decoded(answer)
        if found == "ok" or (isinstance(found, dict) and found.get("success") is True):
            return
        if isinstance(found, dict) and found.get("success") is False:
            said = _shown(str(found.get("message", "")).encode())
            if not said.startswith(_OF_THE_ACCOUNT):
                raise RefusedError(f"{self.address} refuses it: {said}")
            raise TargetError(f"{self.address} does not take it: {said}")
        if found is False:  # what it answers to a key that may only read
            raise TargetError(f"{self.address} refuses us: {self._refuses}")
        raise TargetError(
            f"{self.address} answers {_shown(answer)!a}, which is not what EmonCMS says: is this "
            "its address?"
        )


def _post(entry: _Entry) -> dict[str, str | int]:
    return {"node": entry.node, "time": entry.ts, "fulljson": json.dumps(entry.inputs)}


def _bulk(entries: Sequence[_Entry]) -> dict[str, str | int]:
    """Offset to the time of the last one, node, and each input as an object of its own."""
    reference = entries[-1].ts
    data = [
        [entry.ts - reference, entry.node, *({name: value} for name, value in entry.inputs.items())]
        for entry in entries
    ]
    return {"time": reference, "data": json.dumps(data, separators=(",", ":"))}


def _decoded(answer: bytes) -> object:
    """What is said: ``ok`` bare or quoted, an object or one in a string, anything at all."""
    found: object = answer.decode("utf-8", "replace").strip()
    for _ in range(2):
        if not isinstance(found, str):
            break
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            break
    return found


def _shown(answer: bytes) -> str:
    return shown(answer.decode("utf-8", "replace"))
