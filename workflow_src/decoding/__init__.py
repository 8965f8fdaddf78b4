"""Search for captions, batched over clips, beams and ensembles of memories."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from workflow_src.decoding.beam import standard_beam_search
from workflow_src.decoding.best_first import best_first_search
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    DecoderState,
    Hypothesis,
    NeverFinished,
    SearchSettings,
    State,
    Step,
)

ORDERS = {"beam": standard_beam_search, "best_first": best_first_search}

__all__ = [
    "ORDERS",
    "DecoderState",
    "Hypothesis",
    "NeverFinished",
    "Step",
    "beam_search",
]


@torch.no_grad()
def beam_search(
    step: Step[State],
    state: State,
    weights: Sequence[Sequence[float]],
    *,
    sos: int,
    eos: int,
    beams: int = 3,
    max_words: int = 30,
    order: str = "beam",
) -> list[Hypothesis]:
    """Search the best caption of every clip of a batch.

    Args:
        step: (tokens (N,), state) -> logits (N, V); adds one position to the state.
        state: made from M memories, one row each; a clip's memories are consecutive
            rows. The search changes it (make a new one for another search) and runs
            on its device.
        weights: for each clip the weights of its memories: positive, with sum 1.
            [[1.0]] * M searches M clips with one memory each. A clip's members
            predict each word together, as the weighted mean of their distributions.
        sos: word id that begins a caption.
        eos: word id that ends a caption.
        beams: width of the search; 1 is greedy.
        max_words: most words in a caption, not counting `<eos>`.
        order: `beam` (standard) or `best_first` (that of the published ACT code).

    Returns:
        One hypothesis a clip, in the order of `weights`: the finished caption with
        the best mean log-probability among those the search met.

    Raises:
        ValueError: bad settings or weights, or a decoder whose distributions are not
            finite.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    settings = SearchSettings(sos, eos, beams, max_words)
    rows = state.self_attention_cache[0][0]
    ensembles = Ensembles.from_weights(weights, rows.device)
    if len(rows) != len(ensembles.owner):
        raise ValueError(
            f"the state has {len(rows)} memories, the weights are for "
            f"{len(ensembles.owner)}"
        )
    if not weights:
        return []
    return ORDERS[order](step, state, ensembles, settings)
