"""What the study trains and compares, without torch."""

from __future__ import annotations

from collections.abc import Iterable
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
        length: of its trainings, in multiples of the study's `updates`.
        seeds: of its trainings; none: those of the study.
    """

    name: str
    tasks: tuple[Task, ...]
    clips: tuple[int, ...]
    recipes: tuple[str, ...]
    length: int = 1
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for key in ("tasks", "clips", "recipes"):
            values = getattr(self, key)
            if not values or len(set(values)) < len(values):
                raise InputError(f"{key} are one or more different ones, not {values}")
        if min(self.clips) < 1:
            raise InputError(f"clips are at least 1, not {min(self.clips)}")
        if self.length < 1:
            raise InputError(f"length is at least 1, not {self.length}")
        if len(set(self.seeds)) < len(self.seeds):
            raise InputError(f"seeds are different numbers, not {list(self.seeds)}")


@dataclass(frozen=True)
class Arm:
    """What is trained several times, once with each seed.

    Attributes:
        task: captioning or retrieval.
        clips: of the training corpus.
        recipe: name of the augmentation recipe.
        length: of the training, in multiples of the study's `updates`.
    """

    task: Task
    clips: int
    recipe: str
    length: int = 1

    @property
    def corpus(self) -> str:
        """Folder of its trainings: `300`, or `300x3` for three times the length."""
        return f"{self.clips}" if self.length == 1 else f"{self.clips}x{self.length}"


def arms_of(
    comparisons: Iterable[Comparison], seeds: tuple[int, ...]
) -> dict[Arm, tuple[int, ...]]:
    """All that is trained: each arm with its seeds.

    Args:
        comparisons: of the study.
        seeds: of the comparisons that name none.
    """
    arms: dict[Arm, dict[int, None]] = {}
    for comparison in comparisons:
        for task in comparison.tasks:
            for clips in comparison.clips:
                for recipe in comparison.recipes:
                    arm = Arm(task, clips, recipe, comparison.length)
                    own = dict.fromkeys(comparison.seeds or seeds)
                    arms.setdefault(arm, {}).update(own)
    return {arm: tuple(own) for arm, own in arms.items()}


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
    """Optimizer steps of a training of length 1, whatever its corpus.

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
        updates: optimizer steps of a training of length 1.
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
            trained = self.arms.get(Arm(task, tested.clips, tested.recipe), ())
            if self.comparisons and not set(self.seeds) <= set(trained):
                raise InputError(
                    f"test_time: no comparison trains {task} under {tested.recipe} on "
                    f"{tested.clips} clips"
                )

    @property
    def arms(self) -> dict[Arm, tuple[int, ...]]:
        """All that is trained: each arm with its seeds."""
        return arms_of(self.comparisons, self.seeds)

    def optimization(
        self, task: Task, clips: int, length: int, own: Optimization
    ) -> Optimization:
        """A task's optimisation, at the study's length.

        Every training of one length takes the same number of steps, so that a larger
        corpus is seen less often and not longer.

        Args:
            task: captioning or retrieval.
            clips: of the training corpus.
            length: of the training, in multiples of `updates`.
            own: the task's optimisation elsewhere.
        """
        steps = -(-clips // own.batch_size)
        epochs = max(1, round(length * getattr(self.updates, task) / steps))
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
