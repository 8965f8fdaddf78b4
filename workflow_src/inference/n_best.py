"""The best captions of each clip, several of them.

The beam search of `workflow_src.decoding.beam`, which keeps the best finished
hypothesis of a clip; here several are kept, and a clip is done once no completion can
beat the last one asked for. The first is that of the other search.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workflow_src.decoding import NeverFinished
from workflow_src.decoding.beam import search_beams
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    Hypothesis,
    SearchSettings,
    State,
    Step,
)
from workflow_src.errors import InputError


class SeveralFinished:
    """The best finished hypotheses of each clip so far, several of them.

    Args:
        clips: their number.
        count: hypotheses wanted of each.
        device: of the search.

    Attributes:
        found: of each clip up to `count`, the best first.
        scores: (clips,) float64, of the last one wanted; −inf while one is missing.
    """

    def __init__(self, clips: int, count: int, device: torch.device) -> None:
        self.scores = torch.full((clips,), -torch.inf, device=device).double()
        self.count = count
        self.found: list[list[Hypothesis]] = [[] for _ in range(clips)]

    def offer(self, clips: Tensor, words: Tensor, scores: Tensor) -> None:
        """Take the offers that are among the best of their clips; a `Keeper`."""
        numbers = clips.tolist()
        for row, place in (scores > -torch.inf).nonzero().tolist():
            clip = numbers[row]
            prefix = tuple(words[row, place, :-1].tolist())
            own = [*self.found[clip], Hypothesis(prefix, float(scores[row, place]))]
            own.sort(key=lambda hypothesis: -hypothesis.score)
            self.found[clip] = own[: self.count]
            if len(own) >= self.count:
                self.scores[clip] = own[self.count - 1].score


@torch.no_grad()
def n_best(
    step: Step[State],
    state: State,
    weights: Sequence[Sequence[float]],
    *,
    sos: int,
    eos: int,
    count: int,
    beams: int = 3,
    max_words: int = 30,
) -> list[list[Hypothesis]]:
    """Search the best captions of every clip of a batch.

    Args:
        step: as for `beam_search`, like all arguments but `count`.
        state: of M memories, a clip's in consecutive rows.
        weights: for each clip those of its memories.
        sos: word id that begins a caption.
        eos: word id that ends it.
        count: captions wanted of each clip, at most `beams`.
        beams: width of the search.
        max_words: of a caption.

    Returns:
        For each clip up to `count` hypotheses, the best mean log-probability first.

    Raises:
        InputError: `count` is below 1 or above `beams`.
        ValueError: other bad settings, or distributions that are not finite.
    """
    if not 1 <= count <= beams:
        raise InputError(
            f"a beam search of {beams} finds 1 to {beams} captions, not {count}"
        )
    settings = SearchSettings(sos, eos, beams, max_words)
    if not weights:
        return []
    device = state.self_attention_cache[0][0].device
    ensembles = Ensembles.from_weights(weights, device)
    finished = SeveralFinished(len(weights), count, device)
    search_beams(step, state, ensembles, settings, finished)
    for clip, found in enumerate(finished.found):
        if not found:
            raise NeverFinished(clip)
    return finished.found
