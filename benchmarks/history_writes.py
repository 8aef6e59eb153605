"""What the history of one meter writes to the disk in a day, by the kernel's own counters.

Two days are lived through; the second is counted, and with it that the first is let go, as every
day once it has reached its age. After each commit the files are flushed, as the kernel
does within half a minute: a page that two commits change is written twice.

On a file system of its own (``TMPDIR=/mnt/empty``) the count of the device is that of the history
alone, with what the file system writes for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select
from table import Table

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig, HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.output import COMMIT_S, HistoryOutput
from teleinfo_gateway.history.retention import forget_before
from teleinfo_gateway.history.schema import counter
from teleinfo_gateway.integrity import Integrity
from teleinfo_gateway.readings import Reading
from teleinfo_gateway.simulation import Installation, SimulatedMeter, Tariff
from tic import Decoder, Frame, HistoriqueView, Mode

_INTERVAL_S = 60
_FRAME_S = 15  # a real meter speaks every 2 s: the frames between change nothing that is written
_QUESTION_S = 60  # a page that asks as often as there is something new
_BUDGET_MB = 50
_SECTOR = 512  # bytes, in every count of the kernel's block layer

_METERS = {
    "historique, single-phase, HC": Installation(mode=Mode.HISTORIQUE, tariff=Tariff.HC),
    "standard, three-phase, Tempo": Installation(
        mode=Mode.STANDARD, tariff=Tariff.TEMPO, phases=3, producer=True
    ),
}


def run() -> Table:
    rows = [
        (name, *asyncio.run(_row(installation, commit_s)))
        for name, installation in _METERS.items()
        for commit_s in (COMMIT_S, _QUESTION_S)
    ]
    return Table(
        f"Written to the disk in a day, one reading every {_INTERVAL_S} s",
        (
            "meter",
            "commit, s",
            "commits",
            "rows",
            "process, MB",
            "device, MB",
            "file, MB",
            "took, s",
        ),
        rows,
        (
            f"Budget: {_BUDGET_MB} MB. MB: 10^6 bytes. Process: write_bytes of /proc/self/io.",
            "Device: the sectors of /sys/dev/block, which counts every program of the machine.",
            f"Commits of {_QUESTION_S} s: a question commits first, and a page asks that often.",
        ),
    )


async def _row(installation: Installation, commit_s: float) -> tuple[str, ...]:
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        config = HistoryConfig(path=f"{folder}/history.db")
        bus = Bus()
        history = HistoryOutput(config, bus, _device)
        history.start()
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        readings = _readings(installation, today - timedelta(days=2))
        await _live_through_a_day(readings, bus, history, commit_s)
        before, rows_before = _counted(folder), await history.ask(_rows)
        _forget(config, before=today - timedelta(days=1))
        commits = await _live_through_a_day(readings, bus, history, commit_s)
        after, rows = _counted(folder), await history.ask(_rows)
        await history.stop()
        size = _size(config.path)
    return (
        f"{commit_s:.0f}",
        str(commits),
        str(rows - rows_before),
        *(f"{size / 1e6:.1f}" for size in (after[0] - before[0], after[1] - before[1], size)),
        f"{time.monotonic() - begin_s:.0f}",
    )


def _device(name: str) -> DeviceConfig:
    return DeviceConfig(name=name, device="/dev/null", interval=_INTERVAL_S)


def _readings(installation: Installation, start: datetime) -> Iterator[Reading]:
    """What the gateway believes of a simulated meter, frame by frame."""
    meter, decoder = SimulatedMeter(installation, start), Decoder()
    integrity, historique = Integrity(), HistoriqueView()
    for number in itertools.count():
        at = start + timedelta(seconds=number * _FRAME_S)
        for frame in decoder.feed(meter.frame(at)):
            if not isinstance(frame, Frame):
                continue
            judgement = integrity.judge(frame, number * _FRAME_S)
            if not judgement.values:
                continue
            translated = judgement.values
            if frame.mode is Mode.STANDARD:
                translated = {g.label: g.value for g in historique.translate(translated)}
            yield Reading(
                meter="house",
                address=integrity.address or "",
                time=at,
                mode=frame.mode,
                kind=frame.kind,
                complete=True,
                values=judgement.values,
                historique=translated,
                horodates={g.label: g.horodate for g in frame.groups if g.horodate is not None},
            )


async def _live_through_a_day(
    readings: Iterator[Reading], bus: Bus, history: HistoryOutput, commit_s: float
) -> int:
    """Keep the readings of the next 24 hours; how many commits it took."""
    commits = 0
    first = next(readings)
    commit_at = first.time
    for reading in itertools.chain([first], readings):
        bus.publish(reading)
        if reading.time >= commit_at:
            commit_at += timedelta(seconds=commit_s)
            await history.write()
            _flush(history.config.path)
            commits += 1
        if reading.time >= first.time + timedelta(days=1):
            break
    return commits


def _forget(config: HistoryConfig, before: datetime) -> None:
    """What the history does by itself when a day has reached its age."""
    database = Database(config)
    with database.writing() as connection:
        forget_before(connection, int(before.timestamp()))
    database.close()


def _rows(connection: Connection) -> int:
    """How many rows were ever written, by the sequence that numbers them."""
    return connection.execute(select(counter.c.last)).scalar_one()


def _size(path: str) -> int:
    return Path(path).stat().st_size


def _flush(path: str) -> None:
    for each in (path, f"{path}-wal"):
        with contextlib.suppress(FileNotFoundError), Path(each).open("rb") as file:
            os.fsync(file.fileno())


def _counted(folder: str) -> tuple[int, int]:
    """Bytes written so far: by this process, and to the device that holds the folder."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(": ") for line in lines)
    device = Path(folder).stat().st_dev
    counts = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    sectors = int(counts.read_text(encoding="ascii").split()[6]) if counts.exists() else 0
    return int(fields["write_bytes"]), sectors * _SECTOR


def main() -> None:
    print(run())


if __name__ == "__main__":
    main()
