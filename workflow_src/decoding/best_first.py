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
    DecoderState,
    Hypothesis,
    SearchSettings,
    Step,
)

QUEUE_LIMIT = 2000  # of the published code
# The published code adds this to the number of words; it decides near ties.
LENGTH_OFFSET = 1e-6


Cache = list[tuple[torch.Tensor, ...]]  # DecoderState.words


class Entry(NamedTuple):
    """A hypothesis in a queue; the order of the fields is that of the queue."""

    priority: float  # minus the mean log-probability
    total: float  # sum of log-probabilities; of two equal means, the lower first
    serial: int  # unique: the comparison ends here
    words: tuple[int, ...]
    cache: Cache  # of all words but the last
    rows: range  # of the clip's members in `cache`


class Clip:
    """The queue of one clip, and the caption once it is found."""

    def __init__(self, position: int, entry: Entry, settings: SearchSettings):
        self.position = position
        self.queue = [entry]
        self.settings = settings
        self.serials = itertools.count(1)
        self.found: Hypothesis | None = None
        self.next: Entry | None = None
        self.advance()

    def advance(self) -> None:
        """Take the best entry out: it is the caption, or the next to extend."""
        if not self.queue:
            raise ValueError(
                f"clip {self.position} of the batch: no caption could be finished, the "
                "decoder's word distributions are not finite"
            )
        full = len(self.queue) > QUEUE_LIMIT
        entry = heapq.heappop(self.queue)
        ended = entry.words[-1:] == (self.settings.eos,)
        if ended or full:
            words = entry.words[:-1] if ended else entry.words
            self.found = Hypothesis(words, -entry.priority)
            self.queue.clear()  # lets go of the caches
        self.next = None if self.found else entry

    def extend(
        self, choices: list[tuple[int, float]], cache: Cache, rows: range
    ) -> None:
        """Queue the entry's extensions by (word, log-probability); advance."""
        for word, value in choices:
            if value > -math.inf:  # false for NaN too
                words = (*self.next.words, word)
                total = self.next.total + value
                priority = -total / (len(words) + LENGTH_OFFSET)
                new = Entry(priority, total, next(self.serials), words, cache, rows)
                heapq.heappush(self.queue, new)
        self.advance()


def best_first_search(
    step: Step, state: DecoderState, ensembles: Ensembles, settings: SearchSettings
) -> list[Hypothesis]:
    """See `beam_search`; the order `best_first`."""
    clips = [
        Clip(position, Entry(0.0, 0.0, 0, (), state.words, rows), settings)
        for position, rows in enumerate(_ranges(ensembles.sizes))
    ]
    while searching := [clip for clip in clips if clip.next]:
        shortest = min(len(clip.next.words) for clip in searching)
        batch = [clip for clip in searching if len(clip.next.words) == shortest]
        _extend_together(step, state, batch, ensembles, settings)
    return [clip.found for clip in clips]


def _extend_together(
    step: Step,
    start: DecoderState,
    batch: list[Clip],
    ensembles: Ensembles,
    settings: SearchSettings,
) -> None:
    """One call of the decoder for the next entries of clips, equally long."""
    device = ensembles.owner.device
    positions = torch.tensor([clip.position for clip in batch], device=device)
    ensembles, members = ensembles.select(positions)
    entries = [clip.next for clip in batch]
    state = copy.copy(start)
    state.select(members)
    state.words = _gather_caches(entries, device)
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
        clip.extend(choices, state.words, own_rows)


def _gather_caches(entries: list[Entry], device: torch.device) -> Cache:
    """The rows of each entry in turn, in new tensors."""
    parts = []
    for _, same in itertools.groupby(entries, key=lambda entry: id(entry.cache)):
        group = list(same)
        rows = [row for entry in group for row in entry.rows]
        parts.append((group[0].cache, torch.tensor(rows, device=device)))
    gathered = []
    for layer in zip(*(cache for cache, _ in parts), strict=True):
        picked = [
            [tensor[rows] for tensor in tensors]
            for tensors, (_, rows) in zip(layer, parts, strict=True)
        ]
        gathered.append(tuple(map(torch.cat, zip(*picked, strict=True))))
    return gathered


def _ranges(sizes: list[int]) -> list[range]:
    """Consecutive ranges of the given lengths."""
    ends = itertools.accumulate(sizes)
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
