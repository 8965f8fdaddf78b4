"""PairMix: mixed audio with joined captions (Section 2, Equation 1 of the paper)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import torch
from torch import Tensor

from workflow_src.augment.generators import numpy_generator
from workflow_src.augment.settings import PairMixSettings
from workflow_src.errors import InputError

NEPERS_PER_DECIBEL = log(10) / 10  # of power


@dataclass(frozen=True)
class MixDraw:
    """What Equation 1 draws for G generated samples.

    Attributes:
        weights: (G, n) float32, λ; each row sums to 1.
        waveform_level: (G,) bool, γ; True mixes waveforms, False log-mels.
    """

    weights: Tensor
    waveform_level: Tensor


@dataclass(frozen=True)
class PairMix(PairMixSettings):
    """Generates audio-caption pairs by mixing n pairs into one (Equation 1).

    Of a mini-batch of B samples, round(ratio · B) are generated, each from n
    pairs of its own; the others stay as they are. On its own, with `pairs(B)`
    different pairs of which none is mixed yet:

        log_mels, captions = PairMix()(waveforms, captions, front_end, generator)

    Attributes and errors are those of `PairMixSettings`.
    """

    def pairs(self, batch_size: int) -> int:
        """Pairs that a mini-batch of `batch_size` is made of, n a generated one."""
        return batch_size + (self.n - 1) * self.generated(batch_size)

    def batch_size(self, pairs: int) -> int:
        """The mini-batch that `pairs` pairs make; the inverse of `pairs`.

        Raises:
            InputError: no mini-batch is made of that many pairs.
        """
        for size in range(pairs // self.n, pairs + 1):
            if self.pairs(size) == pairs:
                return size
        raise InputError(
            f"pairmix: no mini-batch is made of {pairs} pairs with ratio {self.ratio} "
            f"and n = {self.n}; load pairs(batch_size) of them"
        )

    def draw(self, count: int, generator: torch.Generator) -> MixDraw:
        """Draws λ and γ for `count` generated samples, on the CPU."""
        rng = numpy_generator(generator)
        if self.fixed_lambda is None:
            weights = torch.from_numpy(rng.dirichlet([self.alpha] * self.n, size=count))
        else:
            weights = torch.tensor(self.fixed_weights()).expand(count, self.n).clone()
        coin = torch.from_numpy(rng.random(count) < 0.5)
        if self.level != "either":
            coin = torch.full((count,), self.level != "spectrogram")
        return MixDraw(weights.float(), coin)

    def mix_waveforms(self, sources: Tensor, weights: Tensor) -> Tensor:
        """Σ λ_i a_i, or for level `concat` the clips one after the other.

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
        """Σ λ_i M(a_i), with M in decibels or in power by `domain`.

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
        """Joins every n captions in their order, one space between (Equation 1)."""
        if len(captions) % self.n:
            raise InputError(
                f"pairmix: {len(captions)} captions are no multiple of n = {self.n}"
            )
        return [
            " ".join(captions[i : i + self.n]) for i in range(0, len(captions), self.n)
        ]

    def join(self, mixed: Tensor, sources: Tensor, draw: MixDraw) -> Tensor:
        """ŝ = γ ŝ_w + (1 - γ) ŝ_m for all generated samples.

        Args:
            mixed: (G_w, L, F), front end of the samples mixed as waveforms.
            sources: (G_m · n, L, F), log-mels of the others' sources, in order.
            draw: λ and γ of all G = G_w + G_m samples.

        Returns:
            (G, L, F), new memory.
        """
        weights = draw.weights[~draw.waveform_level]
        sources = sources.unflatten(0, (len(weights), self.n))
        parts = torch.cat([mixed, self.mix_log_mels(sources, weights)])
        # Stable, so that both parts keep their order: where γ is 1 comes first.
        order = (~draw.waveform_level).int().argsort(stable=True)
        return parts[order.argsort().to(parts.device)]

    def __call__(
        self,
        waveforms: Tensor,
        captions: Sequence[str],
        front_end: Callable[[Tensor], Tensor],
        generator: torch.Generator,
    ) -> tuple[Tensor, list[str]]:
        """Makes a mini-batch of B samples from `pairs(B)` different pairs.

        Args:
            waveforms: (P, T) float, P = pairs(B); stays as it is.
            captions: P captions, in the order of the waveforms.
            front_end: M of Equation 1, (B, T) -> (B, L, F) in dB.
            generator: source of γ and λ, on any device.

        Returns:
            Log-mels (B, L, F) on the device of `waveforms`, and B captions. The
            first samples are the ordinary ones, in order; the last
            round(K · B) are generated from the remaining pairs, n after n.

        Raises:
            InputError: P is not pairs(B) for any B, or not one caption a clip.
        """
        if len(waveforms) != len(captions):
            raise InputError(
                f"pairmix: {len(waveforms)} waveforms, but {len(captions)} captions"
            )
        size = self.batch_size(len(waveforms))
        generated = self.generated(size)
        ordinary, sources = waveforms.split([size - generated, generated * self.n])
        draw = self.draw(generated, generator)
        at_waveform = draw.waveform_level.nonzero().flatten().to(waveforms.device)
        at_log_mel = (~draw.waveform_level).nonzero().flatten().to(waveforms.device)
        sources = sources.unflatten(0, (generated, self.n))
        mixed = self.mix_waveforms(
            sources[at_waveform], draw.weights[draw.waveform_level]
        )
        unmixed = sources[at_log_mel].flatten(0, 1)
        kept, mixed, sources = front_end(torch.cat([ordinary, mixed, unmixed])).split(
            [len(ordinary), len(mixed), len(unmixed)]
        )
        log_mels = torch.cat([kept, self.join(mixed, sources, draw)])
        kept_captions = list(captions[: size - generated])
        return log_mels, kept_captions + self.mix_captions(captions[size - generated :])

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
