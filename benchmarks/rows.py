"""A measured row of the bench, how it is timed, and the table of all rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Row:
    """What was measured.

    Attributes:
        what: in words.
        ours: the measurement.
        unit: of `ours` and `reference`; seconds of anything: less is better.
        reference: the same by the way that `against` names; None: there is none.
        against: what the reference is.
        floor: seconds that the products alone take at the speed of the matrix product
            timed in the same run; None: unknown, or no products.
    """

    what: str
    ours: float
    unit: str = "s"
    reference: float | None = None
    against: str = ""
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the reference's speed ours is."""
        if self.reference is None:
            return None
        better = self.reference / self.ours
        return better if self.unit.startswith(("s", "ms")) else 1 / better

    @property
    def utilisation(self) -> float | None:
        """Share of the matrix product's speed that the products ran at."""
        return None if self.floor is None else self.floor / self.ours


@dataclass(frozen=True)
class Clock:
    """Times work on a device.

    On a CPU in processor time of all threads, which other programs on the machine
    change little; with one thread that is the time it takes on a free core. On a GPU
    by the clock, from one moment at which it is idle to the next.

    Attributes:
        device: of the work.
        repeats: runs of which the median counts, after one that does not.
    """

    device: torch.device
    repeats: int = 3

    def once(self, work: Callable[[], object]) -> float:
        """Seconds of one run."""
        if self.device.type != "cuda":
            start = time.process_time()
            work()
            return time.process_time() - start
        torch.cuda.synchronize(self.device)
        start = time.perf_counter()
        work()
        torch.cuda.synchronize(self.device)
        return time.perf_counter() - start

    def __call__(self, work: Callable[[], object], warm_up: bool = True) -> float:
        """Median seconds of several runs."""
        if warm_up:
            work()
        return statistics.median(self.once(work) for _ in range(self.repeats))


def table(rows: Iterable[Row]) -> str:
    """All rows, one a line, as a table in Markdown."""
    cells = [["what", "ours", "reference", "ratio", "floor", "of the product's speed"]]
    for row in rows:
        reference = ""
        if row.reference is not None:
            reference = f"{row.reference:.3g} {row.unit} ({row.against})"
        cells.append(
            [
                row.what,
                f"{row.ours:.3g} {row.unit}",
                reference,
                "" if row.ratio is None else f"{row.ratio:.2f}",
                "" if row.floor is None else f"{row.floor:.3g} s",
                "" if row.utilisation is None else f"{row.utilisation:.0%}",
            ]
        )
    return in_columns(cells)


def in_columns(cells: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns are straight in plain text too."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(f"{cell:{w}}" for cell, w in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
