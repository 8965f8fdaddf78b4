"""Where each clip of a mini-batch goes on its way through Equation 1, as row numbers.

Which clips are mixed, and how, is known on the CPU before anything is computed. Said
as row numbers it can be sent to a device once, and no later operation has a result
that the host must see to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class MixPlan:
    """Row numbers, int64, all on one device, and λ (lambda).

    Of the P clips, W are here as waveforms and P - W as log-mels. The *pool* is the
    front end's result, singles first and then the mixes of waveforms, followed by
    the given log-mels.

    Attributes:
        singles: (S,) of the waveforms, which pass the front end as they are.
        sources: (G_w n,) of the waveforms that are mixed, n after n.
        weights: (G_w, n) λ of those mixes.
        pool_sources: (G_m n,) of the pool, the log-mels that are mixed, n after n.
        pool_weights: (G_m, n) λ of those mixes.
        order: (B,) of the pool followed by the mixes of log-mels: the mini-batch.
    """

    singles: Tensor
    sources: Tensor
    weights: Tensor
    pool_sources: Tensor
    pool_weights: Tensor
    order: Tensor

    @classmethod
    def of(cls, as_waveform: Tensor, weights: Tensor, waveform_level: Tensor) -> Self:
        """Plans a mini-batch whose mixes come last.

        Args:
            as_waveform: (P,) bool on the CPU, which clips are here as waveforms.
            weights: (G, n) λ.
            waveform_level: (G,) bool, γ (gamma); True mixes waveforms.
        """
        clips, (count, n) = len(as_waveform), weights.shape
        kept = clips - count * n
        mixed = torch.zeros(clips, dtype=torch.bool)
        mixed[kept:] = waveform_level.repeat_interleave(n)
        single = as_waveform & ~mixed
        among_waveforms = as_waveform.cumsum(0) - 1
        singles, given = int(single.sum()), int((~as_waveform).sum())
        mixes = int(waveform_level.sum())
        # Each clip's place in the pool, where it has one.
        place = torch.where(
            single,
            single.cumsum(0) - 1,
            singles + mixes + (~as_waveform).cumsum(0) - 1,
        )
        at_log_mels = (~waveform_level).cumsum(0) - 1
        generated = torch.where(
            waveform_level,
            singles + waveform_level.cumsum(0) - 1,
            singles + mixes + given + at_log_mels,
        )
        return cls(
            singles=among_waveforms[single],
            sources=among_waveforms[mixed],
            weights=weights[waveform_level],
            pool_sources=place[kept:][~mixed[kept:]],
            pool_weights=weights[~waveform_level],
            order=torch.cat([place[:kept], generated]),
        )

    def tensors(self) -> dict[str, Tensor]:
        """The arrays by their names, to send them with others."""
        return {f"mix.{key}": own for key, own in self._arrays().items()}

    @classmethod
    def of_tensors(cls, arrays: Mapping[str, Tensor]) -> Self:
        """Makes a plan of what `tensors` gave; other arrays may be among it."""
        return cls(**{own.name: arrays[f"mix.{own.name}"] for own in fields(cls)})

    def to(self, device: torch.device) -> MixPlan:
        """Copies the plan to a device."""
        return MixPlan(**{key: own.to(device) for key, own in self._arrays().items()})

    def _arrays(self) -> dict[str, Tensor]:
        return {own.name: getattr(self, own.name) for own in fields(self)}
