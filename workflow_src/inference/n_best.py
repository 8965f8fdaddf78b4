"""The best captions of each clip, several of them.

The beam search of `workflow_src.decoding.beam`, which keeps the best finished
hypothesis of a clip; here all that finish are kept, and a clip is done once no
completion can beat the last one asked for. The first is that of the other search.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workflow_src.decoding.beam import _best_extensions, _select, only_word
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    Hypothesis,
    SearchSettings,
    State,
    Step,
)
from workflow_src.errors import InputError


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
    finished: list[list[Hypothesis]] = [[] for _ in weights]
    clips = list(range(len(weights)))
    words = torch.zeros(len(clips), 1, 0, dtype=torch.long, device=device)
    sums = torch.zeros(len(clips), 1, dtype=torch.double, device=device)
    tokens = torch.full((len(ensembles.owner),), settings.sos, device=device)
    longest = settings.max_words + 1
    for length in range(1, longest + 1):
        members, width = len(ensembles.owner), words.shape[1]
        logits = step(tokens, state).unflatten(0, (members, width))
        log_probabilities = ensembles.log_average(logits)
        if length == longest:
            log_probabilities = only_word(log_probabilities, settings.eos)
        sums, source, word = _best_extensions(sums, log_probabilities, settings.beams)
        sums = _within_beam(sums, [beams - len(finished[clip]) for clip in clips])
        chosen = words.gather(1, source[..., None].expand(-1, -1, length - 1))
        words = torch.cat([chosen, word[..., None]], 2)
        ended = (word == settings.eos) & (sums > -torch.inf)
        for row, place in ended.nonzero().tolist():
            prefix = tuple(words[row, place, :-1].tolist())
            score = float(sums[row, place]) / length
            finished[clips[row]].append(Hypothesis(prefix, score))
        sums = sums.masked_fill(ended, -torch.inf)
        bounds = (sums.max(1).values / longest).tolist()
        left = [
            row
            for row, bound in enumerate(bounds)
            if _worst(finished[clips[row]], count) < bound
        ]
        if length == longest or not left:
            break
        clips = [clips[row] for row in left]
        rows = torch.tensor(left, device=device)
        words, sums, source = words[rows], sums[rows], source[rows]
        ensembles, kept = ensembles.select(rows)
        origin = kept[:, None] * width + source[ensembles.owner]
        _select(state, origin.flatten(), len(tokens))
        tokens = words[ensembles.owner, :, -1].flatten()
    for clip, found in enumerate(finished):
        if not found:
            raise ValueError(
                f"clip {clip} of the batch: no caption could be finished, the "
                "decoder's word distributions are not finite"
            )
    return [_best(found)[:count] for found in finished]


def _within_beam(sums: Tensor, places: Sequence[int]) -> Tensor:
    """(C, K) sums, best first; −inf beyond the places that a clip's beam has left."""
    ranks = torch.arange(sums.shape[1], device=sums.device)
    most = torch.tensor(places, device=sums.device)
    return sums.masked_fill(ranks >= most[:, None], -torch.inf)


def _best(found: list[Hypothesis]) -> list[Hypothesis]:
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


def _worst(found: list[Hypothesis], count: int) -> float:
    """The score that a completion must beat to be among the best `count`."""
    return -torch.inf if len(found) < count else _best(found)[count - 1].score
