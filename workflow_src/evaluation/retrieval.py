"""Embeddings of a trained retriever on a split, and its scores in both directions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.captioning import write_scores
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.metrics.retrieval import ranks, summary
from workflow_src.models.retrieval import AudioTextRetriever
from workflow_src.progress import track
from workflow_src.training.loop import load_model

BATCH = 32  # clips or captions embedded at once


@torch.no_grad()
def embed(
    model: AudioTextRetriever,
    log_mels: LogMelStore,
    pairs: list[tuple[str, str]],
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embed the clips of a store and all their captions.

    Returns:
        Audio (N, D) in the store's order, captions (C, D) in the order of
        `pairs`, and the row of each caption's clip (C,).
    """
    audio = []
    for start in track(range(0, len(log_mels), BATCH), "embedding clips"):
        rows = range(start, min(start + BATCH, len(log_mels)))
        batch = torch.from_numpy(log_mels.read(rows)).float().to(device)
        audio.append(model.embed_audio(batch).cpu())
    captions = []
    for start in track(range(0, len(pairs), BATCH), "embedding captions"):
        texts = [text for _, text in pairs[start : start + BATCH]]
        captions.append(model.embed_text(texts).cpu())
    owners = np.array([log_mels.row(name) for name, _ in pairs])
    return torch.cat(audio).numpy(), torch.cat(captions).numpy(), owners


def retrieval_metrics(
    model: AudioTextRetriever,
    log_mels: LogMelStore,
    pairs: list[tuple[str, str]],
    device: torch.device,
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Metrics of both directions, named as in the tables, and the ranks behind them."""
    found = ranks(*embed(model, log_mels, pairs, device))
    metrics = {
        f"{direction.upper()} {name}": value
        for direction, values in found.items()
        for name, value in summary(values).items()
    }
    return metrics, found


def evaluate(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Score a run on the test split: `scores.json`, and `ranks.csv` query by query.

    `ranks.csv` has columns direction (t2a: a caption looks for its clip; a2t: a
    clip looks for one of its captions), file_name, rank (from 1).
    """
    # Here, as building a model imports transformers, which takes seconds.
    from workflow_src.training.retrieval import build

    device = prepare(config)
    folder = layout.run("retrieval", recipe, seed)
    model = build(config, layout)
    model.load_state_dict(load_model(folder / "model.pt")["model"])
    model.to(device).eval()
    log_mels = LogMelStore(layout.log_mels("panns", "test"))
    pairs = read_pairs(layout.captions("test"))
    metrics, found = retrieval_metrics(model, log_mels, pairs, device)
    asking = {"t2a": [name for name, _ in pairs], "a2t": log_mels.names}
    table = pd.concat(
        pd.DataFrame(
            {"direction": direction, "file_name": asking[direction], "rank": own + 1}
        )
        for direction, own in found.items()
    )
    write_atomically(folder / "ranks.csv", table.to_csv(index=False))
    write_scores(folder, len(log_mels), metrics)
