"""The command ``teleinfo`` as a whole: help, documentation, versions."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from teleinfo_gateway import __version__
from teleinfo_gateway.cli import teleinfo

DOCS = Path(__file__).parents[2] / "docs/commands.rst"
CONTEXT = click.Context(teleinfo)
COMMANDS = {name: teleinfo.get_command(CONTEXT, name) for name in teleinfo.list_commands(CONTEXT)}
OPTIONS = [
    (name, option)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in (*parameter.opts, *parameter.secondary_opts)
]


def invoke(*arguments):
    return CliRunner().invoke(teleinfo, arguments)


def section(name):
    """What the documentation says of one command, or of several that share a heading."""
    parts = re.split(r"(?m)^(.+)\n-{3,}\n", DOCS.read_text(encoding="utf-8"))
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in re.findall(r"[a-z]+", heading.removeprefix("teleinfo")):
            return text
    raise AssertionError(f"teleinfo {name} has no section in {DOCS.name}")


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(name, option):
    result = invoke(name, option)
    assert result.exit_code == 0
    assert re.search(rf"Example: teleinfo {name}\b", result.output)


def test_the_program_itself_has_help_with_an_example():
    result = invoke("--help")
    assert result.exit_code == 0
    assert "Example: teleinfo demo" in result.output
    assert all(re.search(rf"(?m)^  {name} ", result.output) for name in COMMANDS)


@pytest.mark.parametrize(("name", "command"), COMMANDS.items())
def test_every_option_says_what_it_does(name, command):
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help, f"teleinfo {name} {parameter.opts[0]}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"``teleinfo {name}" in section(name)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_is_documented(name, option):
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", section(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_documented_that_does_not_exist(name):
    existing = {option for _, option in OPTIONS} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z-]+[a-z]", section(name))) <= existing


def test_the_version_is_told():
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"teleinfo, version {__version__}\n")


def test_an_unknown_command_is_code_2():
    assert invoke("frobnicate").exit_code == 2


def test_python_m_is_the_same_program():
    program = [sys.executable, "-m", "teleinfo_gateway", "--version"]
    result = subprocess.run(program, capture_output=True, text=True, timeout=20, check=True)
    assert result.stdout == f"teleinfo, version {__version__}\n"


EXTRAS = {"starlette", "uvicorn", "rich"}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--version"], {"serial", "pydantic", "yaml", "asyncio", *EXTRAS}),
        (["decode", "-"], {"serial", "pydantic", "yaml", "asyncio", *EXTRAS}),
        (["check", "--help"], {"serial", *EXTRAS}),
        (["run", "--help"], {"serial", *EXTRAS}),
    ],
)
def test_a_command_does_not_pay_for_what_it_does_not_use(arguments, absent):
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from teleinfo_gateway.cli import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=20,
        check=True,
    )
    assert not absent & set(result.stderr.split())
