"""A captioner as a retriever: captions and clips ranked by the captioner's likelihood.

The score of a caption c with a clip a is log p(c | a) by words, the one that ends it
among them. Some captions are likely whatever is heard, and then lead the ranks of
every clip. So there is a second score, from which w times log p(c) by words is taken;
p(c) is the likelihood under the mean memory of all clips of the split, which says
nothing of any one of them. Among the clips of one caption both scores have the same
order: they differ from audio to text alone. Words that a captioner does not have are
left out; a caption without any that it has comes last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_pairs
from workflow_src.corpus.text import Words
from workflow_src.device import prepare, send
from workflow_src.evaluation.batch_sizes import clips_of_captioner
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.retrieval import owners_of, write_ranks
from workflow_src.evaluation.scores import Evaluated
from workflow_src.evaluation.settings import LikelihoodSettings
from workflow_src.metrics.retrieval import ranks_of_scores
from workflow_src.models.caption_model import CaptionModel
from workflow_src.progress import track

NORMALISED, AGAINST_PRIOR = "likelihood", "likelihood-prior"
BUDGET = 2**29  # bytes of the word distributions of captions that are scored at once
DISTRIBUTIONS = 3 * 4  # logits, their log-softmax and a gap, float32


def score_likelihood(
    settings: LikelihoodSettings,
    *,
    run: Path,
    log_mels: Path,
    captions: Path,
    split: str = "test",
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Score a captioner as a retriever on a split, in both directions.

    Args:
        settings: weight of the prior.
        run: folder of the captioner.
        log_mels: store of the split.
        captions: of the split.
        split: its name.
        output: folder that gets `likelihood/` and `likelihood-prior/`, each with
            `scores.json` and `ranks.csv`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    captioner = Captioner.load(run, prepare(device, threads))
    clips = captioner.open_log_mels(log_mels)
    pairs = read_pairs(captions)
    texts = [text for _, text in pairs]
    given, prior = likelihoods(
        captioner.model, clips, texts, captioner.vocabulary, captioner.device
    )
    owners = owners_of(clips.names, pairs)
    evaluated = replace(Evaluated.of(captioner.record, split), task="retrieval")
    for name, scores in (
        (NORMALISED, given),
        (AGAINST_PRIOR, given - settings.prior_weight * prior[:, None]),
    ):
        write_ranks(
            output / name,
            replace(evaluated, tta=name),
            ranks_of_scores(scores, owners),
            clips.names,
            pairs,
        )


@torch.no_grad()
def likelihoods(
    model: CaptionModel,
    log_mels: LogMelStore,
    captions: Sequence[str],
    words: Words,
    device: torch.device,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the log-likelihood by words of each caption, with each clip and without.

    Memory use grows with the result and with one batch of clips, not with their
    product with the captions.

    Args:
        model: the captioner, in evaluation mode.
        log_mels: N clips.
        captions: C of them.
        words: of the captioner.
        device: where the model is.

    Returns:
        (C, N), and (C,) under the mean memory of all clips.
    """
    parts = list(_parts(model, captions, words))
    total: Tensor | None = None
    for memories in _memories(model, log_mels, device, "encoding clips"):
        own = memories.sum(dim=0, keepdim=True)
        total = own if total is None else total + own
    if total is None:
        raise ValueError("there are no clips")
    prior = _of_memory(model, total / len(log_mels), parts, len(captions))
    prior[np.isneginf(prior)] = 0  # of captions that no clip is likely to have
    columns = [
        _of_memory(model, memory, parts, len(captions))
        for memories in _memories(model, log_mels, device, "scoring captions")
        for memory in memories.split(1)
    ]
    return np.stack(columns, axis=1), prior


# Rows of some captions, their numbered words, and which positions count.
Part = tuple[NDArray[np.int64], Tensor, Tensor]


def _parts(
    model: CaptionModel, captions: Sequence[str], words: Words
) -> Iterator[Part]:
    """Cut captions of which words are known into batches, the short ones first."""
    captions = [words.known(caption) for caption in captions]
    lengths = [len(words.batch([caption])[0]) if caption else 0 for caption in captions]
    order = np.argsort(lengths, kind="stable")
    order = order[sum(length == 0 for length in lengths) :]
    row_bytes = DISTRIBUTIONS * model.config.vocabulary
    start = 0
    while start < len(order):
        stop = start + 1
        while (
            stop < len(order)
            and (stop + 1 - start) * lengths[order[stop]] * row_bytes <= BUDGET
        ):
            stop += 1
        rows = order[start:stop]
        tokens = words.batch([captions[row] for row in rows])
        yield rows, tokens, ~words.padding(tokens[:, 1:])
        start = stop


def _of_memory(
    model: CaptionModel, memory: Tensor, parts: Sequence[Part], captions: int
) -> NDArray[np.float32]:
    """The log-likelihoods by words of all captions under one memory (1, M, D)."""
    scores = np.full(captions, -np.inf, np.float32)
    for rows, tokens, counts in parts:
        on, own = send(tokens, memory.device), send(counts, memory.device)
        # A decoder that does not copy the memory reads one for all captions.
        audio = memory.expand(len(on), -1, -1) if model.copies_memory else memory
        logits = model.decode(audio, on[:, :-1]).float()
        right = logits.log_softmax(-1).gather(-1, on[:, 1:, None])[..., 0]
        mean = right.masked_fill(~own, 0).sum(1) / own.sum(1)
        scores[rows] = mean.cpu().numpy()
    return scores


def _memories(
    model: CaptionModel, log_mels: LogMelStore, device: torch.device, doing: str
) -> Iterator[Tensor]:
    """Encode the clips of a store, batch by batch: (n, M, D)."""
    batch = clips_of_captioner(model, log_mels.shape[1:], device, 1, 1)
    for start in track(range(0, len(log_mels), batch), doing):
        rows = range(start, min(start + batch, len(log_mels)))
        features = send(torch.from_numpy(log_mels.read(rows)), device)
        yield model.encode(features.float())
