"""The pictures of docs/, drawn from the corpus and the config at hand."""

from __future__ import annotations

from pathlib import Path

import torch

from workflow_src.audio.frontend import ActLogMel
from workflow_src.audio.store import WaveformStore, to_float
from workflow_src.corpus.pairs import read_references
from workflow_src.errors import InputError
from workflow_src.report.augmentation_figures import Pair, draw_augmentations
from workflow_src.report.learning_rates import draw_learning_rates
from workflow_src.report.settings import PictureSettings
from workflow_src.training.settings import CaptioningOptimization, RetrievalOptimization


def draw_pictures(
    settings: PictureSettings,
    *,
    waveforms: Path,
    captions: Path,
    page: Path,
    pictures: Path,
    learning_rates: Path,
) -> None:
    """Draw the pictures of docs/: augmentations, and the paper's learning rates.

    The pair is the first clip of the training split, mixed with the second.

    Args:
        settings: strengths.
        waveforms: store of the training split.
        captions: of the training split.
        page: Markdown file to write.
        pictures: folder of its PNGs.
        learning_rates: .svg file.

    Raises:
        InputError: the split has one clip alone.
    """
    store = WaveformStore(waveforms)
    captions_by_clip = list(read_references(captions).items())
    if len(captions_by_clip) < 2:
        raise InputError(f"{captions}: a mix needs two clips, and there is one")
    first, second = (
        Pair(_waveform(store, name), texts[0]) for name, texts in captions_by_clip[:2]
    )
    draw_augmentations(
        first,
        second,
        strengths=settings.strengths,
        front_end=ActLogMel(),
        page=page,
        pictures=pictures,
    )
    draw_learning_rates(
        {
            "captioning": CaptioningOptimization(),
            "retrieval": RetrievalOptimization(),
        },
        learning_rates,
    )


def _waveform(store: WaveformStore, name: str) -> torch.Tensor:
    return to_float(store.read([store.row(name)]))[0]
