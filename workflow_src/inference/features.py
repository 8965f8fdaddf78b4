"""Windows -> the log-mels that a model is fed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from workflow_src.audio.store import to_float
from workflow_src.inference.windows import Window


@torch.inference_mode()
def log_mels(
    windows: Sequence[Window], front_end: nn.Module, device: torch.device
) -> Tensor:
    """Log-mels of windows, rounded to half precision.

    So are those that the workflow stores: models are trained and scored on such.

    Args:
        windows: at least one.
        front_end: of the model, on `device`.
        device: of the result.

    Returns:
        (B, L, F) float32, dB.
    """
    clips = np.stack([window.clip for window in windows])
    mels: Tensor = front_end(to_float(clips, device))
    return mels.half().float()
