"""Configuration: what is accepted, and that every fault is named at its place."""

import re
from pathlib import Path
from typing import get_args, get_origin

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from teleinfo_gateway.config import (
    Config,
    DeviceConfig,
    HistoryConfig,
    IngestConfig,
    TlsConfig,
    TokenConfig,
    WebConfig,
    XplConfig,
    find_config,
    load_config,
)
from teleinfo_gateway.errors import ConfigError, Fault, GatewayError
from teleinfo_gateway.password import hash_password

DOCS = Path(__file__).parents[2] / "docs"
ONE_METER = "devices: [{device: /dev/x, %s}]"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "teleinfo.yaml"


def load(file, text):
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return load_config(file)


def faults_of(file, text):
    with pytest.raises(ConfigError) as caught:
        load(file, text)
    assert caught.value.file == file
    return caught.value.faults


def only_fault_of(file, text):
    (fault,) = faults_of(file, text)
    return fault


# What is accepted


@pytest.mark.parametrize(
    "text",
    ["", "# nothing but a comment\n", "---\n", "null", "{}", "devices:", "devices: []",
     "xpl:\nweb:\n", "xpl: true\nweb: true", "xpl: {}\nweb: {}", "\ufeff",
     "history:\ningest:\ncontracts:\n", "history: true\ningest: false\ncontracts: []"],
)  # fmt: skip
def test_what_is_left_out_or_empty_has_its_default(file, text):
    assert load(file, text) == Config()


def test_defaults_are_those_of_the_design():
    assert Config() == Config(
        devices=(),
        xpl=XplConfig(
            vendor="domogik",
            instance="auto",
            interface="auto",
            hub="auto",
            device="adco",
            values="domogik",
            short_also_basic=False,
            port=3865,
        ),
        web=WebConfig(
            listen="127.0.0.1:8181", password=None, tokens=(), tls=None, hosts=(), origins=()
        ),
        history=HistoryConfig(path="auto", url=None, readings=400, size=2000),
        ingest=None,
        contracts=(),
    )
    assert DeviceConfig(device="/dev/x") == DeviceConfig(
        name="meter",
        type="teleinfo.electric_meter",
        device="/dev/x",
        interval=60,
        mode="auto",
    )


def test_every_key_arrives_where_it_belongs(file):
    config = load(
        file,
        """
        devices:
          - {name: house, type: teleinfo.electric_meter, device: /dev/teleinfo, interval: 1,
             mode: standard}
          - {name: solar-2, device: "rfc2217://[fe80::1]:7000", interval: 170, mode: historique}
        xpl: {vendor: acme, instance: cellar, interface: eth0:1, hub: never, device: teleinfo,
              values: raw, short_also_basic: true, port: 13865}
        web:
          listen: "[::]:8080"
          password: file:/etc/teleinfo/password
          tokens: [{name: page, scope: read, token: "file:/etc/teleinfo/token"}]
          tls: {certificate: /etc/teleinfo/web.crt, key: /etc/teleinfo/web.key}
          hosts: [teleinfo.home]
          origins: ["http://homeassistant.local:8123", "https://[fe80::1]"]
        history: {path: /srv/history.db, readings: 30, size: 20}
        ingest: {listen: "[::]:8182", token: "file:/etc/teleinfo/token"}
        contracts:
          - {name: c, option: base, prices: [
             {from: 2026-02-01, subscription: 15, energy: {base: 0.2}, source: my bill}]}
        """,
    )
    (contract,) = config.contracts
    assert (contract.name, contract.option) == ("c", "BASE")  # all its keys: test_contracts.py
    assert config == Config(
        devices=(
            DeviceConfig(name="house", device="/dev/teleinfo", interval=1, mode="standard"),
            DeviceConfig(
                name="solar-2", device="rfc2217://[fe80::1]:7000", interval=170, mode="historique"
            ),
        ),
        xpl=XplConfig(
            vendor="acme",
            instance="cellar",
            interface="eth0:1",
            hub="never",
            device="teleinfo",
            values="raw",
            short_also_basic=True,
            port=13865,
        ),
        web=WebConfig(
            listen="[::]:8080",
            password="file:/etc/teleinfo/password",  # noqa: S106  # where one is
            tokens=(TokenConfig(name="page", scope="read", token="file:/etc/teleinfo/token"),),  # noqa: S106  # likewise
            tls=TlsConfig(certificate="/etc/teleinfo/web.crt", key="/etc/teleinfo/web.key"),
            hosts=("teleinfo.home",),
            origins=("http://homeassistant.local:8123", "https://[fe80::1]"),
        ),
        history=HistoryConfig(path="/srv/history.db", readings=30, size=20),
        ingest=IngestConfig(listen="[::]:8182", token="file:/etc/teleinfo/token"),  # noqa: S106  # where one is
        contracts=config.contracts,
    )


def test_secrets_of_the_page_are_not_shown(file):
    token, password = "0123456789abcdef", hash_password("correct horse")
    web = load(
        file,
        f"web: {{password: {password}, tokens: [{{name: a, scope: read, token: {token}a}}]}}",
    ).web
    assert token not in repr(web)
    assert password not in repr(web)


@pytest.mark.parametrize(
    ("listen", "tls", "local", "clear"),
    [
        ("127.0.0.1:1", False, True, False),
        ("localhost:1", True, True, False),
        ("[::1]:1", False, True, False),
        ("0.0.0.0:1", False, False, True),
        ("0.0.0.0:1", True, False, False),
        ("myself.home:1", False, False, True),
    ],
)
def test_a_network_in_between_can_read_along_unless_there_is_tls(listen, tls, local, clear):
    files = TlsConfig(certificate="/x", key="/y") if tls else None
    web = WebConfig(listen=listen, password="file:/x", tls=files)  # noqa: S106  # where one is
    assert (web.is_local, web.is_in_the_clear) == (local, clear)
    assert web.url == f"http{'s' * tls}://{listen}/"


def test_false_switches_a_section_off(file):
    config = load(file, "xpl: false\nweb: False\nhistory: false\ningest: false")
    assert (config.xpl, config.web, config.history, config.ingest) == (None, None, None, None)


@pytest.mark.parametrize(
    "url",
    ["mariadb://u:p@db/teleinfo", "mysql://db:3306/t", "postgresql:///t", "file:/etc/teleinfo/url",
     "${TELEINFO_DATABASE}", "postgresql://u:${PASSWORD}@db/t?sslmode=require"],
)  # fmt: skip
def test_a_database_server_is_a_url_or_a_reference_to_one(file, url):
    config = load(file, f"history: {{url: '{url}'}}")
    assert config.history.url == url
    assert url not in repr(config)


def test_the_ingest_address_may_be_any(file):
    ingest = load(file, "ingest: {listen: 192.0.2.1:8182, token: 0123456789abcdef}").ingest
    assert (ingest.host, ingest.port) == ("192.0.2.1", 8182)
    assert ingest.token == "0123456789abcdef"  # noqa: S105  # not one
    assert "0123456789abcdef" not in repr(ingest)


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("127.0.0.1:8181", "127.0.0.1", 8181),
        ("127.255.0.9:1", "127.255.0.9", 1),
        ("localhost:65535", "localhost", 65535),
        ("[::1]:80", "::1", 80),
    ],
)
def test_listen_gives_host_and_port(listen, host, port):
    web = WebConfig(listen=listen)
    assert (web.host, web.port) == (host, port)


def test_a_config_can_be_compared_hashed_and_not_changed(file):
    text = ONE_METER % "name: a"
    config = load(file, text)
    again = load(file, text)
    assert config == again
    assert {*config.devices} == {*again.devices}
    assert hash(config) == hash(again)
    with pytest.raises(ValidationError):
        config.devices[0].interval = 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("22-30", "22-30"),
        ("2026-01-31", "2026-01-31"),
        ("1e3", "1e3"),
        ("0x1f", "0x1f"),
        ('"012345678901"', "012345678901"),
        ("'true'", "true"),
    ],
)
def test_an_unquoted_word_stays_what_it_looks_like(file, written, meant):
    config = load(file, ONE_METER % f"name: {written}")
    assert config.devices[0].name == meant


@pytest.mark.parametrize(("written", "meant"), [("060", 60), ("+9", 9), ("010", 10)])
def test_digits_are_decimal_whatever_their_first(file, written, meant):
    assert load(file, ONE_METER % f"interval: {written}").devices[0].interval == meant


def test_our_yaml_rules_stay_ours(file):
    load(file, "devices: []")
    assert yaml.safe_load("[010, 22:30, no, 1.5]") == [8, 1350, False, 1.5]


# What is refused: (file, line, path, what the message says)

FAULTS = [
    # unknown keys
    ("heating: 1", 1, "heating", "unknown key; the keys here are devices, xpl, mqtt, domoticz"),
    ("\n\nwbe: {}", 3, "wbe", "unknown key; did you mean web?"),
    ("xpl:\n  Vendor: x", 2, "xpl.Vendor", "did you mean vendor?"),
    ("devices:\n- device: /dev/x\n  intervall: 5", 3, "devices[0].intervall", "mean interval?"),
    ("1: x", 1, "1", "unknown key"),
    ("~: x", 1, "~", "unknown key"),
    ("[a]: x", 1, "", "a key here is not plain text"),
    ("xpl:\n  {b: 1}: x", 2, "xpl", "a key here is not plain text"),
    ('"a\\nb": x', 1, "", "a key here is not plain text"),
    (f"{'a' * 999}: x", 1, f"{'a' * 60}...", "unknown key"),
    # given twice
    ("web: {}\nxpl: {}\nweb: {}", 3, "web", "already given on line 1"),
    ("xpl:\n  hub: auto\n  hub: never", 3, "xpl.hub", "already given on line 2: keep one"),
    ("devices:\n- device: /dev/x\n- {name: b, device: /dev/y}\n- {name: b, device: /dev/z}", 4,
     "devices[2].name", "devices[1] on line 3 has this name already"),
    ("devices:\n- device: /dev/x\n- device: /dev/y", 3, "devices[1].name",
     "devices[0] on line 2 has this name already (a meter without one is called meter)"),
    ("devices:\n- device: /dev/x\n- name: b\n  device: /dev//x", 4, "devices[1].device",
     "devices[0] on line 2 reads this port already"),
    ("devices:\n- device: socket://h:1\n- name: b\n  device: socket://h:1", 4, "devices[1].device",
     "reads this port already"),
    # interval
    (ONE_METER % "interval: 0", 1, "devices[0].interval", "whole seconds from 1 to 170"),
    (ONE_METER % "interval: 171", 1, "devices[0].interval", "after 180 without news"),
    (ONE_METER % "interval: -5", 1, "devices[0].interval", "found -5"),
    (ONE_METER % "interval: 2.5", 1, "devices[0].interval", 'found "2.5"'),
    (ONE_METER % "interval: ten", 1, "devices[0].interval", 'found "ten"'),
    (ONE_METER % "interval: 1:30", 1, "devices[0].interval", 'found "1:30"'),
    (ONE_METER % "interval: true", 1, "devices[0].interval", "found true"),
    (ONE_METER % "interval: ", 1, "devices[0].interval", "found nothing"),
    (ONE_METER % 'interval: "60"', 1, "devices[0].interval", "(a number has no quotes: 60)"),
    (ONE_METER % f"interval: {'9' * 60}", 1, "devices[0].interval", "found 999"),
    (ONE_METER % f"interval: {'9' * 9999}", 1, "devices[0].interval", 'found "999'),
    # the other keys of a meter
    ("devices:\n  - name: a", 2, "devices[0].device", "missing; write a port such as /dev/ttyUSB0"),
    ("devices: [[]]", 1, "devices[0]", "expected the keys name, type, device"),
    ("devices:\n- /dev/x", 2, "devices[0]", 'found "/dev/x"'),
    ("devices:\n  device: /dev/x", 1, "devices", 'each beginning with "-", found a mapping'),
    ("devices: false", 1, "devices", "expected a list of meters"),
    (ONE_METER % "name: House", 1, "devices[0].name", "1 to 32 lower-case letters"),
    (ONE_METER % "name: ''", 1, "devices[0].name", 'found ""'),
    (ONE_METER % f"name: {'a' * 33}", 1, "devices[0].name", "1 to 32"),
    (ONE_METER % "name: true", 1, "devices[0].name", "found true"),
    (ONE_METER % "name: 22:30", 1, "devices[0].name", 'found "22:30"'),
    (ONE_METER % "type: electric_meter", 1, "devices[0].type", "expected teleinfo.electric_meter"),
    (ONE_METER % "mode: standart", 1, "devices[0].mode", "did you mean standard?"),
    (ONE_METER % "mode: 1", 1, "devices[0].mode", "expected auto, historique or standard, found 1"),
    (ONE_METER % "mode: [auto]", 1, "devices[0].mode", "found a list"),
    ("devices: [{device: ttyUSB0}]", 1, "devices[0].device", "written whole, from its first /"),
    ("devices: [{device: ''}]", 1, "devices[0].device", "written whole"),
    ("devices: [{device: COM3}]", 1, "devices[0].device", "written whole"),
    ("devices: [{device: tcp://h:1}]", 1, "devices[0].device", "socket://host:port"),
    ("devices: [{device: socket://h}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: 'socket://:1'}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: socket://h:0}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: socket://h:70000}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: 'socket://[::1:7'}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: socket://h:1/x}]", 1, "devices[0].device", "a colon and a port"),
    ("devices: [{device: socket://u@h:1}]", 1, "devices[0].device", "a colon and a port"),
    ("devices:\n- device: /dev/x\n    interval 60", 2, "devices[0].device", "a space in it"),
    # an address without quotes
    ("xpl:\n  device: 012345678901", 2, "xpl.device", 'put quotes around it: "012345678901")'),
    ("xpl: {device: 812345678901}", 1, "xpl.device", "found 812345678901 as a number"),
    (ONE_METER % "name: 021234567012", 1, "devices[0].name", '"021234567012"'),
    # xpl
    ("xpl: off", 1, "xpl", 'or false to switch xPL off, found "off"'),
    ("xpl: [1]", 1, "xpl", "expected a mapping of xPL settings"),
    ("xpl: 0", 1, "xpl", "found 0"),
    ("xpl: {vendor: ab}", 1, "xpl.vendor", "3 to 8 lower-case letters and digits"),
    ("xpl: {vendor: abcdefghi}", 1, "xpl.vendor", "3 to 8"),
    ('xpl: {vendor: "abc\\n"}', 1, "xpl.vendor", "invisible character U+000A"),
    ("xpl: {instance: my-host}", 1, "xpl.instance", "1 to 16 lower-case letters and digits"),
    ("xpl: {instance: aaaabbbbccccddddE}", 1, "xpl.instance", "1 to 16"),
    ("xpl: {interface: eth0/1}", 1, "xpl.interface", "name of a network interface"),
    ("xpl: {interface: abcdefghijklmnop}", 1, "xpl.interface", "name of a network interface"),
    ("xpl: {hub: no}", 1, "xpl.hub", 'expected auto, always or never, found "no"'),
    ("xpl: {device: Teleinfo}", 1, "xpl.device", "adco, none, or a fixed text"),
    ("xpl: {device: }", 1, "xpl.device", "found nothing"),
    ("xpl: {values: RAW}", 1, "xpl.values", "did you mean raw?"),
    ("xpl: {short_also_basic: yes}", 1, "xpl.short_also_basic", 'true or false, found "yes"'),
    ("xpl: {short_also_basic: 1}", 1, "xpl.short_also_basic", "true or false, found 1"),
    ("xpl: {port: 0}", 1, "xpl.port", "a UDP port from 1 to 65535, found 0"),
    ("xpl: {port: 99999}", 1, "xpl.port", "found 99999"),
    # web
    ("web: 8181", 1, "web", "or false to switch the page and the HTTP API off, found 8181"),
    ("web: {listen: 8181}", 1, "web.listen", "found 8181"),
    *(
        (f"web: {{listen: '{listen}:8181'}}", 1, "web.password", says)
        for listen in ("0.0.0.0", "[::]", "192.168.1.2", "example.org")  # noqa: S104  # refused
        for says in ("missing; write what 'teleinfo password' prints", "and localhost need none")
    ),
    ("web: {password: 12345678}", 1, "web.password", "found a value that is not repeated here"),
    ("web: {password: my secret}", 1, "web.password", "not repeated here: it is no such hash"),
    ("web: {password: scrypt$3$8$1$aaaaaaaaaaaaaaaaaaaaaa$aaaaaaaaaaaaaaaaaaaaaa}", 1,
     "web.password", "n is a power of two"),
    ("web: {password: scrypt$1048576$8$1$aaaaaaaaaaaaaaaaaaaaaa$aaaaaaaaaaaaaaaaaaaaaa}", 1,
     "web.password", "at most 128 MiB"),
    ("influxdb: {username: x}", 1, "influxdb.password", "missing; write a password"),
    ("influxdb: {password: x}", 1, "influxdb.username", "missing; write the name of a user"),
    ("influxdb: {password: x, username:}", 1, "influxdb.username", "found nothing: password needs"),
    ("web: {tokens: {a: b}}", 1, "web.tokens", 'each beginning with "-", found a mapping'),
    ("web:\n  tokens:\n    - {scope: read, token: file:/x}", 3, "web.tokens[0].name",
     "missing; write 1 to 32"),
    ("web: {tokens: [{name: A, scope: read, token: file:/x}]}", 1, "web.tokens[0].name", '"A"'),
    ("web: {tokens: [{name: a, scope: write, token: file:/x}]}", 1, "web.tokens[0].scope",
     'expected read, control or ingest, found "write"'),
    ("web: {tokens: [{name: a, scope: read, token: secret}]}", 1, "web.tokens[0].token",
     "not repeated here: a shorter one can be guessed"),
    (("web:\n  tokens:\n  - {name: a, scope: read, token: file:/x}\n"
      "  - {name: a, scope: read, token: file:/y}"), 4, "web.tokens[1].name",
     "another token has this name"),
    ("web: {tls: true}", 1, "web.tls", "expected the keys certificate and key, found true"),
    ("web: {tls: {certificate: /x}}", 1, "web.tls.key", "missing; write the whole path"),
    ("web: {tls: {certificate: x, key: /x}}", 1, "web.tls.certificate", "from its first /"),
    ("web: {hosts: [Teleinfo]}", 1, "web.hosts", "'Teleinfo' is no host name in lower case"),
    ("web: {hosts: ['a:80']}", 1, "web.hosts", "without a port"),
    ("web: {origins: [homeassistant]}", 1, "web.origins", "'homeassistant' is not http://"),
    ("web: {origins: ['http://a/']}", 1, "web.origins", "with nothing after it"),
    ("web: {origins: ['https://a:443']}", 1, "web.origins", "browsers leave :443 out"),
    ("web: {listen: 127.0.0.1}", 1, "web.listen", "a colon and a port from 1 to 65535"),
    ("web: {listen: 127.0.0.1:0}", 1, "web.listen", "a port from 1 to 65535"),
    ("web: {listen: 127.0.0.1:65536}", 1, "web.listen", "a port from 1 to 65535"),
    ("web: {listen: '::1:80'}", 1, "web.listen", "a colon and a port"),
    # history
    ("history: 1", 1, "history", "or false to keep no history, found 1"),
    ("history: false\nfiles: {folder: /x}", 2, "files", "which history: false switches off"),
    ("history: {path: history.db}", 1, "history.path", "written whole, from its first /"),
    ("history: {path: /var/lib/}", 1, "history.path", "this is a directory"),
    ("history:\n  path: /x\n  url: mysql://h/db", 3, "history.url", "path names a file already"),
    ("history: {url: 'sqlite:////x'}", 1, "history.url", "expected mariadb://, mysql:// or"),
    ("history: {url: mysql://u:secret@h}", 1, "history.url", "the name of a database"),
    ("history: {readings: 0}", 1, "history.readings", "whole days from 1 to 36500"),
    ("history: {size: 19}", 1, "history.size", "whole megabytes from 20"),
    # ingest
    ("ingest: true", 1, "ingest.listen", "missing; write the address that other machines reach"),
    ("ingest:\n  listen: h:1", 1, "ingest.token", "missing; write at least 16 characters"),
    ("ingest: {listen: 80, token: 0123456789abcdef}", 1, "ingest.listen", "found 80"),
    ("ingest: {listen: h, token: 0123456789abcdef}", 1, "ingest.listen", "a colon and a port"),
    ("ingest: {listen: h:1, token: secret}", 1, "ingest.token", "a shorter one can be guessed"),
    # the file as a whole
    ("- a", 1, "", "contracts, found a list"),
    ("\nhello", 2, "", 'contracts, found "hello"'),
    ("12", 1, "", "contracts, found 12"),
    # YAML
    ("devices:\n\t- device: /dev/x", 2, "", "column 1: a tab stands where only spaces may"),
    ("xpl:\n  hub: \tauto", 2, "", "column 8: a tab stands"),
    ("xpl:\n  hub: auto\n  port 1\n  vendor: x", 3, "", "column 3: a key without a colon after"),
    ("xpl:\n  hub auto\n  port: 1", 3, "", "column 7: a colon too many here, or one missing above"),
    ("xpl:\n  hub: auto\n port: 1", 3, "", "indentation does not agree with the lines above"),
    ("xpl:\n  hub: a: b", 2, "", "column 9: a colon too many here"),
    ("xpl:\n  hub: 'auto\n\nweb: {}", 2, "", "column 8: the quote opened here is never closed"),
    ("devices: [{}\nxpl: {}", 1, "", "the list opened here lacks a comma"),
    ("xpl: {hub: auto\nweb: {}", 1, "", "the mapping opened here lacks a comma"),
    ("xpl: {}\ndevices: [", 2, "", "column 10: the bracket or brace opened here is never closed"),
    ("devices: [\n\n", 1, "", "column 10: the bracket or brace opened here is never closed"),
    ("devices: [{device: /dev/x},\n", 1, "", "column 10: the bracket or brace opened here"),
    ("xpl: {\n  hub:\n", 1, "", "column 6: the bracket or brace opened here is never closed"),
    ("devices: [,]", 1, "", "column 11: a value is missing before this character"),
    ("{xpl: {}}}", 1, "", "column 10: a bracket, a brace or a quote too many"),
    ("xpl: @x", 1, "", "text that begins with this character needs quotes"),
    ("xpl: {}\n---\nweb: {}", 2, "", '"---" begins a second document'),
    ("x: *a", 1, "", "an alias (*name) is not used here"),
    ("x: &a [*a]", 1, "", "an alias (*name) is not used here"),
    ("xpl:\n  vendor: !!str abc", 2, "", "a tag (!name) is not used here"),
    ("!!python/object/apply:os.system [ls]", 1, "", "a tag (!name) is not used here"),
    ("x: ! y", 1, "", "a tag (!name) is not used here"),
    ("[" * 500, 1, "", "more than 16 levels"),
    ("- " * 500, 1, "", "more than 16 levels"),
    ("xpl: {}\n\nx: \x07", 3, "", "the control character U+0007 is not text"),
    ('\nx: "\\UFFFFFFFF"', 2, "", "this is not valid YAML"),
    ('x: "\\U00110000"', 1, "", "this is not valid YAML"),
    # characters nobody can see
    ("devices:\n- device: /dev/x\u00a0", 2, "devices[0].device", "invisible character U+00A0"),
    ('xpl: {vendor: "\\ud800ab"}', 1, "xpl.vendor", "invisible character U+D800"),
    ('"\\x1b[31m"', 1, "", "invisible character U+001B in '?[31m'"),
    # not text
    (b"xpl: {}\n# caf\xe9\n", 2, "", "byte 0xE9 is not UTF-8"),
    ("xpl: {}".encode("utf-16"), 1, "", "is not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "path", "says"), FAULTS, ids=lambda value: str(value)[:40]
)
def test_a_fault_is_named_at_its_place(file, text, line, path, says):
    fault = faults_of(file, text)[0] if text == "ingest: true" else only_fault_of(file, text)
    assert (fault.line, fault.path) == (line, path)
    assert says in fault.message
    assert fault.message.isprintable()
    assert "secret" not in fault.message


def test_six_faults_of_six_kinds_are_all_reported(file):
    faults = faults_of(
        file,
        """\
devices:
  - name: house
    device: /dev/ttyUSB0
    interval: ten
    mode: standart
    tsl: 22:30
xpl:
  device: 021234567012
  port: 99999
xpl: false
""",
    )
    assert [(fault.line, fault.path) for fault in faults] == [
        (4, "devices[0].interval"),
        (5, "devices[0].mode"),
        (6, "devices[0].tsl"),
        (8, "xpl.device"),
        (9, "xpl.port"),
        (10, "xpl"),
    ]


def test_faults_of_reading_values_and_repetition_come_together_in_the_order_of_the_file(file):
    faults = faults_of(
        file,
        """\
web: {listen: 8181}
devices:
  - {name: a, device: /dev/x, mode: auto, mode: auto}
  - {name: a, device: "/dev/\\0"}
  - {name: b, device: /dev/x, interval: 600}
""",
    )
    assert [(fault.line, fault.path) for fault in faults] == [
        (1, "web.listen"),
        (3, "devices[0].mode"),
        (4, "devices[1].device"),
        (4, "devices[1].name"),
        (5, "devices[2].interval"),
        (5, "devices[2].device"),
    ]


def test_text_of_the_file_is_cut_in_messages(file):
    fault = only_fault_of(file, f"xpl: {{vendor: {'x' * 5000}}}")
    assert len(fault.message) < 200


# Files that cannot be read


def test_a_missing_file_is_a_fault(file):
    with pytest.raises(ConfigError, match=f"^{file}: there is no such file$"):
        load_config(file)


def test_a_directory_is_a_fault(tmp_path):
    with pytest.raises(ConfigError, match="this is a directory"):
        load_config(tmp_path)


def test_a_path_through_a_file_is_a_fault(file):
    file.write_text("xpl: {}")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load_config(file / "teleinfo.yaml")


def test_a_file_without_permission_is_a_fault(file):
    file.write_text("xpl: {}")
    file.chmod(0)
    try:
        file.read_bytes()
    except PermissionError:
        pass
    else:
        pytest.skip("this user may read everything")
    with pytest.raises(ConfigError, match="permission to read this file is missing"):
        load_config(file)


def test_a_file_too_large_is_refused_without_being_read_whole():
    with pytest.raises(ConfigError, match="too large for a configuration"):
        load_config(Path("/dev/zero"))


def test_a_large_file_within_the_limit_is_read(file):
    meters = [f"  - {{name: m{i}, device: /dev/ttyUSB{i}}}" for i in range(500)]
    assert len(load(file, "\n".join(["devices:", *meters])).devices) == 500


# Anything at all

YAML_CHARACTERS = st.text(
    st.sampled_from(
        "devicsxplwbhunamty: \n\n\t-[]{},&*!|>'\"%@#?~0123456789\\\x00\x85\u2028\ud800é"
    )
)
YAML_WORDS = st.lists(
    st.sampled_from(
        ["devices:", "xpl:", "web:", "- ", "\n", "  ", " ", "name: ", "device: ", "listen: ", "{",
         "contracts:", "prices:", "energy: ", "option: ", "history:", "url: ",
         "}", "[", "]", ": ", ", ", "a", "012", "-1", "true", "null", "/dev/x", "socket://", "<<: ",
         "[::1]:1", '"', "'", "&a ", "*a", "!!int ", "? ", "| ", "---\n", "...\n", "%YAML 1.1\n",
         "\\U0011ffff"]
    )
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), st.binary(), YAML_CHARACTERS, YAML_WORDS))
def test_no_text_raises_anything_but_a_config_error(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "random.yaml"
    try:
        load(file, text)
        return
    except ConfigError as error:
        faults = error.faults
    assert faults
    assert all((fault.message + fault.path).isprintable() for fault in faults)


# Errors as text


def test_a_config_error_is_a_gateway_error_with_one_line_per_fault():
    error = ConfigError(
        Path("t.yaml"),
        (Fault("", None, "gone"), Fault("", 2, "a tab"), Fault("xpl.hub", 3, "wrong")),
    )
    assert isinstance(error, GatewayError)
    assert str(error) == "t.yaml: gone\nt.yaml:2: a tab\nt.yaml:3: xpl.hub: wrong"


# Finding the file


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Run in an empty directory, with an empty home and no $TELEINFO_CONFIG."""
    for name in ("here", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TELEINFO_CONFIG", raising=False)
    return tmp_path


def test_the_search_goes_from_the_named_to_the_general(places, monkeypatch):
    if Path("/etc/teleinfo/teleinfo.yaml").exists():
        pytest.skip("this machine has a configuration of its own")
    assert find_config(None) is None
    at_home = places / "home/.config/teleinfo/teleinfo.yaml"
    at_home.parent.mkdir(parents=True)
    at_home.touch()
    assert find_config(None) == at_home
    Path("teleinfo.yaml").touch()
    assert find_config(None) == Path("teleinfo.yaml")
    monkeypatch.setenv("TELEINFO_CONFIG", "")
    assert find_config(None) == Path("teleinfo.yaml")
    monkeypatch.setenv("TELEINFO_CONFIG", "/nowhere/env.yaml")
    assert find_config(None) == Path("/nowhere/env.yaml")
    assert find_config(Path("named.yaml")) == Path("named.yaml")


def test_a_service_without_home_searches_the_other_places(places, monkeypatch):
    monkeypatch.delenv("HOME")
    Path("teleinfo.yaml").touch()
    assert find_config(None) == Path("teleinfo.yaml")


def test_a_home_that_cannot_be_entered_is_passed_over(places, monkeypatch):
    monkeypatch.setenv("HOME", "x" * 300)  # too long a name: the system refuses to look
    assert find_config(None) in {None, Path("/etc/teleinfo/teleinfo.yaml")}


# Documentation


def keys_of(model, prefix=""):
    """Yield (dotted key, field, the model of what is inside or None) for each setting."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        annotations = (field.annotation, *get_args(field.annotation))
        kinds = [kind for kind in annotations if isinstance(kind, type)]
        inside = next((kind for kind in kinds if issubclass(kind, BaseModel)), None)
        yield key, field, inside
        if inside:
            in_list = get_origin(field.annotation) is tuple
            yield from keys_of(inside, f"{key}{'[]' * in_list}.")


KEYS = [*keys_of(Config)]


@pytest.mark.parametrize(("key", "field", "inside"), KEYS, ids=[key for key, *_ in KEYS])
def test_every_key_is_documented_with_its_default_and_an_example(key, field, inside):
    text = (DOCS / "configuration.rst").read_text(encoding="utf-8")
    _, found, rest = text.partition(f".. confval:: {key}\n")
    assert found, f"{key} is not in docs/configuration.rst"
    entry = rest.partition(".. confval::")[0]
    assert ":type:" in entry
    assert ":default: " in entry
    if inside:  # a section, whose keys have the examples
        return
    if not field.is_required():
        in_yaml = {"None": "null", "()": "[]", "True": "true", "False": "false"}
        written = in_yaml.get(str(field.default), field.default)
        assert f":default: ``{written}``" in entry
    name = key.rpartition(".")[2]
    assert f"``{name}: " in entry or name == "type"


def test_no_key_is_documented_that_does_not_exist():
    text = (DOCS / "configuration.rst").read_text(encoding="utf-8")
    documented = re.findall(r"confval:: (\S+)", text)
    assert sorted(documented) == sorted(key for key, *_ in KEYS)


def test_the_sample_shows_every_key_and_loads():
    sample = DOCS / "examples/teleinfo.yaml"
    config = load_config(sample)
    assert [device.name for device in config.devices] == ["house"]
    assert config == Config(devices=config.devices)
    written = yaml.safe_load(sample.read_text(encoding="utf-8"))
    assert written.keys() == Config.model_fields.keys()
    assert written["devices"][0].keys() == DeviceConfig.model_fields.keys()
    assert written["xpl"].keys() == XplConfig.model_fields.keys()
    assert written["web"].keys() == WebConfig.model_fields.keys()
    assert written["history"].keys() == HistoryConfig.model_fields.keys()


def test_what_the_sample_only_comments_on_is_every_key_too_and_loads(file):
    text = (DOCS / "examples/teleinfo.yaml").read_text(encoding="utf-8")
    _, _, commented = text.partition("ingest: false")
    commented = "\n".join(line for line in commented.splitlines() if line.startswith("# "))
    for key, *_ in KEYS:
        if key.startswith(("ingest.", "contracts[].")):
            assert re.search(rf"[ {{]{key.rpartition('.')[2]}:", commented), key
    config = load(file, re.sub("(?m)^# ", "", commented))
    assert config.ingest.port == 8182
    assert [contract.name for contract in config.contracts] == ["my-contract"]
