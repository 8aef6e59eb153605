"""What may be commanded by messages: to start and stop a reader, to read the settings again."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.statuses import Status
from teleinfo_gateway.throttle import Throttle

__all__ = ["Commands", "Plugin"]

log = logging.getLogger(__name__)


class Plugin(Protocol):
    """What is commanded: the plugin manager."""

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The meters by name."""
        raise NotImplementedError

    def request_reload(self) -> asyncio.Task[int] | None:
        """Have the configuration read again: the number of its faults, later; None without one."""
        raise NotImplementedError


class Commands:
    """``ROOT/KEY/reader/set`` takes ``ON`` and ``OFF``, ``ROOT/reload`` takes ``PRESS``."""

    def __init__(
        self, config: MqttConfig, plugin: Plugin, send: Callable[[Iterable[Message]], None]
    ) -> None:
        self._root = config.formats.native if config.takes_commands else None
        self._plugin = plugin
        self._send = send
        self._stops: set[asyncio.Task[None]] = set()
        self._reloading: asyncio.Task[int] | None = None
        self._throttle = Throttle()

    def topics(self) -> list[str]:
        """What to hear."""
        return [] if self._root is None else [f"{self._root}/+/reader/set", f"{self._root}/reload"]

    def obey(self, topic: str, text: str, views: Mapping[str, View]) -> None:
        """Do what a message asks for; the new status is told as any other one."""
        if self._root is None:
            return
        if topic == f"{self._root}/reload":
            if text == "PRESS":
                self._reload()
            return
        for view in views.values():
            meter = self._plugin.meters.get(view.name)
            is_meant = view.key and topic == f"{self._root}/{view.key}/reader/set"
            if meter is not None and is_meant:
                self._switch(meter, text)

    def _switch(self, meter: Meter, text: str) -> None:
        is_stopped = meter.status in {Status.STOPPED, Status.STOP_REQUEST}
        if text == "ON" and is_stopped:
            self._log(f"meter {meter.name} is started by a message")
            meter.start()
        elif text == "OFF" and not is_stopped:
            self._log(f"meter {meter.name} is stopped by a message")
            task = asyncio.create_task(meter.stop())
            self._stops.add(task)
            task.add_done_callback(self._stops.discard)

    def _reload(self) -> None:
        """Unless that is being done: whoever repeats the message cannot heap up work."""
        if self._reloading is not None and not self._reloading.done():
            return
        self._reloading = self._plugin.request_reload()
        if self._reloading is None:
            self._log("there is no configuration file to read again")
        else:
            self._reloading.add_done_callback(self._reloaded)

    def _reloaded(self, reload: asyncio.Task[int]) -> None:
        """Tell how it went; the faults themselves are in the log, they name files and lines."""
        if reload.cancelled():
            return
        if (error := reload.exception()) is not None:
            log.error("MQTT: the configuration was not read again", exc_info=error)
            return
        body = {"type": "reload", "ts": datetime.now(UTC).isoformat(), "faults": reload.result()}
        self._send([Message(f"{self._root}/event", json.dumps(body), qos=1)])

    def _log(self, text: str) -> None:
        """Tell what a message has done, unless there are too many of them."""
        if self._throttle.admit(time.monotonic()) is not None:
            log.info("MQTT: %s", text)
