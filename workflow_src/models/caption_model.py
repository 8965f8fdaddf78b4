"""What every captioner is: an encoder of clips, and a decoder of words."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform


class DecoderSizes(Protocol):
    """What the memory that a search needs depends on."""

    @property
    def vocabulary(self) -> int:
        """Words."""

    @property
    def decoder_width(self) -> int:
        """Of a word and of a position of the memory."""

    @property
    def decoder_layers(self) -> int:
        """Of the decoder."""


class CaptionModel(nn.Module):
    """A captioner: `encode` once, then `decode`, or `start` and `step`.

    Attributes:
        config: sizes of the decoder.
        copies_memory: whether each hypothesis of a search has its own copy of the
            keys and values of the audio.
    """

    config: Any
    copies_memory: ClassVar[bool] = False

    def forward(
        self,
        log_mel: Tensor,
        tokens: Tensor,
        padding: Tensor | None = None,
        spec_augment: SpectrogramTransform | None = None,
    ) -> Tensor:
        """Score the words of given captions of clips: `encode`, then `decode`."""
        return self.decode(self.encode(log_mel, spec_augment), tokens, padding)

    def encode(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Encode clips (B, L, F) to the memory (B, M, D) that the decoder attends to.

        Args:
            log_mel: of the model's front end.
            spec_augment: SpecAugment, applied to the normalised input.
        """
        raise NotImplementedError

    def decode(
        self, memory: Tensor, tokens: Tensor, padding: Tensor | None = None
    ) -> Tensor:
        """Score the word after each given word: teacher forcing.

        Args:
            memory: (B, M, D), of `encode`.
            tokens: (B, W) integers, from the one that begins a caption on.
            padding: (B, W), True where `tokens` is padding.

        Returns:
            (B, W, vocabulary), before the softmax.
        """
        raise NotImplementedError

    def start(self, memory: Tensor) -> Any:
        """Make the state of a search over memories (N, M, D), for `step`."""
        raise NotImplementedError

    def step(self, tokens: Tensor, state: Any) -> Tensor:
        """Append a word (N,) to each caption under way, and score the next one.

        Returns:
            (N, vocabulary), before the softmax.
        """
        raise NotImplementedError

    def memory_positions(self, frames: int) -> int:
        """M of the memory of a clip whose features have so many frames."""
        raise NotImplementedError
