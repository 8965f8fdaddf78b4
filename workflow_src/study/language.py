"""`captions.csv`: what the study's captioners write, beside how well it matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.evaluation.caption_scores import read_captions_file
from workflow_src.metrics.caption_statistics import caption_statistics
from workflow_src.metrics.uncertainty import over_seeds
from workflow_src.report.rows import DECIMALS
from workflow_src.study.effects import Part
from workflow_src.study.files import run_folder
from workflow_src.study.settings import Arm

CAPTIONS = "captions.csv"  # of a captioner's run: what it says of the test clips


def language_table(
    arms: Mapping[Arm, tuple[int, ...]],
    runs: Path,
    references: Mapping[str, list[str]],
    training_captions: Sequence[str],
    parts: Sequence[Part],
) -> pd.DataFrame:
    """Describe the captions of every recipe, mean over the seeds.

    Columns: train_clips, length, recipe, part, seeds, then those of
    `workflow_src.metrics.caption_statistics` with the deviation over seeds of the share
    of training captions repeated word for word.

    Args:
        arms: what was trained, with its seeds.
        runs: folder of all trainings.
        references: captions of each test clip.
        training_captions: of the training split, in its order, a clip each.
        parts: of the test clips.
    """
    records: list[dict[str, Any]] = []
    for arm, seeds in arms.items():
        if arm.task != "captioning":
            continue
        said = [_said(run_folder(runs, arm, seed)) for seed in seeds]
        for part in parts:
            of_part = {
                name: texts
                for name, texts in references.items()
                if part.clips is None or name in part.clips
            }
            known = training_captions[: arm.clips]
            by_seed = pd.DataFrame(
                [
                    caption_statistics(
                        {name: own[name] for name in of_part}, of_part, known
                    ).by_name()
                    for own in said
                ]
            )
            record: dict[str, Any] = {
                "train_clips": arm.clips,
                "length": arm.length,
                "recipe": arm.recipe,
                "part": part.name,
                "seeds": len(said),
            }
            for name in by_seed:
                mean, deviation = over_seeds([float(value) for value in by_seed[name]])
                record[str(name)] = round(mean, DECIMALS)
                if deviation is not None:
                    record[f"{name} sd"] = round(deviation, DECIMALS)
            records.append(record)
    return pd.DataFrame(records)


def _said(folder: Path) -> dict[str, str]:
    table = read_captions_file(folder / CAPTIONS)
    return dict(zip(table["file_name"], table["caption"], strict=True))
