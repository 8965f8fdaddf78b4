"""The step `study`: all tables and figures of the study from its finished runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.corpus.embedded.pairs import held_out
from workflow_src.corpus.pairs import read_pairs, read_references
from workflow_src.csv_files import read_csv
from workflow_src.files import write_atomically
from workflow_src.study.curves import curves_table
from workflow_src.study.effects import (
    ALL,
    METRICS,
    Part,
    Studied,
    effects_table,
    test_time_table,
)
from workflow_src.study.figures import draw_curves, draw_effects
from workflow_src.study.language import language_table
from workflow_src.study.settings import StudySettings, arms_of


def write_study(
    settings: StudySettings,
    *,
    runs: Path,
    references: Path,
    train_captions: Path,
    tags: Path | None = None,
    output: Path,
) -> None:
    """Write the tables and figures of the study.

    Args:
        settings: what was trained.
        runs: folder of all its trainings.
        references: the captions of the test split.
        train_captions: of the training split.
        tags: events of the test clips (embedded corpus only): clips with a combination
            that no training clip has are then shown by themselves.
        output: folder.
    """
    arms = arms_of(settings.comparisons, settings.seeds)
    parts = [Part(ALL, None), *([] if tags is None else combinations(tags))]
    studied = Studied(settings, runs, parts)
    effects = effects_table(studied)
    curves = curves_table(arms, runs)
    language = language_table(
        arms,
        runs,
        read_references(references),
        [caption for _, caption in read_pairs(train_captions)],
        parts,
    )
    tables = {
        "effects.csv": effects,
        "captions.csv": language,
        "curves.csv": curves,
        "test_time.csv": test_time_table(studied),
    }
    for name, table in tables.items():
        write_atomically(output / name, table.to_csv(index=False))
    write_atomically(output / "effects.md", in_markdown(effects))
    draw_effects(effects, [output / "effects.png", output / "effects.svg"])
    draw_curves(curves, [output / "curves.png", output / "curves.svg"])


def combinations(tags: Path) -> list[Part]:
    """Test clips with a combination of events that no training clip has, and others.

    Args:
        tags: columns file_name, tags; events joined by `|`.
    """
    new: set[str] = set()
    old: set[str] = set()
    for _, row in read_csv(tags, ("file_name", "tags")):
        kinds = sorted(set(row["tags"].split("|")))
        unheard = any(held_out(a, b) for a in kinds for b in kinds if a < b)
        (new if unheard else old).add(row["file_name"])
    return [
        Part("new combinations", frozenset(new)),
        Part("heard combinations", frozenset(old)),
    ]


def in_markdown(effects: pd.DataFrame) -> str:
    """The main metrics of every comparison, as a person reads them.

    A cell: mean of the seeds, and the difference to the baseline with its 95 %
    interval; `*` where it is significant after correction.
    """
    lines = []
    for name, own in effects[effects["part"] == ALL].groupby("comparison", sort=False):
        for task, rows in own.groupby("task", sort=False):
            metrics = [m for m in METRICS[str(task)] if (rows["metric"] == m).any()]
            about = f"seeds: {rows['seeds'].iloc[0]}"
            if (length := rows["length"].iloc[0]) > 1:
                about += f"; trainings {length} times as long"
            lines += ["", f"**{name}, {task}** ({about})", ""]
            lines.append("| training clips | recipe | " + " | ".join(metrics) + " |")
            lines.append("|---:|---|" + "---:|" * len(metrics))
            for (clips, recipe), cells in rows.groupby(
                ["train_clips", "recipe"], sort=False
            ):
                by_metric = cells.set_index("metric")
                shown = [_cell(by_metric.loc[m]) for m in metrics]
                lines.append(f"| {clips} | {recipe} | " + " | ".join(shown) + " |")
    return "\n".join(lines).lstrip() + "\n"


def _cell(row: pd.Series) -> str:
    mean = f"{row['mean']:.1f}"
    if pd.isna(row.get("difference")):
        return mean
    mark = row["significant"] if isinstance(row["significant"], str) else ""
    return (
        f"{mean} ({row['difference']:+.1f} [{row['low']:.1f}, {row['high']:.1f}]{mark})"
    )
