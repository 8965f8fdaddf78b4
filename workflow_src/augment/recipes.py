"""A recipe's settings: which augmentations a training has, and how strong they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from workflow_src.augment.settings import (
    EDASettings,
    NoiseSettings,
    PairMixSettings,
    ReverbSettings,
    SpecAugmentSettings,
)
from workflow_src.errors import InputError
from workflow_src.settings import Settings, plain, read


@dataclass(frozen=True)
class Strengths(Settings):
    """The strengths of all augmentations, where a recipe gives no others.

    Attributes:
        noise: on waveforms.
        reverb: on waveforms.
        specaugment: on the normalised spectrogram.
        eda: of captions.
        pairmix: mixing of pairs.
    """

    noise: NoiseSettings = field(default_factory=NoiseSettings)
    reverb: ReverbSettings = field(default_factory=ReverbSettings)
    specaugment: SpecAugmentSettings = field(default_factory=SpecAugmentSettings)
    eda: EDASettings = field(default_factory=EDASettings)
    pairmix: PairMixSettings = field(default_factory=PairMixSettings)


@dataclass(frozen=True)
class RecipeSettings(Settings):
    """All augmentations of one training, each complete; None: not in the recipe.

    Attributes:
        name: key under `recipes` in config.yaml.
        noise: on waveforms.
        reverb: on waveforms.
        specaugment: on the normalised spectrogram.
        eda: of captions, for retrieval only.
        pairmix: mixing of pairs.
    """

    name: str
    noise: NoiseSettings | None = None
    reverb: ReverbSettings | None = None
    specaugment: SpecAugmentSettings | None = None
    eda: EDASettings | None = None
    pairmix: PairMixSettings | None = None

    @classmethod
    def complete(
        cls, name: str, given: Mapping[str, Mapping[str, Any]], strengths: Strengths
    ) -> RecipeSettings:
        """Fill in the strengths that a recipe leaves out.

        Args:
            name: of the recipe.
            given: augmentation -> the values that replace those of `strengths`.
            strengths: of all augmentations.

        Raises:
            InputError: an augmentation or a key that does not exist, or a value out
                of its range.
        """
        known = [part.name for part in fields(Strengths)]
        parts: dict[str, Any] = {}
        for augmentation, values in given.items():
            if augmentation not in known:
                raise InputError(
                    f"recipes.{name}: {augmentation!r} is none of {', '.join(known)}"
                )
            default = getattr(strengths, augmentation)
            merged = plain(default) | dict(values or {})
            where = f"recipes.{name}.{augmentation}"
            parts[augmentation] = read(type(default), merged, where)
        return cls(name=name, **parts)

    def of_frames(self, length: float) -> RecipeSettings:
        """The same strengths in seconds, where a frame lasts `length` times as long."""
        if self.specaugment is None:
            return self
        return replace(self, specaugment=self.specaugment.of_frames(length))

    def check_task(self, task: str) -> None:
        """Raise an InputError if a task must not be trained under this recipe."""
        if task == "captioning" and self.eda is not None:
            raise InputError(
                f"recipe {self.name!r} has eda, which changes the captions that "
                "captioning learns to say; eda is for retrieval only"
            )
