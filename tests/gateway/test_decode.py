"""``teleinfo decode``: captures to JSON lines, statistics apart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from teleinfo_gateway.cli import teleinfo

CAPTURES = Path(__file__).parents[1] / "captures"
NAMES = sorted(path.stem for path in CAPTURES.glob("*.tic"))
PROGRAM = [sys.executable, "-m", "teleinfo_gateway", "decode"]

BASE_MONO = (
    '{"mode": "historique", "kind": "long", "meter": "031762270346", "groups": ['
    '{"label": "ADCO", "value": "031762270346"}, {"label": "OPTARIF", "value": "BASE"}, '
    '{"label": "ISOUSC", "value": "30"}, {"label": "BASE", "value": "007640930"}, '
    '{"label": "PTEC", "value": "TH.."}, {"label": "IINST", "value": "002"}, '
    '{"label": "IMAX", "value": "090"}, {"label": "PAPP", "value": "00390"}, '
    '{"label": "HHPHC", "value": "A"}, {"label": "MOTDETAT", "value": "000000"}], '
    '"refused": []}\n'
)


@pytest.fixture
def decode():
    """The function that runs the command: (exit code, JSON objects, standard error)."""

    def run(*arguments, data=None):
        arguments = [str(CAPTURES / f"{name}.tic") if name in NAMES else name for name in arguments]
        result = CliRunner().invoke(teleinfo, ["decode", *arguments], input=data)
        frames = [json.loads(line) for line in result.stdout.splitlines()]
        return result.exit_code, frames, result.stderr

    return run


def test_a_frame_is_one_line_of_json():
    result = CliRunner().invoke(teleinfo, ["decode", str(CAPTURES / "histo-base-mono-linky.tic")])
    assert (result.exit_code, result.stdout) == (0, BASE_MONO)
    assert result.stderr == "bytes: 152\nframes: 1\n  long: 1\ngroups: 10\nrefused: 0\n"


def test_a_standard_group_has_its_horodate(decode):
    _, (frame,), _ = decode("synthetic-std-mono-pilot-g1")
    assert (frame["mode"], frame["meter"]) == ("standard", "030967000042")
    assert frame["groups"][2] == {"label": "DATE", "value": "", "horodate": "H241028120000"}
    assert frame["groups"][3] == {"label": "NGTF", "value": "BASE            "}
    assert {tuple(group) for group in frame["groups"]} == {
        ("label", "value"),
        ("label", "value", "horodate"),
    }


def test_what_is_refused_is_named_with_its_reason(decode):
    _, frames, said = decode("histo-hc-mono-masked")
    assert frames[1]["meter"] is None
    assert frames[1]["refused"] == [{"label": "ADCO", "reason": "checksum"}]
    assert "\n  checksum: 7\n" in said


def test_a_refused_group_without_a_name_has_none(decode):
    _, frames, _ = decode("synthetic-std-tri-line-noise")
    refused = [refusal for frame in frames for refusal in frame["refused"]]
    assert {"reason": "control character"} in refused


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("synthetic-histo-veille-adco-only", {"standby": 4}),
        ("synthetic-histo-eot-telereport", {"interrupted": 2, "long": 3}),
        ("synthetic-histo-hc-tri-short-frames", {"interrupted": 1, "long": 6, "short": 60}),
        ("histo-base-tri-linky", {"partial": 2}),
        ("synthetic-histo-8bit-parity-bit-set", {"long": 3}),
    ],
)
def test_each_kind_of_frame_has_its_word(decode, name, kinds):
    _, frames, said = decode(name)
    told = [frame["kind"] for frame in frames]
    assert {kind: told.count(kind) for kind in set(told)} == kinds
    assert f"frames: {sum(kinds.values())}\n" in said
    for kind, count in kinds.items():
        assert f"  {kind}: {count}\n" in said


@pytest.mark.parametrize("name", NAMES)
def test_frames_and_statistics_agree(decode, name):
    code, frames, said = decode(name)
    assert code == 0
    figures = dict(line.split(": ") for line in said.splitlines())
    assert int(figures["bytes"]) == (CAPTURES / f"{name}.tic").stat().st_size
    assert int(figures["frames"]) == len(frames)
    assert int(figures["groups"]) == sum(len(frame["groups"]) for frame in frames)
    assert all(list(frame) == ["mode", "kind", "meter", "groups", "refused"] for frame in frames)


def test_several_files_are_decoded_apart_and_counted_together(decode):
    """The end of one and the beginning of the next make no frame."""
    _, frames, said = decode("histo-base-tri-linky", "histo-base-tri-linky", "histo-hc-mono-l16c6")
    assert [frame["kind"] for frame in frames] == ["partial"] * 4 + ["long"] * 5
    assert "frames: 9\n  long: 5\n  partial: 4\n" in said


def test_a_mode_refuses_the_labels_of_the_other(decode):
    _, frames, said = decode("--mode", "standard", "histo-base-mono-linky")
    assert frames[0]["groups"] == []
    assert frames[0]["refused"][0] == {"label": "ADCO", "reason": "format"}
    assert "refused: 10\n" in said
    assert decode("--mode", "historique", "histo-base-mono-linky")[1][0]["refused"] == []


def test_a_minus_is_standard_input(decode, capture):
    code, (frame,), _ = decode("-", data=capture("histo-base-mono-linky"))
    assert (code, frame["meter"]) == (0, "031762270346")


def test_an_empty_file_has_no_frames(decode):
    assert decode("-", data=b"") == (0, [], "bytes: 0\nframes: 0\ngroups: 0\nrefused: 0\n")


def test_any_bytes_are_decoded_to_something(decode):
    code, _, said = decode("-", data=bytes(range(256)) * 100)
    assert code == 0
    assert "bytes: 25600\n" in said


@pytest.mark.parametrize(
    "arguments",
    [["no-such-file.tic"], [], ["--mode", "linky", "-"], ["--unknown"], [str(CAPTURES)]],
)
def test_wrong_use_is_code_2(decode, arguments):
    code, frames, said = decode(*arguments)
    assert (code, frames) == (2, [])
    assert "Error: " in said


def test_a_file_that_cannot_be_read_is_code_1(decode):
    code, _, said = decode("/proc/self/mem")
    assert (code, said) == (1, "Error: /proc/self/mem: Input/output error\n")


def test_a_reader_that_has_seen_enough_ends_it_quietly():
    """As ``| head -1`` does."""
    files = [str(CAPTURES / "std-base-mono-conso.tic")] * 20  # more than a pipe holds
    with subprocess.Popen(
        [*PROGRAM, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout.readline().startswith(b'{"mode": "standard"')
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(10) == 1
