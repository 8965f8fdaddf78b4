"""Markdown, as GitHub shows it: what the README has."""

from __future__ import annotations

from workflow_src.report.formats import words
from workflow_src.report.formats.model import Column, Method, Table

# Entities where a backslash is not enough: a pipe ends a cell even in code.
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;"}
BACKSLASHED = "\\`*_[]#~"


def markdown(table: Table) -> str:
    """Write a table, its caption first; many columns become several tables."""
    first, *rest = words.caption(table)
    lines = [" ".join([f"**{escaped(first)}**", *map(escaped, rest)])]
    for panel in table.panels():
        lines += ["", *_panel(table, panel)]
    return "\n".join(lines) + "\n"


def _panel(table: Table, columns: list[Column]) -> list[str]:
    heads = [escaped(head) for head in table.heads]
    for column in columns:
        origin = escaped(words.origin(table, column))
        heads.append(f"{escaped(words.heading(column))}<br>{origin}")
    rules = [" --- "] * len(table.heads) + [" ---: "] * len(columns)
    return [
        _row(heads),
        f"|{'|'.join(rules)}|",
        *(_row(_cells(table, method, columns)) for method in table.methods),
    ]


def _cells(table: Table, method: Method, columns: list[Column]) -> list[str]:
    cells = [escaped(method.head[head]) for head in table.heads]
    return cells + [_cell(method, column) for column in columns]


def _cell(method: Method, column: Column) -> str:
    if column.paper:
        value = method.paper.get(column.metric)
        return "" if value is None else words.published(value)
    figure = method.ours.get(column.metric)
    if figure is None:
        return ""
    text = words.figure_text(figure)
    if figure.interval is None:
        return text
    mark = escaped("*") if figure.interval.significant else ""
    below = escaped(words.interval_text(figure.interval))
    return f"{text}{mark}<br><sub>{below}</sub>"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, in one line."""
    text = " ".join(text.split())
    for sign in BACKSLASHED:
        text = text.replace(sign, "\\" + sign)
    for sign, entity in ENTITIES.items():
        text = text.replace(sign, entity)
    return text
