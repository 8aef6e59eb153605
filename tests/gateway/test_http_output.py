"""What outputs over HTTP have in common: they tell the newest value, never an old one."""

import json
import threading
import time

import pytest

from teleinfo_gateway import http_output, newest

from .http_servers import LIMIT_S

HC = {"OPTARIF": "HC..", "ISOUSC": "30", "HCHC": "009205446", "HCHP": "011101473", "PTEC": "HP..",
      "IINST": "002", "PAPP": "00530"}  # fmt: skip
ANSWER = b'{"status": "OK"}'


@pytest.fixture(params=["to_domoticz", "to_jeedom"])
def output(request):
    """The function that starts one of the outputs."""
    return request.getfixturevalue(request.param)


def amperes(server):
    """The currents that were told."""
    return [
        int(next(iter(json.loads(request.body)["device"].values()))["IINST"])
        if request.body
        else int(request.query["svalue"].partition(";")[0])
        for request in server.requests
    ]


@pytest.mark.usefixtures("quick")
async def test_a_value_that_has_waited_for_too_long_is_never_sent(
    http_server, output, bus, reading, until, monkeypatch
):
    """Who receives it would take it for one of now."""
    server = http_server(ANSWER, started=False)
    made = output(server)
    bus.publish(reading(**HC | {"IINST": "019"}))
    await until(lambda: made.state()["failed"])
    assert (made.state()["waiting"], made.state()["too_old"]) == (1, 0)
    monkeypatch.setattr(newest, "KEEP_S", 0)
    await until(lambda: made.state()["too_old"] == 1)
    assert made.state()["waiting"] == 0
    monkeypatch.setattr(newest, "KEEP_S", LIMIT_S)
    server.start()
    bus.publish(reading(**HC | {"IINST": "020"}))
    await until(lambda: made.state()["sent"])
    assert amperes(server) == [20]
    assert (made.state()["waiting"], made.state()["too_old"]) == (0, 1)


async def test_what_is_too_old_does_not_seem_to_wait_between_two_tries(
    http_server, output, bus, reading, until, monkeypatch
):
    monkeypatch.setattr(http_output, "_FIRST_PAUSE_S", 3600)
    made = output(http_server(started=False))
    bus.publish(reading(**HC))
    await until(lambda: made.state()["failed"])
    monkeypatch.setattr(newest, "KEEP_S", 0)
    assert (made.state()["waiting"], made.state()["too_old"]) == (0, 1)


async def test_a_stop_does_not_wait_for_an_answer(http_server, output, bus, reading, until):
    server = http_server(ANSWER)
    server.stall()
    made = output(server)
    bus.publish(reading(**HC))
    await until(lambda: server.requests)
    begun_s = time.monotonic()
    await made.stop()
    assert time.monotonic() - begun_s < LIMIT_S / 2
    await made.stop()  # harmless


async def test_what_comes_during_a_request_is_sent_after_it(
    http_server, output, bus, reading, until
):
    server = http_server(ANSWER)
    go_on = threading.Event()
    server.respond = lambda _: (200 if go_on.wait(LIMIT_S) else 500, ANSWER)
    made = output(server)
    for current in ("011", "012", "013"):
        bus.publish(reading(**HC | {"IINST": current}))
        await until(lambda: server.requests)
    go_on.set()
    await until(lambda: made.state()["sent"] == 2)
    assert made.state()["waiting"] == 0
    assert amperes(server) == [11, 13]
