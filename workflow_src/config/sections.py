"""The sections of config.yaml, with the paper's values as defaults.

Most of what is in them are the settings classes of the stage they are about, so that
names, defaults and checks are stated there alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import (
    DecodingSettings,
    GridConfig,
    RetrievalLayer,
    TestTimeSettings,
)
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.settings import Settings
from workflow_src.training.settings import (
    CaptioningOptimization,
    RetrievalOptimization,
)

T = TypeVar("T")
Task = Literal["captioning", "retrieval"]
SpiceKind = Literal["auto", "java", "python", "none"]


@dataclass(frozen=True)
class EmbeddedConfig(Settings):
    """Section `embedded`: size of the synthesised corpus."""

    seed: int = 1
    train_clips: int = 49_838
    val_clips: int = 495
    test_clips: int = 975
    tagged_clips: int = 20_000


@dataclass(frozen=True)
class AudioCapsConfig(AudioCapsSource, DownloadOptions):
    """Section `audiocaps`: its captions, where the audio comes from, and how."""

    @property
    def taken(self) -> AudioCapsSource:
        """What is taken."""
        return _part(self, AudioCapsSource)

    @property
    def options(self) -> DownloadOptions:
        """How it is fetched."""
        return _part(self, DownloadOptions)


@dataclass(frozen=True)
class ClipsConfig(Settings):
    """Section `clips`: what becomes of clips that cannot be used."""

    min_seconds: float = 0.5
    max_missing: float = 0.2


@dataclass(frozen=True)
class CaptioningConfig(Settings):
    """Section `captioning`: ACT and its training."""

    hop_length: int = 640
    model: ActConfig = field(default_factory=ActConfig)
    pretrained: str | None = "audioset_deit"
    word2vec: bool = True
    training: CaptioningOptimization = field(default_factory=CaptioningOptimization)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)

    def __post_init__(self) -> None:
        if self.model.vocabulary:
            raise InputError("model.vocabulary comes from the training captions")


@dataclass(frozen=True)
class RetrievalConfig(Settings):
    """Section `retrieval`: ResNet38 with BERT, and their training."""

    hop_length: int = 320
    model: RetrieverConfig = field(default_factory=RetrieverConfig)
    pretrained: str | None = "resnet38_panns"
    training: RetrievalOptimization = field(default_factory=RetrievalOptimization)

    def __post_init__(self) -> None:
        if self.model.word_pieces is not None:
            raise InputError("model.word_pieces comes from the training captions")


@dataclass(frozen=True)
class MetricsConfig(Settings):
    """Section `metrics`: which SPICE, and the intervals of the tables."""

    spice: SpiceKind = "java"
    corenlp: str | None = None
    resamples: int = 12_000

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise InputError(f"resamples is at least 1, not {self.resamples}")


@dataclass(frozen=True)
class RowConfig(Settings):
    """One row of a table: a method is a recipe, with test-time augmentation or not."""

    method: str
    recipe: str
    tta: str | None = None
    tasks: tuple[Task, ...] | None = None


@dataclass(frozen=True)
class TableConfig(Settings):
    """One table: the tasks and metrics it shows, and its rows."""

    tasks: tuple[Task, ...]
    metrics: tuple[str, ...]
    rows: tuple[RowConfig, ...]

    def tasks_of(self, row: RowConfig) -> tuple[Task, ...]:
        """The tasks that a row is run for."""
        return self.tasks if row.tasks is None else row.tasks


@dataclass(frozen=True)
class TestTimeConfig(Settings):
    """Section `tta`: test-time augmentation."""

    __test__ = False  # pytest takes the name for a test

    recipe: str = "all"
    strength: float = 0.5
    seed: int = 0
    stabilise: bool = True
    grid: GridConfig = field(default_factory=GridConfig)
    retrieval_layer: RetrievalLayer = "pool"
    views_per_batch: int = 64
    memories_per_search: int = 256

    @property
    def settings(self) -> TestTimeSettings:
        """What of it decides the results."""
        return TestTimeSettings(
            self.strength, self.seed, self.stabilise, self.grid, self.retrieval_layer
        )


@dataclass(frozen=True)
class SweepConfig(Settings):
    """Section `sweep`: Section 4.3's ratio K x λ."""

    recipe: str = "specaugment_pairmix"
    ratio: tuple[float, ...] = (0.125, 0.25, 0.5, 0.6)
    fixed_lambda: tuple[float | None, ...] = (None, 0.5)


def _part(whole: Any, kind: type[T]) -> T:
    """The fields of a class, from an object that has them all and more."""
    return kind(**{f.name: getattr(whole, f.name) for f in fields(kind)})  # type: ignore[arg-type]
