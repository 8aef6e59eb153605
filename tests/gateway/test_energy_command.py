"""``teleinfo energy``: what stands in the history, as a table and as bars."""

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo as program
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.output import COMMIT_S
from teleinfo_gateway.history.periods import local_time

from .histories import ADCO, a_reading, put

OTHER = "041876097767"
MIDNIGHT = int(datetime(2026, 1, 11, 23, tzinfo=UTC).timestamp())
"""With which Monday, the 12th of January, begins."""
HOUR = 3600
DAY = 24 * HOUR

CONTRACTS = [
    {
        "name": "hc-6",
        "meter": "house",
        "option": "HC",
        "prices": [
            {"from": "2025-01-01", "subscription": 31, "energy": {"HC": 1, "HP": 2}, "source": "us"}
        ],
    },
    {
        "name": "flat",
        "option": "BASE",
        "prices": [
            {"from": "2025-01-01", "subscription": 62, "energy": {"BASE": 3}, "source": "us"}
        ],
    },
    {
        "name": "blue",
        "option": "TEMPO",
        "prices": [
            {
                "from": "2025-01-01",
                "subscription": 31,
                "energy": dict.fromkeys(("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"), 1),
                "source": "us",
            }
        ],
    },
]


def three_days(start=MIDNIGHT, adco=ADCO, **columns):
    """A kWh an hour: HC until 8 o'clock, else HP."""
    hc, hp = 10_000, 20_000
    for minute in range(0, 3 * 24 * 60 + 1, 10):
        off_peak = minute % 1440 < 480
        yield a_reading(
            start + 60 * minute,
            *(hc, hp),
            adco=adco,
            interval_s=600,
            slot=1 if off_peak else 2,
            papp=1000,
            **columns,
        )
        hc, hp = (hc + 1000, hp) if off_peak else (hc, hp + 1000)


@pytest.fixture
def database(tmp_path):
    made = Database(HistoryConfig(path=str(tmp_path / "kept.db")))
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def config(tmp_path):
    """The function that writes a configuration of that database."""

    def write(**more):
        file = tmp_path / "teleinfo.yaml"
        told = {"history": {"path": str(tmp_path / "kept.db")}} | more
        file.write_text(yaml.safe_dump(json.loads(json.dumps(told))))
        return file

    return write


@pytest.fixture
def energy(config):
    def run(*options, **more):
        file = config(**more)
        result = CliRunner().invoke(program, ["energy", *options, "--config", str(file)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def house(database):
    with database.writing() as connection:
        rows = list(three_days())
        put(connection, rows[0])
        put(connection, *rows)
    return database


FROM = ("--from", "2026-01-12", "--to", "2026-01-14")


def table(result):
    """The rows of the table, by their first column."""
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.split("\n\n")[1].splitlines()]
    return {line[0]: line[1:] for line in lines}


def test_days_by_slot(house, energy):
    result = energy(*FROM)
    assert result.stdout.startswith(f"house ({ADCO}), kWh\n")
    assert table(result) == {
        "PERIOD": ["HC", "HP", "TOTAL", "SEEN"],
        "2026-01-12": ["48.00", "96.00", "144.00", "100", "%"],
        "2026-01-13": ["48.00", "96.00", "144.00", "100", "%"],
        "2026-01-14": ["48.00", "96.00", "144.00", "100", "%"],
        "TOTAL": ["144.00", "288.00", "432.00"],
    }


@pytest.mark.parametrize(
    ("by", "period", "total"),
    [
        ("hour", "2026-01-12", "6.000"),
        ("week", "2026-W03", "432.0"),
        ("month", "2026-01", "432.0"),
        ("year", "2026", "432"),
    ],
)
def test_other_periods(house, energy, by, period, total):
    assert total in table(energy(*FROM, "--by", by))[period]


def test_everything_fits_in_80_columns_also_with_six_slots(database, energy):
    rows = [
        a_reading(MIDNIGHT + HOUR * n, *(10**6 + n * 1111 * slot for slot in range(1, 7)))
        for n in range(49)
    ]
    for row in rows:
        row.columns.update(optarif="BBR(", interval_s=HOUR)
    with database.writing() as connection:
        put(connection, *rows)
    for by in ("hour", "day", "month", "year"):
        output = energy("--from", "2026-01-12", "--to", "2026-01-13", "--by", by).stdout
        assert "HCJB" in output
        assert "HPJR" in output
        assert max(map(len, output.splitlines())) <= 80


def test_bars_are_to_scale(house, database, energy):
    with database.writing() as connection:
        rows = [
            a_reading(MIDNIGHT + 3 * DAY + 600 * n, 154_000, 308_000, interval_s=600)
            for n in range(1, 72)
        ]
        put(connection, *rows, a_reading(MIDNIGHT + 3 * DAY + 43200, 226_000, 308_000))
    bars = (
        energy("--from", "2026-01-12", "--to", "2026-01-15").stdout.split("\n\n")[-1].splitlines()
    )
    assert bars[0] == "█ HC  ▓ HP"
    assert re.fullmatch(r"2026-01-12  █+▓+ 144.00", bars[1])
    assert len(bars[1]) == 80
    counts = [(bar.count("█"), bar.count("▓")) for bar in bars[1:]]
    assert abs(counts[0][1] - 2 * counts[0][0]) <= 1
    assert counts[0] == counts[1]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_where_there_are_no_blocks_other_characters_stand(house, config, encoding):
    result = subprocess.run(
        [sys.executable, "-m", "teleinfo_gateway", "energy", *FROM, "--config", config()],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=30,
        check=True,
    )
    assert b"# HC  = HP" in result.stdout
    assert re.search(rb"2026-01-12  #+=+ 144.00\n", result.stdout)


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_in_a_terminal_that_wants_them(house, config, environment, coloured):
    master, slave = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-m", "teleinfo_gateway", "energy", *FROM, "--config", config()],
        stdout=slave,
        env={**clean, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"} | environment,
        timeout=30,
        check=True,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:  # all was read
            break
        if shown.count(b"144.00") >= 6:
            break
    os.close(master)
    assert (b"\x1b[" in shown) is coloured


# --- which periods


def test_without_a_stretch_the_last_periods_are_shown(database, energy):
    now = int(datetime.now(UTC).timestamp())
    start = now - now % HOUR - 30 * HOUR
    with database.writing() as connection:
        put(
            connection,
            *(a_reading(start + 600 * n, 0, 100 * n, interval_s=600) for n in range(6 * 30)),
        )
    for options, count in (([], 24), (["--last", "5"], 5)):
        rows = energy("--by", "hour", *options).stdout.split("\n\n")[1].splitlines()
        assert len(rows) in {2 + count - 1, 2 + count}  # the one that is not over may be empty
    today, heard = local_time(now).date(), local_time(start + 600 * (6 * 30 - 1)).date()
    for day in {heard, today - timedelta(days=1)}:  # the same in the first hour of a day
        assert f"{day}" in table(energy("--last", "2"))


def test_an_outage_is_shown_apart_and_not_in_a_day(database, energy):
    with database.writing() as connection:
        put(
            connection,
            *(
                row
                for row in three_days()
                if not MIDNIGHT + 20 * HOUR < row.ts < MIDNIGHT + 30 * HOUR
            ),
        )
    result = energy(*FROM)
    found = table(result)
    assert found["2026-01-12*"] == ["48.00", "72.00", "120.00", "83", "%"]
    assert found["2026-01-13"] == ["12.00", "96.00", "108.00", "75", "%"]
    assert (
        "* Counted while nobody listened, over more than one period and in none above:\n"
        "  2026-01-12 20:00 to 2026-01-13 06:00: 36.00 kWh HC, 24.00 kWh HP\n"
    ) in result.stdout
    assert "*" not in energy(*FROM, "--by", "month").stdout


def test_energy_injected_has_a_column(database, energy):
    rows = [a_reading(MIDNIGHT + 60 * n, 0, 0, idx_inj=10 * n, pinj=600) for n in range(121)]
    with database.writing() as connection:
        put(connection, *rows)
    found = table(energy("--from", "2026-01-12", "--to", "2026-01-12"))
    assert found["PERIOD"] == ["HC", "TOTAL", "INJECTED", "SEEN"]
    assert found["TOTAL"] == ["0.00", "0.00", "1.20"]


def test_slots_of_a_calendar_of_the_suppliers_own(database, energy):
    rows = [
        a_reading(MIDNIGHT + 60 * n, 0, 10 * n, 20 * n, optarif="PRO WE", slot=2) for n in range(61)
    ]
    with database.writing() as connection:
        put(connection, *rows)
    day = ("--from", "2026-01-12", "--to", "2026-01-12")
    assert table(energy(*day))["PERIOD"][:2] == ["EASF02", "EASF03"]
    contract = {
        "name": "pro",
        "option": "PRO WE",
        "slots": ["A", "B", "C"],
        "prices": [
            {"from": "2025-01-01", "subscription": 1, "energy": {"A": 1, "B": 1, "C": 1}}
            | {"source": "us"}
        ],
    }
    assert table(energy(*day, contracts=[contract]))["PERIOD"][:2] == ["B", "C"]


def test_two_slots_that_are_called_alike_stay_two(database, energy):
    rows = [
        a_reading(MIDNIGHT + 60 * n, 10 * n, 20 * n, optarif="PRO", slot=1 + n % 2, ptec="NUIT")
        for n in range(61)
    ]
    with database.writing() as connection:
        put(connection, *rows)
    result = energy("--from", "2026-01-12", "--to", "2026-01-12", "--json")
    (period,) = json.loads(result.stdout)[0]["periods"]
    assert period["wh"] == {"PRO NUIT 1": 600, "PRO NUIT 2": 1200}


def test_several_meters_have_a_table_each_and_are_not_added_up(house, database, energy):
    with database.writing() as connection:
        put(connection, *three_days(adco=OTHER), adco=OTHER, name="garage")
    parts = energy(*FROM).stdout.split("kWh\n")
    assert len(parts) == 3
    assert "house" in energy(*FROM, "--meter", "house").stdout
    assert "garage" not in energy(*FROM, "--meter", ADCO).stdout


def test_a_meter_continues_the_one_it_replaces(house, database, energy):
    with database.writing() as connection:
        rows = three_days(MIDNIGHT + 3 * DAY, OTHER)
        put(connection, *rows, adco=OTHER, name="house", replaces=ADCO)
    result = energy("--from", "2026-01-12", "--to", "2026-01-17")
    assert result.stdout.startswith(f"house ({OTHER}), kWh")
    assert len(table(result)) == 2 + 6


# --- costs


def test_euros_of_the_contract_of_the_meter(house, energy):
    result = energy(*FROM, contracts=CONTRACTS)
    found = table(result)
    # 48 kWh at 1, 96 at 2, and a thirty-first of 31 a month
    assert found["2026-01-12"][-1] == "241.00"
    assert found["TOTAL"][-1] == "723.00"
    assert "Contract hc-6: 723.00 EUR: energy 720.00, subscription 3.00\n" in result.stdout
    assert "flat" not in result.stdout


def test_days_in_which_nothing_was_heard_have_a_row_so_that_the_euros_add_up(house, energy):
    found = table(energy("--from", "2026-01-11", "--to", "2026-01-17", contracts=CONTRACTS))
    assert list(found)[1:-1] == [f"2026-01-{day}" for day in range(12, 18)]
    assert found["2026-01-17"] == ["-", "-", "-", "0", "%", "1.00"]
    assert found["TOTAL"][-1] == "726.00"


def test_what_other_contracts_would_have_cost(house, energy):
    output = energy(*FROM, "--compare", contracts=CONTRACTS).stdout
    assert "  hc-6  723.00 EUR: energy 720.00, subscription 3.00\n" in output
    assert "  flat  1302.00 EUR: energy 1296.00, subscription 6.00\n" in output
    assert re.search(
        r"  blue  3.00 EUR \(not all is in it\).*\n +without 432.0 kWh at hours", output
    )


def test_a_contract_that_cannot_be_compared_says_why(house, energy):
    other = {"name": "other", "option": "HC", "prices": CONTRACTS[0]["prices"]}
    strange = {
        "name": "strange",
        "option": "WEEKEND",
        "slots": ["A"],
        "prices": [{"from": "2025-01-01", "subscription": 1, "energy": {"A": 1}, "source": "us"}],
    }
    output = energy(*FROM, "--compare", contracts=[other, strange]).stdout
    assert "EUR" not in output.split("\n\n")[1]
    assert "strange  the contract strange cannot be compared with:" in output


def test_what_a_cost_leaves_out_is_told(house, energy):
    late = [CONTRACTS[0] | {"prices": [CONTRACTS[0]["prices"][0] | {"from": "2026-01-14"}]}]
    output = energy(*FROM, contracts=late).stdout
    assert "Contract hc-6: 241.00 EUR (not all is in it)" in output
    assert "  without 288.0 kWh without a price\n" in output
    assert "  without the subscription of 2 days that have no price\n" in output


# --- JSON


def test_the_same_as_json(house, energy):
    (told,) = json.loads(energy(*FROM, "--json", "--compare", contracts=CONTRACTS).stdout)
    assert (told["meter"], told["adco"], told["by"]) == ("house", ADCO, "day")
    assert told["periods"][0] == {
        "start": "2026-01-11T23:00:00Z",
        "start_ts": MIDNIGHT,
        "end_ts": MIDNIGHT + DAY,
        "wh": {"HC": 48000, "HP": 96000},
        "total_wh": 144000,
        "injected_wh": None,
        "seen": 1.0,
        "outages": [],
        "euros": "241.00",
    }
    assert told["cost"]["total_euros"] == "723.00"
    assert [one["contract"] for one in told["contracts"]] == ["hc-6", "flat", "blue"]


# --- nothing to show


def test_nothing_in_these_periods(house, energy):
    result = energy("--from", "2025-01-01", "--to", "2025-01-31")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "house: nothing is known from 2025-01-01 00:00:00" in result.stderr
    assert "the history of this meter is from 2026-01-12 00:00:00 to 2026-01-15" in result.stderr


def test_no_meter_yet(database, energy, tmp_path):
    result = energy()
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"No meter is in {tmp_path / 'kept.db'} yet" in result.stderr
    assert COMMIT_S == 300  # as it says next
    assert "writes what it reads every five minutes" in result.stderr
    assert "A demonstration keeps its history in a place of its own" in result.stderr
    assert json.loads(energy("--json").stdout) == []


def test_a_meter_that_nobody_knows(house, energy):
    result = energy("--meter", "cellar")
    assert result.exit_code == 1
    assert f"the history knows no meter 'cellar'; it has: house ({ADCO})" in result.stderr


def test_no_history_at_all(energy, tmp_path):
    result = energy()
    assert result.exit_code == 1
    assert f"there is no history yet at {tmp_path / 'kept.db'}" in result.stderr
    assert "A demonstration keeps its history in a place of its own" in result.stderr
    assert not (tmp_path / "kept.db").exists()


def test_a_history_that_is_switched_off(energy):
    result = energy(history=False)
    assert result.exit_code == 1
    assert "the history is switched off" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--last", "0"],
        ["--by", "minute"],
        ["--last", "3", "--from", "2026-01-12"],
        ["--from", "2026-01-14", "--to", "2026-01-12"],
    ],
)
def test_wrong_use(house, energy, options):
    assert energy(*options).exit_code == 2
