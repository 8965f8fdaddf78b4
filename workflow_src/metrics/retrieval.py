"""Recall and rank of audio-text retrieval, in both directions.

As in the published evaluation: cosine similarity, usually five captions a clip.
Text-to-audio (`t2a`) ranks all clips for each caption. Audio-to-text (`a2t`)
ranks all captions for each clip and takes the best rank among its own ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workflow_src.errors import InputError
from workflow_src.metrics.corpus_scores import (
    CorpusScore,
    MedianOfQueries,
    mean_of_queries,
)

if TYPE_CHECKING:
    from torch import Tensor

Ranks = NDArray[np.int64]
# Rows of captions, and their similarities (rows, N); iterable more than once.
Blocks = Iterable[tuple[slice, NDArray[np.float32]]]

# Similarities held at once: as float64 64 MiB, with what is made of them some 200 MiB.
# 5 x 975 captions against 975 clips, the paper's test set, are one block.
BLOCK = 2**23
# Both directions read the same blocks. So many similarities, 512 MiB of float32, are
# kept from one to the other: up to 5,000 clips with 5 captions. More are made twice.
KEPT = 2**27


class RankStatistic(Protocol):
    """A column of the tables, of ranks that count from zero."""

    def __call__(self, ranks: Ranks) -> float:
        """Of the ranks of all queries (Q,)."""

    def of_corpus(self, ranks: Ranks, owners: Ranks, clips: int) -> CorpusScore:
        """As a function of how often each clip stands in the corpus.

        Args:
            ranks: of each query (Q,).
            owners: clip of each query (Q,), 0 to `clips` - 1.
            clips: number of clips.
        """


@dataclass(frozen=True)
class MeanStatistic:
    """The mean over the queries of a value that each rank has."""

    value: Callable[[Ranks], NDArray[np.floating]]

    def __call__(self, ranks: Ranks) -> float:
        """Of the ranks of all queries (Q,)."""
        return float(np.mean(self.value(ranks)))

    def of_corpus(self, ranks: Ranks, owners: Ranks, clips: int) -> CorpusScore:
        """See `RankStatistic`."""
        return mean_of_queries(self.value(ranks).astype(np.float64), owners, clips)


class MedianStatistic:
    """floor(median) + 1, as in the published evaluation."""

    def __call__(self, ranks: Ranks) -> float:
        """Of the ranks of all queries (Q,)."""
        return float(np.floor(np.median(ranks)) + 1)

    def of_corpus(self, ranks: Ranks, owners: Ranks, clips: int) -> CorpusScore:
        """See `RankStatistic`."""
        return MedianOfQueries(ranks, owners)


def recall_at(k: int) -> MeanStatistic:
    """R@k: per cent of the ranks below k."""
    return MeanStatistic(lambda ranks: 100.0 * (ranks < k))


# The columns of the tables.
STATISTICS: dict[str, RankStatistic] = {f"R@{k}": recall_at(k) for k in (1, 5, 10, 50)}
STATISTICS |= {
    "medR": MedianStatistic(),
    "meanR": MeanStatistic(lambda ranks: ranks + 1.0),
}


def evaluate(
    audio: ArrayLike | Tensor,
    captions: ArrayLike | Tensor,
    owners: ArrayLike | None = None,
) -> dict[str, dict[str, float]]:
    """Evaluate retrieval in both directions.

    Args:
        audio: as in `ranks`.
        captions: as in `ranks`.
        owners: as in `ranks`.

    Returns:
        `{"t2a": {column: value}, "a2t": {...}}` with the columns of `STATISTICS`: R@k
        in per cent; medR is floor(median) + 1 and meanR is mean + 1 of ranks that
        count from zero.

    Raises:
        InputError: as `ranks`.
    """
    by_direction = ranks(audio, captions, owners)
    return {direction: summary(values) for direction, values in by_direction.items()}


def ranks(
    audio: ArrayLike | Tensor,
    captions: ArrayLike | Tensor,
    owners: ArrayLike | None = None,
) -> dict[str, Ranks]:
    """Rank of the right answer to each query, from zero.

    The similarities are computed in blocks of captions, so that memory use grows with
    N + C, not with their product.

    Args:
        audio: embeddings (N, D) of the clips, arrays or tensors on any device.
        captions: embeddings (C, D) of the captions.
        owners: clip of each caption (C,), 0 to N - 1, each at least once. By
            default C is 5N and five captions in a row belong to each clip.

    Returns:
        `t2a`: (C,) and `a2t`: (N,), int64. Equal similarities keep the order of
        the clips or captions, so a model that gives all the same vector has the
        recall of chance, not 100 %.

    Raises:
        InputError: shapes that do not fit, a clip without a caption, a vector
            that is zero or not finite.
    """
    clip_rows = _rows(audio, "audio")
    caption_rows = _rows(captions, "captions")
    if clip_rows.shape[1] != caption_rows.shape[1]:
        raise InputError(
            f"audio embeddings have {clip_rows.shape[1]} dimensions, "
            f"caption embeddings {caption_rows.shape[1]}"
        )
    caption_owners = _check_owners(owners, len(clip_rows), len(caption_rows))
    return _both_directions(_Similarities(caption_rows, clip_rows), caption_owners)


def ranks_of_scores(
    scores: NDArray[np.floating], owners: ArrayLike | None = None
) -> dict[str, Ranks]:
    """Rank the right answer to each query by any scores, larger ones first.

    Args:
        scores: (C, N), of each caption with each clip.
        owners: as in `ranks`.

    Returns:
        As `ranks`.

    Raises:
        InputError: scores of another shape, or that are not numbers; or owners that
            do not fit them.
    """
    scores = np.asarray(scores, dtype=np.float32)
    if scores.ndim != 2 or 0 in scores.shape or np.isnan(scores).any():
        raise InputError(f"scores {scores.shape} are not numbers (captions, clips)")
    captions, clips = scores.shape
    caption_owners = _check_owners(owners, clips, captions)
    return _both_directions([(slice(0, captions), scores)], caption_owners)


def _both_directions(similarities: Blocks, owners: Ranks) -> dict[str, Ranks]:
    own, by_caption = _rank_clips(similarities, owners)
    best = _best_captions(own, owners)
    return {"t2a": by_caption, "a2t": _rank_captions(similarities, own[best], best)}


def summary(ranks: Ranks) -> dict[str, float]:
    """Each of the `STATISTICS` of ranks that count from zero."""
    return {name: statistic(ranks) for name, statistic in STATISTICS.items()}


class _Similarities:
    """Cosine similarity of captions (C, D) and clips (N, D), in blocks of captions.

    Iterating gives (rows of the captions, their similarities (rows, N) in float32), the
    same ones each time.

    Args:
        captions: (C, D).
        clips: (N, D).
    """

    def __init__(self, captions: NDArray[np.floating], clips: NDArray[np.floating]):
        self._captions, self._clips = captions, _unit(clips).T
        # Of nearly equal size: a block of one row would be rounded in another way.
        blocks = -(-len(captions) * len(clips) // BLOCK)
        edges = np.linspace(0, len(captions), min(blocks, len(captions)) + 1, dtype=int)
        self._blocks = [slice(*pair) for pair in pairwise(edges)]
        self._kept: dict[int, NDArray[np.float32]] = {}
        self._keep = len(captions) * len(clips) <= KEPT

    def __iter__(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        for rows in self._blocks:
            block = self._kept.get(rows.start)
            if block is None:
                block = self._block(rows)
            if self._keep:
                self._kept[rows.start] = block
            yield rows, block

    def _block(self, rows: slice) -> NDArray[np.float32]:
        # A matrix product may round the same pair of vectors in several ways, by
        # its place in the matrix. Rounding once more makes equal pairs tie.
        return (_unit(self._captions[rows]) @ self._clips).astype(np.float32)


def _rank_clips(
    similarities: Blocks, owners: Ranks
) -> tuple[NDArray[np.float32], Ranks]:
    """Each caption's similarity to its own clip, and that clip's rank: (C,), (C,)."""
    own = np.empty(len(owners), np.float32)
    clip_ranks = np.empty(len(owners), np.int64)
    for rows, block in similarities:
        right = owners[rows, None]
        mine = np.take_along_axis(block, right, axis=1)
        before = np.arange(block.shape[1]) < right
        own[rows] = mine[:, 0]
        clip_ranks[rows] = _count_ahead(block, mine, before, axis=1)
    return own, clip_ranks


def _rank_captions(
    similarities: Blocks, best: NDArray[np.float32], targets: Ranks
) -> Ranks:
    """Rank among all captions of each clip's target caption, whose similarity is known.

    Args:
        similarities: of all captions and clips.
        best: similarity of each clip to its target (N,).
        targets: row of the target caption of each clip (N,).
    """
    caption_ranks = np.zeros(len(targets), np.int64)
    for rows, block in similarities:
        before = np.arange(rows.start, rows.stop)[:, None] < targets
        caption_ranks += _count_ahead(block, best, before, axis=0)
    return caption_ranks


def _count_ahead(
    block: NDArray[np.float32],
    own: NDArray[np.float32],
    before: NDArray[np.bool_],
    axis: int,
) -> Ranks:
    """How many are more similar than the own one, or as similar and stand before."""
    before &= block == own
    before |= block > own
    count: Ranks = np.count_nonzero(before, axis=axis)
    return count


def _best_captions(own: NDArray[np.float32], owners: Ranks) -> Ranks:
    """The caption of each clip that ranks best among its own, the first if equal."""
    # By clip, then by falling similarity, then by row: lexsort sorts by the last key.
    order = np.lexsort((np.arange(len(owners)), -own, owners))
    return order[np.searchsorted(owners[order], np.arange(owners.max() + 1))]


def _rows(vectors: ArrayLike | Tensor, name: str) -> NDArray[np.floating]:
    """Vectors as an array of rows, checked; float32 stays float32 and is not copied."""
    if not isinstance(vectors, np.ndarray) and hasattr(vectors, "detach"):
        tensor = vectors.detach().cpu()
        # NumPy has no bfloat16; float32 holds each such number.
        vectors = (tensor.float() if tensor.element_size() < 4 else tensor).numpy()
    rows = np.asarray(vectors)
    if not np.issubdtype(rows.dtype, np.floating):
        rows = rows.astype(np.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise InputError(f"{name}: embeddings have shape {rows.shape}, not (rows, D)")
    parts = [rows[start : start + 4096] for start in range(0, len(rows), 4096)]
    norms = np.concatenate([_norms(part.astype(np.float64)) for part in parts])
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        raise InputError(f"{name}: the embedding in row {bad[0]} is zero or not finite")
    return rows


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows in float64 with norm 1."""
    exact = rows.astype(np.float64)
    return exact / _norms(exact)[:, None]


def _norms(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    norms: NDArray[np.float64] = np.linalg.norm(rows, axis=1)
    return norms


def _check_owners(owners: ArrayLike | None, clips: int, captions: int) -> Ranks:
    if owners is None:
        if captions != 5 * clips:
            raise InputError(
                f"{captions} captions for {clips} clips are not five a clip: "
                "say which clip owns each caption"
            )
        return np.repeat(np.arange(clips), 5)
    clip_of = np.asarray(owners)
    if clip_of.shape != (captions,) or not np.issubdtype(clip_of.dtype, np.integer):
        raise InputError(f"owners are not {captions} whole numbers, one a caption")
    if clip_of.min() < 0 or clip_of.max() >= clips:
        raise InputError(f"owners are not within 0 to {clips - 1}")
    missing = np.setdiff1d(np.arange(clips), clip_of)
    if len(missing):
        raise InputError(f"clip {missing[0]} has no caption")
    return clip_of.astype(np.int64)
