"""Scores of what a trained captioner said: no model and no torch is needed."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from workflow_src.corpus.pairs import read_references
from workflow_src.evaluation.scores import write_scores
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.metrics import captioning, spice

# METEOR's tables for the references, below the project's root.
METEOR_TABLES = Path("data") / "meteor"


def evaluate(
    config: Mapping, layout: Layout, recipe: str, seed: int, split: str = "test"
) -> None:
    """Score `captions.csv` of a run: `scores.json`, and `clips.csv` clip by clip."""
    folder = layout.evaluated("captioning", recipe, seed, split)
    said = read_said(folder / "captions.csv").set_index("file_name")["caption"]
    references = read_references(layout.captions(split))
    score_systems(config, {folder.name: said.to_dict()}, references, folder.parent)


def evaluate_grid(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Score `tta/captions.csv`, all points at once, into a folder each."""
    folder = layout.run("captioning", recipe, seed) / "tta"
    systems = {
        point: dict(zip(own["file_name"], own["caption"], strict=True))
        for point, own in read_said(folder / "captions.csv").groupby("point")
    }
    score_systems(config, systems, read_references(layout.captions("test")), folder)


def prepare_references(config: Mapping, layout: Layout, split: str = "test") -> None:
    """Prepare a split's references, once for all the runs to be scored."""
    references = read_references(layout.captions(split))
    captioning.prepare_references(references, spice.chosen(config), METEOR_TABLES)


def read_said(path: Path) -> pd.DataFrame:
    """Read what a model said, as text: an empty caption and "nan" are captions too."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def score_systems(
    config: Mapping,
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, list[str]],
    parent: Path,
) -> None:
    """Score what several systems said of the same clips, each into its own folder.

    `clips.csv` has the score of each clip, as a fraction; `scores.json` those of
    the corpus in the paper's unit, per cent.
    """
    scored = captioning.score_many(
        systems, references, spice.chosen(config), METEOR_TABLES
    )
    for system, scores in scored.items():
        clips = pd.DataFrame({name: own for name, (_, own) in scores.items()})
        clips.insert(0, "file_name", list(references))
        write_atomically(parent / system / "clips.csv", clips.to_csv(index=False))
        metrics = {name: 100 * corpus for name, (corpus, _) in scores.items()}
        write_scores(parent / system, len(references), metrics)
