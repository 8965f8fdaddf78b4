"""What stands in a table, read from the CSV that `rows.table_of` writes.

Every other form of a table is made from this one reading, so that no two of them
can say different things.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_src.errors import InputError

PAPER = " (paper)"  # ends the name of a column with the paper's figures
PUBLISHED_CORPUS = "AudioCaps"  # of the paper's figures
COUNTS, RESAMPLED = "clips", "resampled"  # columns about and below the figures
PARTS = (" sd", " difference", " low", " high", " p", " corrected p", " significant")
ORIGIN = ("corpus", "scale", "split", "settings", "version")


@dataclass(frozen=True)
class Interval:
    """A difference to the first method that has the metric.

    Attributes:
        difference: in the unit of the metric.
        low: lower end of its 95 % interval.
        high: upper end.
        p: two-sided.
        corrected_p: by Holm, for all differences of the table.
        significant: whether that is below 0.05.
    """

    difference: float
    low: float
    high: float
    p: float
    corrected_p: float
    significant: bool


@dataclass(frozen=True)
class Figure:
    """One figure of ours: a corpus score, its spread over seeds, its difference."""

    value: float
    deviation: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Column:
    """A column of figures: a metric, and whether it is the paper's."""

    metric: str
    paper: bool

    @property
    def falls(self) -> bool:
        """Whether less is better: of ranks."""
        return falls(self.metric)


@dataclass(frozen=True)
class Method:
    """One row.

    Attributes:
        head: column -> text, what names the row.
        counts: clips and seeds, as text.
        ours: metric -> our figure.
        paper: metric -> the paper's.
        resampled: over what the bootstrap is; empty where there is no difference.
        origin: corpus, scale, split, settings, version.
    """

    head: dict[str, str]
    counts: dict[str, str]
    ours: dict[str, Figure]
    paper: dict[str, float]
    resampled: str
    origin: dict[str, str]

    @property
    def name(self) -> str:
        """What the row is called, in one text."""
        return next(iter(self.head.values()))

    @property
    def recipe(self) -> str:
        """The recipe of its trainings; empty where the table does not say."""
        return self.head.get("recipe", "")


@dataclass(frozen=True)
class Table:
    """A table of methods.

    Attributes:
        name: `table1` to `table4`, `figure4`, `sweep`.
        columns: of figures, in their order.
        methods: its rows.
    """

    name: str
    columns: tuple[Column, ...]
    methods: tuple[Method, ...]

    @property
    def heads(self) -> list[str]:
        """The columns that name a row; a recipe is left out beside a name."""
        names = list(self.methods[0].head)
        return [name for name in names if name != "recipe" or len(names) == 1]

    @property
    def metrics(self) -> list[str]:
        """Our metrics."""
        return [column.metric for column in self.columns if not column.paper]

    @property
    def seeds(self) -> int:
        """The most seeds of a method."""
        return max(int(method.counts["seeds"]) for method in self.methods)

    @property
    def comparisons(self) -> int:
        """How many differences the correction is for."""
        return sum(
            figure.interval is not None
            for method in self.methods
            for figure in method.ours.values()
        )

    def origin(self, key: str) -> str:
        """What all rows say of their corpus, scale or split."""
        return self.methods[0].origin[key]

    def panels(self, most: int = 5) -> list[list[Column]]:
        """The columns in groups with at most so many metrics of ours, evenly.

        A figure of the paper stays before ours that it stands beside.
        """
        number = -(-len(self.metrics) // most) or 1
        size = -(-len(self.metrics) // number)
        panels: list[list[Column]] = [[]]
        for place, column in enumerate(self.columns):
            ours = sum(not own.paper for own in panels[-1])
            begins = column.paper or not self.columns[place - 1].paper
            if ours >= size and begins:
                panels.append([])
            panels[-1].append(column)
        return panels


def falls(metric: str) -> bool:
    """Whether less of a metric is better: ranks are."""
    return metric.endswith(("meanR", "medR"))


def task_of_metric(metric: str) -> str:
    """Name the task that a metric is of."""
    return "retrieval" if metric.startswith(("T2A ", "A2T ")) else "captioning"


def read_table(path: Path) -> Table:
    """Read a table that a step of this package wrote.

    Args:
        path: the CSV; its name without the suffix is the table's.

    Raises:
        InputError: it is missing, empty or not such a table, named with the column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            rows = list(reader)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    for name in (COUNTS, "seeds", RESAMPLED, *ORIGIN):
        if name not in names:
            raise InputError(f"{path}: no column {name!r}")
    if not rows:
        raise InputError(f"{path} has no row")
    heads = names[: names.index(COUNTS)]
    if not heads:
        raise InputError(f"{path}: no column names the rows")
    columns = _columns(names[names.index("seeds") + 1 : names.index(RESAMPLED)])
    methods = tuple(_method(path, row, heads, columns) for row in rows)
    return Table(path.stem, columns, methods)


def _columns(names: Sequence[str]) -> tuple[Column, ...]:
    found = []
    for name in names:
        if name.endswith(PAPER):
            found.append(Column(name.removesuffix(PAPER), paper=True))
        elif not name.endswith(PARTS):
            found.append(Column(name, paper=False))
    return tuple(found)


def _method(
    path: Path, row: Mapping[str, str], heads: Sequence[str], columns: Sequence[Column]
) -> Method:
    ours: dict[str, Figure] = {}
    paper: dict[str, float] = {}
    for column in columns:
        metric = column.metric
        if column.paper:
            value = _number(path, row, metric + PAPER)
            if value is not None:
                paper[metric] = value
            continue
        value = _number(path, row, metric)
        if value is not None:
            deviation = _number(path, row, f"{metric} sd")
            ours[metric] = Figure(value, deviation, _interval(path, row, metric))
    return Method(
        head={name: row[name] for name in heads},
        counts={name: row[name] for name in (COUNTS, "seeds")},
        ours=ours,
        paper=paper,
        resampled=row[RESAMPLED],
        origin={name: row[name] for name in ORIGIN},
    )


def _interval(path: Path, row: Mapping[str, str], metric: str) -> Interval | None:
    parts = ("difference", "low", "high", "p", "corrected p")
    values = [_number(path, row, f"{metric} {part}") for part in parts]
    if None in values:
        return None
    difference, low, high, p, corrected = (float(value or 0) for value in values)
    marked = row.get(f"{metric} significant") == "*"
    return Interval(difference, low, high, p, corrected, marked)


def _number(path: Path, row: Mapping[str, str], name: str) -> float | None:
    text = row.get(name) or ""
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError(f"{path}: {text!r} in column {name!r} is no number") from None
