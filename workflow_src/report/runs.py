"""The scores of a run, as the evaluation left them, corpus-wide and by clip."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.metrics.retrieval import STATISTICS
from workflow_src.metrics.uncertainty import Difference, paired_difference


class Runs:
    """One method's runs of one task: one a seed, on the same test clips.

    Args:
        task: captioning or retrieval.
        folders: of the runs, in the order of the seeds.
    """

    def __init__(self, task: str, folders: Sequence[Path]):
        self.task = task
        self.folders = list(folders)
        self._scores = [
            json.loads((folder / "scores.json").read_text()) for folder in folders
        ]

    @property
    def clips(self) -> int:
        """Number of test clips."""
        return self._scores[0]["clips"]

    @property
    def metrics(self) -> list[str]:
        """The metrics that were scored."""
        return list(self._scores[0]["metrics"])

    def values(self, metric: str) -> list[float]:
        """The corpus score of each seed, in the paper's unit; empty if not scored."""
        return [
            scores["metrics"][metric]
            for scores in self._scores
            if metric in scores["metrics"]
        ]

    @cached_property
    def _by_clip(self) -> list[pd.DataFrame]:
        return [pd.read_csv(folder / CLIP_FILES[self.task]) for folder in self.folders]

    def by_clip(self, metric: str) -> np.ndarray | None:
        """Scores by clip for `paired_difference`; None if clips differ in captions.

        Captioning: (N,) in the paper's unit. Text-to-audio: ranks from zero of
        the captions of each clip, (N, captions x seeds); audio-to-text: (N, seeds).
        """
        if self.task == "captioning":
            return 100 * np.mean([table[metric] for table in self._by_clip], axis=0)
        direction = metric.split()[0].lower()
        ranks = []
        for table in self._by_clip:
            own = table[table["direction"] == direction]
            groups = own.groupby("file_name", sort=True)["rank"]
            if groups.size().nunique() > 1:
                return None
            ranks.append(np.stack([ranks.to_numpy() - 1 for _, ranks in groups]))
        return np.concatenate(ranks, axis=1)


def difference(
    system: Runs, baseline: Runs, metric: str, resamples: int
) -> Difference | None:
    """System minus baseline with its interval over clips; None if there is none."""
    ours, theirs = system.by_clip(metric), baseline.by_clip(metric)
    if ours is None or theirs is None:
        return None
    statistic = np.mean
    if system.task == "retrieval":
        statistic = STATISTICS[metric.split()[1]]
    return paired_difference(ours, theirs, statistic, resamples=resamples)
