"""``teleinfo history export``: everything that was kept, as files that can be read back."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo as program
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.sampling import EventRow, LabelRow
from teleinfo_gateway.history.schema import label, reading
from teleinfo_gateway.history.transfer.spreadsheet import guarded, unguarded

from .histories import ADCO, a_reading, history, put, sums  # noqa: F401

OTHER = "041876097767"
START = int(datetime(2026, 1, 14, 11, tzinfo=UTC).timestamp())


@pytest.fixture
def config(history, tmp_path):  # noqa: F811
    file = tmp_path / "teleinfo.yaml"
    url = history.engine.url
    scheme = {"mysql+pymysql": "mariadb", "postgresql+psycopg": "postgresql"}.get(url.drivername)
    server = url.set(drivername=scheme or "sqlite").render_as_string(hide_password=False)
    where = {"url": server} if scheme else {"path": str(history.path)}
    file.write_text(json.dumps({"history": where}))
    return file


@pytest.fixture
def export(config):
    def run(*options):
        return CliRunner().invoke(program, ["history", "export", *options, "--config", str(config)])

    return run


@pytest.fixture
def filled(history):  # noqa: F811
    with history.writing() as connection:
        put(
            connection,
            *(
                a_reading(START + 60 * n, 100, 200 + 10 * n, papp=600, demain="----")
                for n in range(90)
            ),
            LabelRow(ADCO, START, "MSG1", "=HYPERLINK(1)", None),
            LabelRow(ADCO, START, "SMAXSN", "03110", "H260114115959"),
            EventRow(ADCO, "house", START, "tariff", "HP..", "was HC.."),
            EventRow(None, "", START, "status", "alive", ""),
        )
        put(connection, a_reading(START, 5, 6, adco=OTHER), adco=OTHER, name="garage")
    return history


def rows(result):
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_readings_with_their_time_in_two_ways(filled, export):
    found = rows(export())
    assert len(found) == 91
    assert found[0] | {"papp": "600"} == found[0]
    assert (found[0]["time"], found[0]["ts"]) == ("2026-01-14T11:00:00Z", str(START))
    assert {row["adco"] for row in found} == {ADCO, OTHER}
    assert not {"seq", "meter_id", "local_dt"} & found[0].keys()


def test_how_many_rows_there_were_is_told_aside(filled, export):
    assert "standard output: 91 readings" in export().stderr


def test_json_lines_leave_out_what_is_not_known(filled, export):
    first = json.loads(export("--format", "jsonl").stdout.partition("\n")[0])
    assert first == {
        "time": "2026-01-14T11:00:00Z",
        "ts": START,
        "adco": ADCO,
        "interval_s": 60,
        "optarif": "HC..",
        "slot": 1,
        "demain": "----",
        "papp": 600,
        "idx01": 100,
        "idx02": 200,
    }


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--meter", "house"], 90),
        (["--meter", OTHER], 1),
        (["--from", "2026-01-14T13:00"], 30),
        (["--from", "2026-01-14T12:00:00Z"], 30),
        (["--from", "2026-01-14T12:00:00+01:00", "--to", "2026-01-14T12:10"], 11),
        (["--from", "2026-01-14", "--to", "2026-01-14"], 91),
        (["--to", "2026-01-13"], 0),
        (["--from", "2026-01-15"], 0),
    ],
)
def test_part_of_it(filled, export, options, count):
    assert len(rows(export(*options))) == count


def test_other_rows_than_readings(filled, export):
    assert [row["value"] for row in rows(export("--what", "labels"))] == ["'=HYPERLINK(1)", "03110"]
    events = rows(export("--what", "events"))
    assert [(row["adco"], row["kind"], row["value"]) for row in events] == [
        *((ADCO, "tariff", "HP.."), ("", "status", "alive")),
    ]
    hours = rows(export("--what", "hours", "--meter", "house"))
    assert sum(int(row["wh"] or 0) for row in hours) == 890
    assert hours[0]["ts"] == str(START)
    for what, start in (("days", "2026-01-13"), ("months", "2025-12-31"), ("years", "2025-12-31")):
        (first, *_) = rows(export("--what", what))
        assert first["time"] == f"{start}T23:00:00Z"
    assert rows(export("--what", "outages")) == []


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_exported_can_be_read_back(filled, export, tmp_path, form):
    columns = [column for column in reading.c if column.name not in {"seq", "meter_id"}]

    def kept(database):
        with database.reading() as connection:
            found = connection.execute(
                sa.select(*columns).order_by(reading.c.meter_id, reading.c.ts)
            )
            labels = connection.execute(
                sa.select(label.c.label, label.c.value, label.c.horodate).order_by(label.c.label)
            )
            return found.all(), labels.all(), sums(connection), sums(connection, OTHER)

    before = kept(filled)
    files = []
    for what in ("readings", "labels"):
        files.append(tmp_path / f"{what}.{form}")
        result = export("--what", what, "--format", form, "--output", str(files[-1]))
        assert (result.exit_code, result.stdout) == (0, "")
    copy = tmp_path / "copy.yaml"
    copy.write_text(f"history: {{path: {tmp_path / 'copy.db'}}}\n")
    for file in files:
        arguments = ["history", "import", str(file), "--format", "csv", "--config", str(copy)]
        assert CliRunner().invoke(program, arguments).exit_code == 0
    database = Database(HistoryConfig(path=str(tmp_path / "copy.db")))
    assert kept(database) == before
    database.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAS DE MESSAGE", "PAS DE MESSAGE"),
        ("----", "----"),
        ("-1", "'-1"),
        ("+cmd", "'+cmd"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_no_text_of_a_meter_begins_a_formula(text, expected):
    assert guarded(text) == expected
    assert unguarded(expected) == text


# --- what can go wrong


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "yesterday"], "a day is written such as 2026-01-31"),
        (["--to", "2026-02-30"], "a day is written such as 2026-01-31"),
        (["--from", "0001-01-01"], "no meter was heard in this year"),
        (["--what", "weeks"], "Invalid value for '--what'"),
    ],
)
def test_wrong_use(export, options, why):
    result = export(*options)
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_meter_that_nobody_knows(filled, export):
    result = export("--meter", "cellar")
    assert result.exit_code == 1
    assert "the history knows no meter 'cellar'; it has: " in result.stderr
    assert f"house ({ADCO})" in result.stderr


def test_a_file_that_exists_is_left_as_it_is(filled, export, tmp_path):
    (tmp_path / "mine").write_text("precious")
    result = export("--output", str(tmp_path / "mine"))
    assert (result.exit_code, (tmp_path / "mine").read_text()) == (1, "precious")
    assert "exists: choose another name" in result.stderr


def test_a_folder_that_is_not_there(filled, export, tmp_path):
    result = export("--output", str(tmp_path / "no/such/file.csv"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr


def test_a_reader_that_ends_early_is_no_fault(filled, config):
    process = subprocess.Popen(
        [sys.executable, "-m", "teleinfo_gateway", "history", "export", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    _, said = process.communicate(timeout=20)
    assert b"Traceback" not in said
