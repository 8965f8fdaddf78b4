"""`effects.csv`: what each recipe changes, by task, size of the corpus and metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.metrics.uncertainty import Difference, holm, over_seeds
from workflow_src.report.rows import DECIMALS
from workflow_src.report.runs import MethodScores
from workflow_src.report.statistics import Bootstrap
from workflow_src.study.files import run_folder
from workflow_src.study.settings import Arm, Comparison, StudySettings, Task

# The first of each task is the one that docs/study.md plans with. SPIDEr-py stands in
# where SPICE is not the official one.
METRICS: dict[str, tuple[str, ...]] = {
    "captioning": ("CIDEr", "METEOR", "BLEU-4", "SPIDEr", "SPIDEr-py"),
    "retrieval": ("T2A R@10", "T2A R@1", "A2T R@10", "A2T R@1"),
}
ALL = "all"


@dataclass(frozen=True)
class Part:
    """Test clips that are scored by themselves.

    Attributes:
        name: `all`, or what the clips have in common.
        clips: their file names; None: all.
    """

    name: str
    clips: frozenset[str] | None


class Studied:
    """The study's scores, each read once, and differences on all its parts.

    Args:
        settings: what was trained.
        runs: folder of all trainings.
        parts: of the test clips; the first is all of them.
    """

    def __init__(self, settings: StudySettings, runs: Path, parts: list[Part]) -> None:
        self.settings = settings
        self.runs = runs
        self.parts = parts
        self._methods: dict[tuple[Arm, tuple[int, ...], str | None], MethodScores] = {}
        self._bootstraps = {
            part.name: Bootstrap(settings.resamples, decimals=DECIMALS, only=part.clips)
            for part in parts
        }

    def method(
        self, arm: Arm, seeds: tuple[int, ...] = (), tta: str | None = None
    ) -> MethodScores:
        """The scores of what was trained, a run a seed.

        Args:
            arm: what was trained.
            seeds: of the trainings; none: those of the study.
            tta: point of the grid of test-time augmentation, or None.
        """
        key = (arm, seeds or self.settings.seeds, tta)
        if key not in self._methods:
            folders: dict[int, Path] = {}
            for seed in seeds or self.settings.seeds:
                own = run_folder(self.runs, arm, seed)
                folders[seed] = own if tta is None else own / "tta" / tta
            self._methods[key] = MethodScores(arm.task, folders)
        return self._methods[key]

    def metrics(self, method: MethodScores) -> list[str]:
        """The study's metrics that a method was scored in."""
        return [name for name in METRICS[method.task] if method.values(name)]

    def figures(self, method: MethodScores, metric: str, part: Part) -> dict[str, Any]:
        """Mean and deviation of a method's seeds."""
        values = self._bootstraps[part.name].scores(method, metric).values
        mean, deviation = over_seeds([float(value) for value in values])
        return {
            "seeds": len(values),
            "mean": round(mean, DECIMALS),
            "sd": None if deviation is None else round(deviation, DECIMALS),
        }

    def difference(
        self, system: MethodScores, baseline: MethodScores, metric: str, part: Part
    ) -> Difference:
        """System minus baseline on a part of the test clips."""
        bootstrap = self._bootstraps[part.name]
        return bootstrap.difference(system, baseline, metric)


def effects_table(studied: Studied) -> pd.DataFrame:
    """Make the table, a row for each recipe, size, metric and part of the test clips.

    Columns: comparison, task, train_clips, length (in multiples of the study's
    updates), recipe, baseline, metric, part, seeds, mean, sd; of the difference to the
    baseline difference, low, high (95 % interval over seeds and clips), p, corrected_p
    and significant. Corrected together (Holm) are the differences of one comparison,
    task and metric on all test clips; the parts are shown beside, uncorrected.
    """
    records = [
        record
        for comparison in studied.settings.comparisons
        for task in comparison.tasks
        for record in _compared(studied, comparison, task)
    ]
    return pd.DataFrame(records)


def _compared(
    studied: Studied, comparison: Comparison, task: Task
) -> list[dict[str, Any]]:
    first = comparison.recipes[0]
    records: list[dict[str, Any]] = []
    families: dict[str, dict[int, Difference]] = {}
    for clips in comparison.clips:
        arms = [Arm(task, clips, r, comparison.length) for r in comparison.recipes]
        baseline = studied.method(arms[0], comparison.seeds)
        for recipe, arm in zip(comparison.recipes, arms, strict=True):
            method = studied.method(arm, comparison.seeds)
            for metric in studied.metrics(method):
                for part in studied.parts:
                    record = {
                        "comparison": comparison.name,
                        "task": task,
                        "train_clips": clips,
                        "length": comparison.length,
                        "recipe": recipe,
                        "baseline": first,
                        "metric": metric,
                        "part": part.name,
                    } | studied.figures(method, metric, part)
                    if recipe != first:
                        own = studied.difference(method, baseline, metric, part)
                        record |= rounded(own)
                        if part.name == ALL:
                            families.setdefault(metric, {})[len(records)] = own
                    records.append(record)
    for family in families.values():
        for place, corrected in holm(family).items():
            records[place]["corrected_p"] = round(corrected.corrected_p, 4)
            records[place]["significant"] = "*" if corrected.significant else ""
    return records


def rounded(difference: Difference) -> dict[str, Any]:
    """Columns of a difference."""
    values: Mapping[str, float] = {
        "difference": difference.difference,
        "low": difference.low,
        "high": difference.high,
    }
    columns: dict[str, Any] = {k: round(v, DECIMALS) for k, v in values.items()}
    return columns | {"p": round(difference.p, 4)}


def test_time_table(studied: Studied) -> pd.DataFrame:
    """Make the table of test-time augmentation: a row a point and metric.

    Columns: task, train_clips, recipe, point, method, tau, metric, seeds, mean, sd, and
    the difference to no test-time augmentation as in `effects_table`, corrected over
    the points of one task and metric.
    """
    tested = studied.settings.test_time
    everything = studied.parts[0]
    records: list[dict[str, Any]] = []
    for task in tested.tasks:
        arm = Arm(task, tested.clips, tested.recipe)
        plain = studied.method(arm)
        for metric in studied.metrics(plain):
            head = {
                "task": task,
                "train_clips": tested.clips,
                "recipe": tested.recipe,
                "metric": metric,
            }
            records.append(
                head
                | {"point": "", "method": "no TTA", "tau": 0}
                | studied.figures(plain, metric, everything)
            )
            family = {}
            for point in tested.grid.points:
                method = studied.method(arm, tta=point.name)
                own = studied.difference(method, plain, metric, everything)
                family[len(records)] = own
                records.append(
                    head
                    | {
                        "point": point.name,
                        "method": point.method,
                        "tau": point.middle_size * point.output_size,
                    }
                    | studied.figures(method, metric, everything)
                    | rounded(own)
                )
            for place, corrected in holm(family).items():
                records[place]["corrected_p"] = round(corrected.corrected_p, 4)
                records[place]["significant"] = "*" if corrected.significant else ""
    return pd.DataFrame(records)
