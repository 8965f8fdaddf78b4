"""The settings of the study's steps: those of the same steps elsewhere, but for a few.

As `workflow_src.config.steps`, which has all others.
"""

from __future__ import annotations

from dataclasses import replace

from workflow_src.config import steps
from workflow_src.config.schema import Config
from workflow_src.evaluation.settings import CaptionGridSettings, TestTimeSettings
from workflow_src.study.settings import StudySettings
from workflow_src.training.settings import CaptioningSettings, RetrievalSettings


def captioner(
    config: Config, recipe: str, seed: int, clips: int, length: int = 1
) -> CaptioningSettings:
    """What a captioner of the study depends on, beside its captions.

    Args:
        config: resolved.
        recipe: name of the augmentation recipe.
        seed: of the training.
        clips: it is trained on.
        length: of the training, in multiples of the study's `updates`.
    """
    own = steps.captioner(config, recipe, seed)
    lasting = config.study.optimization("captioning", clips, length, own.optimization)
    return replace(own, optimization=lasting)


def retriever(
    config: Config, recipe: str, seed: int, clips: int, length: int = 1
) -> RetrievalSettings:
    """What a retriever of the study depends on, beside its captions.

    Args:
        config: resolved.
        recipe: name of the augmentation recipe.
        seed: of the training.
        clips: it is trained on.
        length: of the training, in multiples of the study's `updates`.
    """
    own = steps.retriever(config, recipe, seed)
    lasting = config.study.optimization("retrieval", clips, length, own.optimization)
    return replace(own, optimization=lasting)


def caption_grid(config: Config) -> CaptionGridSettings:
    """What captions at the study's points of test-time augmentation depend on."""
    own = steps.caption_grid(config)
    grid = config.study.test_time.grid
    return replace(own, test_time=replace(own.test_time, grid=grid))


def retrieval_grid(config: Config) -> TestTimeSettings:
    """What embeddings at the study's points of test-time augmentation depend on."""
    return replace(steps.retrieval_grid(config), grid=config.study.test_time.grid)


def tables(config: Config) -> StudySettings:
    """What the tables and figures of the study show."""
    own = config.study
    return StudySettings(
        own.seeds, own.comparisons, own.test_time, config.metrics.resamples
    )
