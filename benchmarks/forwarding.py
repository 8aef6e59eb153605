"""Durable outputs: rows per second into each target, and a week to catch up, in time and memory."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gateway_process import GatewayProcess, devices, speaking_lines
from history import readings
from table import Table
from target_places import PLACES, Folder, Place, Push, prepared

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.emoncms import EmoncmsConfig
from teleinfo_gateway.config.files import FilesConfig
from teleinfo_gateway.config.influxdb import InfluxdbConfig
from teleinfo_gateway.config.push import PushConfig
from teleinfo_gateway.config.sql import SqlConfig
from teleinfo_gateway.forwarding import Row, Target, TargetError, source
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import add_cursor
from teleinfo_gateway.history.sampling import MeterRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.outputs.emoncms import EmoncmsTarget
from teleinfo_gateway.outputs.files import FilesTarget
from teleinfo_gateway.outputs.influxdb import InfluxdbTarget
from teleinfo_gateway.outputs.push import PushTarget
from teleinfo_gateway.outputs.sql import SqlTarget
from tic import Mode

_ADCO = "021528603314"
_WEEK = 7 * 1440  # readings, one a minute
_BATCH = 1000  # rows at once, unless the target wants fewer, as the gateway does it
_PUSHED = 100  # the pauses of push are known: no need to wait for all of a week
_AWAY_S = 4.0  # the first tries of the gateway fail
_WATCH_S = 20.0  # of the catch-up; what takes longer is reckoned from the part
_LOOK_S = 0.02
_PATIENCE_S = 60.0

_TARGETS: Mapping[str, Callable[[Any], Target]] = {
    "sql": lambda section: SqlTarget(SqlConfig(**section)),
    "influxdb": lambda section: InfluxdbTarget(InfluxdbConfig(**section)),
    "emoncms": lambda section: EmoncmsTarget(EmoncmsConfig(**section)),
    "push": lambda section: PushTarget(PushConfig(**section[0])),
    "files": lambda section: FilesTarget(FilesConfig(**section)),
}


class _CaughtUp(NamedTuple):
    """Seconds of a week; resident memory in 10^6 bytes before, and the most while it lasted."""

    week_s: float
    before_mb: float
    most_mb: float


def run() -> Table:
    found = [kind for kind in PLACES if kind.is_installed()]
    absent = [kind for kind in PLACES if kind not in found]
    with TemporaryDirectory() as folder, speaking_lines(1, Mode.STANDARD) as paths:
        meter = {**devices(paths, Mode.STANDARD)[0], "interval": 60}
        path = Path(folder, "history.db")
        rows = _fill(path)
        lines = [_line(kind, rows, path, meter) for kind in found]
        lines += [("no such output", "", "", f"{_without(path, meter):.1f}", "")]
    return Table(
        f"Durable outputs: a week of one-minute readings of one meter, {_WEEK} rows",
        ("target", "rows/s", "catch-up, s", "before, MB", "most, MB"),
        lines,
        [
            f"Rows/s: into the target alone, {_BATCH} at once; {Push.title}: {_PUSHED} rows.",
            "Catch-up: by 'teleinfo run' with its pauses, reckoned from the rows after the first",
            f"batch, of {_WATCH_S:.0f} s at most. Before: resident while the target is away.",
            "10^6 bytes, libraries included.",
            *(f"No {kind.title}: needs Debian package {kind.package}." for kind in absent),
        ],
    )


def _line(
    kind: type[Place], rows: Sequence[Row], history: Path, meter: dict[str, object]
) -> tuple[str, ...]:
    rate = _rate(kind, rows)
    caught_up = _catch_up(kind, history, meter)
    week = f"{caught_up.week_s:.0f}" if caught_up.week_s > 20 else f"{caught_up.week_s:.1f}"
    return (
        *(kind.title, f"{rate:,.0f}", week),
        *(f"{caught_up.before_mb:.1f}", f"{caught_up.most_mb:.1f}"),
    )


def _fill(path: Path) -> list[Row]:
    """A history of the last week that no output has begun to read; gives its rows."""
    now = int(time.time()) // 60 * 60
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    with database.writing() as connection:
        week = islice(readings(_ADCO, now - 60 * _WEEK, 1), _WEEK)
        meter = MeterRow(_ADCO, now, "house", "historique", 1, None)
        store(connection, Batch({_ADCO: meter}, list(week)))
        for name in {kind.output for kind in PLACES}:
            add_cursor(connection, name, now, from_start=True)
    with database.reading() as connection:
        rows = source.after(connection, 0, _WEEK)
    database.close()
    return rows


def _settings(history: Path, meter: dict[str, object]) -> dict[str, object]:
    """A gateway that keeps what one meter says, and does nothing else."""
    return {"xpl": False, "web": False, "history": {"path": str(history)}, "devices": [meter]}


def _rate(kind: type[Place], rows: Sequence[Row]) -> float:
    """Rows a second into the target, nothing else being done."""
    rows = rows[:_PUSHED] if kind is Push else rows
    with prepared(kind) as place:
        target = _TARGETS[kind.section](place.keys)
        place.start()
        _await_taken(target, rows[:1])
        size = getattr(target, "batch", _BATCH)
        begin_s = time.perf_counter()
        for first in range(1, len(rows), size):
            target.send(rows[first : first + size])
        if kind is Folder:  # one that is new packs the days that are over at once, not in an hour
            _TARGETS[kind.section](place.keys).send(rows[-1:])
        taken_s = time.perf_counter() - begin_s
        target.close()
    return (len(rows) - 1) / taken_s


def _await_taken(target: Target, rows: Sequence[Row]) -> None:
    """Until the target is there; the first row makes what it needs, such as tables."""
    until_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            target.send(rows)
        except TargetError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
        else:
            return


def _catch_up(kind: type[Place], history: Path, meter: dict[str, object]) -> _CaughtUp:
    """What a gateway does that finds the target away, and then there."""
    with TemporaryDirectory() as folder, prepared(kind) as place:
        path = Path(shutil.copy(history, folder))
        settings = _settings(path, meter)
        with GatewayProcess({**settings, kind.section: place.keys}) as gateway:
            time.sleep(_AWAY_S)
            before_mb = most_mb = gateway.resident.all_mb
            place.start()
            moves: list[tuple[float, int]] = []
            for now_s, seq in _watch(path, kind.output):
                most_mb = max(most_mb, gateway.resident.all_mb)
                if not moves or seq > moves[-1][1]:
                    moves.append((now_s, seq))
            _, *moves = moves  # before the first row
            if len(moves) < 2 or any(Path(folder).glob("refused-*")):
                raise gateway.silent(f"week at {place.title}")
    (first_s, first), (last_s, last) = moves[0], moves[-1]
    return _CaughtUp(_WEEK * (last_s - first_s) / (last - first), before_mb, most_mb)


def _without(history: Path, meter: dict[str, object]) -> float:
    """Resident memory of a gateway whose history nobody reads."""
    with GatewayProcess(_settings(history, meter)) as gateway:
        time.sleep(_AWAY_S)
        return gateway.resident.all_mb


def _watch(path: Path, name: str) -> Iterator[tuple[float, int]]:
    """How far an output is, again and again, until it has all of the week or time is up."""
    until_s = time.monotonic() + _PATIENCE_S
    query = "SELECT seq FROM ti_cursor WHERE name = ?"
    begun = False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        while (now_s := time.monotonic()) < until_s:
            (seq,) = database.execute(query, (name,)).fetchone()
            yield now_s, min(seq, _WEEK)
            if seq >= _WEEK:
                return
            if seq and not begun:
                begun = True
                until_s = now_s + _WATCH_S
            time.sleep(_LOOK_S)
