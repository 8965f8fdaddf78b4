"""Sizes of the models, without torch: names, defaults (the published ones), checks."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_src.errors import InputError
from workflow_src.settings import Settings

# ACT reads patches of so many frames, and has positions for so many patches.
ACT_PATCH_FRAMES, ACT_PATCHES = 4, 125


@dataclass(frozen=True)
class ActConfig(Settings):
    """Sizes of ACT; the defaults are the published ones (Mei et al. 2021, [13]).

    Attributes:
        vocabulary: words with the special ones; 0 until the training captions, whose
            words they are, have been read.
        encoder_width: of DeiT's blocks.
        encoder_layers: of them.
        encoder_heads: of their attention.
        encoder_feedforward: width of their hidden layer.
        tag_classes: outputs of the encoder, AudioSet's classes.
        decoder_width: of the decoder "m".
        decoder_layers: of it.
        decoder_heads: of its attention.
        decoder_feedforward: width of its hidden layer.
        dropout: in training, everywhere.
        encoder_head_width: of one encoder head; None: encoder_width / encoder_heads.

    Raises:
        InputError: a width that its heads do not divide, or a size below 1.
    """

    vocabulary: int = 0
    encoder_width: int = 768
    encoder_layers: int = 12
    encoder_heads: int = 12
    encoder_feedforward: int = 3072
    tag_classes: int = 527
    decoder_width: int = 512
    decoder_layers: int = 4
    decoder_heads: int = 8
    decoder_feedforward: int = 2048
    dropout: float = 0.2
    encoder_head_width: int | None = None

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            smallest = 0 if key == "vocabulary" else 1
            if key != "dropout" and value is not None and value < smallest:
                raise InputError(f"{key} is at least {smallest}, not {value}")
        check_dropout("dropout", self.dropout)
        if self.encoder_width % self.encoder_heads and not self.encoder_head_width:
            raise InputError(
                f"encoder_width ({self.encoder_width}) is not a multiple of "
                f"encoder_heads ({self.encoder_heads})"
            )
        if self.decoder_width % (2 * self.decoder_heads):
            raise InputError(
                f"decoder_width ({self.decoder_width}) is not an even multiple of "
                f"decoder_heads ({self.decoder_heads})"
            )


@dataclass(frozen=True)
class RetrieverConfig(Settings):
    """Sizes of the retriever; the defaults are the published ones ([14]).

    Attributes:
        audio_width: of ResNet38's first conv block; its stages double it.
        audio_blocks: residual blocks of each stage.
        audio_dropout: inside the blocks, in training.
        text_encoder: a transformers encoder by name or folder; None: a BERT of the
            sizes below, on WordPieces learned from the training captions.
        text_dropout: of hidden states and attention weights, in training.
        text_width: of the small BERT.
        text_layers: of it.
        text_heads: of its attention.
        text_vocabulary_size: WordPieces of the small BERT.
        embedding: width of the common space.
        freeze_audio: the audio encoder is not trained, its BatchNorm neither.
        freeze_text: the text encoder is not trained.
        word_pieces: folder that `train_wordpieces` wrote, for the small BERT;
            set by the code that builds the model, never in config.yaml.

    Raises:
        InputError: a size below 1, or a width that its heads do not divide.
    """

    audio_width: int = 64
    audio_blocks: tuple[int, ...] = (3, 4, 6, 3)
    audio_dropout: float = 0.2
    text_encoder: str | None = "bert-base-uncased"
    text_dropout: float = 0.2
    text_width: int = 256
    text_layers: int = 4
    text_heads: int = 4
    text_vocabulary_size: int = 2000
    embedding: int = 1024
    freeze_audio: bool = False
    freeze_text: bool = False
    word_pieces: str | None = None

    def __post_init__(self) -> None:
        for key in (
            "audio_width",
            "text_width",
            "text_layers",
            "text_heads",
            "text_vocabulary_size",
            "embedding",
        ):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is at least 1, not {getattr(self, key)}")
        if len(self.audio_blocks) != 4 or min(self.audio_blocks) < 1:
            raise InputError(
                f"audio_blocks has four numbers of at least 1, not {self.audio_blocks}"
            )
        check_dropout("audio_dropout", self.audio_dropout)
        check_dropout("text_dropout", self.text_dropout)
        if self.text_width % self.text_heads:
            raise InputError(
                f"text_width ({self.text_width}) is not a multiple of text_heads "
                f"({self.text_heads})"
            )


def check_dropout(key: str, value: float) -> None:
    """Raise an InputError for a dropout outside 0 to 1, 1 excluded."""
    if not 0 <= value < 1:
        raise InputError(f"{key} is from 0 to below 1, not {value}")
