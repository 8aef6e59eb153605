"""Where durable outputs put rows: servers of the benchmark's own, and a folder.

The servers are the programs that Debian packages, as they come: what they sync, they sync. Each has
its data in a temporary folder and listens at a free port of 127.0.0.1.

Run as a program (``target_places.py PORT``), this module takes every HTTP request and says ``ok``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway_process import free_port, stop

_HOST = "127.0.0.1"
_NOBODY = 65534
_NO_ROOT: Mapping[str, Any] = (
    {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
)
"""What databases run as: they refuse to be root."""

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class Place:
    """What takes rows once it is started; ``section`` is the key of the configuration."""

    title = section = ""
    output = ""  # its name, which its cursor has
    package = ""  # of Debian, that has ...
    program = Path()
    rights: Mapping[str, Any] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{_HOST}:{self.port}"
        self.keys = self._keys()
        self._process: subprocess.Popen[bytes] | None = None
        self._install()

    @classmethod
    def is_installed(cls) -> bool:
        """Whether its package is."""
        return not cls.package or cls.program.is_file()

    def start(self) -> None:
        """Begin; it may take a moment until it answers."""
        self._process = subprocess.Popen(
            [*map(str, self._command())],
            cwd=self.folder,
            env={**_ENVIRONMENT, "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.rights,
        )

    def stop(self) -> None:
        """Be away."""
        if self._process is not None:
            stop(self._process)

    def _keys(self) -> object:
        """What the section holds."""
        return {"url": self.url}

    def _install(self) -> None:
        """Make what the program needs."""

    def _command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def _run(self, *command: str | Path, text: str = "") -> None:
        subprocess.run(
            [*map(str, command)],
            input=text.encode(),
            cwd=self.folder,
            env=_ENVIRONMENT,
            capture_output=True,
            check=True,
            **self.rights,
        )


class MariaDb(Place):
    """The gateway's tables in a MariaDB."""

    title = "SQL: MariaDB"
    package = "mariadb-server"
    program = Path("/usr/sbin/mariadbd")
    section = output = "sql"
    rights = _NO_ROOT

    def _keys(self) -> object:
        return {"url": f"mariadb://teleinfo:teleinfo@{_HOST}:{self.port}/teleinfo"}

    def _install(self) -> None:
        self._run("mariadb-install-db", *self._data(), "--skip-test-db")
        user = f"teleinfo@{_HOST}"
        rights = (
            "FLUSH PRIVILEGES;\n"  # users cannot be made before
            "CREATE DATABASE teleinfo;\n"
            f"CREATE USER {user} IDENTIFIED BY 'teleinfo';\n"
            f"GRANT ALL ON teleinfo.* TO {user};\n"
        )
        self._run(self.program, *self._data(), "--bootstrap", text=rights)

    def _command(self) -> Sequence[str | Path]:
        where = f"--bind-address={_HOST}", f"--port={self.port}"
        files = f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"
        return [self.program, *self._data(), *where, *files]

    def _data(self) -> Sequence[str]:
        folders = f"--datadir={self.folder}/data", f"--tmpdir={self.folder}"
        return ["--no-defaults", *folders, "--skip-name-resolve"]


class PostgreSql(Place):
    """The gateway's tables in a PostgreSQL."""

    title = "SQL: PostgreSQL"
    package = "postgresql"
    program = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=Path())
    section = output = "sql"
    rights = _NO_ROOT

    def _keys(self) -> object:
        return {"url": f"postgresql://teleinfo:teleinfo@{_HOST}:{self.port}/teleinfo"}

    def _install(self) -> None:
        data = f"{self.folder}/data"
        ways = "--auth-host=scram-sha-256", "--auth-local=trust", "--encoding=UTF8"
        self._run(
            self.program.with_name("initdb"), f"--pgdata={data}", "--username=postgres", *ways
        )
        rights = (
            "CREATE ROLE teleinfo LOGIN PASSWORD 'teleinfo'\n"
            "CREATE DATABASE teleinfo OWNER teleinfo\n"
        )
        self._run(self.program, "--single", "-D", data, "postgres", text=rights)

    def _command(self) -> Sequence[str | Path]:
        where = f"--listen_addresses={_HOST}", f"--port={self.port}"
        return [
            *(self.program, "-D", f"{self.folder}/data"),
            *(*where, "--unix_socket_directories="),
        ]


class InfluxDb(Place):
    """Points in an InfluxDB 1.x."""

    title = "InfluxDB 1"
    package = "influxdb"
    program = Path("/usr/bin/influxd")
    section = output = "influxdb"

    def _install(self) -> None:
        Path(self.folder, "influxdb.conf").write_text(
            f"""
            reporting-disabled = true
            bind-address = "{_HOST}:{free_port()}"
            [meta]
            dir = "{self.folder}/meta"
            [data]
            dir = "{self.folder}/data"
            wal-dir = "{self.folder}/wal"
            [monitor]
            store-enabled = false
            [http]
            bind-address = "{_HOST}:{self.port}"
            """,
            encoding="utf-8",
        )

    def _command(self) -> Sequence[str | Path]:
        return [self.program, "run", "-config", self.folder / "influxdb.conf"]


class VictoriaMetrics(Place):
    """Points in a VictoriaMetrics."""

    title = "VictoriaMetrics"
    package = "victoria-metrics"
    program = Path("/usr/bin/victoria-metrics")
    section = output = "influxdb"

    def _keys(self) -> object:
        return {"url": self.url, "kind": "victoriametrics"}

    def _command(self) -> Sequence[str | Path]:
        where = f"-storageDataPath={self.folder}/data", f"-httpListenAddr={_HOST}:{self.port}"
        return [self.program, *where]


class EmonCms(Place):
    """What says ``ok``, as EmonCMS does, and keeps nothing."""

    title = "EmonCMS (one that keeps nothing)"
    section = output = "emoncms"

    def _keys(self) -> object:
        return {"url": self.url, "apikey": "0123456789abcdef"}

    def _command(self) -> Sequence[str | Path]:
        return [sys.executable, __file__, str(self.port)]


class Push(EmonCms):
    """A server of one's own, which takes one reading a request."""

    title = "HTTP push, POST of JSON"
    section, output = "push", "push-bench"

    def _keys(self) -> object:
        return [{"name": "bench", "url": f"{self.url}/power"}]


class Folder(Place):
    """Files of a day each, as a disk that is mounted when it is started."""

    title = "files, CSV and gzip"
    section = output = "files"

    def _keys(self) -> object:
        return {"folder": f"{self.folder}/mounted"}

    def start(self) -> None:
        """Mount it."""
        Path(self.folder, "mounted").mkdir()


PLACES: tuple[type[Place], ...] = (
    *(MariaDb, PostgreSql, InfluxDb, VictoriaMetrics, EmonCms, Push, Folder),
)


@contextmanager
def prepared(kind: type[Place]) -> Iterator[Place]:
    """A place with nothing in it, which is not started yet."""
    with TemporaryDirectory() as folder:
        if kind.rights:
            os.chown(folder, _NOBODY, _NOBODY)
        place = kind(Path(folder))
        try:
            yield place
        finally:
            place.stop()


class _SaysOk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer((_HOST, int(sys.argv[1])), _SaysOk).serve_forever()
