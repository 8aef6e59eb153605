"""What Jeedom's plugin Teleinfo is told over HTTP, the current one and the legacy one."""

import json
import logging
import threading
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from teleinfo_gateway.config import Config
from teleinfo_gateway.config.homes import DomoticzConfig, DomoticzDevices, JeedomConfig
from teleinfo_gateway.manager import PluginManager
from teleinfo_gateway.outputs.jeedom import output as module
from teleinfo_gateway.readings import Event, EventKind, Reading
from tic import FrameKind, Mode

from .http_outputs import KEY
from .http_servers import LIMIT_S

PAGE = "/plugins/teleinfo/core/php/jeeTeleinfo.php"
ADCO = "021528603314"
BASE = {"ADCO": ADCO, "OPTARIF": "BASE", "ISOUSC": "30", "BASE": "123456789", "PTEC": "TH..",
        "PAPP": "00520"}  # fmt: skip
SENT = {"OPTARIF": "BASE", "ISOUSC": "30", "BASE": "123456789", "PTEC": "TH", "PAPP": "00520"}


@pytest.fixture
def once(monkeypatch):
    """Only the first post has every label."""
    monkeypatch.setattr(module, "_FIRST_POSTS", 1)


@pytest.fixture
def tell(bus, reading, until):
    """The function that publishes a frame and waits until so many posts were answered."""

    async def publish(made, posts, kind=FrameKind.LONG, **changes):
        bus.publish(reading(kind, **BASE | changes))
        await until(lambda: made.state()["sent"] == posts)

    return publish


def devices(server):
    """The values of each post, by the address of its meter."""
    return [json.loads(request.body)["device"] for request in server.requests]


# --- the current plugin


async def test_a_post_has_the_meter_and_its_labels(http_server, to_jeedom, tell):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", PAGE)
    assert request.query == {"apikey": KEY}
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {"device": {ADCO: {"device": ADCO, **SENT}}}
    assert made.state() == {
        "server": server.url, "sent": 1, "failed": 0, "waiting": 0, "too_old": 0, "lost": 0,
        "problem": "",
    }  # fmt: skip


async def test_only_what_has_changed_is_sent_after_the_first_posts(http_server, to_jeedom, tell):
    server = http_server()
    made = to_jeedom(server)
    for post, power in enumerate(("00520", "00520", "00520", "00600"), 1):
        await tell(made, post, PAPP=power)
    *complete, last = devices(server)
    assert complete == [{ADCO: {"device": ADCO, **SENT}}] * 3
    assert last == {ADCO: {"device": ADCO, "PAPP": "00600"}}


@pytest.mark.usefixtures("once")
async def test_nothing_is_sent_when_nothing_has_changed(http_server, to_jeedom, tell):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    await tell(made, 1)
    await tell(made, 2, PAPP="00600")
    assert devices(server)[1:] == [{ADCO: {"device": ADCO, "PAPP": "00600"}}]


@pytest.mark.usefixtures("once")
async def test_everything_is_sent_again_from_time_to_time(
    http_server, to_jeedom, tell, monkeypatch
):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    monkeypatch.setattr(module, "_COMPLETE_S", 0.0)
    await tell(made, 2)
    assert devices(server)[1] == {ADCO: {"device": ADCO, **SENT}}


@pytest.mark.usefixtures("once")
async def test_an_overload_that_comes_again_is_sent_again(http_server, to_jeedom, tell):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    await tell(made, 2, ADPS="032")
    await tell(made, 3, PAPP="00400")
    await tell(made, 4, PAPP="00400", ADPS="032")
    assert devices(server)[1] == devices(server)[3] == {ADCO: {"device": ADCO, "ADPS": "032"}}


@pytest.mark.usefixtures("once")
async def test_an_overload_that_ends_and_comes_again_during_a_request_is_sent_again(
    http_server, to_jeedom, tell, bus, reading, until
):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    go_on = threading.Event()
    server.respond = lambda _: (200 if go_on.wait(LIMIT_S) else 500, b"")
    bus.publish(reading(**BASE, ADPS="032"))
    await until(lambda: len(server.requests) == 2)
    bus.publish(reading(**BASE))
    go_on.set()
    await until(lambda: made.state()["waiting"] == 0)
    await tell(made, 3, ADPS="032")
    assert devices(server)[1] == devices(server)[2] == {ADCO: {"device": ADCO, "ADPS": "032"}}


@pytest.mark.usefixtures("once")
async def test_another_meter_is_sent_whole(http_server, to_jeedom, tell, bus, reading, until):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    other = reading(**BASE)
    bus.publish(Event(EventKind.CHANGE, "house", datetime(2026, 1, 14, tzinfo=UTC), "exchange"))
    bus.publish(
        Reading(
            "house", "041876097767", other.time, other.mode, other.kind, complete=True,
            values=other.values, historique=other.historique,
        )
    )  # fmt: skip
    await until(lambda: made.state()["sent"] == 2)
    assert devices(server)[1] == {"041876097767": {"device": "041876097767", **SENT}}


async def test_a_linky_tells_its_own_labels_in_standard_mode(
    http_server, to_jeedom, bus, reading, until
):
    server = http_server()
    made = to_jeedom(server)
    values = {"ADSC": ADCO, "DATE": "", "LTARF": "  HEURE CREUSE  ", "EAST": "020306919",
              "SMAXSN-1": "06270"}  # fmt: skip
    bus.publish(reading(mode=Mode.STANDARD, **values))
    await until(lambda: made.state()["sent"])
    assert devices(server) == [
        {ADCO: {"device": ADCO, "LTARF": "HEURE CREUSE", "EAST": "020306919", "SMAXSN-1": "06270"}}
    ]


# --- the legacy plugin


async def test_the_legacy_plugin_has_the_labels_in_the_query(http_server, to_jeedom, tell):
    server = http_server()
    server.url += "/jeedom"
    made = to_jeedom(server, plugin="legacy")
    await tell(made, 1)
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/jeedom" + PAGE, b"")
    assert request.query == {"api": KEY, "ADCO": ADCO, **SENT}


async def test_the_legacy_plugin_knows_historique_labels_only(
    http_server, to_jeedom, bus, reading, until
):
    server = http_server()
    made = to_jeedom(server, plugin="legacy")
    frame = reading(mode=Mode.STANDARD, ADSC=ADCO, EAST="020306919")
    derived = {"ADCO": ADCO, "BASE": "020306919"}
    bus.publish(
        Reading(
            "house", ADCO, frame.time, frame.mode, frame.kind, complete=True,
            values=frame.values, historique=derived,
        )
    )  # fmt: skip
    await until(lambda: made.state()["sent"])
    assert server.requests[0].query == {"api": KEY, **derived}


async def test_the_legacy_plugin_refuses_a_key_with_status_200(
    http_server, to_jeedom, bus, reading, until
):
    made = to_jeedom(
        http_server("Clef API non valide, vous n'êtes pas...".encode()), plugin="legacy"
    )
    bus.publish(reading(**BASE))
    assert "refuses us: jeedom.apikey" in await until(lambda: made.state()["problem"])
    assert made.state()["sent"] == 0


# --- when it does not go well


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("plugin", ["current", "legacy"])
@pytest.mark.parametrize("status", [403, 500, 0])
async def test_a_failure_is_told_once_and_no_secret_with_it(  # noqa: PLR0917  # a table of cases
    plugin, status, http_server, to_jeedom, bus, reading, until, caplog
):
    caplog.set_level(logging.DEBUG)
    server = http_server(started=status > 0)
    server.respond = lambda _: (status, b"Clef API non valide")
    made = to_jeedom(server, plugin=plugin)
    bus.publish(reading(**BASE))
    await until(lambda: made.state()["failed"] >= 3)
    problem = made.state()["problem"]
    assert problem.startswith(server.url)
    assert len([one for one in caplog.messages if problem in one]) == 1
    if status == 403:
        assert "jeedom.apikey must be the key of the plugin" in problem
    told = caplog.text + str(made.state()) + repr(made.config)
    assert "do-not-tell" not in told
    assert "apikey=" not in told.replace("apikey=***", "")


@pytest.mark.usefixtures("quick", "once")
async def test_after_a_failure_everything_that_changed_since_is_sent(
    http_server, to_jeedom, tell, bus, reading, until
):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    server.respond = lambda _: (500, b"")
    bus.publish(reading(**BASE | {"BASE": "123456790", "PAPP": "00600"}))
    await until(lambda: made.state()["failed"])
    bus.publish(reading(**BASE | {"BASE": "123456790", "PAPP": "00700"}))
    bus.publish(reading(**BASE | {"BASE": "123456790", "PAPP": "00800"}))
    seen = made.state()["failed"]
    await until(lambda: made.state()["failed"] > seen)
    assert made.state()["waiting"] == 1
    server.respond = lambda _: (200, b"")
    await until(lambda: made.state()["sent"] == 2)
    changed = {"BASE": "123456790", "PAPP": "00800"}
    assert devices(server)[-1] == {ADCO: {"device": ADCO, **changed}}
    assert made.state()["problem"] == ""


@pytest.mark.usefixtures("quick", "once")
async def test_a_server_that_comes_back_is_told(http_server, to_jeedom, tell, bus, reading, until):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    server.stop()
    bus.publish(reading(**BASE | {"PAPP": "00600"}))
    await until(lambda: made.state()["problem"])
    server.start()
    await until(lambda: made.state()["sent"] == 2)
    assert devices(server)[-1] == {ADCO: {"device": ADCO, "PAPP": "00600"}}


@pytest.mark.usefixtures("quick", "once")
async def test_a_server_that_is_away_is_not_told_again_when_there_is_nothing_to_tell(
    http_server, to_jeedom, tell, bus, reading, until
):
    server = http_server()
    made = to_jeedom(server)
    await tell(made, 1)
    server.stop()
    bus.publish(reading(**BASE | {"PAPP": "00600"}))
    problem = await until(lambda: made.state()["problem"])
    bus.publish(reading(**BASE))
    await until(lambda: made.state()["waiting"] == 0)
    assert made.state()["problem"] == problem


async def test_a_key_is_read_when_it_is_used(http_server, to_jeedom, bus, reading, until, tmp_path):
    server = http_server()
    key = tmp_path / "apikey"
    made = to_jeedom(server, apikey=f"file:{key}")
    bus.publish(reading(**BASE))
    assert f"{key} cannot be read" in await until(lambda: made.state()["problem"])
    key.write_text(f"{KEY}\n", encoding="utf-8")
    await until(lambda: made.state()["sent"])
    assert server.requests[0].query == {"apikey": KEY}


# --- the settings


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"apikey": "k"}, "url"),
        ({"url": "http://jeedom.home"}, "apikey"),
        ({"url": "http://jeedom.home", "apikey": ""}, "apikey"),
        ({"url": f"http://jeedom.home{PAGE}?apikey=k", "apikey": "k"}, "url"),
        ({"url": "ftp://jeedom.home", "apikey": "k"}, "url"),
        ({"url": "http://jeedom.home", "apikey": "k", "plugin": "old"}, "plugin"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, where):
    with pytest.raises(ValidationError) as caught:
        JeedomConfig.model_validate(settings)
    assert [fault["loc"] for fault in caught.value.errors()] == [(where,)]


def test_a_slash_at_the_end_of_the_address_does_no_harm():
    config = JeedomConfig(url="http://jeedom.home/jeedom/", apikey="k")
    assert config.url == "http://jeedom.home/jeedom"
    assert config.plugin == "current"


# --- all together


async def test_a_meter_on_its_wire_reaches_jeedom_and_domoticz(
    http_server, line, device, talking, until
):
    jeedom, domoticz = http_server(), http_server(b'{"status": "OK"}')
    manager = PluginManager(
        Config(
            devices=(device(line, interval=1),),
            xpl=None,
            web=None,
            history=None,
            jeedom=JeedomConfig(url=jeedom.url, apikey=KEY),
            domoticz=DomoticzConfig(
                url=domoticz.url, devices=(DomoticzDevices(meter="house", papp=7),)
            ),
        )
    )
    manager.start()
    talking(line, "histo-base-mono-linky")
    try:
        await until(lambda: jeedom.requests and domoticz.requests)
    finally:
        await manager.stop()
    (told,) = devices(jeedom)[0].values()
    assert told["OPTARIF"] == "BASE"
    assert domoticz.requests[0].query["idx"] == "7"
