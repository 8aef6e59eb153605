"""MariaDB and PostgreSQL servers of the tests' own, made of the programs that Debian packages.

Each has its data in a temporary folder and listens at a free port of 127.0.0.1 only. No service of
the system is touched and no configuration of the machine is read. ``conftest.py`` passes these
fixtures on to the tests.
"""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ..free_ports import free_port

NOBODY = 65534
RIGHTS = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
"""What the servers run as: both refuse to be root."""

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""Without what would lead a server elsewhere, such as PGDATA or MYSQL_HOME."""

LIMIT_S = 30
"""Far more than a start or a stop takes, far less than the suite's own limit."""

USER = "teleinfo"
PASSWORD = "pass@word"  # noqa: S105  # of no value; has to be quoted in a URL, as good ones have
PASSWORD_IN_URL = "pass%40word"  # noqa: S105


class Server:
    """A database server on a folder; a test may stop and start it, and what it stored stays.

    The user of its URLs is no administrator: it may make databases and do all in its own.
    """

    package = scheme = driver = ""
    first_database = ""  # one to be connected to when there is no other
    stop_signal = signal.SIGTERM
    create, drop = "CREATE DATABASE {}", "DROP DATABASE {}"

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._process = None
        self._numbers = itertools.count(1)
        self.port = free_port()
        self._install()

    @classmethod
    def programs(cls):
        """The folder of the server's program; None where the package is not installed."""
        raise NotImplementedError

    def _install(self):
        raise NotImplementedError

    def _command(self):
        raise NotImplementedError

    def start(self):
        """Start it unless it runs; it accepts connections then."""
        if self._process is not None:
            return
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
            self.log.open("wb") as log,
        ):
            notices.bind("")  # Linux finds a name, which needs no file
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env={**ENVIRONMENT, "NOTIFY_SOCKET": "@" + notices.getsockname()[1:].decode()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **RIGHTS,
            )
            self._await_ready(notices)

    def _await_ready(self, notices):
        """Both servers tell when they are ready in the way of systemd, sd_notify(3)."""
        notices.settimeout(0.2)  # how soon its end is noticed
        deadline_s = time.monotonic() + LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in notices.recv(4096):
                    return
        self.stop()
        raise AssertionError(f"{self.package} did not start:\n{self.log.read_text()[-4000:]}")

    def stop(self):
        """Stop it if it runs, without waiting for its clients; their connections are cut."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(self.stop_signal)
        try:
            process.wait(LIMIT_S)
        finally:
            process.kill()
            process.wait()

    def url(self, database):
        """The URL of a database as users write it, without a driver."""
        return f"{self.scheme}://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self):
        """Make a database for the time of a ``with``, the server being started; gives its URL."""
        self.start()
        name = f"history_{next(self._numbers)}"
        self._execute(self.create.format(name))
        try:
            yield self.url(name)
        finally:
            self.start()
            self._execute(self.drop.format(name))

    def _execute(self, statement):
        url = sa.make_url(self.url(self.first_database)).set(drivername=self.driver)
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(statement))

    def _run(self, *command, text=None):
        """Run a program of the server as the server's user."""
        result = subprocess.run(
            command,
            input=text,
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            **RIGHTS,
        )
        assert result.returncode == 0, f"{command}:\n{result.stdout}\n{result.stderr}"


class MariaDB(Server):
    package = "mariadb-server"
    scheme = "mariadb"
    driver = "mariadb+pymysql"

    @classmethod
    def programs(cls):
        folder = Path("/usr/sbin")
        return folder if (folder / "mariadbd").exists() else None

    def _install(self):
        self._run(
            "mariadb-install-db",
            *self._settings(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        user = f"{USER}@127.0.0.1"
        rights = (
            "FLUSH PRIVILEGES;\n"  # reads who is known already: users cannot be created before
            f"CREATE USER {user} IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON `history\\_%`.* TO {user};\n"
        )
        self._run(self.programs() / "mariadbd", *self._settings(), "--bootstrap", text=rights)

    def _command(self):
        return [
            self.programs() / "mariadbd",
            *self._settings(),
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            "--lock-wait-timeout=10",  # a DROP after a transaction left open fails, not the suite
        ]

    def _settings(self):
        return [
            "--no-defaults",
            f"--datadir={self.data}",
            f"--tmpdir={self.folder}",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=8M",
            "--innodb-flush-method=nosync",
        ]


class PostgreSQL(Server):
    package = "postgresql"
    scheme = "postgresql"
    driver = "postgresql+psycopg"
    first_database = "postgres"
    stop_signal = signal.SIGINT  # SIGTERM would wait for the clients
    create = "CREATE DATABASE {} STRATEGY=FILE_COPY"  # the faster one where nothing is synced
    drop = "DROP DATABASE {} WITH (FORCE)"  # cuts the connections that are left

    @classmethod
    def programs(cls):
        versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres")
        newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
        return newest and newest.parent

    def _install(self):
        self._run(
            self.programs() / "initdb",
            f"--pgdata={self.data}",
            "--username=postgres",
            "--auth-host=scram-sha-256",
            "--auth-local=trust",  # it has no local socket
            "--encoding=UTF8",
            "--no-sync",
        )
        role = f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{PASSWORD}'"
        self._run(
            *(self.programs() / "postgres", "--single", "-D", self.data, self.first_database),
            text=role,
        )

    def _command(self):
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "shared_buffers": "16MB",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "autovacuum": "off",  # its processes may not be cut by whoever drops the database
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.programs() / "postgres", "-D", self.data, *options]


@contextlib.contextmanager
def _running(kind):
    if kind.programs() is None:
        pytest.skip(f"needs Debian package {kind.package}")
    with tempfile.TemporaryDirectory(prefix="teleinfo-") as folder:
        if RIGHTS:
            os.chown(folder, NOBODY, NOBODY)
        server = kind(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDB server, the same for all tests; each makes its own ``database`` in it."""
    with _running(MariaDB) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server, the same for all tests; each makes its own ``database`` in it."""
    with _running(PostgreSQL) as server:
        yield server


@pytest.fixture(params=["mariadb", "postgresql"])
def database_server(request):
    """Each of the servers, for what is the same on both."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["sqlite", "mariadb", "postgresql"])
def database_url(request, tmp_path):
    """The URL of a fresh, empty database, as users write it; on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'history.db'}"
        return
    with request.getfixturevalue(request.param).database() as url:
        yield url
