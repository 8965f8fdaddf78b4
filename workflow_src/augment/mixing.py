"""Equation 1 of the paper: mixed audio with joined captions (Section 2).

Drawing is apart from mixing, so that a training can plan a mini-batch before it
reads anything. The one implementation: trainings and the public `PairMix` call it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Self

import torch
from torch import Tensor

from workflow_src.augment.generators import numpy_generator
from workflow_src.augment.mix_plan import MixPlan
from workflow_src.augment.settings import PairMixSettings
from workflow_src.errors import InputError

NEPERS_PER_DECIBEL = log(10) / 10  # of power

FrontEnd = Callable[[Tensor], Tensor]  # M of Equation 1: (B, T) -> (B, L, F) in dB


@dataclass(frozen=True)
class MixDraw:
    """What Equation 1 draws for G generated samples.

    Attributes:
        weights: (G, n) float32 on the CPU, λ (lambda); each row sums to 1.
        waveform_level: (G,) bool on the CPU, γ (gamma); True mixes waveforms, False
            log-mels.
    """

    weights: Tensor
    waveform_level: Tensor

    @classmethod
    def none(cls, n: int = 2) -> Self:
        """Stands for the draw of a mini-batch without generated samples."""
        return cls(torch.empty(0, n), torch.empty(0, dtype=torch.bool))

    @property
    def sources(self) -> int:
        """Clips that are mixed, n · G."""
        return self.weights.numel()

    def needs_waveform(self, clips: int) -> Tensor:
        """Says which of the clips of a mini-batch are mixed as waveforms.

        Args:
            clips: P = B - G + n G, the ordinary ones first.

        Returns:
            (P,) bool.
        """
        ordinary = torch.zeros(clips - self.sources, dtype=torch.bool)
        sources = self.waveform_level.repeat_interleave(self.weights.shape[1])
        return torch.cat([ordinary, sources])


@dataclass(frozen=True)
class Clips:
    """The P = B - G + n G clips that a mini-batch is made of.

    The B - G ordinary ones come first, then n for each generated sample. A clip is
    here as a waveform or, where no waveform is needed, as a log-mel.

    Attributes:
        as_waveform: (P,) bool on the CPU: which clips are here as waveforms.
        waveforms: (W, T) float, those of `as_waveform`, in order; None for W = 0.
        log_mels: (P - W, L, F) in dB, the others, in order; None for W = P.
    """

    as_waveform: Tensor
    waveforms: Tensor | None
    log_mels: Tensor | None

    @classmethod
    def of_waveforms(cls, waveforms: Tensor) -> Self:
        """Every clip as a waveform: (P, T)."""
        return cls(torch.ones(len(waveforms), dtype=torch.bool), waveforms, None)

    @classmethod
    def of_log_mels(cls, log_mels: Tensor) -> Self:
        """Every clip as a log-mel: (P, L, F)."""
        return cls(torch.zeros(len(log_mels), dtype=torch.bool), None, log_mels)


@dataclass(frozen=True)
class Mixing(PairMixSettings):
    """Generates audio-caption pairs by mixing n pairs into one (Equation 1).

    Of a mini-batch of B samples, round(ratio · B) are generated, each from n
    pairs; the others stay as they are.

    Attributes and errors are those of `PairMixSettings`.
    """

    def draw(self, count: int, generator: torch.Generator) -> MixDraw:
        """Draws λ (lambda) and γ (gamma) for `count` generated samples, on the CPU.

        λ is Beta or Dirichlet, or given; γ is a fair coin for each sample, where the
        level is `either` (Section 4.3).

        Args:
            count: G.
            generator: of both draws.
        """
        rng = numpy_generator(generator)
        if self.fixed_lambda is None:
            weights = torch.from_numpy(rng.dirichlet([self.alpha] * self.n, size=count))
        else:
            weights = torch.tensor(self.fixed_weights()).expand(count, self.n).clone()
        gamma = torch.from_numpy(rng.random(count) < 0.5)
        if self.level != "either":
            gamma = torch.full((count,), self.level != "spectrogram")
        return MixDraw(weights.float(), waveform_level=gamma)

    def mix_waveforms(self, sources: Tensor, weights: Tensor) -> Tensor:
        """Mixes Σ λ_i a_i; for level `concat` the clips follow each other.

        Args:
            sources: (G, n, T) waveforms.
            weights: (G, n), λ; unused by `concat`.

        Returns:
            (G, T), new memory. For `concat`, the first T / n samples of each.
        """
        self._check_sources(sources, weights)
        if self.level != "concat":
            return _weighted_sum(sources, weights)
        samples = sources.shape[2]
        edges = [samples * i // self.n for i in range(self.n + 1)]
        return torch.cat(
            [
                sources[:, i, : stop - start]
                for i, (start, stop) in enumerate(pairwise(edges))
            ],
            dim=1,
        )

    def mix_log_mels(self, sources: Tensor, weights: Tensor) -> Tensor:
        """Mixes Σ λ_i M(a_i), with M in decibels or in power by `domain`.

        Args:
            sources: (G, n, L, F) log-mels in dB.
            weights: (G, n), λ.

        Returns:
            (G, L, F) in dB, new memory.
        """
        self._check_sources(sources, weights)
        if self.domain == "log":
            return _weighted_sum(sources, weights)
        weights = weights.to(sources.device)[:, :, None, None]
        log_power = sources * NEPERS_PER_DECIBEL + weights.log()
        return log_power.logsumexp(dim=1) / NEPERS_PER_DECIBEL

    def mix_captions(self, captions: Sequence[str]) -> list[str]:
        """Joins every n captions in their order, one space between (Equation 1).

        Raises:
            InputError: the captions are no multiple of n.
        """
        if len(captions) % self.n:
            raise InputError(
                f"pairmix: {len(captions)} captions are no multiple of n = {self.n}"
            )
        return [
            " ".join(captions[i : i + self.n]) for i in range(0, len(captions), self.n)
        ]

    def log_mels(
        self, clips: Clips, draw: MixDraw, front_end: FrontEnd | None
    ) -> Tensor:
        """Makes the spectrograms of a mini-batch: those of Equation 1 come last.

        The front end runs once, on the clips that are not mixed as waveforms but
        are here as such, and on the mixes of waveforms.

        Args:
            clips: the P clips; whatever is mixed as a waveform is here as one.
            draw: λ and γ of the G generated samples.
            front_end: M of Equation 1, (W, T) -> (W, L, F) in dB; None where no
                clip is here as a waveform.

        Returns:
            (B, L, F) in dB on the device of the clips; new memory where G is not 0.

        Raises:
            InputError: what a clip is here as does not fit the draw, or there is
                no front end for the waveforms.
        """
        in_mix = draw.needs_waveform(len(clips.as_waveform))
        if (in_mix & ~clips.as_waveform).any():
            raise InputError("pairmix: a clip to be mixed as a waveform is a log-mel")
        here = clips.waveforms if clips.log_mels is None else clips.log_mels
        if here is None:
            raise InputError("pairmix: there are neither waveforms nor log-mels")
        plan = MixPlan.of(clips.as_waveform, draw.weights, draw.waveform_level)
        return self.log_mels_of_plan(
            clips.waveforms, clips.log_mels, plan.to(here.device), front_end
        )

    def log_mels_of_plan(
        self,
        waveforms: Tensor | None,
        log_mels: Tensor | None,
        plan: MixPlan,
        front_end: FrontEnd | None,
    ) -> Tensor:
        """Makes the spectrograms of a planned mini-batch.

        On a GPU nothing in here waits for it.

        Args:
            waveforms: (W, T), or None for W = 0.
            log_mels: (P - W, L, F) in dB, or None for W = P.
            plan: on the device of both.
            front_end: as `log_mels` takes it.

        Returns:
            As `log_mels`.

        Raises:
            InputError: there is no front end for the waveforms.
        """
        pool = [] if log_mels is None else [log_mels]
        if waveforms is not None:
            if front_end is None:
                raise InputError("pairmix: waveforms need a front end, which is None")
            pool.insert(0, front_end(self._mixed_waveforms(waveforms, plan)))
        mixes = len(plan.pool_weights)
        if len(pool) == 1 and not mixes and not len(plan.sources):
            return pool[0]  # as they are, in their order
        all_clips = torch.cat(pool) if len(pool) > 1 else pool[0]
        if mixes:
            sources = all_clips[plan.pool_sources]
            sources = sources.reshape(mixes, self.n, *sources.shape[1:])
            mixed = self.mix_log_mels(sources, plan.pool_weights)
            all_clips = torch.cat([all_clips, mixed])
        return all_clips[plan.order]

    def _mixed_waveforms(self, waveforms: Tensor, plan: MixPlan) -> Tensor:
        """The clips that pass the front end as they are, then the mixes of the rest."""
        if not len(plan.sources):
            return waveforms
        sources = waveforms[plan.sources].reshape(*plan.weights.shape, -1)
        mixes = self.mix_waveforms(sources, plan.weights)
        return torch.cat([waveforms[plan.singles], mixes])

    def _check_sources(self, sources: Tensor, weights: Tensor) -> None:
        if sources.shape[:2] != weights.shape or weights.shape[1] != self.n:
            raise InputError(
                f"pairmix: sources {tuple(sources.shape)} and weights "
                f"{tuple(weights.shape)} do not agree on (samples, n = {self.n})"
            )


def _weighted_sum(sources: Tensor, weights: Tensor) -> Tensor:
    # Term by term: no (G, n, ...) temporary, and no matrix product that
    # autocast or TF32 would round.
    weights = weights.to(sources.device, sources.dtype)
    weights = weights[(...,) + (None,) * (sources.dim() - 2)]
    total = weights[:, 0] * sources[:, 0]
    for i in range(1, sources.shape[1]):
        total.addcmul_(weights[:, i].expand_as(total), sources[:, i])
    return total
