"""The top of the page: what was run, what helped, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from workflow_src.report.formats import words
from workflow_src.report.formats.model import (
    Column,
    Interval,
    Method,
    Table,
    task_of_metric,
)
from workflow_src.report.page.runs import Run

# The first that a table has stands for its task. SPICE-py's SPIDEr does not.
CAPTIONING = ("SPIDEr", "CIDEr")
RETRIEVAL = ("T2A R@10", "A2T R@10")
NAMES = {"T2A R@10": "text-to-audio R@10", "A2T R@10": "audio-to-text R@10"}
# Of an interval plot, in pixels: a label, the plot, a figure, and rows below a title.
LABEL, PLOT, FIGURE, ROW, TOP = 104.0, 190.0, 62.0, 24.0, 30.0
ADDED = "+ Multi-TTA"  # the row of test-time augmentation below those of Table 3


@dataclass(frozen=True)
class Line:
    """One method in an interval plot: places in pixels, and what is written."""

    label: str
    y: float
    low: float
    high: float
    point: float
    text: str
    spoken: str
    direction: str


@dataclass(frozen=True)
class Plot:
    """Differences of all methods in one metric.

    Attributes:
        title: metric and task.
        against: what the zero line is.
        width: of the picture, pixels.
        height: of it.
        zero: where the zero line is.
        ticks: place and text of each.
        lines: a method each.
        rule: height of the line above `ADDED`; None without it.
    """

    title: str
    against: str
    width: float
    height: float
    zero: float
    ticks: list[tuple[float, str]]
    lines: list[Line]
    rule: float | None


def headline_metrics(table: Table) -> list[str]:
    """The metrics of a table that stand for captioning and for retrieval."""
    captioning = [metric for metric in CAPTIONING if metric in table.metrics][:1]
    return captioning + [metric for metric in RETRIEVAL if metric in table.metrics]


def sentences(
    augmentations: Table, runs: Sequence[Run], training_clips: int | None
) -> list[str]:
    """Say what was run, and for each task who is ahead and how sure that is.

    Args:
        augmentations: Table 3.
        runs: all that were evaluated.
        training_clips: of the corpus; None: unknown.
    """
    found = [_what_was_run(augmentations, runs, training_clips)]
    for task in ("captioning", "retrieval"):
        clauses = [
            f"by {NAMES.get(metric, metric)}, {_standing(augmentations, metric)}"
            for metric in headline_metrics(augmentations)
            if task_of_metric(metric) == task
        ]
        if clauses:
            found.append(f"In {task}, {'; '.join(clauses)}.")
    return found


def _what_was_run(table: Table, runs: Sequence[Run], training_clips: int | None) -> str:
    trainings = {
        task: len({run.key[1::2] for run in runs if run.key[0] == task})
        for task in ("captioning", "retrieval")
    }
    seeds = "one seed" if table.seeds == 1 else f"{table.seeds} seeds"
    clips = "" if training_clips is None else f" on {training_clips:,} clips"
    return (
        f"{_count(trainings['captioning'], 'captioner')} and "
        f"{_count(trainings['retrieval'], 'retriever')} were trained{clips} of the "
        f"{words.corpus_name(table)} corpus at {table.origin('scale')} scale, with "
        f"{seeds} a recipe, and tested on {table.methods[0].counts['clips']} others."
    )


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _standing(table: Table, metric: str) -> str:
    """Who is ahead in a metric, and how many are behind.

    Where clips alone were resampled, a model is ahead of another: that says nothing
    yet about the augmentations that they were trained with.
    """
    column = Column(metric, paper=False)
    first, found = _differences(table, metric)
    if not found:
        return "there is nothing to compare"
    found.sort(key=lambda pair: pair[1].difference, reverse=not column.falls)
    ahead = [own for own in found if words.direction(column, own[1]) == "better"]
    behind = sum(words.direction(column, own[1]) == "worse" for own in found)
    best, interval = found[0]
    text = f"{best.name} ({words.interval_text(interval)})"
    if ahead:
        others = f", before {_names(ahead[1:])}" if ahead[1:] else ""
        clause = f"{text} is furthest ahead of {_baseline(first)}{others}"
    else:
        clause = f"nothing is clearly ahead of {_baseline(first)}, {text} comes nearest"
    return clause + (
        f", and {behind} of {len(found)} are clearly behind" if behind else ""
    )


def _baseline(method: Method | None) -> str:
    if method is None or method.name == "none":
        return "no augmentation"
    return method.name


def _names(found: Sequence[tuple[Method, Interval]]) -> str:
    names = [method.name for method, _ in found]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _differences(
    table: Table, metric: str
) -> tuple[Method | None, list[tuple[Method, Interval]]]:
    """The method that others are compared with, and those others."""
    scored = [method for method in table.methods if metric in method.ours]
    found = [
        (method, own)
        for method in scored
        if (own := method.ours[metric].interval) is not None
    ]
    return (scored[0] if scored else None), found


def interval_plots(augmentations: Table, grid: Table, point: str) -> list[Plot]:
    """Draw the differences of Table 3, and of Multi-TTA to the same model without.

    Args:
        augmentations: Table 3.
        grid: Figure 4's table.
        point: of the grid, by its name: `multi-tta-100`.
    """
    plots = []
    for metric in headline_metrics(augmentations):
        first, found = _differences(augmentations, metric)
        added = _at_point(grid, metric, point)
        rows = [(method.name, own) for method, own in found]
        if rows and first is not None:
            title = f"{NAMES.get(metric, metric)}"
            base = words.figure_text(first.ours[metric])
            against = f"{_baseline(first)} = {base}"
            plots.append(_plot(metric, title, against, rows, added))
    return plots


def _at_point(grid: Table, metric: str, point: str) -> Interval | None:
    for method in grid.methods:
        name = f"{method.head.get('method', '').lower()}-{method.head.get('tau', '')}"
        if name == point and metric in method.ours:
            return method.ours[metric].interval
    return None


def _plot(
    metric: str,
    title: str,
    against: str,
    rows: list[tuple[str, Interval]],
    added: Interval | None,
) -> Plot:
    column = Column(metric, paper=False)
    everything = rows + ([(ADDED, added)] if added is not None else [])
    ends = [0.0]
    for _, own in everything:
        ends += [own.low, own.high, own.difference]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    low, high = low - 0.04 * span, high + 0.04 * span

    def place(value: float) -> float:
        return round(LABEL + (value - low) / (high - low) * PLOT, 1)

    lines = []
    for number, (label, own) in enumerate(everything):
        gap = ROW / 2 if label == ADDED else 0.0
        sure = words.direction(column, own)
        mark = "*" if own.significant else ""
        lines.append(
            Line(
                label=label,
                y=TOP + ROW * (number + 0.5) + gap,
                low=place(own.low),
                high=place(own.high),
                point=place(own.difference),
                text=words.signed(own.difference) + mark,
                spoken=f"{label}: {words.interval_text(own)}, {_said(sure)}",
                direction=sure,
            )
        )
    below = TOP + ROW * len(everything) + (ROW / 2 if added is not None else 0.0)
    return Plot(
        title=title,
        against=against,
        width=LABEL + PLOT + FIGURE,
        height=below + 22,
        zero=place(0.0),
        ticks=[(place(value), _tick(value)) for value in _ticks(low, high)],
        lines=lines,
        rule=TOP + ROW * len(rows) + ROW / 4 if added is not None else None,
    )


def _said(sure: str) -> str:
    return {"better": "clearly ahead", "worse": "clearly behind"}.get(sure, "unclear")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, at most five of them; zero is one."""
    step = 10.0 ** floor(log10(high - low))
    while (high - low) / step > 4:
        step *= 2.5 if f"{step:e}".startswith("2") else 2
    while (high - low) / step < 2:
        step /= 2
    return [turn * step for turn in range(ceil(low / step), floor(high / step) + 1)]


def _tick(value: float) -> str:
    """A number with no more decimals than it needs."""
    sign = "+" if value > 0 else ""
    return f"{sign}{value:.4g}".replace("-", words.MINUS)
