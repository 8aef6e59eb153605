"""``teleinfo check``: what it prints where, and its exit codes."""

import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo
from xpl import instance_from_hostname

DOCS = Path(__file__).parents[2] / "docs"

FAULTY = "devices:\n  - {device: /dev/x, interval: 600}\nxpl: {hub: no, vendr: x}\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty directory, with an empty home and no $TELEINFO_CONFIG."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    return lambda *arguments: CliRunner().invoke(teleinfo, ["check", *arguments])


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_each_fault_is_a_line_on_standard_error_and_the_exit_code_is_2(run, tmp_path):
    file = write(tmp_path / "bad.yaml", FAULTY)
    result = run("--config", file)
    assert result.exit_code == 2
    assert result.stdout == ""
    places = [line.split(": ")[:2] for line in result.stderr.splitlines()]
    assert places == [
        [f"{file}:2", "devices[0].interval"],
        [f"{file}:3", "xpl.hub"],
        [f"{file}:3", "xpl.vendr"],
    ]


def test_a_valid_file_is_summed_up_on_standard_output(run, tmp_path, monkeypatch):
    file = write(
        tmp_path / "good.yaml",
        """
        devices:
          - {name: house, device: /dev/teleinfo}
          - {name: solar, device: "socket://127.0.0.1:7000", mode: standard, interval: 10}
        xpl: {instance: cellar, interface: lo}
        """,
    )
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/teleinfo")
    result = run("--config", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{file}: no fault",
        "meter house: /dev/teleinfo, mode auto, published every 60 s",
        "meter solar: socket://127.0.0.1:7000, mode standard, published every 10 s",
        "xPL: source domogik-teleinfo.cellar, interface lo, UDP port 3865, hub auto",
        "web: http://127.0.0.1:8181/",
        "history: /var/lib/teleinfo/history.db if this user runs it, readings kept for 400 days",
    ]


def test_outputs_switched_off_and_missing_meters_are_said(run, tmp_path):
    file = write(tmp_path / "off.yaml", "xpl: false\nweb: false\nhistory: false\n")
    assert run("--config", file).stdout.splitlines()[1:] == [
        "meter: none, status not-configured; add one under devices:",
        "xPL: off",
        "web: off",
        "history: off",
    ]


def test_the_source_made_from_the_host_name_is_shown(run, tmp_path):
    file = write(tmp_path / "auto.yaml", "xpl: {vendor: acme}")
    instance = instance_from_hostname(socket.gethostname())
    assert f"xPL: source acme-teleinfo.{instance}, " in run("--config", file).stdout


def test_the_output_shown_in_the_documentation_is_the_real_one(run, tmp_path):
    write(
        tmp_path / "teleinfo.yaml",
        """\
devices:
  - name: house
    device: /dev/teleinfo
    interval: 600
    mode: standart
xpl:
  vendr: acme
""",
    )
    printed = run("--config", "teleinfo.yaml").stderr
    text = (DOCS / "configuration.rst").read_text(encoding="utf-8")
    _, _, shown = text.partition("$ teleinfo check --config teleinfo.yaml\n")
    lines = [line.strip() for line in shown.splitlines()]
    assert lines[: len(printed.splitlines())] == printed.splitlines()


def test_without_a_file_it_says_where_it_looked_and_that_none_is_needed(run, tmp_path):
    if "no fault" in run().stdout:
        pytest.skip("this machine has a configuration of its own")
    result = run()
    assert (result.exit_code, result.stdout) == (0, "")
    for place in ("--config", "$TELEINFO_CONFIG", "teleinfo.yaml", "/etc/teleinfo/teleinfo.yaml"):
        assert place in result.stderr
    assert str(tmp_path / "home/.config/teleinfo/teleinfo.yaml") in result.stderr
    assert "teleinfo run" in result.stderr


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_named_file_that_does_not_exist_is_a_fault(run, tmp_path, monkeypatch, by):
    write(tmp_path / "teleinfo.yaml", "")  # must not be taken instead
    if by == "environment":
        monkeypatch.setenv("TELEINFO_CONFIG", "missing.yaml")
    result = run(*(["--config", "missing.yaml"] if by == "option" else []))
    assert result.exit_code == 2
    assert result.stderr == "missing.yaml: there is no such file\n"


def test_the_file_of_the_current_directory_is_found(run, tmp_path):
    write(tmp_path / "teleinfo.yaml", "devices: []")
    assert run().stdout.startswith("teleinfo.yaml: no fault\n")


def test_nothing_is_opened(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        file = write(tmp_path / "t.yaml", f"devices: [{{device: 'socket://127.0.0.1:{port}'}}]")
        assert run("--config", file).exit_code == 0
        with pytest.raises(BlockingIOError):
            server.accept()


def test_help_has_an_example_and_the_exit_codes(run):
    text = run("--help").stdout
    assert "Example: teleinfo check" in text
    assert re.search(r"Exit code 0.*2:", text, re.DOTALL)


def test_every_output_is_named_with_where_it_goes_and_without_its_secrets(run, tmp_path):
    file = write(
        tmp_path / "all.yaml",
        """
        devices: [{name: house, device: /dev/teleinfo}]
        history: {url: "postgresql://me:hush@server/kept", readings: 30}
        ingest: {listen: "0.0.0.0:8182", token: hush-hush-hush-hush}
        mqtt: {password: hush, username: me, formats: {jeedom: true}}
        domoticz: {devices: [{meter: house, p1: 1}]}
        jeedom: {url: "http://jeedom.home", apikey: hush}
        udp: true
        files: {folder: /srv/teleinfo}
        sql: {url: "mariadb://me:hush@server/house"}
        influxdb: true
        emoncms: {url: "http://emoncms.home", apikey: hush}
        push: [{name: diary, url: "http://diary.home/?passwd={secret}&va={PAPP}", secret: hush}]
        extensions: {bell: {code: hush}}
        """,
    )
    result = run("--config", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[4:] == [
        "history: postgresql://me:***@server/kept, readings kept for 30 days",
        "ingest: 0.0.0.0:8182",
        "mqtt: mqtt://localhost, native, jeedom",
        "domoticz: by mqtt",
        "udp: 127.0.0.1, ports 1200 and 1201",
        "files: /srv/teleinfo",
        "jeedom: http://jeedom.home",
        "sql: mariadb://me:***@server/house",
        "influxdb: http://localhost:8086",
        "emoncms: http://emoncms.home",
        "push diary: http://diary.home/?passwd=***&va={PAPP}",
        "extension bell",
    ]
