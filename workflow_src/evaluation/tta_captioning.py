"""Captions of every clip under every test-time strategy, in one pass.

Views are encoded once and averaged in groups at the encoder's end; the groups'
word distributions are averaged at each step of one beam search, half and half
with the un-augmented clip's (Sections 3 and 4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from workflow_src.decoding import beam_search
from workflow_src.evaluation.views import Views, largest
from workflow_src.models.act import ACT
from workflow_src.progress import track
from workflow_src.tta import Strategy
from workflow_src.tta.levels import check_layers, means_at, members, weights


class Job(NamedTuple):
    """One caption to search."""

    strategy: Strategy
    name: str
    memories: list[torch.Tensor]
    weights: list[float]


@torch.no_grad()
def captioning_grid(
    model: ACT,
    views: Views,
    strategies: Sequence[Strategy],
    to_text: Callable[[Sequence[int]], str],
    *,
    memories_per_search: int = 256,
    stabilise: bool = True,
    **decoding,
) -> dict[Strategy, dict[str, str]]:
    """Caption every clip under every strategy.

    Each clip's views are made and encoded once; a strategy with τ views reads the
    first τ. All strategies of a clip, and as many clips as fit into
    `memories_per_search`, are decoded by one beam search (a strategy that has more
    memories by itself has a search of its own). Memory use does not grow with the
    split.

    Args:
        model: the captioner, in evaluation mode, on `views.device`.
        views: views of the clips, with the front end of ACT.
        strategies: of two layers, the encoder and the output.
        to_text: word ids -> caption.
        memories_per_search: most memories decoded at once.
        stabilise: average with the un-augmented clip's word distributions.
        decoding: options of `beam_search`: sos, eos, beams, max_words, order.

    Returns:
        For each strategy, file name -> caption, in the order of `views.names`.
    """
    strategies = list(dict.fromkeys(strategies))
    for strategy in strategies:
        check_layers(strategy, 2)
    captions = {strategy: {} for strategy in strategies}
    jobs: list[Job] = []

    def search() -> None:
        for job, words in zip(jobs, _search(model, jobs, **decoding), strict=True):
            captions[job.strategy][job.name] = to_text(words)
        jobs.clear()

    for name in track(views.names, "captioning with test-time augmentation"):
        encoded = views.encode(name, largest(strategies), model.encode)
        memories = means_at(encoded, [], strategies, include_original=stabilise)
        for strategy in strategies:
            own = [memories[group] for group in members(strategy, stabilise)]
            waiting = sum(len(job.memories) for job in jobs)
            if jobs and waiting + len(own) > memories_per_search:
                search()
            jobs.append(Job(strategy, name, own, weights(strategy, stabilise)))
    if jobs:
        search()
    return captions


def _search(model: ACT, jobs: list[Job], **decoding) -> list[tuple[int, ...]]:
    """Words of each job, by one beam search."""
    # A memory that several strategies share is projected once.
    distinct = {id(memory): memory for job in jobs for memory in job.memories}
    memories = torch.stack(list(distinct.values()))
    row = {key: index for index, key in enumerate(distinct)}
    rows = [row[id(memory)] for job in jobs for memory in job.memories]
    state = model.start(memories)
    state.select(torch.tensor(rows, device=memories.device))
    found = beam_search(
        model.step,
        state,
        [job.weights for job in jobs],
        **decoding,
    )
    return [hypothesis.words for hypothesis in found]
