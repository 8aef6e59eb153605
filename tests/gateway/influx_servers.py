"""InfluxDB 1 and VictoriaMetrics servers of the tests' own, of the programs that Debian packages.

Each has its data in a temporary folder and listens at free ports of 127.0.0.1 only. No service of
the system is touched and no configuration of the machine is read.
"""

import base64
import contextlib
import itertools
import json
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ..free_ports import free_port
from .databases import ENVIRONMENT, LIMIT_S

ADMIN = "admin", "pass word:é"


class Server:
    """A server on a folder; a test may stop, kill and start it, and what it stored stays."""

    package = ""
    program = Path()
    alive = ""  # the path that answers as soon as it is ready

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def _command(self):
        raise NotImplementedError

    def start(self):
        """Start it unless it runs; it answers then."""
        if self._process is not None:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env={**ENVIRONMENT, "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline_s = time.monotonic() + LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            with contextlib.suppress(OSError):
                self._ask(self.alive)
                return
            time.sleep(0.02)
        self.stop()
        log = (self.folder / "log").read_text(errors="replace")
        raise AssertionError(f"{self.package} did not start:\n{log[-4000:]}")

    def stop(self, how=signal.SIGTERM):
        """Stop it if it runs."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            process.wait(LIMIT_S)
        finally:
            process.kill()
            process.wait()

    def kill(self):
        """Stop it as a power cut does."""
        self.stop(signal.SIGKILL)

    def _ask(self, path, fields=None, login=None):
        body = None if fields is None else urlencode(fields).encode()
        request = urllib.request.Request(self.url + path, body)  # noqa: S310  # our own
        if login is not None:
            encoded = base64.b64encode(":".join(login).encode()).decode()
            request.add_header("Authorization", f"Basic {encoded}")
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:  # noqa: S310  # likewise
            return answer.read()


class Influxd(Server):
    """InfluxDB 1.6; with ``closed`` whoever asks must be ``ADMIN``."""

    package = "influxdb"
    program = Path("/usr/bin/influxd")
    alive = "/ping"

    def __init__(self, folder, *, closed=False):
        super().__init__(folder)
        self.closed = closed
        self._configuration = folder / "influxdb.conf"
        self._configuration.write_text(
            f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{free_port()}"
            [meta]
            dir = "{folder}/meta"
            [data]
            dir = "{folder}/data"
            wal-dir = "{folder}/wal"
            query-log-enabled = false
            [monitor]
            store-enabled = false
            [http]
            bind-address = "127.0.0.1:{self.port}"
            auth-enabled = {str(closed).lower()}
            log-enabled = false
            """
        )

    def start(self):
        super().start()
        if self.closed:
            self.query(f"CREATE USER {ADMIN[0]} WITH PASSWORD '{ADMIN[1]}' WITH ALL PRIVILEGES")

    def _command(self):
        return [self.program, "run", "-config", self._configuration]

    def query(self, statement, database=""):
        """The series that an InfluxQL statement finds; times are unix seconds."""
        fields = {"q": statement, "db": database, "epoch": "s"}
        answer = json.loads(self._ask("/query", fields, ADMIN if self.closed else None))
        (result,) = answer["results"]
        assert "error" not in result, f"{statement}: {result['error']}"
        return result.get("series", [])

    def rows(self, statement, database):
        """The values of all series that are found, one after another."""
        return [row for found in self.query(statement, database) for row in found.get("values", [])]

    def count(self, measurement, field, database):
        """How many points of a measurement have a field; 0 where there is no such database."""
        if [database] not in self.rows("SHOW DATABASES", ""):
            return 0
        found = self.query(f"SELECT count({field}) FROM {measurement}", database)  # noqa: S608  # our own names
        return found[0]["values"][0][1] if found else 0


class VictoriaMetrics(Server):
    """One that keeps a hundred years; ``options`` are more of its flags."""

    package = "victoria-metrics"
    program = Path("/usr/bin/victoria-metrics")
    alive = "/health"

    def __init__(self, folder, *options):
        super().__init__(folder)
        self.options = options

    def _command(self):
        return [
            self.program,
            f"-storageDataPath={self.folder / 'data'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=64MB",
            *self.options,
        ]

    def export(self, selector):
        """Every series that is selected, as ``(labels, values, times in ms)``."""
        self._ask("/internal/force_flush", {})  # what was just written is not found otherwise
        lines = self._ask("/api/v1/export", {"match[]": selector}).splitlines()
        found = [json.loads(line) for line in lines]
        return [(each["metric"], each["values"], each["timestamps"]) for each in found]

    def count(self, selector):
        """How many samples all series have that are selected."""
        return sum(len(values) for _, values, _ in self.export(selector))


@contextlib.contextmanager
def _made(kind):
    """The function that starts servers of a kind."""
    if not kind.program.exists():
        pytest.skip(f"needs Debian package {kind.package}")
    with contextlib.ExitStack() as made:

        def make(*arguments, **options):
            folder = made.enter_context(tempfile.TemporaryDirectory(prefix="teleinfo-"))
            server = kind(Path(folder), *arguments, **options)
            made.callback(server.kill)
            server.start()
            return server

        yield make


@pytest.fixture
def influxd():
    """The function that starts an InfluxDB, with the options of ``Influxd``."""
    with _made(Influxd) as make:
        yield make


@pytest.fixture
def victoria():
    """The function that starts a VictoriaMetrics, with more of its flags."""
    with _made(VictoriaMetrics) as make:
        yield make


@pytest.fixture(scope="session")
def common_influxd():
    """An InfluxDB, the same for all tests that do not stop it; each has its own database there."""
    with _made(Influxd) as make:
        server = make()
        server.names = (f"db{number}" for number in itertools.count(1))
        yield server
