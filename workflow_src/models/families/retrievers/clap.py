"""CLAP (Wu et al. 2023), `ClapModel`: HTSAT and RoBERTa, each with its projection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.errors import InputError
from workflow_src.models.families.audio.clap import ClapAudioEncoder
from workflow_src.models.families.audio_encoder import AUDIO, AudioEncoder
from workflow_src.models.families.hub import config_of, model_of, tokenizer_of
from workflow_src.models.families.model import TEXT, Making
from workflow_src.models.families.registry import RETRIEVERS
from workflow_src.models.families.settings import PartSettings
from workflow_src.models.families.stages import Stages
from workflow_src.models.retrieval import TextEncoder, TwoTowers
from workflow_src.models.word_pieces import MAX_PIECES


class ClapPooled(Stages):
    """Features -> the pooled vector of a clip.

    Args:
        encoder: HTSAT.
    """

    def __init__(self, encoder: ClapAudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def pooled(
        self, features: Tensor, spec_augment: SpectrogramTransform | None
    ) -> Tensor:
        """(B, 1001, 64) in dB -> (B, width)."""
        return self.encoder.pooled(features, spec_augment)


class ClapText(TextEncoder):
    """RoBERTa with its pooler, which CLAP's projection reads.

    Args:
        model: a ClapTextModel.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        nn.Module.__init__(self)
        self.model = model
        self.tokenizer = tokenizer
        self.width = model.config.hidden_size

    def encode(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """(B, W) -> (B, width)."""
        pooled: Tensor = self.model(
            input_ids=input_ids, attention_mask=attention_mask
        ).pooler_output
        return pooled


class Projection(nn.Module):
    """CLAP's projection into the common space, then unit length.

    Args:
        layers: a ClapProjectionLayer.
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, projection_dim), each row of length 1."""
        unit: Tensor = F.normalize(self.layers(x), dim=1)
        return unit


@RETRIEVERS.register("clap")
class ClapRetriever(TwoTowers):
    """CLAP, whole. Its temperature is not used: that of the training is the config's.

    Args:
        making: the entry; `audio.kind` is `clap`, and there is no text part. Sizes are
            those of a ClapConfig.

    Raises:
        InputError: another part, or a CLAP that fuses features.
    """

    def __init__(self, making: Making) -> None:
        super().__init__()
        part = making.entry.audio
        if part.kind != "clap" or making.entry.text is not None:
            raise InputError(
                f"model {making.entry.name}: the family clap has audio of kind clap, "
                "and no text part"
            )
        from transformers import ClapConfig, ClapModel

        tokenizer = tokenizer_of(part, making.word_pieces)
        if part.checkpoint is None:
            part = with_words(part, tokenizer)
        model = model_of(part, ClapModel, config_of(part, ClapConfig), making.weights)
        encoder = ClapAudioEncoder(part, making.audio, False, model.audio_model)
        self.audio_encoder = ClapPooled(encoder)
        self.text_encoder = ClapText(model.text_model, tokenizer)
        self.audio_head = Projection(model.audio_projection)
        self.text_head = Projection(model.text_projection)

    @property
    def audio(self) -> AudioEncoder:
        """HTSAT."""
        tower: Any = self.audio_encoder
        encoder: AudioEncoder = tower.encoder
        return encoder

    @property
    def compiled_layers(self) -> list[nn.Module]:
        """None: transformers decides how its layers run."""
        return []

    def save_form(self, folder: Path) -> None:
        """Write the config, the extractor and the tokenizer."""
        self.audio.save_form(folder / AUDIO)
        for own in (AUDIO, TEXT):
            self.text_encoder.tokenizer.save_pretrained(folder / own)


def with_words(part: PartSettings, tokenizer: Any) -> PartSettings:
    """Sizes of a CLAP from scratch, with the numbers of its tokenizer's words."""
    text = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "max_position_embeddings": MAX_PIECES + tokenizer.pad_token_id + 1,
        **part.sizes.get("text_config", {}),
    }
    return PartSettings(part.kind, sizes={**part.sizes, "text_config": text})
