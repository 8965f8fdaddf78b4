"""BLEU-1 to BLEU-4 (Papineni et al. 2002) and the counts of each clip behind them.

The scores are those of `pycocoevalcap`, which counts against the reference whose
length is closest to the candidate's, and keeps zeros out of the products by tiny
constants: on any multiple of the clips `corpus_bleu` gives what it would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDERS = (1, 2, 3, 4)

# Statistics of a clip, in the order of the columns.
STATISTICS = (
    "BLEU candidate length",
    "BLEU closest reference length",
    *(f"BLEU {n}-gram matches" for n in ORDERS),
    *(f"BLEU {n}-grams" for n in ORDERS),
)

# The constants of `pycocoevalcap`: a corpus without a match scores next to zero.
_TINY, _SMALL = 1e-15, 1e-9


@dataclass(frozen=True)
class BleuScores:
    """Scores of one system, and the counts behind them.

    Attributes:
        corpus: BLEU-1 to BLEU-4 of all candidates together.
        clips: the four scores of each candidate, 4 lists of N.
        statistics: (N, 10), the `STATISTICS` of each candidate.
    """

    corpus: list[float]
    clips: list[list[float]]
    statistics: NDArray[np.int64]


def bleu(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> BleuScores:
    """Scores of texts of tokens, each against its own references."""
    from pycocoevalcap.bleu.bleu_scorer import BleuScorer

    scorer = BleuScorer(n=len(ORDERS))
    for candidate, own in zip(candidates, references, strict=True):
        scorer += (candidate, own)
    corpus, clips = scorer.compute_score(option="closest", verbose=0)
    statistics = [
        [
            counted["testlen"],
            _closest(counted["testlen"], counted["reflen"]),
            *counted["correct"],
            *counted["guess"],
        ]
        for counted in scorer.ctest
    ]
    return BleuScores(
        [float(score) for score in corpus],
        [[float(score) for score in scores] for scores in clips],
        np.array(statistics, np.int64),
    )


def _closest(length: int, others: Sequence[int]) -> int:
    """The nearest of the references' lengths, the shorter of two as near."""
    return min((abs(other - length), other) for other in others)[1]


def corpus_bleu(sums: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """BLEU of a corpus from its summed statistics.

    Args:
        sums: (..., 10), sums of the `STATISTICS` of its clips.
        order: n of BLEU-n.

    Returns:
        (...), fractions.
    """
    candidate, reference = sums[..., 0], sums[..., 1]
    matches, ngrams = sums[..., 2 : 2 + order], sums[..., 6 : 6 + order]
    precision = np.prod((matches + _TINY) / (ngrams + _SMALL), axis=-1) ** (1 / order)
    ratio = (candidate + _TINY) / (reference + _SMALL)
    score: NDArray[np.float64] = precision * np.exp(np.minimum(0.0, 1 - 1 / ratio))
    return score
