"""`scores.json`: the corpus scores of one evaluation, and what was evaluated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.models.run_folder import RunRecord
from workflow_src.settings import Settings, digest, plain, read_json

SCORES_FILE = "scores.json"
# Beside it: scores by clip (captioning) and ranks by query (retrieval).
CLIP_FILES = {"captioning": "clips.csv", "retrieval": "ranks.csv"}
# Of captioning: the counts by clip of which BLEU and METEOR of a corpus are made.
STATISTICS_FILE = "statistics.csv"
# All that a method's figures and their intervals are made from, in a run's folder.
SCORE_FILES = {
    "captioning": (SCORES_FILE, CLIP_FILES["captioning"], STATISTICS_FILE),
    "retrieval": (SCORES_FILE, CLIP_FILES["retrieval"]),
}


@dataclass(frozen=True)
class Evaluated(Settings):
    """What was evaluated, on what.

    Attributes:
        task: captioning or retrieval.
        recipe: of the training.
        seed: of the training.
        split: whose clips were asked about.
        tta: point of the grid of test-time augmentation; None: without.
        corpus: name of the corpus that the model was trained on.
        scale: of it.
        settings: digest of the training's settings.
        version: of the code that trained the model.
        corpus_id: tells the corpus from others of its name and scale.
    """

    task: Literal["captioning", "retrieval"]
    recipe: str
    seed: int
    split: str
    tta: str | None
    corpus: str
    scale: str
    settings: str
    version: str
    corpus_id: str = ""

    @classmethod
    def of(cls, record: RunRecord, split: str, tta: str | None = None) -> Evaluated:
        """Say what an evaluation of a run is.

        Args:
            record: of the run.
            split: whose clips are asked about.
            tta: point of the grid of test-time augmentation, or None.

        Raises:
            InputError: the run is a pre-training.
        """
        if record.task == "pretraining":
            raise InputError("the pre-training of an encoder has no scores")
        return cls(
            task=record.task,
            recipe=str(record.settings["recipe"]["name"]),
            seed=int(record.settings["seed"]),
            split=split,
            tta=tta,
            corpus=record.corpus.label,
            scale=record.corpus.scale,
            settings=digest(record.settings),
            version=str(record.code),
            corpus_id=digest(record.corpus, 6),
        )


@dataclass(frozen=True)
class Scores(Settings):
    """The content of `scores.json`.

    Attributes:
        evaluated: what was evaluated.
        clips: N.
        metrics: metric -> score in the paper's unit: per cent, or a rank.
        java: version of the Java that tokenised the captions and ran METEOR and the
            official SPICE; None: no Java was needed, or the file is older than this.
    """

    evaluated: Evaluated
    clips: int
    metrics: dict[str, float] = field(default_factory=dict)
    java: str | None = None


def write_scores(
    folder: Path,
    evaluated: Evaluated,
    clips: int,
    metrics: Mapping[str, float],
    java: str | None = None,
) -> None:
    """Write `scores.json` of an evaluation; its arguments are those of `Scores`."""
    content = plain(Scores(evaluated, clips, dict(metrics), java))
    write_atomically(folder / SCORES_FILE, json.dumps(content, indent=2) + "\n")


def read_scores(path: Path) -> Scores:
    """Read a `scores.json`.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    return read_json(Scores, text, str(path))
