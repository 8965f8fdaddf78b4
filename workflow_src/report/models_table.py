"""`models.csv`: baseline, + PairMix and + Multi-TTA of each further model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.models.families.settings import PARAMETERS
from workflow_src.models.run_folder import read_record
from workflow_src.report.models_settings import ModelRows, ModelsTableSettings
from workflow_src.report.rows import Row, table_of
from workflow_src.report.scored import ScoredRuns

METRICS = {
    "captioning": [
        ["SPIDEr", "SPIDEr", "SPIDEr-py"],
        ["CIDEr", "CIDEr"],
        ["SPICE", "SPICE", "SPICE-py"],
        ["METEOR", "METEOR"],
        ["BLEU-4", "BLEU-4"],
    ],
    "retrieval": [
        [f"{direction} {name}"] * 2
        for direction in ("T2A", "A2T")
        for name in ("R@1", "R@5", "R@10", "meanR")
    ],
}


def write_models_table(
    settings: ModelsTableSettings, *, scores: list[Path], runs: Path, output: Path
) -> None:
    """Write the table of all models.

    Args:
        settings: its rows.
        scores: `scores.json` of every evaluation.
        runs: folder of the models' folders.
        output: the CSV.
    """
    parts = []
    for model in settings.models:
        own = [path for path in scores if (runs / model.name) in path.parents]
        if not own:
            raise InputError(f"no scores of model {model.name} are given")
        parts.append(rows_of(settings, model, own, runs / model.name))
    table = pd.concat(parts, ignore_index=True)
    write_atomically(output, table.to_csv(index=False))
    print(table.to_string(index=False))


def rows_of(
    settings: ModelsTableSettings, model: ModelRows, scores: list[Path], folder: Path
) -> pd.DataFrame:
    """The three rows of a model; differences are to its baseline.

    p is corrected for the comparisons of this model, not for those of the others.

    Args:
        settings: of the table.
        model: whose rows they are.
        scores: of its evaluations.
        folder: of its runs.
    """
    scored = ScoredRuns(scores)
    first = folder / model.task / settings.baseline / f"seed{settings.seeds[0]}"
    head = {
        "model": model.name,
        "task": model.task,
        "family": model.family,
        "parts": model.parts,
        "parameters": int(read_record(first).environment[PARAMETERS]),
    }
    methods = (
        ("Baseline", settings.baseline, None),
        ("+ PairMix", settings.pairmix, None),
        ("+ Multi-TTA", settings.pairmix, settings.point),
    )
    rows = [
        Row.of(
            scored,
            head | {"method": method, "recipe": recipe},
            [model.task],
            recipe,
            point,
            settings.seeds,
        )
        for method, recipe, point in methods
    ]
    return table_of(rows, METRICS[model.task], settings.resamples)
