"""The evaluations behind a table, keyed by what was evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.evaluation.scores import Scores, read_scores

# Task, recipe, point of test-time augmentation, seed.
EvaluationKey = tuple[str, str, str | None, int]


def read_evaluation(path: Path) -> Scores:
    """Read the `scores.json` of an evaluation.

    Raises:
        InputError: it is missing, or damaged: says what to delete.
    """
    try:
        return read_scores(path)
    except (InputError, UnicodeDecodeError) as error:
        if not path.exists():
            raise
        reason = str(error) if isinstance(error, InputError) else f"{path} is not UTF-8"
        raise InputError(
            f"{reason}; delete {path}, and the evaluation scores again"
        ) from None


class ScoredRuns:
    """Evaluations by task, recipe, point of test-time augmentation and seed.

    Args:
        paths: `scores.json` files, in any order.

    Raises:
        InputError: a file is missing or damaged, two say that they are the same, or
            they are of several corpora or splits.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._folders: dict[EvaluationKey, Path] = {}
        self._scores: dict[EvaluationKey, Scores] = {}
        for path in paths:
            scores = read_evaluation(path)
            own = scores.evaluated
            key = (own.task, own.recipe, own.tta, own.seed)
            if key in self._folders:
                raise InputError(
                    f"{path} and {self._folders[key]} are of the same evaluation"
                )
            self._folders[key] = path.parent
            self._scores[key] = scores
        if not self._scores:
            raise InputError("no scores.json is given")
        for what in ("corpus", "corpus_id", "scale", "split"):
            values = {getattr(s.evaluated, what) for s in self._scores.values()}
            if len(values) > 1:
                raise InputError(
                    f"the scores are of more than one {what}: "
                    f"{', '.join(sorted(values))}"
                )

    def folders(
        self, task: str, recipe: str, tta: str | None, seeds: Sequence[int]
    ) -> list[Path]:
        """Folder of each seed's evaluation.

        Args:
            task: captioning or retrieval.
            recipe: of the trainings.
            tta: point of test-time augmentation; None: without.
            seeds: of the trainings.

        Raises:
            InputError: one is not there.
        """
        return [self._folders[self._key(task, recipe, tta, seed)] for seed in seeds]

    def origin(
        self, tasks: Iterable[str], recipe: str, tta: str | None, seeds: Sequence[int]
    ) -> dict[str, str]:
        """Columns that say of what a row of a table is.

        Args:
            tasks: that the row shows.
            recipe: of the trainings.
            tta: point of test-time augmentation; None: without.
            seeds: of the trainings.

        Returns:
            corpus, scale, split, settings (digests of the trainings' settings), and
            version (of the code that trained the models).

        Raises:
            InputError: an evaluation is not there.
        """
        evaluated = [
            self._scores[self._key(task, recipe, tta, seed)].evaluated
            for task in tasks
            for seed in seeds
        ]
        return {
            "corpus": evaluated[0].corpus,
            "scale": evaluated[0].scale,
            "split": evaluated[0].split,
            "settings": " ".join(dict.fromkeys(own.settings for own in evaluated)),
            "version": " ".join(dict.fromkeys(own.version for own in evaluated)),
        }

    def _key(self, task: str, recipe: str, tta: str | None, seed: int) -> EvaluationKey:
        key = (task, recipe, tta, seed)
        if key not in self._folders:
            with_tta = f" with {tta}" if tta else ""
            raise InputError(
                f"no scores of {task}, recipe {recipe}{with_tta}, seed {seed} are given"
            )
        return key
