"""Readings of other machines: taken in over real HTTP, into a real database."""

import contextlib
import http.client
import json
import logging
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml

from teleinfo_gateway.config import HistoryConfig, IngestConfig
from teleinfo_gateway.secret import SecretError
from teleinfo_gateway.web import access, bodies
from teleinfo_gateway.web.failures import Failures
from teleinfo_gateway.web.server import IngestServer, ListenError
from tic import Decoder, Frame, FrameKind, Mode

from ..free_ports import free_port
from .loop_thread import TIMEOUT_S
from .test_history_api import HistoryGateway
from .test_web import HISTORIQUE, answer_schema, fits

CAPTURES = Path(__file__).parents[1] / "captures"
TOKEN = "0123456789abcdef" * 2
ADCO = "021528603314"
START = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)


class Intake(HistoryGateway):
    """A gateway that takes in readings."""

    def __init__(self, meters, folder, **settings):
        settings = {"history": HistoryConfig(path=str(folder / "history.db")), **settings}
        self.ingest_port = free_port()
        self.ingest = None
        super().__init__(meters, **settings)

    async def _start(self):
        await super()._start()
        config = IngestConfig(listen=f"127.0.0.1:{self.ingest_port}", token=TOKEN)
        self.ingest = IngestServer(self.manager, config)
        await self.ingest.start()

    async def _stop(self):
        if self.ingest is not None:
            await self.ingest.stop()
        await super()._stop()

    def send(self, body, token=TOKEN, method="POST", path="/api/ingest", **headers):
        """The answer to a request: (status, JSON or bytes, headers)."""
        if isinstance(body, dict):
            body = json.dumps(body)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.ingest_port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read()
            is_json = data and response.headers["content-type"] == "application/json"
            return response.status, json.loads(data) if is_json else data, response.headers

    def taken(self, *readings, **more):
        """What became of readings that are sent together."""
        status, data, _ = self.send({**more, "readings": readings})
        assert status == 200, data
        return data

    def upload(self, method="GET", **fields):
        path, body = "/upload_data.php", None
        if method == "GET":
            path += f"?{urlencode(fields)}"
        else:
            body = urlencode(fields)
        return self.send(body, token=None, method=method, path=path)


@pytest.fixture
def intake(tmp_path):
    with contextlib.closing(Intake([], tmp_path)) as started:
        yield started


def reading(minutes=0, hchc=1_000_000, hchp=2_000_000, **values):
    """A historique reading, as JSON; ``LABEL=None`` leaves one out."""
    values = {
        "ADCO": ADCO,
        "OPTARIF": "HC..",
        "ISOUSC": "45",
        "HCHC": f"{hchc:09}",
        "HCHP": f"{hchp:09}",
        "PTEC": "HP..",
        "PAPP": "01200",
        **values,
    }
    return {
        "time": (START + timedelta(minutes=minutes)).isoformat(),
        "mode": "historique",
        "values": {label: value for label, value in values.items() if value is not None},
    }


def captured(name):
    """The whole frames of a capture as readings, a minute apart."""
    frames = Decoder().feed((CAPTURES / name).read_bytes())
    whole = [one for one in frames if isinstance(one, Frame) and one.kind is FrameKind.LONG]
    mode = whole[0].mode
    return [
        {
            "time": (START + timedelta(minutes=minutes)).isoformat(),
            "mode": mode.value,
            "values": {label: value for label, value, _ in frame.groups},
            "horodates": {label: stamp for label, _, stamp in frame.groups if stamp is not None},
        }
        for minutes, frame in enumerate(whole)
        if frame.mode is mode and not frame.refused
    ]


# --- what is taken


def test_readings_are_stored_under_their_meter_and_name(intake):
    sent = [reading(minutes, hchp=2_000_000 + 20 * minutes) for minutes in range(61)]
    assert intake.taken(*sent, meter="barn") == {
        "stored": 61,
        "known": 0,
        "closed": 0,
        "refused": 0,
        "reasons": [],
    }
    told = intake.get("/api/energy?meter=barn&from=2026-01-14&to=2026-01-15")
    assert (told["adco"], told["total"]["wh"]) == (ADCO, 1200)
    assert told["total"]["tariffs"][0]["name"] == "HP"
    assert told["total"]["papp_mean"] == 1200


def test_the_same_request_again_changes_nothing(intake):
    sent = [reading(minutes) for minutes in (2, 1, 0, 1)]
    assert intake.taken(*sent)["stored"] == 3
    before = intake.get("/api/history?from=2026-01-14&to=2026-01-15")
    again = intake.taken(*sent)
    assert (again["stored"], again["known"], again["refused"]) == (0, 4, 0)
    assert intake.get("/api/history?from=2026-01-14&to=2026-01-15") == before


@pytest.mark.parametrize(
    "name",
    [
        "histo-base-mono-linky",
        "histo-base-tri-cbetm",
        "histo-hc-mono-l16c6",
        "histo-tempo-mono-linky",
        "std-base-mono-conso",
        "std-base-tri-conso",
        "synthetic-histo-adps-mono",
        "synthetic-histo-hc-tri-short-frames",
        "synthetic-std-mono-msg2-degraded-clock",
        "synthetic-std-mono-pilot-g1",
    ],
)
def test_what_meters_say_is_taken_as_it_is(intake, name):
    sent = captured(f"{name}.tic")
    assert intake.taken(*sent)["stored"] == len(sent) > 0


def test_a_standard_reading_has_its_slots_and_labels(intake):
    intake.taken(*captured("std-base-mono-conso.tic")[:3])
    told = intake.get("/api/history?from=2026-01-14&to=2026-01-15&values=papp,idx_total,SMAXSN")
    assert told["contracts"][0]["optarif"] == "BASE"
    assert all(told["values"][name]["value"][0] for name in ("papp", "idx_total", "SMAXSN"))


def test_the_interval_that_is_told_makes_no_gap(intake):
    sent = [reading(minutes) for minutes in (0, 10, 20)]
    intake.taken(*sent, interval=600)
    told = intake.get("/api/history?from=2026-01-14&to=2026-01-15")
    assert told["values"]["papp"]["value"] == [1200] * 3


def test_what_was_late_is_put_in_between(intake):
    intake.taken(reading(0), reading(20, hchp=2_000_400))
    assert intake.taken(reading(10, hchp=2_000_200))["stored"] == 1
    assert intake.taken(reading(15, hchp=2_000_100))["refused"] == 1
    assert intake.taken(reading(15, hchp=2_000_500))["refused"] == 1
    assert intake.taken(reading(15, hchp=2_000_300))["stored"] == 1


def test_a_reading_without_indexes_tells_power_alone(intake):
    assert intake.taken(reading(0), reading(1, HCHP=None), reading(2))["stored"] == 3
    told = intake.get("/api/history?from=2026-01-14&to=2026-01-15&values=papp,idx02")
    assert told["values"]["papp"]["value"] == [1200] * 3
    assert told["values"]["idx02"]["value"] == [2_000_000, None, 2_000_000]


# --- what is not believed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ADCO": None}, "ADCO is missing"),
        ({"ADCO": "02152860331"}, "ADCO has 12 characters"),
        ({"ADCO": "0215286033x4"}, "ADCO cannot be"),
        ({"PAPP": "1200"}, "PAPP has 5 characters, not 4"),
        ({"PAPP": "0120q"}, "PAPP cannot be"),
        ({"PAPP": "٠١٢٠٠"}, "PAPP cannot be"),
        ({"PTEC": "XX.."}, "PTEC cannot be"),
        ({"EAST": "000000001"}, "a label of the standard mode"),
    ],
)
def test_an_impossible_value_refuses_the_reading_and_no_other(intake, changes, words):
    taken = intake.taken(reading(0), reading(1, **changes), reading(2))
    assert (taken["stored"], taken["refused"]) == (2, 1)
    (refused,) = taken["reasons"]
    assert refused["reading"] == 1
    assert words in refused["reason"]


def test_a_label_that_nobody_knows_is_passed_over(intake):
    assert intake.taken(reading(0, NEWLABEL="x"))["stored"] == 1


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime.now(UTC) + timedelta(hours=6), "future"),
        (datetime(2014, 12, 31, 23, 59, tzinfo=UTC), "before 2015"),
    ],
)
def test_a_time_that_cannot_be_is_refused(intake, moment, words):
    taken = intake.taken(reading() | {"time": moment.isoformat()})
    assert words in taken["reasons"][0]["reason"]


def test_clocks_may_differ_by_some_minutes(intake):
    soon = datetime.now(UTC) + timedelta(minutes=4)
    assert intake.taken(reading() | {"time": soon.isoformat()})["stored"] == 1


def test_indexes_that_fall_or_jump_are_refused(intake):
    intake.taken(reading(0))
    taken = intake.taken(
        reading(1, hchp=1_999_999), reading(2, hchp=2_900_000), reading(3, hchp=2_000_060)
    )
    assert (taken["stored"], taken["refused"]) == (1, 2)
    fell, jumped = (one["reason"] for one in taken["reasons"])
    assert "cannot fall from 2000000 to 1999999" in fell
    assert "cannot rise from 2000000 to 2900000 in 120 s" in jumped
    assert intake.get("/api/energy?from=2026-01-14&to=2026-01-15")["total"]["wh"] == 60


def test_sums_of_a_standard_reading_that_do_not_add_up_are_refused(intake):
    (first, *_) = captured("std-base-mono-conso.tic")
    first["values"]["EASF01"] = f"{int(first['values']['EASF01']) + 70_000:09}"
    assert "EASF" in intake.taken(first)["reasons"][0]["reason"]


def test_an_index_that_was_set_back_is_believed_after_ten_readings_that_agree(intake):
    """One damaged index that is too high must not shut out all that follow."""
    intake.taken(reading(0), reading(1, hchp=2_000_700))
    lower = [reading(2 + number, hchp=2_000_000 + number) for number in range(12)]
    assert intake.taken(*lower[:5])["refused"] == 5
    assert intake.taken(*lower[4:5])["refused"] == 1  # again, which is no other reading
    assert intake.taken(*lower[5:8])["refused"] == 3
    taken = intake.taken(*lower)
    assert (taken["stored"], taken["refused"]) == (3, 9)
    jumps = [reading(100 + number, hchp=9_000_000 + number) for number in range(12)]
    assert intake.taken(*jumps)["stored"] == 0


def test_reasons_are_bounded_and_refusals_counted(intake):
    taken = intake.taken(*(reading(minutes, PAPP="x") for minutes in range(100)))
    assert (taken["refused"], len(taken["reasons"])) == (100, 20)


def test_a_name_of_a_meter_that_is_read_here_cannot_be_taken(tmp_path):
    with contextlib.closing(Intake(["house"], tmp_path)) as intake:
        assert "house" in intake.taken(reading(0), meter="house")["reasons"][0]["reason"]
        intake.hear("house", HISTORIQUE * 3)
        assert intake.meter("house")["adco"] == ADCO
        assert "house" in intake.taken(reading(0), meter="barn")["reasons"][0]["reason"]
        other = reading(0, ADCO="021528603399")
        assert "house" in intake.taken(other, meter="house")["reasons"][0]["reason"]
        assert intake.taken(other, meter="barn")["stored"] == 1


# --- requests that are no readings


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        ({}, "readings"),
        ({"readings": []}, "readings"),
        ({"readings": [reading()] * 1001}, "readings"),
        ({"readings": [reading()], "metre": "x"}, "metre"),
        ({"readings": [reading()], "meter": "The house"}, "meter"),
        ({"readings": [reading()], "interval": 0}, "interval"),
        ({"readings": [reading() | {"time": 1768416600}]}, "readings.0.time"),
        ({"readings": [reading() | {"time": "2026-01-14T18:50:00"}]}, "readings.0.time"),
        ({"readings": [reading() | {"mode": "other"}]}, "readings.0.mode"),
        ({"readings": [reading() | {"values": {"PAPP": 1200}}]}, "readings.0.values.PAPP"),
        ({"readings": [reading() | {"values": {"X": "x" * 200}}]}, "readings.0.values.X"),
    ],
)
def test_a_body_that_is_not_what_is_expected_is_400_and_says_where(intake, body, words):
    status, data, _ = intake.send(body)
    assert (status, list(data)) == (400, ["error"])
    assert words in data["error"]


def test_large_bodies_and_other_paths_are_refused(intake):
    assert intake.send("x" * (256 * 1024 + 1))[0] == 413
    assert intake.send(iter([b"x"]), **{"Transfer-Encoding": "chunked"})[0] == 411
    assert intake.send("{}", path="/api/status")[0] == 404
    assert intake.send(None, method="GET")[0] == 405


def test_a_body_that_does_not_come_is_not_waited_for(intake, monkeypatch):
    monkeypatch.setattr(bodies, "_BODY_S", 0.1)
    head = f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection(("127.0.0.1", intake.ingest_port), TIMEOUT_S) as client:
        client.sendall(f"{head}Content-Length: 5\r\n\r\n{{".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_a_history_that_is_off_or_fails_is_said(tmp_path):
    with contextlib.closing(Intake([], tmp_path, history=None)) as intake:
        status, data, _ = intake.send({"readings": [reading()]})
        assert (status, "history: false" in data["error"]) == (503, True)
    (tmp_path / "history.db").write_bytes(b"this is no database" * 100)
    with contextlib.closing(Intake([], tmp_path)) as intake:
        status, data, _ = intake.send({"readings": [reading()]})
        assert (status, "history.db" in data["error"]) == (503, True)


# --- who may send


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "0", "été"])
def test_without_the_token_nothing_is_taken(intake, token):
    status, data, headers = intake.send({"readings": [reading()]}, token)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert data == {"error": "the token is missing or wrong"}
    assert headers["cache-control"] == "no-store"
    assert "no meter yet" in intake.error("/api/history", 404)


def test_another_kind_of_authorization_is_no_token(intake):
    assert intake.send("{}", token=None, Authorization=f"Basic {TOKEN}")[0] == 401
    assert intake.send({"readings": [reading()]}, None, Authorization=f"bearer {TOKEN}")[0] == 200


def test_a_wrong_token_is_answered_late_and_tried_ten_times_a_minute(intake, caplog):
    began_s = time.monotonic()
    with ThreadPoolExecutor(5) as senders:
        answers = list(senders.map(lambda _: intake.send("{}", "wrong")[0], range(10)))
    assert answers == [401] * 10
    assert time.monotonic() - began_s > access._WRONG_S
    status, _, headers = intake.send({"readings": [reading()]})  # the right one, too late
    assert (status, headers["retry-after"]) == (429, "60")
    assert caplog.text.count("a wrong token from '127.0.0.1'") == 2


def test_failures_are_forgotten_after_a_minute_and_have_a_ceiling():
    now_s = 0.0
    failures = Failures(lambda: now_s)
    for times in range(1, 11):
        assert not failures.too_many("192.0.2.1")
        assert failures.add("192.0.2.1") == times
    assert failures.too_many("192.0.2.1")
    assert not failures.too_many("192.0.2.2")
    now_s = 60.0
    assert not failures.too_many("192.0.2.1")
    for number in range(2000):
        failures.add(str(number))
    assert len(failures._since) == 1000
    assert failures.add("1999") == 2


def test_one_machine_has_all_addresses_of_its_ipv6_network():
    failures = Failures(lambda: 0.0)
    for number in range(10):
        failures.add(f"2001:db8:0:1::{number}")
    assert failures.too_many("2001:db8:0:1:ffff::")
    assert not failures.too_many("2001:db8:0:2::")
    for _ in range(10):
        failures.add("::ffff:192.0.2.1")
    assert failures.too_many("192.0.2.1")
    assert not failures.too_many("::ffff:192.0.2.2")


def test_many_addresses_together_have_their_limit_too():
    now_s = 0.0
    failures = Failures(lambda: now_s, 3)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        assert not failures.too_many("192.0.2.9")
        failures.add(address)
    assert failures.too_many("192.0.2.9")
    failures.forget("192.0.2.3")
    assert not failures.too_many("192.0.2.9")
    failures.add("192.0.2.3")
    now_s = 60.0
    assert not failures.too_many("192.0.2.9")


# --- robinroche's form


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_upload_form_stores_the_power_of_now(intake, method, caplog):
    caplog.set_level(logging.DEBUG)
    status, data, _ = intake.upload(method, PASSWD=TOKEN, LOAD=520, HPHC="HP", ADCO=ADCO)
    assert (status, data) == (200, b"")
    told = intake.get("/api/history")
    assert (told["adco"], told["values"]["papp"]["value"]) == (ADCO, [520])
    assert (told["slot"], told["contracts"][0]["slots"]) == ([2], {"2": "HP"})
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"ADCO": None}, 400, "add ADCO="),
        ({"ADCO": "1"}, 400, "12 characters"),
        ({"HPHC": "XX"}, 400, "HP or HC"),
        ({"LOAD": "-1"}, 400, "LOAD"),
        ({"LOAD": "100000"}, 400, "99999"),
        ({"MORE": "1"}, 400, "'MORE' is no parameter"),
        ({"PASSWD": "wrong"}, 401, "token"),
        ({"PASSWD": None}, 401, "token"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_upload_is_refused_and_its_secret_is_not_repeated(
    intake, method, changes, status, words
):
    fields = {"PASSWD": TOKEN, "LOAD": "520", "HPHC": "HP", "ADCO": ADCO} | changes
    fields = {name: value for name, value in fields.items() if value is not None}
    answered, data, _ = intake.upload(method, **fields)
    assert answered == status
    assert words in data["error"]
    assert TOKEN not in data["error"]


def test_a_form_of_too_many_fields_is_refused(intake):
    fields = {f"F{number}": "1" for number in range(50)}
    assert intake.upload("POST", **fields)[0] == 400


# --- its description


def test_answers_and_bodies_are_described(intake):
    description = intake.get("/api/openapi.json")
    schemas = description["components"]["schemas"]
    operation = description["paths"]["/api/ingest"]["post"]
    sent = {"meter": "barn", "interval": 60, "readings": [reading() | {"horodates": {}}]}
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    shape = schemas[body["$ref"].rpartition("/")[2]]
    assert set(sent) == set(shape["properties"])
    assert shape["properties"]["readings"]["maxItems"] == 1000
    for body in (sent, {"readings": [reading(PAPP="x")]}, {}):
        status, data, _ = intake.send(body)
        assert fits(data, answer_schema(operation, status), schemas)
    assert operation["security"] == [{"token": ["ingest"]}]
    assert Mode.STANDARD.value in str(schemas["Mode"])


# --- start, stop, reload


def test_a_taken_port_and_a_missing_token_are_said_with_what_to_do(intake, tmp_path):
    second = IngestServer(
        intake.manager, IngestConfig(listen=f"127.0.0.1:{intake.ingest_port}", token=TOKEN)
    )
    with pytest.raises(ListenError, match=r"another program.*ingest\.listen"):
        intake.run(second.start())
    nowhere = IngestConfig(listen="127.0.0.1:1", token=f"file:{tmp_path}/none")
    with pytest.raises(SecretError, match="none"):
        intake.run(IngestServer(intake.manager, nowhere).start())


def test_every_address_means_ipv4_and_ipv6(intake):
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    server = IngestServer(intake.manager, IngestConfig(listen=f"[::]:{port}", token=TOKEN))
    intake.run(server.start())
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, port), TIMEOUT_S).close()
    intake.run(server.stop())


def test_another_token_is_taken_when_the_files_are_read_again(intake, tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    config = IngestConfig(listen=f"127.0.0.1:{free_port()}", token=f"file:{secret}")
    server = IngestServer(intake.manager, config)
    intake.run(server.start())
    intake.ingest_port = config.port
    body = {"readings": [reading()]}
    assert intake.send(body)[0] == 200
    secret.write_text(TOKEN[::-1])
    intake.call(server.renew)
    assert intake.send(body)[0] == 401
    assert intake.send(body, TOKEN[::-1])[0] == 200
    secret.write_text("short")
    with pytest.raises(SecretError):
        intake.call(server.renew)
    assert intake.send(body, TOKEN[::-1])[0] == 200
    intake.run(server.stop())


async def test_a_gateway_starts_goes_on_without_and_takes_it_up_at_a_reload(
    teleinfo, tmp_path, free_port
):
    secret, port = tmp_path / "token", free_port()
    file = tmp_path / "gateway.yaml"
    settings = {
        "devices": [],
        "xpl": False,
        "web": {"listen": f"127.0.0.1:{free_port()}"},
        "history": {"path": str(tmp_path / "history.db")},
        "ingest": {"listen": f"127.0.0.1:{port}", "token": f"file:{secret}"},
    }
    file.write_text(yaml.safe_dump(settings))
    program = await teleinfo("run", "--config", file)
    assert str(secret) in await program.line("ERROR", "no intake of readings")
    secret.write_text(f"{TOKEN}\n")
    program.signal(signal.SIGHUP)
    await program.line("intake of readings: http://", str(port))
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S):
        pass
    file.write_text(yaml.safe_dump(settings | {"ingest": False}))
    program.signal(signal.SIGHUP)
    await program.line("configuration reloaded")
    program.signal(signal.SIGTERM)
    code, _, said = await program.end()
    assert code == 0
    assert TOKEN not in said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
