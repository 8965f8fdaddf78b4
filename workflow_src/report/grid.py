"""`figure4.csv`: every point of the τ grid, for both tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.files import write_atomically
from workflow_src.report.rows import Row, table_of
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import FigureSettings

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
    the output layer), clips, seeds, then the metrics of both tasks as `table_of` has
    them; differences are to no TTA.
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
    rows = [
        Row.of(scored, head, list(CLIP_FILES), settings.recipe, tta, settings.seeds)
        for head, tta in points
    ]
    names = dict.fromkeys(
        metric for method in rows[0].methods for metric in method.metrics
    )
    return table_of(rows, [[name, name] for name in names], settings.resamples)
