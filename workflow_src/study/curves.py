"""`curves.csv`: how every training of the study went, validation by validation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.models.run_folder import HISTORY
from workflow_src.study.files import run_folder
from workflow_src.study.settings import StudySettings, Task


def curves_table(
    settings: StudySettings, trainings: list[tuple[Task, int, str]], runs: Path
) -> pd.DataFrame:
    """Gather the histories.

    Columns: task, train_clips, recipe, seed, epoch (from 1), progress (share of the
    training), loss, selection (the validation metric that picks the epoch; empty where
    an epoch was not validated) and best (`*` at the epoch that was kept).

    Args:
        settings: what was trained.
        trainings: task, clips and recipe of each.
        runs: folder of all trainings.

    Raises:
        InputError: a history is missing or damaged.
    """
    tables = []
    for task, clips, recipe in trainings:
        for seed in settings.seeds:
            path = run_folder(runs, clips, task, recipe, seed) / HISTORY
            try:
                history = pd.read_csv(path)
                epochs = history["epoch"] + 1
                selection = history["selection"]
                loss = history["loss"]
            except (OSError, KeyError, ValueError) as error:
                raise InputError(f"{path} is missing or damaged: {error}") from None
            own = pd.DataFrame(
                {
                    "task": task,
                    "train_clips": clips,
                    "recipe": recipe,
                    "seed": seed,
                    "epoch": epochs,
                    "progress": (epochs / len(epochs)).round(4),
                    "loss": loss.round(4),
                    "selection": selection.round(4),
                    "best": "",
                }
            )
            own.loc[own["selection"].idxmax(), "best"] = "*"
            tables.append(own)
    return pd.concat(tables, ignore_index=True)
