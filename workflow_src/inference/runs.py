"""Which trained model a word means: the RUN of a command.

- A folder: of a run, or one that `export` wrote.
- A run's name, looked for below `runs/`: `all`, `retrieval/all`, `embedded-demo/all`,
  `all/seed21`; enough of `<corpus>/<task>/<recipe>/seed<k>` to tell it from others. Of
  several seeds the lowest is meant.
- A model on the Hugging Face hub: `owner/name`, or `owner/name@revision`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.inference.hub import HUB_NAME, fetch
from workflow_src.models.run_folder import HALF, MODEL, SETTINGS

TASKS = ("captioning", "retrieval")
MOST_LISTED = 12  # names in an error


@dataclass(frozen=True, order=True)
class TrainedRun:
    """A finished training below `runs/`.

    Attributes:
        corpus: folder name of the corpus.
        task: captioning or retrieval.
        recipe: its name.
        seed: of the training.
        folder: of the run.
    """

    corpus: str
    task: str
    recipe: str
    seed: int
    folder: Path

    @property
    def parts(self) -> tuple[str, ...]:
        """What a name may hold, in this order."""
        return (self.corpus, self.task, self.recipe, f"seed{self.seed}")

    @property
    def training(self) -> tuple[str, ...]:
        """What it shares with its other seeds."""
        return self.parts[:3]


def find_run(
    run: str | Path, task: str | None = None, root: str | Path = "runs"
) -> Path:
    """The folder of a trained model.

    Args:
        run: a folder, a name, or a name on the hub: see the top of this file.
        task: captioning or retrieval, where only one will do.
        root: where runs are looked for by name.

    Raises:
        InputError: there is no such model, or the name fits several; the sentence
            lists what there is.
    """
    folder = Path(run)
    if (folder / SETTINGS).is_file():
        return folder
    if isinstance(run, Path) or folder.is_absolute():
        raise InputError(f"{run} is no run's folder: it has no {SETTINGS}")
    runs = [one for one in trained_runs(Path(root)) if task in (None, one.task)]
    wanted = [part for part in run.split("/") if part not in ("", ".")]
    fitting = [one for one in runs if _is_within(wanted, one.parts)]
    if fitting:
        return _only_training(run, fitting).folder
    if HUB_NAME.fullmatch(run) and not folder.exists():
        return fetch(run)
    kind = f"{task} run" if task else "run"
    known = _names(runs)
    there = f"there are: {known}" if known else "there is none"
    raise InputError(f"{run} is no run's folder, and no {kind} in {root}/; {there}")


def trained_runs(root: Path) -> list[TrainedRun]:
    """All finished trainings of a captioner or a retriever below a folder."""
    found = []
    for folder in root.glob("*/*/*/seed*"):
        corpus, task, recipe, seed = folder.parts[-4:]
        number = re.fullmatch(r"seed(\d+)", seed)
        usable = any((folder / name).is_file() for name in (MODEL, HALF))
        if task in TASKS and number and usable and (folder / SETTINGS).is_file():
            found.append(TrainedRun(corpus, task, recipe, int(number[1]), folder))
    return sorted(found)


def _only_training(name: str, fitting: Sequence[TrainedRun]) -> TrainedRun:
    """The run with the lowest seed, if all are of one training."""
    if len({one.training for one in fitting}) > 1:
        raise InputError(f"{name} could be any of these: {_names(fitting)}")
    return min(fitting)


def _is_within(wanted: Sequence[str], parts: Iterable[str]) -> bool:
    """Whether `wanted` is not empty and is among `parts`, in their order."""
    rest = iter(parts)
    return bool(wanted) and all(part in rest for part in wanted)


def _names(runs: Iterable[TrainedRun]) -> str:
    names = list(dict.fromkeys("/".join(one.training) for one in runs))
    more = len(names) - MOST_LISTED
    shown = ", ".join(names[:MOST_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown
