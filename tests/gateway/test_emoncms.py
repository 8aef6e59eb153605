"""What EmonCMS is told, and that it is told all of it.

EmonCMS is in no Debian package: the server here is ours. It asks for the key and the form of a
request, keeps what it is told and answers as ``Modules/input`` of EmonCMS does.

Run as a program (``-m tests.gateway.test_emoncms FILE URL``), this module forwards a history until
it is killed.
"""

import asyncio
import json
import sys
from collections import Counter
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from teleinfo_gateway import http_client
from teleinfo_gateway.config.emoncms import EmoncmsConfig
from teleinfo_gateway.forwarding import RefusedError, TargetError
from teleinfo_gateway.outputs.emoncms import EmoncmsTarget
from teleinfo_gateway.outputs.emoncms.inputs import inputs_of
from teleinfo_gateway.secret import SecretError

from .http_servers import http_servers
from .outbox_rows import (
    ADCO,
    START,
    a_row,
    batch,
    examples_of,
    fill,
    forward,
    killed_until,
    told_by,
)

KEY = "0123456789abcdef0123456789abcdef"
HC = {"interval_s": 60, "optarif": "HC..", "ptec": "HP..", "slot": 2, "isousc": 30, "papp": 520,
      "papp_min": 500, "i1": 2, "imax1": 47, "idx01": 9205446, "idx02": 11101473, "hhphc": "D",
      "state": "000000"}  # fmt: skip


class Emoncms:
    """Inputs by node, name and time, as EmonCMS has them after the requests it was sent."""

    def __init__(self, server):
        self.url = server.url
        self.server = server
        self.inputs = Counter()  # how often each was written
        self.values = {}
        self.answers = {"/input/post": b'{"success": true}', "/input/bulk": b'"ok"'}
        self.trouble = iter(())  # answers to the next requests instead
        server.respond = self.respond

    def respond(self, request):
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, b"Invalid API key"
        trouble = next(self.trouble, None)
        if trouble is not None:
            return trouble
        fields = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
        if request.path == "/input/post":
            values = json.loads(fields["fulljson"])
            self.take(int(fields["time"]), fields["node"], values.items())
        else:
            for offset, node, *items in json.loads(fields["data"]):
                named = [item for each in items for item in each.items()]
                assert len(named) == len(items)  # EmonCMS reads the first member only
                self.take(int(fields["time"]) + offset, node, named)
        return 200, self.answers[request.path]

    def take(self, time, node, named):
        for name, value in named:
            assert isinstance(value, int)  # and not a text
            self.inputs[node, name, time] += 1
            self.values[node, name, time] = value

    def times(self, name="PAPP", node=f"teleinfo_{ADCO}"):
        written = list(self.inputs)  # the server may write meanwhile
        return sorted(key[2] for key in written if key[:2] == (node, name))


@pytest.fixture
def emoncms():
    with http_servers() as make:
        yield Emoncms(make())


@pytest.fixture
def target(emoncms):
    """The function that makes a target, by default for that server."""
    made = []

    def make(**settings):
        config = EmoncmsConfig(**{"url": emoncms.url, "apikey": KEY, **settings})
        made.append(EmoncmsTarget(config))
        return made[-1]

    yield make
    for each in made:
        each.close()


# --- numbers by name


def test_a_reading_becomes_the_numbers_that_hallard_sends():
    assert inputs_of(ADCO, HC) == {
        "ISOUSC": 30, "HCHC": 9205446, "HCHP": 11101473, "IINST1": 2, "IMAX1": 47, "PAPP": 520,
        "OPTARIF": 2, "PTEC": 3, "HHPHC": ord("D"),
    }  # fmt: skip


def test_a_three_phase_meter_has_three_currents():
    found = inputs_of(ADCO, {"i1": 1, "i2": 2, "i3": 3, "imax1": 60, "imax2": 60, "pmax": 7000})
    assert found == {"IINST1": 1, "IINST2": 2, "IINST3": 3, "IMAX1": 60, "IMAX2": 60, "PMAX": 7000}


@pytest.mark.parametrize(
    ("column", "name", "codes"),
    [
        ("optarif", "OPTARIF", {"BASE": 1, "HC..": 2, "EJP.": 3, "BBR(": 4, "BBRx": 4, "?": 0}),
        ("ptec", "PTEC", {"TH..": 1, "HC..": 2, "HP..": 3, "HN..": 4, "PM..": 5, "HCJB": 6,
                          "HCJW": 7, "HCJR": 8, "HPJB": 9, "HPJW": 10, "HPJR": 11, "": 0}),
        ("demain", "DEMAIN", {"----": 0, "BLEU": 1, "BLAN": 2, "ROUG": 3}),
        ("hhphc", "HHPHC", {"A": 65, "Y": 89}),
    ],
)  # fmt: skip
def test_words_have_codes(column, name, codes):
    for word, code in codes.items():
        assert inputs_of(ADCO, {column: word})[name] == code


def test_a_calendar_of_standard_mode_has_the_code_of_what_is_unknown():
    own = {"optarif": "BBR HEURES VERTES", "ptec": "WEEK-END", "pref": 6, "slot": 3}
    assert inputs_of(ADCO, own) == {"NTARF": 3, "PREF": 6, "OPTARIF": 0, "PTEC": 0}


def test_a_standard_meter_keeps_its_own_names(capture):
    (first, *_) = told_by(capture("synthetic-std-tempo-tri-producer-all-labels"))
    found = inputs_of(ADCO, first.row.values)
    assert {"EAST", "EASF01", "EAIT", "SINSTS", "SINSTI", "IRMS1", "URMS1", "PREF"} <= found.keys()
    assert not {"PAPP", "BASE", "HCHC", "IINST1"} & found.keys()


CAPTURES = ["histo-base-tri-cbetm", "histo-ejp-tri-cbetm", "histo-hc-mono-l16c6",
            "histo-tempo-mono-linky", "std-base-tri-conso",
            "synthetic-std-tempo-tri-producer-all-labels"]  # fmt: skip


@pytest.mark.parametrize("name", CAPTURES)
def test_no_value_is_anything_but_a_number(name, capture, target, emoncms):
    rows = [told.row for told in told_by(capture(name))]
    target().send(rows)
    assert emoncms.values
    assert {type(value) for value in emoncms.values.values()} == {int}


# --- requests


def test_one_reading_is_a_post_with_its_time(target, emoncms):
    target().send([a_row(**HC)])
    (request,) = emoncms.server.requests
    assert (request.method, request.path, request.query) == ("POST", "/input/post", {})
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    fields = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert (fields["node"], fields["time"]) == (f"teleinfo_{ADCO}", str(START))
    assert json.loads(fields["fulljson"]) == inputs_of(ADCO, HC)
    assert KEY not in request.body.decode()


def test_several_readings_are_a_bulk_whatever_their_meters(target, emoncms):
    rows = [a_row(n, ts=START + 60 * n, adco=adco, **HC) for n in range(3) for adco in (ADCO, "x")]
    target().send(rows)
    (request,) = emoncms.server.requests
    assert request.path == "/input/bulk"
    assert emoncms.times() == [START, START + 60, START + 120]
    assert emoncms.times(node="teleinfo_x") == [START, START + 60, START + 120]


def test_a_week_goes_in_parts(target, emoncms):
    sender = target()
    rows = [a_row(n, ts=START + 60 * n, **HC) for n in range(1001)]
    for first in range(0, 1001, sender.batch):
        sender.send(rows[first : first + sender.batch])
    assert len(emoncms.times()) == 1001
    paths = [request.path for request in emoncms.server.requests]
    assert paths == ["/input/bulk"] * 20 + ["/input/post"]


def test_labels_events_and_empty_readings_are_passed_over(target, emoncms):
    target().send(
        [
            a_row(1, "label", label="PPOT", value="00", horodate=None),
            a_row(2, "event", kind="link", value="ok", detail=""),
            a_row(3, papp=None),
        ]
    )
    assert emoncms.server.requests == []


@pytest.mark.parametrize(
    ("node", "name", "found"),
    [
        ("teleinfo_{adco}", "house", f"teleinfo_{ADCO}"),
        ("linky {name}", "house", "linky house"),
        ("{name}", "", ADCO),
        ("my-meter.1", "house", "my-meter.1"),
    ],
)
def test_the_node_is_a_name_of_ones_own(target, emoncms, node, name, found):
    target(node=node).send([a_row(name=name, papp=5)])
    assert [key[0] for key in emoncms.inputs] == [found]


@pytest.mark.parametrize(
    "answer",
    [
        b"ok",
        b'"ok"',
        b"ok\n",
        b'{"success": true}',
        b'{"success":true}',
        b'"{\\"success\\": true}"',
    ],
)
def test_every_way_to_say_yes_is_understood(target, emoncms, answer):
    emoncms.answers = dict.fromkeys(emoncms.answers, answer)
    target().send([a_row(papp=5)])


async def test_a_slow_emoncms_is_not_told_twice(target, emoncms, monkeypatch, until):
    """Its processes may need longer than others think about an answer."""
    monkeypatch.setattr(http_client, "_READ_S", 0.05)
    emoncms.server.stall()
    sending = asyncio.create_task(asyncio.to_thread(target().send, [a_row(papp=5)]))
    await until(lambda: emoncms.server.requests)
    await asyncio.sleep(0.2)
    assert not sending.done()
    emoncms.server.go_on()
    await sending
    assert emoncms.times() == [START]


# --- what goes wrong


@pytest.mark.parametrize(
    ("status", "answer", "error", "says"),
    [
        (200, b'{"success": false, "message": "Input must be a JSON object"}', RefusedError,
         "refuses it: Input must be"),
        (200, b'"{\\"success\\": false, \\"message\\": \\"Format error\\"}"', RefusedError,
         "Format error"),
        (200, b'{"success": false, "message": "Error: limit of nodes"}', TargetError,
         "does not take it: Error: limit of nodes"),
        (200, b"false", TargetError, "must be the write key"),
        (200, b"<html>Welcome to this hotel</html>", TargetError, "is this its address"),
        (200, b"", TargetError, "is this its address"),
        (200, b"[" * 4000, TargetError, "is this its address"),
        (200, b"\xff\x00", TargetError, "is this its address"),
        (400, b"no\x1b[31m", RefusedError, "HTTP 400): no?[31m"),
        (404, b"", TargetError, "ends with /emoncms"),
        (429, b"", TargetError, "HTTP 429"),
        (500, b"", TargetError, "HTTP 500"),
    ],
)  # fmt: skip
def test_anything_else_is_an_error_in_words(target, emoncms, status, answer, error, says):
    emoncms.trouble = iter([(status, answer)])
    with pytest.raises(error) as caught:
        target().send([a_row(papp=5)])
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert KEY not in str(caught.value)


def test_a_wrong_key_says_which_one_is_needed(target):
    with pytest.raises(TargetError, match=r"refuses us \(HTTP 401\): emoncms.apikey must be"):
        target(apikey="x" * 32).send([a_row(papp=5)])


def test_a_key_may_be_a_reference_and_no_header_can_be_made_of_it(target, emoncms, tmp_path):
    file = tmp_path / "key"
    one = target(apikey=f"file:{file}")
    with pytest.raises(SecretError, match="No such file"):
        one.send([a_row(papp=5)])
    file.write_text("clé")
    with pytest.raises(SecretError, match="characters that no key"):
        one.send([a_row(papp=5)])
    file.write_text(f"{KEY}\n")
    one.send([a_row(papp=5)])
    assert emoncms.times() == [START]


# --- the configuration


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("emoncms: true", "emoncms.url", "missing; write the address of EmonCMS"),
        ("emoncms: {url: http://h}", "emoncms.apikey", "missing; write the write key"),
        ("emoncms: {url: h, apikey: k}", "emoncms.url", "begins with http://"),
        ("emoncms: {url: http://h, apikey: k, node: a/b}", "emoncms.node", "leave a character"),
        ("emoncms: {url: http://h, apikey: k, node: '{meter}'}", "emoncms.node", "leave a char"),
        (("emoncms: {url: http://h, apikey: k, node: a}\n"
          "devices: [{name: a, device: /dev/x}, {name: b, device: /dev/y}]"), "emoncms.node",
         "several meters would be one node"),
    ],
)  # fmt: skip
def test_a_fault_of_the_section_is_named(faults_of, text, path, says):
    assert says in faults_of(text)[path]


@pytest.mark.parametrize("text", examples_of("emoncms"))
def test_an_example_of_the_page_loads(configured, text):
    assert configured(text).emoncms


def test_the_key_is_not_shown():
    assert KEY not in repr(EmoncmsConfig(url="http://h", apikey=KEY))
    with pytest.raises(ValidationError):
        EmoncmsConfig(url="http://h", apikey="")


# --- nothing lost, nothing doubled


MINUTES = [START + 60 * n for n in range(300)]


@pytest.mark.usefixtures("impatient")
async def test_through_errors_and_refusals_every_reading_arrives(forwarded, target, emoncms, until):
    emoncms.trouble = iter([(503, b""), (429, b""), (200, b"<html>"), (500, b""), (400, b"one")])
    history, output = forwarded("emoncms", target(), 300, START)
    await until(lambda: output._remembered >= 360)
    assert emoncms.times() == MINUTES
    assert set(emoncms.inputs.values()) <= {1, 2}  # again what went before a refusal
    state = output.state()
    assert (state["refused"], state["failed"], state["problem"]) == (0, 4, "")
    assert history.state()["problem"] == ""


@pytest.mark.usefixtures("impatient")
async def test_an_outage_and_a_restart_of_emoncms_cost_nothing(forwarded, target, emoncms, until):
    emoncms.server.stop()
    history, output = forwarded("emoncms", target(), 300, START)
    await until(lambda: output.state()["failed"] > 2)
    assert "cannot be reached" in output.state()["problem"]
    await history.keep(batch(300, 20, START))
    emoncms.server.start()
    await until(lambda: output._remembered >= 384)
    assert emoncms.times() == [*MINUTES, *(START + 60 * n for n in range(300, 320))]
    assert set(emoncms.inputs.values()) == {1}


@pytest.mark.timeout(120)
async def test_kill_9_of_the_gateway_loses_and_doubles_nothing(emoncms, tmp_path):
    file = tmp_path / "history.db"
    fill(file, "emoncms", 2000)
    kills = await killed_until(
        lambda: len(emoncms.times()) == 2000, __name__, [file, emoncms.url], 500
    )
    assert kills > 2
    assert len(emoncms.values) == 2000 * len(inputs_of(ADCO, batch(0, 1).readings[0].columns))


async def test_a_gateway_runs_the_output(gateway_with, emoncms, until):
    manager = gateway_with(emoncms=EmoncmsConfig(url=emoncms.url, apikey=KEY))
    output = manager.outputs["emoncms"]
    await until(lambda: output._progress is not None)
    assert output.state()["target"] == emoncms.url
    await manager.reload(manager.config.model_copy(update={"emoncms": None}))
    assert "emoncms" not in manager.outputs


if __name__ == "__main__":
    config = EmoncmsConfig(url=sys.argv[2], apikey=KEY)
    asyncio.run(forward(sys.argv[1], "emoncms", EmoncmsTarget(config)))
