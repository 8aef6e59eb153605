"""HTTP pushes: what their templates become, and that every reading is pushed.

Run as a program (``-m tests.gateway.test_push FILE URL``), this module forwards a history until it
is killed.
"""

import asyncio
import contextlib
import json
import sqlite3
import sys
import time
from itertools import repeat
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.config import (
    Config,
    HistoryConfig,
    IngestConfig,
    PushConfig,
)
from teleinfo_gateway.forwarding import RefusedError, TargetError
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.outputs.push import PushTarget
from teleinfo_gateway.outputs.push import target as module
from teleinfo_gateway.outputs.push.values import values_of
from teleinfo_gateway.push_template import NAMES, in_json, in_text, in_url
from teleinfo_gateway.web.server import IngestServer
from tic import Mode

from .. import free_ports
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

SECRET = "s3cret/&=+ do-not-tell"  # noqa: S105  # what must not be told
HC = {"interval_s": 60, "optarif": "HC..", "ptec": "HP..", "slot": 2, "isousc": 30, "papp": 520,
      "i1": 2, "idx01": 9205446, "idx02": 11101473, "demain": None}  # fmt: skip


@pytest.fixture
def server(http_server):
    return http_server(b"thanks")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.0)


@pytest.fixture
def target():
    """The function that makes a target from settings."""
    made = []

    def make(**settings):
        made.append(PushTarget(PushConfig(**{"name": "site", **settings})))
        return made[-1]

    yield make
    for each in made:
        each.close()


# --- templates


def test_values_are_encoded_in_a_url():
    values = {"PAPP": 520, "PTEC": "HP..", "LTARF": "A&B=é /?#%", "secret": "+"}
    text = in_url("/u?p={PAPP}&t={LTARF}&s={secret}&x={DEMAIN?}&j=${PAPP}", values)
    assert text == "/u?p=520&t=A%26B%3D%C3%A9%20%2F%3F%23%25&s=%2B&x=&j=$520"


def test_values_are_escaped_in_json_and_typed_outside_of_quotes():
    values = {"PAPP": 520, "LTARF": 'a"b\\c\n', "labels": {"ADCO": "01"}}
    body = """{"p": {PAPP}, "t": "<{LTARF}>", "u": {LTARF}, "n": {DEMAIN?}, "e": "{DEMAIN?}",
               "l": {labels}, "s": "{labels}", "k{PAPP}": "\\"{PAPP}"}"""
    assert json.loads(in_json(body, values)) == {
        "p": 520, "t": '<a"b\\c\n>', "u": 'a"b\\c\n', "n": None, "e": "", "l": {"ADCO": "01"},
        "s": '{"ADCO": "01"}', "k520": '"520',
    }  # fmt: skip


def test_what_is_no_placeholder_stays():
    assert in_text("{} { PAPP } {a:b} {1} $PAPP", {}) == "{} { PAPP } {a:b} {1} $PAPP"


@given(st.text(), st.text())
def test_no_value_leaves_its_place(before, value):
    """Nor is a value taken for a template."""
    values = {"LTARF": value}
    assert json.loads(in_json('["{LTARF}", {LTARF}]', values)) == [value, value]
    assert in_text("{LTARF}", {"LTARF": "{LTARF}"}) == "{LTARF}"
    if value.isprintable():
        assert unquote(in_url("{LTARF}", values)) == value


def test_a_reading_has_a_value_for_each_placeholder_that_it_can():
    values = values_of(a_row(7, **HC), "x")
    assert values.keys() <= NAMES
    expected = {
        "adco": ADCO, "ADCO": ADCO, "name": "house", "seq": 7, "timestamp": START,
        "time": "2026-01-15T10:00:00Z", "date": "2026-01-15 11:00:00", "mode": "historique",
        "PAPP": 520, "papp": 520, "HCHC": 9205446, "idx01": 9205446, "PTEC": "HP..", "hphc": "HP",
        "IINST": 2, "secret": "x",
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected
    assert values["labels"]["HCHC"] == "009205446"
    assert "DEMAIN" not in values


@pytest.mark.parametrize(
    ("ptec", "found"),
    [("HC..", "HC"), ("HCJR", "HC"), ("HN..", "HC"), ("HP..", "HP"), ("HPJB", "HP"), ("PM..", "HP"),
     ("TH..", "HP")],
)  # fmt: skip
def test_there_are_two_kinds_of_hours(ptec, found):
    assert values_of(a_row(ptec=ptec), "")["hphc"] == found
    assert "hphc" not in values_of(a_row(ptec=None), "")


def test_a_standard_meter_is_told_in_both_languages(capture):
    (told, *_) = told_by(capture("synthetic-std-tempo-tri-producer-all-labels"))
    values = values_of(told.row, "")
    assert values["SINSTS"] == values["PAPP"] == values["papp"]
    assert values["EASF01"] == values["BBRHCJB"]
    assert "EAST" in values["labels"]
    assert "PAPP" not in values["labels"]


# --- requests


def test_a_get_has_the_values_in_its_url(target, server):
    target(url=f"{server.url}/a%20b/{{adco}}?va={{PAPP}}&t={{ptec}}", method="GET").send(
        [a_row(5, **HC)]
    )
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", f"/a%20b/{ADCO}")
    assert request.query == {"va": "520", "t": "HP.."}
    assert request.body == b""
    assert request.headers["Idempotency-Key"] == f"{ADCO}-{START}-5"


def test_a_post_without_a_body_tells_everything(target, server):
    target(url=f"{server.url}/in").send([a_row(**HC)])
    (request,) = server.requests
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert json.loads(request.body) == {
        "adco": ADCO, "name": "house", "time": "2026-01-15T10:00:00Z", "mode": "historique",
        "labels": {
            "ADCO": ADCO, "OPTARIF": "HC..", "ISOUSC": "30", "HCHC": "009205446",
            "HCHP": "011101473", "PTEC": "HP..", "IINST": "002", "PAPP": "00520",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "content", "body"),
    [
        ({"body": '{"p": {PAPP}}'}, "application/json", b'{"p": 520}'),
        ({"body": "p={PAPP}&t={date}", "format": "form"}, "application/x-www-form-urlencoded",
         b"p=520&t=2026-01-15%2011%3A00%3A00"),
        ({"body": "{PAPP} VA", "format": "text"}, "text/plain; charset=utf-8", b"520 VA"),
        ({"body": "{PAPP}", "format": "text", "headers": {"content-type": "text/csv"}}, "text/csv",
         b"520"),
    ],
)  # fmt: skip
def test_a_body_is_json_a_form_or_text(target, server, settings, content, body):
    target(url=server.url, **settings).send([a_row(**HC)])
    (request,) = server.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["content-type"], request.body) == (content, body)


def test_headers_may_hold_the_secret_and_it_is_read_when_it_is_used(target, server, tmp_path):
    file = tmp_path / "token"
    file.write_text("first")
    headers = {"Authorization": "Bearer {secret}", "X-Meter": "{adco}"}
    made = target(url=server.url, headers=headers, secret=f"file:{file}")
    made.send([a_row(1, **HC)])
    file.write_text("second")
    made.send([a_row(2, **HC)])
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer first", "Bearer second"]
    assert server.requests[0].headers["X-Meter"] == ADCO


def test_a_secret_that_no_header_can_hold_is_an_error_in_words(target, server, tmp_path):
    file = tmp_path / "token"
    file.write_text("é")
    made = target(url=server.url, headers={"X-T": "{secret}"}, secret=f"file:{file}")
    with pytest.raises(TargetError, match="the header X-T would have characters"):
        made.send([a_row(**HC)])


def test_a_reading_without_what_is_asked_for_is_not_sent_and_that_is_told_once(
    target, server, caplog
):
    made = target(url=f"{server.url}/?p={{PAPP}}&d={{DEMAIN}}", method="GET")
    made.send([a_row(1, **HC), a_row(2, **{**HC, "demain": "ROUG"}), a_row(3, **HC)])
    assert [request.query for request in server.requests] == [{"p": "520", "d": "ROUG"}]
    told = [record.message for record in caplog.records]
    assert told == ["push-site: readings without DEMAIN are not sent ({DEMAIN?} lets them pass)"]


def test_labels_and_events_are_passed_over(target, server):
    target(url=server.url).send(
        [
            a_row(1, "label", label="PPOT", value="00", horodate=None),
            a_row(2, "event", kind="link", value="ok", detail=""),
        ]
    )
    assert server.requests == []


@pytest.mark.parametrize(
    ("behind", "path", "query"),
    [
        ("", "/", {}),
        ("/", "/", {}),
        ("?va={PAPP}", "/", {"va": "520"}),
        ("/?va={PAPP}", "/", {"va": "520"}),
        ("/a?b=/c", "/a", {"b": "/c"}),
    ],
)
def test_a_url_needs_no_path(target, server, behind, path, query):
    for url in (server.url, server.url.replace("http", "Http")):
        target(url=url + behind).send([a_row(**HC)])
        request = server.requests.pop()
        assert (request.path, request.query) == (path, query)


def test_where_only_what_is_new_is_sent_old_readings_are_passed_over_quickly(target, server):
    """Live ones wait for them, a batch after another."""
    assert target(url=server.url, catch_up=False).batch == 1000
    assert target(preset="robinroche", url=server.url, secret=SECRET).batch == 1000
    assert target(url=server.url).batch == 20


# --- what goes wrong


@pytest.mark.parametrize("status", [400, 410, 413, 414, 422, 431])
def test_what_is_refused_for_good_is_refused(target, http_server, status):
    server = http_server()
    server.respond = lambda _: (status, b"no\x1b[31m, not this one")
    with pytest.raises(RefusedError, match=rf"HTTP {status}\): no\?\[31m, not this one"):
        target(url=server.url).send([a_row(**HC)])


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 408, 415, 429, 500, 503])
def test_anything_else_is_tried_again(target, http_server, status):
    server = http_server()
    server.respond = lambda _: (status, b"")
    with pytest.raises(TargetError, match=f"HTTP {status}"):
        target(url=server.url).send([a_row(**HC)])


@pytest.mark.parametrize("status", [400, 403, 500])
def test_no_text_repeats_the_secret(target, http_server, status):
    server = http_server()
    server.respond = lambda request: (status, repr(request).encode())
    made = target(url=f"{server.url}/{{secret}}", secret=SECRET, method="GET")
    with pytest.raises((TargetError, RefusedError)) as caught:
        made.send([a_row(**HC)])
    assert "s3cret" not in str(caught.value) + made.address + repr(made._config)


def test_what_was_taken_is_not_sent_again_when_a_later_one_fails(target, server):
    rows = [a_row(n, **HC) for n in range(1, 6)]
    answers = iter([(200, b""), (200, b""), (503, b""), *repeat((200, b""), 9)])
    server.respond = lambda _: next(answers)
    made = target(url=server.url)
    with pytest.raises(TargetError):
        made.send(rows)
    made.send(rows)
    keys = [request.headers["Idempotency-Key"].rpartition("-")[2] for request in server.requests]
    assert keys == ["1", "2", "3", "3", "4", "5"]


def test_another_history_begins_again_with_its_numbers(target, server):
    made = target(url=server.url)
    made.send([a_row(500, **HC)])
    made.send([a_row(1, ts=START + 60, **HC), a_row(2, ts=START + 120, **HC)])
    assert len(server.requests) == 3


def test_the_rate_is_bounded(target, server, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.02)
    began_s = time.monotonic()
    target(url=server.url).send([a_row(n, **HC) for n in range(10)])
    assert time.monotonic() - began_s >= 0.2
    assert server.most_at_once == 1


# --- presets


def test_robinroche_is_told_what_is_new(target, server):
    now = int(time.time())
    rows = [a_row(1, ts=now - 3600, **HC), a_row(2, ts=now - 60, **HC)]
    target(preset="robinroche", url=server.url, secret=SECRET).send(rows)
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/upload_data.php")
    assert list(request.query.items()) == [("PASSWD", SECRET), ("LOAD", "520"), ("HPHC", "HP")]


def test_alexandrevilain_is_told_what_is_new_and_whole(target, server):
    now = int(time.time())
    standard = {"pref": 6, "idx_total": 27117279, "papp": 2658}
    rows = [
        a_row(1, ts=now - 3600, **standard),
        a_row(2, ts=now, **{**standard, "idx_total": None}),
        a_row(3, ts=now, **standard),
        a_row(4, ts=now, **standard, pinj=7),
    ]
    target(preset="alexandrevilain", url=server.url, secret="token-of-ours").send(rows)  # noqa: S106  # not one
    assert [request.path for request in server.requests] == ["/v1/frames"] * 2
    assert server.requests[0].headers["X-Auth-Token"] == "token-of-ours"
    bodies = [json.loads(request.body) for request in server.requests]
    frame = {"EAST": "27117279", "SINSTS": "2658"}
    assert bodies == [{**frame, "SINSTI": ""}, {**frame, "SINSTI": "7"}]


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://example.org", True),
        ("http://192.168.1.2/site", True),
        ("https://example.org", False),
        ("http://localhost", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]", False),
    ],
)
def test_a_secret_in_a_url_that_everybody_can_read_is_warned_of(target, caplog, url, warned):
    target(preset="robinroche", url=url, secret=SECRET)
    assert ("the secret stands in the URL" in caplog.text) == warned
    assert "s3cret" not in caplog.text


TOKEN = "0123456789abcdef"  # noqa: S105  # not one


@pytest.fixture
async def other_gateway(tmp_path):
    """Another gateway that takes in readings: its URL, and what gives columns of its history."""
    port = free_ports.free_port()
    file = tmp_path / "other.db"
    manager = PluginManager(Config(xpl=None, web=None, history=HistoryConfig(path=str(file))))
    manager.start()
    intake = IngestServer(manager, IngestConfig(listen=f"127.0.0.1:{port}", token=TOKEN))
    await intake.start()

    def stored(columns):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            return connection.execute(f"SELECT {columns} FROM ti_reading ORDER BY ts").fetchall()  # noqa: S608  # ours

    yield f"http://127.0.0.1:{port}", stored
    await intake.stop()
    await manager.stop()


# --- the configuration


PUSH = "push:\n- {name: a, url: 'http://h/x', %s}"


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("push: {name: a}", "push", 'each beginning with "-", found a mapping'),
        ("push: [{url: http://h}]", "push[0].name", "missing"),
        ("push: [{name: a}]", "push[0].url", "missing; write a whole URL"),
        ("push: [{name: a, url: http://h}, {name: a, url: http://g}]", "push[1].name",
         "push[0] on line 1 has this name already"),
        ("push: [{name: a, url: h/x}]", "push[0].url", "begins with http://"),
        ("push: [{name: a, url: 'http://u:secret@h'}]", "push[0].url", "no password stand in it"),
        ("push: [{name: a, url: 'http://{adco}.h/'}]", "push[0].url", "in the host"),
        ("push: [{name: a, url: 'http://h/é'}]", "push[0].url", "write %20"),
        ("push: [{name: a, url: 'http://h/?x={papq}'}]", "push[0].url", "is called {papq}"),
        ("push: [{name: a, url: 'http://h/?x=${TOKEN}'}]", "push[0].url", "is called {TOKEN}"),
        (PUSH % "method: PUT", "push[0].method", "expected GET or POST"),
        (PUSH % "body: '{}', method: GET", "push[0].body", "a GET has none"),
        (PUSH % "body: '{\"a\": {PAPP'", "push[0].body", "this is no JSON"),
        (PUSH % "body: '{\"a\": {Papp}}'", "push[0].body", "is called {Papp}"),
        (PUSH % "headers: {'a b': x}", "push[0].headers.a b", "no HTTP header"),
        (PUSH % "headers: {a: '{secret}'}", "push[0].secret", "missing"),
        (PUSH % "preset: robinroche", "push[0].secret", "missing"),
        ("push: [{name: a, url: 'http://h/?x', preset: gateway, secret: s}]", "push[0].url",
         "it is the address of the server"),
        (PUSH % "preset: gateway, secret: s, method: GET", "push[0].method", "says this already"),
        (PUSH % "preset: jeedom", "push[0].preset", "expected gateway, robinroche or"),
    ],
)  # fmt: skip
def test_a_fault_of_the_section_is_named(faults_of, text, path, says):
    faults = faults_of(text)
    assert says in faults[path]
    assert "secret@" not in str(faults)


@pytest.mark.parametrize("text", examples_of("push"))
def test_an_example_of_the_page_loads(configured, text):
    assert configured(text).push


# --- nothing lost


def minutes(server):
    """The index of each reading that was taken: 5000 in the first minute, and one more in each."""
    return [int(request.query["i"]) for request in server.taken]


@pytest.fixture
def taking(server):
    """A server that notes what it has taken, and is in trouble for some requests."""
    server.taken = []
    server.trouble = iter(())
    server.refused = set()
    server.known = set()

    def respond(request):
        if request.query["i"] in server.known:
            return 409, b"known"
        status = 400 if request.query["i"] in server.refused else next(server.trouble, 200)
        if status == 200:
            server.taken.append(request)
        return status, b""

    server.respond = respond
    return server


@pytest.mark.usefixtures("impatient")
async def test_through_errors_and_refusals_each_reading_is_taken_once(
    forwarded, taking, target, until
):
    taking.trouble = iter([503, 200, 200, 429, 200, 500, 401])
    taking.refused = {"5001", "5100"}
    _, output = forwarded("push-site", target(url=f"{taking.url}/?i={{idx02}}", method="GET"))
    await until(lambda: output._remembered >= 360)
    assert minutes(taking) == [n for n in range(5000, 5300) if n not in {5001, 5100}]
    state = output.state()
    assert (state["refused"], state["failed"], state["problem"]) == (2, 4, "")


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_knows_what_comes_twice_holds_nothing_up(
    forwarded, taking, target, until, caplog
):
    """As after a crash: it has all of a batch that was not noted here."""
    taking.known = {str(n) for n in range(5000, 5000 + PushTarget.batch)}
    _, output = forwarded("push-site", target(url=f"{taking.url}/?i={{idx02}}", method="GET"))
    await until(lambda: output._remembered >= 360)
    assert minutes(taking) == list(range(5000 + PushTarget.batch, 5300))
    assert output.state()["refused"] == output.state()["failed"] == 0
    told = [record.message for record in caplog.records if "HTTP 409" in record.message]
    assert told == ["push-site: a reading is there already (HTTP 409): known"]


@pytest.mark.usefixtures("impatient")
async def test_an_outage_of_the_server_costs_nothing(forwarded, taking, target, until):
    taking.stop()
    _, output = forwarded("push-site", target(url=f"{taking.url}/?i={{idx02}}", method="GET"))
    await until(lambda: output.state()["failed"] > 2)
    taking.start()
    await until(lambda: output._remembered >= 360)
    assert minutes(taking) == list(range(5000, 5300))


@pytest.mark.timeout(120)
async def test_kill_9_of_the_gateway_loses_nothing_and_the_same_has_the_same_key(taking, tmp_path):
    file = tmp_path / "history.db"
    fill(file, "push-site", 1000)
    kills = await killed_until(
        lambda: len(set(minutes(taking))) == 1000, __name__, [file, taking.url], 300
    )
    assert kills > 2
    found = minutes(taking)
    assert len(found) <= 1000 + PushTarget.batch * kills
    keys = {request.query["i"]: request.headers["Idempotency-Key"] for request in taking.taken}
    assert len(set(keys.values())) == 1000
    assert all(
        request.headers["Idempotency-Key"] == keys[request.query["i"]] for request in taking.taken
    )


@pytest.mark.usefixtures("impatient")
async def test_two_gateways_chain_without_loss(forwarded, target, other_gateway, until):
    url, stored = other_gateway
    _, output = forwarded("push-site", target(preset="gateway", url=url, secret=TOKEN), 50)
    await until(lambda: output._remembered >= 60)
    assert output.state()["refused"] == 0
    columns = "optarif, ptec, slot, papp, i1, idx01, idx02, interval_s"
    expected = [("HC..", "HP..", 2, 300 + n, 2, 1000, 5000 + n, 60) for n in range(50)]
    assert stored(columns) == expected


@pytest.mark.parametrize(
    "name",
    ["histo-base-tri-cbetm", "histo-tempo-mono-linky", "std-base-mono-conso",
     "std-base-tri-conso"],
)  # fmt: skip
async def test_another_gateway_understands_every_kind_of_meter(
    name, capture, other_gateway, target
):
    url, stored = other_gateway
    (told, *_) = told_by(capture(name))
    made = target(preset="gateway", url=url, secret=TOKEN)
    await asyncio.to_thread(made.send, [told.row])
    kept = {column: value for column, value in told.row.values.items() if value is not None}
    if told.reading.mode is Mode.STANDARD:
        kept.pop("pmax", None)  # of SMAXSN-1, which is no reading
    (found,) = stored(", ".join(kept))
    assert dict(zip(kept, found, strict=True)) == kept


async def test_another_gateway_says_why_it_does_not_take_a_reading(other_gateway, target):
    url, stored = other_gateway
    made = target(preset="gateway", url=url, secret=TOKEN)
    now = int(time.time())
    row = batch(0, 1, now - 60).readings[0].columns

    async def send(**changes):
        await asyncio.to_thread(made.send, [a_row(1, ts=now, **row | changes)])

    with pytest.raises(RefusedError, match="the other gateway says: OPTARIF"):
        await send(optarif="H...")
    await send(papp=1)
    assert stored("papp") == [(1,)]
    with pytest.raises(TargetError, match="check the secret"):
        await asyncio.to_thread(
            target(preset="gateway", url=url, secret="x" * 16).send, [a_row(9, ts=now, **row)]
        )


def test_a_name_that_another_meter_has_is_no_fault_of_the_reading(target, server):
    answer = {"refused": 1, "reasons": [{"reading": 0, "reason": "another meter is called a here"}]}
    server.respond = lambda _: (200, json.dumps(answer).encode())
    with pytest.raises(TargetError, match="another meter is called a here"):
        target(preset="gateway", url=server.url, secret=TOKEN).send([a_row(**HC)])


def test_what_another_gateway_says_is_fit_for_a_log(target, server):
    said = f"no\x1b[31m\n{TOKEN}" + "!" * 1000
    answer = {"refused": 1, "reasons": [{"reading": 0, "reason": said}]}
    server.respond = lambda _: (200, json.dumps(answer).encode())
    with pytest.raises(RefusedError) as caught:
        target(preset="gateway", url=server.url, secret=TOKEN).send([a_row(**HC)])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"refused": 1, "reasons": []}', b"[" * 4000]
)
def test_what_is_no_gateway_is_tried_again(target, server, answer):
    server.respond = lambda _: (200, answer)
    with pytest.raises(TargetError, match="not the answer of a gateway"):
        target(preset="gateway", url=server.url, secret=TOKEN).send([a_row(**HC)])


async def test_a_gateway_runs_each_push_behind_its_own_cursor(gateway_with, server, until):
    pushes = tuple(PushConfig(name=name, url=server.url) for name in ("one", "two"))
    manager = gateway_with(push=pushes)
    outputs = manager.outputs
    assert {"push-one", "push-two"} <= outputs.keys()
    await until(lambda: all(outputs[f"push-{each.name}"]._progress for each in pushes))
    with contextlib.closing(sqlite3.connect(manager.config.history.path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM ti_cursor ORDER BY name")]
    assert names == ["push-one", "push-two"]
    await manager.reload(manager.config.model_copy(update={"push": pushes[:1]}))
    assert "push-two" not in manager.outputs


if __name__ == "__main__":
    module._PAUSE_S = 0.001
    config = PushConfig(name="site", url=f"{sys.argv[2]}/?i={{idx02}}", method="GET")
    asyncio.run(forward(sys.argv[1], "push-site", PushTarget(config), PushTarget.batch))
