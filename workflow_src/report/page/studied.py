"""The study as the page shows it: its figure, and the differences of its plan."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.report.csv_tables import read_table

# The statistic that docs/study.md plans with, a task.
MAIN = {"captioning": "CIDEr", "retrieval": "T2A R@10"}
COLUMNS = ("comparison", "task", "train_clips", "length", "recipe", "metric", "part")


@dataclass(frozen=True)
class StudyRow:
    """One recipe at one size.

    Attributes:
        clips: of training; with the length of the training where it is not 1.
        recipe: its name.
        mean: of the seeds.
        difference: to the baseline with its interval, or "" for the baseline itself.
        p: corrected; "" for the baseline.
        sure: whether the corrected p is below 0.05.
    """

    clips: str
    recipe: str
    mean: str
    difference: str
    p: str
    sure: bool


@dataclass(frozen=True)
class StudyPart:
    """One comparison of the study for one task.

    Attributes:
        title: name of the comparison, task and metric.
        seeds: number of trainings a row.
        baseline: recipe that the others are compared with.
        rows: a recipe and size each.
    """

    title: str
    seeds: int
    baseline: str
    rows: list[StudyRow]


@dataclass(frozen=True)
class StudyOnPage:
    """The study for the page.

    Attributes:
        figure: `data:` address of the SVG of the effects. Inside the page, its style
            would be the page's.
        parts: tables of the differences.
    """

    figure: str
    parts: list[StudyPart]


def studied(path: Path | None) -> StudyOnPage | None:
    """Read a study's `effects.csv`, and `effects.svg` beside it; None without one.

    Raises:
        InputError: a file is missing or damaged.
    """
    if path is None:
        return None
    table = read_table(path, COLUMNS)
    whole = table[table["part"] == "all"]
    parts = []
    for (name, task), own in whole.groupby(["comparison", "task"], sort=False):
        rows = own[own["metric"] == MAIN[str(task)]]
        if rows.empty:
            continue
        parts.append(
            StudyPart(
                f"{name}: {task}, {MAIN[str(task)]}",
                int(rows["seeds"].iloc[0]),
                str(rows["baseline"].iloc[0]),
                [_row(row) for _, row in rows.iterrows()],
            )
        )
    picture = path.with_suffix(".svg")
    try:
        text = base64.b64encode(picture.read_bytes()).decode()
    except OSError as error:
        raise InputError(f"{picture}: {error.strerror}") from None
    return StudyOnPage(f"data:image/svg+xml;base64,{text}", parts)


def _row(row: pd.Series) -> StudyRow:
    clips = f"{row['train_clips']:,}"
    if row["length"] > 1:
        clips += f", {row['length']} times as long"
    if pd.isna(row["difference"]):
        return StudyRow(clips, str(row["recipe"]), f"{row['mean']:.1f}", "", "", False)
    return StudyRow(
        clips,
        str(row["recipe"]),
        f"{row['mean']:.1f}",
        f"{_signed(row['difference'])} [{_signed(row['low'])}, {_signed(row['high'])}]",
        f"{row['corrected_p']:.3f}",
        row["significant"] == "*",
    )


def _signed(value: float) -> str:
    """One decimal, as the study's own table has it; a minus as the page sets it."""
    return f"{value:+.1f}".replace("-", "−")
