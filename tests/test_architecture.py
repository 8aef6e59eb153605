"""Who may import whom, read from the sources: the tables below are the rules."""

import ast
import graphlib
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("tic", "xpl", "teleinfo_gateway")

# What the TIC library may use: nothing that reads a clock, a file, a port or a network.
TIC_USES = {
    *("__future__", "collections", "dataclasses", "datetime", "enum", "functools", "re", "types"),
    *("typing", "zlib"),
}

# Modules that do what only one module of the xPL library may do.
WORLD = {
    *("asyncio", "select", "selectors", "serial", "socket", "ssl", "subprocess", "threading"),
    *("time", "urllib", "http", "multiprocessing"),
}
XPL_WITH_WORLD = {"xpl.net"}

# Functions that ask for the time behind the caller's back.
CLOCKS = {"monotonic", "now", "perf_counter", "today", "utcnow"}

# Parts of the gateway that only these other parts may import; a part not named is for everybody.
ONLY_FROM = {
    "cli": {"__main__"},
    "service": {"cli"},
    "web": {"cli", "service"},
    "manager": {"cli", "service", "web"},
    "wiring": {"manager"},
    "extension": {"wiring"},
    "forwarding": {"extension", "outputs", "wiring"},
    # The demonstration has a past.
    "history": {
        *("cli", "forwarding", "manager", "outputs", "service", "simulation", "web", "wiring"),
    },
    "outputs": {"cli", "extension", "info", "manager", "wiring"},  # info.json names the xPL keys
    "simulation": {"cli"},
}

# Packages that a library must not import.
NOT_FROM = {
    "tic": {"xpl", "teleinfo_gateway"},
    "xpl": {"tic", "teleinfo_gateway"},
}


def sources(package: str) -> dict[str, Path]:
    """The modules of a package and their files; of the installed one if it is installed."""
    spec = importlib.util.find_spec(package)
    root = Path(spec.submodule_search_locations[0])
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = [package, *path.relative_to(root).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


SOURCES = {module: path for package in PACKAGES for module, path in sources(package).items()}
TREES = {module: ast.parse(path.read_bytes()) for module, path in SOURCES.items()}


def imports(module: str) -> Iterator[str]:
    """Every module that one imports, at its top or inside a function."""
    package = module if SOURCES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in SOURCES else base


def top(module: str) -> str:
    return module.partition(".")[0]


def part(module: str) -> str:
    """``outputs`` for ``teleinfo_gateway.outputs.xpl.schema``; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def modules_of(package: str) -> list[str]:
    return [module for module in SOURCES if top(module) == package]


def test_the_sources_are_read():
    assert {"tic.decoder", "xpl.net", "teleinfo_gateway.config"} <= set(SOURCES)
    assert "tic.labels" in set(imports("tic.decoder"))


@pytest.mark.parametrize("module", modules_of("tic"))
def test_tic_does_no_io_and_reads_no_clock(module):
    assert {top(name) for name in imports(module)} <= TIC_USES | {"tic"}


@pytest.mark.parametrize("module", sorted(set(modules_of("xpl")) - XPL_WITH_WORLD))
def test_xpl_meets_the_world_in_one_module_only(module):
    assert {top(name) for name in imports(module)}.isdisjoint(WORLD)


@pytest.mark.parametrize(
    "module", [m for m in SOURCES if top(m) == "tic" or (top(m) == "xpl" and part(m) != "tools")]
)
def test_the_libraries_need_nothing_but_python(module):
    """The xPL tools are programs: they may use what programs use."""
    outside = {top(name) for name in imports(module)} - sys.stdlib_module_names
    assert outside <= {top(module)}


@pytest.mark.parametrize(
    "module",
    [
        m
        for m in SOURCES
        if top(m) in {"tic", "xpl"} and m not in XPL_WITH_WORLD and part(m) != "tools"
    ],
)
def test_time_is_an_argument(module):
    called = {
        node.func.attr
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called.isdisjoint(CLOCKS)


@pytest.mark.parametrize("module", [module for module in SOURCES if top(module) in NOT_FROM])
def test_a_library_knows_nothing_of_the_gateway_nor_of_the_other(module):
    assert {top(name) for name in imports(module)}.isdisjoint(NOT_FROM[top(module)])


@pytest.mark.parametrize("module", modules_of("teleinfo_gateway"))
def test_arrows_point_downward_only(module):
    for name in imports(module):
        if top(name) == "teleinfo_gateway" and part(name) in ONLY_FROM:
            allowed = ONLY_FROM[part(name)] | {part(name)}
            assert part(module) in allowed, f"{module} must not import {name}"


@pytest.mark.parametrize(
    "module", [m for m in SOURCES if m.startswith("teleinfo_gateway.outputs.")]
)
def test_an_output_never_imports_another(module):
    own = module.split(".")[2]
    others = {
        name.split(".")[2]
        for name in imports(module)
        if name.startswith("teleinfo_gateway.outputs.")
    }
    assert others <= {own}


@pytest.mark.parametrize("package", ["tic", "xpl", "teleinfo_gateway"])
def test_no_two_parts_need_each_other(package):
    """Whatever is imported when: a part of a package never leads back to itself."""
    graph = defaultdict(set)
    for module in modules_of(package):
        needed = {part(name) for name in imports(module) if top(name) == package}
        graph[part(module)] |= needed - {part(module), ""}
    graph.pop("", None)  # the package itself gathers what its parts offer
    graphlib.TopologicalSorter(graph).prepare()
