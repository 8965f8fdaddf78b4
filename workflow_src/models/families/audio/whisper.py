"""Whisper's encoder (Radford et al. 2022), `WhisperEncoder`, without its decoder."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.audio_encoder import AudioEncoder
from workflow_src.models.families.front_ends import WhisperFrontEnd
from workflow_src.models.families.hub import config_of, extractor_of, model_of
from workflow_src.models.families.registry import AUDIO_ENCODERS
from workflow_src.models.families.settings import PartSettings

STRIDE = 2  # rows of the features to a frame


@AUDIO_ENCODERS.register("whisper")
class WhisperAudioEncoder(AudioEncoder):
    """Frames of 20 ms; those of the padding behind the clip are left out.

    Args:
        part: sizes of a WhisperConfig, or a checkpoint.
        audio: form of the clips.
        weights: whether the checkpoint's weights are read.
    """

    def __init__(self, part: PartSettings, audio: AudioForm, weights: bool) -> None:
        super().__init__()
        from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        config = config_of(part, WhisperConfig)
        self.extractor = extractor_of(
            part, WhisperFeatureExtractor, feature_size=config.num_mel_bins
        )
        frames = STRIDE * config.max_source_positions
        front_end = WhisperFrontEnd(self.extractor, frames)
        self.front_end = front_end
        self.frame_seconds = front_end.frame_seconds
        if part.checkpoint is None or not weights:
            self.model = WhisperEncoder(config)
        else:
            self.model = model_of(part, WhisperModel, config, weights).encoder
        self.config = config
        self.width = config.d_model
        own = audio.seconds / (STRIDE * self.frame_seconds)
        self.kept = min(config.max_source_positions, round(own))

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, L, 80) -> (B, L / 2, width), those of the clip."""
        if spec_augment is not None:
            features = spec_augment(features)
        frames: Tensor = self.model(features.transpose(1, 2)).last_hidden_state
        return frames[:, : self.kept]

    def save_form(self, folder: Path) -> None:
        """Write config and extractor."""
        self.config.save_pretrained(folder)
        self.extractor.save_pretrained(folder)
