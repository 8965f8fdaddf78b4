"""Everything that is known of the selected corpus's workflow at this moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from workflow_src.config import Config, evaluations, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.evaluation.scores import SCORES_FILE
from workflow_src.layout import FRONT_ENDS, Layout
from workflow_src.status.snakemake_log import Job, SnakemakeRun, alive, newest_run
from workflow_src.status.trainings import TrainingStatus, read_training

PRETRAINING = "pretraining"
# Rule -> the task that it trains.
RULES = {
    "train_captioning": "captioning",
    "train_retrieval": "retrieval",
    "pretrain": PRETRAINING,
}
RESULT_SUFFIX = ".csv"


@dataclass(frozen=True)
class Count:
    """How many of some things are done, and the names of those that are not."""

    done: int
    left: list[str]

    @property
    def total(self) -> int:
        """Of both."""
        return self.done + len(self.left)


@dataclass(frozen=True)
class Status:
    """The state of a corpus's workflow.

    Attributes:
        corpus: as its folders are called.
        now: when it was looked at.
        snakemake: the newest call of Snakemake, of any corpus; None: none yet.
        alive: whether that call runs now.
        trainings: those behind the tables, then others that have a folder.
        evaluations: those behind the tables and Figure 4.
        results: tables and Figure 4.
    """

    corpus: str
    now: datetime
    snakemake: SnakemakeRun | None
    alive: bool
    trainings: list[TrainingStatus]
    evaluations: dict[str, Count]
    results: Count

    @property
    def nothing_yet(self) -> bool:
        """Whether nothing was begun."""
        begun = any(own.state != "waiting" for own in self.trainings)
        evaluated = any(count.done for count in self.evaluations.values())
        return not (begun or evaluated or self.results.done or self.alive)

    def left(self) -> float | None:
        """Seconds until all trainings of the tables are done, an estimate.

        Those that are left take what an epoch of their task took so far, as many at a
        time as run now. None: no epoch was measured of a task that is left.
        """
        measured: dict[str, list[float]] = {}
        for own in self.trainings:
            if own.seconds is not None:
                measured.setdefault(own.task, []).append(own.seconds)
        whole, longest, side_by_side = 0.0, 0.0, 0
        for own in self.trainings:
            if own.state == "done":
                continue
            left = own.left(self.now)
            if left is None:
                if own.task not in measured:
                    return None
                seconds = measured[own.task]
                left = own.epochs * sum(seconds) / len(seconds)
            side_by_side += own.state == "running"
            whole, longest = whole + left, max(longest, left)
        return max(longest, whole / max(1, side_by_side))

    def end(self) -> datetime | None:
        """When the trainings end if it goes on like this; None: nothing runs."""
        left = self.left()
        if not self.alive or left is None:
            return None
        return self.now + timedelta(seconds=left)


def collect(config: Config, root: Path, now: datetime) -> Status:
    """Look at the folders and the newest log below a project's root.

    Args:
        config: resolved.
        root: of the project.
        now: the time.
    """
    layout = Layout(corpus_name(steps.corpus_identity(config)))
    run = newest_run(root)
    lives = run is not None and alive(run, root)
    jobs = _of_corpus(run.running.values(), layout) if run and lives else []
    return Status(
        layout.name,
        now,
        run,
        lives,
        _trainings(config, layout, root, jobs),
        _evaluations(config, layout, root),
        _results(config, layout, root),
    )


def _of_corpus(jobs: Iterable[Job], layout: Layout) -> list[Job]:
    return [job for job in jobs if Path(job.log).is_relative_to(layout.logs)]


def _trainings(
    config: Config, layout: Layout, root: Path, jobs: list[Job]
) -> list[TrainingStatus]:
    running = {_key(job) for job in jobs if job.rule in RULES}
    found = []
    for task, front_end in FRONT_ENDS.items():
        if steps.own_encoder(config, task):
            folder = root / layout.pretrained(task).parent
            epochs = config.pretraining.epochs
            runs = (PRETRAINING, front_end, None) in running
            found.append(
                read_training(folder, PRETRAINING, front_end, None, epochs, runs)
            )
    wanted = [
        (task, recipe, seed)
        for seed in config.seeds
        for task, recipe in dict.fromkeys(
            (task, recipe) for task, recipe, _ in evaluations.everything(config)
        )
    ]
    for task, recipe, seed in dict.fromkeys([*wanted, *_there(layout, root)]):
        epochs = getattr(config, task).training.epochs
        folder = root / layout.run(task, recipe, seed)
        runs = (task, recipe, seed) in running
        found.append(read_training(folder, task, recipe, seed, epochs, runs))
    return found


def _key(job: Job) -> tuple[str, str, int | None]:
    task, own = RULES[job.rule], job.wildcards
    if task == PRETRAINING:
        return task, own.get("front_end", ""), None
    return task, own.get("recipe", ""), int(own.get("seed", -1))


def _there(layout: Layout, root: Path) -> list[tuple[str, str, int]]:
    """Trainings with a folder: those of a sweep, or of seeds that the config had."""
    found = []
    for task in FRONT_ENDS:
        for folder in sorted((root / layout.runs / task).glob("*/seed*")):
            number = folder.name.removeprefix("seed")
            if number.isdigit():
                found.append((task, folder.parent.name, int(number)))
    return found


def _evaluations(config: Config, layout: Layout, root: Path) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for task in FRONT_ENDS:
        done, left = 0, []
        for own, recipe, point in evaluations.everything(config):
            for seed in config.seeds:
                if own != task:
                    continue
                folder = layout.evaluated(task, recipe, seed)
                if point is not None:
                    folder = layout.point(task, recipe, seed, point)
                if (root / folder / SCORES_FILE).exists():
                    done += 1
                else:
                    name = recipe if point is None else f"{recipe} with {point}"
                    left.append(f"{name} seed {seed}")
        counts[task] = Count(done, left)
    return counts


def _results(config: Config, layout: Layout, root: Path) -> Count:
    names = [*config.tables, "figure4"]
    left = [
        name
        for name in names
        if not (root / layout.results / f"{name}{RESULT_SUFFIX}").exists()
    ]
    return Count(len(names) - len(left), left)
