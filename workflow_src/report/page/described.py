"""What the captions are like, as the page shows `caption_statistics.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workflow_src.metrics.caption_statistics import NAMES
from workflow_src.report.caption_statistics import FIRST, PERSON, figure_names
from workflow_src.report.csv_tables import read_table
from workflow_src.report.formats.words import TITLES


@dataclass(frozen=True)
class Described:
    """A table in words: its column heads, and rows of texts by table of the paper.

    Attributes:
        heads: of the columns.
        groups: name of the paper's table -> rows; a person's captions come last.
    """

    heads: list[str]
    groups: list[tuple[str, list[list[str]]]]


def described(path: Path | None) -> Described | None:
    """Read the table for the page; None where it was not made.

    Raises:
        InputError: it is damaged.
    """
    if path is None:
        return None
    content = read_table(path, FIRST)
    names = figure_names(content)
    groups: dict[str, list[list[str]]] = {}
    for _, row in content.iterrows():
        group = "" if row["method"] == PERSON else _named(str(row["table"]))
        figures = [_figure(row, name) for name in names]
        groups.setdefault(group, []).append([str(row["method"]), *figures])
    return Described(["captions of", *names], list(groups.items()))


def _named(table: str) -> str:
    return f"{table.capitalize()[:-1]} {table[-1]}. {TITLES.get(table, '')}"


def _figure(row: pd.Series, name: str) -> str:
    """A mean, with its deviation over seeds where there are several."""
    # A vocabulary is a whole number, but for the mean of several.
    whole = name == NAMES["vocabulary"] and float(row[name]).is_integer()
    text = f"{row[name]:.0f}" if whole else f"{row[name]:.1f}"
    deviation = row.get(f"{name} sd")
    return text if pd.isna(deviation) else f"{text} ± {deviation:.1f}"
