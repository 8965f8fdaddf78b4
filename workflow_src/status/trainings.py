"""How far each training is: its folder, and the epochs in its `history.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml

from workflow_src.models.run_folder import HISTORY, MODEL, RESUME, SETTINGS

State = Literal["done", "running", "interrupted", "waiting"]


@dataclass(frozen=True)
class TrainingStatus:
    """One training.

    Attributes:
        task: captioning, retrieval or pretraining.
        recipe: of it; of a pre-training, the front end.
        seed: of it; None of a pre-training.
        state: done; running; interrupted: begun, and nothing runs; waiting.
        epoch: finished so far.
        epochs: of all.
        seconds: an epoch takes on average, with its share of the validations; None:
            no epoch is finished.
        updated: when the last epoch ended.
    """

    task: str
    recipe: str
    seed: int | None
    state: State
    epoch: int
    epochs: int
    seconds: float | None = None
    updated: datetime | None = None

    @property
    def name(self) -> str:
        """The recipe, with its seed."""
        return self.recipe if self.seed is None else f"{self.recipe} seed {self.seed}"

    def left(self, now: datetime) -> float | None:
        """Seconds to its end, estimated from its mean epoch; None: no estimate."""
        if self.state == "done":
            return 0.0
        if self.seconds is None:
            return None
        whole = (self.epochs - self.epoch) * self.seconds
        if self.state != "running" or self.updated is None:
            return whole
        return max(0.0, whole - (now - self.updated).total_seconds())

    def ends(self, now: datetime) -> datetime | None:
        """When it ends if it runs on as before: an estimate, of running ones alone."""
        left = self.left(now)
        if self.state != "running" or left is None:
            return None
        return now + timedelta(seconds=left)


def read_training(
    folder: Path, task: str, recipe: str, seed: int | None, epochs: int, runs: bool
) -> TrainingStatus:
    """Look into a training's folder, which need not be there.

    Args:
        folder: of the run.
        task: captioning, retrieval or pretraining.
        recipe: of it.
        seed: of it.
        epochs: that it takes by the config; the folder's `settings.yaml` knows better.
        runs: whether a job of it runs now.
    """
    begun = folder / SETTINGS
    if begun.exists():
        epochs = _epochs(begun) or epochs
    seconds = _seconds(folder / HISTORY)
    # A fetched run has its history and no weights.
    done = len(seconds) >= epochs and not (folder / RESUME).exists()
    state: State = "waiting"
    if runs:
        state = "running"
    elif done or (folder / MODEL).exists():
        state = "done"
    elif begun.exists() or (folder / RESUME).exists():
        state = "interrupted"
    updated = None
    if seconds:
        updated = datetime.fromtimestamp((folder / HISTORY).stat().st_mtime)
    mean = sum(seconds) / len(seconds) if seconds else None
    return TrainingStatus(
        task, recipe, seed, state, len(seconds), epochs, mean, updated
    )


def _epochs(path: Path) -> int | None:
    """The epochs that a run's record says; None where it is not (yet) readable.

    The whole record is not checked: that is for those who use the run.
    """
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        return int(values["settings"]["optimization"]["epochs"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return None


def _seconds(path: Path) -> list[float]:
    """Seconds of each epoch so far."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [float(row["seconds"]) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return []
