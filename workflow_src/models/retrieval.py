"""The retrieval baseline, whole: ResNet38 and BERT, meeting in one space.

X. Mei et al., "On Metric Learning for Audio-Text Cross-Modal Retrieval",
Interspeech 2022, reference [14] of the paper: 187 M trainable parameters. The
clip vector and the [CLS] vector of a caption each pass a two-layer head; clips
and captions are compared by cosine, and trained with NT-Xent.
"""

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.panns import ResNet38
from workflow_src.models.settings import RetrieverConfig
from workflow_src.models.text_encoder import TextEncoder

__all__ = [
    "AudioTextRetriever",
    "RetrieverConfig",
    "TextEncoder",
    "TwoTowers",
    "ntxent",
]


class Head(nn.Module):
    """Two layers into the common space, then unit length.

    Args:
        width: of the input.
        embedding: of the output.
    """

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * embedding),
            nn.ReLU(),
            nn.Linear(2 * embedding, embedding),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, embedding), each row of length 1."""
        unit: Tensor = F.normalize(self.layers(x), dim=1)
        return unit


class TwoTowers(nn.Module):
    """Clips and captions -> vectors whose dot product is their cosine.

    Attributes:
        audio_encoder: features and SpecAugment -> what `audio_head` takes; with `stop`
            and `start` up to and from a stage of it.
        text_encoder: captions -> what `text_head` takes.
        audio_head: into the common space.
        text_head: into the common space.
    """

    audio_encoder: nn.Module
    text_encoder: TextEncoder
    audio_head: nn.Module
    text_head: nn.Module

    def embed_audio(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Embed clips.

        Args:
            log_mel: (B, L, 64), of the front end; see `ResNet38.forward`.
            spec_augment: SpecAugment, applied to the normalised spectrogram.

        Returns:
            (B, embedding), each row of length 1.
        """
        embedded: Tensor = self.audio_head(self.audio_encoder(log_mel, spec_augment))
        return embedded

    def embed_text(self, captions: list[str]) -> Tensor:
        """Embed captions: B of them -> (B, embedding), each row of length 1."""
        embedded: Tensor = self.text_head(self.text_encoder(captions))
        return embedded

    def embed_pieces(self, pieces: Mapping[str, Tensor]) -> Tensor:
        """Embed captions that `text_encoder.pieces` cut: -> as `embed_text`."""
        embedded: Tensor = self.text_head(self.text_encoder.encode(**pieces))
        return embedded


class AudioTextRetriever(TwoTowers):
    """ResNet38 and a text encoder, each with a head of two layers.

    Args:
        config: the sizes.
        text_encoder: used instead of the one `config` names.
    """

    audio_encoder: ResNet38

    def __init__(
        self, config: RetrieverConfig, text_encoder: TextEncoder | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.audio_encoder = ResNet38(
            config.audio_width, config.audio_blocks, config.audio_dropout
        )
        if text_encoder is not None:
            self.text_encoder = text_encoder
        elif config.text_encoder is None:
            self.text_encoder = TextEncoder.small(config)
        else:
            self.text_encoder = TextEncoder.from_pretrained(
                config.text_encoder, config.text_dropout
            )
        self.audio_head = Head(self.audio_encoder.width_out, config.embedding)
        self.text_head = Head(self.text_encoder.width, config.embedding)
        for encoder in self._frozen():
            encoder.requires_grad_(False)
        self.train()

    def _frozen(self) -> list[nn.Module]:
        chosen = (
            (self.config.freeze_audio, self.audio_encoder),
            (self.config.freeze_text, self.text_encoder),
        )
        return [encoder for frozen, encoder in chosen if frozen]

    def train(self, mode: bool = True) -> Self:
        """As always, but frozen encoders stay as in evaluation.

        So their BatchNorm statistics stay too, and they have no dropout.
        """
        super().train(mode)
        for encoder in self._frozen():
            encoder.eval()
        return self


def ntxent(audio: Tensor, text: Tensor, temperature: float = 0.07) -> Tensor:
    """Compute NT-Xent ([14]): each row's partner against all others, both directions.

    Args:
        audio: (B, D); rows need not have length 1.
        text: (B, D); row i belongs to row i of `audio`.
        temperature: divides the cosines.

    Returns:
        The mean of both directions.

    Raises:
        ValueError: if the shapes differ.
    """
    if audio.shape != text.shape or audio.ndim != 2:
        raise ValueError(
            f"NT-Xent needs (B, D) twice, not {tuple(audio.shape)} and "
            f"{tuple(text.shape)}"
        )
    cosines = F.normalize(audio, dim=1) @ F.normalize(text, dim=1).T
    scores = cosines / temperature
    partner = torch.arange(len(audio), device=audio.device)
    both = F.cross_entropy(scores, partner) + F.cross_entropy(scores.T, partner)
    return both / 2
