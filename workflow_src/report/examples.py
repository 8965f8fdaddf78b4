"""Figure 3: what the captioners say of a few test clips, none of them picked by hand.

The paper shows clips whose events overlap. Here those are clips of which most
references join events by a word of simultaneity. Of these the first of a random order
are taken, and beside them the first of all clips.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_src.corpus.pairs import read_references
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import SCORES_FILE, Evaluated, read_scores
from workflow_src.files import write_atomically
from workflow_src.report.clip_captions import read_said
from workflow_src.report.formats.latex import escaped as latex_text
from workflow_src.report.formats.markdown import escaped as markdown_text
from workflow_src.report.formats.tidy import disarmed
from workflow_src.report.sample import shuffled
from workflow_src.report.settings import ExampleSettings

SIMULTANEOUS = re.compile(r"\b(while|as|with|over|during|amid|and)\b", re.IGNORECASE)
# What makes one event follow the other.
CONSECUTIVE = re.compile(
    r"\b(then|follow(ed|s|ing)?|after|before|later|until|next)\b", re.IGNORECASE
)
OVERLAPPING, RANDOM = "overlapping events", "random"
RULE = (
    "Clips are drawn at random with a fixed seed, none picked by hand: first of those "
    "of which more than half of the references join events by while, as, with, over, "
    "during, amid or and, and have no word of succession; then of all clips."
)


@dataclass(frozen=True)
class Example:
    """A test clip: why it is here, its references, and what each system says."""

    group: str
    clip: str
    references: list[str]
    said: dict[str, str]


def write_examples(
    settings: ExampleSettings, *, scores: list[Path], captions: Path, output: Path
) -> None:
    """Write Figure 3: captions of a few test clips.

    Args:
        settings: which systems, how many clips.
        scores: `scores.json` of the captioners; their captions lie beside.
        captions: references of the test split.
        output: folder that gets `figure3.csv`, `.md` and `.tex`.
    """
    evaluated, said = _systems(settings, scores)
    found = choose(settings, said, read_references(captions))
    title = (
        f"Captions of test clips: {evaluated.corpus} corpus at {evaluated.scale} "
        f"scale, seed {evaluated.seed}."
    )
    write_atomically(output / "figure3.csv", as_csv(found, evaluated))
    write_atomically(output / "figure3.md", as_markdown(found, title))
    write_atomically(output / "figure3.tex", as_latex(found, title))


def overlaps(references: Sequence[str]) -> bool:
    """Whether more than half of a clip's references say that events overlap."""
    count = sum(
        bool(SIMULTANEOUS.search(text)) and not CONSECUTIVE.search(text)
        for text in references
    )
    return 2 * count > len(references)


def choose(
    settings: ExampleSettings,
    said: Mapping[str, Mapping[str, str]],
    references: Mapping[str, list[str]],
) -> list[Example]:
    """Choose the clips: first those with overlapping events, then any others.

    Args:
        settings: how many of each, and the seed.
        said: system -> clip -> caption.
        references: clip -> captions.

    Raises:
        InputError: a system lacks a clip.
    """
    order = shuffled(list(references), settings.seed)
    first = [clip for clip in order if overlaps(references[clip])][: settings.clips]
    others = [clip for clip in order if clip not in first][: settings.clips]
    found = []
    for group, clips in ((OVERLAPPING, first), (RANDOM, others)):
        for clip in clips:
            for system, own in said.items():
                if clip not in own:
                    raise InputError(f"{system} has no caption of clip {clip!r}")
            texts = {system: own[clip] for system, own in said.items()}
            found.append(Example(group, clip, references[clip], texts))
    return found


def _systems(
    settings: ExampleSettings, scores: Sequence[Path]
) -> tuple[Evaluated, dict[str, dict[str, str]]]:
    runs = {
        (own.task, own.recipe, own.tta): (own, folder)
        for own, folder in (
            (read_scores(path).evaluated, path.parent) for path in scores
        )
    }
    found, said = [], {}
    for system, recipe in settings.systems.items():
        key = ("captioning", recipe, None)
        if key not in runs:
            raise InputError(f"no {SCORES_FILE} of a captioner {recipe} is given")
        evaluated, folder = runs[key]
        found.append(evaluated)
        said[system] = read_said(folder)
    return found[0], said


def as_csv(examples: Sequence[Example], evaluated: Evaluated) -> str:
    """A row a clip and caption; texts that a spreadsheet would compute are disarmed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["group", "file_name", "whose", "caption", "corpus", "scale"])
    for own in examples:
        captions = [("reference", reference) for reference in own.references]
        for whose, caption in [*captions, *own.said.items()]:
            row = (
                own.group,
                own.clip,
                whose,
                caption,
                evaluated.corpus,
                evaluated.scale,
            )
            writer.writerow(map(disarmed, row))
    return text.getvalue()


def as_markdown(examples: Sequence[Example], title: str) -> str:
    """A table with a row a clip; one reference stands for all."""
    systems = list(examples[0].said) if examples else []
    heads = ["clip", "ground truth", *map(markdown_text, systems)]
    lines = [f"**{markdown_text(title)}** {markdown_text(RULE)}", ""]
    lines += [f"| {' | '.join(heads)} |", f"|{'|'.join([' --- '] * len(heads))}|"]
    for own in examples:
        cells = [
            f"{markdown_text(own.clip)}<br>{markdown_text(own.group)}",
            *(markdown_text(text) for text in (own.references[0], *own.said.values())),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def as_latex(examples: Sequence[Example], title: str) -> str:
    """A `figure*` with a block a clip."""
    lines = [
        "% figure3: made by the workflow, not by hand. Needs booktabs.",
        r"\begin{figure*}",
        r"\centering\footnotesize",
        r"\begin{tabular}{lp{0.78\textwidth}}",
        r"\toprule",
    ]
    for number, own in enumerate(examples):
        lines += [r"\midrule"] * bool(number)
        rows = [
            (own.group, own.clip),
            ("ground truth", own.references[0]),
            *own.said.items(),
        ]
        lines += [
            f"{latex_text(name)} & {latex_text(text)} \\\\" for name, text in rows
        ]
    return (
        "\n".join(
            [
                *lines,
                r"\bottomrule",
                r"\end{tabular}",
                rf"\caption{{{latex_text(title)} {latex_text(RULE)}}}",
                r"\end{figure*}",
            ]
        )
        + "\n"
    )
