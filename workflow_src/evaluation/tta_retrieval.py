"""Audio embeddings of every clip under every test-time strategy, in one pass.

Views are encoded once up to the middle layer h_E and averaged there in groups;
the rest of the encoder runs on the means, and the embeddings are averaged, half
and half with the un-augmented clip's (Sections 3 and 4.3). Text is untouched.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.evaluation.views import Views, largest
from workflow_src.models.retrieval import TwoTowers
from workflow_src.tta import Strategy
from workflow_src.tta.levels import multi_level


@torch.no_grad()
def retrieval_grid(
    model: TwoTowers,
    views: Views,
    strategies: Sequence[Strategy],
    *,
    layer: str = "pool",
    stabilise: bool = True,
) -> dict[Strategy, Tensor]:
    """Embed every clip under every strategy.

    Each clip's views are made and encoded up to `layer` once; a strategy with τ
    views reads the first τ, and a group that strategies share runs through the rest
    of the encoder once. Memory use does not grow with the split, but for the result.

    Args:
        model: the retriever, in evaluation mode, on `views.device`.
        views: views of the clips, with the front end of PANNs.
        strategies: of two layers, h_E and the output.
        layer: h_E, the name of a stage of `model.audio_encoder`; the default is
            the paper's, its last one.
        stabilise: average with the un-augmented clip's embedding.

    Returns:
        For each strategy the embeddings (N, D) on the CPU, in the order of
        `views.names`.

    Raises:
        ValueError: for a layer that is no stage of the encoder.
    """
    encoder = model.audio_encoder

    def first(log_mels: Tensor, spec_augment: SpectrogramTransform | None) -> Tensor:
        middle: Tensor = encoder(log_mels, spec_augment, stop=layer)
        return middle

    def rest(means: list[Tensor]) -> Tensor:
        embedded: Tensor = model.audio_head(encoder(torch.stack(means), start=layer))
        return embedded

    strategies = list(dict.fromkeys(strategies))
    embeddings: dict[Strategy, list[Tensor]] = {strategy: [] for strategy in strategies}
    clips = views.encode_all(
        largest(strategies), first, "embedding with test-time augmentation"
    )
    for _, encoded in clips:
        outputs = multi_level(
            encoded,
            [rest],
            strategies,
            include_original=stabilise,
            size=views.batch,
        )
        for strategy, embedding in outputs.items():
            embeddings[strategy].append(embedding)
    return {own: torch.stack(rows).cpu() for own, rows in embeddings.items()}
