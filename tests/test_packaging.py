"""What a user installs: one version, every file in its place, nothing that is not theirs.

The same tests run in the checkout and on the installed wheel.
"""

import importlib.metadata
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

import teleinfo_gateway
from teleinfo_gateway.resources import resource

ROOT = Path(__file__).parents[1]
IN_CHECKOUT = Path(teleinfo_gateway.__file__).is_relative_to(ROOT / "plugin")
PACKAGES = ("teleinfo_gateway", "tic", "xpl")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = teleinfo_gateway.__version__

# --- what is installed


def test_there_is_one_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert importlib.metadata.version("teleinfo-gateway") == VERSION
    assert json.loads(resource("info.json").read_text())["identity"]["version"] == VERSION


def test_the_version_is_in_the_changelog():
    assert re.search(
        rf"(?m)^({re.escape(VERSION)}|Unreleased)\b", (ROOT / "CHANGELOG.rst").read_text()
    )


def test_what_is_installed_is_this_project():
    """The files of the installed package are those of the checkout, byte for byte."""
    for name, place in (
        ("info.json", "info.json"),
        ("icon.png", "design/icon.png"),
        ("udev/70-teleinfo.rules", "udev/70-teleinfo.rules"),
    ):
        top, *below = name.split("/")
        assert resource(top).joinpath(*below).read_bytes() == (ROOT / place).read_bytes()


def test_the_icon_is_a_png_of_96_by_96():
    data = resource("icon.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack_from(">II", data, 16) == (96, 96)


def test_an_unknown_resource_is_an_error():
    with pytest.raises(KeyError):
        resource("secrets")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(package):
    assert files(package).joinpath("py.typed").is_file()


def test_every_command_can_be_loaded():
    scripts = importlib.metadata.entry_points(group="console_scripts")
    ours = {script.name: script for script in scripts if script.value.split(".")[0] in PACKAGES}
    assert {name: script.value for name, script in ours.items()} == PROJECT["scripts"]
    assert set(ours) == {"teleinfo", "xpl-hub", "xpl-listen", "xpl-send"}
    assert all(callable(script.load()) for script in ours.values())


def test_the_core_needs_four_packages_and_the_rest_is_extra():
    names = [re.split(r"[^\w-]", text)[0] for text in PROJECT["dependencies"]]
    assert sorted(names, key=str.lower) == ["click", "pydantic", "pyserial", "PyYAML"]
    extras = PROJECT["optional-dependencies"]
    every = {name for name in extras if name != "all"}
    assert extras["all"] == [
        f"teleinfo-gateway[{','.join(name for name in extras if name in every)}]"
    ]


# --- what is built


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The source distribution, and the wheel made from it.

    It asks the package index for hatchling, the build back-end.
    """
    if not IN_CHECKOUT:
        pytest.skip("the wheel under test is built already")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="session")
def wheel(built):
    """The names of the files in the wheel, and what they hold."""
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def sdist(built):
    """The names of the files in the source distribution."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def sources(package):
    parent = ROOT / ("plugin" if package == "teleinfo_gateway" else "lib")
    found = (path.relative_to(parent) for path in (parent / package).rglob("*") if path.is_file())
    left_out = {"__pycache__", "ui", "static"}  # the page: its sources and what is made of them
    return {path.as_posix() for path in found if not left_out & set(path.parts)}


_PAGE = ("index.html", "gallery.html", "widgets.js")
_MADE = {"node_modules", "static"}  # by npm and Vite, when a wheel is made
_CACHES = {"__pycache__", ".pytest_cache"}


@pytest.mark.timeout(300)  # the build back-end is fetched
def test_the_wheel_holds_three_packages_their_data_and_nothing_else(wheel):
    info = f"teleinfo_gateway-{VERSION}.dist-info"
    data = {
        "teleinfo_gateway/data/info.json": "info.json",
        "teleinfo_gateway/data/icon.png": "design/icon.png",
        "teleinfo_gateway/data/udev/70-teleinfo.rules": "udev/70-teleinfo.rules",
    }
    page = {name for name in wheel if name.startswith("teleinfo_gateway/web/static/")}
    assert {f"teleinfo_gateway/web/static/{name}" for name in _PAGE} <= page
    assert set(wheel) - page == {
        *(name for package in PACKAGES for name in sources(package)),
        *data,
        *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")),
        f"{info}/licenses/LICENSE",
    }
    for name, place in data.items():
        assert wheel[name] == (ROOT / place).read_bytes()
    metadata = wheel[f"{info}/METADATA"].decode()
    assert f"\nVersion: {VERSION}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert b"teleinfo = teleinfo_gateway.cli:main\n" in wheel[f"{info}/entry_points.txt"]


@pytest.mark.timeout(300)
def test_the_source_distribution_is_enough_to_build_test_and_document(sdist):
    for folder in ("lib", "plugin", "tests", "docs", "design", "udev"):
        here = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"_build", *_CACHES, *_MADE} & set(path.parts)
        }
        assert here <= sdist
    assert {"Makefile", "pyproject.toml", "info.json", "README.rst", "LICENSE"} <= sdist
    unwanted = ("_build/", ".venv", ".pyc", *(f"{made}/" for made in _MADE))
    assert not [name for name in sdist if any(part in name for part in unwanted)]


# --- what make does first


def test_a_folder_that_cannot_be_written_is_not_taken_for_a_missing_package(tmp_path):
    told = tmp_path / "apt-get.told"
    for name, script in (
        ("python", '[ "$1" != -m ] || { echo "Error: Read-only file system"; exit 1; }'),
        ("apt-get", f"touch {told}"),
        ("sudo", f"touch {told}"),
    ):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    result = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), ".venv/bin/pip", f"PYTHON={tmp_path / 'python'}"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode
    assert "Read-only file system" in result.stdout
    assert f"{tmp_path}/.venv cannot be made" in result.stderr
    assert not told.exists()
