"""The views with the names of older programs, asked with the queries of those programs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.periods import local_time
from teleinfo_gateway.history.sampling import LabelRow
from teleinfo_gateway.history.schema import counter, meter, reading
from teleinfo_gateway.history.views import View, ViewError, create_view

from . import histories
from .histories import ADCO, a_reading, put

history = histories.history  # a fixture, on each kind of database

OTHER = "041876097767"
LAST = datetime(2026, 1, 14, 18, 50, tzinfo=UTC)
STEP_S = 3600
YEAR = [int(LAST.timestamp()) - STEP_S * n for n in reversed(range(365 * 24))]

BBR_PTEC = ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")
PTEC = {"BASE": ("TH..",), "HC..": ("HC..", "HP.."), "EJP.": ("HN..", "PM.."), "BBR(": BBR_PTEC}
INDEXES = {
    "BASE": ("BASE",),
    "HC..": ("HCHC", "HCHP"),
    "EJP.": ("EJPHN", "EJPHPM"),
    "BBR(": tuple(f"BBR{ptec}" for ptec in BBR_PTEC),
}
OPTION = {"BASE": "BASE", "HC..": "HC..", "EJP.": "EJP.", "BBR(": "BBR"}


def fill(connection, optarif, adco=ADCO):
    """A year, a reading each hour, each of them in the next slot."""
    slots = len(PTEC[optarif])
    rows = []
    for n, ts in enumerate(YEAR):
        steps, now = divmod(n, slots)
        rows.append(
            {
                "meter_id": 1,
                "ts": ts,
                "seq": n + 1,
                "local_dt": local_time(ts),
                "interval_s": STEP_S,
                "optarif": optarif,
                "ptec": PTEC[optarif][now],
                "slot": now + 1,
                "demain": "----",
                "hhphc": "A",
                "state": "000000",
                "isousc": 45,
                "papp": 500 + n % 3000,
                "i1": 2 + n % 15,
                "imax1": 40,
                **{
                    f"idx{slot:02}": 1_000_000 * slot + 250 * (steps + (now >= slot - 1))
                    for slot in range(1, slots + 1)
                },
            }
        )
    connection.execute(
        meter.insert().values(id=1, adco=adco, name="house", first_seen=YEAR[0], last_seen=YEAR[-1])
    )
    connection.execute(reading.insert(), rows)
    connection.execute(counter.update().values(last=len(rows)))
    return rows


def make(connection, kind, name=None, adco=ADCO, **options):
    create_view(connection, View(kind, name or kind, adco, **options))


def ask(connection, query, **values):
    """Rows with their columns by upper-case name: PostgreSQL has them all in lower case."""
    rows = connection.execute(sa.text(query), values).mappings()
    return [{name.upper(): value for name, value in row.items()} for row in rows]


def as_stored(connection, moment):
    """A wall clock as it is compared with: a text where there is no type for it."""
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    return text if connection.dialect.name == "sqlite" else moment


# --- BmdOnline on tbl_teleinfo


@pytest.fixture(params=PTEC)
def tbl_teleinfo(history, request):
    """A connection to a year of one option, the rows and the names of that option."""
    with history.writing() as connection:
        rows = fill(connection, request.param)
        make(connection, "tbl_teleinfo")
    with history.reading() as connection:
        yield connection, rows, request.param


def test_contract_and_instantly(tbl_teleinfo):
    connection, rows, option = tbl_teleinfo
    latest = "FROM tbl_teleinfo WHERE DATE = (SELECT MAX(DATE) FROM tbl_teleinfo)"
    assert ask(connection, f"SELECT OPTARIF, ISOUSC {latest}") == [
        {"OPTARIF": OPTION[option], "ISOUSC": 45}
    ]
    columns = "PAPP, IINST1, ISOUSC, OPTARIF, PTEC, DEMAIN"
    (now,) = ask(connection, f"SELECT {columns} {latest}")
    assert now == {
        "PAPP": rows[-1]["papp"],
        "IINST1": rows[-1]["i1"],
        "ISOUSC": 45,
        "OPTARIF": OPTION[option],
        "PTEC": rows[-1]["ptec"],
        "DEMAIN": "----",
    }
    indexes = ", ".join(f"MAX({index}) AS {index}" for index in INDEXES[option])
    since = as_stored(connection, local_time(YEAR[-1]) - timedelta(days=1))
    (most,) = ask(
        connection,
        f"SELECT MAX(PAPP) AS PAPP, MAX(IINST1) AS IINST1, {indexes} FROM tbl_teleinfo "  # noqa: S608  # words of this file
        "WHERE DATE BETWEEN :since AND :until",
        since=since,
        until=as_stored(connection, local_time(YEAR[-1])),
    )
    assert most == {
        "PAPP": max(row["papp"] for row in rows[-25:]),
        "IINST1": max(row["i1"] for row in rows[-25:]),
        **{index: rows[-1][f"idx{slot:02}"] for slot, index in enumerate(INDEXES[option], 1)},
    }


def test_daily(tbl_teleinfo):
    connection, rows, option = tbl_teleinfo
    indexes = ", ".join(INDEXES[option])
    found = ask(
        connection,
        f"SELECT DATE, PAPP, IINST1, OPTARIF, PTEC, {indexes} FROM tbl_teleinfo "  # noqa: S608  # the same
        "WHERE DATE BETWEEN :since AND :until ORDER BY DATE",
        since=as_stored(connection, local_time(YEAR[-1]) - timedelta(days=2)),
        until=as_stored(connection, local_time(YEAR[-1])),
    )
    assert [row["PAPP"] for row in found] == [row["papp"] for row in rows[-49:]]
    assert [row["PTEC"] for row in found] == [row["ptec"] for row in rows[-49:]]
    assert {row["OPTARIF"] for row in found} == {OPTION[option]}
    last = {index: rows[-1][f"idx{slot:02}"] for slot, index in enumerate(INDEXES[option], 1)}
    assert found[-1].items() >= last.items()


PERIODS = {
    # In the words of MariaDB, PostgreSQL and SQLite.
    "jours": ("%a %e", "Dy FMDD", "%Y-%m-%d"),
    "semaines": ("sem %v (%x)", '"sem "IW" ("IYYY")"', "%W (%Y)"),
    "mois": ("%b (%Y)", "Mon (YYYY)", "%m (%Y)"),
    "ans": ("%b %Y", "Mon YYYY", "%m %Y"),
}
SPAN = {"jours": 8, "semaines": 8 * 7, "mois": 300, "ans": 364}


def test_history(tbl_teleinfo):
    for period in PERIODS:
        hold_history_against_its_rows(*tbl_teleinfo, period)


def hold_history_against_its_rows(connection, rows, option, period):
    mariadb, postgresql, sqlite = PERIODS[period]
    name, first = {
        "mysql": (f"DATE_FORMAT(DATE, '{mariadb}')", "DATE"),
        "postgresql": (f"to_char(DATE, '{postgresql}')", "MIN(DATE)"),
        "sqlite": (f"strftime('{sqlite}', DATE)", "MIN(DATE)"),
    }[connection.dialect.name]
    used = ", ".join(
        f"ROUND((MAX(NULLIF({index}, 0)) - MIN(NULLIF({index}, 0))) / 1000, 1) AS {index}"
        for index in INDEXES[option]
    )
    since = local_time(YEAR[-1]) - timedelta(days=SPAN[period])
    found = ask(
        connection,
        f"SELECT {name} AS PERIODE, {used} FROM tbl_teleinfo "  # noqa: S608  # the same
        f"WHERE DATE BETWEEN :since AND :until GROUP BY PERIODE ORDER BY {first}",
        since=as_stored(connection, since),
        until=as_stored(connection, local_time(YEAR[-1])),
    )
    assert len(found) in {"jours": {9}, "semaines": {9, 10}, "mois": {11}, "ans": {12, 13}}[period]
    inside = [row for row in rows if row["local_dt"] >= since]
    slots = len(INDEXES[option])
    expected = sum(inside[-1][f"idx{s:02}"] - inside[0][f"idx{s:02}"] for s in range(1, slots + 1))
    told = sum(float(row[index] or 0) for row in found for index in INDEXES[option])
    # What is used between two periods is in neither, and each is rounded (MariaDB) or cut.
    assert told <= expected / 1000 + 0.1 * slots * len(found)
    assert told >= expected / 1000 - (0.25 + 1) * slots * len(found)


def test_on_mariadb_its_times_are_right_where_the_session_is_in_legal_time(mariadb):
    with mariadb.database() as url:
        database = Database(HistoryConfig(url=url))
        database.prepare()
        with database.writing() as connection:
            fill(connection, "HC..")
            make(connection, "tbl_teleinfo")
        with database.reading() as connection:
            query = "SELECT MAX(UNIX_TIMESTAMP(DATE)) AS ts FROM tbl_teleinfo"
            for zone, wrong_s in (("+01:00", 0), ("+00:00", 3600)):
                connection.execute(sa.text(f"SET time_zone = '{zone}'"))
                assert ask(connection, query) == [{"TS": YEAR[-1] + wrong_s}]
            connection.execute(sa.text("SET time_zone = DEFAULT"))
            plan = ask(
                connection,
                "EXPLAIN SELECT PAPP FROM tbl_teleinfo "
                "WHERE DATE BETWEEN '2026-01-13' AND '2026-01-14'",
            )
            assert "ix_ti_reading_local" in {row["KEY"] for row in plan}
        database.close()


# --- options that the dashboards do not know


def test_ejp_as_hc_shows_what_was_used(history):
    with history.writing() as connection:
        rows = fill(connection, "EJP.")
        make(connection, "tbl_teleinfo", ejp_as_hc=True)
        make(connection, "teleinfo", ejp_as_hc=True)
        found = ask(
            connection,
            "SELECT OPTARIF, PTEC, HCHC, HCHP, EJPHN, EJPHPM FROM tbl_teleinfo ORDER BY ID",
        )
        assert {row["OPTARIF"] for row in found} == {"HC.."}
        as_hc = {"HN..": "HC..", "PM..": "HP.."}
        assert [row["PTEC"] for row in found] == [as_hc[row["ptec"]] for row in rows]
        assert [row["HCHC"] for row in found] == [row["idx01"] for row in rows]
        assert [row["HCHP"] for row in found] == [row["idx02"] for row in rows]
        assert {(row["EJPHN"], row["EJPHPM"]) for row in found} == {(None, None)}
        prices = ask(connection, "SELECT DISTINCT ptec, price FROM teleinfo ORDER BY price")
        assert prices == [{"PTEC": "HC", "PRICE": 0}, {"PTEC": "HP", "PRICE": 1}]


def test_a_calendar_of_its_own_is_one_rate(history):
    with history.writing() as connection:
        own = {"optarif": "ZEN FLEX", "ptec": "HEURE SOBRIETE", "state": "003A0001"}
        put(connection, a_reading(YEAR[0], 10, 20, idx_total=30, papp=900, **own))
        make(connection, "tbl_teleinfo")
        make(connection, "teleinfo")
        (row,) = ask(connection, "SELECT * FROM tbl_teleinfo")
        told = {name: value for name, value in row.items() if value is not None}
        assert told == {
            "ID": YEAR[0],
            "DATE": as_stored(connection, local_time(YEAR[0])),
            "ADCO": ADCO,
            "OPTARIF": "BASE",
            "BASE": 30,
            "PTEC": "TH..",
            "PAPP": 900,
        }
        (row,) = ask(connection, "SELECT ptec, price FROM teleinfo")
        assert row == {"PTEC": "TH", "PRICE": 0}


@pytest.mark.parametrize("optarif", ["BBR(", "BBR*", "EJP.", "EJP"])
def test_what_varies_in_an_option_is_not_shown(history, optarif):
    with history.writing() as connection:
        put(connection, a_reading(YEAR[0], 10, 20, optarif=optarif))
        make(connection, "tbl_teleinfo")
        (row,) = ask(connection, "SELECT OPTARIF, BASE, BBRHPJB, EJPHPM FROM tbl_teleinfo")
        tempo = optarif.startswith("BBR")
        assert row == {
            "OPTARIF": "BBR" if tempo else "EJP.",
            "BASE": None,
            "BBRHPJB": 20 if tempo else None,
            "EJPHPM": None if tempo else 20,
        }


def test_a_frame_that_lost_its_option_is_not_shown(history):
    with history.writing() as connection:
        put(connection, a_reading(YEAR[0], optarif=None, papp=900))
        make(connection, "tbl_teleinfo")
        make(connection, "teleinfo")
        assert ask(connection, "SELECT 1 FROM tbl_teleinfo") == []
        assert ask(connection, "SELECT 1 FROM teleinfo") == []


def test_a_view_has_the_columns_of_its_table(history):
    columns = {
        "tbl_teleinfo": "ID DATE ADCO OPTARIF ISOUSC BASE HCHC HCHP BBRHCJB BBRHPJB BBRHCJW "
        "BBRHPJW BBRHCJR BBRHPJR DEMAIN EJPHN EJPHPM PEJP PTEC IINST1 IINST2 IINST3 IMAX1 IMAX2 "
        "IMAX3 HHPHC PMAX PAPP ADPS MOTDETAT TENSION",
        "teleinfo": "ID TIME PAPP PTEC PRICE",
        "frame": "ADSC VTIC DATE NGTF LTARF EAST EASF01 EASF02 EASF03 EASF04 EASF05 EASF06 EASF07 "
        "EASF08 EASF09 EASF10 EASD01 EASD02 EASD03 EASD04 EAIT IRMS1 IRMS2 IRMS3 URMS1 URMS2 URMS3 "
        "PREF PCOUP UMOY1 UMOY2 UMOY3 RELAIS NTARF NJOURF NJOURFPLUS1 SINSTS SINSTS1 SINSTS2 "
        "SINSTS3 SMAXSN SMAXSN1 SMAXSN2 SMAXSN3 SMAXSNMIN1 CCASN CCASNMIN1 STGE MSG1 PRM "
        "PJOURFPLUS1 TIME",
        "teleinfo_frames": "TIME TOTAL_ACTIVE_ENERGY INSTANT_APPARENT_POWER "
        "INSTANT_APPARENT_INJECTED_POWER",
    }
    with history.writing() as connection:
        for kind in columns:
            make(connection, kind)
    with history.reading() as connection:
        for kind, names in columns.items():
            found = sa.inspect(connection).get_columns(kind)
            assert {each["name"].upper() for each in found} == set(names.split())
            assert len(found) == len(names.split())


# --- the others


def test_the_last_day_of_robinroche(history):
    with history.writing() as connection:
        rows = fill(connection, "HC..")
        make(connection, "teleinfo")
        query = "SELECT time, papp, ptec, price FROM teleinfo ORDER BY id DESC LIMIT 1440"
        found = ask(connection, query)
        assert [row["PAPP"] for row in found] == [row["papp"] for row in rows[:-1441:-1]]
        assert {(row["PTEC"], row["PRICE"]) for row in found} == {("HC", 0), ("HP", 1)}


def test_the_hours_of_edgd1er(history):
    with history.writing() as connection:
        rows = fill(connection, "HC..")
        make(connection, "frame")
        mean, hour = {
            "mysql": ("CEIL(AVG(SINSTS))", "DATE_FORMAT(TIME, '%Y-%m-%d %H')"),
            "postgresql": ("CEIL(AVG(SINSTS))", "to_char(TIME, 'YYYY-MM-DD HH24')"),
            "sqlite": ("ROUND(AVG(SINSTS) + 0.49)", "strftime('%Y-%m-%d %H', TIME)"),
        }[connection.dialect.name]
        found = ask(
            connection,
            f"SELECT {hour} AS hour, {mean} AS power FROM frame GROUP BY hour "  # noqa: S608  # the same
            "ORDER BY hour DESC LIMIT 24",
        )
        assert found[0] == {"HOUR": "2026-01-14 19", "POWER": rows[-1]["papp"]}
        assert len(found) == 24


def test_a_frame_says_what_stood_at_its_time(history):
    def said(ts, label, value):
        return LabelRow(ADCO, ts, label, value, None)

    first, second = YEAR[:2]
    standard = {"idx_total": 30, "idx_inj": 7, "u1": 231, "pref": 6, "state": "003A0001"}
    with history.writing() as connection:
        put(
            connection,
            a_reading(first, 10, 20, papp=900, **standard),
            a_reading(second, 10, 21, papp=901, **standard),
            *(
                said(first, *told)
                for told in (
                    ("NGTF", "H PLEINE/CREUSE"),
                    ("LTARF", "HEURE CREUSE"),
                    ("SMAXSN-1", "04210"),
                    ("NJOURF+1", "00"),
                    ("PJOURF+1", "00004003"),
                    ("VTIC", "02"),
                    ("UMOY1", "230"),
                )
            ),
            said(second, "LTARF", "HEURE PLEINE"),
        )
        make(connection, "frame")
        before, after = ask(connection, "SELECT * FROM frame ORDER BY TIME")
        told = {name: value for name, value in before.items() if value is not None}
        assert told == {
            "TIME": as_stored(connection, local_time(first)),
            "ADSC": ADCO, "STGE": "003A0001", "EAST": 30, "EAIT": 7, "EASF01": 10, "EASF02": 20,
            "PREF": 6, "NTARF": 1, "SINSTS": 900, "URMS1": 231, "UMOY1": 230, "VTIC": 2,
            "NGTF": "H PLEINE/CREUSE", "LTARF": "HEURE CREUSE", "SMAXSNMIN1": 4210,
            "NJOURFPLUS1": 0, "PJOURFPLUS1": "00004003",
        }  # fmt: skip
        assert (after["LTARF"], after["NGTF"]) == ("HEURE PLEINE", "H PLEINE/CREUSE")


def test_the_frames_of_alexandrevilain_are_in_utc(history):
    with history.writing() as connection:
        put(
            connection,
            a_reading(YEAR[0], 10, 20, idx_total=35, papp=900, pinj=5),  # standard
            a_reading(YEAR[1], 11, 21, papp=901),  # historique
            a_reading(YEAR[2], papp=902),  # lost its indexes
        )
        make(connection, "teleinfo_frames")
        found = ask(connection, "SELECT * FROM teleinfo_frames ORDER BY time")
        aware = connection.dialect.name == "postgresql"
        times = [datetime.fromtimestamp(ts, UTC) for ts in YEAR[:3]]
        if not aware:
            times = [as_stored(connection, time.replace(tzinfo=None)) for time in times]
        assert [row.pop("TIME") for row in found] == times
        assert [tuple(row.values()) for row in found] == [(35, 900, 5), (32, 901, None), (
            None, 902, None,
        )]  # fmt: skip


# --- making them


def test_there_is_one_for_each_meter(history):
    with history.writing() as connection:
        put(connection, a_reading(YEAR[0], 10, 20, papp=900))
        put(connection, a_reading(YEAR[0], 30, 40, adco=OTHER, papp=800), adco=OTHER)
        make(connection, "tbl_teleinfo", "tbl_house")
        make(connection, "tbl_teleinfo", "tbl_barn", OTHER)
        for name, power in (("tbl_house", 900), ("tbl_barn", 800)):
            assert ask(connection, f"SELECT PAPP FROM {name}") == [  # noqa: S608  # the same
                {"PAPP": power}
            ]


def test_a_name_is_written_as_queries_write_it(history):
    """Twice: it is found again by the name that it was given."""
    with history.writing() as connection:
        put(connection, a_reading(YEAR[0], 10, 20, papp=900))
        for _ in range(2):
            make(connection, "tbl_teleinfo", "DbiTeleinfo")
        assert ask(connection, "SELECT PAPP FROM DbiTeleinfo") == [{"PAPP": 900}]


def test_a_view_of_ours_is_replaced_and_nothing_of_others(history):
    with history.writing() as connection:
        put(connection, a_reading(YEAR[0], 10, 20, papp=900))
        make(connection, "teleinfo", "v")
        make(connection, "tbl_teleinfo", "v")
        assert ask(connection, "SELECT PTEC, HCHP FROM v")[0]["HCHP"] == 20
        connection.execute(sa.text("CREATE VIEW theirs AS SELECT 1 AS one"))
        connection.execute(sa.text("CREATE TABLE teleinfo (id INTEGER)"))
        with pytest.raises(ViewError, match="another program's view is called theirs"):
            make(connection, "teleinfo", "theirs")
        with pytest.raises(ViewError, match="a table called teleinfo"):
            make(connection, "teleinfo")
        assert ask(connection, "SELECT one FROM theirs") == [{"ONE": 1}]


@pytest.mark.parametrize("name", ["", "1a", "a b", 'a"b', "a;b", "é", "x" * 64, "ti_x", "TI_X"])
def test_a_name_is_plain(name):
    with pytest.raises(ViewError, match="cannot be called"):
        View("teleinfo", name, ADCO)


# --- the command


@pytest.fixture
def told(database_url, tmp_path):
    """The function that runs the command on a configuration with a history of two meters."""
    sqlite = database_url.startswith("sqlite")
    place = {"path": str(tmp_path / "history.db")} if sqlite else {"url": database_url}
    config = tmp_path / "teleinfo.yaml"
    ((key, value),) = place.items()
    config.write_text(f'history: {{{key}: "{value}"}}', encoding="utf-8")
    database = Database(HistoryConfig(**place))
    database.prepare()
    with database.writing() as connection:
        put(connection, a_reading(YEAR[0], 10, 20, papp=900))
        put(connection, a_reading(YEAR[0], adco=OTHER, papp=800), adco=OTHER, name="barn")

    def run(*arguments):
        command = ["history", "view", *arguments, "--config", str(config)]
        result = CliRunner().invoke(teleinfo, command)
        return result.exit_code, result.output

    yield run, database
    database.close()


def test_the_command_makes_a_view(told):
    run, database = told
    code, text = run("tbl_teleinfo", "--meter", "house", "--name", "tbl_house")
    assert (code, text) == (0, f"tbl_house: house in {database.name}\n")
    assert run("tbl_teleinfo", "--meter", OTHER)[0] == 0
    with database.reading() as connection:
        assert ask(connection, "SELECT PAPP FROM tbl_house") == [{"PAPP": 900}]
        assert ask(connection, "SELECT PAPP FROM tbl_teleinfo") == [{"PAPP": 800}]


def test_the_command_prints_what_makes_the_same_view(told):
    run, database = told
    code, text = run("frame", "--meter", "house", "--print")
    assert code == 0
    with database.writing() as connection:
        assert "frame" not in sa.inspect(connection).get_view_names()
        connection.exec_driver_sql(text.rstrip(";\n"))
        assert ask(connection, "SELECT SINSTS FROM frame") == [{"SINSTS": 900}]


def test_the_command_says_what_is_wrong(told):
    run, _ = told
    code, text = run("teleinfo")
    assert code == 1
    assert re.search(r"which meter\? .*house \(\d{12}\)", text)
    assert run("teleinfo", "--meter", "nobody")[0] == 1
    assert "cannot be called" in run("teleinfo", "--meter", "barn", "--name", "a b")[1]
    assert "no section sql" in run("teleinfo", "--meter", "barn", "--sql")[1]
    assert run("nothing")[0] == 2


def test_the_command_works_on_the_copy_too(database_server, tmp_path):
    with database_server.database() as url:
        config = tmp_path / "teleinfo.yaml"
        config.write_text(f'sql: {{url: "{url}"}}', encoding="utf-8")
        database = Database(HistoryConfig(url=url))
        database.prepare()
        with database.writing() as connection:
            put(connection, a_reading(YEAR[0], 10, 20, papp=900))
        for command in (["view", "teleinfo"], ["migrate"]):
            result = CliRunner().invoke(
                teleinfo, ["history", *command, "--sql", "--config", str(config)]
            )
            assert result.exit_code == 0, result.output
            assert "***" in result.output
        with database.reading() as connection:
            assert ask(connection, "SELECT papp FROM teleinfo") == [{"PAPP": 900}]
        database.close()
