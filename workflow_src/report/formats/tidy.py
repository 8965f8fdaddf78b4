"""Tidy CSV: one row a method, metric and origin, for those who compute on."""

from __future__ import annotations

import csv
import io

from workflow_src.report.formats.model import PUBLISHED_CORPUS, Table, task_of_metric

COLUMNS = (
    "table",
    "method",
    "recipe",
    "whose",
    "corpus",
    "scale",
    "split",
    "clips",
    "seeds",
    "task",
    "metric",
    "score",
    "sd",
    "difference",
    "low",
    "high",
    "p",
    "corrected_p",
    "significant",
    "resampled",
    "settings",
    "version",
)
# What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def tidy(table: Table) -> str:
    """Write a table as tidy CSV.

    The paper's figures are rows of their own, whose corpus is AudioCaps: no row has
    figures of two corpora. A text that a spreadsheet would take for a formula begins
    with an apostrophe (`'+ PairMix`); `recipe` is a key without one.
    """
    records: list[dict[str, object]] = []
    for method in table.methods:
        name = {
            "table": table.name,
            "method": " ".join(method.head[head] for head in table.heads),
            "recipe": method.recipe,
        }
        for metric, figure in method.ours.items():
            record: dict[str, object] = {
                **name,
                "whose": "ours",
                **method.counts,
                **method.origin,
                "task": task_of_metric(metric),
                "metric": metric,
                "score": figure.value,
                "sd": figure.deviation,
            }
            if figure.interval is not None:
                record |= vars(figure.interval)
                record["significant"] = "*" if figure.interval.significant else ""
                record["resampled"] = method.resampled
            records.append(record)
        records += [
            {
                **name,
                "whose": "paper",
                "corpus": PUBLISHED_CORPUS,
                "scale": "paper",
                "split": "test",
                "task": task_of_metric(metric),
                "metric": metric,
                "score": value,
            }
            for metric, value in method.paper.items()
        ]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: disarmed(value) for key, value in record.items()} for record in records
    )
    return text.getvalue()


def disarmed(value: object) -> object:
    """A value that no spreadsheet computes: texts like formulas get an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
