"""The paper's tables: a row per method, the paper's figure beside ours.

Figures are in the paper's units: per cent, except `meanR`, which is a rank.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from workflow_src.layout import Layout
from workflow_src.metrics.uncertainty import over_seeds
from workflow_src.report.runs import CLIP_FILES, Runs, difference

# What we show for a metric of the paper. The offline approximation of SPICE has
# names of its own, wherever it stands; where the paper prints SPIDEr alone, CIDEr
# is shown too, the half of it that needs no parser.
SHOWN = {
    "SPICE": ["SPICE", "SPICE-py"],
    "SPIDEr": ["SPIDEr", "SPIDEr-py", "CIDEr"],
}


def rows_of(
    config: Mapping, table: str, split: str = "test"
) -> Iterator[tuple[dict, list[str]]]:
    """Yield each row of a table in the config, with the tasks it is run for.

    The grid of test-time augmentation is evaluated on the test split alone.
    """
    content = config["tables"][table]
    for row in content["rows"]:
        if split == "test" or "tta" not in row:
            yield row, row.get("tasks", content["tasks"])


def folder(layout: Layout, task: str, row: Mapping, seed: int, split: str) -> Path:
    """Folder with the scores of a row: a run's, or a point of its τ grid."""
    own = layout.evaluated(task, row["recipe"], seed, split)
    return own / "tta" / row["tta"] if "tta" in row else own


def score_files(config: Mapping, table: str, split: str = "test") -> list[Path]:
    """List the files that a table is made from."""
    layout = Layout.of(config)
    return [
        folder(layout, task, row, seed, split) / name
        for row, tasks in rows_of(config, table, split)
        for task in tasks
        for seed in config["seeds"]
        for name in ("scores.json", CLIP_FILES[task])
    ]


def table(config: Mapping, name: str, split: str = "test") -> pd.DataFrame:
    """Make a table from the scores of its runs on a split.

    Columns: method, recipe, clips (test clips scored), seeds; then for each
    metric that a run has

    - `<metric> (paper)`, where the paper prints it;
    - `<metric>`: the mean over the seeds, and `<metric> sd` with several;
    - `<metric> difference`, `low`, `high`: to the first row of the table that has
      the metric, with the 95 % interval of a paired bootstrap over the clips (of
      the mean score of a clip: see workflow_src.metrics.uncertainty), and
      `<metric> sure`: `*` where that interval excludes zero.
    """
    layout = Layout.of(config)
    records, baselines = [], {}
    for row, tasks in rows_of(config, name, split):
        runs = [
            Runs(
                task,
                [folder(layout, task, row, seed, split) for seed in config["seeds"]],
            )
            for task in tasks
        ]
        clips = sorted({run.clips for run in runs})
        record = {
            "method": row["method"],
            "recipe": row["recipe"],
            "clips": clips[0] if len(clips) == 1 else "/".join(map(str, clips)),
            "seeds": len(config["seeds"]),
        }
        for metric, figure in row["paper"].items():
            record[f"{metric} (paper)"] = figure
            for shown in SHOWN.get(metric, [metric]):
                for run in runs:
                    record |= figures(run, shown, baselines, config["metrics"])
        records.append(record)
    # The fullest row has the columns in their order; others may have fewer.
    fullest = max(records, key=len)
    columns = dict.fromkeys([*fullest, *(c for record in records for c in record)])
    return pd.DataFrame(records, columns=list(columns))


def figures(run: Runs, metric: str, baselines: dict, settings: Mapping) -> dict:
    """Our figures of one metric of a row; empty if it was not scored.

    `baselines` remembers the first row of each metric, to which it is compared.
    """
    values = run.values(metric)
    if not values:
        return {}
    mean, deviation = over_seeds(values)
    own = {metric: mean}
    if deviation is not None:
        own[f"{metric} sd"] = deviation
    first = baselines.setdefault(metric, run)
    found = None
    if first is not run:
        found = difference(run, first, metric, settings["resamples"])
    if found is not None:
        own |= {
            f"{metric} difference": found.difference,
            f"{metric} low": found.low,
            f"{metric} high": found.high,
        }
    own = {name: round(value, 2) for name, value in own.items()}
    if found is not None:
        own[f"{metric} sure"] = "*" if found.excludes_zero else ""
    return own
