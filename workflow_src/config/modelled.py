"""The settings of the steps of `models`: the method on models beside the paper's.

As `workflow_src.config.steps`, which has those of all other steps.
"""

from __future__ import annotations

from dataclasses import replace

from workflow_src.config import steps
from workflow_src.config.schema import Config
from workflow_src.config.sections import PAPER_CAPTIONER
from workflow_src.evaluation.settings import (
    CaptionGridSettings,
    LikelihoodSettings,
    TestTimeSettings,
)
from workflow_src.models.families.settings import ModelEntry, PartSettings
from workflow_src.report.models_settings import (
    LikelihoodTableSettings,
    ModelRows,
    ModelsTableSettings,
)
from workflow_src.settings import digest
from workflow_src.training.family_settings import FamilySettings, FeatureSettings


def features_name(entry: ModelEntry) -> str:
    """The name of a front end in paths: models with the same audio part share it."""
    return f"{entry.audio.kind}-{digest(entry.audio)}"


def features(config: Config, name: str) -> FeatureSettings:
    """What the features of a name depend on."""
    parts = {features_name(entry): entry.audio for entry in config.models.entries}
    return FeatureSettings(parts[name], config.audio)


def checkpoints(config: Config) -> dict[str, PartSettings]:
    """Checkpoints of the hub: the folder that each is fetched to -> its part."""
    return {
        str(part.fetched): part
        for entry in config.models.entries
        for part in entry.parts
        if part.fetched is not None
    }


def training(config: Config, name: str, recipe: str, seed: int) -> FamilySettings:
    """What the training of a model depends on.

    Args:
        config: resolved.
        name: of the model.
        recipe: name of the augmentation recipe.
        seed: of the training.
    """
    entry = config.models.entry(name)
    captioning = entry.task == "captioning"
    task = config.captioning if captioning else config.retrieval
    own = task.training
    if entry.learning_rate is not None:
        own = replace(own, learning_rate=entry.learning_rate)
    return FamilySettings(
        entry=entry,
        recipe=config.recipe(recipe),
        seed=seed,
        audio=config.audio,
        optimization=own,
    )


def caption_grid(config: Config) -> CaptionGridSettings:
    """What captions of a model under Multi-TTA depend on, beside the model."""
    own = steps.caption_grid(config)
    return replace(own, test_time=replace(own.test_time, grid=config.models.grid))


def retrieval_grid(config: Config) -> TestTimeSettings:
    """What embeddings of a model under Multi-TTA depend on, beside the model."""
    own = steps.retrieval_grid(config)
    return replace(own, grid=config.models.grid, retrieval_layer="pool")


def likelihood(config: Config) -> LikelihoodSettings:
    """What ranks by a captioner's likelihood depend on, beside the model."""
    return LikelihoodSettings(config.models.prior_weight)


def table(config: Config) -> ModelsTableSettings:
    """What the table of the models shows."""
    own = config.models
    (point,) = own.grid.points
    return ModelsTableSettings(
        models=tuple(
            ModelRows(entry.name, entry.task, entry.family, _parts(entry))
            for entry in own.entries
        ),
        baseline=own.baseline,
        pairmix=own.pairmix,
        point=point.name,
        seeds=config.seeds,
        resamples=config.metrics.resamples,
    )


def likelihood_table(config: Config) -> LikelihoodTableSettings:
    """Which captioners are shown as retrievers: the paper's, then those of `models`."""
    names = [own.name for own in config.models.entries if own.task == "captioning"]
    return LikelihoodTableSettings(
        models=(PAPER_CAPTIONER, *names),
        baseline=config.models.baseline,
        pairmix=config.models.pairmix,
        seeds=config.seeds,
        resamples=config.metrics.resamples,
    )


def _parts(entry: ModelEntry) -> str:
    """Its parts in words: what they are, and where they start."""
    return " + ".join(part.checkpoint or part.kind for part in entry.parts)
