"""``teleinfo status``, ``start`` and ``stop``: real commands, a real gateway, real ptys."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import _gateway, teleinfo
from teleinfo_gateway.cli.status import _HEADINGS

from ..free_ports import free_port

CAPTURES = Path(__file__).parents[1] / "captures"
HTTP_API = Path(__file__).parents[2] / "docs/http-api.rst"
HISTORIQUE = (CAPTURES / "histo-hc-mono-l16c6.tic").read_bytes()
TIMEOUT_S = 20


def until(condition):
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


class RealGateway:
    """``teleinfo run`` as a process, reading two ptys."""

    def __init__(self, folder):
        self.folder = folder
        self.http = free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self.masters, self.ports = {}, {}
        for name in ("house", "garage"):
            self.masters[name], slave = os.openpty()
            tty.setraw(slave)
            self.ports[name] = os.ttyname(slave)
            os.close(slave)
        (folder / "teleinfo.yaml").write_text(
            f"""
            devices:
              - {{name: house, device: {self.ports["house"]}}}
              - {{name: garage, device: {self.ports["garage"]}}}
            xpl: {{instance: test, interface: lo, port: {free_port()}, hub: never}}
            web: {{listen: "127.0.0.1:{self.http}"}}
            """,
            encoding="utf-8",
        )
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "TZ": "Europe/Paris",
            "http_proxy": "http://127.0.0.1:9",  # must not be asked
        }
        self.environment.pop("TELEINFO_CONFIG", None)
        self.log = (folder / "log").open("w+b")
        self.process = self._start("run", stderr=self.log)
        until(self.answers)

    def _start(self, *arguments, **streams):
        return subprocess.Popen(
            [sys.executable, "-m", "teleinfo_gateway", *arguments],
            cwd=self.folder,
            env=self.environment,
            **streams,
        )

    def answers(self):
        assert self.process.poll() is None, "the gateway ended"
        with contextlib.suppress(OSError):
            return "xpl" in self.ask("/api/status")["outputs"]

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def hear(self, name):
        """Let a meter send until it is believed: what is sent while a port opens is lost."""

        def believed():
            os.write(self.masters[name], HISTORIQUE)
            return self.ask(f"/api/sensors?meter={name}")

        until(believed)

    def teleinfo(self, *arguments):
        """A command as a process: (exit code, standard output, standard error)."""
        process = self._start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, out.decode(), err.decode()

    def end(self):
        """Terminate the gateway: its exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT_S), time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(TIMEOUT_S)
        self.log.close()
        for master in self.masters.values():
            os.close(master)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with contextlib.closing(RealGateway(tmp_path_factory.mktemp("gateway"))) as running:
        yield running


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in this process, in an empty directory with an empty home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    return lambda *arguments: CliRunner().invoke(teleinfo, arguments)


# --- with a gateway


def test_status_shows_the_plugin_the_meters_and_the_outputs(gateway):
    gateway.hear("house")
    code, out, err = gateway.teleinfo("status")
    assert (code, err) == (0, "")
    head, _, headings, *rows, _, xpl, history = out.splitlines()
    assert re.fullmatch(r"teleinfo \d\S+: alive since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, up .+", head)
    assert re.split(r"\s\s+", headings) == list(_HEADINGS)
    house, garage = rows
    adco = gateway.ask("/api/meters")[0]["adco"]
    assert house.startswith(f"house   alive   ok         {adco}  20")
    assert house.endswith("0.0 %")
    assert garage.split() == ["garage", "alive", "searching", "-", "never", "-"]
    assert xpl.startswith("xpl: source domogik-teleinfo.test, interface lo, broadcast 127.255")
    assert re.match(r"history: database \S+/history.db, size_mb 0, ", history)


def test_status_as_json_is_what_the_api_says(gateway):
    code, out, _ = gateway.teleinfo("status", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["status"]["meters"] == {"house": "alive", "garage": "alive"}
    assert [meter["device"] for meter in told["meters"]] == list(gateway.ports.values())
    assert set(told["meters"][0]) == set(gateway.ask("/api/meters")[0])


def test_stop_frees_the_port_and_start_takes_it_again(gateway, in_use):
    until(lambda: in_use(gateway.ports["garage"]))
    assert gateway.teleinfo("stop", "garage") == (0, "garage: stopped\n", "")
    assert not in_use(gateway.ports["garage"])
    _, out, _ = gateway.teleinfo("status")
    row = next(line for line in out.splitlines() if line.startswith("garage"))
    assert row.split()[1:3] == ["stopped", "-"]
    assert row.endswith("teleinfo start garage reads it again")
    assert gateway.teleinfo("start", "garage") == (0, "garage: starting\n", "")
    until(lambda: in_use(gateway.ports["garage"]))


@pytest.mark.parametrize("name", ["nobody", "../../x", "a b\t"])
def test_an_unknown_meter_is_said_with_those_that_exist(gateway, name):
    code, out, err = gateway.teleinfo("stop", name)
    assert (code, out) == (1, "")
    assert err.startswith("Error: no meter is called ")
    assert err.endswith("; there are: house, garage\n")


def test_the_address_can_be_given(gateway, run):
    for url in (gateway.url, gateway.url + "/", gateway.url.replace("127.0.0.1", "localhost")):
        result = run("status", "--url", url)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("teleinfo ")


def test_the_address_is_that_of_the_configuration(gateway, run):
    result = run("status", "--config", str(gateway.folder / "teleinfo.yaml"))
    assert (result.exit_code, result.stdout[:9]) == (0, "teleinfo ")


def test_a_gateway_with_an_event_stream_ends_within_two_seconds(tmp_path):
    with contextlib.closing(RealGateway(tmp_path)) as gateway:
        gateway.hear("house")
        connection = http.client.HTTPConnection("127.0.0.1", gateway.http, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", "/api/events")
            response = connection.getresponse()
            assert response.readline() == b"retry: 3000\n"
            code, took_s = gateway.end()
            response.close()
        assert code == 0
        assert took_s < 2
        gateway.log.seek(0)
        log = gateway.log.read().decode()
        assert f"HTTP API: {gateway.url}/" in log
        assert "Traceback" not in log
        assert "uvicorn" not in log


# --- without one


def test_a_gateway_that_does_not_run_is_said_with_how_to_start_it(run):
    url = f"http://127.0.0.1:{free_port()}"
    for command in (("status",), ("start", "house"), ("stop", "house")):
        result = run(*command, "--url", url)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"no gateway answers at {url}" in result.stderr
        assert "teleinfo run" in result.stderr


def test_without_a_configuration_the_default_address_is_asked(run):
    if run("check").stdout:
        pytest.skip("this machine has a configuration of its own")
    asked = _gateway.running_gateway(None)
    assert (asked._host, asked._port) == ("127.0.0.1", 8181)


def test_an_api_that_is_switched_off_is_said_with_where(run):
    Path("teleinfo.yaml").write_text("web: false\n", encoding="utf-8")
    result = run("status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "switched off in teleinfo.yaml (web: false)" in result.stderr


def test_a_faulty_configuration_is_printed_as_check_does(run):
    Path("teleinfo.yaml").write_text("web: {listen: here}\n", encoding="utf-8")
    result = run("status")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == run("check").stderr
    assert result.stderr.startswith("teleinfo.yaml:1: web.listen: ")


@pytest.mark.parametrize(
    "url", ["here", "ftp://127.0.0.1", "http://", "http://h:port", "http://h:1/x", "http://h?x"]
)
def test_an_address_that_is_none_is_wrong_use(run, url):
    result = run("status", "--url", url)
    assert result.exit_code == 2
    assert "http://HOST:PORT" in result.stderr


@contextlib.contextmanager
def server_that_sends(answer):
    """A server that sends the same to every client; None: it sends nothing."""

    def serve():
        with contextlib.suppress(OSError):  # of the end
            while True:
                client, _ = listener.accept()
                with client:
                    client.recv(4096)
                    if answer is None:
                        ended.wait(TIMEOUT_S)
                    else:
                        client.sendall(answer)

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(TIMEOUT_S)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<html>a router</html>", "is not a teleinfo gateway"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", "is not a teleinfo gateway"),
        (b"HTTP/1.0 404 Not Found\r\n\r\nno", "is not a teleinfo gateway"),
        (b"220 mail ready\r\n", "does not speak HTTP"),
        (b"", "no gateway answers"),
        (b'HTTP/1.0 500 Oops\r\n\r\n{"error": "a \\u001b[31mfault"}', "Error: a ?[31mfault"),
    ],
)
def test_what_is_not_a_gateway_is_said(run, answer, words):
    with server_that_sends(answer) as url:
        result = run("status", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_a_gateway_that_hangs_is_not_waited_for(run, monkeypatch):
    monkeypatch.setattr(_gateway, "_TIMEOUT_S", 0.2)
    with server_that_sends(None) as url:
        result = run("status", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did not answer within" in result.stderr


@pytest.mark.parametrize("command", ["status", "start", "stop"])
def test_each_command_has_help_with_an_example_and_is_documented(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: teleinfo {command}" in result.stdout
    assert f"teleinfo {command}" in HTTP_API.read_text(encoding="utf-8")
