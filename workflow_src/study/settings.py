"""What the study trains and compares, without torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from workflow_src.errors import InputError
from workflow_src.evaluation.settings import GridConfig
from workflow_src.settings import Settings
from workflow_src.training.settings import OptimizationSettings

Task = Literal["captioning", "retrieval"]
Optimization = TypeVar("Optimization", bound=OptimizationSettings)

# Of a training's length: the linear warm-up, and where the learning rate then falls.
WARM_UP, FALL = 0.1, 0.7


@dataclass(frozen=True)
class Comparison(Settings):
    """Recipes that are compared at some sizes of the training corpus.

    Attributes:
        name: of the comparison; its differences are corrected together, by task.
        tasks: that are trained.
        clips: numbers of training clips.
        recipes: names; each is compared with the first.
    """

    name: str
    tasks: tuple[Task, ...]
    clips: tuple[int, ...]
    recipes: tuple[str, ...]

    def __post_init__(self) -> None:
        for key in ("tasks", "clips", "recipes"):
            values = getattr(self, key)
            if not values or len(set(values)) < len(values):
                raise InputError(f"{key} are one or more different ones, not {values}")
        if min(self.clips) < 1:
            raise InputError(f"clips are at least 1, not {min(self.clips)}")


def trainings_of(
    comparisons: tuple[Comparison, ...],
) -> list[tuple[Task, int, str]]:
    """Task, training clips and recipe of every training, each once."""
    return list(
        dict.fromkeys(
            (task, clips, recipe)
            for comparison in comparisons
            for task in comparison.tasks
            for clips in comparison.clips
            for recipe in comparison.recipes
        )
    )


@dataclass(frozen=True)
class TestTimePart(Settings):
    """Which of the study's models are tested with test-time augmentation.

    Attributes:
        tasks: of the models.
        clips: that they were trained on.
        recipe: that they were trained under.
        grid: points that are compared with none.
    """

    __test__ = False  # pytest takes the name for a test

    tasks: tuple[Task, ...] = ("captioning", "retrieval")
    clips: int = 5000
    recipe: str = "all"
    grid: GridConfig = field(default_factory=GridConfig)


@dataclass(frozen=True)
class Updates(Settings):
    """Optimizer steps of every training of a task, whatever its corpus.

    Attributes:
        captioning: of a captioner.
        retrieval: of a retriever.
    """

    captioning: int = 45_000
    retrieval: int = 23_000

    def __post_init__(self) -> None:
        for task, steps in vars(self).items():
            if steps < 1:
                raise InputError(f"{task} is at least 1 step, not {steps}")


@dataclass(frozen=True)
class StudyConfig(Settings):
    """Section `study` of config.yaml.

    Attributes:
        seeds: of the trainings.
        updates: optimizer steps of every training.
        validations: of each training, evenly spread; the best epoch is kept.
        comparisons: what is trained.
        test_time: what is tested with test-time augmentation.
    """

    seeds: tuple[int, ...] = (1, 2, 3)
    updates: Updates = field(default_factory=Updates)
    validations: int = 30
    comparisons: tuple[Comparison, ...] = ()
    test_time: TestTimePart = field(default_factory=TestTimePart)

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError(
                f"seeds are one or more different numbers, not {list(self.seeds)}"
            )
        if self.validations < 1:
            raise InputError(f"validations is at least 1, not {self.validations}")
        names = [comparison.name for comparison in self.comparisons]
        if len(set(names)) < len(names):
            raise InputError(f"two comparisons have one name: {', '.join(names)}")
        tested = self.test_time
        for task in tested.tasks:
            if self.comparisons and (task, tested.clips, tested.recipe) not in set(
                self.trainings
            ):
                raise InputError(
                    f"test_time: no comparison trains {task} under {tested.recipe} on "
                    f"{tested.clips} clips"
                )

    @property
    def trainings(self) -> list[tuple[Task, int, str]]:
        """Task, training clips and recipe of every training, each once."""
        return trainings_of(self.comparisons)

    def optimization(self, task: Task, clips: int, own: Optimization) -> Optimization:
        """A task's optimisation, at the study's length.

        Every training takes the same number of steps, so that a larger corpus is
        seen less often and not longer.

        Args:
            task: captioning or retrieval.
            clips: of the training corpus.
            own: the task's optimisation elsewhere.
        """
        steps = -(-clips // own.batch_size)
        epochs = max(1, round(getattr(self.updates, task) / steps))
        return replace(
            own,
            epochs=epochs,
            warmup_epochs=WARM_UP * epochs,
            lr_decay_every=(FALL - WARM_UP) * epochs,
            validate_every=max(1, round(epochs / self.validations)),
        )


@dataclass(frozen=True)
class StudySettings(Settings):
    """What the study's tables and figures show.

    Attributes:
        seeds: of the trainings.
        comparisons: of recipes.
        test_time: of test-time augmentation.
        resamples: of the bootstrap behind each interval.
    """

    seeds: tuple[int, ...]
    comparisons: tuple[Comparison, ...]
    test_time: TestTimePart
    resamples: int
