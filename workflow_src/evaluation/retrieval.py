"""Embeddings of a trained retriever on a split, and its scores in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workflow_src.audio.frontend import front_end
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare, send
from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import captions_at_once, clips_of_retriever
from workflow_src.evaluation.scores import CLIP_FILES, Evaluated, write_scores
from workflow_src.files import write_atomically
from workflow_src.metrics.retrieval import ranks, summary
from workflow_src.models.families import runs as families
from workflow_src.models.folder_weights import load_into
from workflow_src.models.retrieval import (
    AudioTextRetriever,
    TextEncoder,
    TwoTowers,
)
from workflow_src.models.run_folder import TEXT_ENCODER, RunRecord, read_record
from workflow_src.models.settings import RetrieverConfig
from workflow_src.progress import track

Pairs = Sequence[tuple[str, str]]  # file name and caption


@dataclass(frozen=True)
class Retriever:
    """A trained retriever, ready to embed.

    Attributes:
        model: in evaluation mode.
        front_end: the log-mels it is fed; None: those of a front end of its own.
        audio: form of its clips.
        record: what the run is.
        device: where the model is.
    """

    model: TwoTowers
    front_end: FrontEndSettings | None
    audio: AudioForm
    record: RunRecord
    device: torch.device

    @classmethod
    def load(cls, run: Path, device: torch.device) -> Retriever:
        """Load the retriever of a folder.

        Args:
            run: a run's folder, or one that `export` wrote.
            device: where the model goes.

        Raises:
            InputError: the folder holds no trained retriever.
        """
        record = read_record(run)
        record.require_task("retrieval", run)
        if families.is_of_family(record):
            own = families.load(run, record).to(device).eval()
            form = record.part("audio", AudioForm)
            return cls(own, None, form, record, device)
        sizes = record.part("model", RetrieverConfig)
        model = AudioTextRetriever(sizes, TextEncoder.from_form(run / TEXT_ENCODER))
        load_into(model, run)
        return cls(
            model.to(device).eval(),
            record.part("front_end", FrontEndSettings),
            record.part("audio", AudioForm),
            record,
            device,
        )

    def open_log_mels(self, folder: Path) -> LogMelStore:
        """Open log-mels that this model reads; see `log_mel_cache.open_log_mels`."""
        if self.front_end is None:
            return LogMelStore(folder)
        return open_log_mels(folder, self.front_end, self.audio)

    def make_front_end(self) -> nn.Module:
        """What turns waveforms into the log-mels it is fed, on its device."""
        if self.front_end is None:
            encoder: Any = self.model.audio  # of a family
            own: nn.Module = encoder.front_end
            return own
        return front_end(self.front_end).to(self.device)


@torch.no_grad()
def embed_clips(
    model: TwoTowers, log_mels: LogMelStore, device: torch.device
) -> Tensor:
    """Embed the clips of a store.

    Args:
        model: in evaluation mode.
        log_mels: N clips.
        device: where the model is.

    Returns:
        (N, D) on the CPU, in the order of the store.
    """
    embedded = []
    batch = clips_of_retriever(model, log_mels.shape[1:], device)
    for start in track(range(0, len(log_mels), batch), "embedding clips"):
        rows = range(start, min(start + batch, len(log_mels)))
        mels = send(torch.from_numpy(log_mels.read(rows)), device)
        embedded.append(model.embed_audio(mels.float()))
    return torch.cat(embedded).cpu()


@torch.no_grad()
def embed_captions(model: TwoTowers, pairs: Pairs) -> Tensor:
    """Embed C captions.

    Args:
        model: in evaluation mode.
        pairs: the captions, with the file name of each.

    Returns:
        (C, D) on the CPU, in their order.
    """
    embedded = []
    device = next(model.parameters()).device
    batch = captions_at_once(model.text_encoder.width, device)
    for start in track(range(0, len(pairs), batch), "embedding captions"):
        texts = [text for _, text in pairs[start : start + batch]]
        pieces = model.text_encoder.pieces(texts)
        sent = {name: send(own, device) for name, own in pieces.items()}
        embedded.append(model.embed_pieces(sent))
    return torch.cat(embedded).cpu()


def retrieval_metrics(
    audio: Tensor, captions: Tensor, names: Sequence[str], pairs: Pairs
) -> tuple[dict[str, float], dict[str, NDArray[np.int64]]]:
    """Compute the metrics of both directions, and the ranks behind them.

    Args:
        audio: (N, D) embeddings of the clips `names`.
        captions: (C, D) embeddings of the captions `pairs`.
        names: file names.
        pairs: captions with the file name of each.

    Returns:
        The metrics, named as in the tables; and, for the directions `t2a` and `a2t`,
        the rank of each query, from 0.

    Raises:
        InputError: a caption's clip is not among `names`.
    """
    by_direction = ranks(audio, captions, owners_of(names, pairs))
    return summaries(by_direction), by_direction


def owners_of(names: Sequence[str], pairs: Pairs) -> NDArray[np.int64]:
    """The row of each caption's clip among `names`.

    Raises:
        InputError: a caption's clip is not among them.
    """
    row = {name: number for number, name in enumerate(names)}
    lost = [name for name, _ in pairs if name not in row]
    if lost:
        raise InputError(
            f"{len(lost)} captions are of clips without a log-mel, {lost[0]} among "
            "them: make the log-mels and the captions of this split anew"
        )
    return np.array([row[name] for name, _ in pairs])


def summaries(by_direction: dict[str, NDArray[np.int64]]) -> dict[str, float]:
    """The metrics of ranks, named as in the tables."""
    return {
        f"{direction.upper()} {name}": value
        for direction, values in by_direction.items()
        for name, value in summary(values).items()
    }


def score_retrieval(
    *,
    run: Path,
    log_mels: Path,
    captions: Path,
    split: str = "test",
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Score a retriever on a split, in both directions.

    Args:
        run: folder of the retriever.
        log_mels: store of the split.
        captions: of the split.
        split: its name.
        output: folder that gets `scores.json` and `ranks.csv`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    retriever = Retriever.load(run, prepare(device, threads))
    clips = retriever.open_log_mels(log_mels)
    pairs = read_pairs(captions)
    write_retrieval_scores(
        output,
        Evaluated.of(retriever.record, split),
        embed_clips(retriever.model, clips, retriever.device),
        embed_captions(retriever.model, pairs),
        clips.names,
        pairs,
    )


def write_retrieval_scores(
    folder: Path,
    evaluated: Evaluated,
    audio: Tensor,
    captions: Tensor,
    names: Sequence[str],
    pairs: Pairs,
) -> None:
    """Write `scores.json`, and `ranks.csv` query by query.

    `ranks.csv` has columns direction (t2a: a caption looks for its clip; a2t: a
    clip looks for one of its captions), file_name, rank (from 1).

    Args:
        folder: gets both.
        evaluated: what was evaluated.
        audio: (N, D) embeddings of the clips `names`.
        captions: (C, D) embeddings of the captions `pairs`.
        names: file names.
        pairs: captions with the file name of each.
    """
    owners = owners_of(names, pairs)
    write_ranks(folder, evaluated, ranks(audio, captions, owners), names, pairs)


def write_ranks(
    folder: Path,
    evaluated: Evaluated,
    by_direction: dict[str, NDArray[np.int64]],
    names: Sequence[str],
    pairs: Pairs,
) -> None:
    """Write the files of `write_retrieval_scores` from ranks.

    Args:
        folder: gets both.
        evaluated: what was evaluated.
        by_direction: of the directions `t2a` and `a2t` the rank of each query, from 0.
        names: file names of the clips.
        pairs: captions with the file name of each.
    """
    metrics = summaries(by_direction)
    asking = {"t2a": [name for name, _ in pairs], "a2t": list(names)}
    table = pd.concat(
        pd.DataFrame(
            {"direction": direction, "file_name": asking[direction], "rank": own + 1}
        )
        for direction, own in by_direction.items()
    )
    write_atomically(folder / CLIP_FILES["retrieval"], table.to_csv(index=False))
    write_scores(folder, evaluated, len(names), metrics)
