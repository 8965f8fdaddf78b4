"""Captions of every clip under every test-time strategy, in one pass.

Views are encoded once and averaged in groups at the encoder's end; the groups'
word distributions are averaged at each step of one beam search, half and half
with the un-augmented clip's (Sections 3 and 4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, NotRequired, TypedDict, Unpack

import torch

from workflow_src.decoding import beam_search
from workflow_src.device import send
from workflow_src.evaluation.views import Views, largest
from workflow_src.models.caption_model import CaptionModel
from workflow_src.tta import Strategy
from workflow_src.tta.levels import check_layers, means_at, members, weights


class SearchOptions(TypedDict):
    """Options of `beam_search`.

    Attributes:
        sos: word id that begins a caption.
        eos: word id that ends a caption.
        beams: hypotheses kept a clip.
        max_words: of a caption.
        order: of the search.
    """

    sos: int
    eos: int
    beams: NotRequired[int]
    max_words: NotRequired[int]
    order: NotRequired[str]


class Job(NamedTuple):
    """One caption to search.

    Attributes:
        strategy: that it is a caption under.
        name: file name of the clip.
        memories: (P, D) each, averaged encodings of the clip.
        weights: of their word distributions.
    """

    strategy: Strategy
    name: str
    memories: list[torch.Tensor]
    weights: list[float]


@torch.no_grad()
def captioning_grid(
    model: CaptionModel,
    views: Views,
    strategies: Sequence[Strategy],
    to_text: Callable[[Sequence[int]], str],
    *,
    encodings_per_search: int = 256,
    stabilise: bool = True,
    **decoding: Unpack[SearchOptions],
) -> dict[Strategy, dict[str, str]]:
    """Caption every clip under every strategy.

    Each clip's views are made and encoded once; a strategy with τ views reads the
    first τ. All strategies of a clip, and as many clips as fit into
    `encodings_per_search`, are decoded by one beam search (a strategy that has more
    averaged encodings by itself has a search of its own). Memory use does not grow
    with the split.

    Args:
        model: the captioner, in evaluation mode, on `views.device`.
        views: views of the clips, with the front end of ACT.
        strategies: of two layers, the encoder and the output.
        to_text: word ids -> caption.
        encodings_per_search: most averaged encodings of clips decoded at once.
        stabilise: average with the un-augmented clip's word distributions.
        decoding: options of `beam_search`: sos, eos, beams, max_words, order.

    Returns:
        For each strategy, file name -> caption, in the order of `views.names`.
    """
    strategies = list(dict.fromkeys(strategies))
    for strategy in strategies:
        check_layers(strategy, 2)
    captions: dict[Strategy, dict[str, str]] = {own: {} for own in strategies}
    jobs: list[Job] = []

    def search() -> None:
        jobs.sort(key=lambda job: len(job.memories))  # quicker to average
        for job, words in zip(jobs, _search(model, jobs, **decoding), strict=True):
            captions[job.strategy][job.name] = to_text(words)
        jobs.clear()

    clips = views.encode_all(
        largest(strategies), model.encode, "captioning with test-time augmentation"
    )
    for name, encoded in clips:
        memories = means_at(encoded, [], strategies, include_original=stabilise)
        for strategy in strategies:
            own = [memories[group] for group in members(strategy, stabilise)]
            waiting = sum(len(job.memories) for job in jobs)
            if jobs and waiting + len(own) > encodings_per_search:
                search()
            jobs.append(Job(strategy, name, own, weights(strategy, stabilise)))
    if jobs:
        search()
    return {
        own: {name: said[name] for name in views.names}
        for own, said in captions.items()
    }


def _search(
    model: CaptionModel, jobs: list[Job], **decoding: Unpack[SearchOptions]
) -> list[tuple[int, ...]]:
    """Search the words of each job, by one beam search."""
    # A memory that several strategies share is projected once.
    distinct = {id(memory): memory for job in jobs for memory in job.memories}
    memories = torch.stack(list(distinct.values()))
    row = {key: index for index, key in enumerate(distinct)}
    rows = [row[id(memory)] for job in jobs for memory in job.memories]
    state = model.start(memories)
    state.select(send(torch.tensor(rows), memories.device))
    hypotheses = beam_search(
        model.step,
        state,
        [job.weights for job in jobs],
        **decoding,
    )
    return [hypothesis.words for hypothesis in hypotheses]
