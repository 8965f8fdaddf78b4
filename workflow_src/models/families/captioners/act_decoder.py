"""Any audio encoder with ACT's decoder, on the words of the training captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.corpus.text import Vocabulary
from workflow_src.errors import InputError
from workflow_src.models.act import ActDecoder
from workflow_src.models.families.audio_encoder import (
    AUDIO,
    AudioEncoder,
    audio_encoder,
)
from workflow_src.models.families.memory import FramesMemory
from workflow_src.models.families.model import Making
from workflow_src.models.families.registry import CAPTIONERS
from workflow_src.models.settings import ActConfig
from workflow_src.settings import read

# What an entry may say under `text.sizes`.
SIZES = (
    "decoder_width",
    "decoder_layers",
    "decoder_heads",
    "decoder_feedforward",
    "dropout",
)


@CAPTIONERS.register("act_decoder")
class FramesWithActDecoder(ActDecoder):
    """An audio encoder's frames as the memory of ACT's decoder "m".

    Args:
        making: the entry; `text.kind` is `act`, its sizes those of ACT's decoder.

    Raises:
        InputError: the text part is another one.
    """

    def __init__(self, making: Making) -> None:
        super().__init__()
        self.words = Vocabulary.load(making.vocabulary)
        sizes = decoder_sizes(making, len(self.words))
        self.encoder = FramesMemory(
            audio_encoder(making.entry.audio, making.audio, making.weights),
            sizes.decoder_width,
            making.entry.positions,
        )
        self._add_decoder(sizes)

    @property
    def audio(self) -> AudioEncoder:
        """The audio encoder."""
        return self.encoder.audio

    @property
    def compiled_layers(self) -> list[nn.Module]:
        """The decoder's; the encoder's are transformers' own."""
        return list(self.layers)

    def encode(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, L, F) of the front end -> (B, M, decoder_width)."""
        memory: Tensor = self.encoder(log_mel, spec_augment)
        return memory

    def memory_positions(self, frames: int) -> int:
        """The most that the entry allows."""
        return self.encoder.positions

    def save_form(self, folder: Path) -> None:
        """Write the audio part's; the words lie beside it as a vocabulary."""
        self.audio.save_form(folder / AUDIO)


def decoder_sizes(making: Making, vocabulary: int) -> ActConfig:
    """Sizes of the decoder that an entry asks for.

    Raises:
        InputError: the text part is none of ACT, or has an unknown size.
    """
    text = making.entry.text
    if text is None or text.kind != "act" or text.checkpoint is not None:
        raise InputError(
            f"model {making.entry.name}: the family act_decoder has text of kind act, "
            "with sizes and without a checkpoint"
        )
    for name in text.sizes:
        if name not in SIZES:
            raise InputError(
                f"model {making.entry.name}: text.sizes has {name}; known: "
                + ", ".join(SIZES)
            )
    values: dict[str, Any] = {"vocabulary": vocabulary, **text.sizes}
    return read(ActConfig, values, f"model {making.entry.name}: text.sizes")
