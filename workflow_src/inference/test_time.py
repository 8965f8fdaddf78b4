"""Test-time augmentation of windows: what a captioner's decoder reads of each.

The views are those of the workflow's evaluation: the recipe that the model was
trained with, at half its strength. They depend on the window's name and a seed alone,
so a clip of the test split gets the caption that the workflow gave it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from workflow_src.audio.rows import RowNumbers, RowStore
from workflow_src.audio.store import LogMelStore, WaveformStore
from workflow_src.augment.recipe import Recipe
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.settings import GridConfig, TestTimeSettings
from workflow_src.evaluation.views import Views
from workflow_src.inference.features import log_mels
from workflow_src.inference.windows import Window
from workflow_src.models.families.runs import recipe_of_run
from workflow_src.tta import Strategy
from workflow_src.tta.generation import Ensemble
from workflow_src.tta.levels import means_at, members, weights

NONE = "none"
# `multi-100` and the workflow's own names of points, `multi-tta-100`.
NAME = re.compile(r"(?:(mid|multi)-)?(?:tta-)?(\d+)")


def strategy_named(name: str) -> Strategy | None:
    """The strategy of two layers, the encoder and the output, that a name means.

    Args:
        name: `none`; `tta-10`, any number of views averaged at the output; `mid-50`,
            at the encoder's end; `multi-100`, at both, in the group sizes of the
            paper's Figure 4: 10, 25, 50 or 100 views.

    Raises:
        InputError: another name.
    """
    if name == NONE:
        return None
    found = NAME.fullmatch(name)
    views = int(found[2]) if found else 0
    sizes = {middle * output: (middle, output) for middle, output in GridConfig().multi}
    if found and views > 0:
        if found[1] == "multi" and views in sizes:
            return Strategy.uniform(sizes[views])
        if found[1] == "mid":
            return Strategy.mid(views)
        if found[1] is None and name.startswith("tta-"):
            return Strategy.conventional(views)
    multi = ", ".join(f"multi-{count}" for count in sorted(sizes))
    raise InputError(
        f"test-time augmentation is none, tta-N, mid-N or one of {multi}, not {name!r}"
    )


class WindowViews:
    """Makes augmented views of windows and encodes them.

    Args:
        captioner: whose encoder and recipe it is.
        front_end: of the captioner, on its device.
        strategy: where the views are averaged.
        batch: most views encoded at once.

    Raises:
        InputError: the model's recipe has no augmentation of sounds.
    """

    def __init__(
        self, captioner: Captioner, front_end: nn.Module, strategy: Strategy, batch: int
    ) -> None:
        self.captioner = captioner
        self.front_end = front_end
        self.strategy = strategy
        self.batch = batch
        self.settings = TestTimeSettings()
        recipe = recipe_of_run(captioner.model, captioner.record)
        self.augmentation = Recipe.of(recipe).test_time(self.settings.strength)
        if not (self.augmentation.effects or self.augmentation.specaugment):
            raise InputError(
                f"the recipe {recipe.name} has no augmentation of sounds, so "
                "test-time augmentation has no views to average: leave it out"
            )

    def ensembles(self, windows: Sequence[Window]) -> Iterator[Ensemble]:
        """What the decoder reads of each window."""
        mels = log_mels(windows, self.front_end, self.captioner.device).cpu().numpy()
        for row, window in enumerate(windows):
            # One by one: two files of different folders may share their name.
            views = Views(
                augmentation=self.augmentation,
                front_end=self.front_end,
                log_mels=_HeldLogMel(window.name, mels[row]),
                waveforms=_HeldWaveform(window.name, window.clip),
                seed=self.settings.seed,
                batch=self.batch,
                device=self.captioner.device,
            )
            encoded = views.encode(
                window.name, self.strategy.tau, self.captioner.model.encode
            )
            memories = means_at(encoded, [], [self.strategy], include_original=True)
            own = [memories[key] for key in members(self.strategy, True)]
            yield Ensemble(torch.stack(own), weights(self.strategy, True))


class _HeldRow(RowStore):
    """One row in memory instead of many in a folder."""

    def __init__(self, name: str, row: NDArray[Any]) -> None:
        self.names = [name]
        self._held = row[None]

    def row(self, name: str) -> int:
        return self.names.index(name)

    def read(
        self, rows: RowNumbers | slice, out: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        held: NDArray[Any] = self._held[rows]
        if out is None:
            return held
        out[:] = held
        return out


class _HeldLogMel(_HeldRow, LogMelStore):
    pass


class _HeldWaveform(_HeldRow, WaveformStore):
    pass
