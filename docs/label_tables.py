# ruff: noqa: INP001  # a Sphinx extension of these pages, not a package
"""Directives whose tables come from what the program itself uses.

``label-table`` shows the labels of one mode, ``xpl-key-table`` the keys of ``teleinfo.std``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from teleinfo_gateway.outputs.xpl.schema import standard_key
from tic import LABELS, Kind, Label, Mode, Phases

_COLUMNS = {"Label": 12, "Size": 5, "Unit": 6, "Sent": 18, "English": 30, "Français": 30}

_KEY_COLUMNS = {"Label": 16, "Key": 16, "Horodate": 18, "Meaning": 50}


class LabelTable(SphinxDirective):
    """``.. label-table:: historique`` or ``standard``: one row per label, in order of emission."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """The table."""
        mode = Mode(directives.choice(self.arguments[0], tuple(Mode)))
        return [_table(_COLUMNS, [_cells(label) for label in LABELS if label.mode is mode])]


class XplKeyTable(SphinxDirective):
    """``.. xpl-key-table::``: one row per standard label, in the order of ``teleinfo.std``."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        labels = [label for label in LABELS if label.mode is Mode.STANDARD]
        return [_table(_KEY_COLUMNS, [_key_cells(label) for label in labels])]


def _table(columns: Mapping[str, int], rows: Iterable[Iterable[nodes.Node]]) -> nodes.table:
    group = nodes.tgroup(cols=len(columns))
    group += [nodes.colspec(colwidth=width) for width in columns.values()]
    head = nodes.thead()
    head += _row(nodes.Text(name) for name in columns)
    body = nodes.tbody()
    body += [_row(row) for row in rows]
    group += [head, body]
    table = nodes.table(classes=["label-table"])
    table += group
    return table


def _key_cells(label: Label) -> list[nodes.Node]:
    key = standard_key(label.name)
    dated = label.timestamped and label.kind is not Kind.CLOCK
    return [
        nodes.literal(text=label.name),
        nodes.literal(text=key),
        nodes.literal(text=f"{key}-h") if dated else nodes.Text(""),
        nodes.Text(label.en),
    ]


def _cells(label: Label) -> list[nodes.Node]:
    return [
        nodes.literal(text=label.name),
        nodes.Text(str(label.size)),
        nodes.Text(label.unit),
        nodes.Text(", ".join(_conditions(label))),
        nodes.Text(label.en),
        nodes.Text(label.fr),
    ]


def _conditions(label: Label) -> Iterable[str]:
    """When, by whom and how a label is sent, where it is not simply always."""
    if label.alias_of:
        yield f"pilot meters, for {label.alias_of}"
    if label.phases is not Phases.ANY:
        yield label.phases
    if label.producer:
        yield "producers"
    if label.event:
        yield "event"
    elif label.optional:
        yield "optional"
    if label.timestamped:
        yield "horodate"


def _row(cells: Iterable[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += nodes.paragraph("", "", cell)
        row += entry
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("label-table", LabelTable)
    app.add_directive("xpl-key-table", XplKeyTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
