"""Rows as a durable output gets them, and a program that forwards them until it is killed."""

import asyncio
import random
import re
import sys
import textwrap
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.forwarding import Row, forwarder
from teleinfo_gateway.history.columns import columns_of
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import add_cursor
from teleinfo_gateway.history.output import HistoryOutput
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.readings import Reading
from tic import Decoder, Frame, FrameKind, HistoriqueView, Mode

ADCO = "021528603314"
START = 1768471200  # 2026-01-15 11:00 in France
LIMIT_S = 110  # a dozen programs are started, and a machine may have other things to do


class Told(NamedTuple):
    """A reading and the row that the history made of it."""

    reading: Reading
    row: Row


def a_row(seq=1, kind="reading", /, ts=START, adco=ADCO, name="house", **values):
    """A row with these columns; those that a reading does not name are not known."""
    return Row(seq, kind, adco, name, ts, values)


def readings_of(data):
    """What a capture says, a frame a minute; each frame is believed as it is."""
    decoder, view, times = Decoder(), HistoriqueView(), count(START, 60)
    for frame in decoder.feed(data) + decoder.close():
        if not isinstance(frame, Frame) or not frame.groups:
            continue
        values = {group.label: group.value for group in frame.groups}
        derived = view.translate(values) if frame.mode is Mode.STANDARD else frame.groups
        yield Reading(
            meter="house",
            address=frame.meter or ADCO,
            time=datetime.fromtimestamp(next(times), UTC),
            mode=frame.mode,
            kind=frame.kind,
            complete=not frame.refused,
            values=values,
            historique={group.label: group.value for group in derived},
            horodates={group.label: group.horodate for group in frame.groups if group.horodate},
        )


def told_by(data):
    """The whole frames of a capture and their rows."""
    numbers = count(1)
    for reading in readings_of(data):
        if reading.kind is not FrameKind.LONG:
            continue
        columns = {"interval_s": 60, **columns_of(reading)}
        at = int(reading.time.timestamp())
        yield Told(reading, Row(next(numbers), "reading", reading.address, "house", at, columns))


def batch(first, number, ts=None):
    """Readings of as many minutes with HC.., and for every tenth a label and an event."""
    start = int(time.time()) // 60 * 60 - 60 * number if ts is None else ts
    readings, labels, events = [], [], []
    for n in range(first, first + number):
        at = start + 60 * n
        columns = {"interval_s": 60, "optarif": "HC..", "ptec": "HP..", "slot": 2}
        columns |= {"papp": 300 + n % 1000, "idx01": 1000, "idx02": 5000 + n, "i1": 2}
        readings.append(ReadingRow(ADCO, at, columns))
        if n % 10 == 0:
            labels.append(LabelRow(ADCO, at, "PPOT", f"{n % 8:02}", None))
            events.append(EventRow(ADCO, "house", at, "link", "ok", ""))
    meter = MeterRow(ADCO, start, "house", "historique", 1, None)
    return Batch({ADCO: meter}, readings, labels, events)


def fill(file, name, number, ts=None):
    """A history of as many minutes that an output has not begun to read."""
    database = Database(HistoryConfig(path=str(file)))
    database.prepare()
    with database.writing() as connection:
        store(connection, batch(0, number, ts))
        add_cursor(connection, name, int(time.time()), from_start=True)
    database.close()


def history_of(file, name):
    """The history on a file that one output reads; not started yet."""
    return HistoryOutput(HistoryConfig(path=str(file)), Bus(), lambda _: None, frozenset({name}))


async def forward(file, name, target, rows_at_once=50):
    """Forward a history until somebody kills this process, and tell how far it is."""
    forwarder._BATCH = rows_at_once
    forwarder._CATCH_UP_S = 0.02
    history = history_of(file, name)
    history.start()
    output = forwarder.Forwarder(name, target, history)
    output.start()
    while True:
        await asyncio.sleep(0.02)
        print(output.state()["sent"], flush=True)  # noqa: T201  # to who started it


async def killed_until(done, module, arguments, at_most):
    """Run a module again and again until it is ``done()``; gives how often it was killed.

    Each time it may send some rows, ``at_most`` so many.
    """
    chance = random.Random(5)  # noqa: S311  # no secret
    kills = 0
    async with asyncio.timeout(LIMIT_S):
        while not done():
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, *map(str, arguments)),
                cwd=Path(__file__).parents[2],
                stdout=asyncio.subprocess.PIPE,
            )
            enough = chance.randint(1, at_most)
            while not done() and int(await process.stdout.readline()) < enough:
                pass
            process.kill()
            await process.communicate()
            kills += 1
    return kills


def examples_of(page):
    """The YAML that a page of the documentation shows."""
    text = (Path(__file__).parents[2] / "docs" / f"{page}.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"code-block:: yaml\n\n(( +).*\n(?:\n|\2.*\n)*)", text)
    return [textwrap.dedent(block) for block, _ in blocks]
