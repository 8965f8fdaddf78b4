"""Any audio encoder with any text encoder: the mean frame and the first token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.errors import InputError, in_one_line
from workflow_src.models.families.audio_encoder import (
    AUDIO,
    AudioEncoder,
    audio_encoder,
)
from workflow_src.models.families.hub import check_sizes, model_of, tokenizer_of
from workflow_src.models.families.model import TEXT, Making
from workflow_src.models.families.registry import RETRIEVERS
from workflow_src.models.families.settings import PartSettings
from workflow_src.models.families.stages import Stages
from workflow_src.models.retrieval import Head, TextEncoder, TwoTowers
from workflow_src.models.word_pieces import MAX_PIECES


class MeanFrame(Stages):
    """Features -> the mean of an audio encoder's frames.

    Args:
        encoder: that gives the frames.
    """

    def __init__(self, encoder: AudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def pooled(
        self, features: Tensor, spec_augment: SpectrogramTransform | None
    ) -> Tensor:
        """(B, L, F) -> (B, width)."""
        frames: Tensor = self.encoder(features, spec_augment)
        return frames.mean(dim=1)


@RETRIEVERS.register("frames")
class FramesRetriever(TwoTowers):
    """Both encoders pass heads of two layers into the common space, as [14]'s do.

    Args:
        making: the entry; `text.kind` is a `model_type` of transformers.

    Raises:
        InputError: no text part, or one that is no encoder.
    """

    def __init__(self, making: Making) -> None:
        super().__init__()
        entry = making.entry
        if entry.text is None:
            raise InputError(f"model {entry.name} has no text part")
        encoder = audio_encoder(entry.audio, making.audio, making.weights)
        self.audio_encoder = MeanFrame(encoder)
        self.text_encoder = text_encoder(entry.text, making.word_pieces, making.weights)
        self.audio_head = Head(encoder.width, entry.embedding)
        self.text_head = Head(self.text_encoder.width, entry.embedding)

    @property
    def audio(self) -> AudioEncoder:
        """The audio encoder."""
        encoder: Any = self.audio_encoder
        own: AudioEncoder = encoder.encoder
        return own

    @property
    def compiled_layers(self) -> list[nn.Module]:
        """None: transformers decides how its layers run."""
        return []

    def save_form(self, folder: Path) -> None:
        """Write both parts' configs, the extractor and the tokenizer."""
        self.audio.save_form(folder / AUDIO)
        self.text_encoder.save_form(folder / TEXT)


def text_encoder(part: PartSettings, word_pieces: Path, weights: bool) -> TextEncoder:
    """Make the text encoder of a part.

    Args:
        part: its settings.
        word_pieces: folder of the WordPieces, for one without a checkpoint.
        weights: whether the checkpoint's weights are read.

    Raises:
        InputError: the kind is none of transformers, or the checkpoint is none.
    """
    from transformers import AutoConfig, AutoModel

    tokenizer = tokenizer_of(part, word_pieces)
    if part.checkpoint is not None:
        name, revision = part.place
        try:
            config = AutoConfig.from_pretrained(name, revision=revision)
        except (OSError, ValueError) as error:
            raise InputError(
                f"checkpoint {part.checkpoint} cannot be read: {in_one_line(error)}"
            ) from error
        return TextEncoder(model_of(part, AutoModel, config, weights), tokenizer)
    try:
        kind: Any = type(AutoConfig.for_model(part.kind))
    except ValueError:
        raise InputError(f"text.kind {part.kind} is none of transformers") from None
    check_sizes(part, kind)
    sizes = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        # RoBERTa's positions begin behind the number of its padding.
        "max_position_embeddings": MAX_PIECES + tokenizer.pad_token_id + 1,
        **part.sizes,
    }
    return TextEncoder(model_of(part, AutoModel, kind(**sizes), weights), tokenizer)
