"""The evaluated runs behind the page: their scores, learning curves and timings."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.errors import InputError
from workflow_src.evaluation.scores import Scores, read_scores
from workflow_src.models.run_folder import HISTORY, SETTINGS, RunRecord, read_record


@dataclass(frozen=True)
class Run:
    """One evaluation of a trained model.

    Attributes:
        scores: what was evaluated, and its corpus scores.
        folder: of its scores; of a training, or of a point of its grid.
    """

    scores: Scores
    folder: Path

    @property
    def key(self) -> tuple[str, str, str | None, int]:
        """Task, recipe, point of the grid and seed."""
        own = self.scores.evaluated
        return own.task, own.recipe, own.tta, own.seed

    @property
    def training(self) -> Path:
        """Folder of the training."""
        return (
            self.folder if self.scores.evaluated.tta is None else self.folder.parents[1]
        )


def read_runs(paths: Iterable[Path]) -> list[Run]:
    """Read `scores.json` files.

    Raises:
        InputError: one is missing or damaged, or none is given.
    """
    runs = [Run(read_scores(path), path.parent) for path in paths]
    if not runs:
        raise InputError("no scores.json is given")
    return runs


def histories(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """How each training went: task, recipe, seed, and columns of `history.csv`.

    A run that holds no history is left out; numbers that were not measured in an
    epoch are None.
    """
    found = []
    for run in runs:
        task, recipe, tta, seed = run.key
        path = run.folder / HISTORY
        if tta is not None or not path.exists():
            continue
        table = pd.read_csv(path)
        columns = {
            str(name): [_number(value) for value in table[name]] for name in table
        }
        found.append({"task": task, "recipe": recipe, "seed": seed, "columns": columns})
    return found


def _number(value: float) -> float | None:
    value = float(value)
    return float(f"{value:.5g}") if math.isfinite(value) else None


def records(runs: Sequence[Run]) -> dict[Path, RunRecord]:
    """What each training is, of those folders that say it."""
    folders = dict.fromkeys(run.training for run in runs)
    return {
        folder: read_record(folder)
        for folder in folders
        if (folder / SETTINGS).exists()
    }


@dataclass(frozen=True)
class Stage:
    """What the jobs of a stage took.

    Attributes:
        name: of the rule.
        jobs: timed ones.
        seconds: of all jobs, one after the other.
        longest: seconds of the longest job.
        memory: most resident memory of a job, in MB.
    """

    name: str
    jobs: int
    seconds: float
    longest: float
    memory: float


def stages(logs: Path | None) -> list[Stage]:
    """Read the timings that rules leave beside their logs, the longest stage first.

    Args:
        logs: folder of the logs; None or absent: no timings.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(logs.rglob("*.time.tsv")) if logs else []:
        name = path.parent.name if path.parent != logs else path.name.split(".")[0]
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                memory = row.get("max_rss") or "0"
                size = 0.0 if memory in ("-", "NA") else float(memory)
                found.setdefault(name, []).append((float(row["s"]), size))
    rows = [
        Stage(
            name,
            len(jobs),
            sum(seconds for seconds, _ in jobs),
            max(seconds for seconds, _ in jobs),
            max(memory for _, memory in jobs),
        )
        for name, jobs in found.items()
    ]
    return sorted(rows, key=lambda stage: -stage.seconds)
