"""`curves.csv`: how every training of the study went, validation by validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.models.run_folder import HISTORY
from workflow_src.study.files import run_folder
from workflow_src.study.settings import Arm


def curves_table(arms: Mapping[Arm, tuple[int, ...]], runs: Path) -> pd.DataFrame:
    """Gather the histories.

    Columns: task, train_clips, length, recipe, seed, epoch (from 1), progress (share of
    the training), loss, selection (the validation metric that picks the epoch; empty
    where an epoch was not validated) and best (`*` at the epoch that was kept).

    Args:
        arms: what was trained, with its seeds.
        runs: folder of all trainings.

    Raises:
        InputError: a history is missing or damaged.
    """
    tables = []
    for arm, seeds in arms.items():
        for seed in seeds:
            path = run_folder(runs, arm, seed) / HISTORY
            try:
                history = pd.read_csv(path)
                epochs = history["epoch"] + 1
                selection = history["selection"]
                loss = history["loss"]
            except (OSError, KeyError, ValueError) as error:
                raise InputError(f"{path} is missing or damaged: {error}") from None
            own = pd.DataFrame(
                {
                    "task": arm.task,
                    "train_clips": arm.clips,
                    "length": arm.length,
                    "recipe": arm.recipe,
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
