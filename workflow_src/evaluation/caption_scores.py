"""Scores of what a trained captioner said: no model and no torch is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from workflow_src.corpus.pairs import read_references
from workflow_src.evaluation.scores import (
    CLIP_FILES,
    STATISTICS_FILE,
    Evaluated,
    write_scores,
)
from workflow_src.files import write_atomically
from workflow_src.metrics import captioning, java, spice
from workflow_src.models.run_folder import read_record

SpiceKind = Literal["auto", "java", "python", "none"]


def score_captions(
    *,
    run: Path,
    candidates: Path,
    references: Path,
    split: str = "test",
    spice_kind: SpiceKind,
    corenlp: Path | None = None,
    spice_cache: Path,
    meteor_tables: Path,
    output: Path,
) -> None:
    """Score a captioner's captions of a split.

    Args:
        run: folder of the captioner.
        candidates: its captions: columns file_name, caption.
        references: the captions of the split.
        split: their name.
        spice_kind: auto, java, python or none.
        corenlp: folder of the official SPICE's parser.
        spice_cache: database of parsed captions.
        meteor_tables: folder of METEOR's tables for the references.
        output: folder that gets `scores.json`, `clips.csv`, `statistics.csv`.
    """
    table = read_captions_file(candidates)
    systems = {"": dict(zip(table["file_name"], table["caption"], strict=True))}
    _score(
        systems,
        read_references(references),
        spice.of_workflow(spice_kind, corenlp, spice_cache),
        meteor_tables,
        Evaluated.of(read_record(run), split),
        output,
    )


def score_caption_grid(
    *,
    run: Path,
    candidates: Path,
    references: Path,
    spice_kind: SpiceKind,
    corenlp: Path | None = None,
    spice_cache: Path,
    meteor_tables: Path,
    output: Path,
) -> None:
    """Score a captioner's captions at every point of test-time augmentation.

    Args:
        run: folder of the captioner.
        candidates: its captions: columns point, file_name, caption.
        references: the captions of the test split.
        spice_kind: auto, java, python or none.
        corenlp: folder of the official SPICE's parser.
        spice_cache: database of parsed captions.
        meteor_tables: folder of METEOR's tables for the references.
        output: folder that gets a folder a point, with these files.
    """
    systems = {
        str(point): dict(zip(own["file_name"], own["caption"], strict=True))
        for point, own in read_captions_file(candidates).groupby("point")
    }
    _score(
        systems,
        read_references(references),
        spice.of_workflow(spice_kind, corenlp, spice_cache),
        meteor_tables,
        Evaluated.of(read_record(run), "test"),
        output,
    )


def prepare_references(
    *,
    references: Path,
    spice_kind: SpiceKind,
    corenlp: Path | None = None,
    spice_cache: Path,
    meteor_tables: Path,
    done: Path,
) -> None:
    """Prepare a split's references for METEOR and SPICE, once for all runs.

    Args:
        references: the captions of the split.
        spice_kind: auto, java, python or none.
        corenlp: folder of the official SPICE's parser.
        spice_cache: database of parsed captions.
        meteor_tables: folder of METEOR's tables for the references.
        done: is written at the end.
    """
    captioning.prepare_references(
        read_references(references),
        spice.of_workflow(spice_kind, corenlp, spice_cache),
        meteor_tables,
    )
    write_atomically(done, "")


def read_captions_file(path: Path) -> pd.DataFrame:
    """Read captions as text: an empty caption and "nan" are captions too."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _score(
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, list[str]],
    spice_settings: spice.Settings,
    meteor_tables: Path,
    evaluated: Evaluated,
    output: Path,
) -> None:
    """Score what several systems said of the same clips, each into its own folder.

    `clips.csv` has the score of each clip, as a fraction; `statistics.csv` the counts
    of which BLEU and METEOR of a corpus are made; `scores.json` the scores of the
    corpus in the paper's unit, per cent.
    """
    evaluations = captioning.evaluate_many(
        systems, references, spice_settings, meteor_tables
    )
    for system, evaluation in evaluations.items():
        folder = output / system
        by_clip = {name: own for name, (_, own) in evaluation.scores.items()}
        for file, columns in (
            (CLIP_FILES["captioning"], by_clip),
            (STATISTICS_FILE, evaluation.statistics),
        ):
            table = pd.DataFrame(columns)
            table.insert(0, "file_name", list(references))
            write_atomically(folder / file, table.to_csv(index=False))
        scores = evaluation.scores.items()
        corpus = {name: 100 * score for name, (score, _) in scores}
        own = replace(evaluated, tta=system or None)
        write_scores(folder, own, len(references), corpus, java.full_version())
