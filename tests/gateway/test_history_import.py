"""``teleinfo history import``: real tables of older programs on real databases, and files."""

import csv
import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo as program
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.periods import local_time
from teleinfo_gateway.history.retention import forget_before
from teleinfo_gateway.history.schema import label, meter, reading
from teleinfo_gateway.history.transfer import importing
from teleinfo_gateway.history.transfer.errors import TransferError
from teleinfo_gateway.history.transfer.files import load_file
from teleinfo_gateway.history.transfer.wall_clock import Timed, instants, time_of

from .histories import sums

ADCO = "012345678901"
ADSC = "041876097767"

DRIVERS = {"sqlite": "sqlite", "mariadb": "mysql+pymysql", "postgresql": "postgresql+psycopg"}

TBL_TELEINFO = """
CREATE TABLE tbl_teleinfo (
  id {serial}, {q}DATE{q} {datetime}, ADCO varchar(12), OPTARIF varchar(4), ISOUSC decimal(2,0),
  BASE decimal(9,0), HCHC decimal(9,0), HCHP decimal(9,0), EJPHN decimal(9,0), EJPHPM decimal(9,0),
  BBRHCJB decimal(9,0), BBRHPJB decimal(9,0), BBRHCJW decimal(9,0), BBRHPJW decimal(9,0),
  BBRHCJR decimal(9,0), BBRHPJR decimal(9,0), PEJP varchar(2), PTEC varchar(4), DEMAIN varchar(4),
  IINST1 decimal(3,0), IINST2 decimal(3,0), IINST3 decimal(3,0), IMAX1 decimal(3,0),
  IMAX2 decimal(3,0), IMAX3 decimal(3,0), HHPHC varchar(1), PMAX decimal(5,0), PAPP decimal(5,0),
  ADPS decimal(3,0), MOTDETAT varchar(6), TENSION decimal(3,0))
"""
INDEXES = (*(f"EASF{slot:02}" for slot in range(1, 11)), *(f"EASD0{slot}" for slot in range(1, 5)))
FRAME = f"""
CREATE TABLE frame (
  ADSC {{bigint}}, VTIC {{tiny}}, {{q}}DATE{{q}} varchar(13), NGTF varchar(16), LTARF varchar(16),
  EAST varchar(9), {", ".join(f"{name} varchar(9)" for name in INDEXES)}, EAIT varchar(9),
  IRMS1 {{tiny}}, URMS1 {{tiny}}, PREF {{tiny}}, PCOUP {{tiny}}, SINSTS {{small}}, SMAXSN {{small}},
  SMAXSNMIN1 {{small}}, STGE varchar(8), MSG1 varchar(32), PRM varchar(14), RELAIS {{tiny}},
  NTARF {{tiny}}, NJOURF {{tiny}}, NJOURFPLUS1 {{tiny}}, PJOURFPLUS1 varchar(98),
  {{q}}TIME{{q}} {{timestamp}} PRIMARY KEY)
"""
TELEINFO = """
CREATE TABLE teleinfo (id {serial}, {q}time{q} {datetime}, papp int, ptec text, price int)
"""
TYPES = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY", "datetime": "datetime", "timestamp": "timestamp"},
    "mariadb": {
        "serial": "int AUTO_INCREMENT PRIMARY KEY",
        "datetime": "datetime",
        "timestamp": "timestamp",
        "bigint": "bigint unsigned",
        "tiny": "tinyint unsigned",
        "small": "smallint unsigned",
        "q": "`",
    },
    "postgresql": {
        "serial": "serial PRIMARY KEY",
        "datetime": "timestamp",
        "timestamp": "timestamp",
        "tiny": "smallint",
        "small": "integer",
    },
}


class Old:
    """A database of an older program."""

    def __init__(self, url):
        self.url = url
        kind = url.partition(":")[0]
        self.engine = sa.create_engine(sa.make_url(url).set(drivername=DRIVERS[kind]))
        self.types = {"bigint": "bigint", "tiny": "smallint", "small": "integer", "q": '"'}
        self.types |= TYPES[kind]

    def table(self, ddl, *rows):
        with self.engine.begin() as connection:
            connection.execute(sa.text(ddl.format(**self.types)))
            name = ddl.split()[2]
            found = sa.inspect(connection).get_columns(name)
            there = {column["name"].upper(): column["name"] for column in found}
            for row in rows:
                columns = [sa.column(there[key.upper()]) for key in row]
                into = sa.table(name, *columns)
                connection.execute(into.insert().values([tuple(row.values())]))
        return self.url


@pytest.fixture
def old(database_url):
    made = Old(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def sqlite(tmp_path):
    made = Old(f"sqlite:///{tmp_path / 'old.db'}")
    yield made
    made.engine.dispose()


@pytest.fixture
def run(tmp_path):
    """The function that imports into ``tmp_path / "kept.db"``."""
    config = tmp_path / "teleinfo.yaml"
    config.write_text(f"history: {{path: {tmp_path / 'kept.db'}}}\n")

    def run(source, kind, *options):
        arguments = ["history", "import", str(source), "--format", kind, *options]
        return CliRunner().invoke(program, [*arguments, "--config", str(config)])

    return run


@pytest.fixture
def history(tmp_path):
    database = Database(HistoryConfig(path=str(tmp_path / "kept.db")))
    yield database
    database.close()


@pytest.fixture
def written(history):
    """The function that reads the readings that were written, in order."""

    def read(*names):
        columns = [reading.c[name] for name in names] or reading.c
        with history.reading() as connection:
            rows = connection.execute(
                sa.select(*columns).order_by(reading.c.meter_id, reading.c.ts)
            )
            return [tuple(row) for row in rows] if names else rows.mappings().all()

    return read


def said(result, code=0):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def utc(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def hallard(when, hchc, hchp, **more):
    row = {"DATE": when, "ADCO": ADCO, "OPTARIF": "HC..", "ISOUSC": 30, "HCHC": hchc, "HCHP": hchp}
    return row | {"PTEC": "HP..", "IINST1": 2, "IMAX1": 47, "PAPP": 520} | more


def minutes(count, start=datetime(2026, 1, 14, 12), step=1):  # noqa: DTZ001  # legal time
    return [start + timedelta(minutes=step * number) for number in range(count)]


def write_csv(path, rows, **options):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


# --- the tables of older programs, in their own types


def test_the_table_of_hallard(old, run, written):
    rows = [
        hallard(when, 9205446, 11101473 + 10 * number, HHPHC="D", MOTDETAT="000000", TENSION=231)
        for number, when in enumerate(minutes(180))
    ]
    text = said(run(old.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert "180 rows read 180 new readings" in text
    assert f"meter {ADCO}: 2026-01-14 12:00:00 to 2026-01-14 14:59:00 (legal time)" in text
    assert "1.790 kWh HP" in text
    first = written()[0]
    told = {name: value for name, value in first.items() if value is not None}
    assert told | {"seq": 0} == {
        "meter_id": 1,
        "ts": utc(2026, 1, 14, 11),
        "seq": 0,
        "interval_s": 60,
        "local_dt": datetime(2026, 1, 14, 12),  # noqa: DTZ001
        "optarif": "HC..",
        "ptec": "HP..",
        "slot": 2,
        "hhphc": "D",
        "state": "000000",
        "isousc": 30,
        "papp": 520,
        "papp_min": 520,
        "papp_max": 520,
        "i1": 2,
        "imax1": 47,
        "u1": 231,
        "idx01": 9205446,
        "idx02": 11101473,
    }


def test_the_table_of_edgd1er(old, run, written, history):
    rows = [
        {
            "ADSC": int(ADSC),
            "VTIC": 2,
            "NGTF": "H PLEINE/CREUSE ",
            "LTARF": " HEURE  PLEINE  ",
            "DATE": f"H{when:%y%m%d%H%M%S}",
            "EAST": f"{30000000 + 10 * number:09}",
            **dict.fromkeys(INDEXES, "000000000"),
            "EASF01": "010000000",
            "EASF02": f"{20000000 + 10 * number:09}",
            "IRMS1": 2,
            "URMS1": 231,
            "PREF": 6,
            "PCOUP": 6,
            "SINSTS": 462,
            "SMAXSN": 3110,
            "STGE": "013AC401",
            "MSG1": "PAS DE          MESSAGE         ",
            "PRM": "19147412345678",
            "RELAIS": 0,
            "NTARF": 2,
            "NJOURF": 0,
            "NJOURFPLUS1": 0,
            "TIME": when,
        }
        for number, when in enumerate(minutes(90))
    ]
    text = said(run(old.table(FRAME, *rows), "frame"))
    assert "90 new readings" in text
    assert f"meter {ADSC}" in text
    assert "0.890 kWh HP" in text
    names = (
        "ts",
        "optarif",
        "ptec",
        "slot",
        "pref",
        "papp",
        "u1",
        "idx_total",
        "idx02",
        "interval_s",
    )
    assert written(*names)[0] == (
        *(utc(2026, 1, 14, 11), "HC..", "HP..", 2, 6, 462, 231, 30000000, 20000000, 60),
    )
    with history.reading() as connection:
        told = dict(connection.execute(sa.select(label.c.label, label.c.value)).all())
    assert told["PRM"] == "19147412345678"
    assert told["MSG1"] == "PAS DE          MESSAGE"
    assert told["SMAXSN"] == "03110"
    assert told["NJOURF+1"] == "00"


def test_the_table_of_robinroche(old, run, written):
    rows = [
        {"time": when, "papp": 500 + number, "ptec": "HC" if number < 5 else "HP", "price": 0}
        for number, when in enumerate(minutes(10))
    ]
    url = old.table(TELEINFO, *rows)
    assert "add --meter with its address" in said(run(url, "teleinfo"), 1)
    assert "no energy: it has no indexes" in said(run(url, "teleinfo", "--meter", ADCO))
    found = written("papp", "optarif", "ptec", "slot", "idx01")
    assert found[0] == (500, "HC..", "HC..", 1, None)
    assert found[9] == (509, "HC..", "HP..", 2, None)


def test_a_second_time_adds_nothing(old, run, written):
    url = old.table(TBL_TELEINFO, *(hallard(when, 0, 100) for when in minutes(30)))
    said(run(url, "tbl_teleinfo"))
    before = written()
    assert "0 new readings 30 known already" in said(run(url, "tbl_teleinfo"))
    assert written() == before


def test_a_dry_run_says_the_same_and_writes_nothing(sqlite, run, tmp_path, written):
    url = sqlite.table(TBL_TELEINFO, *(hallard(when, 0, 100) for when in minutes(30)))
    dry = said(run(url, "tbl_teleinfo", "--dry-run"))
    assert "30 rows read, nothing was written 30 would be new readings" in dry
    assert not (tmp_path / "kept.db").exists()
    real = said(run(url, "tbl_teleinfo"))
    assert dry.replace(", nothing was written", "").replace("would be ", "") == real
    before = written()
    assert "0 would be new readings 30 known" in said(run(url, "tbl_teleinfo", "--dry-run"))
    assert written() == before


def test_a_table_with_the_other_names_of_dashboards(sqlite, run, written):
    """BmdOnline knows programs that write unix seconds, no dots, and INST1."""
    ddl = (
        "CREATE TABLE house (TIMESTAMP int, ADCO text, OPTARIF text, HCHC int, HCHP int, "
        "PTEC text, INST1 int, PAPP int)"
    )
    ts = utc(2026, 1, 14, 11)
    row = {"ADCO": ADCO, "OPTARIF": "HC", "HCHC": 5, "HCHP": 6, "PTEC": "HC", "INST1": 3, "PAPP": 7}
    url = sqlite.table(ddl, *({"TIMESTAMP": ts + 60 * n} | row for n in range(3)))
    said(run(url, "tbl_teleinfo", "--table", "house"))
    assert written("ts", "optarif", "ptec", "i1", "papp", "idx01", "idx02")[0] == (
        *(ts, "HC..", "HC..", 3, 7, 5, 6),
    )


@pytest.mark.parametrize("told", ["BBR(", "BBR*", "BBR"])
def test_tempo_whatever_its_last_character(sqlite, run, written, told):
    columns = [f"BBR{period}" for period in ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")]
    row = {"DATE": "2026-01-14 12:00:00", "ADCO": ADCO, "OPTARIF": told, "PTEC": "HPJW"}
    indexes = {name: 100 + number for number, name in enumerate(columns)}
    said(run(sqlite.table(TBL_TELEINFO, row | indexes | {"DEMAIN": "ROUG"}), "tbl_teleinfo"))
    option = "BBR(" if told == "BBR" else told
    assert written("optarif", "slot", "demain", "idx01", "idx06") == [(option, 4, "ROUG", 100, 105)]


def test_indexes_of_other_contracts_are_passed_over(sqlite, run, written):
    rows = [
        hallard(when, 5, 6, BASE=0, EJPHN=0, EJPHPM=0, BBRHCJB=0, OPTARIF=option)
        for when, option in zip(minutes(2), ("HC..", None), strict=True)
    ]
    said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert written("optarif", "idx01", "idx02") == [("HC..", 5, 6), ("HC..", 5, 6)]


def test_a_row_that_lost_an_index_has_none(sqlite, run, written):
    rows = [hallard(when, hchc, 6) for when, hchc in zip(minutes(2), (5, None), strict=True)]
    said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert written("papp", "idx01", "idx02") == [(520, 5, 6), (520, None, None)]


def test_a_table_of_several_meters(sqlite, run, history):
    rows = [hallard(when, 5, 6, ADCO=adco) for adco in (ADCO, ADSC) for when in minutes(5)]
    url = sqlite.table(TBL_TELEINFO, *rows)
    text = said(run(url, "tbl_teleinfo", "--meter", ADSC))
    assert "5 new readings 5 refused: of another meter" in text
    said(run(url, "tbl_teleinfo"))
    with history.reading() as connection:
        assert set(connection.execute(sa.select(meter.c.adco)).scalars()) == {ADCO, ADSC}


def test_the_meter_is_known_from_the_first_row_to_the_last(sqlite, run, history):
    rows = [hallard(when, 5, 6, IINST2=1, IINST3=0) for when in minutes(40, step=12 * 60)]
    said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    with history.reading() as connection:
        found = connection.execute(meter.select()).one()
    assert (found.mode, found.phases) == ("historique", 3)
    assert found.first_seen == utc(2026, 1, 14, 11)
    assert found.last_seen == utc(2026, 2, 2, 23)


# --- what is refused


def test_indexes_that_fall_or_jump_are_left_out_and_powers_stay(sqlite, run, written):
    indexes = [1000, 1010, 0, 1020, 990, 1030, 900000, 1040]
    rows = [hallard(when, 0, wh) for when, wh in zip(minutes(8), indexes, strict=True)]
    text = said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert "2 left out: indexes: an index fell 1 left out: indexes: an index jumped" in text
    assert "8 new readings" in text
    assert [wh for (wh,) in written("idx02")] == [1000, 1010, None, 1020, None, 1030, None, 1040]
    assert "0.040 kWh HP" in text


def test_indexes_that_begin_anew_are_believed_after_a_while(sqlite, run, written):
    indexes = [*range(5000, 5050, 10), *range(0, 200, 10)]
    rows = [hallard(when, 0, wh) for when, wh in zip(minutes(25), indexes, strict=True)]
    said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    found = [wh for (wh,) in written("idx02")]
    assert found == indexes


def test_indexes_that_begin_anew_and_are_not_followed_are_not_believed(sqlite, run, written):
    indexes = [*range(5000, 5050, 10), *range(0, 90, 10)]
    rows = [hallard(when, 0, wh) for when, wh in zip(minutes(14), indexes, strict=True)]
    assert "9 left out: indexes: an index fell" in said(
        run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo")
    )
    assert [wh for (wh,) in written("idx02")] == [*indexes[:5], *[None] * 9]


def test_rows_without_what_makes_a_reading_are_counted_by_reason(sqlite, run):
    noon = datetime(2026, 1, 14, 12)  # noqa: DTZ001
    rows = [
        hallard(noon, 5, 6),
        hallard(None, 5, 6),
        hallard("0000-00-00 00:00:00", 5, 6),
        hallard(datetime(1970, 1, 1, 1), 5, 6),  # noqa: DTZ001
        hallard(datetime(2026, 3, 29, 2, 30), 5, 6),  # noqa: DTZ001
        hallard(noon, 5, 6, ADCO="not a meter"),
        hallard(noon + timedelta(minutes=1), 5, 6, PAPP=-1, PTEC="??"),
        hallard(noon + timedelta(minutes=1), 5, 6),
    ]
    text = said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert "8 rows read 2 new readings 1 of the second of another one" in text
    assert "2 refused: no time" in text
    assert "1 refused: a time before 2000 or in the future" in text
    assert "1 refused: a time that no legal clock showed" in text
    assert "1 refused: no address of a meter" in text
    assert "1 left out: PAPP has a value that no meter sends" in text
    assert "1 left out: PTEC has a value that no meter sends" in text


def test_a_source_of_which_nothing_can_be_used_is_a_failure(sqlite, run):
    url = sqlite.table(TBL_TELEINFO, hallard(None, 5, 6))
    assert "no row could be used" in said(run(url, "tbl_teleinfo"), 1)


# --- times


@pytest.mark.parametrize("number", ["ID", None])
def test_the_hour_that_occurs_twice_is_told_apart(tmp_path, run, written, number):
    """By the order of the rows or, where a file is sorted by its wall clock, by the indexes."""
    start = utc(2026, 10, 24, 22)
    rows = [
        {
            "ID": n,
            "DATE": str(local_time(start + 60 * n)),
            "ADCO": ADCO,
            "BASE": 10 * n + 10,
            "PAPP": 600,
        }
        for n in range(6 * 60)
    ]
    if number is None:
        rows = sorted(({**row, "ID": None} for row in rows), key=lambda row: row["DATE"])
        rows = [{key: row[key] for key in row if key != "ID"} for row in rows]
    source = write_csv(tmp_path / "old.csv", rows)
    said(run(source, "tbl_teleinfo"))
    found = written("ts", "idx01")
    assert found == [(start + 60 * n, 10 * n + 10) for n in range(6 * 60)]


def naive(hour, minute=0):
    return datetime(2026, 10, 25, hour, minute)  # noqa: DTZ001


TWICE = {
    "by number": (
        [(naive(2, 0), 1), (naive(2, 0), 3), (naive(2, 30), 2), (naive(2, 30), 4)],
        [(0, 0), (0, 30), (1, 0), (1, 30)],
    ),
    "hourly": ([(naive(2), 1), (naive(2), 2)], [(0, 0), (1, 0)]),
    "once": ([(naive(2), 1), (naive(2, 30), 2)], [(0, 0), (0, 30)]),
    "a clock set right by some seconds": (
        [
            (naive(2, 1), 1),
            (naive(2, 1).replace(second=30), 3),
            (naive(2, 1).replace(second=40), 2),
        ],
        [(0, 1), (0, 1), (0, 1)],
    ),
}


@pytest.mark.parametrize("name", TWICE)
def test_rows_of_the_hour_that_occurs_twice(name):
    rows, expected = TWICE[name]
    found = [ts for ts, _ in instants(Timed(time, None, number) for time, number in rows)]
    assert [ts // 60 for ts in found] == [utc(2026, 10, 25, *each) // 60 for each in expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-14 18:50:00", datetime(2026, 1, 14, 18, 50)),  # noqa: DTZ001
        ("2026-01-14T18:50:00Z", datetime(2026, 1, 14, 18, 50, tzinfo=UTC)),
        (utc(2026, 1, 14, 18, 50), datetime(2026, 1, 14, 18, 50, tzinfo=UTC)),
        (str(utc(2026, 1, 14, 18, 50)), datetime(2026, 1, 14, 18, 50, tzinfo=UTC)),
        ("14/01/2026", None),
        (12, None),
        (None, None),
        (b"x", None),
    ],
)
def test_times_of_all_kinds(value, expected):
    assert time_of(value) == expected


def test_the_time_between_rows_is_what_is_usual_in_the_source(sqlite, run, written):
    rows = [hallard(when, 0, 100) for when in minutes(40, step=10)]
    del rows[5:8]
    said(run(sqlite.table(TBL_TELEINFO, *rows), "tbl_teleinfo"))
    assert set(written("interval_s")) == {(600,)}


def test_the_size_of_batches_changes_nothing(sqlite, run, history, monkeypatch, tmp_path):
    rows = [
        hallard(when, 0, 7 * number, PAPP=400 + number % 90)
        for number, when in enumerate(minutes(600, step=5))
        if number % 50 > 3
    ]
    url = sqlite.table(TBL_TELEINFO, *rows)
    said(run(url, "tbl_teleinfo"))
    with history.reading() as connection:
        whole = sums(connection, ADCO)
    history.close()
    for file in tmp_path.glob("kept.db*"):
        file.unlink()
    monkeypatch.setattr(importing, "_TOO_MANY", 7)
    said(run(url, "tbl_teleinfo"))
    with history.reading() as connection:
        assert sums(connection, ADCO) == whole


def test_days_whose_readings_are_gone_stay_as_they_are(sqlite, run, history):
    url = sqlite.table(
        TBL_TELEINFO, *(hallard(when, 0, 10 * n) for n, when in enumerate(minutes(100, step=60)))
    )
    said(run(url, "tbl_teleinfo"))
    with history.writing() as connection:
        forget_before(connection, utc(2026, 1, 17))
        before = sums(connection, ADCO)
    text = said(run(url, "tbl_teleinfo"))
    assert "0 new readings" in text
    assert "of days whose readings are gone; their energy is known" in text
    with history.reading() as connection:
        assert sums(connection, ADCO) == before


# --- files


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_with_the_columns_of_a_table(tmp_path, run, written, delimiter):
    source = tmp_path / "dump.csv"
    lines = [
        ["id", "DATE", "ADCO", "OPTARIF", "BASE", "PTEC", "PAPP", "PMAX"],
        ["1", "2026-01-14 12:00:00", "12345678901", "BASE", "5", "TH..", "520", "NULL"],
        ["2", "2026-01-14 12:01:00", "12345678901", "BASE", "6.0", "TH..", "00530", "\\N"],
        ["3", "2026-01-14 12:02:00", "12345678901"],
    ]
    source.write_text("\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines))
    said(run(source, "tbl_teleinfo"))
    assert written("papp", "idx01", "pmax") == [(520, 5, None), (530, 6, None), (None, None, None)]


def test_json_lines_with_the_columns_of_a_table(tmp_path, run, written):
    source = tmp_path / "dump.jsonl"
    rows = [{"time": f"2026-01-14 12:0{n}:00", "papp": n} for n in range(3)]
    source.write_text(
        "\n".join(json.dumps(row | {"ptec": "HP"} if row["papp"] else row) for row in rows)
    )
    said(run(source, "teleinfo", "--meter", ADCO))
    assert written("papp", "slot") == [(0, None), (1, 2), (2, 2)]


FAULTY_FILES = {
    "": "there is nothing in it",
    "just a line\n": "the first line is no header",
    "time,papp\n1,2,3\n": "line 2 has more fields than the header",
    '{"time": 1}\n[2]\n': "line 2 is no JSON object",
    '{"time": 1\n': "line 1 is no JSON object",
    "when,papp\n1,2\n": "lacks a column with the time",
    "time,price\n1,2\n": "lacks a column with power or an index",
}


@pytest.mark.parametrize("content", FAULTY_FILES)
def test_a_file_that_is_something_else(tmp_path, run, content):
    source = tmp_path / "old.csv"
    source.write_text(content)
    text = said(run(source, "teleinfo", "--meter", ADCO), 1)
    assert FAULTY_FILES[content] in text
    assert str(source) in text


def test_a_file_of_bytes_at_random(tmp_path, run):
    source = tmp_path / "old.csv"
    source.write_bytes(os.urandom(4000))
    said(run(source, "teleinfo", "--meter", ADCO), 1)


def test_own_files_are_checked_like_foreign_ones(tmp_path, run, written):
    rows = [
        {"ts": utc(2026, 1, 14, 11, n), "adco": ADCO, "optarif": "HC..", "papp": papp, "idx01": wh}
        | {"idx02": 7, "ptec": "HC.."}
        for n, (papp, wh) in enumerate([(520, 1), ("x", 2), (10**12, 3), (530, -4), (540, 5)])
    ]
    text = said(run(write_csv(tmp_path / "own.csv", rows), "csv"))
    assert "2 left out: papp has a value that no meter sends" in text
    assert "1 left out: idx01 has a value that no meter sends" in text
    assert written("papp", "idx01", "idx02") == [
        *((520, 1, 7), (None, 2, 7), (None, 3, 7), (530, None, None), (540, 5, 7)),
    ]


# --- what can go wrong around it


def test_a_table_that_is_not_there(old, run):
    url = old.table(TELEINFO)
    text = said(run(url, "tbl_teleinfo"), 1)
    assert "there is no table tbl_teleinfo or DbiTeleinfo; it has teleinfo" in text
    assert "--table names another" in text
    assert "pass" not in text


def test_a_table_with_other_columns(old, run):
    url = old.table(TELEINFO)
    text = said(run(url, "frame", "--table", "teleinfo"), 1)
    assert "lacks a column with power or an index, which is one of EAST, SINSTS" in text
    assert "Is this the right --format?" in text


def test_a_file_that_is_not_there(tmp_path, run):
    for source in (tmp_path / "none.csv", f"sqlite:///{tmp_path / 'none.db'}", tmp_path):
        text = said(run(source, "tbl_teleinfo"), 1)
        assert "No such file" in text or "Is a directory" in text
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_may_not_be_read(tmp_path, as_nobody):
    source = tmp_path / "old.csv"
    source.write_text("time,papp\n")
    source.chmod(0)
    with as_nobody(), pytest.raises(TransferError, match="Permission denied"):
        load_file(source)


def test_a_file_that_is_no_database(tmp_path, run):
    (tmp_path / "old.db").write_text("something else, and long enough for a header of SQLite" * 9)
    text = said(run(f"sqlite:///{tmp_path / 'old.db'}", "tbl_teleinfo"), 1)
    assert "it cannot be read: file is not a database" in text


def test_a_source_is_not_touched(tmp_path, sqlite, run):
    url = sqlite.table(TBL_TELEINFO, hallard(minutes(1)[0], 5, 6))
    sqlite.engine.dispose()
    before = (tmp_path / "old.db").read_bytes()
    said(run(url, "tbl_teleinfo"))
    assert (tmp_path / "old.db").read_bytes() == before
    assert [path.name for path in tmp_path.glob("old.db*")] == ["old.db"]


def test_a_server_that_does_not_answer(free_port, run):
    for scheme in ("mariadb", "postgresql"):
        url = f"{scheme}://me:secret@127.0.0.1:{free_port()}/house"
        text = said(run(url, "tbl_teleinfo"), 1)
        assert f"{scheme}://me:***@127.0.0.1" in text
        assert "it cannot be read" in text
        assert "secret" not in text


def test_a_wrong_password(database_server, run):
    with database_server.database() as url:
        text = said(run(url.replace("pass", "guess"), "tbl_teleinfo"), 1)
    assert "it cannot be read" in text
    assert "guess%40" not in text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("oracle://me:secret@127.0.0.1/house", "a source is the path of a file, or a URL"),
        ("mysql://me:secret@127.0.0.1", "such a URL ends with a / and the name of a database"),
        ("mysql://me:secret@127.0.0.1/a b", "such a URL ends with a / and the name of a database"),
        ("${NO_SUCH_VARIABLE}", "the environment variable 'NO_SUCH_VARIABLE' is not set"),
        ("file:/no/such/file", "cannot be read"),
    ],
)
def test_a_source_that_is_none(run, source, expected):
    text = said(run(source, "tbl_teleinfo"), 1)
    assert expected in text
    assert "secret@" not in text


def test_a_source_by_reference(sqlite, run, monkeypatch, tmp_path):
    url = sqlite.table(TBL_TELEINFO, hallard(minutes(1)[0], 5, 6))
    monkeypatch.setenv("OLD_HISTORY", url)
    assert "1 new readings" in said(run("${OLD_HISTORY}", "tbl_teleinfo"))
    (tmp_path / "secret.url").write_text(f"{url}\n")
    assert "1 known already" in said(run(f"file:{tmp_path / 'secret.url'}", "tbl_teleinfo"))


@pytest.mark.parametrize("options", [["--meter", "12"], ["--format", "excel"]])
def test_wrong_use(run, options):
    assert run("old.csv", "teleinfo", *options).exit_code == 2


@pytest.mark.parametrize(("missing", "told"), [("rich", False), ("", True)])
def test_a_bar_shows_how_far_it_is_where_somebody_watches(sqlite, tmp_path, missing, told):
    rows = [hallard(when, 0, 100) for when in minutes(1500)]
    url = sqlite.table(TBL_TELEINFO, *rows)
    (tmp_path / "teleinfo.yaml").write_text(f"history: {{path: {tmp_path / 'kept.db'}}}\n")
    code = (
        f"import sys; sys.modules[{missing or 'none'!r}] = None\n"
        "from teleinfo_gateway.cli import main\nmain()"
    )
    master, slave = pty.openpty()
    arguments = ["history", "import", url, "--format", "tbl_teleinfo"]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--config", str(tmp_path / "teleinfo.yaml")],
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**os.environ, "TERM": "xterm"},
        text=True,
        timeout=30,
        check=True,
    )
    os.close(slave)
    shown = os.read(master, 65536) if told else b""
    os.close(master)
    assert "1500 new readings" in " ".join(result.stdout.split())
    assert (b"rows" in shown) is told
