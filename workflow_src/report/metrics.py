"""The headline figures as JSON, one file a recipe: what `dvc metrics` reads."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

# The tables that have a row for each recipe.
TABLES = ("table3", "table4")
HEADLINES = ["CIDEr", "SPIDEr", "SPIDEr-py", "T2A R@10", "A2T R@10"]


def recipes(config: Mapping) -> list[str]:
    """List the recipes of the tables, each once."""
    rows = [row for table in TABLES for row in config["tables"][table]["rows"]]
    return list(dict.fromkeys(row["recipe"] for row in rows))


def headlines(tables: Iterable[Path]) -> dict[str, str]:
    """Read the headline figures of tables: recipe -> JSON {metric: value}."""
    found: dict[str, dict[str, float]] = {}
    for path in tables:
        for row in pd.read_csv(path).to_dict("records"):
            figures = {name: row[name] for name in HEADLINES if pd.notna(row.get(name))}
            found.setdefault(row["recipe"], {}).update(figures)
    return {
        name: json.dumps(figures, indent=2) + "\n" for name, figures in found.items()
    }
