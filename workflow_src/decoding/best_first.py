"""The search of the published ACT code, batched over clips and cached.

A clip has one queue of hypotheses of all lengths. The one with the best mean
log-probability is taken out: if it ends with `<eos>` it is the caption, else its
`beams` most probable extensions enter the queue. Should the queue outgrow
`QUEUE_LIMIT`, its best hypothesis is the caption, ended or not. The published
search has no limit of words; here a hypothesis of `max_words` words can only end.

The published code takes one hypothesis of one clip at a time and runs the
decoder over all of its words. Here the decoder's state is kept for every
prefix that was extended, and the clips whose next hypotheses are equally long
go through the decoder together: always the shortest, so that clips which went
back to a short hypothesis catch up with the others.
"""

from __future__ import annotations

import copy
import heapq
import itertools
import math
from typing import NamedTuple

import torch

from workflow_src.decoding.beam import only_word
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import (
    Hypothesis,
    LayerCache,
    NeverFinished,
    SearchSettings,
    State,
    Step,
)

QUEUE_LIMIT = 2000  # of the published code
# The published code adds this to the number of words; it decides near ties.
LENGTH_OFFSET = 1e-6

Cache = list[LayerCache]  # DecoderState.self_attention_cache


class Entry(NamedTuple):
    """A hypothesis in a queue; the order of the fields is that of the queue.

    Attributes:
        priority: minus the mean log-probability.
        total: sum of log-probabilities; of two equal means, the lower comes first.
        serial: unique: the comparison ends here.
        words: without `<sos>`.
        cache: of all words but the last.
        rows: of the clip's members in `cache`.
    """

    priority: float
    total: float
    serial: int
    words: tuple[int, ...]
    cache: Cache
    rows: range


class ClipSearch:
    """The search for the caption of one clip.

    Args:
        position: of the clip in the batch.
        entry: the empty hypothesis.
        settings: of the search.

    Attributes:
        queue: all hypotheses but one.
        best: the best hypothesis, taken out of the queue: the next to extend or, once
            the search is done, the caption.
        done: whether the caption is found.
    """

    def __init__(self, position: int, entry: Entry, settings: SearchSettings) -> None:
        self.position = position
        self.settings = settings
        self.serials = itertools.count(1)
        self.queue = [entry]
        self.best = entry
        self.done = False
        self.advance()

    @property
    def caption(self) -> Hypothesis:
        """The best hypothesis, without the `<eos>` that ended it."""
        words = self.best.words
        if words[-1:] == (self.settings.eos,):
            words = words[:-1]
        return Hypothesis(words, -self.best.priority)

    def advance(self) -> None:
        """Take the best entry out: it is the caption, or the next to extend.

        Raises:
            NeverFinished: there is none.
        """
        if not self.queue:
            raise NeverFinished(self.position)
        full = len(self.queue) > QUEUE_LIMIT
        self.best = heapq.heappop(self.queue)
        if full or self.best.words[-1:] == (self.settings.eos,):
            self.done = True
            # Lets go of the caches.
            self.queue.clear()
            self.best = self.best._replace(cache=[])

    def extend(
        self, choices: list[tuple[int, float]], cache: Cache, rows: range
    ) -> None:
        """Queue extensions of the best entry, and advance.

        Args:
            choices: the words that extend it, with their log-probabilities.
            cache: of all words but these.
            rows: of the clip's members in `cache`.
        """
        for word, value in choices:
            if value > -math.inf:  # false for NaN too
                words = (*self.best.words, word)
                total = self.best.total + value
                priority = -total / (len(words) + LENGTH_OFFSET)
                new = Entry(priority, total, next(self.serials), words, cache, rows)
                heapq.heappush(self.queue, new)
        self.advance()


def best_first_search(
    step: Step[State], state: State, ensembles: Ensembles, settings: SearchSettings
) -> list[Hypothesis]:
    """Search in the order `best_first`.

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
    cache = state.self_attention_cache
    clips = [
        ClipSearch(position, Entry(0.0, 0.0, 0, (), cache, rows), settings)
        for position, rows in enumerate(_ranges(ensembles.sizes))
    ]
    while searching := [clip for clip in clips if not clip.done]:
        shortest = min(len(clip.best.words) for clip in searching)
        batch = [clip for clip in searching if len(clip.best.words) == shortest]
        _extend_together(step, state, batch, ensembles, settings)
    return [clip.caption for clip in clips]


def _extend_together(
    step: Step[State],
    start: State,
    batch: list[ClipSearch],
    ensembles: Ensembles,
    settings: SearchSettings,
) -> None:
    """Call the decoder once for the best entries of clips, equally long."""
    device = ensembles.owner.device
    positions = torch.tensor([clip.position for clip in batch], device=device)
    ensembles, members = ensembles.select(positions)
    entries = [clip.best for clip in batch]
    state = copy.copy(start)
    state.select(members)
    state.self_attention_cache = _gather_caches(entries, device)
    last = [entry.words[-1] if entry.words else settings.sos for entry in entries]
    tokens = torch.tensor(last, device=device)[ensembles.owner]
    log_probabilities = ensembles.log_average(step(tokens, state)[:, None])[:, 0]
    if len(entries[0].words) == settings.max_words:
        log_probabilities = only_word(log_probabilities, settings.eos)
    count = min(settings.beams, log_probabilities.shape[1])
    values, words = log_probabilities.topk(count, dim=1)
    extensions = zip(words.tolist(), values.tolist(), strict=True)
    rows = _ranges(ensembles.sizes)
    for clip, (own_words, own_values), own_rows in zip(
        batch, extensions, rows, strict=True
    ):
        choices = list(zip(own_words, own_values, strict=True))
        clip.extend(choices, state.self_attention_cache, own_rows)


def _gather_caches(entries: list[Entry], device: torch.device) -> Cache:
    """Gather the rows of each entry in turn, in new tensors."""
    parts = []
    for _, same in itertools.groupby(entries, key=lambda entry: id(entry.cache)):
        group = list(same)
        rows = [row for entry in group for row in entry.rows]
        parts.append((group[0].cache, torch.tensor(rows, device=device)))
    gathered: Cache = []
    for layer in zip(*(cache for cache, _ in parts), strict=True):
        picked = [
            [tensor[rows] for tensor in tensors]
            for tensors, (_, rows) in zip(layer, parts, strict=True)
        ]
        gathered.append(tuple(map(torch.cat, zip(*picked, strict=True))))
    return gathered


def _ranges(sizes: list[int]) -> list[range]:
    """Make consecutive ranges of the given lengths."""
    ends = itertools.accumulate(sizes)
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
