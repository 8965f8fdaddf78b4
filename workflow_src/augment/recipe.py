"""A recipe of config.yaml as one object: what training and test time call.

Order: reverberation, noise -> waveform mixing -> front end -> spectrogram mixing
-> (the model's BatchNorm) -> SpecAugment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor

from workflow_src.augment.mixing import Mixing
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.text import EDA
from workflow_src.augment.waveform import Noise, Reverb
from workflow_src.errors import InputError

AUGMENTATIONS = {
    "reverb": Reverb,
    "noise": Noise,
    "specaugment": SpecAugment,
    "eda": EDA,
    "pairmix": Mixing,
}
TASKS = ("captioning", "retrieval")

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
        name: its key under `recipes`.
        eda: augmentation of captions, for retrieval only.
        pairmix: mixing of pairs.
        test_time_strength: factor of `test_time`.
    """

    name: str
    eda: EDA | None = None
    pairmix: Mixing | None = None
    test_time_strength: float = 0.5

    @classmethod
    def from_config(cls, config: Mapping[str, Any], name: str, task: str) -> Self:
        """Builds a recipe from the resolved configuration.

        Args:
            config: has `augmentations`, `recipes` and `tta`.
            name: a key of `recipes`.
            task: captioning or retrieval.

        Raises:
            InputError: an unknown name, augmentation, key or task, a value out of
                range, or EDA for captioning, whose targets it would harm.
        """
        known = config["recipes"]
        if name not in known:
            raise InputError(f"recipe {name!r} is none of {', '.join(known)}")
        if task not in TASKS:
            raise InputError(f"task is one of {', '.join(TASKS)}, not {task!r}")
        if task == "captioning" and "eda" in known[name]:
            raise InputError(
                f"recipe {name!r} has eda, which changes the captions that "
                "captioning learns to say; eda is for retrieval only"
            )
        parts = {
            augmentation: _build(config["augmentations"], augmentation, values, name)
            for augmentation, values in known[name].items()
        }
        strength = config["tta"]["strength"]
        return cls(name=name, test_time_strength=strength, **parts)

    @property
    def needs_waveforms(self) -> bool:
        """Whether the cached log-mels alone do not suffice."""
        mixes = self.pairmix is not None and self.pairmix.needs_waveforms
        return super().needs_waveforms or mixes

    def test_time(self) -> TestTimeAugmentation:
        """The recipe at test time: half strengths, no mixing, no change of text."""
        return TestTimeAugmentation.of(self, self.test_time_strength)


def _build(
    defaults: Mapping[str, Any], augmentation: str, values: Mapping | None, recipe: str
) -> Any:
    if augmentation not in AUGMENTATIONS:
        raise InputError(
            f"recipes.{recipe}: {augmentation!r} is none of {', '.join(AUGMENTATIONS)}"
        )
    kind = AUGMENTATIONS[augmentation]
    merged = dict(defaults.get(augmentation) or {}) | dict(values or {})
    unknown = merged.keys() - {f.name for f in fields(kind)}
    if unknown:
        raise InputError(
            f"recipes.{recipe}: {augmentation} has no key {sorted(unknown)[0]!r}"
        )
    try:
        return kind(**merged)
    except InputError as error:
        raise InputError(f"recipes.{recipe}: {error}") from None
