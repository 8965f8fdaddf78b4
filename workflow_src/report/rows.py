"""Rows of methods with their scores and differences: the body of every table here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.metrics.uncertainty import Difference, over_seeds
from workflow_src.report.runs import MethodScores
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.statistics import table_differences

DECIMALS = 2  # with which tables print scores


@dataclass(frozen=True)
class Row:
    """One method of a table.

    Attributes:
        head: first columns.
        methods: its scores, of one task or both.
        published: metric -> the paper's figure.
        origin: last columns, of what the scores are.
    """

    head: dict[str, Any]
    methods: list[MethodScores]
    published: dict[str, float]
    origin: dict[str, str]

    @classmethod
    def of(
        cls,
        scored: ScoredRuns,
        head: dict[str, Any],
        tasks: Sequence[str],
        recipe: str,
        tta: str | None,
        seeds: Sequence[int],
        published: dict[str, float] | None = None,
    ) -> Row:
        """Find the scores of a row."""
        methods = []
        for task in tasks:
            folders: list[Path] = scored.folders(task, recipe, tta, seeds)
            methods.append(MethodScores(task, dict(zip(seeds, folders, strict=True))))
        clips = sorted({method.clips for method in methods})
        counted = {
            "clips": clips[0] if len(clips) == 1 else "/".join(map(str, clips)),
            "seeds": len(seeds),
        }
        origin = scored.origin(tasks, recipe, tta, seeds)
        return cls(head | counted, methods, published or {}, origin)


def table_of(
    rows: Sequence[Row], metrics: Sequence[Sequence[str]], resamples: int
) -> pd.DataFrame:
    """Make a table of rows; each is compared with the first that has the metric.

    Columns: those of the heads; then for each metric that a row has

    - `<metric> (paper)`, where the paper prints it;
    - `<metric>`: the mean over the seeds, and `<metric> sd` with several;
    - `<metric> difference`, `low`, `high`: to the first row, with the 95 % interval
      of a paired bootstrap; `p`, two-sided, and `corrected p`, by Holm for all the
      comparisons of the table; `significant`: `*` where that is below 0.05;

    `resampled`: over what the bootstrap is, `clips` or `seeds and clips`: over clips
    alone it says nothing of another training; at last the columns of the origins.

    Args:
        rows: in their order.
        metrics: groups: a metric of the paper, then those that are shown for it.
        resamples: of the bootstrap.
    """
    shown = list(dict.fromkeys(metric for group in metrics for metric in group[1:]))
    differences = table_differences(
        [row.methods for row in rows], shown, resamples, decimals=DECIMALS
    )
    records = []
    for row, found in zip(rows, differences, strict=True):
        record = dict(row.head)
        for published, *own in metrics:
            if published in row.published:
                record[f"{published} (paper)"] = row.published[published]
            for metric in own:
                record |= _figures(row.methods, metric, found.get(metric))
        resampled = {difference.resampled for difference in found.values()}
        record["resampled"] = " / ".join(sorted(resampled))
        records.append(record | row.origin)
    # The fullest row has the columns in their order; others may have fewer.
    fullest = max(records, key=len)
    columns = dict.fromkeys([*fullest, *(c for record in records for c in record)])
    return pd.DataFrame(records, columns=list(columns))


def _figures(
    methods: Sequence[MethodScores], metric: str, found: Difference | None
) -> dict[str, Any]:
    """Our figures of one metric of a row; empty if it was not scored."""
    values = [value for method in methods for value in method.values(metric)]
    if not values:
        return {}
    mean, deviation = over_seeds(values)
    own: dict[str, Any] = {metric: round(mean, DECIMALS)}
    if deviation is not None:
        own[f"{metric} sd"] = round(deviation, DECIMALS)
    if found is not None:
        own |= {
            f"{metric} difference": round(found.difference, DECIMALS),
            f"{metric} low": round(found.low, DECIMALS),
            f"{metric} high": round(found.high, DECIMALS),
            f"{metric} p": round(found.p, 4),
            f"{metric} corrected p": round(found.corrected_p, 4),
            f"{metric} significant": "*" if found.significant else "",
        }
    return own
