"""HTML: a table by itself, and the same table inside the page, with intervals drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workflow_src.report.formats import words
from workflow_src.report.formats.model import Column, Method, Table

TEMPLATES = Path(__file__).parents[1] / "templates"
METRICS = 4  # of ours side by side
WIDTH, MARGIN = 96.0, 3.0  # of a drawn interval, in pixels


@dataclass(frozen=True)
class Drawn:
    """An interval in the scale of its column, in pixels of a picture `WIDTH` wide."""

    zero: float
    low: float
    high: float
    point: float
    direction: str


@dataclass(frozen=True)
class Cell:
    """A figure as the template shows it: texts, and the drawn interval if any."""

    text: str
    paper: bool = False
    mark: str = ""
    below: str = ""
    p: str = ""
    drawn: Drawn | None = None


@cache
def environment() -> Environment:
    """The templates; everything that is put into one is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html(table: Table) -> str:
    """Write a table as an HTML document of its own, which needs nothing else."""
    template = environment().get_template("table_document.html.j2")
    return template.render(
        title=f"{words.title(table)} ({words.origin(table, OURS)})",
        table=fragment(table),
        style=Markup((TEMPLATES / "table.css").read_text(encoding="utf-8")),
    )


def fragment(table: Table) -> Markup:
    """Write a table as a `<figure>`, styled by whoever includes it."""
    first, *rest = words.caption(table)
    template = environment().get_template("table.html.j2")
    text = template.render(
        name=table.name,
        first=first,
        rest=rest,
        heads=table.heads,
        panels=[_panel(table, columns) for columns in table.panels(METRICS)],
        width=WIDTH,
    )
    return Markup(text)


OURS = Column("", paper=False)


def _panel(table: Table, columns: list[Column]) -> dict[str, object]:
    heads = [
        (words.heading(column), *words.whose(table, column), column.paper)
        for column in columns
    ]
    scales = {column: _scale(table, column) for column in columns if not column.paper}
    rows = [
        (
            [method.head[head] for head in table.heads],
            [_cell(method, column, scales.get(column)) for column in columns],
        )
        for method in table.methods
    ]
    return {"heads": heads, "rows": rows}


def _scale(table: Table, column: Column) -> tuple[float, float]:
    """The least and the greatest value that a column's pictures show; zero is in."""
    found = [
        figure.interval
        for method in table.methods
        if (figure := method.ours.get(column.metric)) and figure.interval
    ]
    low = min([0.0, *(own.low for own in found), *(own.difference for own in found)])
    high = max([0.0, *(own.high for own in found), *(own.difference for own in found)])
    return low, high


def _cell(method: Method, column: Column, scale: tuple[float, float] | None) -> Cell:
    if column.paper or scale is None:
        value = method.paper.get(column.metric)
        return Cell("" if value is None else words.published(value), paper=True)
    figure = method.ours.get(column.metric)
    if figure is None:
        return Cell("")
    own = figure.interval
    if own is None:
        return Cell(words.figure_text(figure))

    def place(value: float) -> float:
        low, high = scale
        share = (value - low) / (high - low) if high > low else 0.5
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    drawn = Drawn(
        place(0.0),
        place(own.low),
        place(own.high),
        place(own.difference),
        words.direction(column, own),
    )
    return Cell(
        words.figure_text(figure),
        mark="*" if own.significant else "",
        below=words.interval_text(own),
        p=f"p = {own.p:.4f}, corrected for the table {own.corrected_p:.4f}",
        drawn=drawn,
    )
