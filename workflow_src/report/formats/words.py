"""What is said about a table: its caption, its column heads, its figures as text.

Plain text; each form escapes it in its own way.
"""

from __future__ import annotations

from workflow_src.report.formats.model import (
    PUBLISHED_CORPUS,
    Column,
    Figure,
    Interval,
    Table,
)

TITLES = {
    "table1": "Automated audio captioning",
    "table2": "Audio-text retrieval",
    "table3": "Augmentations of audio, of text and of both",
    "table4": "Designs of mixing",
    "figure4": "Test-time augmentation over the number of views",
    "sweep": "Share K of generated samples, and λ",
}
MINUS = "−"


def subject(table: Table) -> str:
    """Say what a table is about."""
    return TITLES.get(table.name, table.name)


def title(table: Table) -> str:
    """Name a table: `Table 3. Augmentations …`."""
    kind, number = table.name[:-1], table.name[-1]
    if kind in ("table", "figure") and number.isdigit():
        return f"{kind.capitalize()} {number}. {subject(table)}"
    return subject(table)


def corpus_name(table: Table) -> str:
    """Name the corpus of our figures: AudioCaps as the paper writes it."""
    corpus = table.origin("corpus")
    return PUBLISHED_CORPUS if corpus == "audiocaps" else corpus


def whose(table: Table, column: Column) -> tuple[str, str, str]:
    """Say whose figures a column has, of which corpus and at which scale."""
    if column.paper:
        return "paper", PUBLISHED_CORPUS, ""
    return "ours", corpus_name(table), f"{table.origin('scale')} scale"


def origin(table: Table, column: Column) -> str:
    """The same in one line: `ours: embedded, demo scale`."""
    own, *of = whose(table, column)
    return f"{own}: {', '.join(part for part in of if part)}"


def heading(column: Column) -> str:
    """Metric with an arrow to its better side."""
    return f"{column.metric} {'↓' if column.falls else '↑'}"


def caption(table: Table) -> list[str]:
    """Everything that a reader must know to read a table, a sentence an item."""
    return [
        f"{title(table)}.",
        *_origin(table),
        *_figures(table),
        *_certainty(table),
    ]


def _origin(table: Table) -> list[str]:
    clips = list(dict.fromkeys(method.counts["clips"] for method in table.methods))
    corpus, scale, split = map(table.origin, ("corpus", "scale", "split"))
    sentences = [
        f"Our figures: {corpus_name(table)} corpus at {scale} scale, {split} split, "
        f"{' or '.join(clips)} clips, {_seeds(table)}."
    ]
    if corpus != "audiocaps":
        paper = " The paper's, beside them, are." if _has_paper(table) else ""
        sentences.append(f"They are not of {PUBLISHED_CORPUS}.{paper}")
    elif scale != "paper":
        sentences.append(f"The models of {scale} scale are smaller than the paper's.")
    if scale == "smoke":
        sentences.append("Figures of smoke scale mean nothing: it tests the workflow.")
    return sentences


def _has_paper(table: Table) -> bool:
    return any(column.paper for column in table.columns)


def _seeds(table: Table) -> str:
    if table.seeds == 1:
        return "one training a method"
    return f"mean ± standard deviation of {table.seeds} trainings a method"


def _figures(table: Table) -> list[str]:
    sentences = ["Per cent, arrows to the better side."]
    if any(column.falls for column in table.columns):
        sentences = ["Per cent, but meanR and medR are ranks; arrows: the better side."]
    if any(metric.endswith("-py") for metric in table.metrics):
        sentences.append(
            "SPICE-py, and so SPIDEr-py, is an offline approximation: not to be "
            "compared with SPICE and SPIDEr."
        )
    return sentences


def _certainty(table: Table) -> list[str]:
    if not table.comparisons:
        return []
    kinds = {method.resampled for method in table.methods if method.resampled}
    sentences = [
        "Below a figure: its difference to the first method that has it, with the "
        f"95 % interval of a paired bootstrap over {' or '.join(sorted(kinds))}.",
        "*: p < 0.05 after Holm's correction for all "
        f"{table.comparisons} differences of this table.",
    ]
    if "CIDEr" in table.metrics:
        sentences.append(
            "Drawn test sets keep the document frequencies that CIDEr has of the "
            "whole one."
        )
    if kinds == {"clips"}:
        sentences.append(
            "The interval is of the test set alone: it tells nothing about another "
            "training of the same method."
        )
    return sentences


def figure_text(figure: Figure) -> str:
    """`27.90`, or `27.90 ± 0.51` over seeds."""
    text = number(figure.value)
    if figure.deviation is None:
        return text
    return f"{text} ± {number(figure.deviation)}"


def interval_text(interval: Interval) -> str:
    """`+1.20 [−0.50, 2.90]`."""
    low, high = number(interval.low), number(interval.high)
    return f"{signed(interval.difference)} [{low}, {high}]"


def signed(value: float) -> str:
    """A difference, with its sign."""
    text = number(value)
    return text if text.startswith(MINUS) or not float(text) else f"+{text}"


def number(value: float) -> str:
    """Two decimals, as tables print scores; never a minus before zero."""
    text = f"{value:.2f}"
    if not float(text):
        return "0.00"
    return text.replace("-", MINUS)


def published(value: float) -> str:
    """A figure of the paper, with its one decimal."""
    return f"{value:.1f}"


def direction(column: Column, interval: Interval) -> str:
    """`better`, `worse` or `unsure`: which way a difference goes for sure."""
    if not interval.significant or not interval.difference:
        return "unsure"
    return "better" if (interval.difference < 0) == column.falls else "worse"
