"""AST, the Audio Spectrogram Transformer (Gong et al. 2021), `ASTModel`."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.models.families.audio_encoder import AudioEncoder
from workflow_src.models.families.front_ends import AstFrontEnd
from workflow_src.models.families.hub import config_of, extractor_of, model_of
from workflow_src.models.families.registry import AUDIO_ENCODERS
from workflow_src.models.families.settings import PartSettings


@AUDIO_ENCODERS.register("ast")
class AstEncoder(AudioEncoder):
    """Frames are the two class tokens and the patches, in time and frequency.

    Args:
        part: sizes of an ASTConfig, or a checkpoint.
        audio: form of the clips.
        weights: whether the checkpoint's weights are read.
    """

    def __init__(self, part: PartSettings, audio: AudioForm, weights: bool) -> None:
        super().__init__()
        from transformers import ASTConfig, ASTFeatureExtractor, ASTModel

        config = config_of(part, ASTConfig)
        self.extractor = extractor_of(
            part,
            ASTFeatureExtractor,
            num_mel_bins=config.num_mel_bins,
            max_length=config.max_length,
        )
        self.front_end = AstFrontEnd(self.extractor)
        self.frame_seconds = self.front_end.frame_seconds
        self.model = model_of(part, ASTModel, config, weights)
        self.width = config.hidden_size

    def forward(
        self, features: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, 1024, 128) -> (B, M, width); SpecAugment on the normalised features."""
        if spec_augment is not None:
            features = spec_augment(features)
        frames: Tensor = self.model(features).last_hidden_state
        return frames

    def save_form(self, folder: Path) -> None:
        """Write config and extractor."""
        self.model.config.save_pretrained(folder)
        self.extractor.save_pretrained(folder)
