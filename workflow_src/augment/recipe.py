"""A recipe of config.yaml as one object: what training and test time call.

Order: reverberation, noise -> waveform mixing -> front end -> spectrogram mixing
-> (the model's BatchNorm) -> SpecAugment.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor

from workflow_src.augment.mixing import Mixing
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.text import EDA
from workflow_src.augment.waveform import Noise, Reverb
from workflow_src.errors import InputError

AUGMENTATIONS: dict[str, Callable[..., Any]] = {
    "reverb": Reverb,
    "noise": Noise,
    "specaugment": SpecAugment,
    "eda": EDA,
    "pairmix": Mixing,
}

FrontEnd = Callable[[Tensor], Tensor]
Mask = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class AudioAugmentation:
    """The augmentations of a single clip: waveform effects and SpecAugment."""

    reverb: Reverb | None = None
    noise: Noise | None = None
    specaugment: SpecAugment | None = None

    @property
    def effects(self) -> tuple[Reverb | Noise, ...]:
        """The waveform effects, in the order in which they apply."""
        return tuple(e for e in (self.reverb, self.noise) if e is not None)

    @property
    def needs_waveforms(self) -> bool:
        """Whether the cached log-mels alone do not suffice."""
        return bool(self.effects)

    def draw_effects(self, count: int, generator: torch.Generator) -> Tensor:
        """Strength of each effect for `count` clips.

        Returns:
            (count, number of effects) float32 on the CPU; NaN: not applied.
        """
        drawn = [effect.draw(count, generator) for effect in self.effects]
        return torch.stack(drawn, dim=1) if drawn else torch.empty(count, 0)

    def apply_effects(
        self, waveforms: Tensor, strengths: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Applies drawn strengths: (B, T), (B, effects) -> (B, T), new memory."""
        out = waveforms.clone()
        for effect, strength in zip(self.effects, strengths.unbind(1), strict=True):
            effect.apply_(out, strength, generator)
        return out

    def log_mels(
        self,
        waveforms: Tensor | None,
        log_mels: Tensor | None,
        front_end: FrontEnd,
        generator: torch.Generator,
    ) -> Tensor:
        """Log-mels of clips under freshly drawn waveform effects.

        Args:
            waveforms: (B, T) float in [-1, 1]; may be None if there are no
                waveform effects.
            log_mels: (B, L, F) in dB, the front end of `waveforms`, or None. Where
                given, the front end runs only on the clips whose draw changes them.
            front_end: (B, T) -> (B, L, F).
            generator: source of all draws.

        Returns:
            (B, L, F) in dB, new memory; inputs stay as they are.

        Raises:
            InputError: neither input is given, or waveforms are needed and None.
        """
        if waveforms is None and (log_mels is None or self.effects):
            raise InputError("these augmentations need the waveforms of the clips")
        if waveforms is None:
            return log_mels.clone()
        strengths = self.draw_effects(len(waveforms), generator)
        if log_mels is None:
            return front_end(self.apply_effects(waveforms, strengths, generator))
        out = log_mels.clone()
        changed = is_changed(strengths).nonzero().flatten()
        if len(changed):
            rows = changed.to(waveforms.device)
            clips = self.apply_effects(waveforms[rows], strengths[changed], generator)
            out[rows] = front_end(clips).to(out.dtype)
        return out

    def mask(self, generator: torch.Generator) -> Mask | None:
        """SpecAugment for a model's `mask=`: (B, L, F) -> (B, L, F); None without.

        Each call of it draws new stripes from `generator`.
        """
        if self.specaugment is None:
            return None
        return lambda spectrogram: self.specaugment(spectrogram, generator)


def is_changed(strengths: Tensor) -> Tensor:
    """Which clips a draw of effects changes: (B, effects) -> (B,) bool."""
    return ~strengths.isnan().all(dim=1)


@dataclass(frozen=True, kw_only=True)
class TestTimeAugmentation(AudioAugmentation):
    """A recipe's audio augmentations at test time (Section 4.3): never a mix."""

    __test__ = False  # pytest takes the name for a test

    @classmethod
    def of(cls, recipe: AudioAugmentation, strength: float) -> Self:
        """`strength` times the mask widths, RT60 and probabilities of `recipe`."""
        parts = {f.name: getattr(recipe, f.name) for f in fields(AudioAugmentation)}
        return cls(**{k: v and v.scaled(strength) for k, v in parts.items()})


@dataclass(frozen=True, kw_only=True)
class Recipe(AudioAugmentation):
    """All augmentations of one training.

    Attributes:
        name: its key under `recipes` in config.yaml.
        eda: augmentation of captions, for retrieval only.
        pairmix: mixing of pairs.
    """

    name: str
    eda: EDA | None = None
    pairmix: Mixing | None = None

    @classmethod
    def of(cls, settings: RecipeSettings) -> Self:
        """The augmentations that a recipe's settings describe."""
        parts = {
            name: kind(**vars(own))
            for name, kind in AUGMENTATIONS.items()
            if (own := getattr(settings, name)) is not None
        }
        return cls(name=settings.name, **parts)

    @property
    def needs_waveforms(self) -> bool:
        """Whether the cached log-mels alone do not suffice."""
        mixes = self.pairmix is not None and self.pairmix.needs_waveforms
        return super().needs_waveforms or mixes

    def test_time(self, strength: float) -> TestTimeAugmentation:
        """The recipe at test time: `strength` of it, no mixing, no change of text."""
        return TestTimeAugmentation.of(self, strength)
