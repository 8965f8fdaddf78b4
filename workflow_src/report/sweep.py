"""`sweep.csv` and its figure: Section 4.3's ratio K x λ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.files import write_atomically
from workflow_src.report.headlines import HEADLINES
from workflow_src.report.runs import Runs
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import SweepSettings
from workflow_src.report.tables import figures

DRAWN = "Beta(alpha, alpha)"


def write_sweep(
    settings: SweepSettings, *, scores: list[Path], output: Path, pictures: list[Path]
) -> None:
    """Write and draw the sweep of Section 4.3.

    Args:
        settings: its cells.
        scores: `scores.json` of every training.
        output: the CSV.
        pictures: .png and .svg files.
    """
    table = sweep_table(settings, ScoredRuns(scores))
    write_atomically(output, table.to_csv(index=False))
    draw_sweep(table, pictures)


def sweep_table(settings: SweepSettings, scored: ScoredRuns) -> pd.DataFrame:
    """Make the table: columns K, lambda, recipe, clips, seeds, then metrics.

    Differences, with their intervals over the clips, are to the first row.
    """
    rows: list[dict[str, Any]] = []
    baselines: dict[str, Runs] = {}
    for cell in settings.cells:
        runs = [
            Runs(task, scored.folders(task, cell.recipe, None, settings.seeds))
            for task in CLIP_FILES
        ]
        row: dict[str, Any] = {
            "K": cell.ratio,
            "lambda": DRAWN if cell.fixed_lambda is None else cell.fixed_lambda,
            "recipe": cell.recipe,
            "clips": runs[0].clips,
            "seeds": len(settings.seeds),
        }
        for metric in HEADLINES:
            for run in runs:
                row |= figures(run, metric, baselines, settings.resamples)
        row |= scored.origin(CLIP_FILES, cell.recipe, None, settings.seeds)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(max(rows, key=len)))


def draw_sweep(table: pd.DataFrame, files: list[Path]) -> None:
    """Draw each metric over K, a line a λ."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = [metric for metric in HEADLINES if metric in table]
    with matplotlib.rc_context({"svg.hashsalt": "sweep", "svg.fonttype": "none"}):
        figure = Figure(figsize=(3.2 * len(metrics), 3), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(metrics), squeeze=False)[0]
        for axis, metric in zip(axes, metrics, strict=True):
            for name, own in table.groupby("lambda", sort=False):
                axis.plot(own["K"], own[metric], marker="o", label=f"λ: {name}")
            axis.set_xlabel("K, share of generated samples")
            axis.set_title(metric)
        axes[0].legend()
        for file in files:
            figure.savefig(
                file, metadata={"Date": None} if file.suffix == ".svg" else None
            )
