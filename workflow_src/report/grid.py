"""`figure4.csv`: every point of the τ grid, for both tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.files import write_atomically
from workflow_src.report.runs import Runs
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import FigureSettings
from workflow_src.report.tables import figures

MIDDLE, OUTPUT = "|P_hE|", "|P_H|"  # sizes of the groups at h_E and at the output
PLAIN = "no TTA"  # the method of the row with tau 0


def write_figure4(
    settings: FigureSettings,
    *,
    scores: list[Path],
    output: Path,
    pictures: list[Path],
) -> None:
    """Write and draw the test-time augmentation grid, the paper's Figure 4.

    Args:
        settings: its points.
        scores: `scores.json` of every point, and of the runs without TTA.
        output: the CSV.
        pictures: .png and .svg files.
    """
    from workflow_src.report.tta_figure import draw_tta_figure

    table = grid_table(settings, ScoredRuns(scores))
    write_atomically(output, table.to_csv(index=False))
    draw_tta_figure(output, pictures)


def grid_table(settings: FigureSettings, scored: ScoredRuns) -> pd.DataFrame:
    """Make the table: a row for no TTA, then one a point.

    Columns: method, tau, |P_hE|, |P_H| (sizes of the groups at the middle and at
    the output layer), clips, seeds, then the metrics of both tasks, each with the
    difference to no TTA and its interval as in the tables; at last of what it is,
    as in the tables.
    """
    # The row without TTA comes first: the differences are to it.
    points: list[tuple[dict[str, Any], str | None]] = [
        ({"method": PLAIN, "tau": 0, MIDDLE: 1, OUTPUT: 1}, None)
    ]
    for point in settings.grid.points:
        head = {
            "method": point.method,
            "tau": point.middle_size * point.output_size,
            MIDDLE: point.middle_size,
            OUTPUT: point.output_size,
        }
        points.append((head, point.name))
    baselines: dict[str, Runs] = {}
    rows = []
    for head, tta in points:
        runs = [
            Runs(task, scored.folders(task, settings.recipe, tta, settings.seeds))
            for task in CLIP_FILES
        ]
        row = head | {"clips": runs[0].clips, "seeds": len(settings.seeds)}
        for run in runs:
            for metric in run.metrics:
                row |= figures(run, metric, baselines, settings.resamples)
        row |= scored.origin(CLIP_FILES, settings.recipe, tta, settings.seeds)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(max(rows, key=len)))
