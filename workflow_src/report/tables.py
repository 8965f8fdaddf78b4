"""The paper's tables: a row per method, the paper's figure beside ours.

Figures are in the paper's units: per cent, except `meanR`, which is a rank.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.files import write_atomically
from workflow_src.metrics.uncertainty import over_seeds
from workflow_src.report.runs import Runs, difference
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import TableSettings

# What we show for a metric of the paper. The offline approximation of SPICE has
# names of its own, wherever it stands; where the paper prints SPIDEr alone, CIDEr
# is shown too, the half of it that needs no parser.
SHOWN = {
    "SPICE": ["SPICE", "SPICE-py"],
    "SPIDEr": ["SPIDEr", "SPIDEr-py", "CIDEr"],
}


def write_table(settings: TableSettings, *, scores: list[Path], output: Path) -> None:
    """Write one of the paper's tables.

    Args:
        settings: rows and columns.
        scores: `scores.json` of every evaluation that the rows need.
        output: the CSV.
    """
    content = make_table(settings, ScoredRuns(scores))
    write_atomically(output, content.to_csv(index=False))
    print(content.to_string(index=False))


def make_table(settings: TableSettings, scored: ScoredRuns) -> pd.DataFrame:
    """Make a table from the scores of its runs on a split.

    Columns: method, recipe, clips (test clips scored), seeds; then for each
    metric that a run has

    - `<metric> (paper)`, where the paper prints it;
    - `<metric>`: the mean over the seeds, and `<metric> sd` with several;
    - `<metric> difference`, `low`, `high`: to the first row of the table that has
      the metric, with the 95 % interval of a paired bootstrap over the clips (of
      the mean score of a clip: see workflow_src.metrics.uncertainty), and
      `<metric> sure`: `*` where that interval excludes zero;

    at last corpus, scale, split, settings and version: see `ScoredRuns.origin`.
    """
    records: list[dict[str, Any]] = []
    baselines: dict[str, Runs] = {}
    for row in settings.rows:
        runs = [
            Runs(task, scored.folders(task, row.recipe, row.tta, settings.seeds))
            for task in row.tasks
        ]
        clips = sorted({run.clips for run in runs})
        record: dict[str, Any] = {
            "method": row.method,
            "recipe": row.recipe,
            "clips": clips[0] if len(clips) == 1 else "/".join(map(str, clips)),
            "seeds": len(settings.seeds),
        }
        for metric in settings.metrics:
            if metric in row.published:
                record[f"{metric} (paper)"] = row.published[metric]
            for shown in SHOWN.get(metric, [metric]):
                for run in runs:
                    record |= figures(run, shown, baselines, settings.resamples)
        origin = scored.origin(row.tasks, row.recipe, row.tta, settings.seeds)
        records.append(record | origin)
    # The fullest row has the columns in their order; others may have fewer.
    fullest = max(records, key=len)
    columns = dict.fromkeys([*fullest, *(c for record in records for c in record)])
    return pd.DataFrame(records, columns=list(columns))


def figures(
    run: Runs, metric: str, baselines: dict[str, Runs], resamples: int
) -> dict[str, Any]:
    """Our figures of one metric of a row; empty if it was not scored.

    `baselines` remembers the first row of each metric, to which it is compared.
    """
    values = run.values(metric)
    if not values:
        return {}
    mean, deviation = over_seeds(values)
    own: dict[str, Any] = {metric: mean}
    if deviation is not None:
        own[f"{metric} sd"] = deviation
    first = baselines.setdefault(metric, run)
    found = None
    if first is not run:
        found = difference(run, first, metric, resamples)
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
