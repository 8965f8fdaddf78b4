"""The paper's tables: a row per method, the paper's figure beside ours.

Figures are in the paper's units: per cent, except `meanR`, which is a rank.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_src.layout import Layout

# What the captioning columns of a table show when the paper prints SPIDEr only:
# CIDEr as well, the half of it that needs no parser.
ALSO_SHOWN = {"SPIDEr": ["CIDEr"]}
# The offline approximation of SPICE has names of its own, wherever it stands.
OFFLINE_NAMES = {"SPICE": "SPICE-py", "SPIDEr": "SPIDEr-py"}


def rows_of(config: Mapping, table: str) -> Iterator[tuple[dict, list[str]]]:
    """Yield each row of a table in the config, with the tasks it is run for."""
    content = config["tables"][table]
    for row in content["rows"]:
        yield row, row.get("tasks", content["tasks"])


def score_files(config: Mapping, table: str) -> list[Path]:
    """List the score files that a table is made from."""
    layout = Layout.of(config)
    return [
        layout.run(task, row["recipe"], seed) / "scores.json"
        for row, tasks in rows_of(config, table)
        for task in tasks
        for seed in config["seeds"]
    ]


def table(config: Mapping, name: str) -> pd.DataFrame:
    """Make a table from the score files of its runs.

    Columns: method, recipe, clips (test clips scored), seeds; then for each
    metric `<metric> (paper)`, `<metric>` (mean over the seeds) and, with more
    than one seed, `<metric> sd`. A metric that no run has is absent.
    """
    layout = Layout.of(config)
    records = []
    for row, tasks in rows_of(config, name):
        scores = {
            task: [
                json.loads(
                    (layout.run(task, row["recipe"], seed) / "scores.json").read_text()
                )
                for seed in config["seeds"]
            ]
            for task in tasks
        }
        records.append(_record(row, scores, len(config["seeds"])))
    columns = list(dict.fromkeys(column for record in records for column in record))
    return pd.DataFrame(records, columns=columns)


def _record(row: Mapping, scores: Mapping[str, list[dict]], seeds: int) -> dict:
    """Make one row: the paper's figure and ours, metric by metric."""
    runs = [run for task_runs in scores.values() for run in task_runs]
    clips = {run["clips"] for run in runs}
    record = {
        "method": row["method"],
        "recipe": row["recipe"],
        "clips": clips.pop() if len(clips) == 1 else " / ".join(map(str, clips)),
        "seeds": seeds,
    }
    for metric, figure in row["paper"].items():
        record[f"{metric} (paper)"] = figure
        shown = [metric, OFFLINE_NAMES.get(metric), *ALSO_SHOWN.get(metric, [])]
        for ours in shown:
            values = [run["metrics"][ours] for run in runs if ours in run["metrics"]]
            if values:
                record[ours] = round(float(np.mean(values)), 2)
                if len(values) > 1:
                    record[f"{ours} sd"] = round(float(np.std(values, ddof=1)), 2)
    return record
