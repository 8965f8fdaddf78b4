"""From an audio encoder's frames to what a decoder attends to."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.audio_encoder import AudioEncoder


class FramesMemory(nn.Module):
    """Frames, averaged to few, projected to a decoder's width and normalised.

    Args:
        audio: the encoder.
        width: of the decoder.
        positions: most frames that are left: of each, every layer of a decoder keeps
            keys and values during a search.

    Attributes:
        audio: the encoder.
        positions: most frames that are left.
    """

    def __init__(self, audio: AudioEncoder, width: int, positions: int) -> None:
        super().__init__()
        self.audio = audio
        self.positions = positions
        self.projection = nn.Sequential(
            nn.Linear(audio.width, width), nn.LayerNorm(width)
        )

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, L, F), of the encoder's front end -> (B, M, width)."""
        frames = self.audio(features, spec_augment)
        if frames.shape[1] > self.positions:
            shorter = F.adaptive_avg_pool1d(frames.transpose(1, 2), self.positions)
            frames = shorter.transpose(1, 2)
        memory: Tensor = self.projection(frames)
        return memory
