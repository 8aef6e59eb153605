"""What has changed, to the HTTP input of Jeedom's plugin Teleinfo, of now and of before 4.0.

Source: ``core/php/jeeTeleinfo.php`` of the plugin, in the repositories of NextDom and of Jeedom.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config.homes import JeedomConfig
from teleinfo_gateway.http_client import HttpError, HttpServer
from teleinfo_gateway.http_output import HttpOutput, Job
from teleinfo_gateway.secret import resolve
from teleinfo_gateway.snapshot import Snapshot

__all__ = ["JeedomOutput"]

_PAGE = "/plugins/teleinfo/core/php/jeeTeleinfo.php"
_ADDRESSES = {"ADCO", "ADSC"}
_WITHOUT_DOTS = {"PTEC", "OPTARIF"}  # the plugin writes them so: TH, HC, BBR(
_BAD_KEY = "Clef API"  # how the legacy plugin begins its refusal, which has the status 200

_FIRST_POSTS = 3
"""So many posts have every label: by the first the plugin creates the meter, by the second the
commands of its labels."""

_COMPLETE_S = 3600.0
"""Between two posts of every label: the commands may be created later, by hand or by a box that is
ticked, and some labels never change."""


@dataclass(slots=True)
class _Meter:
    """What one meter says, when that was last due, and what Jeedom knows of it."""

    address: str = ""
    due: Mapping[str, str] | None = None
    known: dict[str, str] = field(default_factory=dict)
    posts: int = 0
    complete_s: float = 0.0

    def news(self, now_s: float) -> Mapping[str, str]:
        """The labels to send: those that have changed, or every one."""
        due = self.due or {}
        if self.posts < _FIRST_POSTS or now_s - self.complete_s >= _COMPLETE_S:
            return due
        return {label: value for label, value in due.items() if self.known.get(label) != value}


class JeedomOutput(HttpOutput):
    """Sends what has changed of every meter."""

    name = "jeedom"

    def __init__(self, config: JeedomConfig, bus: Bus, interval_s: Callable[[str], float]) -> None:
        self._refuses = (
            "jeedom.apikey must be the key of the plugin Teleinfo, which Jeedom shows under "
            "Settings, System, Configuration, API"
        )
        server = HttpServer(
            config.url,
            refused=self._refuses,
            absent="is the plugin Teleinfo installed, and is Jeedom in this folder? "
            "An older one is in /jeedom",
        )
        super().__init__(server, bus, interval_s)
        self.config = config
        self._meters: dict[str, _Meter] = {}

    def _take(self, meter: str, said: Snapshot, *, due: bool) -> None:
        if not due:
            return
        of = self._meters.setdefault(meter, _Meter())
        if of.address != said.address:
            of = self._meters[meter] = _Meter(said.address)
        of.due = words(said.values if self.config.plugin == "current" else said.historique)
        # What is over, such as ADPS, is news when it comes again.
        of.known = {label: value for label, value in of.known.items() if label in of.due}

    def _overload(self, meter: str, said: Snapshot) -> None:
        """Its labels were in the reading."""

    def _next(self) -> Job | None:
        now_s = time.monotonic()
        for of in self._meters.values():
            if of.due is None:
                continue
            if news := of.news(now_s):
                return self._job(of, of.due, news, now_s)
            of.due = None
        return None

    def _job(
        self, of: _Meter, due: Mapping[str, str], news: Mapping[str, str], now_s: float
    ) -> Job:
        def done(_: bytes) -> None:
            of.known |= news
            of.posts += 1
            if news is due:
                of.complete_s = now_s
            if of.due is due:
                of.due = None

        send = self._post if self.config.plugin == "current" else self._get
        return Job(lambda: send(of.address, news), done)

    def _waiting(self) -> int:
        return sum(of.due is not None for of in self._meters.values())

    def _post(self, address: str, news: Mapping[str, str]) -> bytes:
        device = {"device": address, **news}
        return self._server.request(
            "POST",
            f"{_PAGE}?{_query({'apikey': resolve(self.config.apikey)})}",
            body=json.dumps({"device": {address: device}}).encode(),
            headers={"Content-Type": "application/json"},
        )

    def _get(self, address: str, news: Mapping[str, str]) -> bytes:
        fields = {"api": resolve(self.config.apikey), "ADCO": address, **news}
        answer = self._server.request("GET", f"{_PAGE}?{_query(fields)}")
        if _BAD_KEY in answer.decode("utf-8", "replace"):
            raise HttpError(f"{self._server.url} refuses us: {self._refuses}")
        return answer


def words(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as the plugin writes them itself, but for the address, which has its own place."""
    written = {
        label: value.replace(".", "").replace(")", "") if label in _WITHOUT_DOTS else value.strip()
        for label, value in labels.items()
        if label not in _ADDRESSES
    }
    return {label: value for label, value in written.items() if value}


def _query(fields: Mapping[str, str]) -> str:
    return urlencode(fields, quote_via=quote)
