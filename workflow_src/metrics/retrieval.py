"""Recall and rank of audio-text retrieval, in both directions.

As in the published evaluation: five captions a clip, cosine similarity.
Text-to-audio (`t2a`) ranks all clips for each caption. Audio-to-text (`a2t`)
ranks all captions for each clip and takes the best rank among its own ones.
"""

from collections.abc import Callable

import numpy as np

from workflow_src.errors import InputError


def recall_at(k: int) -> Callable[..., np.ndarray]:
    """R@k as a function of ranks and axis: percent of the ranks below k."""

    def recall(ranks, axis=None):
        return 100.0 * np.mean(ranks < k, axis=axis)

    return recall


def median_rank(ranks, axis=None):
    """floor(median) + 1, as in the published evaluation."""
    return np.floor(np.median(ranks, axis=axis)) + 1


def mean_rank(ranks, axis=None):
    """Mean + 1."""
    return np.mean(ranks, axis=axis) + 1


# The columns of the tables, as functions of ranks that count from zero.
STATISTICS = {f"R@{k}": recall_at(k) for k in (1, 5, 10, 50)}
STATISTICS |= {"medR": median_rank, "meanR": mean_rank}


def evaluate(audio, captions, owners=None) -> dict[str, dict[str, float]]:
    """`{"t2a": {column: value}, "a2t": {...}}` with the columns of `STATISTICS`.

    R@k is in percent; medR is floor(median) + 1 and meanR is mean + 1 of ranks
    that count from zero. The arguments and errors are those of `ranks`.
    """
    found = ranks(audio, captions, owners)
    return {direction: summary(values) for direction, values in found.items()}


def ranks(audio, captions, owners=None) -> dict[str, np.ndarray]:
    """Rank of the right answer to each query, from zero.

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
    audio = _unit_rows(audio, "audio")
    captions = _unit_rows(captions, "captions")
    if audio.shape[1] != captions.shape[1]:
        raise InputError(
            f"audio embeddings have {audio.shape[1]} dimensions, "
            f"caption embeddings {captions.shape[1]}"
        )
    owners = _check_owners(owners, len(audio), len(captions))
    # A matrix product may round the same pair of vectors in several ways, by
    # its place in the matrix. Rounding once more makes equal pairs tie.
    similarity = (captions @ audio.T).astype(np.float32)
    return {
        "t2a": _ranks_of(similarity, owners),
        "a2t": _ranks_of(similarity.T, _best_captions(similarity, owners)),
    }


def summary(ranks: np.ndarray) -> dict[str, float]:
    """Each of the `STATISTICS` of ranks that count from zero."""
    return {name: float(statistic(ranks)) for name, statistic in STATISTICS.items()}


def clip_ranks(ranks: dict[str, np.ndarray], direction: str) -> np.ndarray:
    """Ranks by clip, for a bootstrap over clips: (N, 5) for `t2a`, (N,) for `a2t`.

    Only where five captions in a row belong to each clip, the default of `ranks`.
    """
    return ranks["t2a"].reshape(-1, 5) if direction == "t2a" else ranks["a2t"]


def _unit_rows(vectors, name: str) -> np.ndarray:
    """Rows in float64 with norm 1."""
    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu().double()
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise InputError(f"{name}: embeddings have shape {rows.shape}, not (rows, D)")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0))
    if len(bad):
        raise InputError(f"{name}: the embedding in row {bad[0]} is zero or not finite")
    return rows / norms


def _check_owners(owners, clips: int, captions: int) -> np.ndarray:
    if owners is None:
        if captions != 5 * clips:
            raise InputError(
                f"{captions} captions for {clips} clips are not five a clip: "
                "say which clip owns each caption"
            )
        return np.repeat(np.arange(clips), 5)
    owners = np.asarray(owners)
    if owners.shape != (captions,) or not np.issubdtype(owners.dtype, np.integer):
        raise InputError(f"owners are not {captions} whole numbers, one a caption")
    if owners.min() < 0 or owners.max() >= clips:
        raise InputError(f"owners are not within 0 to {clips - 1}")
    missing = np.setdiff1d(np.arange(clips), owners)
    if len(missing):
        raise InputError(f"clip {missing[0]} has no caption")
    return owners


def _ranks_of(similarity: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Rank of column `targets[q]` in each row q, ties in column order."""
    own = similarity[np.arange(len(targets)), targets][:, None]
    before = np.arange(similarity.shape[1]) < targets[:, None]
    return np.count_nonzero((similarity > own) | ((similarity == own) & before), axis=1)


def _best_captions(similarity: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The caption of each clip that ranks best among its own, the first if equal."""
    own = similarity[np.arange(len(owners)), owners]
    # By clip, then by falling similarity, then by row: lexsort sorts by the last key.
    order = np.lexsort((np.arange(len(owners)), -own, owners))
    return order[np.searchsorted(owners[order], np.arange(similarity.shape[1]))]
