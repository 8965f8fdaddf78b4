"""CLAP's audio encoder (Wu et al. 2023): HTSAT, `ClapAudioModel`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.audio_encoder import AudioEncoder
from workflow_src.models.families.front_ends import ClapFrontEnd
from workflow_src.models.families.hub import config_of, extractor_of, model_of
from workflow_src.models.families.registry import AUDIO_ENCODERS
from workflow_src.models.families.settings import PartSettings


@AUDIO_ENCODERS.register("clap")
class ClapAudioEncoder(AudioEncoder):
    """Frames are the places of HTSAT's last map, in frequency and time.

    SpecAugment comes after the normalisation of the mel bins inside HTSAT, as in the
    paper's models.

    Args:
        part: sizes of a ClapConfig, of which `audio_config` counts, or a checkpoint.
        audio: form of the clips.
        weights: whether the checkpoint's weights are read.
        model: a ClapAudioModel that is there already.
    """

    def __init__(
        self,
        part: PartSettings,
        audio: AudioForm,
        weights: bool,
        model: Any | None = None,
    ) -> None:
        super().__init__()
        from transformers import (
            ClapAudioModel,
            ClapConfig,
            ClapFeatureExtractor,
            ClapModel,
        )

        self.config = config_of(part, ClapConfig)
        self.extractor = extractor_of(
            part, ClapFeatureExtractor, truncation="rand_trunc", frequency_min=50
        )
        front_end = ClapFrontEnd(self.extractor)
        self.front_end = front_end
        self.frame_seconds = front_end.frame_seconds
        if model is None and part.checkpoint is not None and weights:
            model = model_of(part, ClapModel, self.config, weights).audio_model
        self.model = model or ClapAudioModel(self.config.audio_config)
        self.width = self.config.audio_config.hidden_size

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, 1001, 64) in dB -> (B, M, width)."""
        last: Tensor = self._run(features, spec_augment).last_hidden_state
        return last.flatten(2).transpose(1, 2)

    def pooled(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, 1001, 64) in dB -> the vector (B, width) that CLAP projects."""
        vector: Tensor = self._run(features, spec_augment).pooler_output
        return vector

    def save_form(self, folder: Path) -> None:
        """Write the config, of text too, and the extractor."""
        self.config.save_pretrained(folder)
        self.extractor.save_pretrained(folder)

    def _run(self, features: Tensor, spec_augment: SpectrogramTransform | None) -> Any:
        if spec_augment is None:
            return self.model(input_features=features[:, None])

        def masked(_: nn.Module, __: Any, output: Tensor) -> Tensor:
            # (B, F, L, 1) of the normalisation, which has a bin as its channel.
            augmented = spec_augment(output[..., 0].transpose(1, 2))
            return augmented.transpose(1, 2)[..., None]

        norm = self.model.audio_encoder.batch_norm
        hook = norm.register_forward_hook(masked)
        try:
            return self.model(input_features=features[:, None])
        finally:
            hook.remove()
