"""The paper's tables: a row per method, the paper's figure beside ours.

Figures are in the paper's units: per cent, except `meanR`, which is a rank.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.files import write_atomically
from workflow_src.report.rows import Row, table_of
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

    Columns: method, recipe, clips (test clips scored), seeds, then those of
    `table_of`.
    """
    rows = [
        Row.of(
            scored,
            {"method": row.method, "recipe": row.recipe},
            row.tasks,
            row.recipe,
            row.tta,
            settings.seeds,
            row.published,
        )
        for row in settings.rows
    ]
    metrics = [[metric, *SHOWN.get(metric, [metric])] for metric in settings.metrics]
    return table_of(rows, metrics, settings.resamples)
