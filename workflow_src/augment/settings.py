"""Names, defaults and checks of every augmentation, without torch.

Each class here is the parent of the augmentation that does the work (`Noise` of
`NoiseSettings` and so on), so that names and defaults are stated once. The config
is read, and Snakemake plans its jobs, with these alone: torch takes seconds to
import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from workflow_src.errors import InputError
from workflow_src.settings import Settings

SAMPLE_RATE = 32_000  # Hz, of both systems the paper builds on

MixingLevel = Literal["either", "waveform", "spectrogram", "concat"]
MixingDomain = Literal["log", "power"]
Joint = Literal["space", "conjunction"]
LEVELS: tuple[str, ...] = ("either", "waveform", "spectrogram", "concat")
DOMAINS: tuple[str, ...] = ("log", "power")
JOINTS: tuple[str, ...] = ("space", "conjunction")


@dataclass(frozen=True)
class EffectSettings(Settings):
    """What all effects on waveforms share.

    Attributes:
        probability: of a clip to be changed.
    """

    probability: float = 0.5

    @property
    def name(self) -> str:
        """Key of the augmentation in a recipe."""
        raise NotImplementedError

    def _check_probability(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InputError(
                f"{self.name}: probability is from 0 to 1, not {self.probability}"
            )

    def _check_range(self, key: str, bounds: tuple[float, float]) -> None:
        low, high = bounds
        if not -float("inf") < low <= high < float("inf"):
            raise InputError(
                f"{self.name}: {key} is [low, high] with low <= high, "
                f"not [{low}, {high}]"
            )

    def scaled(self, factor: float) -> Self:
        """The effect with `factor` times the probability."""
        return replace(self, probability=self.probability * factor)


@dataclass(frozen=True)
class NoiseSettings(EffectSettings):
    """Strengths of white Gaussian noise.

    Attributes:
        probability: of a clip to be changed.
        snr_db: lowest and highest signal-to-noise ratio in dB, drawn uniformly.

    Raises:
        InputError: a value out of its range.
    """

    snr_db: tuple[float, float] = (10.0, 30.0)

    @property
    def name(self) -> str:
        """Key of the augmentation in a recipe."""
        return "noise"

    def __post_init__(self) -> None:
        self._check_probability()
        self._check_range("snr_db", self.snr_db)


@dataclass(frozen=True)
class ReverbSettings(EffectSettings):
    """Strengths of artificial reverberation.

    Attributes:
        probability: of a clip to be changed.
        rt60: shortest and longest time in seconds in which the energy falls by
            60 dB, drawn uniformly.
        direct_to_tail_db: lowest and highest energy of the direct path above that
            of the tail in dB, drawn uniformly; None leaves the direct path out, so
            that the diffuse tail alone is heard, as no room has it.
        responses: a folder of measured impulse responses, one of which is drawn
            for each clip; `rt60` and `direct_to_tail_db` are then those of the
            rooms and not used. None makes responses.

    Raises:
        InputError: a value out of its range.
    """

    rt60: tuple[float, float] = (0.1, 0.8)
    direct_to_tail_db: tuple[float, float] | None = (0.0, 10.0)
    responses: str | None = None

    @property
    def name(self) -> str:
        """Key of the augmentation in a recipe."""
        return "reverb"

    def __post_init__(self) -> None:
        self._check_probability()
        self._check_range("rt60", self.rt60)
        if self.rt60[0] <= 0:
            raise InputError(f"reverb: rt60 is positive, not {self.rt60[0]}")
        if self.direct_to_tail_db is not None:
            self._check_range("direct_to_tail_db", self.direct_to_tail_db)

    def scaled(self, factor: float) -> Self:
        """The effect with `factor` times the probability and the RT60.

        The ratio of the direct path to the tail stays: the tail is as loud, and
        shorter. Measured responses stay as they are; only the probability changes.
        """
        low, high = self.rt60
        return replace(super().scaled(factor), rt60=(low * factor, high * factor))


@dataclass(frozen=True)
class SpecAugmentSettings(Settings):
    """Number and largest width of SpecAugment's stripes.

    Attributes:
        time_stripes: stripes in time; they may overlap.
        time_width: maximum width in frames.
        frequency_stripes: stripes in frequency; they may overlap.
        frequency_width: maximum width in mel bins.

    Raises:
        InputError: a negative value, or one that is no integer.
    """

    time_stripes: int = 2
    time_width: int = 64
    frequency_stripes: int = 2
    frequency_width: int = 8

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InputError(
                    f"specaugment: {key} is an integer of at least 0, not {value!r}"
                )

    def scaled(self, factor: float) -> Self:
        """The augmentation with `factor` times the maximum widths."""
        return replace(
            self,
            time_width=round(self.time_width * factor),
            frequency_width=round(self.frequency_width * factor),
        )

    def of_frames(self, length: float) -> Self:
        """The same stripes in seconds, where a frame lasts `length` times as long."""
        return replace(self, time_width=round(self.time_width / length))


@dataclass(frozen=True)
class EDASettings(Settings):
    """Share of the words that each operation of EDA changes.

    Attributes:
        synonym_replacement: rate; 0.1 is what Wei and Zou (2019) recommend for all.
        random_insertion: rate.
        random_swap: rate.
        random_deletion: rate.

    Raises:
        InputError: a rate outside 0 to 1, or none above 0.
    """

    synonym_replacement: float = 0.1
    random_insertion: float = 0.1
    random_swap: float = 0.1
    random_deletion: float = 0.1

    def __post_init__(self) -> None:
        for key, rate in vars(self).items():
            if not 0 <= rate <= 1:
                raise InputError(f"eda: {key} is from 0 to 1, not {rate}")
        if not any(vars(self).values()):
            raise InputError("eda: all four rates are 0; leave eda out of the recipe")


@dataclass(frozen=True)
class PairMixSettings(Settings):
    """What PairMix draws and how it mixes (Equation 1, Section 4.3).

    Attributes:
        ratio: K, share of generated samples in a mini-batch, 0 to 1.
        level: where audio is mixed. `either`: one fair coin γ per generated
            sample chooses `waveform` or `spectrogram`. `concat`: no mixing; the
            clips follow each other in time, each cut to its n-th part (Table 4).
        alpha: λ ~ Beta(alpha, alpha), for n > 2 Dirichlet(alpha, ..., alpha).
        fixed_lambda: if given, λ is not drawn. A number is λ_1, and the other
            pairs share 1 - λ_1 equally; a sequence gives all n weights.
        n: pairs in a mix, N of Equation 1.
        domain: `log` mixes the log-mels that the model is fed; `power` mixes
            mel power and goes back to decibels. Spectrogram level only.
        joint: between the captions of a mix. `space`: one space (Equation 1).
            `conjunction`: " and " for mixes, " then " for `concat`; not the paper's.
        level_range_db: if given, `alpha` and `fixed_lambda` are not used: the sources'
            levels in the mix lie at most so many dB apart, drawn uniformly, as
            `workflow_src.augment.loudness` measures them; not the paper's.
        name_range_db: if given, the caption of a source that lies more than so many
            dB below the loudest of its mix is left out; not the paper's.

    Raises:
        InputError: a value out of its range, named in the sentence.
    """

    ratio: float = 0.25
    level: MixingLevel = "either"
    alpha: float = 0.1
    fixed_lambda: float | tuple[float, ...] | None = None
    n: int = 2
    domain: MixingDomain = "log"
    joint: Joint = "space"
    level_range_db: float | None = None
    name_range_db: float | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise InputError(
                f"pairmix: level is one of {', '.join(LEVELS)}, not {self.level!r}"
            )
        if self.domain not in DOMAINS:
            raise InputError(
                f"pairmix: domain is one of {', '.join(DOMAINS)}, not {self.domain!r}"
            )
        if self.joint not in JOINTS:
            raise InputError(
                f"pairmix: joint is one of {', '.join(JOINTS)}, not {self.joint!r}"
            )
        for key in ("level_range_db", "name_range_db"):
            value = getattr(self, key)
            if value is not None and not 0 <= value < float("inf"):
                raise InputError(f"pairmix: {key} is at least 0 dB, not {value}")
        if not 0 <= self.ratio <= 1:
            raise InputError(f"pairmix: ratio is from 0 to 1, not {self.ratio}")
        if not 0 < self.alpha < float("inf"):
            raise InputError(f"pairmix: alpha is a positive number, not {self.alpha}")
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 2:
            raise InputError(f"pairmix: n is an integer of at least 2, not {self.n!r}")
        if self.fixed_lambda is not None:
            self.fixed_weights()

    def fixed_weights(self) -> list[float]:
        """Gives λ of all n pairs where `fixed_lambda` is given.

        Raises:
            InputError: no weights of n pairs that sum to 1.
        """
        given = self.fixed_lambda
        if isinstance(given, Sequence):
            weights = list(given)
        elif given is not None:
            weights = [given] + [(1 - given) / (self.n - 1)] * (self.n - 1)
        else:
            raise InputError("pairmix: fixed_lambda is not given, so λ is drawn")
        if len(weights) != self.n:
            raise InputError(
                f"pairmix: fixed_lambda has {len(weights)} weights for n = {self.n}"
            )
        if not all(0 <= w <= 1 for w in weights) or abs(sum(weights) - 1) > 1e-6:
            raise InputError(
                f"pairmix: fixed_lambda is from 0 to 1 and sums to 1, not {given}"
            )
        return weights

    @property
    def needs_waveforms(self) -> bool:
        """Whether any generated sample can be mixed from waveforms."""
        return self.level != "spectrogram"

    @property
    def needs_levels(self) -> bool:
        """Whether what is mixed depends on how loud the sources are."""
        return (self.level_range_db, self.name_range_db) != (None, None)

    def generated(self, batch_size: int) -> int:
        """Counts the generated samples of a mini-batch: round(K · B)."""
        return round(self.ratio * batch_size)
