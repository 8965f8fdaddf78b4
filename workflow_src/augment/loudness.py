"""How loud a clip is, so that a mix can be told by what is heard of it.

λ of Equation 1 weighs samples, whatever their level: of a shout and a whisper mixed at
λ = 0.5 only the shout is heard. The recipes beyond the paper go by levels instead.
"""

from __future__ import annotations

import torch
from torch import Tensor

FRAME = 3200  # samples of a waveform, 0.1 s at 32 kHz
LOUD_PART = 0.95  # quantile over frames: a shot in a silent clip is as loud as it is
SILENCE_DB = -100.0  # no clip counts as quieter


def level_of_waveforms(waveforms: Tensor) -> Tensor:
    """Level of the loud part of each clip.

    Args:
        waveforms: (B, T), full scale 1.

    Returns:
        (B,) in dB below full scale, -100 for silence.
    """
    length = min(FRAME, waveforms.shape[1])
    frames = waveforms.float().unfold(1, length, length)
    return _loud_part(frames.square().mean(2))


def level_of_log_mels(log_mels: Tensor) -> Tensor:
    """Level of the loud part of each clip, up to a constant that all clips share.

    Args:
        log_mels: (B, L, F) in dB.

    Returns:
        (B,) in dB.
    """
    power = 10 ** (log_mels.float() / 10)
    return _loud_part(power.sum(2))


def weights_of_levels(wanted_db: Tensor, levels_db: Tensor) -> Tensor:
    """Weights λ under which sources have wanted levels relative to each other.

    Args:
        wanted_db: (G, n), up to a constant a row.
        levels_db: (G, n), what the sources have.

    Returns:
        (G, n); each row sums to 1.
    """
    exponent = (wanted_db - levels_db) / 20
    return (exponent * torch.log(torch.tensor(10.0))).softmax(dim=1)


def levels_in_mix(weights: Tensor, levels_db: Tensor) -> Tensor:
    """Levels of sources once they are weighted: (G, n), (G, n) -> (G, n) in dB."""
    return levels_db + 20 * weights.clamp_min(1e-12).log10()


def _loud_part(power: Tensor) -> Tensor:
    """Level of (B, frames) powers."""
    loud = power.quantile(LOUD_PART, dim=1)
    return (10 * loud.clamp_min(1e-20).log10()).clamp_min(SILENCE_DB)
