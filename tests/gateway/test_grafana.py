"""The dashboards for Grafana: their form, and that every query of theirs finds something.

Grafana itself is not in Debian: the queries are asked of real servers, as Grafana would ask them.
"""

import contextlib
import itertools
import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.influxdb import InfluxdbConfig
from teleinfo_gateway.forwarding import Row
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.sampling import EventRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.outputs.influxdb import InfluxdbTarget

from .influx_history import ADCO, NOW

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "grafana"
BOARDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("dashboards/*.json"))
}
NATIVE, REUILLER, POSTGRESQL = "teleinfo-influxdb", "teleinfo-reuiller", "teleinfo-postgresql"

PANELS = {"barchart", "gauge", "stat", "state-timeline", "table", "timeseries"}
"""Those that Grafana 11 and 12 have built in; none is of the kind that it no longer loads."""

STEP_S = 300
LONG_S = 62 * 86400  # more than what a panel with a time of its own needs here
FROM, TO = NOW - 3 * 86400, NOW
SILENT = range(FROM + 86400, FROM + 86400 + 5 * 3600)
"""When nobody listened."""


ALL_PANELS = [
    pytest.param(name, panel, id=f"{name}-{panel['id']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]


def queries(name):
    """Every query of a dashboard: where it stands, its text, and since when it asks."""
    board = BOARDS[name]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"], FROM
    for annotation in board["annotations"]["list"]:
        yield annotation["name"], text_of(annotation["target"]), FROM
    for panel in board["panels"]:
        since = FROM - LONG_S if "timeFrom" in panel else FROM
        for target in panel["targets"]:
            yield f"{panel['id']}{target['refId']} {panel['title']}", text_of(target), since


def text_of(target):
    return target.get("rawSql") or target["query"]


# --- their form


def test_there_is_one_for_each_source():
    assert set(BOARDS) == {NATIVE, REUILLER, POSTGRESQL}
    assert {board["uid"] for board in BOARDS.values()} == set(BOARDS)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_dashboard_is_in_the_current_format(board):
    assert board["schemaVersion"] >= 39
    assert "rows" not in board
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    first, *_ = board["templating"]["list"]
    assert (first["name"], first["type"]) == ("datasource", "datasource")


@pytest.mark.parametrize(("name", "panel"), ALL_PANELS)
def test_a_panel_is_one_that_grafana_loads(name, panel):
    kind = BOARDS[name]["templating"]["list"][0]["query"]
    source = {"type": kind, "uid": "${datasource}"}
    assert panel["type"] in PANELS
    assert panel["title"]
    assert panel["datasource"] == source
    assert [target["datasource"] for target in panel["targets"]] == [source] * len(panel["targets"])
    letters = [target["refId"] for target in panel["targets"]]
    assert len(letters) == len(set(letters)) > 0


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_panels_lie_beside_each_other(board):
    places = [panel["gridPos"] for panel in board["panels"]]
    for place in places:
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("name", BOARDS)
def test_only_variables_that_exist_are_used(name):
    known = {variable["name"] for variable in BOARDS[name]["templating"]["list"]}
    known |= {"timeFilter", "__interval", "__unixEpochFilter", "__unixEpochGroup"}
    for _, query, _ in queries(name):
        assert set(re.findall(r"\$\{?(\w+)", query)) <= known


def test_the_panels_of_reuiller_are_all_there():
    titles = {panel["title"] for panel in BOARDS[REUILLER]["panels"]}
    assert titles >= {
        "Index Heure Creuse",
        "Index Heure Pleine",
        "Tarif en cours",
        "Tarif HC Période",
        "Tarif HP Période",
        "Evolution Index",
        "Puissance / Intensité",
        "Heures creuses",
        "Heures pleines",
    }


def test_provisioning_names_what_the_dashboards_ask_for():
    files = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in FOLDER.glob("provisioning/datasources/*.yaml")
    ]
    kinds = {source["type"] for file in files for source in file["datasources"]}
    wanted = {board["templating"]["list"][0]["query"] for board in BOARDS.values()}
    assert kinds == wanted
    (provider,) = yaml.safe_load((FOLDER / "provisioning/dashboards/teleinfo.yaml").read_text())[
        "providers"
    ]
    compose = yaml.safe_load((FOLDER.parent / "compose.yaml").read_text(encoding="utf-8"))
    mounts = [mount.split(":") for mount in compose["services"]["grafana"]["volumes"]]
    boards = [target for source, target, *_ in mounts if source.startswith("./grafana/dashboards")]
    assert boards
    assert all(target.startswith(provider["options"]["path"]) for target in boards)


# --- what their queries find


def readings(option, *periods):
    """Three days of a three-phase producer, with a silence of five hours."""
    for ts in range(FROM, TO, STEP_S):
        if ts in SILENT:
            continue
        n = (ts - FROM) // STEP_S
        slot = n // 96 % len(periods)
        columns = {f"idx{number:02}": 1000 * number + 40 * n for number in range(1, 7)}
        columns |= {f"i{phase}": 2 + phase for phase in (1, 2, 3)}
        columns |= {f"u{phase}": 230 + phase for phase in (1, 2, 3)}
        columns |= {"papp": 500 + n, "papp_min": 400 + n, "papp_max": 900 + n, "isousc": 30}
        columns |= {"idx_total": 21_000 + 240 * n, "idx_inj": 10 * n, "pinj": 120}
        columns |= {"optarif": option, "ptec": periods[slot], "slot": slot + 1, "demain": "ROUG"}
        yield ReadingRow(ADCO, ts, {"interval_s": STEP_S, **columns})


EVENTS = [
    EventRow(ADCO, "house", FROM + 60, "link", "ok", ""),
    EventRow(ADCO, "house", SILENT[0], "link", "lost", "nothing was heard for 180 s"),
    EventRow(ADCO, "house", SILENT[-1], "link", "ok", ""),
    EventRow(ADCO, "house", TO - 3600, "overload", "1", "phase 1: 32 A of 30 A"),
]
TEMPO = "BBR(", "HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR"


def influx_rows(*tariff):
    told = [("reading", row.ts, row.columns) for row in readings(*tariff)]
    told += [
        ("event", row.ts, {"kind": row.kind, "value": row.value, "detail": row.detail})
        for row in EVENTS
    ]
    for seq, (kind, ts, values) in enumerate(told, 1):
        yield Row(seq, kind, ADCO, "house", ts, values)


def of_influx(query, since, **variables):
    """A query as Grafana sends it to InfluxDB, with intervals of ten minutes."""
    query = query.replace("$timeFilter", f"time >= {since}s and time <= {TO}s")
    query = query.replace("$__interval", "10m")
    for name, value in variables.items():
        query = query.replace(f"${name}", value)
    return query


@pytest.mark.parametrize(
    ("name", "settings", "tariff"),
    [
        (NATIVE, {"layout": "native"}, TEMPO),
        (REUILLER, {"layout": "reuiller"}, ("HC..", "HC..", "HP..")),
    ],
)
def test_every_query_finds_something_in_influxdb(common_influxd, name, settings, tariff):
    database = next(common_influxd.names)
    target = InfluxdbTarget(InfluxdbConfig(url=common_influxd.url, database=database, **settings))
    if name == REUILLER:  # single-phase
        rows = [
            Row(row.seq, row.kind, row.adco, row.name, row.ts, {**row.values, "i2": None})
            for row in influx_rows(*tariff)
        ]
    else:
        rows = list(influx_rows(*tariff))
    target.send(rows)
    target.close()
    variables = {"meter": ADCO, "host": "raspberry", "region": "linky", "phases": "3"}
    for where, query, since in queries(name):
        asked = of_influx(query, since, **variables, prix_hc="0.15", prix_hp="0.20")
        found = common_influxd.rows(asked, database)
        assert any(value is not None for row in found for value in row[1:]), (where, asked)


def of_postgresql(query, since, **variables):
    """A query as Grafana sends it to PostgreSQL, likewise; source: its "Macros" of PostgreSQL."""
    query = re.sub(r"\$__unixEpochFilter\((\w+)\)", rf"\1 >= {since} AND \1 <= {TO}", query)
    query = re.sub(r"\$__unixEpochGroup\((\w+), \$__interval\)", r"floor((\1)/600)*600", query)
    for name, value in variables.items():
        query = query.replace(f"${name}", str(value))
    return query


@pytest.fixture
def filled(postgresql):
    """The function that gives a connection to a history of a meter, and the number of that."""
    with contextlib.ExitStack() as opened:

        def fill(events, rows):
            url = opened.enter_context(postgresql.database())
            database = Database(HistoryConfig(url=url))
            opened.callback(database.close)
            database.prepare()
            meters = {ADCO: MeterRow(ADCO, TO, "house", "standard", 3, None)}
            with database.writing() as connection:
                store(connection, Batch(meters, rows, [], events))
            connection = opened.enter_context(database.reading())
            return connection, connection.execute(sa.text("SELECT id FROM ti_meter")).scalar_one()

        yield fill


def found_by(connection, query, since, **variables):
    asked = of_postgresql(query, since, **variables)
    return connection.exec_driver_sql(asked.replace("%", "%%")).all()


def test_every_query_finds_something_in_postgresql(filled):
    connection, meter = filled(EVENTS, list(readings(*TEMPO)))
    for where, query, since in queries(POSTGRESQL):
        found = found_by(connection, query, since, meter=meter, prix_hc=0.15, prix_hp=0.2)
        assert any(value is not None for row in found for value in row[1:] or row), where


def test_another_contract_costs_nothing_by_itself(filled):
    """Its first index goes on from another number."""
    rows = [
        ReadingRow(ADCO, FROM + 600 * n, {"interval_s": 600, "optarif": option, "idx01": index})
        for n, (option, index) in enumerate(
            [("BASE", 20_000_000), ("BASE", 20_003_000), ("HC..", 5_000), ("HC..", 6_000)]
        )
    ]
    connection, meter = filled([], rows)
    (panel,) = [
        each for each in BOARDS[POSTGRESQL]["panels"] if each["title"].startswith("Coût HC")
    ]
    found = found_by(connection, text_of(panel["targets"][0]), FROM, meter=meter, prix_hc=0.5)
    assert float(found[0][0]) == pytest.approx(2.0)


def test_a_meter_keeps_the_events_of_the_name_it_had_before(filled):
    """And those from before its address was known; not those of another meter."""
    connection, meter = filled(
        [
            EventRow(ADCO, "house", FROM + 1, "link", "ok", ""),
            EventRow(ADCO, "another name", FROM + 2, "link", "lost", ""),
            EventRow(None, "house", FROM + 3, "link", "searching", ""),
            EventRow(None, "barn", FROM + 4, "link", "ok", ""),
        ],
        [],
    )
    (panel,) = [each for each in BOARDS[POSTGRESQL]["panels"] if each["title"] == "Événements"]
    (target,) = panel["targets"]
    found = found_by(connection, text_of(target), FROM, meter=meter)
    assert [row[2] for row in found] == ["searching", "lost", "ok"]
