"""The sweep of Section 4.3: ratio K x λ, as recipes like all others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from workflow_src.augment.recipes import RecipeSettings
from workflow_src.augment.settings import PairMixSettings


@dataclass(frozen=True)
class SweepCell:
    """One training of Section 4.3's sweep.

    Attributes:
        recipe: complete.
        ratio: K.
        fixed_lambda: λ; None: drawn.
    """

    recipe: RecipeSettings
    ratio: float
    fixed_lambda: float | None


def sweep_cells(
    base: RecipeSettings,
    default: PairMixSettings,
    ratios: Iterable[float],
    lambdas: Iterable[float | None],
) -> list[SweepCell]:
    """The cells of the sweep: every ratio with every λ, in that order.

    A cell with the very strengths of the swept recipe is that recipe, so that it
    is not trained twice.

    Args:
        base: the recipe that is varied.
        default: PairMix, where the recipe has none.
        ratios: K.
        lambdas: fixed λ; None: drawn.
    """
    lambdas = list(lambdas)
    mixing = base.pairmix or default
    cells = []
    for ratio in ratios:
        for fixed in lambdas:
            varied = replace(mixing, ratio=ratio, fixed_lambda=fixed)
            drawn = "beta" if fixed is None else f"lambda{fixed:g}"
            name = f"sweep_k{ratio:g}_{drawn}".replace(".", "p")
            recipe = replace(base, name=name, pairmix=varied)
            cells.append(
                SweepCell(base if varied == base.pairmix else recipe, ratio, fixed)
            )
    return cells
