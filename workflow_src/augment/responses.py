"""Measured impulse responses of rooms, read from a folder."""

from functools import cache
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_src.errors import InputError

END = 1e-6  # of the energy: what is left after a decay by 60 dB is cut


@cache
def measured_responses(folder: str, sample_rate: int) -> Tensor:
    """Reads every sound file below a folder as an impulse response.

    Of each file the first channel counts. It begins with the direct path, taken as
    its largest sample, so that a reverberated clip is not shifted; it ends where
    the energy that is left has fallen by 60 dB. Read once a process.

    Args:
        folder: files that libsndfile reads, in any subfolder, of any sample rate.
        sample_rate: Hz, of the result.

    Returns:
        (N, R) float32 in the order of the files' paths, each of energy 1, shorter
        ones followed by zeros.

    Raises:
        InputError: there is no such folder, no sound file in it, or a file that
            cannot be read, is silent or not finite.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"reverb: responses is no folder: {folder}")
    endings = {f".{name.lower()}" for name in soundfile.available_formats()}
    files = [path for path in root.rglob("*") if path.suffix.lower() in endings]
    if not files:
        raise InputError(f"reverb: no sound file in {folder}")
    responses = [_read(path, sample_rate) for path in sorted(files)]
    longest = max(map(len, responses))
    return torch.stack(
        [
            torch.nn.functional.pad(response, (0, longest - len(response)))
            for response in map(torch.from_numpy, responses)
        ]
    )


def _read(path: Path, sample_rate: int) -> NDArray[np.float32]:
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(f"reverb: {path}: {error.error_string}") from None
    response: NDArray[np.float64] = samples[:, 0]
    if not np.isfinite(response).all() or not response.any():
        raise InputError(f"reverb: {path} is silent or not finite")
    if rate != sample_rate:
        response = soxr.resample(response, rate, sample_rate, quality="HQ")
    response = response[np.abs(response).argmax() :]
    left = np.cumsum(response[::-1] ** 2)[::-1]  # Schroeder's backward integration
    response = response[left >= END * left[0]]
    response /= np.linalg.norm(response)
    return response.astype(np.float32)
