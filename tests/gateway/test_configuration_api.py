"""The configuration as the page shows it: no secret in it, whatever the file looks like."""

import contextlib
import http.client
import json
import re
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.config import load_config
from teleinfo_gateway.service import Service
from teleinfo_gateway.web.masking import masked
from tic import BY_NAME, LABELS

from ..free_ports import free_port
from .loop_thread import TIMEOUT_S, LoopThread
from .test_access import CONTROL, READ, TOKENS, cheap_hash
from .test_web import Gateway, Stream, until

FILE = """\
# the token: HIDDEN, before
devices: [{device: "socket://127.0.0.1:7000", name: house}]  # shown
web:
  password: scrypt$16384$8$5$HIDDENHIDDENHIDDENHIDDEN$HIDDENHIDDENHIDDENHIDDEN
  "pass\\u0077ord": "HIDDEN
     HIDDEN"
  tokens:
    - name: shown-name
      scope: read
      token: HIDDEN with spaces   # shown
    - {name: b, token: "file:/shown"}
    - {name: c, token: "${SHOWN}"}
    - {name: d, token: "HIDDEN${X}"}
    - HIDDEN
  pasword: |
     HIDDEN
     HIDDEN
  tls: {key: /shown.key, certificate: /shown.crt}
history:
  url: mariadb://shown-user:HIDDEN:HIDDEN@shown-host/db
  other: "mariadb://u:HIDDEN\\
     HIDDEN@h/db"
  last: ["postgresql://u:HIDDEN@h/x", plain, 'x?token=HIDDEN&more']
# scrypt$1$HIDDEN
"""


def test_secrets_are_hidden_and_nothing_else_is_lost():
    shown = masked(FILE)
    assert "HIDDEN" not in shown
    for line, (before, after) in enumerate(
        zip(FILE.split("\n"), shown.split("\n"), strict=True), start=1
    ):
        if "HIDDEN" not in before and not before.endswith("|"):
            assert before == after, line
    for kept in ("shown-name", "file:/shown", "${SHOWN}", "shown-user", "shown-host", "# shown"):
        assert kept in shown


OUTPUTS = """\
mqtt:
  url: mqtts://shown-broker:8883
  username: shown-mqtt
  password: HIDDEN
  tls: {key: /shown-mqtt.key}
domoticz: {url: "http://shown-domoticz", username: shown-domoticz, password: HIDDEN, devices: []}
jeedom: {url: "http://shown-jeedom", apikey: HIDDEN, plugin: legacy}
emoncms: {url: "http://shown-emoncms", apikey: "file:/shown-emoncms.apikey", node: shown}
influxdb:
  - kind: influxdb2
    token: HIDDEN
    org: shown-org
  - {username: shown-influxdb, password: '${SHOWN_PASSWORD}HIDDEN'}
sql:
  url: mariadb://shown-sql:HIDDEN@shown-host/teleinfo?password=HIDDEN
push:
  - name: shown-push
    url: https://shown-push/input?apikey=HIDDEN&va={PAPP}
    body: '{"va": {PAPP}, "key": "{secret}"}'
    secret: HIDDEN
    headers:
      X-Anything: HIDDEN
      Authorization: Bearer HIDDEN
  - {name: of-flow, headers: {X-Anything: "HIDDEN, HIDDEN"}, secret: "file:/shown-push.token"}
files: {folder: /shown-files}
udp: {to: 127.0.0.1, meters: [shown-meter]}
extensions:
  shown-extension:
    anything: HIDDEN
    several: [HIDDEN, {deeper: HIDDEN}]
"""
"""One line or more of each section that has an output; what is shown says so."""


def test_the_secrets_of_every_output_are_hidden_and_the_rest_is_shown():
    shown = masked(OUTPUTS)
    assert "HIDDEN" not in shown
    assert shown.count("\n") == OUTPUTS.count("\n")
    for kept in re.findall(r"[\w.:/-]*shown[\w.-]*|\{PAPP\}|\{secret\}", OUTPUTS):
        assert kept in shown, kept


def test_a_mistake_in_a_section_of_an_output_tells_no_secret_either():
    for mistake in ("push: [\n", "mqtt: 'a\n", "\tx\n"):
        assert "HIDDEN" not in masked(mistake + OUTPUTS)


@pytest.mark.parametrize(
    "mistake", ["\nx: [\n", "\nx: 'a\n", "\n\tx\n", "\n: :\n  - x: y: z\n", "\nx: \x01\n"]
)
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_is_no_yaml_tells_no_secret_either(mistake, first):
    text = mistake + FILE if first else FILE + mistake + FILE
    shown = masked(text)
    assert "HIDDEN" not in shown.replace("[HIDDEN", "")
    assert shown.count("\n") == text.count("\n")


@given(
    st.text(st.sampled_from("abc0_-.$%&+ /"), min_size=8),
    st.sampled_from(["", "'", '"', "|", ">", "flow"]),
)
def test_a_secret_is_hidden_however_it_is_quoted(secret, style):
    data = {"web": {"password": f"SECRET{secret}", "tokens": [{"token": f"SECRET{secret}"}]}}
    if style == "flow":
        text = yaml.safe_dump(data, default_flow_style=True, width=20)
    else:
        text = yaml.safe_dump(data, default_style=style or None, width=20)
    assert "SECRET" not in masked(text)


@given(st.text(st.sampled_from("a: \n-'\"{}[]#|>&*!,?\t\r\u2028\x85é\x00"), max_size=60))
def test_any_text_keeps_its_lines(text):
    assert masked(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("part", ["a", "pass", "#", "x: ", "# x", "a-:", "://u:", "password: "])
@pytest.mark.parametrize("begin", ["", "# ", "x: [\n"])
def test_no_text_takes_long(begin, part):
    began_s = time.process_time()
    masked(begin + part * (100_000 // len(part)))
    assert time.process_time() - began_s < 3


# --- over HTTP


class ServedFile(LoopThread):
    """A gateway that runs a file as ``teleinfo run`` does."""

    def __init__(self, path, **settings):
        self.port = free_port()
        self.path = path
        self.settings = {
            "xpl": False,
            "history": False,
            "web": {
                "listen": f"127.0.0.1:{self.port}",
                "password": cheap_hash(),
                "tokens": [token.model_dump() for token in TOKENS],
            },
        }
        self.write()
        self.begin()

    def write(self, **changes):
        self.settings |= changes
        self.path.write_text(yaml.safe_dump(self.settings))

    async def _start(self):
        self.service = Service(load_config(self.path), self.path)
        self.service.manager.start()
        await self.service._serve()

    async def _stop(self):
        for server in self.service._servers.values():
            await server.stop()
        await self.service.manager.stop()

    def ask(self, method, path, token, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())


@pytest.fixture
def served(tmp_path):
    with contextlib.closing(ServedFile(tmp_path / "gateway.yaml")) as started:
        yield started


def test_the_file_is_told_as_it_is_now_with_its_faults(served):
    status, told = served.ask("GET", "/api/configuration", READ)
    assert (status, told["path"], told["faults"]) == (200, str(served.path), [])
    assert told["loaded_at"].endswith("Z")
    assert "scope: control" in told["text"]
    assert "scrypt" not in told["text"]
    assert CONTROL not in told["text"]
    served.path.write_text("xpl: {hubb: auto}\nweb: {password: my secret}\n")
    _, told = served.ask("GET", "/api/configuration", READ)
    assert [(one["line"], one["path"]) for one in told["faults"]] == [
        (1, "xpl.hubb"),
        (2, "web.password"),
    ]
    assert "did you mean hub?" in told["faults"][0]["message"]
    assert "my secret" not in json.dumps(told)
    served.path.unlink()
    _, told = served.ask("GET", "/api/configuration", READ)
    assert told["text"] == ""
    assert told["faults"] == [{"path": "", "line": None, "message": "there is no such file"}]


def test_reading_it_again_takes_it_or_tells_its_faults(served):
    _, before = served.ask("GET", "/api/configuration", READ)
    served.write(devices=[{"name": "house", "device": "/nowhere/port"}])
    assert served.ask("POST", "/api/reload", READ)[0] == 403
    assert served.ask("POST", "/api/reload", CONTROL) == (200, {"faults": []})
    assert list(served.ask("GET", "/api/status", READ)[1]["meters"]) == ["house"]
    _, after = served.ask("GET", "/api/configuration", READ)
    assert after["loaded_at"] > before["loaded_at"]
    served.write(devices=[{"name": "house"}])
    status, told = served.ask("POST", "/api/reload", CONTROL)
    assert (status, told["faults"][0]["path"]) == (200, "devices[0].device")
    assert list(served.ask("GET", "/api/status", READ)[1]["meters"]) == ["house"]


def test_a_token_that_is_taken_out_of_the_file_ends_its_stream(served):
    with contextlib.closing(Stream(served, Authorization=f"Bearer {READ}")) as stream:
        stream.event("meters")
        tokens = [token.model_dump() for token in TOKENS if token.name != "read"]
        served.write(web=served.settings["web"] | {"tokens": tokens})
        assert served.ask("POST", "/api/reload", CONTROL) == (200, {"faults": []})
        stream.end()

    def refused():
        with contextlib.suppress(ConnectionError):
            return served.ask("GET", "/api/status", READ)[0] == 401

    until(refused)
    assert served.ask("GET", "/api/status", CONTROL)[0] == 200


def test_a_reload_that_moves_the_page_is_still_answered(served):
    port = free_port()
    served.write(web=served.settings["web"] | {"listen": f"127.0.0.1:{port}"})
    assert served.ask("POST", "/api/reload", CONTROL) == (200, {"faults": []})

    def moved():
        with contextlib.suppress(ConnectionRefusedError):
            return served.ask("GET", "/api/status", READ, port)[0] == 200

    until(moved)
    with pytest.raises(ConnectionRefusedError):
        served.ask("GET", "/api/status", READ)


def test_a_gateway_without_a_file_says_so():
    with contextlib.closing(Gateway([])) as gateway:
        told = gateway.get("/api/configuration")
        assert told.pop("loaded_at")
        assert told == {"path": None, "text": "", "faults": []}
        status, data, _ = gateway.request("POST", "/api/reload")
        assert (status, "no configuration file" in data["error"]) == (409, True)


# --- labels


def test_the_labels_are_told_with_their_words_in_both_languages():
    with contextlib.closing(Gateway([])) as gateway:
        labels = gateway.get("/api/labels")
    assert [one["name"] for one in labels] == [label.name for label in LABELS]
    papp = next(one for one in labels if one["name"] == "PAPP")
    assert papp == {
        "name": "PAPP",
        "mode": "historique",
        "kind": "power",
        "unit": "VA",
        "en": "Apparent power",
        "fr": "puissance apparente",
        "meanings": {},
    }
    tomorrow = next(one for one in labels if one["name"] == "DEMAIN")
    meanings = BY_NAME["DEMAIN"].meanings
    assert tomorrow["meanings"] == {value: [*words] for value, words in meanings.items()}
