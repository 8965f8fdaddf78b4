"""Differences between the methods of one table, and how sure they are.

All methods of a table are scored on the same drawn test sets; each difference is of a
row to the first row that has the metric, and the p of all of them are corrected
together. `workflow_src.metrics.uncertainty` says how and why.
"""

import logging
from collections.abc import Sequence

from workflow_src.metrics.uncertainty import (
    Array,
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
    """

    def __init__(self, resamples: int, seed: int = 0, decimals: int = 2):
        self._resamples, self._seed, self._decimals = resamples, seed, decimals
        self._counts: dict[int, Array] = {}
        self._scores: dict[tuple[MethodScores, str], ResampledScore] = {}

    def difference(
        self, system: MethodScores, baseline: MethodScores, metric: str
    ) -> Difference:
        """System minus baseline in one metric that both have.

        Raises:
            InputError: they are not of the same clips and captions.
        """
        clips = baseline.check_pairs(system, metric)
        ours, theirs = (
            self._resample(method, metric, clips) for method in (system, baseline)
        )
        return paired_difference(ours, theirs, self._seed, self._decimals)

    def _resample(
        self, method: MethodScores, metric: str, clips: int
    ) -> ResampledScore:
        if clips not in self._counts:
            self._counts[clips] = draw_clips(clips, self._resamples, self._seed)
        if (method, metric) not in self._scores:
            counts = self._counts[clips]
            self._scores[method, metric] = method.resample(metric, counts)
        return self._scores[method, metric]


def table_differences(
    rows: Sequence[Sequence[MethodScores]],
    metrics: Sequence[str],
    resamples: int,
    seed: int = 0,
    decimals: int = 2,
) -> list[dict[str, Difference]]:
    """The differences of a table, corrected for their number.

    Args:
        rows: the method of each row, by task (one or both).
        metrics: those that the table shows; others are no comparisons of it.
        resamples: how many test sets are drawn. Where `least_resamples` says that so
            few can mark nothing, a warning says how many would do.
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
                    found = bootstrap.difference(method, first, metric)
                    family[number, metric] = found
    if resamples < least_resamples(len(family)):
        logger.warning(
            "%d resamples cannot mark any of %d differences: %d or more can",
            resamples,
            len(family),
            least_resamples(len(family)),
        )
    corrected = holm(family)
    return [
        {metric: found for (row, metric), found in corrected.items() if row == number}
        for number in range(len(rows))
    ]
