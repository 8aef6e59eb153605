"""What may be commanded by messages: to start and stop a reader, to read the settings again."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from teleinfo_gateway.config_mqtt import MqttConfig
from teleinfo_gateway.meter import Meter
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View

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
        key = topic.removeprefix(f"{self._root}/").removesuffix("/reader/set")
        meter = next(
            (self._plugin.meters.get(v.name) for v in views.values() if v.key == key), None
        )
        if meter is None:
            return
        if text == "ON":
            log.info("MQTT: meter %s is started by a message", meter.name)
            meter.start()
        elif text == "OFF":
            log.info("MQTT: meter %s is stopped by a message", meter.name)
            task = asyncio.create_task(meter.stop())
            self._stops.add(task)
            task.add_done_callback(self._stops.discard)

    def _reload(self) -> None:
        reload = self._plugin.request_reload()
        if reload is None:
            log.warning("MQTT: there is no configuration file to read again")
        else:
            reload.add_done_callback(self._reloaded)

    def _reloaded(self, reload: asyncio.Task[int]) -> None:
        """Tell how it went; the faults themselves are in the log, they name files and lines."""
        if reload.cancelled() or reload.exception() is not None:
            return
        body = {"type": "reload", "ts": datetime.now(UTC).isoformat(), "faults": reload.result()}
        self._send([Message(f"{self._root}/event", json.dumps(body), qos=1)])
