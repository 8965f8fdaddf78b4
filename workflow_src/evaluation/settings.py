"""What evaluations depend on beside the trained model, without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workflow_src.errors import InputError
from workflow_src.settings import Settings
from workflow_src.tta import GridPoint, grid_points

SearchOrder = Literal["beam", "best_first"]
# Stages of ResNet38 after which retrieval can average: `ResNet38.stage_names`.
RetrievalLayer = Literal[
    "norm", "conv1", "group1", "group2", "group3", "group4", "conv2", "pool"
]


@dataclass(frozen=True)
class DecodingSettings(Settings):
    """How captions are searched.

    Attributes:
        beams: hypotheses kept a clip.
        max_words: of a caption.
        order: `beam`, standard beam search, or `best_first`, the published order.

    Raises:
        InputError: a number below 1.
    """

    beams: int = 3
    max_words: int = 30
    order: SearchOrder = "beam"

    def __post_init__(self) -> None:
        for key in ("beams", "max_words"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is at least 1, not {getattr(self, key)}")


@dataclass(frozen=True)
class GridConfig(Settings):
    """The points of Figure 4.

    Attributes:
        taus: numbers of views of TTA and of Mid-TTA.
        multi: of each Multi-TTA point, the group sizes at the middle layer and at
            the output.

    Raises:
        InputError: a number below 1.
    """

    taus: tuple[int, ...] = (10, 25, 50, 100)
    multi: tuple[tuple[int, int], ...] = ((2, 5), (5, 5), (5, 10), (5, 20))

    def __post_init__(self) -> None:
        for value in (*self.taus, *(size for pair in self.multi for size in pair)):
            if value < 1:
                raise InputError(f"grid: numbers of views are at least 1, not {value}")

    @property
    def points(self) -> list[GridPoint]:
        """The points, method by method."""
        return grid_points(self.taus, self.multi)


@dataclass(frozen=True)
class TestTimeSettings(Settings):
    """What test-time augmentation depends on beside the model (Sections 3, 4.3).

    Attributes:
        strength: of the training's augmentations: mask widths, reverberation time,
            probabilities.
        seed: of the views; a view depends on it and on the clip's name alone.
        stabilise: the output is averaged half and half with the un-augmented one.
        grid: the strategies.
        retrieval_layer: the middle layer h_E of retrieval, a stage of ResNet38.

    Raises:
        InputError: a negative strength.
    """

    __test__ = False  # pytest takes the name for a test

    strength: float = 0.5
    seed: int = 0
    stabilise: bool = True
    grid: GridConfig = field(default_factory=GridConfig)
    retrieval_layer: RetrievalLayer = "pool"

    def __post_init__(self) -> None:
        if self.strength < 0:
            raise InputError(f"strength is at least 0, not {self.strength}")


@dataclass(frozen=True)
class CaptionGridSettings(Settings):
    """What captions under test-time augmentation depend on, beside the model.

    Attributes:
        test_time: the views and the strategies.
        decoding: how captions are searched.
    """

    test_time: TestTimeSettings
    decoding: DecodingSettings


@dataclass(frozen=True)
class LikelihoodSettings(Settings):
    """How a captioner's likelihood ranks captions, beside the model.

    Attributes:
        prior_weight: of the likelihood under a memory that says nothing of the clip.

    Raises:
        InputError: a negative weight.
    """

    prior_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.prior_weight < 0:
            raise InputError(f"prior_weight is at least 0, not {self.prior_weight}")
