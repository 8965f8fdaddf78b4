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

from dataclasses import dataclass
from typing import Protocol

import torch

from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    DecoderState,
    Hypothesis,
    NeverFinished,
    SearchSettings,
    State,
    Step,
)
from workflow_src.device import send

# Words from one look at which clips are done to the next. On a GPU the host waits for
# each look; until then such clips go along for nothing.
WORDS_BETWEEN_LOOKS = {"cpu": 1, "cuda": 4}


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
        length = words.shape[2]
        better = best > self.scores[clips]
        offered = _take(words, which[:, None])[:, 0]
        known = self.words[clips]
        known[:, :length] = torch.where(better[:, None], offered, known[:, :length])
        self.words[clips] = known
        self.scores[clips] = torch.where(better, best, self.scores[clips])
        self.lengths[clips] = self.lengths[clips].masked_fill(better, length)

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
                raise NeverFinished(clip)
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
    beam = Beam.begin(ensembles, settings)
    tokens = torch.full((len(ensembles.owner),), settings.sos, device=device)
    every = WORDS_BETWEEN_LOOKS.get(device.type, 1)
    longest = settings.max_words + 1
    for length in range(1, longest + 1):
        width = beam.words.shape[1]
        members = torch.arange(len(beam.ensembles.owner), device=device)
        source, done = beam.grow(step(tokens, state), settings, finished)
        same_memories = True
        if length % every == 0 or length == longest:
            # The host waits for the device here, and nowhere else.
            left = [clip for clip, over in enumerate(done.tolist()) if not over]
            if length == longest or not left:
                break
            if len(left) < len(done):
                same_memories = False
                members, source = beam.keep(left, source)
        rows = members[:, None] * width + source[beam.ensembles.owner]
        same_memories = same_memories and source.shape[1] == width
        _select(state, rows.flatten(), len(tokens), same_memories)
        tokens = beam.words[beam.ensembles.owner, :, -1].flatten()


@dataclass
class Beam:
    """The unfinished hypotheses of the clips under way, C of them.

    Attributes:
        ensembles: the clips with their memories.
        clips: (C,), their positions in the batch.
        places: (C,), how many hypotheses each may still have.
        words: (C, K, n), of K hypotheses a clip, best first.
        sums: (C, K) float64, of their log-probabilities; −inf for none.
    """

    ensembles: Ensembles
    clips: torch.Tensor
    places: torch.Tensor
    words: torch.Tensor
    sums: torch.Tensor

    @classmethod
    def begin(cls, ensembles: Ensembles, settings: SearchSettings) -> Beam:
        """One hypothesis without words a clip."""
        device = ensembles.owner.device
        clips = torch.arange(len(ensembles.sizes), device=device)
        words = torch.full((len(clips), 1, 0), settings.sos, device=device)
        sums = torch.zeros(len(clips), 1, dtype=torch.double, device=device)
        places = torch.full_like(clips, settings.beams)
        return cls(ensembles, clips, places, words, sums)

    def grow(
        self, logits: torch.Tensor, settings: SearchSettings, finished: Keeper
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add a word to each hypothesis; the host waits for nothing.

        Args:
            logits: (M K, V), of the next word, for M memories.
            settings: of the search.
            finished: is offered what ends with this word.

        Returns:
            (C, K'), which hypothesis each one extends; and (C,) bool, which clips are
            done: they take no further part, whether they leave or not.
        """
        members, (_, width, words) = len(self.ensembles.owner), self.words.shape
        length, longest = words + 1, settings.max_words + 1
        log_probabilities = self.ensembles.log_average(
            logits.unflatten(0, (members, width))
        )
        if length == longest:
            log_probabilities = only_word(log_probabilities, settings.eos)
        sums, source, word = _best_extensions(
            self.sums, log_probabilities, settings.beams
        )
        sums = sums.masked_fill(_ranks(sums) >= self.places[:, None], -torch.inf)
        self.words = torch.cat([_take(self.words, source), word[..., None]], 2)
        ended = (word == settings.eos) & (sums > -torch.inf)
        self.places = self.places - ended.sum(1)
        scores = (sums / length).masked_fill(~ended, -torch.inf)
        finished.offer(self.clips, self.words, scores)
        sums = sums.masked_fill(ended, -torch.inf)
        # The bound at the top of this file. Without an unfinished hypothesis
        # its right side is −inf, and the clip is done.
        done = ~(finished.scores[self.clips] < sums.max(1).values / longest)
        self.sums = sums.masked_fill(done[:, None], -torch.inf)
        return source, done

    def keep(
        self, left: list[int], source: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Let all clips go but some.

        Args:
            left: which of the clips under way stay, ascending.
            source: (C, K), as `grow` gave it.

        Returns:
            The indices of their memories among those before, and their `source`.
        """
        rows = send(torch.tensor(left), self.clips.device)
        self.clips, self.places = self.clips[rows], self.places[rows]
        self.words, self.sums = self.words[rows], self.sums[rows]
        self.ensembles, members = self.ensembles.select(left)
        return members, source[rows]


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


def _select(
    state: DecoderState, rows: torch.Tensor, count: int, same_memories: bool = False
) -> None:
    """Reorder the state.

    Args:
        state: of `count` rows.
        rows: which row becomes which.
        count: of the rows before.
        same_memories: whether each row stays with its memory; then the state itself,
            which would have to ask the device, need not know.
    """
    on_cpu = rows.device.type == "cpu"
    if on_cpu and len(rows) == count and torch.equal(rows, torch.arange(count)):
        return
    if same_memories:
        state.self_attention_cache = [
            tuple(tensor[rows] for tensor in layer)
            for layer in state.self_attention_cache
        ]
    else:
        state.select(rows)
