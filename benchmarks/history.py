"""The history with a year in it: answers of the HTTP API, inserts, size and memory."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from gateway_process import GatewayProcess, free_port
from table import Table

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.columns import Row
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.sampling import EventRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch, store

_END = 1_793_487_600  # 2026-11-01, midnight in France
_MINUTES = 365 * 1440
_HOUSE, _GARAGE = "021528603314", "041876097767"
_MANY = 500
_PERIOD_MINUTES = 5  # of one commit, as the gateway does it
_HOURS = 2
_TIMES = 5

_SAME: Row = {
    "interval_s": 60,
    "optarif": "HC..",
    "isousc": 45,
    "imax1": 60,
    "hhphc": "A",
    "state": "000000",
}

_PRICES = [{"from": "2020-01-01", "subscription": 12, "energy": {"HC": "0.16", "HP": "0.21"}}]
_CONTRACTS = [
    {"name": "hc", "meter": "house", "option": "HC", "power": 9, "off_peak": ["22:00-06:00"]},
    {"name": "base", "option": "BASE", "power": 9},
]


def run() -> Table:
    with TemporaryDirectory() as folder:
        path = Path(folder, "history.db")
        rows = [*_year(path), *_many(Path(folder, "many.db")), *_answers(path)]
    return Table(
        "History: SQLite, one year of one-minute readings of two meters",
        ("", "median", "worst", "unit"),
        rows,
        (
            f"Answers: {_TIMES} times over HTTP, the first one with nothing cached by the gateway.",
            f"Commits of {_MANY} meters: readings and sums of {_PERIOD_MINUTES} minutes each.",
        ),
    )


def readings(adco: str, start: int, seed: int) -> Iterator[ReadingRow]:
    """A reading a minute for ever: a house that draws more in the evening, on peak hours or not."""
    random = Random(seed)  # noqa: S311  # any numbers do
    indexes = {1: 10_000_000, 2: 20_000_000}
    for minute in range(1 << 40):
        ts = start + 60 * minute
        slot = 1 if ts % 86400 < 7 * 3600 else 2
        papp = 400 + int(800 * (1 - math.cos(ts % 86400 / 43200 * math.pi))) + random.randrange(900)
        indexes[slot] += papp // 60 + (random.random() < papp % 60 / 60)
        columns: Row = dict(_SAME)
        columns |= {"ptec": f"H{'CP'[slot - 1]}..", "slot": slot, "i1": papp // 230, "papp": papp}
        columns |= {"idx01": indexes[1], "idx02": indexes[2]}
        columns |= {"papp_min": papp - 200, "papp_max": papp + 300}
        yield ReadingRow(adco, ts, columns)


def _year(path: Path) -> Iterator[tuple[str, ...]]:
    """Fill the database as an import does, a week at a time."""
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    start = _END - 60 * _MINUTES
    sources = {_HOUSE: readings(_HOUSE, start, 1), _GARAGE: readings(_GARAGE, start, 2)}
    names = {_HOUSE: "house", _GARAGE: "garage"}
    begin_s = time.perf_counter()
    for _ in range(0, _MINUTES, 7 * 1440):
        batch = Batch(meters={adco: _meter(adco, name) for adco, name in names.items()})
        for source in sources.values():
            batch.readings += islice(source, 7 * 1440)
        batch.events += (
            EventRow(_HOUSE, "house", row.ts, "tariff", "HP..", "peak")
            for row in batch.readings[::720]
        )
        with database.writing() as connection:
            store(connection, batch)
    taken_s = time.perf_counter() - begin_s
    database.close()
    count = 2 * (_MINUTES // (7 * 1440) + 1) * 7 * 1440
    yield ("filling, as an import", f"{count / taken_s:,.0f}", "", "readings/s")
    yield ("size", f"{path.stat().st_size / 1e6:.0f}", "", "MB")
    yield ("size of a reading, sums included", f"{path.stat().st_size / count:.0f}", "", "bytes")


def _many(path: Path) -> Iterator[tuple[str, ...]]:
    """Commits as 500 meters cause them, in the time of two hours."""
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    addresses = [f"0218{number:08}" for number in range(_MANY)]
    sources = [readings(adco, _END, number) for number, adco in enumerate(addresses)]
    meters = {adco: _meter(adco, f"meter-{adco[-3:]}") for adco in addresses}
    taken_s = []
    for _ in range(_HOURS * 60 // _PERIOD_MINUTES):
        batch = Batch(meters=dict(meters))
        for source in sources:
            batch.readings += islice(source, _PERIOD_MINUTES)
        begin_s = time.perf_counter()
        with database.writing() as connection:
            store(connection, batch)
        taken_s.append(time.perf_counter() - begin_s)
    database.close()
    yield (f"commit of {_MANY} meters", f"{median(taken_s):.2f}", f"{max(taken_s):.2f}", "s")
    share = 100 * median(taken_s) / (60 * _PERIOD_MINUTES)
    yield ("  share of the time there is", f"{share:.2f}", "", "%")


def _answers(path: Path) -> Iterator[tuple[str, ...]]:
    """The time of each query, over HTTP, and what answering costs in memory."""
    port = free_port()
    settings: dict[str, object] = {
        "xpl": False,
        "web": {"listen": f"127.0.0.1:{port}"},
        "history": {"path": str(path), "readings": 36500},
        "contracts": [{**each, "prices": _prices(each["option"])} for each in _CONTRACTS],
    }
    with GatewayProcess(settings) as gateway:
        _wait(port)
        _ask(port, "/api/events/log", {"limit": 1})
        before = gateway.resident.all_mb
        for name, page, parameters in _queries():
            taken_ms = [_ask(port, page, parameters) for _ in range(_TIMES)]
            yield (name, f"{median(taken_ms):.0f}", f"{max(taken_ms):.0f}", "ms")
        first = gateway.resident.all_mb
        for _ in range(10):
            for _, page, parameters in _queries():
                _ask(port, page, parameters)
        last = gateway.resident.all_mb
    yield ("memory of the gateway: at start", f"{before:.1f}", "", "MB")
    yield ("  after each query five times", f"{first:.1f}", "", "MB")
    yield ("  after ten times as many", f"{last:.1f}", "", "MB")


def _queries() -> Iterator[tuple[str, str, dict[str, object]]]:
    day = 86400
    for name, days in (
        ("a day", 1),
        ("two days", 2),
        ("a week", 7),
        ("a month", 30),
        ("a year", 365),
    ):
        stretch = {"meter": "house", "from": _END - days * day, "to": _END, "points": 400}
        yield f"/api/history, power, {name}", "/api/history", stretch
    for name, days in (("a month", 30), ("a year", 365)):
        stretch = {"meter": "house", "from": _END - days * day, "to": _END, "values": "i1,idx02"}
        yield f"/api/history, current and index, {name}", "/api/history", stretch
    for grain, days in (("hour", 31), ("day", 365), ("week", 365), ("month", 365), ("year", 365)):
        stretch = {"meter": "house", "from": _END - days * day, "to": _END, "grain": grain}
        yield f"/api/energy by {grain}, {days} days", "/api/energy", stretch
    for grain, contract in (("month", "hc"), ("day", "hc"), ("month", "all")):
        stretch = {"meter": "house", "from": _END - 365 * day, "to": _END, "grain": grain}
        yield (
            f"/api/cost by {grain}, a year, {contract}",
            "/api/cost",
            stretch | {"contract": contract},
        )
    yield "/api/events/log, 100 events", "/api/events/log", {"meter": "house", "limit": 100}


def _prices(option: str) -> list[dict[str, object]]:
    if option == "BASE":
        return [{**_PRICES[0], "energy": {"BASE": "0.20"}, "source": "invented"}]
    return [{**_PRICES[0], "source": "invented"}]


def _ask(port: int, page: str, parameters: dict[str, object]) -> float:
    """Milliseconds of one request."""
    begin_s = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"{page}?{urlencode(parameters)}")
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{page} {parameters}: {response.status} {json.loads(body)}")
    return 1000 * (time.perf_counter() - begin_s)


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def _meter(adco: str, name: str) -> MeterRow:
    return MeterRow(adco, _END, name, "historique", 1, None)
