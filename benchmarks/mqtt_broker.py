"""A mosquitto of the benchmark's own, and a client that notes when each message came."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway_process import Held, free_port, stop
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage

_HOST = "127.0.0.1"
_START_S = 5.0
_PROGRAM = "/usr/sbin/mosquitto"
_SETTINGS = ("allow_anonymous true", "persistence false", "sys_interval 1")

NO_OUTPUT: Mapping[str, object] = {"xpl": False, "web": False, "history": False}
"""Settings of a gateway that only reads."""


class Broker(Held):
    """mosquitto at a free port, while the block lasts."""

    def begin(self) -> None:
        """Start it at a free port."""
        self._folder = TemporaryDirectory()
        self.port = free_port()
        lines = [f"listener {self.port} {_HOST}", *_SETTINGS]
        if os.geteuid() == 0:
            lines.append("user root")  # another may not read the folder
        configuration = Path(self._folder.name, "mosquitto.conf")
        configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
        self._command = [_PROGRAM, "-c", str(configuration)]
        self.start()

    def end(self) -> None:
        """Stop it, and forget where it was."""
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Begin to serve, with nothing kept. Raises TimeoutError when it does not."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s:
            with socket.socket() as probe:
                if probe.connect_ex((_HOST, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("mosquitto does not listen")

    def stop(self) -> None:
        """Be away."""
        self.stall(on=False)
        stop(self._process)

    def stall(self, *, on: bool) -> None:
        """Read and answer nothing, or go on."""
        self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def settings(self) -> dict[str, object]:
        """Settings of a gateway that tells this broker and does nothing else."""
        return {**NO_OUTPUT, "mqtt": {"url": f"mqtt://{_HOST}:{self.port}"}}


@dataclass(frozen=True, slots=True)
class Heard:
    """A message; ``at_s`` is of ``time.perf_counter``."""

    at_s: float
    topic: str
    payload: bytes


class MqttEar(Held):
    """Subscribes to topic filters by QoS 0, while the block lasts."""

    def __init__(self, broker: Broker, *filters: str) -> None:
        self._port = broker.port
        self._filters = filters
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda *_: self._client.subscribe([(f, 0) for f in filters])
        self._client.on_message = self._note

    def begin(self) -> None:
        """Connect."""
        self._client.connect(_HOST, self._port)
        self._client.loop_start()

    def end(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def hear(self, topic_end: str, timeout_s: float) -> Heard | None:
        """The next message whose topic ends so; what comes before it is forgotten."""
        until_s = time.perf_counter() + timeout_s
        while (left_s := until_s - time.perf_counter()) > 0:
            try:
                heard = self._heard.get(timeout=left_s)
            except queue.Empty:
                return None
            if heard.topic.endswith(topic_end):
                return heard
        return None

    def wait(self, seconds: float) -> None:
        """Let time pass; what comes meanwhile is forgotten."""
        time.sleep(seconds)
        while not self._heard.empty():
            self._heard.get()

    def _note(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._heard.put(Heard(time.perf_counter(), message.topic, message.payload))
