"""The gateway as a process of its own, what the kernel says of it, and what it broadcasts."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from tic import Mode
from xpl import Message

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STOP_S = 5.0
_PORTS = 10_000, 32_767  # below those that Linux gives to clients
_BROADCAST = "127.255.255.255"  # of lo: nothing leaves this machine


@dataclass(frozen=True, slots=True)
class Resident:
    """Resident memory of a process in 10^6 bytes: all of it, and what no file backs."""

    all_mb: float
    own_mb: float


class SilentGatewayError(Exception):
    """The gateway did not say what the benchmark waits for; the text holds the end of its log."""


class Held:
    """What is begun with a block and ended after it."""

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.end()

    def begin(self) -> None:
        """By default there is nothing to do."""

    def end(self) -> None:
        """Give up what is held."""
        raise NotImplementedError


class XplEar(Held):
    """A UDP port that takes the place of the hub: it hears what the gateway broadcasts on lo."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((_BROADCAST, 0))
        self.port: int = self._socket.getsockname()[1]

    def end(self) -> None:
        """Hear nothing more."""
        self._socket.close()

    def hear(self, timeout_s: float) -> bytes | None:
        """The next datagram, or ``None`` when none came in time."""
        self._socket.settimeout(max(timeout_s, 0.000_001))
        try:
            return self._socket.recv(2048)
        except TimeoutError:
            return None

    def hear_basic(self, timeout_s: float) -> Message | None:
        """The next ``teleinfo.basic``, or ``None`` when none came in time."""
        until_s = time.perf_counter() + timeout_s
        while (data := self.hear(until_s - time.perf_counter())) is not None:
            message = Message.decode(data)
            if message.schema == "teleinfo.basic":
                return message
        return None

    def count(self, seconds: float) -> int:
        """How many datagrams come in so many seconds."""
        until_s = time.perf_counter() + seconds
        heard = 0
        while (left_s := until_s - time.perf_counter()) > 0:
            heard += self.hear(left_s) is not None
        return heard


class GatewayProcess(Held):
    """``teleinfo run`` on ``settings`` (what teleinfo.yaml may hold), while the block lasts."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings

    def begin(self) -> None:
        """Start it."""
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name, "teleinfo.yaml")
        config.write_text(yaml.safe_dump(self._settings), encoding="utf-8")
        self._log = Path(self._folder.name, "log")
        command = [sys.executable, "-m", "teleinfo_gateway", "run", "--config", str(config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self) -> None:
        """Stop it."""
        stop(self._process)
        self._folder.cleanup()

    @property
    def resident(self) -> Resident:
        """Memory now."""
        return resident_of(self._process.pid)

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, user and system."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()  # from the third field on, see proc(5)
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def silent(self, awaited: str) -> SilentGatewayError:
        """The error to raise when ``awaited`` did not come."""
        log = self._log.read_text(encoding="utf-8", errors="replace")
        return SilentGatewayError(
            f"no {awaited} came from the gateway; its log ends with:\n{log[-1500:]}"
        )


def free_port() -> int:
    """A port that is free for TCP and UDP, and that no client of another program is given."""
    while True:
        port = random.randint(*_PORTS)  # noqa: S311  # any number does
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            try:
                for each in (tcp, udp):
                    each.bind(("", port))
            except OSError:
                continue
            return port


def resident_of(pid: int | str) -> Resident:
    """VmRSS and RssAnon of a process, see proc(5)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return Resident(*(int(fields[key].split()[0]) * 1024 / 1e6 for key in ("VmRSS", "RssAnon")))


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL for who does not hear it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def speaking_lines(count: int, mode: Mode) -> Iterator[Sequence[str]]:
    """The paths of ``count`` ptys on which simulated meters speak, written by another process."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("line_writer.py")),
        str(count),
        mode.value,
    ]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if writer.stdout is None:
            raise SilentGatewayError("the writer has no standard output")
        yield [writer.stdout.readline().decode().strip() for _ in range(count)]
    finally:
        stop(writer)
        if writer.stdout is not None:
            writer.stdout.close()


def devices(paths: Sequence[str], mode: Mode) -> list[dict[str, object]]:
    """A configuration that publishes as often as it may."""
    return [
        {"name": f"meter-{number}", "device": path, "mode": mode.value, "interval": 1}
        for number, path in enumerate(paths, 1)
    ]


def xpl_only(ear: XplEar) -> dict[str, object]:
    """Settings of a gateway that broadcasts to ``ear`` and does nothing else."""
    xpl = {"interface": "lo", "port": ear.port, "hub": "never", "instance": "bench"}
    return {"xpl": xpl, "web": False, "history": False}
