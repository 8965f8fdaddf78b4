"""`results/sweep.csv` and its figure: Section 4.3's ratio K x λ."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from workflow_src.layout import Layout
from workflow_src.report.metrics import HEADLINES
from workflow_src.report.runs import CLIP_FILES, Runs
from workflow_src.report.tables import figures
from workflow_src.sweep import sweep_cells

DRAWN = "Beta(alpha, alpha)"


def sweep_files(config: Mapping) -> list[Path]:
    """List the files that the sweep's table is made from."""
    layout = Layout.of(config)
    return [
        layout.run(task, cell.recipe, seed) / name
        for cell in sweep_cells(config)
        for task in CLIP_FILES
        for seed in config["seeds"]
        for name in ("scores.json", CLIP_FILES[task])
    ]


def sweep_table(config: Mapping) -> pd.DataFrame:
    """Make the table: columns K, lambda, recipe, clips, seeds, then metrics.

    Differences, with their intervals over the clips, are to the first row.
    """
    layout = Layout.of(config)
    rows, baselines = [], {}
    for cell in sweep_cells(config):
        runs = [
            Runs(task, [layout.run(task, cell.recipe, s) for s in config["seeds"]])
            for task in CLIP_FILES
        ]
        row = {
            "K": cell.ratio,
            "lambda": DRAWN if cell.fixed_lambda is None else cell.fixed_lambda,
            "recipe": cell.recipe,
            "clips": runs[0].clips,
            "seeds": len(config["seeds"]),
        }
        for metric in HEADLINES:
            for run in runs:
                row |= figures(run, metric, baselines, config["metrics"])
        rows.append(row)
    return pd.DataFrame(rows, columns=list(max(rows, key=len)))


def draw_sweep(table: pd.DataFrame, files: list[str]) -> None:
    """Draw each metric over K, a line a λ."""
    # Here, as each call of Snakemake imports this file for `sweep_files`.
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
                file, metadata={"Date": None} if file.endswith("svg") else None
            )
