"""Embeddings of a trained retriever on a split, and its scores in both directions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.scores import write_scores
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.metrics.retrieval import ranks, summary
from workflow_src.models.retrieval import AudioTextRetriever, RetrieverConfig
from workflow_src.progress import track
from workflow_src.training.loop import load_model

BATCH = 32  # clips or captions embedded at once
Pairs = Sequence[tuple[str, str]]  # file name and caption


def build_retriever(config: Mapping, layout: Layout) -> AudioTextRetriever:
    """Make the model of the config, its weights as they come."""
    settings = dict(config["retrieval"]["model"])
    if settings["text_encoder"] is None:
        settings["word_pieces"] = layout.word_pieces
    return AudioTextRetriever(RetrieverConfig(**settings))


def load_retriever(
    config: Mapping, layout: Layout, recipe: str, seed: int, device: torch.device
) -> AudioTextRetriever:
    """Load the retriever of a run, ready to embed."""
    model = build_retriever(config, layout)
    path = layout.run("retrieval", recipe, seed) / "model.pt"
    model.load_state_dict(load_model(path)["model"])
    return model.to(device).eval()


@torch.no_grad()
def embed_clips(
    model: AudioTextRetriever, log_mels: LogMelStore, device: torch.device
) -> Tensor:
    """Embed the clips of a store: (N, D) on the CPU, in its order."""
    embedded = []
    for start in track(range(0, len(log_mels), BATCH), "embedding clips"):
        rows = range(start, min(start + BATCH, len(log_mels)))
        batch = torch.from_numpy(log_mels.read(rows)).float().to(device)
        embedded.append(model.embed_audio(batch).cpu())
    return torch.cat(embedded)


@torch.no_grad()
def embed_captions(model: AudioTextRetriever, pairs: Pairs) -> Tensor:
    """Embed the captions: (C, D) on the CPU, in their order."""
    embedded = []
    for start in track(range(0, len(pairs), BATCH), "embedding captions"):
        texts = [text for _, text in pairs[start : start + BATCH]]
        embedded.append(model.embed_text(texts).cpu())
    return torch.cat(embedded)


def retrieval_metrics(
    audio: Tensor, captions: Tensor, names: Sequence[str], pairs: Pairs
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Metrics of both directions, named as in the tables, and the ranks behind them.

    Args:
        audio: (N, D) embeddings of the clips `names`.
        captions: (C, D) embeddings of the captions `pairs`.
        names: file names.
        pairs: captions with the file name of each.
    """
    row = {name: number for number, name in enumerate(names)}
    owners = np.array([row[name] for name, _ in pairs])
    found = ranks(audio, captions, owners)
    metrics = {
        f"{direction.upper()} {name}": value
        for direction, values in found.items()
        for name, value in summary(values).items()
    }
    return metrics, found


def evaluate(
    config: Mapping, layout: Layout, recipe: str, seed: int, split: str = "test"
) -> None:
    """Score a run on a split: see `write_retrieval_scores`."""
    device = prepare(config)
    model = load_retriever(config, layout, recipe, seed, device)
    log_mels = open_log_mels(config, layout, "retrieval", split)
    pairs = read_pairs(layout.captions(split))
    write_retrieval_scores(
        layout.evaluated("retrieval", recipe, seed, split),
        embed_clips(model, log_mels, device),
        embed_captions(model, pairs),
        log_mels.names,
        pairs,
    )


def write_retrieval_scores(
    folder: Path, audio: Tensor, captions: Tensor, names: Sequence[str], pairs: Pairs
) -> None:
    """Write `scores.json`, and `ranks.csv` query by query.

    `ranks.csv` has columns direction (t2a: a caption looks for its clip; a2t: a
    clip looks for one of its captions), file_name, rank (from 1).
    """
    metrics, found = retrieval_metrics(audio, captions, names, pairs)
    asking = {"t2a": [name for name, _ in pairs], "a2t": list(names)}
    table = pd.concat(
        pd.DataFrame(
            {"direction": direction, "file_name": asking[direction], "rank": own + 1}
        )
        for direction, own in found.items()
    )
    write_atomically(folder / "ranks.csv", table.to_csv(index=False))
    write_scores(folder, len(names), metrics)
