"""The headline figures as JSON, one file a recipe: what `dvc metrics` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from workflow_src.files import write_atomically
from workflow_src.report.csv_tables import read_table

# The tables that have a row for each recipe.
TABLES = ("table3", "table4")
HEADLINES = ["CIDEr", "SPIDEr", "SPIDEr-py", "T2A R@10", "A2T R@10"]


def write_headlines(*, tables: list[Path], output: Path) -> None:
    """Write the headline figures of each recipe as JSON.

    Args:
        tables: CSVs of tables that have a row for each recipe.
        output: folder that gets `<recipe>.json`.
    """
    for recipe, content in headlines(tables).items():
        write_atomically(output / f"{recipe}.json", content)


def headlines(tables: Iterable[Path]) -> dict[str, str]:
    """Read the headline figures of tables: recipe -> JSON {metric: value}.

    Args:
        tables: CSVs of tables that have a row for each recipe.

    Raises:
        InputError: a table is missing or damaged.
    """
    by_recipe: dict[str, dict[str, float]] = {}
    for path in tables:
        for row in read_table(path, ["recipe"]).to_dict("records"):
            figures = {name: row[name] for name in HEADLINES if pd.notna(row.get(name))}
            by_recipe.setdefault(row["recipe"], {}).update(figures)
    return {
        name: json.dumps(figures, indent=2) + "\n"
        for name, figures in by_recipe.items()
    }
