"""Corpus scores as functions of how often each clip stands in the corpus.

A bootstrap over clips draws a test set in which a clip stands never, once or several
times. The score of such a test set needs no captions and no scorer: it follows from
statistics of each clip that are computed once. Most scores are a function of the
statistics' sums, so that all resampled test sets take one matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Resampled test sets whose weights by query are held at once: 200 x 100,000 x 8 bytes.
ROWS = 200


# One score of one system on multiples of its N test clips: from counts (R, N), how
# often each clip stands in each of R test sets, to the score of each (R,).
CorpusScore = Callable[[Array], Array]


@dataclass(frozen=True)
class ScoreOfSums:
    """A score that is a function of sums over the clips.

    Args:
        statistics: (N, k), statistics of each clip.
        score: from sums (..., k) to scores (...).
    """

    statistics: Array
    score: Callable[[Array], Array]

    def __call__(self, counts: Array) -> Array:
        """Score of each test set: (R, N) -> (R,)."""
        return self.score(counts @ self.statistics)


def mean_of_clips(scores: Array) -> ScoreOfSums:
    """The mean of the clips' own scores (N,): ROUGE-L, CIDEr, SPICE, SPIDEr.

    CIDEr weighs n-grams by their document frequency in the references. A clip's score
    is kept in a resampled test set, and so are the frequencies: those of the whole
    test set, as if they were part of the metric.
    """
    return mean_of_queries(scores, np.arange(len(scores)), len(scores))


def mean_of_queries(
    values: Array, owners: NDArray[np.int64], clips: int
) -> ScoreOfSums:
    """The mean of values (Q,) of queries; the queries of a clip stay together.

    Args:
        values: of each query.
        owners: clip of each query (Q,), 0 to `clips` - 1.
        clips: number of clips.
    """
    sums = np.bincount(owners, weights=values, minlength=clips)
    queries = np.bincount(owners, minlength=clips)
    return ScoreOfSums(np.column_stack([sums, queries]), _ratio)


def _ratio(sums: Array) -> Array:
    ratio: Array = sums[..., 0] / sums[..., 1]
    return ratio


class MedianOfQueries:
    """floor(median) + 1 of ranks from zero, the queries of a clip together.

    Args:
        ranks: of each query (Q,).
        owners: clip of each query (Q,), its column in the counts.
    """

    def __init__(self, ranks: NDArray[np.int64], owners: NDArray[np.int64]):
        order = np.argsort(ranks, kind="stable")
        self._ranks, self._owners = ranks[order], owners[order]

    def __call__(self, counts: Array) -> Array:
        """Score of each test set: (R, N) -> (R,)."""
        parts = [counts[start : start + ROWS] for start in range(0, len(counts), ROWS)]
        return np.concatenate([self._medians(part) for part in parts])

    def _medians(self, counts: Array) -> Array:
        # Queries up to each rank; the median lies where they pass half of all.
        below = np.cumsum(counts[:, self._owners], axis=1)
        half = below[:, -1:] / 2
        lower = self._ranks[np.argmax(below >= half, axis=1)]
        upper = self._ranks[np.argmax(below > half, axis=1)]
        medians: Array = np.floor((lower + upper) / 2) + 1
        return medians
