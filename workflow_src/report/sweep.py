"""`sweep.csv` and its figure: Section 4.3's ratio K x λ."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.files import whole_file, write_atomically
from workflow_src.report.headlines import HEADLINES
from workflow_src.report.rows import Row, table_of
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import SweepSettings

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

    Differences are to the first row.
    """
    rows = [
        Row.of(
            scored,
            {
                "K": cell.ratio,
                "lambda": DRAWN if cell.fixed_lambda is None else cell.fixed_lambda,
                "recipe": cell.recipe,
            },
            list(CLIP_FILES),
            cell.recipe,
            None,
            settings.seeds,
        )
        for cell in settings.cells
    ]
    return table_of(rows, [[name, name] for name in HEADLINES], settings.resamples)


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
            date = {"Date": None} if file.suffix == ".svg" else None
            with whole_file(file) as out:
                figure.savefig(out, format=file.suffix[1:], metadata=date)
