"""What the training of a model of a family depends on, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_src.audio.settings import AudioForm
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.errors import InputError
from workflow_src.models.families.settings import ModelEntry, PartSettings
from workflow_src.settings import Settings
from workflow_src.training.settings import (
    CaptioningOptimization,
    RetrievalOptimization,
)


@dataclass(frozen=True)
class FeatureSettings(Settings):
    """What the cached features of an audio encoder depend on.

    Attributes:
        part: the encoder, of which the front end counts.
        audio: form of the clips.
    """

    part: PartSettings
    audio: AudioForm


@dataclass(frozen=True)
class FamilySettings(Settings):
    """What the training of one model of a family depends on.

    Attributes:
        entry: the model.
        recipe: the augmentations, complete; widths in frames of the paper's models.
        seed: of everything that is drawn.
        audio: form of the clips.
        optimization: how it is trained.

    Raises:
        InputError: the recipe is not for the task.
    """

    entry: ModelEntry
    recipe: RecipeSettings
    seed: int
    audio: AudioForm
    optimization: CaptioningOptimization | RetrievalOptimization

    def __post_init__(self) -> None:
        self.recipe.check_task(self.entry.task)


def check_domain(recipe: RecipeSettings) -> None:
    """Refuse a recipe that needs log-mels in decibels.

    Raises:
        InputError: names the key.
    """
    mixing = recipe.pairmix
    if mixing is None:
        return
    in_decibels = {
        "domain: power": mixing.domain == "power",
        "level_range_db": mixing.level_range_db is not None,
        "name_range_db": mixing.name_range_db is not None,
    }
    for key, asked in in_decibels.items():
        if asked:
            raise InputError(
                f"recipe {recipe.name}: pairmix {key} needs log-mels in decibels, "
                "which not every model's front end makes"
            )
