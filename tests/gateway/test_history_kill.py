"""kill -9 at any moment leaves an intact database, and costs at most the last batch.

Run as a program (``test_history_kill.py FOLDER KILLS``), this module forks writers: real histories
that commit all the time and tell on a pipe what they publish and commit. Each is killed at a moment
of its own; a copy of the files as they were left is examined, and the next writer goes on with the
files themselves. Forked, because to start Python a hundred times takes most of a minute.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig, HistoryConfig
from teleinfo_gateway.history import output as output_module
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.keeper import Keeper
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.schema import outage, period, reading
from teleinfo_gateway.history.sums import sum_up
from teleinfo_gateway.readings import Event, EventKind, Reading
from tic import FrameKind, Mode

KILLS = 100
METER = "021528603314"
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=30)
"""Of minute 0; a writer lives through many minutes in a moment."""

# What a writer tells: a letter and a number of minutes.
PUBLISHED, BEGUN, COMMITTED = b"P", b"B", b"C"
RECORD = struct.Struct("=cQ")


def told_at(minute):
    """The reading of a minute, and an event: day and night tariff, and a word that changes."""
    night = minute // 60 % 24 < 8
    values = {
        "OPTARIF": "HC..",
        "ISOUSC": "45",
        "HCHC": f"{1_000_000 + 25 * minute:09}",
        "HCHP": f"{2_000_000 + 17 * minute:09}",
        "PTEC": "HC.." if night else "HP..",
        "PAPP": f"{300 + minute % 1000:05}",
        "MOTDETAT": "000000",
    }
    at = START + timedelta(minutes=minute)
    whole = {"ADCO": METER, **values}
    yield Reading(
        meter="house",
        address=METER,
        time=at,
        mode=Mode.HISTORIQUE,
        kind=FrameKind.LONG,
        complete=True,
        values=whole,
        historique=whole,
    )
    yield Event(EventKind.LINK, f"meter {minute % 40}", at, "ok", str(minute))


class TellingKeeper(Keeper):
    """A keeper that tells when it begins to write and what it has committed."""

    pipe = -1

    def store(self, batch):
        last = max((int(row.detail) for row in batch.events), default=None)
        if last is not None:
            os.write(self.pipe, RECORD.pack(BEGUN, last))
        stored = super().store(batch)
        if last is not None:
            os.write(self.pipe, RECORD.pack(COMMITTED, last))
        return stored


async def write_until_killed(file, first, pipe):
    output_module.COMMIT_S = 0.001
    output_module.Keeper = TellingKeeper
    TellingKeeper.pipe = pipe
    bus = Bus()

    def device(name):
        return DeviceConfig(name=name, device="/dev/null", interval=60)

    history = HistoryOutput(HistoryConfig(path=str(file)), bus, device)
    history.start()
    for minute in itertools.count(first):
        os.write(pipe, RECORD.pack(PUBLISHED, minute))
        for item in told_at(minute):
            bus.publish(item)
        await asyncio.sleep(0.001)


class Writer:
    """A forked process that writes until it is killed, and what it told."""

    def __init__(self, file, first):
        self.published = self.committed = first - 1
        self.begun = self.committed
        self.commits = 0
        self._pipe, told = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                asyncio.run(write_until_killed(file, first, told))
            finally:
                os._exit(1)
        os.close(told)

    def listen(self):
        """Take one more record; False at the end."""
        record = os.read(self._pipe, RECORD.size)
        if len(record) < RECORD.size:
            return False
        kind, minute = RECORD.unpack(record)
        if kind == PUBLISHED:
            self.published = minute
        elif kind == BEGUN:
            self.begun = minute
        else:
            self.committed = minute
            self.commits += 1
        return True

    def kill(self):
        """End it, and take what it had told by then; whether it was busy writing."""
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        while self.listen():
            pass
        os.close(self._pipe)
        return self.begun > self.committed


def left_behind(file, folder):
    """A copy of the files as a killed writer left them."""
    folder.mkdir()
    for each in file.parent.glob(f"{file.name}*"):
        shutil.copyfile(each, folder / each.name)
    return folder / file.name


def examine(file):
    """Check all of a database; gives the last minute that is in it."""
    with contextlib.closing(sqlite3.connect(file)) as connection:

        def column(query):
            return [value for (value,) in connection.execute(query)]

        assert column("PRAGMA integrity_check") == ["ok"]
        start = int(START.timestamp())
        minutes = [(ts - start) / 60 for ts in column("SELECT ts FROM ti_reading ORDER BY ts")]
        assert minutes == list(range(len(minutes)))  # none is missing and none there twice
        events = column("SELECT detail FROM ti_event WHERE kind = 'link' ORDER BY seq")
        assert events == [str(minute) for minute in range(len(minutes))]
        numbers = column(
            "SELECT seq FROM ti_reading UNION ALL SELECT seq FROM ti_label "
            "UNION ALL SELECT seq FROM ti_event ORDER BY seq"
        )
        assert numbers == list(range(1, len(numbers) + 1))
        assert column("SELECT last FROM ti_counter") == [len(numbers)]
    if minutes:
        compare_sums(file)
    return len(minutes) - 1


def compare_sums(file):
    """Hold the sums against those that the readings give when all are summed up anew."""
    database = Database(HistoryConfig(path=str(file)))

    def sums(connection):
        return [sorted(map(tuple, connection.execute(sa.select(t)))) for t in (period, outage)]

    with database.writing() as connection:
        kept = sums(connection)
        connection.execute(sa.delete(period))
        connection.execute(sa.delete(outage))
        span = sa.select(sa.func.min(reading.c.ts), sa.func.max(reading.c.ts))
        sum_up(connection, 1, *connection.execute(span).one())
        assert sums(connection) == kept
    database.close()


def main(folder, kills):
    """Print the number of commits and of writers killed as they wrote; minutes lost and kept."""
    file = folder / "history.db"
    chance = random.Random(4)  # noqa: S311  # moments, not secrets
    last, commits, busy, lost = -1, 0, 0, 0
    for number in range(kills):
        writer = Writer(file, last + 1)
        wanted = chance.randint(0, 4)
        while writer.commits < wanted:
            assert writer.listen()
        time.sleep(chance.uniform(0, 0.02))
        busy += writer.kill()
        copy = left_behind(file, folder / str(number))
        kept = examine(copy) if copy.exists() else -1
        assert max(writer.committed, last) <= kept <= writer.published
        shutil.rmtree(copy.parent)
        commits += writer.commits
        lost += writer.published - kept
        last = kept
    found = {"commits": commits, "busy": busy, "lost": lost, "kept": last + 1}
    sys.stdout.write(json.dumps(found))


def test_a_hundred_kills_lose_no_more_than_what_was_not_committed(tmp_path):
    done = subprocess.run(
        [sys.executable, __file__, tmp_path, str(KILLS)],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["commits"] > KILLS
    assert (
        found["busy"] > KILLS / 5
    )  # so many were killed between the begin and the end of a commit
    assert found["kept"] > KILLS


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
