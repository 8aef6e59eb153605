# ruff: noqa: INP001  # a Sphinx extension of these pages, not a package
"""The directive ``label-table``: the labels of one mode, from the table the decoder itself uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tic import LABELS, Label, Mode, Phases

_COLUMNS = {"Label": 12, "Size": 5, "Unit": 6, "Sent": 18, "English": 30, "Français": 30}


class LabelTable(SphinxDirective):
    """``.. label-table:: historique`` or ``standard``: one row per label, in order of emission."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """The table."""
        mode = Mode(directives.choice(self.arguments[0], tuple(Mode)))
        group = nodes.tgroup(cols=len(_COLUMNS))
        group += [nodes.colspec(colwidth=width) for width in _COLUMNS.values()]
        head = nodes.thead()
        head += _row(nodes.Text(name) for name in _COLUMNS)
        body = nodes.tbody()
        body += [_row(_cells(label)) for label in LABELS if label.mode is mode]
        group += [head, body]
        table = nodes.table(classes=["label-table"])
        table += group
        return [table]


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
    return {"parallel_read_safe": True, "parallel_write_safe": True}
