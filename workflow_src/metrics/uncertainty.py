"""How sure a difference is: over seeds, and over test clips.

Over seeds: mean and standard deviation of a corpus score. Over clips: a paired
bootstrap of the difference between two systems that answered the same clips;
clips are drawn with replacement, all captions of a clip together.

What is drawn is always the per-clip score, and its mean is compared. For CIDEr,
SPICE, SPIDEr and ROUGE-L that mean is the corpus score; CIDEr's document
frequencies stay those of the whole test set. BLEU and METEOR of a corpus are not
means over clips: for them interval and difference are of the mean score of a
clip, and may differ from the difference of the corpus scores. For retrieval give
`retrieval.clip_ranks` and one of `retrieval.STATISTICS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workflow_src.errors import InputError

Statistic = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Difference:
    """System minus baseline, with a bootstrap percentile interval."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a table marks the difference."""
        return self.low > 0 or self.high < 0


def over_seeds(scores: Sequence[float]) -> tuple[float, float | None]:
    """Mean and sample standard deviation (n - 1); None for a single seed."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InputError(f"scores over seeds are not finite numbers: {scores!r}")
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None


def paired_difference(
    system,
    baseline,
    statistic: Statistic = np.mean,
    *,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> Difference:
    """Paired bootstrap of `statistic(system) - statistic(baseline)` over clips.

    Args:
        system: score of each clip (clips,), or of each caption of each clip
            (clips, captions). Several seeds of one system: the mean of their
            scores, or their ranks side by side (clips, captions x seeds).
        baseline: the same clips in the same order.
        statistic: reduces the last axis: `statistic(scores, axis=-1)`.
        confidence: share of the resamples within the interval.
        resamples: how many times the clips are drawn.
        seed: of the draws; equal arguments give equal intervals.

    Raises:
        InputError: shapes that differ, fewer than two clips, a score that is not
            finite.
    """
    # Here, as it takes a second and each call of Snakemake imports this file.
    from scipy import stats

    ours, theirs = (np.asarray(values, np.float64) for values in (system, baseline))
    if ours.shape != theirs.shape or ours.ndim not in (1, 2):
        raise InputError(
            f"a paired bootstrap needs the same clips: {ours.shape} and {theirs.shape}"
        )
    if len(ours) < 2 or not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise InputError("a paired bootstrap needs two clips and finite scores")

    def difference(clips, axis=-1):
        # clips: (..., n) numbers of the drawn clips; captions join the last axis.
        rows = clips.shape[:-1] + (-1,)
        drawn, drawn_baseline = ours[clips], theirs[clips]
        return statistic(drawn.reshape(rows), axis=axis) - statistic(
            drawn_baseline.reshape(rows), axis=axis
        )

    clips = np.arange(len(ours))
    drawn = stats.bootstrap(
        (clips,),
        difference,
        n_resamples=resamples,
        batch=500,  # 500 x 975 clips x 5 captions x 8 bytes = 20 MB
        vectorized=True,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = drawn.confidence_interval
    return Difference(
        float(difference(clips)), float(interval.low), float(interval.high)
    )
