"""What every audio encoder of a family is: frames of clips, and its own front end."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.registry import AUDIO_ENCODERS
from workflow_src.models.families.settings import PartSettings

__all__ = ["AudioEncoder", "AudioForm", "PartSettings", "audio_encoder"]

AUDIO = "audio"  # folder of its config and extractor in a model's form


class AudioEncoder(nn.Module):
    """Features of clips -> frames, (B, M, width).

    A subclass is registered by `AUDIO_ENCODERS.register` and takes (part, audio,
    weights): its settings, the form of the clips, and whether a checkpoint's weights
    are read or will be loaded by somebody else.

    Attributes:
        front_end: (B, T) float in [-1, 1] at 32 kHz -> features (B, L, F); what
            PairMix mixes at the spectrogram's level, and what is cached.
        frame_seconds: from one row of the features to the next.
        width: of a frame.
    """

    front_end: nn.Module
    frame_seconds: float
    width: int

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Encode clips.

        Args:
            features: (B, L, F), of `front_end`.
            spec_augment: SpecAugment, applied where the encoder's input is
                normalised.

        Returns:
            (B, M, width).
        """
        raise NotImplementedError

    def save_form(self, folder: Path) -> None:
        """Write what `part` does not say and the weights are not: none by default.

        Args:
            folder: in which a checkpoint's config and extractor go, in the hub's
                layout; whoever loads the model takes it for the checkpoint.
        """


def audio_encoder(part: PartSettings, audio: AudioForm, weights: bool) -> AudioEncoder:
    """Make the audio encoder that settings name.

    Args:
        part: its settings.
        audio: form of the clips.
        weights: whether a checkpoint's weights are read.

    Raises:
        InputError: there is none of this name, or its checkpoint cannot be read.
    """
    made: AudioEncoder = AUDIO_ENCODERS[part.kind](part, audio, weights)
    return made
