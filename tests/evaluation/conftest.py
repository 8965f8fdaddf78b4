"""A few short clips in stores, and a recipe with every audio augmentation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from workflow_src.audio.store import (
    LogMelStore,
    WaveformStore,
    write_log_mels,
    write_waveforms,
)
from workflow_src.augment.recipe import Recipe
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.waveform import Noise, Reverb
from workflow_src.evaluation.views import Views

NAMES = ["rain.wav", "dog.wav", "bell.wav", "car.wav", "sea.wav"]
SAMPLES, FRAMES, BINS = 3_200, 40, 64


class FrontEnd(nn.Module):
    """Levels of 40 x 64 equal parts of 3,200 samples, in dB: cheap, and no noise."""

    def forward(self, waveforms):
        frames = waveforms.unfold(1, 80, 80)
        spectrum = torch.fft.rfft(frames, 126).abs() ** 2
        return 10 * spectrum.clamp_min(1e-10).log10()


@pytest.fixture(scope="session")
def stores(tmp_path_factory):
    """Stores of the clips, and of the same clips in reverse order."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(0)
    waveforms = (8_000 * rng.standard_normal((len(NAMES), SAMPLES))).astype("<i2")
    opened = []
    for which, order in (("forward", 1), ("backward", -1)):
        write_waveforms(folder / which, NAMES[::order], waveforms[::order], SAMPLES)
        write_log_mels(folder / which, FrontEnd(), folder / f"{which}-mels")
        opened.append(
            (LogMelStore(folder / f"{which}-mels"), WaveformStore(folder / which))
        )
    return opened


@pytest.fixture(scope="session")
def make_views(stores):
    augmentation = Recipe(
        name="all",
        noise=Noise(0.8, (0.0, 10.0)),
        reverb=Reverb(0.8, (0.01, 0.05)),
        specaugment=SpecAugment(2, 12, 2, 12),
    ).test_time(0.5)

    def make(order=0, **changes):
        log_mels, waveforms = stores[order]
        views = Views(
            augmentation,
            FrontEnd(),
            log_mels,
            waveforms,
            seed=1,
            batch=16,
            device=torch.device("cpu"),
        )
        return replace(views, **changes)

    return make
