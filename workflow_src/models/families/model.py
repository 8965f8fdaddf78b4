"""What a family makes of an entry: a model that is trained and tested by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from torch import nn

from workflow_src.audio.settings import AudioForm
from workflow_src.models.families.audio_encoder import AUDIO, AudioEncoder
from workflow_src.models.families.settings import ModelEntry, PartSettings

TEXT = "text"  # folder of config and tokenizer in a model's form


@dataclass(frozen=True)
class Making:
    """All that a family makes a model from.

    Attributes:
        entry: parts and sizes.
        audio: form of the clips.
        vocabulary: words of the training captions.
        word_pieces: folder of WordPieces of the training captions.
        weights: whether the weights of checkpoints are read; not where a trained
            model's are loaded after.
    """

    entry: ModelEntry
    audio: AudioForm
    vocabulary: Path
    word_pieces: Path
    weights: bool = True

    @classmethod
    def of_form(
        cls, entry: ModelEntry, audio: AudioForm, form: Path, vocabulary: Path
    ) -> Making:
        """To make a trained model again, from what lies beside its weights.

        Args:
            entry: parts and sizes.
            audio: form of the clips.
            form: folder that the model's `save_form` wrote.
            vocabulary: beside it.
        """
        own = replace(entry, audio=_from_form(entry.audio, form / AUDIO))
        if entry.text is not None:
            own = replace(own, text=_from_form(entry.text, form / TEXT))
        return cls(own, audio, vocabulary, form / TEXT, weights=False)


def _from_form(part: PartSettings, folder: Path) -> PartSettings:
    """A part as it lies in a folder, if it came from a checkpoint."""
    if part.checkpoint is None:
        return part
    return replace(part, checkpoint=str(folder), revision=None)


class FamilyModel(Protocol):
    """A model of a family; beside this, a `CaptionModel` or a `TwoTowers`."""

    @property
    def audio(self) -> AudioEncoder:
        """Its audio encoder, with its front end."""

    @property
    def compiled_layers(self) -> list[nn.Module]:
        """Layers that are worth compiling: alike ones, of a Transformer."""

    def save_form(self, folder: Path) -> None:
        """Write what a checkpoint said and the weights do not, for `of_form`.

        Args:
            folder: gets `audio/` and `text/`, each in the hub's layout.
        """
