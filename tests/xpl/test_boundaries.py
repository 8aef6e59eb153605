import ast
import importlib.util
from pathlib import Path

import pytest

import xpl

PACKAGE = Path(xpl.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MACHINE = {"socket", "asyncio", "time", "select", "threading", "signal"}
SIGNALS = {"hub.py": {"signal"}}  # the tool names the one that shows its clients


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_net_touches_sockets_the_event_loop_and_the_clock(path: Path) -> None:
    names = imported(path)
    assert not names & {"tic", "teleinfo_gateway"}
    if path != PACKAGE / "net.py":
        allowed = SIGNALS.get(path.name, set()) if path.parent.name == "tools" else set()
        assert not names & (MACHINE - allowed)


def test_the_public_names_exist_and_are_sorted() -> None:
    assert all(hasattr(xpl, name) for name in xpl.__all__)
    assert len(set(xpl.__all__)) == len(xpl.__all__)
    assert importlib.util.find_spec("xpl.tools.hub") is not None
