"""What the tables of the models beside the paper's show, without pandas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workflow_src.settings import Settings


@dataclass(frozen=True)
class ModelRows(Settings):
    """A model of the table.

    Attributes:
        name: of the model.
        task: that it is trained for.
        family: how its parts are joined.
        parts: what they are, and where they start.
    """

    name: str
    task: Literal["captioning", "retrieval"]
    family: str
    parts: str


@dataclass(frozen=True)
class ModelsTableSettings(Settings):
    """The table `models.csv`: three rows a model.

    Attributes:
        models: in their order.
        baseline: recipe of the first row.
        pairmix: recipe of the others.
        point: of test-time augmentation, of the last.
        seeds: of the trainings.
        resamples: of the bootstrap behind each interval.
    """

    models: tuple[ModelRows, ...]
    baseline: str
    pairmix: str
    point: str
    seeds: tuple[int, ...]
    resamples: int


@dataclass(frozen=True)
class LikelihoodTableSettings(Settings):
    """The table `likelihood_retrieval.csv`.

    Attributes:
        models: captioners, by name.
        baseline: recipe of the first training of each.
        pairmix: recipe of the second.
        seeds: of the trainings.
        resamples: of the bootstrap behind each interval.
    """

    models: tuple[str, ...]
    baseline: str
    pairmix: str
    seeds: tuple[int, ...]
    resamples: int
