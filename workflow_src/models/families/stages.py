"""A retriever's audio tower in two stages, for test-time augmentation in its middle."""

from __future__ import annotations

from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform

POOL = "pool"  # h_E, the last layer of the audio encoder


class Stages(nn.Module):
    """Called like ResNet38: up to a stage, or from it on; here there is one, `pool`."""

    def pooled(
        self, features: Tensor, spec_augment: SpectrogramTransform | None
    ) -> Tensor:
        """(B, L, F) -> (B, D), a vector a clip."""
        raise NotImplementedError

    def forward(
        self,
        features: Tensor,
        spec_augment: SpectrogramTransform | None = None,
        *,
        start: str | None = None,
        stop: str | None = None,
    ) -> Tensor:
        """Encode clips.

        Args:
            features: (B, L, F) of the front end; after `start` (B, D).
            spec_augment: SpecAugment, of the features.
            start: `pool`: what is given has passed it.
            stop: `pool`, after which nothing is left.

        Returns:
            (B, D).

        Raises:
            ValueError: another stage.
        """
        for stage in (start, stop):
            if stage not in (None, POOL):
                raise ValueError(f"the only stage is {POOL}, not {stage}")
        return features if start else self.pooled(features, spec_augment)
