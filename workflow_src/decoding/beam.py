"""Standard beam search, all clips at once.

At each step the best extensions of a clip's hypotheses are kept by their sums
of log-probabilities, as many as the beam is wide. One that ends with `<eos>` is
finished: it leaves the beam, which is narrower by one from then on, and the best
of the finished by score (mean log-probability) is the caption. A hypothesis of
`max_words` words can only end. One beam is greedy search.

When a clip is done. Log-probabilities are never positive, so the sum S' of any
completion of a hypothesis with sum S has S' <= S <= 0. A completion has n terms,
n <= N = max_words + 1, so its score is S' / n <= S / n <= S / N (the last step
because S <= 0). Once the best finished score of a clip is at least S / N for its
best unfinished S, no completion beats it: the clip leaves the batch. So does a
clip with no unfinished hypothesis left.
"""

from __future__ import annotations

from typing import Protocol

import torch

from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    DecoderState,
    Hypothesis,
    SearchSettings,
    State,
    Step,
)


class Keeper(Protocol):
    """Keeps what a search finishes.

    Attributes:
        scores: (clips,) float64; a clip goes on while a completion may beat its own.
    """

    scores: torch.Tensor

    def offer(
        self, clips: torch.Tensor, words: torch.Tensor, scores: torch.Tensor
    ) -> None:
        """Take what is worth keeping.

        Args:
            clips: (C,), their positions.
            words: (C, K, n), of K hypotheses, `<eos>` included.
            scores: (C, K), mean log-probability; −inf for no offer.
        """


class Finished:
    """The best finished hypothesis of each clip so far.

    Args:
        clips: their number.
        max_words: most words in a caption.
        device: of the search.

    Attributes:
        scores: (clips,) float64, mean log-probability; −inf for none.
        words: (clips, max_words + 1), `<eos>` included.
        lengths: (clips,), how many of `words` count; 0 for none.
    """

    def __init__(self, clips: int, max_words: int, device: torch.device) -> None:
        self.scores = torch.full((clips,), -torch.inf, device=device).double()
        self.words = torch.zeros(clips, max_words + 1, dtype=torch.long, device=device)
        self.lengths = torch.zeros(clips, dtype=torch.long, device=device)

    def offer(
        self, clips: torch.Tensor, words: torch.Tensor, scores: torch.Tensor
    ) -> None:
        """Take each clip's best offer where it beats what the clip has."""
        best, which = scores.max(1)
        better = best > self.scores[clips]
        taken, length = clips[better], words.shape[2]
        self.scores[taken] = best[better]
        self.words[taken, :length] = words[better, which[better]]
        self.lengths[taken] = length

    def hypotheses(self) -> list[Hypothesis]:
        """Give one hypothesis a clip, without the `<eos>` that ended it.

        Raises:
            ValueError: a clip has none.
        """
        best = zip(
            self.words.tolist(),
            self.lengths.tolist(),
            self.scores.tolist(),
            strict=True,
        )
        results = []
        for clip, (words, length, score) in enumerate(best):
            if length == 0:
                raise never_finished(clip)
            results.append(Hypothesis(tuple(words[: length - 1]), score))
        return results


def standard_beam_search(
    step: Step[State], state: State, ensembles: Ensembles, settings: SearchSettings
) -> list[Hypothesis]:
    """Search in the order `beam`.

    Args:
        step: see `beam_search`.
        state: see `beam_search`.
        ensembles: the clips with the weights of their memories.
        settings: of the search.

    Returns:
        One hypothesis a clip.

    Raises:
        ValueError: the decoder's distributions are not finite.
    """
    finished = Finished(
        len(ensembles.sizes), settings.max_words, ensembles.owner.device
    )
    search_beams(step, state, ensembles, settings, finished)
    return finished.hypotheses()


def search_beams(
    step: Step[State],
    state: State,
    ensembles: Ensembles,
    settings: SearchSettings,
    finished: Keeper,
) -> None:
    """Offer what finishes to a keeper, until no completion beats its scores.

    Args:
        step: see `beam_search`.
        state: see `beam_search`.
        ensembles: the clips with the weights of their memories.
        settings: of the search.
        finished: of as many clips.
    """
    device = ensembles.owner.device
    clips = torch.arange(len(ensembles.sizes), device=device)
    places = torch.full_like(clips, settings.beams)  # in each clip's beam
    words = torch.full((len(clips), 1, 0), settings.sos, device=device)
    sums = torch.zeros(len(clips), 1, dtype=torch.double, device=device)
    tokens = torch.full((len(ensembles.owner),), settings.sos, device=device)
    longest = settings.max_words + 1
    for length in range(1, longest + 1):
        width = words.shape[1]
        logits = step(tokens, state)
        log_probabilities = ensembles.log_average(
            logits.unflatten(0, (len(ensembles.owner), width))
        )
        if length == longest:
            log_probabilities = only_word(log_probabilities, settings.eos)
        sums, source, word = _best_extensions(sums, log_probabilities, settings.beams)
        sums = sums.masked_fill(_ranks(sums) >= places[:, None], -torch.inf)
        words = torch.cat([_take(words, source), word[..., None]], 2)
        ended = (word == settings.eos) & (sums > -torch.inf)
        places = places - ended.sum(1)
        finished.offer(clips, words, (sums / length).masked_fill(~ended, -torch.inf))
        sums = sums.masked_fill(ended, -torch.inf)
        # The bound at the top of this file. Without an unfinished hypothesis
        # its right side is −inf, and the clip is done.
        bound = sums.max(1).values / longest
        left = (finished.scores[clips] < bound).nonzero().flatten()
        if length == longest or len(left) == 0:
            break
        clips, places, words = clips[left], places[left], words[left]
        sums, source = sums[left], source[left]
        ensembles, members = ensembles.select(left)
        rows = members[:, None] * width + source[ensembles.owner]
        _select(state, rows.flatten(), len(tokens))
        tokens = words[ensembles.owner, :, -1].flatten()


def never_finished(clip: int) -> ValueError:
    """The error of a clip without any finished hypothesis."""
    return ValueError(
        f"clip {clip} of the batch: no caption could be finished, the decoder's word "
        "distributions are not finite"
    )


def only_word(log_probabilities: torch.Tensor, word: int) -> torch.Tensor:
    """Give (..., V) with −inf for every word but one."""
    kept = torch.full_like(log_probabilities, -torch.inf)
    kept[..., word] = log_probabilities[..., word]
    return kept


def _best_extensions(
    sums: torch.Tensor, log_probabilities: torch.Tensor, beams: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find the best `beams` of all one-word extensions of each clip's hypotheses.

    Args:
        sums: (C, K) float64.
        log_probabilities: (C, K, V).
        beams: how many are wanted.

    Returns:
        Sums, index of the extended hypothesis and word, each (C, K'), K' <= beams,
        best first.
    """
    # The best of all are among the best of each hypothesis.
    count = min(beams, log_probabilities.shape[2])
    values, choices = log_probabilities.topk(count, dim=2)
    totals = (sums[:, :, None] + values.double()).flatten(1)
    best, index = totals.topk(min(beams, totals.shape[1]), dim=1)
    return best, index // count, choices.flatten(1).gather(1, index)


def _ranks(sums: torch.Tensor) -> torch.Tensor:
    """Number the hypotheses of each clip 0, 1, 2, ..., sorted best first."""
    return torch.arange(sums.shape[1], device=sums.device)


def _take(words: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Take rows of words (C, K, n) in the order that source (C, K') gives."""
    return words.gather(1, source[..., None].expand(-1, -1, words.shape[2]))


def _select(state: DecoderState, rows: torch.Tensor, count: int) -> None:
    """Reorder the state, unless the order is that which it has."""
    if len(rows) != count or not torch.equal(
        rows, torch.arange(count, device=rows.device)
    ):
        state.select(rows)
