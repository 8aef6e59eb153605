"""Files of readings, labels and events: what stands in them, and that it stands there once.

Run as a program (``-m tests.gateway.test_files_output FILE FOLDER FORMAT``), this module forwards a
history until it is killed.
"""

import asyncio
import base64
import contextlib
import csv
import errno
import fcntl
import gzip
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.config import FilesConfig
from teleinfo_gateway.forwarding import TargetError
from teleinfo_gateway.outputs.files import FilesTarget
from teleinfo_gateway.outputs.files import target as module
from teleinfo_gateway.outputs.files.day import kept_files
from teleinfo_gateway.outputs.files.lines import COLUMNS, FORMATS, key_of

from .outbox_rows import (
    ADCO,
    START,
    a_row,
    batch,
    examples_of,
    fill,
    forward,
    killed_until,
)

DAY_S = 86400
WEEK = 7 * 1440
ROWS = WEEK + 2 * WEEK // 10
HC = {"interval_s": 60, "optarif": "HC..", "ptec": "HP..", "papp": 520, "idx01": 9205446}
FORMAT = pytest.mark.parametrize("format_", ["csv", "jsonl"])


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


@pytest.fixture
def target(folder):
    """The function that makes a target, by default for that folder, which tidies at each send."""

    def make(**settings):
        return FilesTarget(FilesConfig(**{"folder": str(folder), **settings}))

    return make


@pytest.fixture
def tidy(monkeypatch):
    monkeypatch.setattr(module, "_TIDY_S", 0.0)


def opened(path):
    return gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")


def read(folder, kind="readings"):
    """The rows of every file of a kind, as dictionaries, in the order of days."""
    rows = []
    for path in sorted(folder.glob(f"{kind}-*"), key=lambda path: path.name):
        with opened(path) as file:
            if ".csv" in path.name:
                rows += csv.DictReader(file)
            else:
                rows += map(json.loads, file)
    return rows


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def numbers(folder, kind="readings"):
    return [int(row["seq"]) for row in read(folder, kind)]


# --- lines


def test_a_reading_is_a_line_of_csv_with_fixed_columns(target, folder):
    target().send([a_row(1, **HC), a_row(2, ts=START + 60, name="", papp=0)])
    text = (folder / "readings-2026-01-15.csv").read_text(encoding="utf-8")
    head, first, second = text.splitlines()
    assert head.split(",") == list(COLUMNS["reading"])
    assert head.startswith("seq,time,adco,name,interval_s,optarif,ptec,slot,")
    assert first.startswith(f"1,2026-01-15T11:00:00+01:00,{ADCO},house,60,HC..,HP..,,")
    assert second.startswith(f"2,2026-01-15T11:01:00+01:00,{ADCO},,,")
    assert [row["papp"] for row in read(folder)] == ["520", "0"]


def test_a_reading_is_an_object_of_json_with_what_is_known(target, folder):
    target(format="jsonl").send([a_row(1, **HC, slot=None)])
    assert json.loads((folder / "readings-2026-01-15.jsonl").read_text(encoding="utf-8")) == {
        "seq": 1, "time": "2026-01-15T11:00:00+01:00", "adco": ADCO, "name": "house", **HC,
    }  # fmt: skip


@FORMAT
def test_labels_and_events_have_files_of_their_own(target, folder, format_):
    rows = [
        a_row(1, **HC),
        a_row(2, "label", label="MSG1", value='say "a, b"', horodate="H260115110000"),
        a_row(3, "event", kind="link", value="ok", detail="two\nlines\x1b\ud800"),
        a_row(4, "event", adco="", name="", kind="status", value="alive", detail=""),
    ]
    target(format=format_).send(rows)
    day = f"2026-01-15.{format_}"
    assert names(folder) == [f"events-{day}", f"labels-{day}", f"readings-{day}"]
    (label,) = read(folder, "labels")
    assert (label["label"], label["value"]) == ("MSG1", 'say "a, b"')
    of_meter, of_gateway = read(folder, "events")
    assert (of_meter["name"], of_meter["detail"]) == ("house", "two lines  ")
    assert (of_gateway["adco"], of_gateway["value"]) == ("", "alive")


TEXT = st.text() | st.text(st.sampled_from('a,"\n\r;=\0 '))


@given(TEXT, TEXT, st.sampled_from(sorted(FORMATS)))
def test_no_text_breaks_a_line(value, detail, format_):
    form = FORMATS[format_]
    line = form.line(a_row(7, "event", name="", kind="link", value=value, detail=detail))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert form.is_whole(line, "event")
    assert key_of(line) == key_of(form.line(a_row(7, "event", name="other", kind="x")))
    if format_ == "csv":
        ((*_, found_value, found_detail),) = csv.reader(io.StringIO(line.decode(), newline=""))
    else:
        found_value, found_detail = (json.loads(line)[name] for name in ("value", "detail"))
    assert len(found_value) == len(value)
    if detail.isprintable():
        assert found_detail == detail


def test_a_day_is_one_of_legal_time_and_an_hour_that_comes_twice_can_be_told(target, folder):
    midnight = 1768431600  # of January 15 in France, the evening before in UTC
    autumn = 1792890000  # 2026-10-25T01:00Z, when clocks go back
    rows = [a_row(n, ts=ts, papp=n) for n, ts in enumerate([midnight - 1, midnight], 1)]
    rows += [a_row(3, ts=autumn - 1800), a_row(4, ts=autumn + 1800)]
    target(compress=False).send(rows)
    assert names(folder) == [f"readings-2026-{day}.csv" for day in ("01-14", "01-15", "10-25")]
    assert [row["time"] for row in read(folder)] == [
        "2026-01-14T23:59:59+01:00", "2026-01-15T00:00:00+01:00",
        "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
    ]  # fmt: skip


# --- once, whatever happens


@FORMAT
def test_rows_that_come_again_are_not_written_again(target, folder, format_):
    rows = [a_row(n, ts=START + n, **HC) for n in range(1, 1001)]
    target(format=format_).send(rows)
    target(format=format_).send(rows)
    more = [a_row(n, ts=START + n, **{**HC, "name": "renamed"}) for n in range(990, 1100)]
    target(format=format_).send(more)
    assert numbers(folder) == list(range(1, 1100))


@FORMAT
def test_another_history_may_have_the_same_numbers(target, folder, format_):
    target(format=format_).send([a_row(1, **HC), a_row(2, ts=START + 60, **HC)])
    target(format=format_).send([a_row(1, ts=START + 120, **HC)])
    assert numbers(folder) == [1, 2, 1]


def cuts(whole):
    """What a crash may leave of a file: its beginning, or that with zeros behind."""
    for size in range(0, len(whole), 7):
        yield whole[:size]
        yield whole[:size] + bytes(9)
        yield whole[:size] + b"\0\n\0\0\n"


@FORMAT
def test_what_a_crash_leaves_of_a_line_is_cut_off(target, folder, format_):
    rows = [a_row(n, "event", ts=START + n, kind="a", value="x,y", detail="z") for n in range(1, 4)]
    target(format=format_).send(rows)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for left in cuts(whole):
        file.write_bytes(left)
        target(format=format_).send(rows)
        assert file.read_bytes() == whole, left


def test_a_file_with_other_columns_is_left_as_it_is(target, folder):
    old = folder / "readings-2026-01-15.csv"
    old.write_text("seq,time,adco,other\n1,2026-01-15T11:00:00+01:00,0,\n")
    target().send([a_row(1, **HC)])
    target().send([a_row(1, **HC), a_row(2, **HC)])
    assert old.read_text().count("\n") == 2
    assert names(folder) == ["readings-2026-01-15.2.csv", "readings-2026-01-15.csv"]
    with (folder / "readings-2026-01-15.2.csv").open(newline="") as file:
        assert [row["seq"] for row in csv.DictReader(file)] == ["1", "2"]


@pytest.mark.usefixtures("tidy")
def test_files_are_for_their_owner_and_group(target, folder):
    """Whatever a service is told of the files it makes."""
    before = os.umask(0o077)
    try:
        target().send([a_row(1, **HC), a_row(2, ts=START + DAY_S, **HC)])
    finally:
        os.umask(before)
    assert names(folder) == ["readings-2026-01-15.csv.gz", "readings-2026-01-16.csv"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}


# --- days before


@pytest.mark.usefixtures("tidy")
@FORMAT
def test_a_day_that_is_over_is_compressed(target, folder, format_):
    made = target(format=format_)
    rows = [a_row(n, ts=START + n * DAY_S // 4, **HC) for n in range(1, 13)]
    for row in rows:
        made.send([row])
    days = [f"readings-2026-01-{day}.{format_}" for day in (15, 16, 17, 18)]
    assert names(folder) == [f"{days[0]}.gz", f"{days[1]}.gz", f"{days[2]}.gz", days[3]]
    assert numbers(folder) == list(range(1, 13))


@pytest.mark.usefixtures("tidy")
def test_what_comes_late_begins_another_file_once(target, folder):
    made = target()
    made.send([a_row(1, **HC), a_row(2, ts=START + DAY_S, **HC)])
    late = [a_row(1, **HC), a_row(3, ts=START + 1, **HC), a_row(4, ts=START + DAY_S, **HC)]
    made.send(late)
    target().send(late)
    assert names(folder) == [
        "readings-2026-01-15.2.csv.gz", "readings-2026-01-15.csv.gz", "readings-2026-01-16.csv"
    ]  # fmt: skip
    assert sorted(numbers(folder)) == [1, 2, 3, 4]


@pytest.mark.usefixtures("tidy")
def test_a_crash_while_compressing_costs_nothing(target, folder):
    rows = [a_row(1, **HC), a_row(2, ts=START + DAY_S, **HC)]
    target(compress=False).send(rows)
    plain = folder / "readings-2026-01-15.csv"
    whole = plain.read_bytes()
    Path(f"{plain}.gz.tmp").write_bytes(b"\x1f\x8b half of it")
    target().send(rows[1:])
    assert names(folder) == ["readings-2026-01-15.csv.gz", "readings-2026-01-16.csv"]
    plain.write_bytes(whole)  # what is there when it ends just before this is removed
    target().send(rows)
    assert names(folder) == ["readings-2026-01-15.csv.gz", "readings-2026-01-16.csv"]
    assert numbers(folder) == [1, 2]


@pytest.mark.usefixtures("tidy")
def test_without_compression_files_stay_plain(target, folder):
    target(compress=False).send([a_row(1, **HC), a_row(2, ts=START + DAY_S, **HC)])
    assert names(folder) == ["readings-2026-01-15.csv", "readings-2026-01-16.csv"]


@pytest.mark.usefixtures("tidy")
def test_what_is_too_old_goes_and_nothing_else(target, folder):
    others = ["notes.txt", "readings-2020-13-45.csv", "readings-2020-01-01.csv.orig", "readings"]
    for name in others:
        (folder / name).touch()
    made = target(keep_days=2)
    for n in range(5):
        rows = [a_row(n * 2, ts=START + n * DAY_S, **HC)]
        rows.append(a_row(n * 2 + 1, "event", ts=START + n * DAY_S, kind="a", value="", detail=""))
        made.send(rows)
    kept = {path.day.day for path in kept_files(folder)}
    assert kept == {17, 18, 19}
    assert set(others) <= set(names(folder))
    assert numbers(folder, "events") == [5, 7, 9]


@pytest.mark.usefixtures("tidy")
def test_a_clock_that_is_years_ahead_costs_a_week_at_most(target, folder):
    made = target()
    for n in range(20):
        made.send([a_row(n + 1, ts=START + n * DAY_S, **HC)])
    target(keep_days=1).send([a_row(99, ts=START + 3000 * DAY_S, **HC)])
    assert len(list(kept_files(folder))) == 20 - 7 + 1


@pytest.mark.usefixtures("tidy")
def test_a_row_of_a_clock_that_was_ahead_makes_nothing_old(target, folder):
    made, now = target(keep_days=30), int(time.time())
    made.send([a_row(1, ts=now - 20 * DAY_S, **HC)])
    made.send([a_row(2, ts=now + 1000 * DAY_S, **HC)])
    for number in range(3, 12):
        made.send([a_row(number, ts=now, **HC)])
    assert len(list(kept_files(folder))) == 3
    assert len(list(folder.glob("*.gz"))) == 1  # the oldest


def test_what_is_tidied_is_so_now_and_then(target, folder):
    made = target()
    made.send([a_row(1, **HC)])
    made.send([a_row(2, ts=START + DAY_S, **HC)])
    assert names(folder) == ["readings-2026-01-15.csv", "readings-2026-01-16.csv"]


# --- what goes wrong


def test_a_folder_that_is_missing_is_an_error_in_words(target, tmp_path):
    made = target(folder=str(tmp_path / "nowhere"))
    with pytest.raises(TargetError, match="there is no such folder: make it, or is its disk"):
        made.send([a_row(1, **HC)])
    (tmp_path / "nowhere").mkdir()
    made.send([a_row(1, **HC)])
    assert numbers(tmp_path / "nowhere") == [1]


def test_a_file_in_the_place_of_the_folder_is_an_error_in_words(target, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="this is no folder"):
        target(folder=str(tmp_path / "file")).send([a_row(1, **HC)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error_in_words(target, folder):
    folder.chmod(0o500)
    with pytest.raises(TargetError, match="give it to the user that runs the gateway"):
        target().send([a_row(1, **HC)])


def test_two_gateways_do_not_share_a_folder(target, folder):
    target().send([a_row(1, **HC)])
    (file,) = folder.iterdir()
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TargetError, match="another program writes these files"):
            target().send([a_row(2, **HC)])


@pytest.mark.usefixtures("tidy")
def test_a_damaged_compressed_file_is_an_error_in_words(target, folder):
    target().send([a_row(1, **HC), a_row(2, ts=START + DAY_S, **HC)])
    packed = folder / "readings-2026-01-15.csv.gz"
    whole = packed.read_bytes()
    for damaged in (whole[:-20], b"no gzip", whole[:20] + bytes(20) + whole[40:]):
        packed.write_bytes(damaged)
        with pytest.raises(TargetError, match=r"/readings-2026-01-15\.csv\.gz: this file is damag"):
            target().send([a_row(3, **HC)])


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 128 kB."""
    made = tmp_path / "disk"
    made.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", made]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield made
    subprocess.run(["umount", "--lazy", made], check=True)


def filled(folder):
    """Take all the room that is left but a part of a page; gives the file to remove."""
    other = folder / "other"
    with other.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return other


@FORMAT
def test_a_disk_that_becomes_full_costs_no_row_and_doubles_none(target, small_disk, format_):
    made = target(folder=str(small_disk), format=format_)
    rows = [a_row(n, ts=START + n, **HC) for n in range(1, 200)]
    made.send(rows[:50])
    other = filled(small_disk)
    with pytest.raises(TargetError, match="the disk is full: free some space"):
        made.send(rows[50:])
    assert numbers(small_disk) == list(range(1, 51))
    other.unlink()
    made.send(rows[50:])
    assert numbers(small_disk) == list(range(1, 200))


@pytest.mark.usefixtures("tidy")
def test_half_of_a_compressed_file_takes_no_room_that_rows_need(target, small_disk):
    made = target(folder=str(small_disk), format="jsonl")
    noise = random.Random(1)  # noqa: S311  # what hardly can be compressed
    for n in range(1, 100):
        text = base64.b64encode(noise.randbytes(600)).decode()
        made.send([a_row(n, "event", kind="link", value="ok", detail=text)])
    made.send([a_row(100, **HC, ts=START + DAY_S)])
    assert names(small_disk) == ["events-2026-01-15.jsonl", "readings-2026-01-16.jsonl"]
    made.send([a_row(101, **HC, ts=START + DAY_S + 60)])
    assert numbers(small_disk) == [100, 101]


@pytest.mark.usefixtures("tidy")
def test_a_full_disk_that_hinders_only_the_compression_stops_nothing(target, folder, caplog):
    made = target()
    made.send([a_row(1, **HC)])
    with pytest.MonkeyPatch.context() as patch:

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(module, "kept_files", full)
        made.send([a_row(2, ts=START + DAY_S, **HC)])
    assert "older files" in caplog.text
    made.send([a_row(3, ts=START + DAY_S + 60, **HC)])
    assert "readings-2026-01-15.csv.gz" in names(folder)


# --- the configuration


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("files: true", "files.folder", "missing; write the whole path of a folder"),
        ("files: {folder: data}", "files.folder", "written whole, from its first /"),
        ("files: {folder: /x, format: xls}", "files.format", "expected csv or jsonl"),
        ("files: {folder: /x, keep_days: 0}", "files.keep_days", "whole days from 1"),
        ("files: {folder: /x, compress: gzip}", "files.compress", "true or false"),
    ],
)
def test_a_fault_of_the_section_is_named(faults_of, text, path, says):
    assert says in faults_of(text)[path]


@pytest.mark.parametrize("text", examples_of("files"))
def test_an_example_of_the_page_loads(configured, text):
    assert configured(text).files


# --- the whole way


@pytest.mark.usefixtures("impatient")
async def test_an_outage_of_the_disk_costs_nothing(tmp_path, forwarded, folder, target, until):
    folder.rename(tmp_path / "unplugged")
    history, output = forwarded("files", target(), 300, START)
    await until(lambda: output.state()["failed"] > 2)
    assert "there is no such folder" in output.state()["problem"]
    await history.keep(batch(300, 20, START))
    (tmp_path / "unplugged").rename(folder)
    await until(lambda: output._remembered >= 384)
    assert len(read(folder)) == 320
    assert [len(read(folder, kind)) for kind in ("labels", "events")] == [32, 32]


@pytest.mark.timeout(120)
@FORMAT
async def test_kill_9_at_any_moment_loses_and_doubles_nothing(tmp_path, folder, format_):
    """A week, so that days end and are compressed in between."""
    file = tmp_path / "history.db"
    fill(file, "files", WEEK, START)

    def confirmed():
        with contextlib.closing(sqlite3.connect(file)) as connection:
            return connection.execute("SELECT seq FROM ti_cursor").fetchone()[0]

    kills = await killed_until(lambda: confirmed() == ROWS, __name__, [file, folder, format_], 3000)
    assert kills > 2
    found = [numbers(folder, kind) for kind in ("readings", "labels", "events")]
    assert [len(each) for each in found] == [WEEK, WEEK // 10, WEEK // 10]
    assert set().union(*found) == set(range(1, ROWS + 1))
    assert len(list(folder.glob("readings-*.gz"))) == 7


async def test_a_gateway_runs_the_output(gateway_with, folder, until):
    manager = gateway_with(files=FilesConfig(folder=str(folder)))
    output = manager.outputs["files"]
    await until(lambda: output._progress is not None)
    assert output.state()["target"] == str(folder)


if __name__ == "__main__":
    module._TIDY_S = 0.0
    config = FilesConfig(folder=sys.argv[2], format=sys.argv[3])
    asyncio.run(forward(sys.argv[1], "files", FilesTarget(config), 500))
