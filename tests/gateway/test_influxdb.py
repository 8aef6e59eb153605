"""Points for InfluxDB and VictoriaMetrics: what stands in them, and that all of them arrive.

To write the golden files again after a change that is meant, then read what became of them::

    MAKE_GOLDEN=1 .venv/bin/pytest tests/gateway/test_influxdb.py -k golden

There is no InfluxDB 2 or 3 in Debian: of these, the requests are looked at, by a server of ours.

Run as a program (``-m tests.gateway.test_influxdb FILE URL``), this module forwards a history until
it is killed.
"""

import asyncio
import gzip
import logging
import os
import re
import signal
import sys
from base64 import b64encode
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from teleinfo_gateway import http_client
from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig, load_config
from teleinfo_gateway.config.influxdb import InfluxdbConfig, influxdb_fits
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.forwarding import RefusedError, Row, TargetError
from teleinfo_gateway.forwarding.forwarder import Forwarder
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import EventRow, LabelRow, ReadingRow, Sampler
from teleinfo_gateway.outputs.influxdb import InfluxdbTarget
from teleinfo_gateway.outputs.influxdb.line_protocol import Point, encode
from teleinfo_gateway.outputs.influxdb.native import Native, NumbersOnly
from teleinfo_gateway.outputs.influxdb.reuiller import Reuiller

from .influx_history import ADCO, BEGIN, NOW, batch, readings
from .outbox_rows import fill, killed_until, readings_of
from .outbox_rows import forward as forward_until_killed

GOLDEN = Path(__file__).parent / "golden" / "influxdb"
MAKE = "MAKE_GOLDEN" in os.environ
SECRET = "do-not-tell:é"  # noqa: S105  # what must not be told
WAIT_S = 20


# --- line protocol


class Reader:
    """A reader of line protocol, by its description: gives what a point was made of."""

    STAND_INS = {chr(0x2400 + code): chr(code) for code in range(0x20)} | {
        "\u2421": "\x7f",
        "\N{FULLWIDTH REVERSE SOLIDUS}": "\\",
    }

    def __init__(self, text):
        self.text = text
        self.at = 0

    def point(self):
        measurement = self.name(", ")
        tags = {}
        while self.taken(","):
            key = self.name("=")
            self.take("=")
            tags[key] = self.name(", ")
        self.take(" ")
        fields = {}
        while True:
            key = self.name("=")
            self.take("=")
            fields[key] = self.quoted() if self.taken('"') else self.integer()
            if not self.taken(","):
                break
        self.take(" ")
        time_ns = int(self.text[self.at :])
        return Point(measurement, time_ns, tags, fields)

    def taken(self, char):
        if self.text[self.at : self.at + 1] == char:
            self.at += 1
            return True
        return False

    def take(self, char):
        assert self.taken(char), (self.text, self.at, char)

    def name(self, ends):
        """Up to a character that ends it; a backslash takes away the meaning of the next."""
        found = []
        while self.text[self.at] not in ends:
            if self.text[self.at] == "\\":
                self.at += 1
            found.append(self.text[self.at])
            self.at += 1
        return self.shown("".join(found))

    def quoted(self):
        found = []
        while not self.taken('"'):
            if self.text[self.at] == "\\":
                self.at += 1
            found.append(self.text[self.at])
            self.at += 1
        return self.shown("".join(found))

    def integer(self):
        found = re.compile(r"(-?\d+)i").match(self.text, self.at)
        self.at = found.end()
        return int(found[1])

    def shown(self, text):
        return "".join(self.STAND_INS.get(char, char) for char in text)


TEXT = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not set(text) & set(Reader.STAND_INS)
)
NASTY = st.text(st.sampled_from('\\,= "#\n\r\t\0aé')) | TEXT
NAME = NASTY.filter(bool)
INT64 = st.integers(-(2**63), 2**63 - 1)
POINTS = st.builds(
    Point,
    NAME,
    INT64,
    st.dictionaries(NAME, NAME, max_size=3),
    st.dictionaries(NAME, INT64 | NASTY, min_size=1, max_size=3),
)


@given(st.lists(POINTS, max_size=4))
def test_every_text_comes_through_and_each_point_is_one_line(points):
    lines = encode(points).split(b"\n")
    assert lines.pop() == b""
    assert [Reader(line.decode()).point() for line in lines] == points


def test_what_has_no_value_is_left_out():
    nothing, tagless = Point("a", 1, {"t": "x"}), Point("b", 2, {"t": ""}, {"v": 1})
    assert encode([nothing, tagless]) == b"b v=1i 2\n"
    assert encode([Point("a", 1, {}, {"v": "\ud800"})]) == b'a v="?" 1\n'


def test_a_server_reads_what_we_write(common_influxd):
    """Names and values with all that has a meaning in line protocol, and what breaks lines."""
    texts = [
        "a,b=c d",
        'say "no"',
        r"back\slash",
        "ends\\",
        "\\",
        "two\nlines",
        "#é€😀",
        "i=1i",
        "\0",
    ]
    database = next(common_influxd.names)
    common_influxd.query(f"CREATE DATABASE {database}")
    target = InfluxdbTarget(InfluxdbConfig(url=common_influxd.url, database=database))
    target._write(
        encode(Point("nasty", n, {"tag": text}, {"text": text}) for n, text in enumerate(texts))
    )
    found = common_influxd.rows('SELECT "tag", "text" FROM nasty', database)
    pictures = {value: key for key, value in Reader.STAND_INS.items() if value != "\\"}
    shown = ["".join(pictures.get(char, char) for char in text) for text in texts]
    assert [text for _, _, text in found] == shown
    assert [tag for _, tag, _ in found] == [text.replace("\\", "＼") for text in shown]
    target.close()


# --- what a row becomes


def a_row(seq=1, kind="reading", ts=NOW, adco=ADCO, name="house", **values):
    return Row(seq, kind, adco, name, ts, values)


def lines(layout, *rows):
    return encode(point for row in rows for point in layout.points(row)).decode().splitlines()


def an_event(seq, kind="overload", value="1", detail="phase 1: 32 A of 30 A", **more):
    return EventRow(ADCO, "house", NOW, kind, value, detail)._replace(**more)


HC = {"interval_s": 60, "optarif": "HC..", "ptec": "HP..", "slot": 2, "papp": 520, "i1": 2,
      "isousc": 30, "idx01": 9205446, "idx02": 11101473, "idx03": None}  # fmt: skip
NUMBERS = "interval_s=60i,slot=2i,papp=520i,i1=2i,isousc=30i,idx01=9205446i,idx02=11101473i"
CAPTURES = [
    "histo-base-tri-cbetm",
    "synthetic-histo-ejp-mono",
    "histo-hc-mono-l16c6",
    "histo-tempo-mono-linky",
    "std-base-mono-conso",
    "synthetic-std-tempo-tri-producer-all-labels",
]
LAYOUTS = {
    "native": Native("none"),
    "numbers": NumbersOnly("none"),
    "reuiller": Reuiller("raspberry", "linky", tempo_as_int=False),
}


def rows_of(data):
    """What the history keeps of a capture, a frame a minute; each frame is believed as it is."""
    sampler, numbers = Sampler(), count(1)
    for reading in readings_of(data):
        for kept in sampler.take(reading, 60):
            if isinstance(kept, ReadingRow):
                kind, told = "reading", kept.columns
            else:
                kind, told = (
                    "label",
                    dict(zip(("label", "value", "horodate"), kept[2:], strict=True)),
                )
            yield Row(next(numbers), kind, kept.adco, "house", kept.ts, told)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CAPTURES)
def test_golden_points_of_a_capture(name, layout, capture):
    rows = [row for row in rows_of(capture(name)) if row.ts < 1768471200 + 180]
    found = encode(point for row in rows for point in LAYOUTS[layout].points(row))
    golden = GOLDEN / f"{name}.{layout}.lp"
    if MAKE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(found)
    assert found.decode() == golden.read_text(encoding="utf-8")


def test_a_reading_is_one_point_with_its_columns():
    texts = 'interval_s=60i,optarif="HC..",ptec="HP..",'
    assert lines(Native("none"), a_row(**HC)) == [
        f"teleinfo,meter={ADCO},period=HP {texts}{NUMBERS.partition(',')[2]} {NOW}000000000"
    ]


def test_a_label_has_its_text_and_its_number_if_it_is_one():
    dated = "E260114060531"
    rows = [
        a_row(kind="label", label="SMAXSN-1", value="05340", horodate=dated),
        a_row(kind="label", label="PJOURF+1", value="00008001 NONUTILE", horodate=None),
        a_row(kind="label", label="NEW", value="12", horodate=None),
    ]
    end = f" {NOW}000000000"
    assert [line.removesuffix(end) for line in lines(Native("none"), *rows)] == [
        f'teleinfo_label,label=SMAXSN-1,meter={ADCO} text="05340",horodate="{dated}",value=5340i',
        f'teleinfo_label,label=PJOURF+1,meter={ADCO} text="00008001 NONUTILE"',
        f'teleinfo_label,label=NEW,meter={ADCO} text="12"',
    ]
    assert [line.removesuffix(end) for line in lines(NumbersOnly("none"), *rows)] == [
        f"teleinfo_label,label=SMAXSN-1,meter={ADCO} value=5340i",
        f"teleinfo_label,label=PJOURF+1,meter={ADCO},text=00008001\\ NONUTILE info=1i",
        f"teleinfo_label,label=NEW,meter={ADCO},text=12 info=1i",
    ]


def test_two_events_of_a_second_are_two_points():
    rows = [
        Row(seq, "event", ADCO, "house", NOW, {"kind": "refused", "value": value, "detail": "no"})
        for seq, value in ((7, "PAPP 99999"), (8, "PAPP 88888"))
    ]
    tags = f"kind=refused,meter={ADCO}"
    assert lines(Native("none"), *rows) == [
        f'teleinfo_event,{tags} value="PAPP 99999",detail="no" {NOW}000000007',
        f'teleinfo_event,{tags} value="PAPP 88888",detail="no" {NOW}000000008',
    ]
    assert lines(NumbersOnly("none"), rows[0]) == [
        f"teleinfo_event,kind=refused,meter={ADCO},value=PAPP happened=1i {NOW}000000000"
    ]


def test_the_gateway_itself_is_no_meter():
    event = Row(1, "event", "", "", NOW, {"kind": "status", "value": "alive", "detail": ""})
    (line,) = lines(Native("none"), event)
    assert line.startswith("teleinfo_event,kind=status value=")


@pytest.mark.parametrize("layout", [Native("alias"), NumbersOnly("alias")])
def test_an_alias_hides_all_that_identifies_a_household(layout):
    rows = [
        a_row(**HC),
        a_row(kind="label", label="PRM", value="12345678901234", horodate=None),
        Row(3, "event", ADCO, "house", NOW, {"kind": "change", "value": "meter", "detail": ADCO}),
        *(
            Row(
                *(4, "event", ADCO, "house", NOW),
                {"kind": "refused", "value": value, "detail": f"told once: not {value}"},
            )
            for value in ("PRM 12345678901234", f"ADSC {ADCO}")
        ),
    ]
    found = "\n".join(lines(layout, *rows))
    assert "meter=house" in found
    assert ADCO not in found
    assert "12345678901234" not in found


def test_victoriametrics_gets_numbers_and_texts_as_tags():
    assert lines(NumbersOnly("none"), a_row(**HC)) == [
        f"teleinfo,meter={ADCO},period=HP {NUMBERS} {NOW}000000000",
        f"teleinfo,meter={ADCO},optarif=HC..,ptec=HP.. info=1i {NOW}000000000",
    ]


REUILLER = LAYOUTS["reuiller"]
TEMPO = {"optarif": "BBR(", "ptec": "HPJW", "demain": "ROUG", "idx01": 1, "idx06": 600000}


def test_each_label_has_the_type_that_the_script_gave_it():
    found = lines(REUILLER, a_row(**HC, hhphc="D", state="000000", imax1=47))
    assert sorted(found) == sorted(
        f"{label},host=raspberry,region=linky value={value} {NOW}000000000"
        for label, value in {
            "OPTARIF": '"HC.."', "ISOUSC": "30i", "HCHC": "9205446i", "HCHP": "11101473i",
            "PTEC": '"HP.."', "IINST": "2i", "IMAX": "47i", "PAPP": "520i", "HHPHC": '"D"',
            "MOTDETAT": '"000000"',
        }.items()
    )  # fmt: skip


def test_tempo_indexes_are_texts_unless_wanted_otherwise():
    (text,) = [line for line in lines(REUILLER, a_row(**TEMPO)) if line.startswith("BBRHPJR")]
    assert 'value="000600000"' in text
    as_int = Reuiller("raspberry", "linky", tempo_as_int=True)
    (number,) = [line for line in lines(as_int, a_row(**TEMPO)) if line.startswith("BBRHPJR")]
    assert "value=600000i" in number


def test_what_historique_mode_cannot_say_stays_out():
    own = {
        "optarif": "Heures Vertes",
        "ptec": "WEEK-END",
        "slot": 7,
        "state": "003A0001",
        "papp": 5,
    }
    found = lines(REUILLER, a_row(**own), a_row(kind="label", label="STGE", value="x"))
    assert found == [f"PAPP,host=raspberry,region=linky value=5i {NOW}000000000"]


def test_a_tag_may_name_the_meter():
    layout = Reuiller("raspberry", "{meter}", tempo_as_int=False)
    (line,) = lines(layout, a_row(papp=5))
    assert line.startswith("PAPP,host=raspberry,region=house ")


# --- requests


@pytest.fixture
def target():
    """The function that makes a target from settings."""
    made = []

    def make(**settings):
        made.append(InfluxdbTarget(InfluxdbConfig(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def basic(login):
    return f"Basic {b64encode(login.encode()).decode()}"


TOKEN = "do-not-tell"  # noqa: S105  # likewise
KINDS = {
    "influxdb1": (
        {"username": "me", "password": SECRET},
        ("/write", {"db": "home", "precision": "ns"}, basic(f"me:{SECRET}")),
    ),
    "influxdb2": (
        {"org": "my org", "token": TOKEN},
        (
            "/api/v2/write",
            {"org": "my org", "bucket": "home", "precision": "ns"},
            f"Token {TOKEN}",
        ),
    ),
    "influxdb3": (
        {"token": TOKEN},
        ("/api/v3/write_lp", {"db": "home", "precision": "nanosecond"}, f"Bearer {TOKEN}"),
    ),
    "victoriametrics": (
        {"username": "me", "password": SECRET},
        ("/write", {"db": "home", "precision": "ns"}, basic(f"me:{SECRET}")),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_requests_are_those_of_each_server(http_server, target, kind):
    settings, (path, query, authorization) = KINDS[kind]
    server = http_server()
    server.respond = lambda _: (204, b"")
    to = target(url=server.url, kind=kind, database="home", **settings)
    to.send([a_row(**HC), a_row(seq=2, kind="label", label="PRM", value="1", horodate=None)])
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("POST", path, query)
    assert request.headers["Authorization"] == authorization
    assert request.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(request.body).startswith(b"teleinfo,meter=021528603314,period=HP ")
    assert TOKEN not in to.address


def test_what_makes_no_point_makes_no_request(http_server, target):
    server = http_server()
    to = target(url=server.url, layout="reuiller")
    to.send([Row(1, "event", "", "", NOW, {"kind": "status", "value": "alive", "detail": ""})])
    assert not server.requests


PARTIAL = rb'{"error":"partial write: field type conflict on \"v\" dropped=1"}'


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_refused_for_good_has_the_reason_of_the_server(http_server, target, status):
    server = http_server()
    server.respond = lambda _: (status, PARTIAL)
    with pytest.raises(RefusedError, match=f'HTTP {status}.*field type conflict on "v" dropped=1'):
        target(url=server.url).send([a_row(**HC)])


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"x" * 5000, b"\xff\0\n<html>", b'{"message": "too bad"}', b"[]", b'{"a": 1}'),
        b"[" * 4000,
    ],
)
def test_any_reason_is_fit_for_a_log(http_server, target, answer):
    server = http_server()
    server.respond = lambda _: (400, answer)
    with pytest.raises(RefusedError) as caught:
        target(url=server.url).send([a_row(**HC)])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "check influxdb.token"),
        (403, "must have the right to write into the bucket"),
        (404, "has it bucket teleinfo, and is this its address"),
        (301, "leads elsewhere"),
        (405, "answers with an error"),
        (429, "answers with an error"),
        (500, "answers with an error"),
        (503, "too busy"),
    ],
)
def test_what_may_change_is_tried_again(http_server, target, status, words):
    server = http_server()
    server.respond = lambda _: (status, b'{"code": "x", "message": "too busy"}')
    to = target(url=server.url, kind="influxdb2", org="home", token=SECRET)
    with pytest.raises(TargetError, match=words) as caught:
        to.send([a_row(**HC)])
    assert SECRET not in str(caught.value)


def test_a_server_that_is_away_is_tried_again(http_server, target, monkeypatch):
    monkeypatch.setattr(http_client, "_PATIENT_S", 0.1)
    server = http_server()
    to = target(url=server.url)
    server.stall()
    with pytest.raises(TargetError, match="does not answer within"):
        to.send([a_row(**HC)])
    server.stop()
    with pytest.raises(TargetError, match="cannot be reached"):
        to.send([a_row(**HC)])


def test_a_database_that_cannot_be_made_is_told(http_server, target):
    server = http_server()
    server.respond = lambda request: (404, b"") if request.path == "/write" else (403, b"")
    with pytest.raises(TargetError, match='administrator run: CREATE DATABASE "teleinfo"'):
        target(url=server.url).send([a_row(**HC)])
    refusal = b'{"results":[{"statement_id":0,"error":"no space"}]}'
    server.respond = lambda request: (404, b"") if request.path == "/write" else (200, refusal)
    with pytest.raises(TargetError, match="no space"):
        target(url=server.url).send([a_row(**HC)])


# --- settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://me:secret@host"}, "no user and no password"),
        ({"kind": "influxdb2", "token": "x"}, "missing"),
        ({"kind": "influxdb2", "org": "x"}, "missing"),
        ({"org": "x"}, "only influxdb2 has organizations"),
        ({"token": "x"}, "knows username and password instead"),
        ({"kind": "influxdb3", "username": "x"}, "write it as token"),
        ({"username": "x"}, "password\n.*username needs it"),
        ({"password": "x"}, "username\n.*password needs it"),
        ({"kind": "victoriametrics", "layout": "reuiller"}, "would store as 0"),
        ({"database": 'a"; DROP'}, "pattern"),
        ({"url": "http://émon.local"}, "has no accents"),
        ({"url": "http://a..b"}, "the name of a host"),
        ({"url": f"http://{'x' * 64}.fr"}, "the name of a host"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        InfluxdbConfig(**settings)


def test_faults_are_told_at_their_key(tmp_path):
    file = tmp_path / "teleinfo.yaml"
    file.write_text(
        "devices: [{name: a, device: /dev/a}, {name: b, device: /dev/b}]\n"
        "influxdb: {kind: influxdb2, token: secret-token}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ("influxdb.org", 2)
    file.write_text(
        file.read_text().replace("kind: influxdb2, token: secret-token", "layout: reuiller")
    )
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    (fault,) = caught.value.faults
    assert fault.path == "influxdb.region"
    assert "put {meter} into region or host" in fault.message


def test_meters_are_told_apart():
    one = InfluxdbConfig(layout="reuiller")
    assert influxdb_fits(one, 1) is one
    with pytest.raises(ValidationError):
        influxdb_fits(one, 2)
    told = InfluxdbConfig(layout="reuiller", host="{meter}")
    assert influxdb_fits(told, 2) is told
    assert influxdb_fits(InfluxdbConfig(), 2)


# --- store and forward


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
async def history(tmp_path):
    """A history that runs."""
    it = HistoryOutput(
        HistoryConfig(path=str(tmp_path / "history.db")),
        Bus(),
        lambda _: None,
        frozenset({"influxdb"}),
    )
    it.start()
    yield it
    await it.stop()


@pytest.fixture
async def forward(history, target, until):
    """The function that starts to forward, to settings."""
    started = []

    async def start(**settings):
        it = Forwarder("influxdb", target(**settings), history)
        started.append(it)
        it.start()
        await until(lambda: it._progress is not None)
        return it

    yield start
    for each in started:
        await each.stop()


async def sent(until, output, rows):
    await until(lambda: output.state()["sent"] >= rows)
    assert not output.state()["problem"]


async def test_the_database_is_made_and_everything_arrives(
    common_influxd, history, forward, until, caplog
):
    caplog.set_level(logging.INFO)
    database = next(common_influxd.names)
    output = await forward(url=common_influxd.url, database=database)
    label = LabelRow(ADCO, NOW, "SMAXSN", "05340", "E260114060531")
    events = [an_event(n, value=str(n)) for n in range(3)]
    await history.keep(batch(*readings(0, 2500), label, *events))
    await sent(until, output, 2504)
    count = common_influxd.count
    assert count("teleinfo", "papp", database) == 2500
    assert count("teleinfo_label", "text", database) == 1
    assert count("teleinfo_event", "value", database) == 3
    assert f"made the database {database}" in caplog.text
    first = common_influxd.rows('SELECT first("idx01"), "period" FROM teleinfo', database)
    assert first == [[BEGIN, 1000, "HC"]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_an_outage_of_influxdb_loses_and_doubles_nothing(
    influxd, history, forward, until, how
):
    server = influxd()
    output = await forward(url=server.url)
    await history.keep(batch(*readings(0, 700)))
    await sent(until, output, 700)
    server.stop(how)
    await history.keep(batch(*readings(700, 2500)))
    await until(lambda: output.state()["problem"])
    assert "cannot be reached" in output.state()["problem"]
    await until(lambda: output.state()["backlog"] == 2500)
    server.start()
    await until(lambda: not output.state()["problem"] and output.state()["backlog"] == 0)
    await history.keep(batch(*readings(3200, 10)))
    await sent(until, output, 3210)
    assert server.count("teleinfo", "papp", "teleinfo") == 3210


async def test_a_conflict_of_types_is_set_aside_and_the_rest_goes_on(
    common_influxd, history, forward, until, tmp_path
):
    database = next(common_influxd.names)
    common_influxd.query(f"CREATE DATABASE {database}")
    before = InfluxdbTarget(InfluxdbConfig(url=common_influxd.url, database=database))
    text = Point("teleinfo", BEGIN * 10**9, {}, {"pmax": "as a text"})
    before._write(encode([text]))
    before.close()
    output = await forward(url=common_influxd.url, database=database)
    await history.keep(batch(*readings(0, 40), *readings(40, 1, pmax=5), *readings(41, 40)))
    await until(lambda: output.state()["refused"])
    await history.keep(batch(*readings(81, 9)))
    await sent(until, output, 89)
    assert output.state()["refused"] == 1
    assert "field type conflict" in output.state()["refused_reason"]
    assert common_influxd.count("teleinfo", "papp", database) == 89
    (refused,) = (tmp_path / "refused-influxdb.jsonl").read_text().splitlines()
    assert '"pmax": 5' in refused


async def test_what_is_too_old_for_the_database_holds_nothing_up(
    common_influxd, history, forward, until, tmp_path, caplog
):
    database = next(common_influxd.names)
    common_influxd.query(f"CREATE DATABASE {database} WITH DURATION 2d")
    output = await forward(url=common_influxd.url, database=database)
    rows = readings(0, 10 * 1440)
    await history.keep(batch(*rows))
    await until(lambda: output._remembered == len(rows))
    kept = common_influxd.count("teleinfo", "papp", database)
    assert 0 < output.state()["sent"] <= kept
    assert 2 * 1440 - 60 <= kept < 4 * 1440  # it lets go of what is older by whole shards
    assert output.state()["refused"] == 0
    told = [record.message for record in caplog.records if "keeps no points" in record.message]
    assert len(told) == 1
    assert "points beyond retention policy" in told[0]


async def test_a_wrong_password_is_told_and_may_be_corrected(
    influxd, history, forward, until, tmp_path, caplog
):
    server = influxd(closed=True)
    secret = tmp_path / "password"
    secret.write_text(SECRET)
    output = await forward(url=server.url, username="admin", password=f"file:{secret}")
    await history.keep(batch(*readings(0, 10)))
    await until(lambda: output.state()["problem"])
    assert "check influxdb.username and influxdb.password" in output.state()["problem"]
    secret.write_text("pass word:é")
    await sent(until, output, 10)
    assert server.count("teleinfo", "papp", "teleinfo") == 10
    assert SECRET not in caplog.text + str(output.state())


async def test_the_types_of_the_script_fit_its_database(common_influxd, history, forward, until):
    database = next(common_influxd.names)
    output = await forward(url=common_influxd.url, database=database, layout="reuiller")
    await history.keep(batch(*readings(0, 20, optarif="BBR(", ptec="HPJB")))
    await sent(until, output, 20)
    types = {
        found["name"]: found["values"]
        for found in common_influxd.query("SHOW FIELD KEYS", database)
    }
    assert types == {
        "PAPP": [["value", "integer"]],
        "OPTARIF": [["value", "string"]],
        "PTEC": [["value", "string"]],
        "BBRHCJB": [["value", "string"]],
        "BBRHPJB": [["value", "string"]],
    }


async def test_the_gateway_fills_a_database_from_a_meter(
    gateway_with, common_influxd, line, device, talking, until
):
    database = next(common_influxd.names)
    gateway = gateway_with(
        devices=(device(line, interval=1),),
        influxdb=InfluxdbConfig(url=common_influxd.url, database=database),
    )
    talking(line, "histo-hc-mono-l16c6")
    await until(lambda: gateway.outputs["influxdb"].state()["sent"] > 3)
    await gateway.stop()
    assert common_influxd.count("teleinfo", "papp", database) > 0
    kinds = common_influxd.rows('SHOW TAG VALUES FROM teleinfo_event WITH KEY = "kind"', database)
    assert ["kind", "link"] in kinds


PAPP = 'teleinfo_papp{db="teleinfo",meter="021528603314",period="HC"}'


async def test_victoriametrics_gets_everything(victoria, history, forward, until):
    server = victoria()
    output = await forward(url=server.url, kind="victoriametrics")
    events = [an_event(n, value=str(n)) for n in range(3)]
    await history.keep(batch(*readings(0, 2500), *events))
    await sent(until, output, 2503)
    assert server.count(PAPP) == 2500
    ((metric, values, _),) = server.export("teleinfo_info")
    assert (metric["optarif"], set(values)) == ("HC..", {1})
    assert server.count("teleinfo_event_happened") == 3


async def test_an_outage_of_victoriametrics_loses_and_doubles_nothing(
    victoria, history, forward, until
):
    server = victoria("-dedup.minScrapeInterval=1ms")
    output = await forward(url=server.url, kind="victoriametrics")
    await history.keep(batch(*readings(0, 700)))
    await sent(until, output, 700)
    server.stop()
    await history.keep(batch(*readings(700, 2500)))
    await until(lambda: output.state()["problem"])
    server.start()
    await until(lambda: not output.state()["problem"] and output.state()["backlog"] == 0)
    assert server.count(PAPP) == 3200


def test_victoriametrics_counts_what_comes_twice_once(victoria, target):
    """With the setting that docs/influxdb.rst asks for."""
    server = victoria("-dedup.minScrapeInterval=1ms")
    to = target(url=server.url, kind="victoriametrics")
    rows = [a_row(seq=n, ts=NOW - 60 * n, papp=n, ptec="HC..") for n in range(1, 51)]
    to.send(rows)
    assert server.count(PAPP) == 50
    to.send(rows)
    assert server.count(PAPP) == 50


# --- kill -9 of the gateway


@pytest.mark.timeout(120)
async def test_kill_9_of_the_gateway_loses_and_doubles_nothing(influxd, tmp_path):
    server = influxd()
    file = tmp_path / "history.db"
    fill(file, "influxdb", 6000)

    def stored():
        return server.count("teleinfo", "papp", "teleinfo")

    kills = await killed_until(lambda: stored() == 6000, __name__, [file, server.url], 1500)
    assert kills > 2
    found = server.query("SELECT papp FROM teleinfo", "teleinfo")
    assert len({time for time, _ in found[0]["values"]}) == 6000


if __name__ == "__main__":
    target = InfluxdbTarget(InfluxdbConfig(url=sys.argv[2]))
    asyncio.run(forward_until_killed(sys.argv[1], "influxdb", target, 200))
