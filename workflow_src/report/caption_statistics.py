"""`caption_statistics.csv`: what the captions of the tables' captioners are like.

The metrics of the tables compare captions with references by their n-grams. This
table says what they leave out: how many words a captioner uses, how often it repeats
itself, how long it talks, and how close it comes in meaning. A person's captions
stand below: the first reference of each clip, against the clip's other ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pandas as pd

from workflow_src.corpus.pairs import read_pairs, read_references
from workflow_src.files import write_atomically
from workflow_src.metrics import sentence_similarity
from workflow_src.metrics.caption_statistics import NAMES, caption_statistics
from workflow_src.report.clip_captions import read_said
from workflow_src.report.rows import DECIMALS
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.settings import CaptionStatisticsSettings

PERSON = "a person: the first reference, against the others"
FIRST = ("table", "method", "recipe", "clips", "seeds")  # columns that name a row
Captions = Mapping[str, str]  # clip -> caption
References = Mapping[str, Sequence[str]]


def write_caption_statistics(
    settings: CaptionStatisticsSettings,
    *,
    scores: list[Path],
    references: Path,
    train_captions: Path,
    output: Path,
) -> None:
    """Write the table of what captions are like.

    Args:
        settings: whose captions.
        scores: `scores.json` of every evaluation; captions lie beside them.
        references: captions of the test split.
        train_captions: of the training split.
        output: the CSV.
    """
    table = statistics_table(
        settings,
        ScoredRuns(scores),
        read_references(references),
        [caption for _, caption in read_pairs(train_captions)],
    )
    write_atomically(output, table.to_csv(index=False))
    print(table.to_string(index=False))


def statistics_table(
    settings: CaptionStatisticsSettings,
    scored: ScoredRuns,
    references: References,
    training: Sequence[str],
) -> pd.DataFrame:
    """Make the table: a row a captioner of each table, then a person.

    Columns: table, method, recipe, clips, seeds; each figure, the mean over seeds,
    with `<figure> sd` where there are several; then what the scores are of.

    Args:
        settings: whose captions.
        scored: all evaluations.
        references: clip -> its captions.
        training: captions of the training split.

    Raises:
        InputError: a captioner was not evaluated, or lacks a clip.
    """
    systems = list(dict.fromkeys((row.recipe, row.tta) for row in settings.rows))
    folders = {
        system: scored.folders("captioning", *system, settings.seeds)
        for system in systems
    }
    said = {
        (system, seed): _said(folder, system[1])
        for system, own in folders.items()
        for seed, folder in zip(settings.seeds, own, strict=True)
    }
    figures = describe(said, references, training, settings.similarity)
    records: list[dict[str, Any]] = []
    for row in settings.rows:
        system = (row.recipe, row.tta)
        own = [figures[system, seed] for seed in settings.seeds]
        records.append(
            {"table": row.table, "method": row.method, "recipe": row.recipe}
            | {"clips": len(references), "seeds": len(settings.seeds)}
            | _over_seeds(own)
            | scored.origin(["captioning"], *system, settings.seeds)
        )
    about = {key: records[0][key] for key in ("corpus", "scale", "split")}
    if all(len(texts) > 1 for texts in references.values()):
        person = {clip: texts[0] for clip, texts in references.items()}
        others = {clip: texts[1:] for clip, texts in references.items()}
        spoken = describe({PERSON: person}, others, training, settings.similarity)
        counted = {"method": PERSON, "clips": len(references)}
        records.append(counted | _over_seeds([spoken[PERSON]]) | about)
    # Whole numbers also where a person has no seed.
    return pd.DataFrame(records).astype({"seeds": "Int64"})


def describe(
    said: Mapping[Any, Captions],
    references: References,
    training: Sequence[str],
    similarity: bool,
) -> dict[Any, dict[str, float]]:
    """The figures of each system's captions, by the names that tables print.

    Args:
        said: system -> clip -> caption.
        references: clip -> its captions.
        training: captions of the training split.
        similarity: whether the sentence similarity is among them.
    """
    figures = {
        system: caption_statistics(captions, references, training).by_name()
        for system, captions in said.items()
    }
    if similarity:
        names = {str(number): system for number, system in enumerate(said)}
        by_name = {name: said[system] for name, system in names.items()}
        scores = sentence_similarity.score_many(by_name, references)
        for name, system in names.items():
            figures[system][sentence_similarity.NAME] = 100 * mean(scores[name])
    return figures


def figure_names(table: pd.DataFrame) -> list[str]:
    """The figures that such a table has, in their order."""
    names = [*NAMES.values(), sentence_similarity.NAME]
    return [name for name in names if name in table]


def _said(folder: Path, point: str | None) -> Captions:
    """Captions of an evaluation; those of a grid lie together in one file above."""
    return read_said(folder if point is None else folder.parent, point)


def _over_seeds(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in figures[0]:
        values = [own[name] for own in figures]
        row[name] = round(mean(values), DECIMALS)
        if len(values) > 1:
            row[f"{name} sd"] = round(stdev(values), DECIMALS)
    return row
