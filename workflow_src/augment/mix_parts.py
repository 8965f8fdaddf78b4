"""What Equation 1 is made of in one mini-batch: its draws and its clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class MixDraw:
    """What Equation 1 draws for G generated samples.

    Attributes:
        weights: (G, n) float32 on the CPU, λ (lambda); each row sums to 1.
        waveform_level: (G,) bool on the CPU, γ (gamma); True mixes waveforms, False
            log-mels.
        offsets_db: (G, n), wanted levels of the sources in the mix, 0 dB for the
            loudest, where λ depends on how loud they are; else None.
        named: (G, n) bool, whose captions the mix has; None: all.
    """

    weights: Tensor
    waveform_level: Tensor
    offsets_db: Tensor | None = None
    named: Tensor | None = None

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
