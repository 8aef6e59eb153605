"""Boards over real HTTP, kept in real files."""

import contextlib
import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.state import state_folder
from teleinfo_gateway.web import boards as boards_module
from teleinfo_gateway.web.boards import Boards, BoardsError, read, write

from .test_access import CONTROL, READ, GuardedGateway
from .test_web import Gateway, answer_schema, fits

NOTHING = {"version": 0, "boards": []}


def widget(**changes):
    return {
        "id": "w1",
        "kind": "gauge",
        "meter": "house",
        "sensor": "papp",
        "options": {"points": 400, "title": "Été", "phases": [1, 2], "fill": True, "max": None},
        "x": 0,
        "y": 0,
        "w": 4,
        "h": 3,
    } | changes


def board(*widgets, **changes):
    return {"id": "main", "name": "La maison", "widgets": list(widgets)} | changes


@pytest.fixture
def gateway():
    with contextlib.closing(Gateway([])) as started:
        yield started


@pytest.fixture
def file(state_folder):
    return state_folder / "teleinfo/boards.json"


def put(gateway, boards, version=0, **more):
    body = json.dumps({"version": version, "boards": boards, **more})
    return gateway.request("PUT", "/api/boards", body)[:2]


def test_at_first_there_are_none(gateway, file):
    assert gateway.get("/api/boards") == NOTHING
    assert not file.exists()


def test_what_is_kept_is_told_and_its_version_rises(gateway):
    kept = {"version": 1, "boards": [board(widget())]}
    assert put(gateway, kept["boards"]) == (200, kept)
    assert gateway.get("/api/boards") == kept
    assert put(gateway, [], version=1) == (200, {"version": 2, "boards": []})


def test_boards_outlive_the_gateway_also_without_a_history(gateway, file):
    assert gateway.config.history is None
    put(gateway, [board(widget())])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [*file.parent.iterdir()] == [file]
    with contextlib.closing(Gateway([])) as again:
        assert again.get("/api/boards") == {"version": 1, "boards": [board(widget())]}


def test_they_stand_beside_the_history(state_folder_of_user, tmp_path):
    at = HistoryConfig(path=str(tmp_path / "demo/history.db"))
    assert state_folder(at) == tmp_path / "demo"
    assert state_folder(HistoryConfig()) == state_folder_of_user
    assert state_folder(None) == state_folder_of_user
    assert state_folder(HistoryConfig(url="postgresql://db/t")) == state_folder_of_user


@pytest.fixture
def state_folder_of_user(state_folder):
    return state_folder / "teleinfo"


def test_a_service_and_a_user_have_their_usual_folders(monkeypatch, as_nobody):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/teleinfo:/other")
    assert state_folder(None) == Path("/var/lib/teleinfo")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "not/whole")
    monkeypatch.setenv("HOME", "/home/anne")
    with as_nobody():
        assert state_folder(None) == Path("/home/anne/.local/state/teleinfo")
    monkeypatch.delenv("HOME")
    assert state_folder(None) == Path("/var/lib/teleinfo")


def test_who_changes_an_older_version_is_told_the_present_one(gateway):
    put(gateway, [board()])
    for version in (0, 2, 2**53):
        status, data = put(gateway, [], version=version)
        assert (status, data["version"]) == (409, 1)
        assert "version 1" in data["error"]
    assert gateway.get("/api/boards")["boards"] == [board()]
    operation = gateway.get("/api/openapi.json")
    schema = answer_schema(operation["paths"]["/api/boards"]["put"], 409)
    assert fits(data, schema, operation["components"]["schemas"])


def test_of_changes_at_the_same_time_one_is_kept(gateway):
    with ThreadPoolExecutor(5) as people:
        answers = list(people.map(lambda _: put(gateway, [board()])[0], range(5)))
    assert sorted(answers) == [200, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("boards", "place"),
    [
        ({}, "boards"),
        ([board(id="a b")], "boards.0.id"),
        ([board(name="")], "boards.0.name"),
        ([board(name="n" * 101)], "boards.0.name"),
        ([board(more=1)], "boards.0.more"),
        ([board(), board()], "boards"),
        ([board(id=str(number)) for number in range(21)], "boards"),
        ([board(widget(), widget())], "boards.0.widgets"),
        ([board(*(widget(id=str(number)) for number in range(51)))], "boards.0.widgets"),
        ([board(widget(kind="<b>"))], "boards.0.widgets.0.kind"),
        ([board(widget(meter=""))], "boards.0.widgets.0.meter"),
        ([board(widget(sensor="s" * 65))], "boards.0.widgets.0.sensor"),
        ([board(widget(x=-1))], "boards.0.widgets.0.x"),
        ([board(widget(y=10_000))], "boards.0.widgets.0.y"),
        ([board(widget(w=0))], "boards.0.widgets.0.w"),
        ([board(widget(h=1.5))], "boards.0.widgets.0.h"),
        ([board(widget(options={"a": {"b": 1}}))], "boards.0.widgets.0.options.a"),
        ([board(widget(options={"a": "x" * 501}))], "boards.0.widgets.0.options.a"),
        ([board(widget(options={"a": [1] * 21}))], "boards.0.widgets.0.options.a"),
        ([board(widget(options={"a": float("inf")}))], "boards.0.widgets.0.options.a"),
        ([board(widget(options={str(number): 1 for number in range(21)}))],
         "boards.0.widgets.0.options"),
    ],
)  # fmt: skip
def test_what_is_no_board_is_refused_with_its_place(gateway, boards, place, file):
    status, data = put(gateway, boards)
    assert status == 400
    assert data["error"].startswith(place)
    assert not file.exists()


def test_the_rest_of_the_body_is_checked_too(gateway):
    for body in ("", "{", "[]", '{"boards": []}'):
        assert gateway.request("PUT", "/api/boards", body)[0] == 400
    assert put(gateway, [], version=-1)[0] == 400
    assert put(gateway, [], more=1)[0] == 400
    assert gateway.request("PUT", "/api/boards", "x" * 262_145)[0] == 413


def test_a_meter_and_a_sensor_may_be_left_open(gateway):
    assert put(gateway, [board(widget(meter=None, sensor=None))])[0] == 200


def test_the_largest_boards_fit(gateway):
    widgets = [widget(id=str(number)) for number in range(50)]
    assert put(gateway, [board(*widgets, id=str(number)) for number in range(20)])[0] == 200


# --- the file


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1}', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_kept_aside_and_said(gateway, file, damage, caplog):
    put(gateway, [board()])
    file.write_bytes(damage)
    assert gateway.get("/api/boards") == NOTHING
    (aside,) = file.parent.iterdir()
    assert re.fullmatch(r"boards\.json\.damaged-\d{8}T\d{6}", aside.name)
    assert aside.read_bytes() == damage
    assert str(aside) in caplog.text
    assert put(gateway, [board()])[0] == 200


def test_a_file_that_cannot_be_read_is_503_and_stays(gateway, file):
    put(gateway, [board()])
    file.unlink()
    file.mkdir()
    for status, data in (gateway.request("GET", "/api/boards")[:2], put(gateway, [])):
        assert status == 503
        assert str(file) in data["error"]
    assert file.is_dir()


@pytest.fixture
def shown_folder():
    """A folder that other users can look into."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_disk_that_cannot_be_written_is_said_and_nothing_is_lost(shown_folder, as_nobody):
    path = shown_folder / "boards.json"
    write(path, Boards(version=1, boards=[]))
    before = path.read_bytes()
    path.chmod(0o644)
    shown_folder.chmod(0o555)
    with as_nobody():
        with pytest.raises(BoardsError, match=r"Permission denied.*as they were"):
            write(path, Boards(version=2, boards=[]))
        assert read(path).version == 1
    assert path.read_bytes() == before


def test_a_damaged_file_that_cannot_be_put_aside_is_said(shown_folder, as_nobody):
    path = shown_folder / "boards.json"
    path.write_text("damaged")
    path.chmod(0o644)
    shown_folder.chmod(0o555)
    with as_nobody(), pytest.raises(BoardsError, match="damaged, and cannot be put aside"):
        read(path)
    assert path.read_text() == "damaged"


def test_a_disk_that_is_full_is_503(gateway, file):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    put(gateway, [board()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boards_module.os, "fsync", full)
        status, data = put(gateway, [], version=1)
    assert (status, "No space left" in data["error"]) == (503, True)
    assert gateway.get("/api/boards")["version"] == 1
    assert put(gateway, [], version=1)[0] == 200  # what was left of the trial is not in the way


# --- who may


def test_boards_are_read_with_one_scope_and_changed_with_another():
    with contextlib.closing(GuardedGateway([])) as gateway:
        body = json.dumps({"version": 0, "boards": []})
        assert gateway.ask("GET", "/api/boards", token=READ)[0] == 200
        assert gateway.ask("PUT", "/api/boards", body, token=READ)[0] == 403
        assert gateway.ask("PUT", "/api/boards", body, token=CONTROL)[0] == 200
        assert gateway.ask("GET", "/api/boards")[0] == 401
