from pathlib import Path
from typing import Any

import pytest

import xpl
from xpl.tools import hub, listen, send

PAGE = (Path(__file__).parents[2] / "docs" / "xpl-library.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", [hub, listen, send])
def test_each_option_of_each_tool_is_documented(tool: Any) -> None:
    options = [name for param in tool.main.params for name in param.opts if name.startswith("-")]
    assert options
    assert [name for name in options if name not in PAGE] == []


def test_each_public_name_is_documented() -> None:
    errors = set(xpl.errors.__all__)
    names = set(xpl.__all__) - errors
    directives = ("autoclass", "autofunction", "data")
    assert {name for name in names if not any(f"{d}:: {name}\n" in PAGE for d in directives)} == (
        set()
    )
    assert errors <= set(xpl.__all__)
    assert ".. automodule:: xpl.errors" in PAGE
