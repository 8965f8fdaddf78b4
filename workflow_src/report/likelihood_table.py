"""`likelihood_retrieval.csv`: captioners that rank captions by their own likelihood."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.report.models_settings import LikelihoodTableSettings
from workflow_src.report.models_table import METRICS
from workflow_src.report.rows import Row, table_of
from workflow_src.report.scored import ScoredRuns

# In words, and as `workflow_src.evaluation.likelihood` names the folders.
SCORES = {
    "log-likelihood by words": "likelihood",
    "the same against its prior": "likelihood-prior",
}


def write_likelihood_table(
    settings: LikelihoodTableSettings,
    *,
    scores: list[Path],
    models: list[str],
    output: Path,
) -> None:
    """Write the table of captioners as retrievers.

    Args:
        settings: its rows.
        scores: `scores.json` of every evaluation.
        models: the captioner of each of them.
        output: the CSV.
    """
    table = pd.concat(
        [
            rows_of(
                settings,
                name,
                [path for path, own in zip(scores, models, strict=True) if own == name],
            )
            for name in settings.models
        ],
        ignore_index=True,
    )
    write_atomically(output, table.to_csv(index=False))
    print(table.to_string(index=False))


def rows_of(
    settings: LikelihoodTableSettings, name: str, scores: list[Path]
) -> pd.DataFrame:
    """The rows of a captioner; differences are to its first, p corrected for its own.

    Args:
        settings: of the table.
        name: of the captioner.
        scores: of its evaluations.
    """
    if not scores:
        raise InputError(f"no scores of captioner {name} are given")
    scored = ScoredRuns(scores)
    rows = [
        Row.of(
            scored,
            {"model": name, "method": method, "recipe": recipe, "score": words},
            ["retrieval"],
            recipe,
            folder,
            settings.seeds,
        )
        for method, recipe in (
            ("Baseline", settings.baseline),
            ("+ PairMix", settings.pairmix),
        )
        for words, folder in SCORES.items()
    ]
    return table_of(rows, METRICS["retrieval"], settings.resamples)
