"""`results/figure4.csv`: every point of the τ grid, for both tasks."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from workflow_src.layout import Layout
from workflow_src.report.runs import CLIP_FILES, Runs
from workflow_src.report.tables import figures
from workflow_src.tta import grid_points

MIDDLE, OUTPUT = "|P_hE|", "|P_H|"  # sizes of the groups at h_E and at the output
PLAIN = "no TTA"  # the method of the row with tau 0


def grid_files(config: Mapping, task: str) -> list[Path]:
    """List the files that the evaluation of a task's grid writes for all seeds."""
    layout = Layout.of(config)
    return [
        layout.run(task, config["tta"]["recipe"], seed) / "tta" / point.name / name
        for seed in config["seeds"]
        for point in grid_points(**config["tta"]["grid"])
        for name in ("scores.json", CLIP_FILES[task])
    ]


def grid_table(config: Mapping) -> pd.DataFrame:
    """Make the table: a row for no TTA, then one a point.

    Columns: method, tau, |P_hE|, |P_H| (sizes of the groups at the middle and at
    the output layer), clips, seeds, then the metrics of both tasks, each with the
    difference to no TTA and its interval as in the tables.
    """
    layout = Layout.of(config)
    folders = {
        task: [
            layout.run(task, config["tta"]["recipe"], seed) for seed in config["seeds"]
        ]
        for task in CLIP_FILES
    }
    plain = {task: Runs(task, own) for task, own in folders.items()}
    head = {"clips": plain["captioning"].clips, "seeds": len(config["seeds"])}
    # The row without TTA comes first: the differences are to it.
    baselines: dict[str, Runs] = {}
    rows = [{"method": PLAIN, "tau": 0, MIDDLE: 1, OUTPUT: 1} | head]
    for runs in plain.values():
        rows[0] |= _all_figures(runs, baselines, config)
    for point in grid_points(**config["tta"]["grid"]):
        row = {
            "method": point.method,
            "tau": point.middle_size * point.output_size,
            MIDDLE: point.middle_size,
            OUTPUT: point.output_size,
        } | head
        for task, own in folders.items():
            runs = Runs(task, [folder / "tta" / point.name for folder in own])
            row |= _all_figures(runs, baselines, config)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(max(rows, key=len)))


def _all_figures(runs: Runs, baselines: dict[str, Runs], config: Mapping) -> dict:
    found: dict = {}
    for metric in runs.metrics:
        found |= figures(runs, metric, baselines, config["metrics"])
    return found
