"""The sweep of Section 4.3: ratio K x λ, as recipes like all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SweepCell:
    """One training of Section 4.3's sweep: K, λ (None: drawn), and its recipe."""

    recipe: str
    ratio: float
    fixed_lambda: float | None


def sweep_cells(config: Mapping[str, Any]) -> list[SweepCell]:
    """The cells of `config["sweep"]`: every ratio with every λ, in that order.

    A cell with the very strengths of the swept recipe is that recipe, so that it
    is not trained twice.
    """
    sweep = config["sweep"]
    base = config["recipes"][sweep["recipe"]]
    own = config["augmentations"]["pairmix"] | (base.get("pairmix") or {})
    cells = []
    for ratio in sweep["ratio"]:
        for fixed in sweep["fixed_lambda"]:
            same = (own["ratio"], own["fixed_lambda"]) == (ratio, fixed)
            drawn = "beta" if fixed is None else f"lambda{fixed:g}"
            name = sweep["recipe"] if same else f"sweep_k{ratio:g}_{drawn}"
            cells.append(SweepCell(name, ratio, fixed))
    return cells


def sweep_recipes(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The recipes of the sweep's cells, in the form of `config["recipes"]`."""
    recipes = {}
    for cell in sweep_cells(config):
        base = config["recipes"][config["sweep"]["recipe"]]
        varied = {"ratio": cell.ratio, "fixed_lambda": cell.fixed_lambda}
        mixing = dict(base.get("pairmix") or {}) | varied
        recipes[cell.recipe] = dict(base) | {"pairmix": mixing}
    return recipes
