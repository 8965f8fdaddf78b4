"""The points of Figure 4, by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflow_src.tta.strategy import Strategy


@dataclass(frozen=True)
class GridPoint:
    """One point of Figure 4: a method, and its uniform two-layer strategy.

    Each output of the middle layer h_E averages `middle_size` views; the output
    layer averages `output_size` of those.
    """

    method: str
    middle_size: int
    output_size: int

    @property
    def name(self) -> str:
        """A name for files: `tta-10`, `mid-tta-10`, `multi-tta-10`."""
        return f"{self.method.lower()}-{self.middle_size * self.output_size}"

    @property
    def strategy(self) -> Strategy:
        """The strategy for (h_E, output)."""
        return Strategy.uniform((self.middle_size, self.output_size))


def grid_points(taus: Iterable[int], multi: Iterable[Sequence[int]]) -> list[GridPoint]:
    """The points of Figure 4, method by method, `taus` in their order.

    taus: numbers of views of conventional and of Mid-TTA.
    multi: (middle size, output size) of each Multi-TTA point.
    """
    taus = list(taus)
    return [
        *(GridPoint("TTA", 1, tau) for tau in taus),
        *(GridPoint("Mid-TTA", tau, 1) for tau in taus),
        *(GridPoint("Multi-TTA", middle, output) for middle, output in multi),
    ]
