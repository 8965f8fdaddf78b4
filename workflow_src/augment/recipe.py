"""A recipe of config.yaml as one object: what training and test time call.

Order: reverberation, noise -> waveform mixing -> front end -> spectrogram mixing
-> (the model's BatchNorm) -> SpecAugment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import torch
from torch import Tensor

from workflow_src.augment.mixing import FrontEnd, Mixing
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.text import EDA
from workflow_src.augment.waveform import Noise, Reverb, drawn_rows
from workflow_src.errors import InputError
from workflow_src.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class AudioAugmentation:
    """The augmentations of a single clip: waveform effects and SpecAugment.

    Attributes:
        reverb: on waveforms, before noise.
        noise: on waveforms.
        specaugment: on the normalised spectrogram, inside the model.
    """

    reverb: Reverb | None = None
    noise: Noise | None = None
    specaugment: SpecAugment | None = None

    @property
    def effects(self) -> tuple[Reverb | Noise, ...]:
        """The waveform effects, in the order in which they apply."""
        both = (self.reverb, self.noise)
        return tuple(effect for effect in both if effect is not None)

    @property
    def needs_waveforms(self) -> bool:
        """Whether the cached log-mels alone do not suffice."""
        return bool(self.effects)

    def draw_effects(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws the strength of each effect for `count` clips.

        Args:
            count: B.
            generator: of the draws.

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

    def plan_effects(self, strengths: Tensor) -> dict[str, Tensor]:
        """Says which clips each effect changes and how strongly, for `effects_of_plan`.

        Args:
            strengths: (B, effects) as `draw_effects` gives them.

        Returns:
            `<effect>.rows` (R,) int64 and `<effect>.strength` (R,), on the CPU.
        """
        plan = {}
        for effect, strength in zip(self.effects, strengths.unbind(1), strict=True):
            rows, drawn = drawn_rows(strength)
            plan |= {f"{effect.name}.rows": rows, f"{effect.name}.strength": drawn}
        return plan

    def effects_of_plan(
        self,
        waveforms: Tensor,
        plan: Mapping[str, Tensor],
        generator: torch.Generator,
    ) -> Tensor:
        """Applies a plan that lies on the device of the clips, in place: (B, T)."""
        for effect in self.effects:
            rows, strength = plan[f"{effect.name}.rows"], plan[f"{effect.name}.strength"]
            effect.apply_to_(waveforms, rows, strength, generator)
        return waveforms

    def log_mels(
        self,
        waveforms: Tensor | None,
        log_mels: Tensor | None,
        front_end: FrontEnd,
        generator: torch.Generator,
    ) -> Tensor:
        """Makes the log-mels of clips under freshly drawn waveform effects.

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
        if waveforms is None:
            if log_mels is None or self.effects:
                raise InputError("these augmentations need the waveforms of the clips")
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


def is_changed(strengths: Tensor) -> Tensor:
    """Says which clips a draw of effects changes: (B, effects) -> (B,) bool."""
    return ~strengths.isnan().all(dim=1)


@dataclass(frozen=True, kw_only=True)
class TestTimeAugmentation(AudioAugmentation):
    """A recipe's audio augmentations at test time (Section 4.3): never a mix."""

    __test__ = False  # pytest takes the name for a test

    @classmethod
    def of(cls, recipe: AudioAugmentation, strength: float) -> Self:
        """Takes `strength` times a recipe's mask widths, RT60 and probabilities."""
        reverb, noise, specaugment = recipe.reverb, recipe.noise, recipe.specaugment
        return cls(
            reverb=None if reverb is None else reverb.scaled(strength),
            noise=None if noise is None else noise.scaled(strength),
            specaugment=None if specaugment is None else specaugment.scaled(strength),
        )


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
        """Makes the augmentations that a recipe's settings describe."""
        return cls(
            name=settings.name,
            reverb=_of_settings(Reverb, settings.reverb),
            noise=_of_settings(Noise, settings.noise),
            specaugment=_of_settings(SpecAugment, settings.specaugment),
            eda=_of_settings(EDA, settings.eda),
            pairmix=_of_settings(Mixing, settings.pairmix),
        )

    @property
    def needs_waveforms(self) -> bool:
        """Whether the cached log-mels alone do not suffice."""
        mixes = self.pairmix is not None and self.pairmix.needs_waveforms
        return super().needs_waveforms or mixes

    def test_time(self, strength: float) -> TestTimeAugmentation:
        """Takes the recipe to test time: `strength` of it, no mixing, no EDA."""
        return TestTimeAugmentation.of(self, strength)


def _of_settings(kind: Callable[..., T], settings: Settings | None) -> T | None:
    """Makes an augmentation from its settings, or None from None."""
    return None if settings is None else kind(**vars(settings))
