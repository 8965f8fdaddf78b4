"""The pictures of docs/, drawn from the corpus and the config at hand."""

from collections.abc import Mapping
from pathlib import Path

import torch

from workflow_src.audio.frontend import ActLogMel
from workflow_src.audio.store import WaveformStore, to_float
from workflow_src.config import load
from workflow_src.corpus.pairs import read_pairs
from workflow_src.layout import Layout
from workflow_src.report.augmentation_figures import Pair, draw_augmentations
from workflow_src.training.schedules import draw_learning_rates

DOCS = Path("docs")


def draw_pictures(config: Mapping, layout: Layout) -> None:
    """Draw docs/augmentations.md with its pictures, and docs/learning_rates.svg.

    The pair is the first of the training split, mixed with the second.
    """
    waveforms = WaveformStore(layout.waveforms("train"))
    pairs = [
        Pair(_waveform(waveforms, name), caption)
        for name, caption in read_pairs(layout.captions("train"))[:2]
    ]
    draw_augmentations(
        *pairs,
        config=config,
        front_end=ActLogMel(),
        page=DOCS / "augmentations.md",
        pictures=DOCS / "augmentations",
    )
    paper = load(overrides={"scale": "paper"})
    draw_learning_rates(
        {task: paper[task]["training"] for task in ("captioning", "retrieval")},
        DOCS / "learning_rates.svg",
    )


def _waveform(store: WaveformStore, name: str) -> torch.Tensor:
    return to_float(store.read([store.row(name)]))[0]
