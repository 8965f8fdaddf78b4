"""Log-mels made audible: Griffin and Lim (1984), from a mel spectrogram.

What is heard has the phases that fit its magnitudes best, not those that were
recorded, and only what 64 mel bins keep: the page calls it resynthesised.
"""

from __future__ import annotations

import torch
from torch import Tensor

from workflow_src.audio.frontend import WINDOW, ActLogMel

# The trainings' hops (640 or more) leave too little overlap of windows of 1024.
HOP = 256
ITERATIONS = 60
MOMENTUM = 0.99  # Perraudin et al. (2013)


def front_end() -> ActLogMel:
    """The captioning front end with windows that overlap enough to go back."""
    return ActLogMel(HOP)


def resynthesise(log_mel: Tensor, samples: int, seed: int = 0) -> Tensor:
    """Make a waveform whose log-mel is near to the given one.

    Args:
        log_mel: (L, F) in dB, as `front_end` gives it.
        samples: of the result.
        seed: of the first phases.

    Returns:
        (samples,) float32 in [-1, 1].
    """
    magnitude = _magnitude(log_mel, front_end().filters)
    window = torch.hann_window(WINDOW)
    generator = torch.Generator().manual_seed(seed)
    phases = torch.rand(magnitude.shape, generator=generator) * 2 * torch.pi
    angles = torch.polar(torch.ones_like(phases), phases)
    before = torch.zeros_like(angles)
    waveform = torch.zeros(samples)
    for _ in range(ITERATIONS):
        waveform = torch.istft(
            magnitude * angles, WINDOW, HOP, window=window, length=samples
        )
        rebuilt = torch.stft(waveform, WINDOW, HOP, window=window, return_complex=True)[
            :, : magnitude.shape[1]
        ]
        moved = rebuilt - MOMENTUM / (1 + MOMENTUM) * before
        angles = moved / moved.abs().clamp(min=1e-9)
        before = rebuilt
    return waveform / waveform.abs().max().clamp(min=1.0)


def _magnitude(log_mel: Tensor, filters: Tensor) -> Tensor:
    """Magnitudes (WINDOW / 2 + 1, L + 1) that give the mel power, none negative.

    Multiplicative updates keep the power positive and near zero where no mel bin has
    any; the front end left out the last frame, which is its neighbour's again.
    """
    filters = filters.float()
    power = 10 ** (log_mel.float() / 10)
    power = torch.cat([power, power[-1:]])
    found = power @ filters.T / filters.sum(1).clamp(min=1e-9)
    for _ in range(ITERATIONS):
        ratio = (power @ filters.T) / (found @ filters @ filters.T).clamp(min=1e-12)
        found = found * ratio
    return found.clamp(min=0).sqrt().T
