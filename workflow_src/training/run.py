"""What the trainings of both tasks share: their mini-batches and their folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from workflow_src.audio.frontend import front_end
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import WaveformStore
from workflow_src.augment.recipe import Recipe
from workflow_src.corpus.pairs import read_pairs
from workflow_src.layout import FRONT_ENDS, Layout
from workflow_src.training.batches import Batches
from workflow_src.training.loop import Training, fit


@dataclass(frozen=True)
class Run:
    """One training of a task's model under a recipe.

    Attributes:
        config: the resolved config.
        layout: where the corpus and the run lie.
        task: captioning or retrieval.
        recipe: a key of the config's `recipes`.
        seed: of everything that is drawn.
    """

    config: Mapping
    layout: Layout
    task: str
    recipe: str
    seed: int

    @property
    def settings(self) -> Mapping:
        """The task's `training` section."""
        return self.config[self.task]["training"]

    def batches(self, device: torch.device) -> Batches:
        """Open the training split and make its mini-batches under the recipe."""
        front = front_end(self.config, FRONT_ENDS[self.task])
        return Batches(
            captions=read_pairs(self.layout.captions("train")),
            waveforms=WaveformStore(self.layout.waveforms("train")),
            log_mels=open_log_mels(self.config, self.layout, self.task, "train"),
            recipe=Recipe.from_config(self.config, self.recipe, self.task),
            front_end=front.to(device),
            batch_size=self.settings["batch_size"],
            seed=self.seed,
            device=device,
        )

    def fit(self, batches: Batches, **parts: Any) -> None:
        """Train to the end in the run's folder, from the last epoch if there is one.

        Args:
            batches: of `batches`.
            parts: model, optimizer, scheduler, loss and validate of `Training`.
        """
        values = self.config[self.task]
        training = Training(
            batches=batches.epoch,
            steps=len(batches),
            settings=self.settings,
            seed=self.seed,
            identity={"recipe": self.config["recipes"][self.recipe]}
            | {key: values[key] for key in ("hop", "model", "training")},
            **parts,
        )
        fit(training, self.layout.run(self.task, self.recipe, self.seed))
