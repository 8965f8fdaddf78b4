"""Encoders of waveforms: wav2vec 2.0 (Baevski et al. 2020) and its kin.

`Wav2Vec2Model`; HuBERT, WavLM and others of the same front end and output would each
be such a file with two other names.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import torch
from torch import Tensor

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.audio_encoder import AudioEncoder
from workflow_src.models.families.front_ends import WaveformFrontEnd
from workflow_src.models.families.hub import config_of, extractor_of, model_of
from workflow_src.models.families.registry import AUDIO_ENCODERS
from workflow_src.models.families.settings import PartSettings


@AUDIO_ENCODERS.register("wav2vec2")
class Wav2Vec2Encoder(AudioEncoder):
    """Frames of 20 ms of the normalised waveform.

    SpecAugment's stripes in time silence rows of the waveform; those in frequency have
    nothing to act on. The model's own masking, which its pre-training had, is off, and
    so is the dropping of whole layers, so that SpecAugment is what the recipe says.

    Args:
        part: sizes of a Wav2Vec2Config, or a checkpoint.
        audio: form of the clips.
        weights: whether the checkpoint's weights are read.
    """

    def __init__(self, part: PartSettings, audio: AudioForm, weights: bool) -> None:
        super().__init__()
        from transformers import (
            Wav2Vec2Config,
            Wav2Vec2FeatureExtractor,
            Wav2Vec2Model,
        )

        config = config_of(part, Wav2Vec2Config, apply_spec_augment=False)
        config.layerdrop = 0.0
        self.extractor = extractor_of(part, Wav2Vec2FeatureExtractor)
        self.front_end = WaveformFrontEnd(self.extractor, prod(config.conv_stride))
        self.frame_seconds = self.front_end.frame_seconds
        self.model = model_of(part, Wav2Vec2Model, config, weights)
        self.width = config.hidden_size

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, L, hop) -> (B, L - 1, width) for the published strides."""
        if spec_augment is not None:
            heard = spec_augment(torch.ones_like(features)).amax(dim=2, keepdim=True)
            features = features * heard
        frames: Tensor = self.model(features.flatten(1)).last_hidden_state
        return frames

    def save_form(self, folder: Path) -> None:
        """Write config and extractor."""
        self.model.config.save_pretrained(folder)
        self.extractor.save_pretrained(folder)
