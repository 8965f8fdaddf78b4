"""What tables and figures show, without pandas."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from workflow_src.augment.recipes import Strengths
from workflow_src.augment.settings import PairMixSettings
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import (
    DecodingSettings,
    GridConfig,
    TestTimeSettings,
)
from workflow_src.settings import Settings

PUBLISHED = Path(__file__).with_name("published.yaml")


@cache
def published_figures() -> dict[str, dict[str, dict[str, float]]]:
    """The paper's figures: table -> method -> metric -> figure."""
    values = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    return {
        table: {str(method): own for method, own in rows.items()}
        for table, rows in values.items()
    }


@dataclass(frozen=True)
class RowSettings(Settings):
    """One row of a table.

    Attributes:
        method: as the paper calls it.
        recipe: of the trainings.
        tta: point of the grid of test-time augmentation, or None.
        tasks: that the row is run for.
        published: metric -> the paper's figure.
    """

    method: str
    recipe: str
    tta: str | None
    tasks: tuple[str, ...]
    published: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSettings(Settings):
    """One of the paper's tables.

    Attributes:
        name: `table1` to `table4`.
        split: that was evaluated.
        metrics: columns.
        rows: in their order; each is compared with the first.
        seeds: of the trainings.
        resamples: of the bootstrap behind each interval.
    """

    name: str
    split: str
    metrics: tuple[str, ...]
    rows: tuple[RowSettings, ...]
    seeds: tuple[int, ...]
    resamples: int


@dataclass(frozen=True)
class CaptionRowSettings(Settings):
    """A captioner of one of the tables.

    Attributes:
        table: `table1`, `table3` or `table4`.
        method: as the table calls it.
        recipe: of the training.
        tta: point of the grid of test-time augmentation, or None.
    """

    table: str
    method: str
    recipe: str
    tta: str | None


@dataclass(frozen=True)
class CaptionStatisticsSettings(Settings):
    """What the captions of the tables' captioners are like.

    Attributes:
        rows: in the order of the tables.
        seeds: of the trainings.
        similarity: whether the sentence similarity is among the figures; it needs a
            package of its own.
    """

    rows: tuple[CaptionRowSettings, ...]
    seeds: tuple[int, ...]
    similarity: bool


@dataclass(frozen=True)
class FigureSettings(Settings):
    """Figure 4: test-time augmentation over the number of views.

    Attributes:
        recipe: of the trainings.
        seeds: of them.
        grid: the points.
        resamples: of the bootstrap behind each interval.
    """

    recipe: str
    seeds: tuple[int, ...]
    grid: GridConfig
    resamples: int


@dataclass(frozen=True)
class SweepCellSettings(Settings):
    """One training of the sweep.

    Attributes:
        recipe: its name.
        ratio: K.
        fixed_lambda: λ; None: drawn.
    """

    recipe: str
    ratio: float
    fixed_lambda: float | None


@dataclass(frozen=True)
class SweepSettings(Settings):
    """Section 4.3's sweep K x λ.

    Attributes:
        cells: its trainings.
        seeds: of each cell.
        resamples: of the bootstrap behind each interval.
    """

    cells: tuple[SweepCellSettings, ...]
    seeds: tuple[int, ...]
    resamples: int


@dataclass(frozen=True)
class PictureSettings(Settings):
    """What the pictures of docs/ show: the strengths of all augmentations."""

    strengths: Strengths = field(default_factory=Strengths)


@dataclass(frozen=True)
class ExampleSettings(Settings):
    """Figure 3: captions of a few test clips.

    Attributes:
        systems: name in the figure -> recipe of the captioner.
        clips: with overlapping events, and as many others.
        seed: of the choice of clips.

    Raises:
        InputError: no system.
    """

    systems: dict[str, str]
    clips: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.systems:
            raise InputError("figure 3 needs at least one system")


@dataclass(frozen=True)
class ViewedSettings(Settings):
    """Which test-time views the page shows.

    Attributes:
        test_time: how they are made.
        decoding: how each is captioned.
        views: how many, of one clip.
        seed: of the choice of the clip.
    """

    test_time: TestTimeSettings
    decoding: DecodingSettings
    views: int = 4
    seed: int = 0


@dataclass(frozen=True)
class PageSettings(Settings):
    """What the page shows.

    Attributes:
        name: of the corpus with its scale, as its folders are called.
        youtube: whether test clips are named after YouTube's.
        audio: whether sounds are inside the page.
        seeds: of the trainings; clips are shown for the first one.
        point: of the grid of test-time augmentation, shown beside the recipes.
        pairmix: how mixes are made.
        sample: clips that are shown first, drawn at random.
        mixes: of training pairs, to be heard.
        megabytes: most that the page may have, 10^6 bytes each.
        seed: of all choices.
    """

    name: str
    youtube: bool
    audio: bool
    seeds: tuple[int, ...]
    point: str
    pairmix: PairMixSettings
    sample: int = 24
    mixes: int = 2
    megabytes: float = 25.0
    seed: int = 0
