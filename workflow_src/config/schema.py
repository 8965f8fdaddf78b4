"""Every key of config.yaml, as nested types with the paper's values as defaults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from workflow_src.audio.settings import AudioForm, ClipForm
from workflow_src.augment.recipes import RecipeSettings, Strengths
from workflow_src.augment.settings import SAMPLE_RATE
from workflow_src.config.sections import (
    AudioCapsConfig,
    CaptioningConfig,
    ClipsConfig,
    EmbeddedConfig,
    MetricsConfig,
    ModelsConfig,
    RetrievalConfig,
    RowConfig,
    SweepConfig,
    TableConfig,
    TestTimeConfig,
)
from workflow_src.errors import InputError
from workflow_src.models.settings import ACT_PATCH_FRAMES, ACT_PATCHES
from workflow_src.settings import Settings
from workflow_src.study.settings import StudyConfig
from workflow_src.sweep import SweepCell, sweep_cells
from workflow_src.training.settings import PretrainingOptimization, TrainingOptions


@dataclass(frozen=True)
class Config(Settings):
    """config.yaml with its scale applied, complete and checked.

    Attributes:
        scale: overlay that is applied; `paper`: none.
        corpus: which corpus; `auto`: AudioCaps at the scale `paper`, else the embedded.
        corpus_dir: of a folder corpus.
        train_clips: training clips of the embedded corpus; None: as `embedded` has it.
        seeds: of the trainings.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU; None: as torch chooses.
        training: how trainings run on their device.
        audio: form of every clip.
        embedded: the synthesised corpus.
        audiocaps: AudioCaps.
        clips: clips that cannot be used.
        pretraining: our own pre-training of the audio encoders.
        pretrained_sha256: published file -> its sum, where its authors give none.
        trust_pickle: whether published checkpoints may be pickles.
        captioning: the captioner.
        retrieval: the retriever.
        augmentations: strengths that recipes begin from.
        recipes: name -> augmentation -> the strengths that differ.
        metrics: of captions.
        tables: name -> columns and rows.
        tta: test-time augmentation.
        sweep: of Section 4.3.
        study: of docs/study.md.
        models: of docs/models.md.

    Raises:
        InputError: a value out of range, or at odds with another key.
    """

    scale: str
    corpus: Literal["auto", "embedded", "audiocaps", "folder"] = "auto"
    corpus_dir: str | None = None
    train_clips: int | None = None
    seeds: tuple[int, ...] = (20,)
    device: str = "auto"
    threads: int | None = None
    training: TrainingOptions = field(default_factory=TrainingOptions)
    audio: AudioForm = field(default_factory=AudioForm)
    embedded: EmbeddedConfig = field(default_factory=EmbeddedConfig)
    audiocaps: AudioCapsConfig = field(default_factory=AudioCapsConfig)
    clips: ClipsConfig = field(default_factory=ClipsConfig)
    pretraining: PretrainingOptimization = field(
        default_factory=PretrainingOptimization
    )
    pretrained_sha256: dict[str, str] = field(default_factory=dict)
    trust_pickle: bool = False
    captioning: CaptioningConfig = field(default_factory=CaptioningConfig)
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    augmentations: Strengths = field(default_factory=Strengths)
    recipes: dict[str, dict[str, dict[str, Any] | None]] = field(default_factory=dict)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    tables: dict[str, TableConfig] = field(default_factory=dict)
    tta: TestTimeConfig = field(default_factory=TestTimeConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    study: StudyConfig = field(default_factory=StudyConfig)
    models: ModelsConfig = field(default_factory=ModelsConfig)

    def __post_init__(self) -> None:
        self._check_values()
        for name in self.recipes:
            self.recipe(name)
        self._check_tables()
        self._check_sweep()
        self._check_study()
        self._check_models()
        self._check_frames()

    @property
    def selected_corpus(self) -> str:
        """`embedded`, `audiocaps` or `folder`."""
        if self.corpus != "auto":
            return self.corpus
        return "audiocaps" if self.scale == "paper" else "embedded"

    @property
    def clip_form(self) -> ClipForm:
        """What every clip is brought to."""
        return ClipForm(
            self.audio.sample_rate, self.audio.seconds, self.clips.min_seconds
        )

    @cached_property
    def all_recipes(self) -> dict[str, RecipeSettings]:
        """Every recipe, complete: those of `recipes`, then those of the sweep."""
        named = {name: self.recipe(name) for name in self.recipes}
        return named | {cell.recipe.name: cell.recipe for cell in self.sweep_cells}

    @cached_property
    def sweep_cells(self) -> list[SweepCell]:
        """The trainings of the sweep."""
        base = self.recipe(self.sweep.recipe)
        return sweep_cells(
            base,
            self.augmentations.pairmix,
            self.sweep.ratio,
            self.sweep.fixed_lambda,
        )

    def recipe(self, name: str) -> RecipeSettings:
        """A recipe of `recipes`, complete.

        Raises:
            InputError: there is none of this name, or see `RecipeSettings.complete`.
        """
        if name not in self.recipes:
            raise InputError(
                f"recipe {name} is not defined under recipes{_hint(name, self.recipes)}"
            )
        given = {key: own or {} for key, own in self.recipes[name].items()}
        return RecipeSettings.complete(name, given, self.augmentations)

    def _check_values(self) -> None:
        if self.audio.sample_rate != SAMPLE_RATE:
            raise InputError(
                f"audio.sample_rate is {SAMPLE_RATE}, not {self.audio.sample_rate}: "
                "both front ends are made for it"
            )
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise InputError(
                f"device is auto, cpu, cuda or cuda:N, not {self.device!r}"
            )
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError(
                f"seeds are one or more different numbers, not {list(self.seeds)}"
            )
        if min(self.seeds) < 0:
            raise InputError(f"seeds are at least 0, not {min(self.seeds)}")
        for key in ("train_clips", "threads"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise InputError(f"{key} is at least 1, not {value}")
        if self.selected_corpus == "folder" and self.corpus_dir is None:
            raise InputError("corpus is folder, but corpus_dir is null")
        for name in self.recipes:
            if not re.fullmatch(r"[a-z0-9_]+", name):
                raise InputError(
                    f"recipes.{name}: a recipe's name has small letters, digits and _"
                )
        for name in self.tables:
            if not re.fullmatch(r"table[1-4]", name):
                raise InputError(f"tables.{name}: tables are table1 to table4")
        for name, value in self.pretrained_sha256.items():
            if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
                raise InputError(
                    f"pretrained_sha256.{name} has 64 hexadecimal digits, not {value!r}"
                )

    def _check_tables(self) -> None:
        for where, table, row in self._rows():
            if row.recipe not in self.recipes:
                raise InputError(
                    f"{where} names recipe {row.recipe}, which `recipes` does not "
                    f"define{_hint(row.recipe, self.recipes)}"
                )
            if "captioning" in table.tasks_of(row):
                try:
                    self.recipe(row.recipe).check_task("captioning")
                except InputError as error:
                    raise InputError(
                        f"{where}: {error}; give the row `tasks: [retrieval]`"
                    ) from None
            if row.tta is not None:
                self._check_grid_row(where, row)
        for section, recipe in (("tta", self.tta.recipe), ("sweep", self.sweep.recipe)):
            if recipe not in self.recipes:
                raise InputError(
                    f"{section}.recipe is {recipe}, which `recipes` does not define"
                    f"{_hint(recipe, self.recipes)}"
                )
            try:
                self.recipe(recipe).check_task("captioning")
            except InputError as error:
                raise InputError(f"{section}.recipe: {error}") from None

    def _rows(self) -> Iterator[tuple[str, TableConfig, RowConfig]]:
        for name, table in self.tables.items():
            for number, row in enumerate(table.rows, start=1):
                yield f"tables.{name}, row {number} ({row.method})", table, row

    def _check_grid_row(self, where: str, row: RowConfig) -> None:
        points = [point.name for point in self.tta.grid.points]
        if row.tta not in points:
            raise InputError(
                f"{where}: tta is {row.tta}, which is no point of tta.grid: "
                f"{', '.join(points)}"
            )
        if row.recipe != self.tta.recipe:
            raise InputError(
                f"{where} has recipe {row.recipe}, but tta.recipe is {self.tta.recipe}"
            )

    def _check_sweep(self) -> None:
        try:
            cells = self.sweep_cells
        except InputError as error:
            raise InputError(f"sweep: {error}") from None
        if len({cell.recipe.name for cell in cells}) < len(cells):
            raise InputError("sweep: a ratio or a fixed_lambda is there twice")

    def _check_study(self) -> None:
        for arm in self.study.arms:
            try:
                self.recipe(arm.recipe).check_task(arm.task)
            except InputError as error:
                raise InputError(f"study: {error}") from None

    def _check_models(self) -> None:
        for entry in self.models.entries:
            for name in self.models.recipes:
                try:
                    self.recipe(name).check_task(entry.task)
                except InputError as error:
                    raise InputError(f"models, entry {entry.name}: {error}") from None

    def _check_frames(self) -> None:
        hop = self.captioning.hop_length
        frames = self.audio.samples // hop
        most = ACT_PATCH_FRAMES * ACT_PATCHES
        if frames % ACT_PATCH_FRAMES or not 0 < frames <= most:
            raise InputError(
                f"captioning.hop_length {hop} cuts audio.seconds "
                f"{self.audio.seconds:g} into {frames} frames; ACT reads a multiple of "
                f"{ACT_PATCH_FRAMES}, at most {most}"
            )


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
