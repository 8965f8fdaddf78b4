"""The scores of a method's runs, as the evaluation left them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_src.errors import InputError
from workflow_src.evaluation.scores import CLIP_FILES, SCORES_FILE, STATISTICS_FILE
from workflow_src.metrics import captioning, retrieval
from workflow_src.metrics.corpus_scores import CorpusScore
from workflow_src.metrics.uncertainty import Array, ResampledScore
from workflow_src.report.csv_tables import REMEDY, read_table
from workflow_src.report.scored import read_evaluation

# Of `scores.json` to what the files by clip give: they are written as decimals.
TOLERANCE = 1e-6
# Beside `file_name`.
COLUMNS: dict[str, list[str]] = {"captioning": [], "retrieval": ["direction", "rank"]}


class MethodScores:
    """One method's scores at one task: one run a seed, on the same test clips.

    Args:
        task: captioning or retrieval.
        folders: seed -> folder of the run's scores.

    Raises:
        InputError: a file of scores is not there.
    """

    def __init__(self, task: str, folders: Mapping[int, Path]):
        self.task = task
        self._folders = dict(folders)
        self._scores = {
            seed: read_evaluation(folder / SCORES_FILE)
            for seed, folder in folders.items()
        }

    @property
    def clips(self) -> int:
        """Number of test clips."""
        return next(iter(self._scores.values())).clips

    @property
    def metrics(self) -> list[str]:
        """The metrics that were scored."""
        return list(next(iter(self._scores.values())).metrics)

    def values(self, metric: str) -> list[float]:
        """The corpus score of each seed, in the paper's unit; empty if not scored."""
        return [self._scores[seed].metrics[metric] for seed in self.seeds(metric)]

    def seeds(self, metric: str) -> list[int]:
        """The seeds whose runs have the metric."""
        scores = self._scores.items()
        return [seed for seed, own in scores if metric in own.metrics]

    def clip_names(self, metric: str) -> list[str]:
        """The clips that a metric is of, sorted by name."""
        return sorted(self._queries(metric, self.seeds(metric)[0]))

    def resample(
        self, metric: str, counts: Array, part: NDArray[np.bool_] | None = None
    ) -> ResampledScore:
        """A metric of each run, as it is and on drawn clips.

        Args:
            metric: its name, as in the tables.
            counts: (R, N), how often each clip was drawn, the clips sorted by name.
            part: (N,), the clips that `counts` draws from and that the score as it is
                is of; None: all.

        Raises:
            InputError: runs of other clips, or files that are not of one evaluation.
        """
        seeds = self.seeds(metric)
        values, resampled = [], []
        for seed, value in zip(seeds, self.values(metric), strict=True):
            self._check_queries(self, metric, seeds[0], seed)
            score = self._corpus_score(metric, seed)
            (again,) = score(np.ones((1, counts.shape[1])))
            if not abs(again - value) <= TOLERANCE * max(1.0, abs(value)):
                raise InputError(
                    f"{self._folders[seed]}: {metric} is {value:.6g} in {SCORES_FILE} "
                    f"and {again:.6g} by its clips: evaluate this run again"
                )
            values.append(
                value
                if part is None
                else float(score(part[None].astype(np.float64))[0])
            )
            resampled.append(score(counts))
        return ResampledScore(
            tuple(seeds), np.array(values), np.stack(resampled, axis=1)
        )

    def check_pairs(self, other: "MethodScores", metric: str) -> int:
        """Check that another method answered the same queries of the same clips.

        Returns:
            The number of clips.

        Raises:
            InputError: a clip that only one of them has, or with other captions.
        """
        first = self.seeds(metric)[0]
        self._check_queries(other, metric, first, other.seeds(metric)[0])
        return len(self._queries(metric, first))

    def _check_queries(
        self, other: "MethodScores", metric: str, first: int, second: int
    ) -> None:
        ours, theirs = self._queries(metric, first), other._queries(metric, second)
        if ours == theirs:
            return
        folders = self._folders[first], other._folders[second]
        for clip in sorted(ours.keys() | theirs.keys()):
            if clip not in theirs:
                raise InputError(f"{folders[1]} lacks clip {clip!r} of {folders[0]}")
            if clip not in ours:
                raise InputError(f"{folders[0]} lacks clip {clip!r} of {folders[1]}")
            if ours[clip] != theirs[clip]:
                raise InputError(
                    f"clip {clip!r} has {ours[clip]} captions in {folders[0]} and "
                    f"{theirs[clip]} in {folders[1]}"
                )

    def _queries(self, metric: str, seed: int) -> dict[str, int]:
        """Clip -> number of queries that the metric is of, by name."""
        table = self._by_clip[seed]
        if self.task == "retrieval":
            table = table[table["direction"] == metric.split()[0].lower()]
        return {str(name): int(n) for name, n in table.index.value_counts().items()}

    def _corpus_score(self, metric: str, seed: int) -> CorpusScore:
        """A metric of one run in the paper's unit, the clips sorted by name."""
        table = self._by_clip[seed]
        if self.task == "captioning":
            for column in captioning.corpus_columns(metric):
                if column not in table:
                    raise InputError(
                        f"{self._folders[seed]} has no clip's {column!r}: evaluate "
                        "this run again"
                    )
            score = captioning.corpus_score(metric, _columns(table))
            return lambda counts: 100 * score(counts)
        direction, name = metric.split()
        own = table[table["direction"] == direction.lower()]
        owners, names = pd.factorize(own.index)  # numbered in the order of the names
        ranks = own["rank"].to_numpy(np.int64) - 1
        return retrieval.STATISTICS[name].of_corpus(ranks, owners, len(names))

    @cached_property
    def _by_clip(self) -> dict[int, pd.DataFrame]:
        """Seed -> what the run's files say by clip, sorted by the clips' names."""
        return {seed: self._read_clips(seed) for seed in self._folders}

    def _read_clips(self, seed: int) -> pd.DataFrame:
        folder = self._folders[seed]
        table = _read_by_name(folder / CLIP_FILES[self.task], COLUMNS[self.task])
        if self.task == "captioning":
            _check_names_once(table, folder / CLIP_FILES[self.task])
            if (folder / STATISTICS_FILE).exists():
                statistics = _read_by_name(folder / STATISTICS_FILE)
                if not statistics.index.equals(table.index):
                    raise InputError(f"{folder}: {STATISTICS_FILE} is of other clips")
                table = table.join(statistics)
        return table


def _columns(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {str(name): table[name].to_numpy(np.float64) for name in table}


def _read_by_name(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV sorted by its column `file_name`; all others but the direction: numbers."""
    table = read_table(path, ["file_name", *columns])
    for name in table.columns.difference(["file_name", "direction"]):
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise InputError(
                f"{path} is damaged: column {name!r} holds other than numbers; {REMEDY}"
            )
    return table.set_index("file_name").sort_index(kind="stable")


def _check_names_once(table: pd.DataFrame, path: Path) -> None:
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise InputError(f"{path} has clip {twice[0]!r} twice")
