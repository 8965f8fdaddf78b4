"""The top of the page: what was run, what helped, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow_src.report.formats import words
from workflow_src.report.formats.model import Column, Interval, Method, Table
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
    """Say what was run, and for each task what helped and how sure that is.

    Args:
        augmentations: Table 3.
        runs: all that were evaluated.
        training_clips: of the corpus; None: unknown.
    """
    return [
        _what_was_run(augmentations, runs, training_clips),
        *(
            _what_helped(augmentations, metric)
            for metric in headline_metrics(augmentations)
        ),
    ]


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


def _what_helped(table: Table, metric: str) -> str:
    """One sentence on a metric: the surest gains, or that there is none."""
    column = Column(metric, paper=False)
    name = NAMES.get(metric, metric)
    first, found = _differences(table, metric)
    if not found:
        return f"In {name} there is nothing to compare."
    sign = -1 if column.falls else 1
    found.sort(key=lambda pair: -sign * pair[1].difference)
    better = [own for own in found if words.direction(column, own[1]) == "better"]
    worse = [own for own in found if words.direction(column, own[1]) == "worse"]
    harmed = f"; {_names(worse)} surely did harm" if worse else ""
    if not better:
        best, interval = found[0]
        return (
            f"In {name}, no augmentation is surely better than {_baseline(first)} "
            f"({best.name} comes nearest: {words.interval_text(interval)}){harmed}."
        )
    best, interval = better[0]
    others = f", {_names(better[1:])} too" if better[1:] else ""
    return (
        f"In {name}, {best.name} helped most: {words.interval_text(interval)}, surely "
        f"above {_baseline(first)}{others}{harmed}."
    )


def _baseline(method: Method | None) -> str:
    if method is None or method.name == "none":
        return "none"
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
        ticks=[(place(value), words.signed(value)) for value in _ticks(low, high)],
        lines=lines,
        rule=TOP + ROW * len(rows) + ROW / 4 if added is not None else None,
    )


def _said(sure: str) -> str:
    return {"better": "surely better", "worse": "surely worse"}.get(sure, "not sure")


def _ticks(low: float, high: float) -> list[float]:
    """Zero, and a round number on each side that has room for it."""
    step = 10.0 ** len(f"{int(high - low)}") / 10
    while step > (high - low) / 3:
        step /= 2 if f"{step:g}".lstrip("0.")[:1] != "5" else 2.5
    first = -int(-low // step) if low < 0 else 0
    count = int((high - low) / step) + 2
    values = [round((first + turn) * step, 6) for turn in range(-1, count)]
    return [value for value in values if low <= value <= high]
