"""The sections of config.yaml, with the paper's values as defaults.

Most of what is in them are the settings classes of the stage they are about, so that
names, defaults and checks are stated there alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import (
    DecodingSettings,
    GridConfig,
    RetrievalLayer,
    TestTimeSettings,
)
from workflow_src.models.families.registry import AUDIO_ENCODERS, FAMILIES
from workflow_src.models.families.settings import ModelEntry
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.settings import Settings
from workflow_src.training.settings import (
    CaptioningOptimization,
    RetrievalOptimization,
)

Task = Literal["captioning", "retrieval"]
SpiceKind = Literal["auto", "java", "python", "none"]
PAPER_CAPTIONER = "act"  # its name among the captioners that rank captions


@dataclass(frozen=True)
class EmbeddedConfig(Settings):
    """Section `embedded`: size of the synthesised corpus.

    Attributes:
        seed: of all draws.
        train_clips: number of training clips; so of the other splits.
        val_clips: of validation.
        test_clips: of the test.
        tagged_clips: with tags and no captions, for pre-training.
    """

    seed: int = 1
    train_clips: int = 49_838
    val_clips: int = 495
    test_clips: int = 975
    tagged_clips: int = 20_000

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            smallest = 0 if key == "seed" else 1
            if value < smallest:
                raise InputError(f"{key} is at least {smallest}, not {value}")


@dataclass(frozen=True)
class AudioCapsConfig(AudioCapsSource, DownloadOptions):
    """Section `audiocaps`: its captions, where the audio comes from, and how."""

    @property
    def taken(self) -> AudioCapsSource:
        """What is taken."""
        return AudioCapsSource(**_values(self, AudioCapsSource))

    @property
    def options(self) -> DownloadOptions:
        """How it is fetched."""
        return DownloadOptions(**_values(self, DownloadOptions))


@dataclass(frozen=True)
class ClipsConfig(Settings):
    """Section `clips`: what becomes of clips that cannot be used.

    Attributes:
        min_seconds: a shorter file is refused.
        max_missing: share of a split's clips that may be lost.
    """

    min_seconds: float = 0.5
    max_missing: float = 0.2

    def __post_init__(self) -> None:
        if not self.min_seconds > 0:
            raise InputError(f"min_seconds is above 0, not {self.min_seconds}")
        if not 0 <= self.max_missing <= 1:
            raise InputError(f"max_missing is from 0 to 1, not {self.max_missing}")


@dataclass(frozen=True)
class CaptioningConfig(Settings):
    """Section `captioning`: ACT and its training.

    Attributes:
        hop_length: samples from frame to frame.
        model: sizes of ACT.
        pretrained: published checkpoint, or a file; None: none.
        word2vec: whether word embeddings start from word2vec of the captions.
        training: optimisation.
        decoding: search for a caption.
    """

    hop_length: int = 640
    model: ActConfig = field(default_factory=ActConfig)
    pretrained: str | None = "audioset_deit"
    word2vec: bool = True
    training: CaptioningOptimization = field(default_factory=CaptioningOptimization)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)

    def __post_init__(self) -> None:
        _check_hop_length(self.hop_length)
        if self.model.vocabulary:
            raise InputError("model.vocabulary comes from the training captions")


@dataclass(frozen=True)
class RetrievalConfig(Settings):
    """Section `retrieval`: ResNet38 with BERT, and their training.

    Attributes:
        hop_length: samples from frame to frame.
        model: sizes of the retriever.
        pretrained: published checkpoint of the audio encoder, or a file; None: none.
        training: optimisation.
    """

    hop_length: int = 320
    model: RetrieverConfig = field(default_factory=RetrieverConfig)
    pretrained: str | None = "resnet38_panns"
    training: RetrievalOptimization = field(default_factory=RetrievalOptimization)

    def __post_init__(self) -> None:
        _check_hop_length(self.hop_length)
        if self.model.word_pieces is not None:
            raise InputError("model.word_pieces comes from the training captions")


@dataclass(frozen=True)
class MetricsConfig(Settings):
    """Section `metrics`: which SPICE, and the intervals of the tables.

    Attributes:
        spice: `java` (official), `python` (SPICE-py), `auto` or `none`.
        corenlp: folder of the official parser's jars; None: where they are fetched to.
        resamples: of the bootstrap.
    """

    spice: SpiceKind = "java"
    corenlp: str | None = None
    resamples: int = 12_000

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise InputError(f"resamples is at least 1, not {self.resamples}")


@dataclass(frozen=True)
class RowConfig(Settings):
    """One row of a table: a method is a recipe, with test-time augmentation or not.

    Attributes:
        method: as the paper calls it.
        recipe: of the trainings.
        tta: point of `tta.grid`; None: without test-time augmentation.
        tasks: that the row is for; None: those of the table.
    """

    method: str
    recipe: str
    tta: str | None = None
    tasks: tuple[Task, ...] | None = None


@dataclass(frozen=True)
class TableConfig(Settings):
    """One table: the tasks and metrics it shows, and its rows.

    Attributes:
        tasks: that the table shows.
        metrics: columns.
        rows: in their order; each is compared with the first.
    """

    tasks: tuple[Task, ...]
    metrics: tuple[str, ...]
    rows: tuple[RowConfig, ...]

    def __post_init__(self) -> None:
        for key in ("tasks", "metrics", "rows"):
            if not getattr(self, key):
                raise InputError(f"{key} is empty")

    def tasks_of(self, row: RowConfig) -> tuple[Task, ...]:
        """The tasks that a row is run for."""
        return self.tasks if row.tasks is None else row.tasks


@dataclass(frozen=True)
class TestTimeConfig(Settings):
    """Section `tta`: test-time augmentation.

    Attributes:
        recipe: whose trainings are evaluated with it.
        strength: of the augmentations, as a share of the training's.
        seed: of the views.
        stabilise: see `TestTimeSettings`.
        grid: points, by the sizes of their groups.
        retrieval_layer: middle layer of the retriever.
        views_per_batch: augmented views encoded at once; None: by the memory.
        encodings_per_search: encoded views held by one search; None: by the memory.
    """

    __test__ = False  # pytest takes the name for a test

    recipe: str = "all"
    strength: float = 0.5
    seed: int = 0
    stabilise: bool = True
    grid: GridConfig = field(default_factory=GridConfig)
    retrieval_layer: RetrievalLayer = "pool"
    views_per_batch: int | None = None
    encodings_per_search: int | None = None

    def __post_init__(self) -> None:
        for key in ("views_per_batch", "encodings_per_search"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise InputError(f"{key} is at least 1, not {value}")
        if self.settings.strength > 1:
            raise InputError(f"strength is from 0 to 1, not {self.strength}")

    @property
    def settings(self) -> TestTimeSettings:
        """What of it decides the results."""
        return TestTimeSettings(
            self.strength, self.seed, self.stabilise, self.grid, self.retrieval_layer
        )


@dataclass(frozen=True)
class SweepConfig(Settings):
    """Section `sweep`: Section 4.3's ratio K x λ.

    Attributes:
        recipe: that is varied.
        ratio: values of K.
        fixed_lambda: values of λ; None: drawn from the Beta distribution.
    """

    recipe: str = "specaugment_pairmix"
    ratio: tuple[float, ...] = (0.125, 0.25, 0.5, 0.6)
    fixed_lambda: tuple[float | None, ...] = (None, 0.5)

    def __post_init__(self) -> None:
        for key in ("ratio", "fixed_lambda"):
            if not getattr(self, key):
                raise InputError(f"{key} is empty")


@dataclass(frozen=True)
class ModelsConfig(Settings):
    """Section `models`: the method on other models; a target of its own.

    Attributes:
        baseline: recipe of the first row of each model.
        pairmix: recipe of the rows `+ PairMix` and `+ Multi-TTA`.
        multi_tta: group sizes at the middle layer and at the output.
        prior_weight: of a caption's likelihood without a clip, taken from that with
            one, where captioners rank captions (docs/models.md).
        entries: the models.
    """

    baseline: str = "specaugment"
    pairmix: str = "all"
    multi_tta: tuple[int, int] = (5, 20)
    prior_weight: float = 1.0
    entries: tuple[ModelEntry, ...] = ()

    def __post_init__(self) -> None:
        if min(self.multi_tta) < 1:
            raise InputError(f"multi_tta has sizes of at least 1, not {self.multi_tta}")
        if self.prior_weight < 0:
            raise InputError(f"prior_weight is at least 0, not {self.prior_weight}")
        names = [entry.name for entry in self.entries]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two entries have the name {name}")
            if name == PAPER_CAPTIONER:
                raise InputError(f"{name} is the paper's captioner: take another name")
        for entry in self.entries:
            try:
                FAMILIES[entry.task].check(entry.family)
                AUDIO_ENCODERS.check(entry.audio.kind)
            except InputError as error:
                raise InputError(f"entry {entry.name}: {error}") from None

    @property
    def recipes(self) -> tuple[str, ...]:
        """Of the trainings of each model, each once."""
        return tuple(dict.fromkeys((self.baseline, self.pairmix)))

    @property
    def grid(self) -> GridConfig:
        """The one point of test-time augmentation."""
        return GridConfig(taus=(), multi=(self.multi_tta,))

    def entry(self, name: str) -> ModelEntry:
        """The model of a name."""
        return next(own for own in self.entries if own.name == name)


def _values(
    whole: AudioCapsConfig, kind: type[AudioCapsSource] | type[DownloadOptions]
) -> dict[str, Any]:
    return {f.name: getattr(whole, f.name) for f in fields(kind)}


def _check_hop_length(hop_length: int) -> None:
    if hop_length < 1:
        raise InputError(f"hop_length is at least 1, not {hop_length}")
