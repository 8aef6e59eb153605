"""kill -9 of a whole gateway, meters and all: what was committed is told, and nothing twice.

Run as a program (``test_run_kill.py FOLDER KILLS URL``), this module forks ``teleinfo run`` again
and again, with simulated meters on ptys, files to write and a server to push to; each is killed at
a moment of its own. The last one may finish. Forked, because Python needs a second to start.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from teleinfo_gateway.cli import teleinfo
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.forwarding import forwarder
from teleinfo_gateway.history import output
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import add_cursor

from .http_servers import HttpServer

KILLS = 10
LIMIT_S = 50
ROWS = {
    table: f"SELECT seq, adco, ts FROM {table} LEFT JOIN ti_meter ON id = meter_id"  # noqa: S608
    for table in ("ti_reading", "ti_label", "ti_event")
}


def settings(folder, url):
    """Two meters that speak fast, and two outputs."""
    return {
        "devices": [
            {"name": name, "device": str(folder / name), "interval": 1} for name in ("one", "two")
        ],
        "xpl": False,
        "web": False,
        "history": {"path": str(folder / "history.db")},
        "files": {"folder": str(folder / "files"), "format": "jsonl"},
        "push": [{"name": "server", "url": f"{url}/reading"}],
    }


@contextlib.contextmanager
def meters(folder):
    """Simulated meters, while this lasts."""
    with contextlib.ExitStack() as started:
        for name, mode in ("one", "historique"), ("two", "standard"):
            command = ("simulate", "--mode", mode, "--speed", "20", "--link", str(folder / name))
            process = subprocess.Popen(
                [sys.executable, "-m", "teleinfo_gateway", *command], stdout=subprocess.PIPE
            )
            started.enter_context(process)
            started.callback(process.terminate)
            assert process.stdout.readline()
        yield


def gateway(folder):
    """The process of a gateway that has just begun."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            forwarder._LOOK_S = 0.02
            output._FRESH_S = 0.0
            teleinfo.main(["run", "--config", str(folder / "teleinfo.yaml")])
        except SystemExit as end:
            code = end.code or 0
        finally:
            os._exit(code)
    return process


def kept(folder):
    """The rows of the history by number: address and time."""
    with contextlib.closing(sqlite3.connect(folder / "history.db")) as database:
        found = {table: database.execute(query).fetchall() for table, query in ROWS.items()}
        (last,) = database.execute("SELECT last FROM ti_counter").fetchone()
    rows = {seq: (adco or "", ts) for each in found.values() for seq, adco, ts in each}
    assert sorted(rows) == list(range(1, last + 1))
    return rows, {f"{adco}-{ts}-{seq}" for seq, adco, ts in found["ti_reading"]}


def written(folder):
    """The number of each line of the files."""
    lines = (
        line
        for file in (folder / "files").glob("*.jsonl")
        for line in file.read_bytes().splitlines(keepends=True)
    )
    return [json.loads(line)["seq"] for line in lines if line.endswith(b"\n")]


def goes_on(folder):
    """Wait until something more is written."""
    had = len(written(folder))
    while len(written(folder)) == had:
        time.sleep(0.005)


def main(folder, kills, url):
    """Print what the history and the files have in the end."""
    chance = random.Random(9)  # noqa: S311  # moments, not secrets
    (folder / "files").mkdir()
    (folder / "teleinfo.yaml").write_text(yaml.safe_dump(settings(folder, url)))
    database = Database(HistoryConfig(path=str(folder / "history.db")))
    database.prepare()
    with database.writing() as connection:
        for name in ("files", "push-server"):
            add_cursor(connection, name, int(time.time()), from_start=True)
    database.close()
    committed = {}
    with meters(folder):
        for number in range(kills):
            process = gateway(folder)
            if number % 3:  # each third is killed as it begins
                goes_on(folder)
            time.sleep(chance.uniform(0, 0.6))
            os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            assert os.WIFSIGNALED(status), "it has ended by itself"
            rows, _ = kept(folder)
            assert committed.items() <= rows.items()  # what was committed stays as it was
            assert set(written(folder)) <= rows.keys()
            committed = rows
    process = gateway(folder)
    goes_on(folder)
    rows, readings = kept(folder)
    assert committed.items() <= rows.items()
    print(json.dumps({"readings": sorted(readings)}), flush=True)  # noqa: T201  # to who started it
    sys.stdin.readline()
    while not rows.keys() <= set(written(folder)):
        time.sleep(0.02)
    os.kill(process, signal.SIGTERM)
    _, status = os.waitpid(process, 0)
    assert status == 0, (folder / "log").read_text()[-2000:]
    twice = [seq for seq, times in Counter(written(folder)).items() if times > 1]
    print(json.dumps({"rows": len(rows), "twice": twice}))  # noqa: T201  # likewise


def keys(server):
    """What tells each request that has come from others, and how often it has."""
    return Counter(each.headers["Idempotency-Key"] for each in server.requests)


@pytest.fixture
def server():
    it = HttpServer()
    it.start()
    yield it
    it.stop()


async def test_what_a_killed_gateway_has_committed_is_told_once(tmp_path, server, until):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.gateway.test_run_kill", tmp_path, str(KILLS), server.url),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            told = await process.stdout.readline()
            assert told, (await process.stderr.read()).decode()[-4000:]
            readings = set(json.loads(told)["readings"])
            await until(lambda: readings <= keys(server).keys(), LIMIT_S)
            out, err = await process.communicate(b"\n")
    finally:
        with contextlib.suppress(ProcessLookupError):  # none of them is left
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode == 0, err.decode()[-4000:]
    found = json.loads(out)
    assert found["twice"] == []
    assert readings
    assert found["rows"] > KILLS
    # What was on its way at a kill comes again with the same key: it counts once.
    assert keys(server).total() - len(keys(server)) <= KILLS * 20


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
