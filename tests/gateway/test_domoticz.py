"""What Domoticz is told: values of each contract, by messages and by real HTTP requests."""

import asyncio
import json
import logging
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from teleinfo_gateway import http_client
from teleinfo_gateway.config.homes import DomoticzConfig, DomoticzDevices, domoticz_fits
from teleinfo_gateway.domoticz import DomoticzUpdates
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.outputs.mqtt.domoticz import Domoticz
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind, Reading
from teleinfo_gateway.snapshot import Snapshot
from tic import FrameKind, HistoriqueView, Mode

from .http_outputs import DRAWN
from .http_servers import http_servers

ALL = {"p1": 1, "blue": 2, "white": 3, "red": 4, "kwh": 5, "usage": 6, "papp": 7, "current": 8,
       "voltage": 9, "load": 10, "alert": 11, "tariff": 12}  # fmt: skip
KEYS = {idx: key for key, idx in ALL.items()}
OK = b'{"status" : "OK", "title" : "Update Device"}'
SECRET = "do-not-tell:é"  # noqa: S105  # what must not be told

HC = {"OPTARIF": "HC..", "ISOUSC": "30", "HCHC": "009205446", "HCHP": "011101473", "PTEC": "HP..",
      "IINST": "002", "PAPP": "00530"}  # fmt: skip
TEMPO = {"OPTARIF": "BBR(", "ISOUSC": "45", "BBRHCJB": "000000001", "BBRHPJB": "000000020",
         "BBRHCJW": "000000300", "BBRHPJW": "000004000", "BBRHCJR": "000050000",
         "BBRHPJR": "000600000", "PTEC": "HPJW", "IINST": "004", "PAPP": "00900"}  # fmt: skip
LINKY = {"NGTF": "H PLEINE/CREUSE ", "LTARF": "   HEURE  CREUSE", "EAST": "020306919",
         "EASF01": "009205446", "EASF02": "011101473", "IRMS1": "002", "URMS1": "231",
         "PREF": "06", "PCOUP": "06", "SINSTS": "00532", "STGE": "003A0001",
         "NTARF": "01"}  # fmt: skip


@pytest.fixture
def said(reading):
    """The function that makes a snapshot of a meter that has sent one frame, or several."""

    def make(*frames, mode=Mode.HISTORIQUE, kind=FrameKind.LONG, complete=True):
        snapshot = Snapshot()
        for values in frames * (5 if mode is Mode.STANDARD else 1):  # an index comes late
            snapshot.take(frame(reading, values, mode=mode, kind=kind, complete=complete))
        return snapshot

    return make


def frame(reading, values, mode=Mode.HISTORIQUE, kind=FrameKind.LONG, complete=True):
    """A reading; in standard mode with the labels that a meter's view derives."""
    made = reading(kind, mode, complete=complete, **values)
    if mode is Mode.HISTORIQUE:
        return made
    values = {"ADSC": made.address, **values}
    derived = {group.label: group.value for group in HistoriqueView().translate(values)}
    return Reading(
        made.meter, made.address, made.time, mode, kind, complete, values=values, historique=derived
    )


def told(said, estimate=DRAWN, **devices):
    """Key to value of what is told when it is due; of an alert, its level too."""
    config = DomoticzConfig(devices=(DomoticzDevices(meter="house", **(devices or ALL)),))
    updates = DomoticzUpdates(config).told("house", said, estimate, due=True)
    return {
        KEYS[idx]: (nvalue, svalue) if KEYS[idx] == "alert" else svalue
        for idx, nvalue, svalue in updates
    }


# --- the values


def test_peak_and_off_peak_hours(said):
    assert told(said(HC)) == {
        "p1": "11101473;9205446;0;0;520;0",
        "kwh": "520;20306919",
        "usage": "520",
        "papp": "530",
        "current": "2;0;0",
        "load": "7",
        "alert": (1, "< 80 % (30 A)"),
        "tariff": "HP",
    }


def test_one_price_is_the_first_usage(said):
    base = {"OPTARIF": "BASE", "BASE": "001234567", "PTEC": "TH..", "PAPP": "00530"}
    assert told(said(base)) == {
        "p1": "1234567;0;0;0;520;0",
        "kwh": "520;1234567",
        "usage": "520",
        "papp": "530",
        "tariff": "TH",
    }


def test_ejp_has_the_mobile_peak_first(said):
    ejp = {"OPTARIF": "EJP ", "EJPHN": "000000700", "EJPHPM": "000000090", "PTEC": "HN.."}
    assert told(said(ejp))["p1"] == "90;700;0;0;520;0"


def test_tempo_is_three_devices_and_a_total(said):
    found = told(said(TEMPO))
    assert found["blue"] == "20;1;0;0;0;0"
    assert found["white"] == "4000;300;0;0;520;0"
    assert found["red"] == "600000;50000;0;0;0;0"
    assert found["p1"] == "604020;50301;0;0;520;0"
    assert found["kwh"] == "520;654321"


def test_a_linky_in_standard_mode_tells_the_same(said):
    assert told(said(LINKY, mode=Mode.STANDARD)) == {
        "p1": "11101473;9205446;0;0;520;0",
        "kwh": "520;20306919",
        "usage": "520",
        "papp": "532",
        "current": "2;0;0",
        "voltage": "231",
        "load": "9",
        "alert": (1, "< 80 % (6 kVA)"),
        "tariff": "HEURE CREUSE",
    }


def test_tempo_in_standard_mode(said):
    slots = {f"EASF{slot:02}": f"{10**slot:09}" for slot in range(1, 7)}
    linky = LINKY | slots | {"NGTF": "      TEMPO     ", "NTARF": "05"}
    found = told(said(linky, mode=Mode.STANDARD))
    assert found["blue"] == "100;10;0;0;0;0"
    assert found["white"] == "10000;1000;0;0;0;0"
    assert found["red"] == "1000000;100000;0;0;520;0"


def test_an_offer_without_historique_periods_is_one_total(said):
    linky = LINKY | {"NGTF": "  ZEN FLEX      "}
    assert told(said(linky, mode=Mode.STANDARD))["p1"] == "20306919;0;0;0;520;0"


def test_a_producer_returns_what_he_injects_in_one_device(said):
    linky = LINKY | {"EAIT": "000654321", "SINSTI": "01250", "SINSTS": "00000", "IRMS1": "005"}
    estimate = Estimate(active_power_w=6, injected_power_w=1200)
    found = told(said(linky, mode=Mode.STANDARD), estimate)
    assert found["p1"] == "11101473;9205446;654321;0;0;1200"
    assert found["load"] == "0"


def test_who_does_not_inject_now_returns_no_power(said):
    linky = LINKY | {"EAIT": "000654321", "SINSTI": "00000"}
    assert told(said(linky, mode=Mode.STANDARD))["p1"].endswith(";654321;0;520;0")


def test_no_apparent_power_is_no_power(said):
    assert told(said(HC | {"PAPP": "00000"}), Estimate())["kwh"] == "0;20306919"


def test_apparent_power_is_never_told_as_watts(said):
    found = told(said(HC), Estimate())
    assert found.keys() == {"papp", "current", "load", "alert", "tariff"}


@pytest.mark.parametrize(
    ("lost", "missing"),
    [
        ("HCHC", {"p1", "kwh"}),
        ("HCHP", {"p1", "kwh"}),
        ("OPTARIF", {"p1", "kwh"}),
        ("PTEC", {"tariff"}),
        ("PAPP", {"papp"}),
        ("IINST", {"current", "load", "alert"}),
        ("ISOUSC", {"load", "alert"}),
    ],
)
def test_what_a_frame_lost_is_left_out_and_never_0(said, lost, missing):
    damaged = {label: value for label, value in HC.items() if label != lost}
    assert told(said(HC)).keys() - told(said(damaged, complete=False)).keys() == missing


def test_what_a_frame_lost_is_known_from_the_one_before(said):
    damaged = {label: value for label, value in HC.items() if label != "HCHC"}
    assert told(said(HC, damaged)) == told(said(HC))


def test_a_damaged_frame_does_not_make_a_producer_a_consumer(said):
    damaged = said(LINKY, mode=Mode.STANDARD, complete=False)
    assert told(damaged).keys() & {"p1", "kwh"} == {"kwh"}


def test_tempo_without_its_colour_has_no_coloured_devices(said):
    damaged = {label: value for label, value in TEMPO.items() if label != "PTEC"}
    assert not told(said(damaged)).keys() & {"blue", "white", "red"}


def test_three_phases(said):
    three = {"IINST1": "003", "IINST2": "028", "IINST3": "001", "ISOUSC": "30"}
    assert told(said(three), Estimate()) == {
        "current": "3;28;1",
        "load": "93",
        "alert": (3, "> 90 % (30 A)"),
    }
    assert told(said({"IINST1": "003", "IINST3": "001", "ISOUSC": "30"}), Estimate()) == {}


def test_three_phases_in_standard_mode_have_a_third_of_the_subscription_each(said):
    three = {"SINSTS": "05900", "SINSTS1": "00100", "SINSTS2": "05000", "SINSTS3": "00800",
             "PREF": "18"}  # fmt: skip
    assert told(said(three, mode=Mode.STANDARD))["alert"] == (2, "> 80 % (18 kVA)")


@pytest.mark.parametrize(
    ("amperes", "level", "text"),
    [
        (0, 1, "< 80 %"), (40, 1, "< 80 %"), (41, 2, "> 80 %"), (45, 2, "> 80 %"),
        (46, 3, "> 90 %"), (49, 3, "> 90 %"), (50, 4, "> 98 %"), (60, 4, "> 98 %"),
    ],
)  # fmt: skip
def test_alerts_have_four_levels(said, amperes, level, text):
    found = told(said({"IINST": f"{amperes:03}", "ISOUSC": "50"}))
    assert found["alert"] == (level, f"{text} (50 A)")


def test_a_meter_that_is_not_listed_is_not_told(said):
    config = DomoticzConfig(devices=(DomoticzDevices(meter="solar", **ALL),))
    updates = DomoticzUpdates(config)
    assert updates.told("house", said(HC), DRAWN, due=True) == []
    assert updates.overload("house", said(HC)) == []


# --- messages


@pytest.fixture
def message():
    """The format with these devices, and the view of the meter house."""
    view = View("house")
    view.estimate = DRAWN
    view.available = True

    def make(**devices):
        return Domoticz(DomoticzConfig(devices=(DomoticzDevices(meter="house", **devices),))), view

    return make


def overload(value):
    return Event(EventKind.OVERLOAD, "house", datetime(2026, 1, 14, tzinfo=UTC), value)


def heard(told, view, reading, *, due=True):
    """The payloads of what is told of a reading, decoded."""
    view.said.take(reading)
    return [json.loads(message.payload) for message in told.told(view, reading, due=due)]


def test_the_message_of_domoticz_in(message, reading):
    form, view = message(p1=42)
    view.said.take(reading(**HC))
    (only,) = form.told(view, reading(**HC), due=True)
    assert only.topic == "domoticz/in"
    assert (only.qos, only.retain) == (1, False)
    assert only.payload == (
        '{"command": "udevice", "idx": 42, "nvalue": 0, "svalue": "11101473;9205446;0;0;520;0"}'
    )


def test_between_two_intervals_only_an_alert_that_rises_is_told(message, reading):
    form, view = message(p1=42, alert=43)
    assert [each["idx"] for each in heard(form, view, reading(**HC))] == [42, 43]
    for amperes, levels in (("003", []), ("028", [3]), ("028", []), ("020", []), ("030", [4])):
        payloads = heard(form, view, reading(**HC | {"IINST": amperes}), due=False)
        assert [each["nvalue"] for each in payloads] == levels
    payloads = heard(form, view, reading(**HC))
    assert payloads[-1] == {
        "command": "udevice", "idx": 43, "nvalue": 1, "svalue": "< 80 % (30 A)"
    }  # fmt: skip


def test_an_overload_is_the_highest_alert_until_it_ends(message, reading):
    form, view = message(alert=43)
    heard(form, view, reading(**HC))
    for value, levels in (("power", [4]), ("1,power", []), ("none", [1])):
        event = overload(value)
        view.said.note(event)
        levels_told = [json.loads(each.payload)["nvalue"] for each in form.happened(view, event)]
        assert levels_told == levels
    other = Event(EventKind.TARIFF, "house", event.time, "HC..")
    assert [*form.happened(view, other)] == []


def test_the_present_state_is_told_again_unless_the_meter_is_silent(message, reading):
    form, view = message(current=44)
    heard(form, view, reading(**HC))
    assert len(form.again(view)) == 1
    view.available = False
    assert form.again(view) == []


# --- requests


def amperes(number):
    return {**HC, "IINST": f"{number:03}"}


async def test_a_value_is_a_request_to_json_htm(
    http_server, to_domoticz, bus, reading, until, tmp_path
):
    password = tmp_path / "password"
    password.write_text(f"{SECRET}\n", encoding="utf-8")
    server = http_server(OK)
    made = to_domoticz(
        server, username="gateway", password=f"file:{password}", devices={"alert": 43}
    )
    bus.publish(reading(**amperes(28)))
    await until(lambda: made.state()["sent"])
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/json.htm")
    assert request.query == {
        "type": "command", "param": "udevice", "idx": "43", "nvalue": "3",
        "svalue": "> 90 % (30 A)",
    }  # fmt: skip
    login = b64encode(f"gateway:{SECRET}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {login}"
    assert made.state() == {
        "server": server.url, "sent": 1, "failed": 0, "waiting": 0, "too_old": 0, "lost": 0,
        "problem": "",
    }  # fmt: skip


async def test_without_a_user_nothing_is_authorised(http_server, to_domoticz, bus, reading, until):
    server = http_server(OK)
    made = to_domoticz(server)
    bus.publish(reading(**HC))
    await until(lambda: made.state()["sent"])
    assert "Authorization" not in server.requests[0].headers


async def test_domoticz_may_be_in_a_folder(http_server, to_domoticz, bus, reading, until):
    server = http_server(OK)
    server.url += "/domoticz"
    made = to_domoticz(server)
    bus.publish(reading(**HC))
    await until(lambda: made.state()["sent"])
    assert server.requests[0].path == "/domoticz/json.htm"


async def test_an_idx_that_is_refused_is_named_and_the_others_go_on(
    http_server, to_domoticz, bus, reading, until, caplog
):
    server = http_server(OK)
    server.respond = lambda it: (200, b'{"status": "ERR"}' if it.query["idx"] == "44" else OK)
    made = to_domoticz(server, devices={"current": 44, "tariff": 45})
    for number in (1, 2, 3):
        bus.publish(reading(**amperes(number)))
        await until(lambda: made.state()["sent"] == 2 * number)  # noqa: B023  # called at once
    assert "idx 44 ('ERR')" in made.state()["problem"]
    assert len([one for one in caplog.messages if "idx 44" in one]) == 1
    assert {each.query["idx"] for each in server.requests} == {"44", "45"}
    server.respond = lambda _: (200, OK)
    bus.publish(reading(**amperes(4)))
    await until(lambda: made.state()["problem"] == "")


@pytest.mark.parametrize("answer", [b"<html>", b"[" * 4096])
async def test_what_is_no_domoticz_is_told(answer, http_server, to_domoticz, bus, reading, until):
    made = to_domoticz(http_server(answer))
    bus.publish(reading(**HC))
    assert "no JSON" in await until(lambda: made.state()["problem"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "domoticz.password"),
        (403, "right to change devices"),
        (404, "is this the address"),
        (301, "leads elsewhere"),
        (500, "HTTP 500"),
    ],
)
async def test_a_refusal_is_told_once_with_what_to_do(  # noqa: PLR0917  # a table of cases
    status, words, http_server, to_domoticz, bus, reading, until, caplog
):
    caplog.set_level(logging.DEBUG)
    server = http_server(OK)
    server.respond = lambda _: (status, b"")
    made = to_domoticz(server, username="gateway", password=SECRET)
    bus.publish(reading(**HC))
    await until(lambda: made.state()["failed"] >= 3)
    assert words in made.state()["problem"]
    assert len([one for one in caplog.messages if words in one]) == 1
    login = b64encode(f"gateway:{SECRET}".encode()).decode()
    for secret in (SECRET, login, "do-not-tell"):
        assert secret not in caplog.text + str(made.state()) + repr(made.config)
    server.respond = lambda _: (200, OK)
    await until(lambda: made.state()["problem"] == "")
    assert made.state()["waiting"] == 0


@pytest.mark.usefixtures("quick")
async def test_a_certificate_is_verified(to_domoticz, bus, reading, until, pki, monkeypatch):
    """OpenSSL reads ``SSL_CERT_FILE``: so does a machine that trusts an authority of its own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki.servers["127.0.0.1"].certificate, pki.servers["127.0.0.1"].key)
    with http_servers(context) as make:
        server = make(OK)
        made = to_domoticz(server)
        bus.publish(reading(**HC))
        problem = await until(lambda: made.state()["problem"])
        assert "its certificate is refused (unable to get local issuer" in problem
        await made.stop()
        monkeypatch.setenv("SSL_CERT_FILE", pki.ca.certificate)
        again = to_domoticz(server)
        bus.publish(reading(**HC))
        await until(lambda: again.state()["sent"])


@pytest.mark.usefixtures("quick")
async def test_https_where_there_is_none_is_told(http_server, to_domoticz, bus, reading, until):
    server = http_server(OK)
    server.url = server.url.replace("http:", "https:")
    made = to_domoticz(server)
    bus.publish(reading(**HC))
    assert "is it http:// at this port?" in await until(lambda: made.state()["problem"])


@pytest.mark.usefixtures("quick")
async def test_what_speaks_no_http_is_told(to_domoticz, bus, reading, until):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = to_domoticz(SimpleNamespace(url=f"http://127.0.0.1:{port}"))
    bus.publish(reading(**HC))
    assert "is this an HTTP server?" in await until(lambda: made.state()["problem"])
    server.close()
    await server.wait_closed()


@pytest.mark.usefixtures("quick")
async def test_a_server_that_comes_back_gets_the_newest_values(
    http_server, to_domoticz, bus, reading, until
):
    server = http_server(OK, started=False)
    made = to_domoticz(server, devices={"current": 44, "papp": 45})
    for number in range(1, 20):
        bus.publish(reading(**amperes(number)))
    await until(lambda: made.state()["failed"] >= 2)
    assert "cannot be reached (Connection refused)" in made.state()["problem"]
    assert made.state()["waiting"] == 2
    server.start()
    await until(lambda: made.state()["waiting"] == 0)
    assert {each.query["svalue"] for each in server.requests} == {"530", "19;0;0"}
    server.stop()
    bus.publish(reading(**amperes(20)))
    await until(lambda: made.state()["problem"])
    server.start()
    await until(lambda: made.state()["waiting"] == 0)
    assert {each.query["svalue"] for each in server.requests[2:]} == {"530", "20;0;0"}


@pytest.mark.usefixtures("quick")
async def test_a_server_that_never_answers_slows_nothing(
    http_server, to_domoticz, bus, reading, until, monkeypatch
):
    monkeypatch.setattr(http_client, "_READ_S", 0.2)
    server = http_server(OK)
    server.stall()
    made = to_domoticz(server)
    for number in range(1, 30):
        bus.publish(reading(**amperes(number)))
        await asyncio.sleep(0)
    await until(lambda: made.state()["failed"])
    assert "does not answer within" in made.state()["problem"]
    assert made.state()["waiting"] == 1
    assert made.state()["lost"] == 0


async def test_one_request_at_a_time(http_server, to_domoticz, bus, reading, until):
    server = http_server(OK)
    made = to_domoticz(server, devices={"current": 44, "tariff": 45, "papp": 46})
    for number in range(20):
        bus.publish(reading(**amperes(number)))
        await asyncio.sleep(0.002)
    await until(lambda: made.state()["waiting"] == 0)
    assert server.most_at_once == 1


async def test_of_a_long_answer_only_the_beginning_is_read(
    http_server, to_domoticz, bus, reading, until
):
    server = http_server(OK)
    server.respond = lambda _: (200, b"<html>" + bytes(1 << 20))
    made = to_domoticz(server)
    bus.publish(reading(**HC))
    assert "no JSON" in await until(lambda: made.state()["problem"])
    server.respond = lambda _: (200, OK)
    bus.publish(reading(**HC))
    await until(lambda: made.state()["problem"] == "")


async def test_a_fault_of_ours_costs_one_reading(
    http_server, to_domoticz, bus, reading, until, caplog
):
    made = to_domoticz(http_server(OK))
    bus.publish(reading(**HC | {"IINST": "no number"}))
    await until(lambda: made.state()["problem"] == "a fault of this program: ValueError")
    bus.publish(reading(**HC))
    await until(lambda: made.state()["sent"] == 1)
    assert made.state()["problem"] == ""
    assert caplog.text.count("Traceback") == 1


async def test_a_password_that_cannot_be_read_is_told(
    http_server, to_domoticz, bus, reading, until, tmp_path
):
    made = to_domoticz(http_server(OK), username="gateway", password=f"file:{tmp_path}/none")
    bus.publish(reading(**HC))
    assert f"{tmp_path}/none cannot be read" in await until(lambda: made.state()["problem"])


async def test_an_overload_is_told_between_two_intervals(
    http_server, to_domoticz, bus, reading, until
):
    server = http_server(OK)
    made = to_domoticz(server, interval_s=60.0, devices={"alert": 43})
    bus.publish(reading(**HC))
    await until(lambda: made.state()["sent"] == 1)
    bus.publish(overload("power"))
    await until(lambda: made.state()["sent"] == 2)
    assert [each.query["nvalue"] for each in server.requests] == ["1", "4"]


# --- the settings


ONE = ({"meter": "house", "p1": 42},)


@pytest.mark.parametrize(
    ("settings", "where", "words"),
    [
        ({}, "devices", "required"),
        ({"devices": ()}, "devices", "nothing to tell"),
        ({"devices": ({"meter": "house"},)}, "devices.0", "names no device"),
        ({"devices": ({"meter": "house", "p1": 0},)}, "devices.0.p1", "greater"),
        ({"devices": ({"meter": "house", "p1": "42"},)}, "devices.0.p1", "integer"),
        ({"devices": (*ONE, *ONE)}, "devices.1.meter", "named before"),
        ({"devices": ({"meter": "a", "p1": 42}, {"meter": "b", "kwh": 42})}, "devices.1.kwh",
         "p1 of a has this idx"),
        ({"devices": ({"meter": "a", "p1": 42, "kwh": 42},)}, "devices.0.kwh", "p1 of a"),
        ({"devices": ONE, "url": "domoticz:8080"}, "url", "begins with"),
        ({"devices": ONE, "url": "http://me:it@domoticz"}, "url", "keys of their own"),
        ({"devices": ONE, "url": "http://domoticz/json.htm?x=1"}, "url", "nothing follows"),
        ({"devices": ONE, "url": "http://domoticz:0"}, "url", "1 to 65535"),
        ({"devices": ONE, "username": "me", "password": "x"}, "username", "section mqtt"),
        ({"devices": ONE, "url": "http://d", "username": "me"}, "password", "username needs it"),
        ({"devices": ONE, "url": "http://d", "password": "x"}, "username", "password needs it"),
        ({"devices": ONE, "url": "http://d", "topic": "domoticz/in"}, "topic", "keep one"),
        ({"devices": ONE, "topic": "domoticz/#"}, "topic", "no space"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings, where, words):
    with pytest.raises(ValidationError) as caught:
        DomoticzConfig.model_validate(settings)
    (fault,) = caught.value.errors()
    assert ".".join(map(str, fault["loc"])) == where
    assert words in fault["msg"]


def test_settings_that_lack_something_elsewhere_are_refused():
    config = DomoticzConfig.model_validate({"devices": ONE})
    assert domoticz_fits(config, ["house", "solar"], has_broker=True) is config
    with pytest.raises(ValidationError) as caught:
        domoticz_fits(config, ["solar", "shed"], has_broker=False)
    faults = {fault["loc"]: fault["msg"] for fault in caught.value.errors()}
    assert faults["devices", 0, "meter"] == "no meter has this name; there are: shed, solar"
    assert "no section mqtt" in faults["url",]
    over_http = DomoticzConfig.model_validate({"devices": ONE, "url": "http://domoticz:8080/"})
    assert domoticz_fits(over_http, ["house"], has_broker=False).url == "http://domoticz:8080"
