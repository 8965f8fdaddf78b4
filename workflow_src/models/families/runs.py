"""Models of families: made for a training, and loaded from a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.models.families.audio_encoder import AUDIO, audio_encoder
from workflow_src.models.families.model import TEXT, Making
from workflow_src.models.families.registry import FAMILIES
from workflow_src.models.families.settings import (
    ENTRY,
    FORM,
    ModelEntry,
    PartSettings,
)
from workflow_src.models.folder_weights import load_into
from workflow_src.models.run_folder import VOCABULARY, RunRecord

# Of the frames for which the recipes' widths of SpecAugment are: those of ACT and of
# PANNs.
FRAME_SECONDS = {"captioning": 0.02, "retrieval": 0.01}


def make(making: Making) -> Any:
    """Make the model of an entry: a `FamilyModel`.

    Args:
        making: the entry, and what its words are learned from.

    Raises:
        InputError: a name that nothing has, or a part that its family does not take.
    """
    entry = making.entry
    return FAMILIES[entry.task][entry.family](making)


def learned(making: Making) -> dict[str, Path]:
    """What a model is made from beside its entry, for the record of its run."""
    files = {"vocabulary": making.vocabulary, "word_pieces": making.word_pieces}
    for name, part in zip((AUDIO, TEXT), making.entry.parts, strict=False):
        if part.checkpoint is not None and Path(part.place[0]).is_dir():
            files[f"{name} checkpoint"] = Path(part.place[0])
    return files


def front_end_of(part: PartSettings, audio: AudioForm) -> nn.Module:
    """The front end of an audio encoder; no weights are read.

    Args:
        part: the encoder.
        audio: form of the clips.
    """
    return audio_encoder(part, audio, weights=False).front_end


def is_of_family(record: RunRecord) -> bool:
    """Whether a run is of an entry of `models`, and not of the paper's two models."""
    return ENTRY in record.settings


def load(run: Path, record: RunRecord) -> Any:
    """Load the model of a run's folder, on the CPU.

    Args:
        run: the folder.
        record: of the run.

    Raises:
        InputError: its weights are missing or damaged, or of another model.
    """
    making = Making.of_form(
        record.part(ENTRY, ModelEntry),
        record.part("audio", AudioForm),
        run / FORM,
        run / VOCABULARY,
    )
    model = make(making)
    load_into(model, run)
    return model


def recipe_of(model: Any, task: str, recipe: RecipeSettings) -> RecipeSettings:
    """A recipe whose widths in frames last as long for a model as for the paper's.

    Args:
        model: with `audio`.
        task: whose published frames the recipe is for.
        recipe: of the config.
    """
    seconds: float = model.audio.frame_seconds
    return recipe.of_frames(seconds / FRAME_SECONDS[task])


def recipe_of_run(model: Any, record: RunRecord) -> RecipeSettings:
    """The recipe that a model was trained with, its widths in the model's own frames.

    Args:
        model: of the run, of a family or the paper's.
        record: of the run.
    """
    recipe = record.part("recipe", RecipeSettings)
    return recipe_of(model, record.task, recipe) if is_of_family(record) else recipe
