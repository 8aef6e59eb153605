"""New values for devices of Domoticz, each by a request to ``json.htm``.

Source: Domoticz's wiki, "Domoticz API/JSON URL's".
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, urlencode

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config.homes import DomoticzConfig
from teleinfo_gateway.domoticz import DomoticzUpdates, Update
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.http_client import HttpServer
from teleinfo_gateway.http_output import HttpOutput, Job
from teleinfo_gateway.secret import resolve
from teleinfo_gateway.snapshot import Snapshot

__all__ = ["DomoticzOutput"]

log = logging.getLogger(__name__)

_SHOWN = 60  # characters of what Domoticz answers


class DomoticzOutput(HttpOutput[Update]):
    """Sends what every meter says. ``estimate`` tells what is reckoned of a meter now.

    ``config.url`` is the address of Domoticz: without one the MQTT output does this.
    """

    name = "domoticz"

    def __init__(
        self,
        config: DomoticzConfig,
        bus: Bus,
        interval_s: Callable[[str], float],
        estimate: Callable[[str], Estimate],
    ) -> None:
        server = HttpServer(
            config.url or "",
            refused="check domoticz.username and domoticz.password; the user must have the right "
            'to change devices, and Domoticz must allow "Basic-Auth authentication over plain '
            'HTTP" (Setup, Settings, Security) or have this machine among its trusted networks',
            absent="is this the address of Domoticz?",
        )
        super().__init__(server, bus, interval_s)
        self.config = config
        self._estimate = estimate
        self._updates = DomoticzUpdates(config)
        self._refusals: dict[int, str] = {}  # by idx: as many as are configured

    def _take(self, meter: str, said: Snapshot, *, due: bool) -> None:
        self._update(self._updates.told(meter, said, self._estimate(meter), due=due))

    def _overload(self, meter: str, said: Snapshot) -> None:
        self._update(self._updates.overload(meter, said))

    def _update(self, updates: list[Update]) -> None:
        for update in updates:
            self._note(update.idx, update)

    def _job(self, value: Update) -> Job:
        return Job(lambda: self._send(value), lambda answer: self._answered(value, answer))

    def _refused(self) -> str:
        return "; ".join(self._refusals.values())

    def _send(self, update: Update) -> bytes:
        fields = {"type": "command", "param": "udevice", **update._asdict()}
        query = urlencode(fields, quote_via=quote, safe=";")
        return self._server.request("GET", f"/json.htm?{query}", headers=self._authorization())

    def _authorization(self) -> dict[str, str]:
        """Read when it is used, so that a file that was corrected is noticed."""
        if self.config.username is None or self.config.password is None:
            return {}
        login = f"{self.config.username}:{resolve(self.config.password)}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}

    def _answered(self, update: Update, answer: bytes) -> None:
        """It is over, even if Domoticz refuses it: then only other values help."""
        status = _status(answer)
        if status == "OK":
            self._refusals.pop(update.idx, None)
            return
        refusal = (
            f"{self._server.url} does not take the value of idx {update.idx} ({status[:_SHOWN]!a})"
            ": is there a device with this idx, of the right type, and may the user change it?"
        )
        if self._refusals.get(update.idx) != refusal:
            self._refusals[update.idx] = refusal
            log.error("domoticz: %s", refusal)


def _status(answer: bytes) -> str:
    """What Domoticz says of a request: ``OK``, ``ERR``, or anything from what is no Domoticz."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return "no JSON"
    return str(found.get("status", "")) if isinstance(found, dict) else "no object"
