"""What has changed, to the HTTP input of Jeedom's plugin Teleinfo, of now and of before 4.0.

Source: ``core/php/jeeTeleinfo.php`` of the plugin, in the repositories of NextDom and of Jeedom.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
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
    """What one meter told last, and what Jeedom knows of it."""

    address: str
    told: Mapping[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    posts: int = 0
    complete_s: float = 0.0

    def tell(self, labels: Mapping[str, str]) -> None:
        """The meter has told these."""
        self.told = labels
        self._forget_ended()

    def news(self, labels: Mapping[str, str], now_s: float) -> Mapping[str, str]:
        """Which of these to send: those that have changed, or every one."""
        if self.posts < _FIRST_POSTS or now_s - self.complete_s >= _COMPLETE_S:
            return labels
        return {label: value for label, value in labels.items() if self.known.get(label) != value}

    def learnt(self, news: Mapping[str, str], *, complete: bool, now_s: float) -> None:
        """Jeedom knows these now."""
        self.known |= news
        self._forget_ended()
        self.posts += 1
        if complete:
            self.complete_s = now_s

    def _forget_ended(self) -> None:
        """What is over, such as ADPS, is news when it comes again."""
        self.known = {label: value for label, value in self.known.items() if label in self.told}


class _Told(NamedTuple):
    """What a meter told when that was due."""

    of: _Meter
    labels: Mapping[str, str]


class JeedomOutput(HttpOutput[_Told]):
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
        of = self._meters.get(meter)
        if of is None or of.address != said.address:
            of = self._meters[meter] = _Meter(said.address)
        of.tell(words(said.values if self.config.plugin == "current" else said.historique))
        self._note(meter, _Told(of, of.told))

    def _overload(self, meter: str, said: Snapshot) -> None:
        """Its labels were in the reading."""

    def _job(self, value: _Told) -> Job | None:
        of, labels = value
        now_s = time.monotonic()
        news = of.news(labels, now_s)
        if not news:
            return None
        complete = news is labels
        send = self._post if self.config.plugin == "current" else self._get
        return Job(
            lambda: send(of.address, news),
            lambda _: of.learnt(news, complete=complete, now_s=now_s),
        )

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
