"""Differences between the methods of one table, with their uncertainty.

All methods of a table are scored on the same drawn test sets; each difference is of a
row to the first row that has the metric, and the p of all of them are corrected
together: see `workflow_src.metrics.uncertainty`.
"""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_src.metrics.uncertainty import (
    Array,
    CorrectedDifference,
    Difference,
    ResampledScore,
    draw_clips,
    holm,
    least_resamples,
    paired_difference,
)
from workflow_src.report.runs import MethodScores

logger = logging.getLogger(__name__)


class Bootstrap:
    """Compares methods two by two, each scored once on the same drawn clips.

    Args:
        resamples: how many test sets are drawn.
        seed: of the draws; equal seeds give equal intervals.
        decimals: with which the table prints its scores.
        only: file names of the clips that are scored; None: all. What a metric knows
            of the whole test set stays: CIDEr's document frequencies, the clips among
            which retrieval ranks.
    """

    def __init__(
        self,
        resamples: int,
        seed: int = 0,
        decimals: int = 2,
        only: frozenset[str] | None = None,
    ):
        self._resamples, self._seed, self._decimals = resamples, seed, decimals
        self._only = only
        self._counts: dict[int, Array] = {}
        self._scores: dict[tuple[MethodScores, str], ResampledScore] = {}

    def difference(
        self, system: MethodScores, baseline: MethodScores, metric: str
    ) -> Difference:
        """System minus baseline in one metric that both have.

        Args:
            system: a method.
            baseline: the method that it is compared with.
            metric: its name, as in the tables.

        Raises:
            InputError: they are not of the same clips and captions.
        """
        baseline.check_pairs(system, metric)
        ours, theirs = (self.scores(method, metric) for method in (system, baseline))
        return paired_difference(ours, theirs, self._seed, self._decimals)

    def scores(self, method: MethodScores, metric: str) -> ResampledScore:
        """A method's scores of its runs, as they are and on the drawn clips.

        Args:
            method: a method.
            metric: its name, as in the tables.

        Raises:
            InputError: runs of other clips, or fewer than two clips to draw from.
        """
        if (method, metric) not in self._scores:
            names = method.clip_names(metric)
            part = None
            if self._only is not None:
                part = np.array([name in self._only for name in names])
            counts = self._draw(len(names), part)
            self._scores[method, metric] = method.resample(metric, counts, part)
        return self._scores[method, metric]

    def _draw(self, clips: int, part: NDArray[np.bool_] | None) -> Array:
        if clips not in self._counts:
            if part is None:
                counts = draw_clips(clips, self._resamples, self._seed)
            else:
                counts = np.zeros((self._resamples, clips))
                drawn = draw_clips(int(part.sum()), self._resamples, self._seed)
                counts[:, part] = drawn
            self._counts[clips] = counts
        return self._counts[clips]


def table_differences(
    rows: Sequence[Sequence[MethodScores]],
    metrics: Sequence[str],
    resamples: int,
    seed: int = 0,
    decimals: int = 2,
) -> list[dict[str, CorrectedDifference]]:
    """The differences of a table, corrected for their number.

    Args:
        rows: the method of each row, by task (one or both).
        metrics: those that the table shows; others are no comparisons of it.
        resamples: how many test sets are drawn. Where that is below
            `least_resamples`, nothing can be marked, and a warning gives the number.
        seed: of the draws.
        decimals: with which the table prints its scores.

    Returns:
        For each row, metric -> difference to the first row that has the metric; that
        row has none, nor has one without the metric.

    Raises:
        InputError: rows that are not of the same clips and captions.
    """
    bootstrap = Bootstrap(resamples, seed, decimals)
    baselines: dict[str, MethodScores] = {}
    family: dict[tuple[int, str], Difference] = {}
    for number, row in enumerate(rows):
        for metric in metrics:
            for method in row:
                if not method.values(metric):
                    continue
                first = baselines.setdefault(metric, method)
                if first is not method:
                    difference = bootstrap.difference(method, first, metric)
                    family[number, metric] = difference
    if resamples < least_resamples(len(family)):
        logger.warning(
            "%d resamples cannot mark any of %d differences: %d or more can",
            resamples,
            len(family),
            least_resamples(len(family)),
        )
    corrected = holm(family)
    return [
        {
            metric: difference
            for (row, metric), difference in corrected.items()
            if row == number
        }
        for number in range(len(rows))
    ]
