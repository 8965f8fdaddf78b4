"""How it was made: recipes, settings, versions, machines and hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from workflow_src.models.run_folder import RunRecord
from workflow_src.report.page.runs import Stage

AUGMENTATIONS = ("noise", "reverb", "specaugment", "eda", "pairmix")


@dataclass(frozen=True)
class About:
    """What the trainings have in common, and in what they differ.

    Attributes:
        facts: name -> the values that occur.
        recipes: recipe -> its augmentations with their strengths, in words.
        settings: task -> settings of its trainings, without recipe and seed.
    """

    facts: dict[str, list[str]]
    recipes: dict[str, str]
    settings: dict[str, str]


def about(records: Iterable[RunRecord]) -> About:
    """Collect what the records of trainings say."""
    facts: dict[str, list[str]] = {}
    recipes: dict[str, str] = {}
    settings: dict[str, str] = {}
    for record in records:
        recipe = record.settings["recipe"]
        recipes.setdefault(str(recipe["name"]), _recipe(recipe))
        common = {
            key: value
            for key, value in record.settings.items()
            if key not in ("recipe", "seed")
        }
        settings.setdefault(record.task, _yaml(common))
        for name, value in _facts(record).items():
            values = facts.setdefault(name, [])
            if value not in values:
                values.append(value)
    return About(facts, recipes, settings)


def _facts(record: RunRecord) -> dict[str, str]:
    origin = ", ".join(f"{key} {value}" for key, value in record.corpus.origin.items())
    return {
        "corpus": f"{record.corpus.label}, {record.corpus.scale} scale",
        "made from": origin,
        "seed": str(record.settings["seed"]),
        "code": str(record.code),
        "commit": record.code.commit or "outside a checkout",
        **record.environment,
    }


def _recipe(recipe: dict[str, Any]) -> str:
    """A recipe in words: each augmentation with its strengths."""
    parts = []
    for name in AUGMENTATIONS:
        own = recipe.get(name)
        if own is not None:
            strengths = ", ".join(
                f"{key} {_value(value)}"
                for key, value in own.items()
                if value is not None
            )
            parts.append(f"{name} ({strengths})")
    return "; ".join(parts) or "no augmentation"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(map(str, value))
    return str(value)


def _yaml(values: dict[str, Any]) -> str:
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def hours(stages: Iterable[Stage]) -> list[list[str]]:
    """Rows of a table: stage, jobs, hours in all, minutes of the longest, memory."""
    return [
        [
            stage.name.replace("_", " "),
            str(stage.jobs),
            f"{stage.seconds / 3600:.2f}",
            f"{stage.longest / 60:.1f}",
            f"{stage.memory / 1000:.1f}",
        ]
        for stage in stages
    ]
