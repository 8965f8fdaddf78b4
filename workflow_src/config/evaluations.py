"""Which evaluations the tables and Figure 4 are made from, and so which trainings."""

from __future__ import annotations

from workflow_src.config import steps
from workflow_src.config.schema import Config
from workflow_src.layout import FRONT_ENDS

# Task, recipe, and point of the grid of test-time augmentation or None.
EvaluatedRow = tuple[str, str, str | None]


def of_table(config: Config, name: str, split: str = "test") -> list[EvaluatedRow]:
    """Every row of a table.

    Args:
        config: resolved.
        name: of the table.
        split: that was evaluated.
    """
    return [
        (task, row.recipe, row.tta)
        for row in steps.table(config, name, split).rows
        for task in row.tasks
    ]


def of_figure4(config: Config) -> list[EvaluatedRow]:
    """What Figure 4 shows: one recipe without test-time augmentation and with it."""
    points = [None, *(point.name for point in config.tta.grid.points)]
    return [(task, config.tta.recipe, point) for task in FRONT_ENDS for point in points]


def everything(config: Config) -> list[EvaluatedRow]:
    """All of them, each once, by task."""
    rows = [row for name in config.tables for row in of_table(config, name)]
    return sorted(dict.fromkeys(rows + of_figure4(config)), key=lambda row: row[0])
